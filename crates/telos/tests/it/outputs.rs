//! Where outputs go, and which records are believed.

use crate::place::{Done, Place};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A place with a record of format 2 in `run`.
fn place() -> Place {
    let place = Place::new();
    copy(&fixture("record-2"), &place.0.join("run"));
    place
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for file in fs::read_dir(from).expect("the fixture") {
        let file = file.expect("a file");
        fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
    }
}

/// Every command that writes what an option names, without the name.
const WRITERS: [&[&str]; 5] = [
    &["report", "run", "-o"],
    &["export", "run", "--format", "jsonl", "-o"],
    &["baseline", "accept", "run", "--reason", "r", "--as"],
    &["gate", "run", "--baseline", "run", "--junit"],
    &["gate", "run", "--baseline", "run", "--summary"],
];

fn write(place: &Place, writer: &[&str], to: &str) -> Done {
    place.telos(&[writer, &[to]].concat())
}

#[cfg(unix)]
mod streams {
    use super::*;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
    use std::process::{Command, Stdio};

    /// R1: a link stays a link, and its target is replaced.
    #[test]
    fn r1_what_a_link_leads_to_is_written() {
        let place = place();
        fs::create_dir_all(place.0.join("far")).expect("a folder");
        for (n, writer) in WRITERS.into_iter().enumerate() {
            let (link, there) = (place.0.join(format!("link-{n}")), place.0.join(format!("far/there-{n}")));
            symlink(format!("hop-{n}"), &link).expect("a link");
            symlink(format!("far/there-{n}"), place.0.join(format!("hop-{n}"))).expect("a link");
            // A link that leads nowhere yet makes the file.
            for _ in 0..2 {
                let done = write(&place, writer, &format!("link-{n}"));
                assert_eq!(done.code, 0, "{writer:?}: {done:?}");
                assert!(fs::symlink_metadata(&link).expect("the link").is_symlink(), "{writer:?}");
                assert!(fs::metadata(&there).expect("the file").len() > 40, "{writer:?}");
            }
        }
        symlink("b", place.0.join("a")).expect("a link");
        symlink("a", place.0.join("b")).expect("a link");
        for writer in WRITERS {
            let done = write(&place, writer, "a");
            assert!(done.code == 2 && done.err.contains("links"), "{done:?}");
        }
    }

    /// R1: a pipe, a device and a descriptor are written to, and stay what they are.
    #[test]
    fn r1_pipes_devices_and_descriptors_are_written_to() {
        let place = place();
        let made = Command::new("mkfifo").arg(place.0.join("pipe")).status().expect("mkfifo");
        assert!(made.success());
        let binary = env!("CARGO_BIN_EXE_telos");
        for writer in WRITERS {
            let mut reader =
                Command::new("cat").arg("pipe").current_dir(&place.0).stdout(Stdio::piped()).spawn().expect("a reader");
            // Read while it is written: two pipes hold less than a page.
            let mut output = reader.stdout.take().expect("its output");
            let reading = std::thread::spawn(move || std::io::read_to_string(&mut output).expect("text"));
            let done = write(&place, writer, "pipe");
            assert_eq!(done.code, 0, "{writer:?}: {done:?}");
            let read = reading.join().expect("a reader");
            reader.wait().expect("an end");
            assert!(read.len() > 40, "{writer:?}: {read}");
            assert!(fs::symlink_metadata(place.0.join("pipe")).expect("the pipe").file_type().is_fifo());

            let before = fs::metadata("/dev/null").expect("the device").ino();
            assert_eq!(write(&place, writer, "/dev/null").code, 0);
            assert_eq!(fs::metadata("/dev/null").expect("the device").ino(), before);

            let done = write(&place, writer, "/dev/stdout");
            assert!(done.code == 0 && done.out.contains(&read), "{writer:?}");
            // What stands in a file before it is neither lost nor overwritten.
            let line = format!("(echo before; {binary} {} /dev/stdout) > log", writer.join(" "));
            let status = Command::new("sh").args(["-c", &line]).current_dir(&place.0).status().expect("a shell");
            let log = place.read("log");
            assert!(status.success() && log.starts_with("before\n") && log.contains(&read), "{writer:?}: {log}");
            let line = format!("{binary} {} /dev/fd/3 3>&1 >out | cat > log", writer.join(" "));
            let status = Command::new("sh").args(["-c", &line]).current_dir(&place.0).status().expect("a shell");
            assert!(status.success() && place.read("log") == read, "{writer:?}");
        }
    }

