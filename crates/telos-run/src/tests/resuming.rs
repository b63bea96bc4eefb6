//! Kills, interruptions and what a second sitting makes of them.

use super::*;
use crate::journal::JOURNAL;
use crate::testing::export;
use telos_core::noise::mix;
use telos_core::record::RunStatus;

/// The export of a run that nothing disturbed, and how many replies it took.
fn undisturbed(name: &str, suite: &Suite) -> (String, usize) {
    let zoo = Zoo::new();
    let (out, sitting) = whole(name, suite, &zoo);
    sitting.result.expect("a run");
    (export(&out), zoo.asked().len())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for file in std::fs::read_dir(from).expect("a folder") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
    }
}

#[test]
fn a_run_that_is_interrupted_anywhere_ends_the_same_and_asks_nothing_twice() {
    let suite = mixed();
    let (expected, total) = undisturbed("interrupt-0", &suite);
    let folder = folder("interrupt");
    for after in [1, 2, 7, 19, 40, 77, 120, total - 6] {
        let zoo = Zoo::new();
        let out = folder.join(after.to_string());
        let mut sittings = 0;
        loop {
            zoo.0.stop_after.store(after, Ordering::Relaxed);
            let sitting = sit(&suite, &zoo, &out, sittings > 0);
            sittings += 1;
            match sitting.result {
                Ok(manifest) => {
                    assert_eq!(manifest.timings.sittings, sittings);
                    break;
                }
                Err(RunError::Interrupted) => {
                    let manifest = telos_data::read_manifest(&out).expect("a manifest");
                    assert_eq!(manifest.status, RunStatus::Interrupted);
                    assert!(out.join(JOURNAL).exists());
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!(sittings > 1);
        assert_eq!(export(&out), expected, "after {after}");
        assert_eq!(zoo.asked().len(), total, "after {after}");
    }
}

#[test]
fn a_journal_that_is_torn_anywhere_ends_the_same() {
    let suite = mixed();
    let (expected, total) = undisturbed("torn-0", &suite);
    let folder = folder("torn");
    let zoo = Zoo::new();
    zoo.0.stop_after.store(total - 6, Ordering::Relaxed);
    let kept = folder.join("kept");
    assert!(matches!(sit(&suite, &zoo, &kept, false).result, Err(RunError::Interrupted)));
    let journal = std::fs::read(kept.join(JOURNAL)).expect("a journal");
    for trial in 0..12_u64 {
        let cut = (mix(trial) % (journal.len() as u64 + 1)) as usize;
        let out = folder.join(trial.to_string());
        copy(&kept, &out);
        std::fs::write(out.join(JOURNAL), &journal[..cut]).expect("a shorter journal");
        if trial % 3 == 0 {
            // A kill right at the beginning may leave half a manifest too.
            let manifest = std::fs::read(out.join("run.json")).expect("a manifest");
            std::fs::write(out.join("run.json"), &manifest[..manifest.len() / 2]).expect("half a manifest");
        }
        let zoo = Zoo::new();
        let sitting = sit(&suite, &zoo, &out, true);
        sitting.result.expect("a run that goes on");
        assert_eq!(export(&out), expected, "cut at {cut}");
        assert!(zoo.asked().len() <= total);
    }
}

#[test]
fn a_finished_record_is_left_alone() {
    let suite = mixed();
    let zoo = Zoo::new();
    let (out, sitting) = whole("finished", &suite, &zoo);
    let manifest = sitting.result.expect("a run");
    let (lines, asked) = (export(&out), zoo.asked().len());
    // As if the process had been killed just before it removed the journal.
    std::fs::write(out.join(JOURNAL), "left over").expect("a file");
    let again = sit(&suite, &zoo, &out, true);
    assert_eq!(again.result.expect("nothing to do"), manifest);
    assert_eq!((export(&out), zoo.asked().len()), (lines, asked));
    assert!(!out.join(JOURNAL).exists());
    assert!(matches!(sit(&suite, &zoo, &out, false).result, Err(RunError::Exists(_))));
}

#[test]
fn a_lost_table_is_written_again() {
    let suite = suite(vec![texts("texts", 1)]);
    let (out, sitting) = whole("lost", &suite, &Zoo::new());
    sitting.result.expect("a run");
    let lines = export(&out);
    std::fs::remove_file(out.join("steps.parquet")).expect("a table");
    sit(&suite, &Zoo::new(), &out, true).result.expect("a run");
    assert_eq!(export(&out), lines);
}

fn check_refused(name: &str, change: impl Fn(&mut Suite, &Zoo), parts: &[&str]) {
    for finished in [true, false] {
        let suite = suite(vec![choices("plain"), texts("texts", 1)]);
        let zoo = Zoo::new();
        if !finished {
            zoo.0.stop_after.store(3, Ordering::Relaxed);
        }
        let (out, sitting) = whole(&format!("{name}-{finished}"), &suite, &zoo);
        assert_eq!(sitting.result.is_ok(), finished);
        let mut other = suite.clone();
        let zoo = Zoo::new();
        change(&mut other, &zoo);
        let error = sit(&other, &zoo, &out, true).result.expect_err("another run");
        assert!(matches!(error, RunError::Different { .. }) && error.is_input(), "{error}");
        let message = error.to_string();
        for part in parts {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert_eq!(zoo.asked(), Vec::<String>::new());
        sit(&suite, &Zoo::new(), &out, true).result.expect("the record is still good");
    }
}

#[test]
fn a_record_of_something_else_is_refused() {
    check_refused(
        "other-seed",
        |suite, _| {
            suite.seed = 12;
            suite.resolved["seed"] = json!(12);
        },
        &["the seed is 11 in the record and 12", "`seed`"],
    );
    check_refused(
        "other-suite",
        |suite, _| suite.resolved["benchmarks"][0]["limit"] = json!(4),
        &["`benchmarks[0].limit`"],
    );
    check_refused(
        "other-model",
        |_, zoo| drop(zoo.0.weights.lock().expect("a lock").insert("other".into(), "finetuned".into())),
        &["model `large` is not the same"],
    );
    check_refused(
        "other-data",
        |suite, _| {
            suite.benchmarks[0].source.embedded =
                Some(r#"{"id": "a", "q": "", "options": ["x", "y"], "right": 0, "group": "x"}"#);
        },
        &["the data of benchmark `plain` is not the same"],
    );
    let classifier = |zoo: &Zoo| drop(zoo.0.weights.lock().expect("a lock").insert("sentiment".into(), "v2".into()));
    check_refused(
        "other-classifier",
        |_, zoo| classifier(zoo),
        &["model `blake3:weights-of-sentiment` is only in the record"],
    );
}

#[test]
fn an_early_stop_leaves_nothing_in_the_way() {
    let suite = suite(vec![choices("plain")]);
    let out = folder("early").join("run");
    std::fs::create_dir_all(&out).expect("a folder");
    sit(&suite, &Zoo::new(), &out, true).result.expect("an empty folder can be resumed");
    let gone = out.with_file_name("gone");
    sit(&suite, &Zoo::new(), &gone, true).result.expect("one that is not there too");
    assert_eq!(export(&out), export(&gone));
}

/// Where the child of the next test writes; without it, that test is the parent.
const CHILD: &str = "TELOS_RUN_TEST_CHILD";

#[test]
fn a_process_that_is_killed_loses_nothing_that_was_answered() {
    let suite = mixed();
    if let Some(out) = std::env::var_os(CHILD) {
        let zoo = Zoo::new();
        *zoo.0.delay.lock().expect("a lock") = std::time::Duration::from_millis(5);
        drop(sit(&suite, &zoo, Path::new(&out), true).result);
        return;
    }
    let (expected, total) = undisturbed("killed-0", &suite);
    let out = folder("killed").join("run");
    let journal = |out: &Path| std::fs::metadata(out.join(JOURNAL)).map_or(0, |file| file.len());
    let name = "tests::resuming::a_process_that_is_killed_loses_nothing_that_was_answered";
    for _ in 0..3 {
        let before = journal(&out);
        let mut child = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", name, "--quiet"])
            .env(CHILD, &out)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("a child");
        while journal(&out) < before + 6000 && child.try_wait().expect("a child").is_none() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        child.kill().expect("it can be killed");
        let status = child.wait().expect("it has ended");
        assert!(!status.success(), "it ended before it could be killed");
    }
    let (kept, _) = crate::journal::Journal::open(&out).expect("a journal").expect("a whole header");
    let answered = kept.len();
    drop(kept);
    assert!(answered > 20);
    let zoo = Zoo::new();
    let sitting = sit(&suite, &zoo, &out, true);
    assert_eq!(sitting.result.expect("a run that goes on").timings.sittings, 4);
    assert_eq!(export(&out), expected);
    assert_eq!(zoo.asked().len(), total - answered);
}
