//! A baseline stands for the record that it was made of.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::testing::{Shape, record};
use crate::{Side, compare, gate};
use telos_core::Status;
use telos_core::record::Record;

fn shape() -> Shape {
    Shape { items: 20, right: 15, ..Shape::default() }
}

/// A baseline that has been a file.
fn stored(record: &Record) -> Baseline {
    let baseline = Baseline::accept(record, "the first one").unwrap();
    let read = Baseline::parse(&baseline.to_text().unwrap()).unwrap();
    assert_eq!(read, baseline);
    read
}

fn side(record: &dyn Tables) -> Side<'_> {
    Side { record, arm: None, name: "a" }
}

#[test]
fn a_run_is_judged_by_it_as_by_the_record() {
    type Change = fn(&mut Record);
    let mut before = record(&shape());
    // Repeats that differ, a cluster, and a metric that does not apply to an item.
    before.items[0].cluster = Some("c".into());
    for score in before.scores.iter_mut().filter(|s| s.metric == "stays_safe" && s.item == "1") {
        (score.value, score.status, score.reason) = (None, Status::Skipped, Some("unsafe start".into()));
    }
    let baseline = stored(&before);
    let changes: &[(&str, Change)] = &[
        ("PASS", |_| {}),
        ("FAIL", |r| r.scores.iter_mut().filter(|s| s.metric == "acc").for_each(|s| s.value = Some(0.0))),
        ("INVALID", |r| r.items[3].item_hash = "x".into()),
        ("INVALID", |r| r.replies[2].prompt_hash = "ab".repeat(32)),
        ("INVALID", |r| r.scores.iter_mut().for_each(|s| s.evaluator_version = 2)),
        ("INVALID", |r| drop(r.items.pop())),
        ("INVALID", |r| r.manifest.benchmarks[0].metrics[0].range = None),
    ];
    for (verdict, change) in changes {
        let mut run = before.clone();
        change(&mut run);
        let by_record = gate(&run, Some(&before), None).unwrap();
        let by_file = gate(&run, Some(&baseline), None).unwrap();
        assert_eq!(by_record.verdict.as_str(), *verdict);
        assert_eq!(serde_json::to_value(&by_record).unwrap(), serde_json::to_value(&by_file).unwrap());
    }
    let other = record(&Shape { wrong: 5, ..shape() });
    let of = |a: &dyn Tables| serde_json::to_value(compare(&side(a), &side(&other)).unwrap()).unwrap();
    assert_eq!(of(&before), of(&baseline));
}

#[test]
fn repeats_are_kept_once_where_they_are_alike() {
    let mut before = record(&Shape { controller: false, ..shape() });
    before.manifest.benchmarks[0].repeats = 2;
    for mut row in before.replies.clone() {
        row.repeat = 1;
        before.replies.push(row);
    }
    let other = before.replies.len() - 1;
    before.replies[other].prompt_hash = "cd".repeat(32);
    let baseline = stored(&before);
    let lines: Vec<usize> = baseline.file.benchmarks[0].prompts[0].hashes.iter().map(Vec::len).collect();
    assert_eq!((lines[0], lines[19]), (1, 2));
    assert_eq!(gate(&before, Some(&baseline), None).unwrap().verdict.as_str(), "PASS");
    before.replies[other].prompt_hash = "ef".repeat(32);
    assert_eq!(gate(&before, Some(&baseline), None).unwrap().verdict.as_str(), "INVALID");
}

#[test]
fn it_is_small_and_holds_no_time() {
    let text = Baseline::accept(&record(&shape()), "why").unwrap().to_text().unwrap();
    assert!(text.starts_with("{\n  \"baseline\": 1,\n  \"suite\": \"quickstart\","), "{text}");
    assert!(!text.contains("2026-01-02") && text.contains("\"reason\": \"why\""));
    assert!(text.contains("{\"id\":\"0\",\"hash\":\""), "{text}");
    // Both arms have the same choices: their scores stand once.
    assert_eq!(text.matches("\"metric\": \"acc\"").count(), 1, "{text}");
}

#[test]
fn what_is_broken_is_no_baseline() {
    let mut broken = record(&shape());
    broken.replies[0].status = Status::Error;
    let message = Baseline::accept(&broken, "why").unwrap_err().to_string();
    assert!(message.contains("1 error"), "{message}");
    let good = Baseline::accept(&record(&shape()), "why").unwrap().to_text().unwrap();
    for (text, part) in [
        ("{}".to_owned(), "no key `baseline`"),
        ("{".to_owned(), "EOF"),
        (good.replace("\"baseline\": 1", "\"baseline\": 9"), "format 9"),
        (good.replacen("{\"id\":\"0\"", "{\"idd\":\"0\"", 1), "unknown field `idd`"),
        (good.replacen("[[\"", "[[\"\"],[\"", 1).replacen("\"hashes\": [", "\"hashes\": [[],", 1), "not all as long"),
    ] {
        let message = Baseline::parse(&text).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}
