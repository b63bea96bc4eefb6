//! Data and benchmarks that went wrong once, through the program: each stands for its kind.

use crate::place::Place;
use std::time::{Duration, Instant};

/// A registry with one benchmark, `b`, over rows in JSON Lines.
fn benchmark(rows: &str, request: &str, evaluator: &str) -> Place {
    let place = Place::new();
    place.write("own/r.jsonl", rows);
    let yaml = format!("benchmark: b\nsource: {{path: r.jsonl}}\nrequest: {request}\nevaluator: {evaluator}\n");
    place.write("own/b.yaml", &yaml);
    place
}

/// Lines of a file.
fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}

const CHOICES: &str = "{kind: choices, context: \"{{ q }}\", choices: \"{{ c }}\"}";

/// Runs `b` on the built-in model; gives the exit code and all that was said.
fn run(place: &Place) -> (i32, String) {
    let done = place.telos(&["run", "b", "--registry", "own", "--model", "builtin:tiny-lm", "--out", "record"]);
    (done.code, done.out + &done.err)
}

fn refused(place: &Place, words: &[&str]) {
    let (code, text) = run(place);
    assert_eq!(code, 2, "{text}");
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
    assert!(!place.0.join("record/run.json").exists(), "nothing was asked");
}

#[test]
fn d1_a_key_that_stands_twice_is_refused_wherever_json_is_read() {
    let place = benchmark(
        "{\"q\": \"a\", \"c\": [\"x\", \"y\"], \"gold\": 0, \"gold\": 1}\n",
        CHOICES,
        "{kind: multiple_choice, correct: \"{{ gold }}\"}",
    );
    refused(&place, &["r.jsonl", "line 1", "the key `gold` stands twice"]);
    place.write("requests.jsonl", "{\"id\": 1, \"kind\": \"tokenize\", \"text\": \"a\", \"text\": \"b\"}\n");
    let reply = place.good(&["probe", "--model", "builtin:tiny-lm", "--requests", "requests.jsonl"]);
    assert!(reply.contains("the key `text` stands twice") && reply.contains("\"id\":null"), "{reply}");
    place.write("baseline.json", "{\"baseline\": 1, \"baseline\": 1}");
    let done = place.telos(&["gate", "nowhere", "--baseline", "baseline.json"]);
    assert_eq!(done.code, 2, "{done:?}");
}

#[test]
fn d2_gold_that_never_varies_is_worth_a_look() {
    let row = |gold: u8| format!("{{\"q\": \"a{gold}\", \"c\": [\"x\", \"x\"], \"g\": {gold}}}\n");
    let evaluator = "{kind: multiple_choice, correct: \"{{ g }}\"}";
    let place = benchmark(&row(0).repeat(3), CHOICES, evaluator);
    let (code, text) = run(&place);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("the right choice is number 0 (from 0) in all 3 items"), "{text}");
    assert!(text.contains("tie"), "{text}");
    let place = benchmark(&(row(0) + &row(1)), CHOICES, evaluator);
    let (_, text) = run(&place);
    assert!(!text.contains("the right choice is number"), "{text}");
}

#[test]
fn d3_gold_that_cannot_be_is_found_before_anything_is_asked() {
    for (gold, word) in [
        ("7", "`correct` is 7"),
        ("-1", "-1"),
        ("true", "true"),
        ("\"Paris\"", "Paris"),
        ("1e29", "1e"),
        ("null", "not null"),
    ] {
        let rows = format!(
            "{{\"q\": \"a\", \"c\": [\"x\", \"y\"], \"g\": 0}}\n{{\"q\": \"b\", \"c\": [\"x\", \"y\"], \"g\": {gold}}}\n"
        );
        let place = benchmark(&rows, CHOICES, "{kind: multiple_choice, correct: \"{{ g }}\"}");
        refused(&place, &["item `1`", word]);
    }
    for good in ["1", "1.0", "\"1\""] {
        let rows = format!("{{\"q\": \"a\", \"c\": [\"x\", \"y\"], \"g\": {good}}}\n");
        let place = benchmark(&rows, CHOICES, "{kind: multiple_choice, correct: \"{{ g }}\"}");
        assert_eq!(run(&place).0, 0, "{good}");
    }
}

