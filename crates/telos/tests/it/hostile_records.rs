//! Damaged and invented records and journals: an exit code and a message, whatever a file says; no panic, no abort, no endless
//! work, no memory that the file's size does not justify.

use crate::outputs::copy;
use crate::place::Place;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use telos_core::noise::mix;

/// Nothing may take longer.
const LIMIT: Duration = Duration::from_secs(20);

/// Address space of a process, in KiB: what the program maps for a sound record, rounded up, and 256 MiB.
const SPACE: u32 = 300 * 1024 + 256 * 1024;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// What is asked of every record in turn.
const ASKED: [&[&str]; 6] = [
    &["export", "bad", "--format", "jsonl", "-o", "lines"],
    &["report", "bad", "-o", "page.html"],
    &["baseline", "accept", "bad", "--as", "base.json", "--reason", "r"],
    &["compare", "bad", "good"],
    &["score", "bad"],
    &["report", "good", "--against", "bad", "-o", "page.html"],
];

/// Runs a command within the limits: its exit code is 0, 2 or 7, and a failure says something.
fn check(place: &Place, arguments: &[&str], what: &str) -> i32 {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {SPACE}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_telos")]);
    command.args(arguments).current_dir(&place.0).env("TELOS_CACHE", place.0.join("cache"));
    let said = fs::File::create(place.0.join("said")).expect("a file");
    // A comparison and a gate say on standard output what is wrong.
    let out = said.try_clone().expect("the same file");
    let mut child = command.stdin(Stdio::null()).stdout(out).stderr(said).spawn().expect("a start");
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a status") {
            break status;
        }
        if began.elapsed() > LIMIT {
            child.kill().expect("an end");
            panic!("{what}: {arguments:?} takes longer than {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let said = fs::read_to_string(place.0.join("said")).expect("text");
    let code = status.code().unwrap_or(-1);
    assert!(matches!(code, 0 | 2 | 7), "{what}: {arguments:?}: {status}: {said}");
    assert!(code == 0 || said.len() > 20, "{what}: {arguments:?} ends with {code} and says: {said}");
    assert!(!said.contains("panicked"), "{what}: {arguments:?}: {said}");
    code
}

/// Puts a file in the place of one of a record's and asks one thing of it, another each time.
fn ask(place: &Place, record: &str, name: &str, bytes: &[u8], number: &mut usize, what: &str) {
    copy(&fixture(record), &place.0.join("bad"));
    fs::write(place.0.join("bad").join(name), bytes).expect("a file");
    check(place, ASKED[*number % ASKED.len()], &format!("{record}, {name}, {what}"));
    *number += 1;
}

fn place() -> Place {
    let place = Place::new();
    copy(&fixture("record-2"), &place.0.join("good"));
    place
}

/// Tables of format 1 have no hash, so that the reader itself meets what is wrong with them.
#[test]
fn tables_cut_and_flipped() {
    let (place, mut number) = (place(), 0);
    for (record, flips) in [("record-1", 24), ("record-2", 4)] {
        for name in ["items", "replies", "scores", "steps", "timings"].map(|name| format!("{name}.parquet")) {
            let Ok(whole) = fs::read(fixture(record).join(&name)) else { continue };
            for cut in [0, 4, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
                ask(&place, record, &name, &whole[..cut], &mut number, &format!("cut to {cut} bytes"));
            }
            // The metadata at the end say how large everything is, so that every second flip is there.
            let footer = u32::from_le_bytes(whole[whole.len() - 8..][..4].try_into().expect("four bytes")) as usize;
            for n in 0..flips {
                let noise = mix(number as u64 * 1000 + n) as usize;
                let at = if n % 2 == 0 { noise % whole.len() } else { whole.len() - 1 - noise % (footer + 8) };
                let mut spoiled = whole.clone();
                spoiled[at] ^= 1 << (noise >> 40 & 7);
                ask(&place, record, &name, &spoiled, &mut number, &format!("a bit of byte {at}"));
            }
        }
    }
    assert!(number >= 120, "{number} inputs");
}

/// Every number of run.json in turn, absurd.
#[test]
fn manifests_with_absurd_numbers() {
    let (place, mut number) = (place(), 0);
    for record in ["record-1", "record-2"] {
        let whole: Value =
            serde_json::from_str(&fs::read_to_string(fixture(record).join("run.json")).expect("text")).expect("JSON");
        let mut paths = Vec::new();
        numbers(&whole, &mut String::new(), &mut paths);
        assert!(paths.len() > 40, "{paths:?}");
        let absurd = ["18446744073709551615", "4294967295", "2147483648", "1e308", "-1", "0", "1e400", "null", "[[]]"];
        for (place_in_list, path) in paths.iter().enumerate() {
            let text = absurd[place_in_list % absurd.len()];
            let mut spoiled = whole.clone();
            *spoiled.pointer_mut(path).expect("a number") = Value::String("@".into());
            let spoiled = spoiled.to_string().replacen("\"@\"", text, 1);
            ask(&place, record, "run.json", spoiled.as_bytes(), &mut number, &format!("{path} is {text}"));
        }
        for key in ["repeats", "items", "available"] {
            for text in ["4294967295", "1000000000", "65536"] {
                let mut spoiled = whole.clone();
                spoiled["benchmarks"][0][key] = serde_json::from_str(text).expect("JSON");
                let bytes = spoiled.to_string().into_bytes();
                for _ in 0..2 {
                    ask(&place, record, "run.json", &bytes, &mut number, &format!("{key} is {text}"));
                }
            }
        }
        let bytes = whole.to_string().into_bytes();
        for n in 0..16_u64 {
            let cut = mix(n) as usize % bytes.len();
            ask(&place, record, "run.json", &bytes[..cut], &mut number, &format!("cut to {cut}"));
            let mut spoiled = bytes.clone();
            spoiled[cut] ^= 1 << (n % 8);
            ask(&place, record, "run.json", &spoiled, &mut number, &format!("a bit of byte {cut}"));
        }
        ask(&place, record, "run.json", "[".repeat(100_000).as_bytes(), &mut number, "nested");
    }
    assert!(number >= 120, "{number} inputs");
}

fn numbers(value: &Value, path: &mut String, found: &mut Vec<String>) {
    let length = path.len();
    let mut each = |key: &str, inner: &Value| {
        path.push('/');
        path.push_str(&key.replace('~', "~0").replace('/', "~1"));
        numbers(inner, path, found);
        path.truncate(length);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| each(key, inner)),
        Value::Array(list) => list.iter().enumerate().for_each(|(n, inner)| each(&n.to_string(), inner)),
        Value::Number(_) => found.push(path.clone()),
        _ => {}
    }
}