    #[test]
    fn a_file_that_is_replaced_keeps_its_permissions() {
        let place = place();
        place.write("page.html", "old");
        let path = place.0.join("page.html");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("permissions");
        place.good(&["report", "run", "-o", "page.html"]);
        assert_eq!(fs::metadata(&path).expect("the page").permissions().mode() & 0o777, 0o600);
        let left: Vec<_> = fs::read_dir(&place.0).expect("a folder").map(|e| e.expect("a file").file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    /// R1: nothing is written over a part of a record, by whatever name.
    #[test]
    fn r1_no_output_takes_the_place_of_a_part_of_a_record() {
        let place = place();
        fs::copy(place.0.join("run/scores.parquet"), place.0.join("run/scores.1.parquet")).expect("a copy");
        symlink("run/steps.parquet", place.0.join("sly")).expect("a link");
        let before = |name: &str| fs::read(place.0.join("run").join(name)).expect("a file");
        let names = ["items", "replies", "scores", "steps", "timings", "scores.1"].map(|n| format!("{n}.parquet"));
        for name in names.iter().map(String::as_str).chain(["run.json"]) {
            let bytes = before(name);
            for writer in WRITERS.iter().skip(1).chain([&&["probe", "--model", "builtin:tiny-lm", "--out"][..]]) {
                let done = write(&place, writer, &format!("run/{name}"));
                assert!(done.code == 2 && done.err.contains("a part of a record"), "{writer:?} {name}: {done:?}");
                assert_eq!(before(name), bytes, "{writer:?} {name}");
            }
        }
        let done = write(&place, WRITERS[1], "sly");
        assert!(done.code == 2 && done.err.contains("a part of a record"), "{done:?}");
        for (folder, why) in [("run", "it is a folder"), ("new/", "names a folder"), ("..", "names no file")] {
            let done = write(&place, WRITERS[1], folder);
            assert!(done.code == 2 && done.err.contains(why), "{folder}: {done:?}");
        }
        // The same name beside no record is free.
        place.good(&["export", "run", "--format", "jsonl", "-o", "items.parquet"]);
    }
}

/// R2: many at once write one whole file.
#[test]
fn r2_many_at_once_give_one_whole_file() {
    let place = place();
    let expected = place.good(&["export", "run", "--format", "jsonl", "-o", "-"]);
    for _ in 0..5 {
        let arguments = ["export", "run", "--format", "jsonl", "-o", "same"];
        let running: Vec<_> = (0..4).map(|_| place.command(&arguments).spawn().expect("a start")).collect();
        for mut child in running {
            assert!(child.wait().expect("an end").success());
        }
        assert_eq!(place.read("same"), expected);
    }
    let left: Vec<_> = fs::read_dir(&place.0).expect("a folder").map(|e| e.expect("a file").file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// Every command that reads a record, the record `bad` in each of its places.
const READERS: [&[&str]; 9] = [
    &["report", "bad", "-o", "page.html"],
    &["report", "good", "--against", "bad", "-o", "page.html"],
    &["export", "bad", "--format", "jsonl", "-o", "lines"],
    &["baseline", "accept", "bad", "--as", "base.json", "--reason", "r"],
    &["gate", "bad", "--baseline", "good"],
    &["gate", "good", "--baseline", "bad"],
    &["compare", "bad", "good"],
    &["compare", "good", "bad"],
    &["score", "bad"],
];

fn check_refused(place: &Place, word: &str) {
    for reader in READERS {
        let done = place.telos(reader);
        let said = format!("{}{}", done.out, done.err);
        assert!(done.code == 7 && said.contains(word), "{reader:?}: {done:?}");
        assert!(!["page.html", "lines", "base.json"].iter().any(|name| place.0.join(name).exists()), "{reader:?}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&place.telos(&["gate", "bad", "--baseline", "good", "--json"]).out)
            .expect("a verdict is JSON");
    assert_eq!(json["verdict"], "INVALID");
}

/// R3: a table of another run, and a flipped bit, in every command that reads a record.
#[test]
fn r3_a_table_that_is_not_the_runs_is_invalid() {
    let place = place();
    copy(&place.0.join("run"), &place.0.join("good"));
    for name in ["items", "replies", "scores", "steps", "timings"].map(|name| format!("{name}.parquet")) {
        // A table of a run of another version is a table of another run.
        let older = fixture("record-1").join(&name);
        let mut flipped = fs::read(place.0.join("run").join(&name)).expect("a table");
        let middle = flipped.len() / 2;
        flipped[middle] ^= 4;
        for bytes in [flipped, fs::read(older).unwrap_or_default()] {
            copy(&place.0.join("run"), &place.0.join("bad"));
            fs::write(place.0.join("bad").join(&name), bytes).expect("a file");
            check_refused(&place, &name);
        }
    }
}

/// R5, T11: a run that is not finished.
#[test]
fn r5_t11_an_unfinished_record_says_how_to_finish_it() {
    let place = place();
    copy(&place.0.join("run"), &place.0.join("good"));
    for status in ["running", "interrupted"] {
        let manifest = place.read("run/run.json").replacen("\"complete\"", &format!("\"{status}\""), 1);
        fs::remove_dir_all(place.0.join("bad")).ok();
        place.write("bad/run.json", &manifest);
        place.write("bad/journal", "");
        check_refused(&place, "not finished");
    }
    // Killed before its manifest was whole, or before it had one.
    place.write("bad/run.json", "{\"format\": 2,");
    check_refused(&place, "--resume");
    fs::remove_file(place.0.join("bad/run.json")).expect("removed");
    check_refused(&place, "--resume");
}

/// G11: what is not there is named, before anything is said of a baseline.
#[test]
fn g11_a_run_that_is_not_there_is_named() {
    let place = place();
    for arguments in
        [&["gate", "absent"][..], &["gate", "absent", "--baseline", "run"], &["report", "absent", "-o", "x"]]
    {
        let done = place.telos(arguments);
        assert!(done.code == 2 && done.err.contains("the record absent") && done.err.contains("run.json"), "{done:?}");
    }
    let done = place.telos(&["gate", "run"]);
    assert!(done.code == 2 && done.err.contains("there is no baseline"), "{done:?}");
}

/// T7: a name that promises another form.
#[test]
fn t7_a_report_says_that_it_is_a_page() {
    let place = place();
    for name in ["fig.svg", "fig.PDF", "scores.csv", "a.html.png"] {
        let done = place.telos(&["report", "run", "-o", name]);
        assert!(done.code == 2 && done.err.contains("one HTML page"), "{done:?}");
        let done = place.telos(&["run", "tiny-pairs", "--model", "builtin:tiny-lm", "--out", "two", "--report", name]);
        assert!(done.code == 2 && done.err.contains("one HTML page") && !place.0.join("two").exists(), "{done:?}");
    }
    for name in ["page.html", "page.HTM", "page"] {
        place.good(&["report", "run", "-o", name]);
    }
}

/// R6: runs that begin in one second have folders of their own.
#[test]
fn r6_runs_of_one_second_have_names_of_their_own() {
    let place = Place::new();
    let arguments = ["run", "tiny-pairs", "--model", "builtin:tiny-lm", "--limit", "1", "--quiet"];
    let running: Vec<_> = (0..4).map(|_| place.command(&arguments).spawn().expect("a start")).collect();
    for mut child in running {
        assert!(child.wait().expect("an end").success());
    }
    let runs = || fs::read_dir(place.0.join("runs")).expect("the runs").count();
    assert_eq!(runs(), 4);
    // One that cannot start leaves no folder.
    let done = place.telos(&["run", "tiny-turns", "--model", "builtin:tiny-lm"]);
    assert!(done.code != 0 && runs() == 4, "{done:?}");
}

/// Text that commands a terminal, or hides or turns what stands beside it.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\u{200b}\u{e0041}";

fn check_visible(done: &Done, what: &dyn std::fmt::Debug) {
    let said = format!("{}{}", done.out, done.err);
    let bad = |c: &char| (c.is_control() && *c != '\n') || matches!(c, '\u{202e}' | '\u{200b}' | '\u{e0041}');
    assert_eq!(said.chars().find(bad), None, "{what:?}: {said}");
}

/// R7: nothing that a file or an argument says commands the terminal.
#[test]
fn r7_hidden_characters_are_visible_wherever_they_come_from() {
    let place = place();
    let quoted = serde_json::to_string(HOSTILE).expect("JSON");
    place.write(
        "own/benchmark.yaml",
        &format!(
            "benchmark: mine\nabout: {quoted}\ngoals: []\nsource: {{path: items.jsonl}}\nid: id\nrequest: {{kind: choices, \
             context: \"x\", choices: [\"a\", \"b\"]}}\nevaluator: {{kind: multiple_choice, correct: \"{{{{ gold }}}}\"}}\n"
        ),
    );
    place.write("own/items.jsonl", &format!("{{\"id\": {quoted}, \"gold\": 0}}\n{{\"id\": \"2\", \"gold\": 7}}\n"));
    place.write("key.yaml", &format!("suite: s\n{quoted}: 1\n"));
    let manifest = place.read("run/run.json");
    let mut record: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    record["benchmarks"][0]["about"] = HOSTILE.into();
    record["models"][0]["card"]["architecture"] = HOSTILE.into();
    record["arms"][0]["id"] = HOSTILE.into();
    record["benchmarks"][0]["metrics"][0]["name"] = HOSTILE.into();
    place.write("run/run.json", &record.to_string());
    let run = ["run", "own", "--model", "builtin:tiny-lm", "--out", "mine"];
    let file = format!("a{HOSTILE}b");
    for arguments in [
        &run[..],
        &["check", "own", "key.yaml"],
        &["plan", "key.yaml"],
        &["benchmarks", "--registry", "."],
        &["benchmarks", "--registry", ".", "--json"],
        &["gate", "run", "--baseline", "run"],
        &["gate", "run", "--baseline", "run", "--json"],
        &["compare", "run", "run"],
        &["compare", "run", "run", "--json"],
        &["export", "run", "--format", "jsonl", "-o", "lines"],
        &["report", &file, "-o", "x"],
        &["plan", &file],
        &["export", "run", "--format", &file, "-o", "x"],
        &[&file],
    ] {
        check_visible(&place.telos(arguments), &arguments);
    }
    let done = place.telos(&["plan", &file]);
    assert!(done.err.contains("a⟨U+001B⟩]0;owned⟨U+0007⟩") && done.err.contains("⟨U+202E⟩"), "{done:?}");
}
