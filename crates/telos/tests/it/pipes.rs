//! `telos … | head`.

use crate::place::Place;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a command whose output nobody reads.
fn check(mut command: Command, input: &str) {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a start");
    drop(child.stdout.take());
    // A program that needs no input may be gone before it is written.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(0) && said.is_empty(), "{command:?}: {:?}: {said}", output.status);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::with_models();
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/record-1").display().to_string();
    let ask = "{\"id\": 1, \"kind\": \"tokenize\", \"text\": \"a lamp\"}\n".repeat(5000);
    for (arguments, input) in [
        (&["export", &record, "--format", "jsonl", "-o", "-"][..], ""),
        (&["probe", "--model", "models/llama"], ask.as_str()),
        (&["compare", &record, &record], ""),
        (&["gate", &record, "--baseline", &record, "--json"], ""),
        (&["schema", "suite"], ""),
        (&["benchmarks"], ""),
        (&["controllers", "--json"], ""),
        (&["--help"], ""),
    ] {
        check(place.command(arguments), input);
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        eprintln!("skipped: there is no /dev/full");
        return;
    }
    let place = Place::new();
    let out = std::fs::OpenOptions::new().write(true).open(full).expect("the device");
    let output = place.command(&["schema", "suite"]).stdout(out).output().expect("the program");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("failed to write the output"));
}
