//! Lines of the export, against lines written by hand from the design.

use super::export_jsonl;
use crate::atomic::tests::Folder;
use crate::record::{ITEMS, REPLIES, SCORES, STEPS, TIMINGS, tests::manifest};
use crate::{DataError, TableWriter, write_manifest};
use serde_json::{Value, json};
use std::io::Write;
use telos_core::Status;
use telos_core::record::{ItemRow, Manifest, ReplyRow, ScoreRow, StepRow, TimingRow};

/// The tables of a record with the arms tiny/free and tiny/cbf and the benchmarks texts (a, b) and choices (c).
#[derive(Clone)]
struct Tables {
    items: Vec<ItemRow>,
    replies: Vec<ReplyRow>,
    scores: Vec<ScoreRow>,
    steps: Vec<StepRow>,
}

fn item(benchmark: &str, item: &str, index: u32) -> ItemRow {
    let (benchmark, item, item_hash) = (benchmark.into(), item.into(), "h".into());
    ItemRow { benchmark, item, index, item_hash, cluster: None, goals: Vec::new(), data: "{}".into() }
}

fn reply(controller: Option<&str>, benchmark: &str, item: &str, kind: &str, fields: &Value) -> ReplyRow {
    ReplyRow {
        model: "tiny".into(),
        controller: controller.map(str::to_owned),
        benchmark: benchmark.into(),
        item: item.into(),
        repeat: 0,
        wave: 0,
        index: 0,
        request_hash: "r".into(),
        prompt_hash: "p".into(),
        kind: kind.into(),
        seed: None,
        request: json!({"kind": kind, "n": 0.1}).to_string(),
        status: Status::Ok,
        error_kind: None,
        error: None,
        text: None,
        token_ids: None,
        token_logprobs: None,
        logprob: None,
        finish_reason: None,
        prompt_tokens: None,
        truncated_tokens: None,
        reply: fields.to_string(),
    }
}

fn score(arm: &str, benchmark: &str, item: &str, metric: &str, value: Option<f64>) -> ScoreRow {
    ScoreRow {
        arm: arm.into(),
        benchmark: benchmark.into(),
        item: item.into(),
        repeat: 0,
        metric: metric.into(),
        value,
        status: if value.is_some() { Status::Ok } else { Status::Skipped },
        reason: None,
        note: None,
        evaluator: "control".into(),
        evaluator_version: 1,
    }
}

fn step(item: &str, step: u32, token: Option<u32>) -> StepRow {
    StepRow {
        arm: "tiny/cbf".into(),
        benchmark: "texts".into(),
        item: item.into(),
        repeat: 0,
        wave: 0,
        index: 0,
        step,
        token,
        proposed: 9,
        rank: token.map(|_| 2),
        changed: true,
        fallback: token.is_none().then(|| "stop".into()),
        h_before: Some(vec![0.5]),
        threshold: Some(vec![0.25]),
        h_after: token.map(|_| vec![0.1 + 0.2]),
        evaluations: 3,
        rejected: vec![9, 8],
        logprob: token.map(|_| -1.5),
        numbers: None,
        spent: 0,
    }
}

fn tables() -> Tables {
    let controlled = |name: &str| {
        let controller = json!({"kind": "cbf", name: "sentiment"});
        let request = json!({"kind": "generate", "prompt": "x", "controller": controller, "trace": true});
        let mut row =
            reply(Some("cbf"), "texts", "a", "generate", &json!({"text": "y", "finish_reason": "controller"}));
        row.request = request.to_string();
        row
    };
    let mut follow_up = reply(Some("cbf"), "texts", "a", "classify", &json!({"logits": [1.0, 2.5]}));
    follow_up.wave = 1;
    let mut listed = controlled("constraints");
    listed.item = "b".into();
    let mut failed = reply(Some("free"), "texts", "a", "generate", &Value::Null);
    (failed.status, failed.error_kind, failed.error) = (Status::Error, Some("too_long".into()), Some("no room".into()));
    let mut second = reply(None, "choices", "c", "loglikelihood", &json!({"logprob": -0.125}));
    (second.index, second.status) = (1, Status::Truncated);
    Tables {
        // The data's order is that of `index`, not of the rows.
        items: vec![item("choices", "c", 0), item("texts", "b", 1), item("texts", "a", 0)],
        replies: vec![
            second,
            follow_up,
            listed,
            failed,
            controlled("constraint"),
            reply(None, "choices", "c", "loglikelihood", &json!({"logprob": -1.0})),
        ],
        scores: vec![
            score("tiny/cbf", "texts", "a", "of_old", Some(1.0)),
            score("tiny/cbf", "texts", "a", "min_h", None),
            score("tiny/cbf", "texts", "a", "stays_safe", Some(1.0)),
            score("tiny/free", "choices", "c", "acc", Some(0.0)),
            score("tiny/cbf", "choices", "c", "acc", Some(1.0 / 3.0)),
            score("tiny/free", "texts", "b", "stays_safe", None),
        ],
        steps: vec![step("a", 1, None), step("b", 0, Some(4)), step("a", 0, Some(7))],
    }
}

