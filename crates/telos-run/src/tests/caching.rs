//! Replies that outlive a run.

use super::*;
use crate::testing::export;

fn cached(suite: &Suite, zoo: &Zoo, folder: &Path, run: &str) -> Sitting {
    sit_with(suite, zoo, &folder.join(run), false, Some(&folder.join("cache")))
}

fn events(sitting: &Sitting) -> (u64, Vec<String>, u64, u64) {
    let (mut found, mut told, mut uses, mut keeps) = (0, Vec::new(), 0, 0);
    for event in &sitting.events {
        match event {
            Event::CacheOpened { replies, damaged } => {
                found = *replies;
                told.extend(damaged.clone());
            }
            Event::CacheKept { used, kept, problems } => {
                (uses, keeps) = (*used, *kept);
                told.extend(problems.clone());
            }
            _ => {}
        }
    }
    (found, told, uses, keeps)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("cache")).expect("the cache");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

#[test]
fn a_second_run_asks_nothing_and_exports_the_same_bytes() {
    let (folder, suite) = (folder("cache-again"), mixed());
    let zoo = Zoo::new();
    let first = cached(&suite, &zoo, &folder, "one");
    first.result.as_ref().expect("a run");
    let asked = zoo.asked().len() as u64;
    assert_eq!(events(&first), (0, Vec::new(), 0, asked));
    let again = Zoo::new();
    let second = cached(&suite, &again, &folder, "two");
    second.result.as_ref().expect("a run");
    assert_eq!(again.asked(), Vec::<String>::new());
    assert_eq!(events(&second), (asked, Vec::new(), asked, 0));
    assert_eq!(export(&folder.join("one")), export(&folder.join("two")));
    assert_eq!(files(&folder).len(), 1);
    // Without a cache nothing of it is seen.
    let alone = Zoo::new();
    sit(&suite, &alone, &folder.join("three"), false).result.expect("a run");
    assert_eq!(alone.asked().len() as u64, asked);
    assert_eq!(export(&folder.join("one")), export(&folder.join("three")));
}

#[test]
fn other_weights_other_seeds_and_other_programs_ask_anew() {
    let (folder, suite) = (folder("cache-other"), suite(vec![texts("texts", 2)]));
    let zoo = Zoo::new();
    cached(&suite, &zoo, &folder, "one").result.expect("a run");
    let asked = zoo.asked().len();
    let other = Zoo::new();
    other
        .0
        .weights
        .lock()
        .expect("a lock")
        .extend(["lm", "other", "sentiment"].map(|n| (n.into(), format!("new {n}"))));
    cached(&suite, &other, &folder, "two").result.expect("a run");
    assert_eq!(other.asked().len(), asked);
    let seeded = Zoo::new();
    cached(&Suite { seed: 12, ..suite.clone() }, &seeded, &folder, "three").result.expect("a run");
    assert!(seeded.asked().iter().any(|request| request.contains("generate")));
    let environment =
        |telos: &str| Map::from_iter([("telos".to_owned(), json!(telos)), ("threads".to_owned(), json!(9))]);
    let run_by = |telos: &str, out: &str, expected: usize| {
        let (zoo, environment) = (Zoo::new(), environment(telos));
        let (out, now) = (folder.join(out), String::new);
        let cache = folder.join("cache");
        let options = RunOptions {
            out: &out,
            resume: false,
            cache: Some(&cache),
            stop: &zoo.0.stop,
            environment: &environment,
            now: &now,
        };
        run(&suite, &zoo, &options, &mut crate::Silent).expect("a run");
        assert_eq!(zoo.asked().len(), expected, "{telos}");
    };
    run_by("9.9.9", "four", asked);
    run_by("9.9.9", "five", 0);
}

#[test]
fn what_is_damaged_is_told_and_asked_again() {
    let (folder, suite) = (folder("cache-damaged"), mixed());
    let zoo = Zoo::new();
    cached(&suite, &zoo, &folder, "one").result.expect("a run");
    let expected = export(&folder.join("one"));
    let file = files(&folder).remove(0);
    let whole = std::fs::read(&file).expect("the file");
    let cuts = [0, 5, 40, whole.len() / 2, whole.len() - 1].map(|cut| whole[..cut].to_vec());
    let changed = [14, whole.len() / 3, whole.len() - 2].map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    });
    for (n, bytes) in cuts.into_iter().chain(changed).enumerate() {
        for file in files(&folder) {
            std::fs::remove_file(file).expect("removed");
        }
        std::fs::write(&file, bytes).expect("written");
        std::fs::write(folder.join("cache/1-0.part"), "half a file of a process that was killed").expect("written");
        let zoo = Zoo::new();
        let sitting = cached(&suite, &zoo, &folder, &format!("run-{n}"));
        sitting.result.as_ref().expect("a run");
        let (found, told, used, kept) = events(&sitting);
        assert!(told.len() == 1 && told[0].contains("damaged"), "{told:?}");
        assert_eq!((used, kept), (found, zoo.asked().len() as u64));
        assert!(kept > 0);
        assert_eq!(export(&folder.join(format!("run-{n}"))), expected);
    }
}

#[test]
fn errors_are_not_kept_and_interruptions_are_no_loss() {
    let (folder, suite) = (folder("cache-errors"), mixed());
    let zoo = Zoo::new();
    *zoo.0.poison.lock().expect("a lock") = Some("One and two?".into());
    cached(&suite, &zoo, &folder, "one").result.expect("a run");
    let healthy = Zoo::new();
    let sitting = cached(&suite, &healthy, &folder, "two");
    sitting.result.as_ref().expect("a run");
    assert!(!healthy.asked().is_empty() && events(&sitting).2 > 0);
    let (expected, total) = (export(&folder.join("two")), Zoo::new());
    sit(&suite, &total, &folder.join("alone"), false).result.expect("a run");
    assert_eq!(expected, export(&folder.join("alone")));
    // What a sitting asked before it was stopped is there for the next run.
    let other = super::folder("cache-stopped");
    let stopped = Zoo::new();
    stopped.0.stop_after.store(7, Ordering::Relaxed);
    assert!(matches!(cached(&suite, &stopped, &other, "one").result, Err(RunError::Interrupted)));
    let next = Zoo::new();
    cached(&suite, &next, &other, "two").result.expect("a run");
    assert_eq!(next.asked().len() + stopped.asked().len(), total.asked().len());
    assert_eq!(export(&other.join("two")), expected);
}

#[test]
fn two_processes_may_share_a_cache() {
    let (folder, suite) = (folder("cache-shared"), mixed());
    let texts: Vec<String> = std::thread::scope(|scope| {
        let run = |name: &'static str| {
            let (folder, suite) = (&folder, &suite);
            scope.spawn(move || {
                cached(suite, &Zoo::new(), folder, name).result.expect("a run");
                export(&folder.join(name))
            })
        };
        let running = ["a", "b", "c", "d"].map(run);
        running.into_iter().map(|thread| thread.join().expect("a thread")).collect()
    });
    assert!(texts.windows(2).all(|pair| pair[0] == pair[1]));
    assert!(files(&folder).iter().all(|file| file.extension().is_some_and(|ending| ending == "replies")));
    let zoo = Zoo::new();
    cached(&suite, &zoo, &folder, "e").result.expect("a run");
    assert_eq!(zoo.asked(), Vec::<String>::new());
}