#[test]
fn d5_examples_of_sixteen_thousand_rows_are_drawn_at_once() {
    let rows: String =
        lines((0..16_000).map(|i| format!("{{\"q\": \"q{i}\", \"c\": [\"x\", \"y\"], \"g\": {}}}", i % 2)));
    let place = benchmark(&rows, CHOICES, "{kind: multiple_choice, correct: \"{{ g }}\"}\nfewshot: {n: 3}");
    place
        .write("s.yaml", "suite: s\nregistry: [own]\nmodels: [{id: m, model: \"builtin:tiny-lm\"}]\nbenchmarks: [b]\n");
    let text = place.good(&["plan", "s.yaml"]);
    assert!(text.contains("32000"), "{text}");
}

#[test]
fn d7_every_pair_of_request_and_evaluator_is_told_apart() {
    let (mut fit, mut unfit) = (0, 0);
    for evaluator in telos_eval::EVALUATORS {
        for (kind, request) in telos_run::REQUESTS.iter().map(|request| (request.shape.kind, request.example)) {
            let place = benchmark("{\"q\": 1}\n", request, evaluator.example);
            let done = place.telos(&["check", "own"]);
            let told = format!("the evaluator `{}` cannot score a request of kind `{kind}`", evaluator.shape.kind);
            if evaluator.reads.contains(&kind) {
                assert!(!done.out.contains("cannot score"), "{} on {kind}: {done:?}", evaluator.shape.kind);
                fit += 1;
            } else {
                assert!(done.code == 2 && done.out.contains(&told), "{} on {kind}: {done:?}", evaluator.shape.kind);
                unfit += 1;
            }
        }
    }
    assert!(fit >= telos_eval::EVALUATORS.len() && unfit > fit, "{fit} fit, {unfit} do not");
}

#[test]
fn d10_what_is_said_of_half_a_million_mistakes_is_short() {
    let place = Place::new();
    let keys: String = lines((0..500_000).map(|i| format!("unknown{i:07}: 1")));
    place.write("many.yaml", &("suite: x\n".to_owned() + &keys));
    let done = place.telos(&["check", "many.yaml"]);
    assert_eq!(done.code, 2);
    assert!(done.out.len() < 20_000 && done.out.contains("more mistakes"), "{}", done.out.len());
}

#[test]
fn d11_a_null_in_a_prompt_is_worth_a_look() {
    let rows = "{\"q\": null, \"c\": [\"x\", \"y\"], \"unread\": null}\n{\"q\": \"b\", \"c\": [\"x\", \"y\"], \"unread\": null}\n";
    let place = benchmark(rows, CHOICES, "{kind: multiple_choice}");
    let (code, text) = run(&place);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("column `q` is null in 1 of 2 items, first in `0`"), "{text}");
    assert!(!text.contains("`unread`"), "{text}");
}