/// A pipe or a folder in the place of a file is no file.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_waited_for() {
    let place = place();
    for name in ["run.json", "scores.parquet"] {
        for make in ["mkfifo", "mkdir"] {
            fs::remove_dir_all(place.0.join("bad")).ok();
            copy(&fixture("record-1"), &place.0.join("bad"));
            fs::remove_file(place.0.join("bad").join(name)).expect("removed");
            assert!(Command::new(make).arg(place.0.join("bad").join(name)).status().expect("a command").success());
            for arguments in &ASKED[..4] {
                assert_ne!(check(&place, arguments, &format!("{make} {name}")), 0);
            }
        }
    }
}

/// R4: a run that was killed, its journal damaged: it is finished with the same lines, and what was lost is told.
#[test]
fn r4_journals_cut_and_flipped_end_in_the_same_record() {
    let place = Place::new();
    let arguments = |out| ["run", "tiny-choices", "tiny-pairs", "--model", "builtin:tiny-lm", "--out", out];
    place.good(&arguments("whole"));
    let export = |run: &str| place.good(&["export", run, "--format", "jsonl", "-o", "-"]);
    let expected = export("whole");
    let journal = killed(&place, &arguments("torn"));
    let resumed = [&arguments("bad")[..], &["--resume"]].concat();
    for n in 0..30_u64 {
        let at = mix(n) as usize % journal.len();
        let mut spoiled = journal.clone();
        match n % 3 {
            0 => spoiled.truncate(at),
            1 => spoiled[at] ^= 1 << (n % 8),
            // A length that reaches to the end of the world.
            _ => spoiled[at..].iter_mut().take(4).for_each(|byte| *byte = 0xFF),
        }
        fs::remove_dir_all(place.0.join("bad")).ok();
        copy(&place.0.join("torn"), &place.0.join("bad"));
        fs::write(place.0.join("bad/journal"), spoiled).expect("a file");
        assert_eq!(check(&place, &resumed, &format!("journal {n}, byte {at}")), 0);
        if n % 3 == 1 {
            assert!(place.read("said").contains("the journal is damaged"), "{}", place.read("said"));
        }
        assert_eq!(export("bad"), expected, "journal {n}");
    }
}

/// The journal of a run that is killed at work.
fn killed(place: &Place, arguments: &[&str]) -> Vec<u8> {
    let path = place.0.join("torn/journal");
    for _ in 0..50 {
        fs::remove_dir_all(place.0.join("torn")).ok();
        let mut command = place.command(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a start");
        while child.try_wait().expect("a status").is_none() {
            if fs::metadata(&path).is_ok_and(|found| found.len() > 4000) {
                break;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        child.kill().ok();
        child.wait().expect("an end");
        if let Ok(bytes) = fs::read(&path) {
            return bytes;
        }
    }
    panic!("the run always ends before it can be killed");
}