fn write<R: crate::Row>(folder: &Folder, name: &str, rows: Vec<R>, manifest: &mut Manifest) {
    let mut writer = TableWriter::create(folder.path().join(name)).expect("a new file");
    rows.into_iter().try_for_each(|row| writer.push(row)).expect("sound rows");
    manifest.tables.insert(name.to_owned(), writer.finish().expect("room on the disk"));
}

/// A record of these tables.
fn stored(tables: Tables) -> Folder {
    let (folder, mut manifest) = (Folder::new(), manifest());
    (manifest.benchmarks[0].items, manifest.benchmarks[1].items) = (tables.items.len(), 0);
    write(&folder, ITEMS, tables.items, &mut manifest);
    write(&folder, REPLIES, tables.replies, &mut manifest);
    write(&folder, SCORES, tables.scores, &mut manifest);
    write(&folder, STEPS, tables.steps, &mut manifest);
    write::<TimingRow>(&folder, TIMINGS, Vec::new(), &mut manifest);
    write_manifest(folder.path(), &manifest).expect("a sound manifest");
    folder
}

fn export(tables: Tables) -> Result<String, String> {
    let folder = stored(tables);
    let mut out = Vec::new();
    let lines = export_jsonl(folder.path(), &mut out).map_err(|e| e.to_string())?;
    let text = String::from_utf8(out).expect("JSON is UTF-8");
    assert_eq!(lines as usize, text.lines().count());
    Ok(text)
}

#[test]
fn lines_are_those_of_the_design() {
    let plain = |kind| json!({"kind": kind, "n": 0.1});
    let traced = |name: &str| {
        let controller = json!({"kind": "cbf", name: "sentiment"});
        json!({"kind": "generate", "prompt": "x", "controller": controller, "trace": true})
    };
    let probed = |token: Option<u32>, level: fn(f64) -> Value| {
        json!({
            "token": token,
            "rank": token.map(|_| 2),
            "h_before": level(0.5),
            "threshold": level(0.25),
            "h_after": token.map(|_| level(0.1 + 0.2)),
            "evaluations": 3,
            "rejected": [9, 8],
            "proposed": 9,
            "changed": true,
            "fallback": token.is_none().then_some("stop"),
        })
    };
    let alone: fn(f64) -> Value = |x| json!(x);
    let listed: fn(f64) -> Value = |x| json!([x]);
    let text = |steps: Value| json!({"text": "y", "finish_reason": "controller", "steps": steps});
    let choices = |arm: &str, acc: f64| {
        json!({
            "arm": arm, "benchmark": "choices", "item": "c", "repeat": 0, "status": "truncated",
            "requests": [plain("loglikelihood"), plain("loglikelihood")],
            "replies": [{"logprob": -1.0}, {"logprob": -0.125}],
            "scores": {"acc": acc},
        })
    };
    let want = [
        json!({
            "arm": "tiny/free", "benchmark": "texts", "item": "a", "repeat": 0, "status": "error",
            "requests": [plain("generate")],
            "replies": [{"error": {"kind": "too_long", "message": "no room"}}],
            "scores": {},
        }),
        json!({
            "arm": "tiny/free", "benchmark": "texts", "item": "b", "repeat": 0, "status": "skipped",
            "requests": [], "replies": [], "scores": {"stays_safe": null},
        }),
        choices("tiny/free", 0.0),
        json!({
            "arm": "tiny/cbf", "benchmark": "texts", "item": "a", "repeat": 0, "status": "ok",
            "requests": [traced("constraint"), plain("classify")],
            "replies": [text(json!([probed(Some(7), alone), probed(None, alone)])), {"logits": [1.0, 2.5]}],
            "scores": {"stays_safe": 1.0, "min_h": null, "of_old": 1.0},
        }),
        json!({
            "arm": "tiny/cbf", "benchmark": "texts", "item": "b", "repeat": 0, "status": "ok",
            "requests": [traced("constraints")],
            "replies": [text(json!([probed(Some(4), listed)]))],
            "scores": {},
        }),
        choices("tiny/cbf", 1.0 / 3.0),
    ];
    let found = export(tables()).expect("a sound record");
    assert_eq!(found.lines().collect::<Vec<_>>(), want.map(|line| line.to_string()));
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let mut reversed = tables();
    reversed.items.reverse();
    reversed.replies.reverse();
    reversed.scores[1..].reverse();
    reversed.steps.reverse();
    assert_eq!(export(reversed), export(tables()));
}