#[test]
#[cfg(unix)]
fn m7_what_is_no_file_is_said_to_be_none_and_never_waited_for() {
    let place = benchmark("", CHOICES, "{kind: multiple_choice}");
    let fifo = |name: &str| {
        let path = place.0.join(name);
        // Nothing is lost where there was none.
        let _ = std::fs::remove_file(&path);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
    };
    let waited = |arguments: &[&str]| {
        let mut child = place
            .command(arguments)
            .stderr(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("the program");
        let began = Instant::now();
        while child.try_wait().expect("a child").is_none() {
            if began.elapsed() > Duration::from_secs(20) {
                child.kill().expect("a child");
                panic!("{arguments:?} waits");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let output = child.wait_with_output().expect("output");
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), text)
    };
    fifo("own/r.jsonl");
    let (code, text) = waited(&["run", "b", "--registry", "own", "--model", "builtin:tiny-lm"]);
    assert!(code == Some(2) && text.contains("r.jsonl") && text.contains("a FIFO and no file"), "{text}");
    fifo("s.yaml");
    let (code, text) = waited(&["check", "s.yaml"]);
    assert!(code == Some(2) && text.contains("s.yaml: this is a FIFO and no file"), "{text}");
    // One that lies in a registry is nobody's YAML file.
    fifo("own/other.yaml");
    assert_eq!(waited(&["benchmarks", "--registry", "own"]).0, Some(0));
    let (code, text) = waited(&["check", "/dev/zero"]);
    assert!(code == Some(2) && text.contains("a device and no file"), "{text}");
}

#[test]
fn t9_a_constraint_that_is_needed_comes_with_the_lines_to_add() {
    let place = Place::new();
    let done = place.telos(&["run", "positivity", "--model", "builtin:tiny-lm"]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(
        done.err.contains("a constraint `sentiment` is needed for `evaluator.constraint` of benchmark `positivity`"),
        "{}",
        done.err
    );
    let told: Vec<&str> = done.err.lines().skip_while(|line| !line.contains("controller: {")).collect();
    place.write("barrier.yaml", &lines(told.iter().map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned())));
    let arguments = ["run", "positivity", "--model", "builtin:tiny-lm", "--controller", "barrier.yaml", "--limit", "1"];
    place.good(&arguments);
}

/// A Parquet file of rows that was cut, or has a flipped bit or an absurd number somewhere, its metadata above all.
#[test]
fn rows_in_parquet_cut_and_flipped() {
    let whole =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/record-2/items.parquet")).expect("a table");
    let place = Place::new();
    place.write("own/benchmark.yaml", "benchmark: own\nabout: Rows.\ngoals: []\nlicence: CC0-1.0\nsource: {kind: parquet, path: rows.parquet}\nrequest: {kind: rolling, text: \"{{ data }}\"}\nevaluator: {kind: likelihood}\n");
    place.write(
        "suite.yaml",
        "suite: s\nregistry: [.]\nmodels: [{id: tiny, model: \"builtin:tiny-lm\"}]\nbenchmarks: [own]\n",
    );
    let footer = u32::from_le_bytes(whole[whole.len() - 8..][..4].try_into().expect("four bytes")) as usize;
    let (mut codes, mut n) = (std::collections::BTreeMap::new(), 0);
    let mut ask = |bytes: &[u8], what: &str| {
        std::fs::write(place.0.join("own/rows.parquet"), bytes).expect("a file");
        let began = std::time::Instant::now();
        let done = place.telos(&["plan", "suite.yaml"]);
        assert!(matches!(done.code, 0 | 2), "{what}: {done:?}");
        assert!(
            done.code == 0 || done.out.contains("rows.parquet") || done.err.contains("rows.parquet"),
            "{what}: {done:?}"
        );
        assert!(!done.err.contains("panicked") && began.elapsed().as_secs() < 20, "{what}: {done:?}");
        *codes.entry(done.code).or_insert(0) += 1;
    };
    ask(&whole, "as it is");
    for cut in [0, 3, 4, 8, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        ask(&whole[..cut], &format!("cut to {cut} bytes"));
    }
    for place in (0..footer).step_by(23).chain((0..whole.len()).step_by(97).map(|at| whole.len() - 1 - at)) {
        n += 1;
        let mut spoiled = whole.clone();
        if n % 3 == 0 {
            let at = whole.len() - 8 - footer + place.min(footer - 4);
            spoiled[at..at + 4].fill(0xFF);
        } else {
            let at = whole.len() - 8 - footer + place.min(footer - 1);
            spoiled[at] ^= 1 << (n % 8);
        }
        ask(&spoiled, &format!("input {n}, place {place}"));
    }
    assert!(codes[&0] > 0 && codes[&2] > 40, "{codes:?}");
}