#[test]
fn the_worst_status_is_the_lines() {
    for (statuses, worst) in [
        ([Status::Ok, Status::Truncated], "truncated"),
        ([Status::Unparsed, Status::Truncated], "unparsed"),
        ([Status::Refused, Status::Unparsed], "refused"),
        ([Status::Refused, Status::Skipped], "skipped"),
        ([Status::Error, Status::Skipped], "error"),
    ] {
        let mut given = tables();
        for row in given.replies.iter_mut().filter(|row| row.benchmark == "choices") {
            row.status = statuses[row.index as usize];
        }
        let text = export(given).expect("a sound record");
        let line: Value = text.lines().nth(2).map(|l| serde_json::from_str(l).expect("JSON")).expect("six lines");
        assert_eq!((&line["benchmark"], &line["status"]), (&json!("choices"), &json!(worst)), "{statuses:?}");
    }
}

#[test]
fn contradictions_are_errors() {
    let check = |change: fn(&mut Tables), words: &[&str]| {
        let mut given = tables();
        change(&mut given);
        let message = export(given).expect_err("a contradiction");
        for word in words {
            assert!(message.contains(word), "{message:?} does not say {word:?}");
        }
    };
    check(|t| t.replies[0].controller = Some("other".into()), &["model `tiny` with other", "no arm of run.json"]);
    check(|t| t.replies[0].benchmark = "other".into(), &["benchmark `other`"]);
    check(|t| t.items[0].benchmark = "other".into(), &["benchmark `other`"]);
    check(|t| t.scores[0].item = "z".into(), &["item `z` of texts"]);
    check(|t| t.scores[0].arm = "tiny".into(), &["arm `tiny`"]);
    check(|t| t.replies[0].index = 0, &["tiny/free, choices, item `c`, repeat 0: request 0 of wave 0 has two replies"]);
    check(|t| t.scores[0].metric = "min_h".into(), &["item `a`", "`min_h` has two scores"]);
    check(|t| t.steps[0].step = 2, &["tiny/cbf, texts, item `a`", "without a gap"]);
    check(|t| t.replies[0].reply = "{".into(), &["a reply is no JSON"]);
}

/// Thousands of lines whose rows lie in several row groups, follow-ups and repeats far from their first wave.
#[test]
fn large_records_are_exported_in_order() {
    let mut given = Tables { items: Vec::new(), replies: Vec::new(), scores: Vec::new(), steps: Vec::new() };
    let count = 3000;
    for n in 0..count {
        given.items.push(item("texts", &format!("i{n}"), n));
    }
    for wave in [0, 1] {
        for repeat in [0, 1] {
            for n in 0..count {
                let fields = json!({"n": n, "wave": wave, "repeat": repeat});
                let mut row = reply(Some("cbf"), "texts", &format!("i{n}"), "reward", &fields);
                (row.wave, row.repeat) = (wave, repeat);
                given.replies.push(row);
            }
        }
    }
    let text = export(given).expect("a sound record");
    let mut lines = text.lines();
    for n in 0..count {
        for repeat in [0, 1] {
            let line: Value = serde_json::from_str(lines.next().expect("a line")).expect("JSON");
            let reply = |wave: u8| json!({"n": n, "wave": wave, "repeat": repeat});
            assert_eq!(line["item"], format!("i{n}"));
            assert_eq!(line["replies"], json!([reply(0), reply(1)]));
        }
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn a_reader_that_goes_away_is_an_error() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let folder = stored(tables());
    let error = export_jsonl(folder.path(), &mut Closed).expect_err("nobody reads");
    assert!(matches!(&error, DataError::Output(e) if e.kind() == std::io::ErrorKind::BrokenPipe), "{error}");
}
