//! What a run that nothing disturbs leaves behind.

use super::*;
use crate::testing::export;
use std::collections::HashSet;
use telos_core::Status;
use telos_core::record::{Record, TimingRow};

fn record(name: &str, suite: &Suite, zoo: &Zoo) -> (Record, Sitting) {
    let (out, sitting) = whole(name, suite, zoo);
    if let Err(error) = &sitting.result {
        panic!("{error}");
    }
    (telos_data::read_record(out).expect("a record"), sitting)
}

#[test]
fn a_run_leaves_a_whole_record() {
    let zoo = Zoo::new();
    let (out, sitting) = whole("whole", &mixed(), &zoo);
    let manifest = sitting.result.expect("a run");
    assert_eq!((manifest.status.as_str(), manifest.timings.sittings), ("complete", 1));
    let mut files: Vec<_> = std::fs::read_dir(&out)
        .expect("a folder")
        .map(|f| f.expect("a file").file_name().into_string().expect("a name"))
        .collect();
    files.sort();
    let tables = ["items.parquet", "replies.parquet", "scores.parquet", "steps.parquet", "timings.parquet"];
    assert_eq!(files.iter().filter(|name| *name != "run.json").collect::<Vec<_>>(), tables.iter().collect::<Vec<_>>());
    assert_eq!(manifest.tables.keys().collect::<Vec<_>>(), tables.iter().collect::<Vec<_>>());
    let timings: Vec<TimingRow> = telos_data::read_rows(out.join("timings.parquet")).expect("a table");
    let replies = telos_data::read_replies(out.join("replies.parquet")).expect("a table");
    assert_eq!(timings.len(), replies.len());
    assert!(timings.iter().all(|row| row.seconds.is_some_and(|seconds| seconds >= 0.0)));
    let texts = timings.iter().zip(&replies).filter(|(_, reply)| reply.kind == "generate");
    for (timing, reply) in texts {
        let tokens = reply.token_ids.as_ref().map(|ids| ids.len() as u32);
        assert_eq!((timing.prompt_tokens, timing.reply_tokens), (reply.prompt_tokens, tokens));
    }
    assert_eq!(telos_data::read_manifest(&out).expect("a manifest"), manifest);
    let ids: Vec<&str> = manifest.models.iter().map(|m| m.id.as_str()).collect();
    assert_eq!(ids, ["small", "large", "blake3:weights-of-sentiment"]);
    let texts = &manifest.benchmarks[1];
    assert_eq!((texts.constraint.as_deref(), texts.repeats, texts.controlled), (Some("mood"), 3, true));
    assert_eq!(manifest.arms.iter().map(|a| a.free).collect::<Vec<_>>(), [true, false, true]);
    let Some(Event::Finished { errors: 0, skipped: 0, .. }) = sitting.events.last() else {
        panic!("{:?}", sitting.events.last())
    };
}

#[test]
fn replies_of_the_model_stand_once_and_scores_under_every_arm() {
    let zoo = Zoo::new();
    let (record, _) = record("arms", &suite(vec![choices("plain"), texts("texts", 2)]), &zoo);
    let of = |model: &str, controller: Option<&str>, benchmark: &str| {
        let fits = |r: &&telos_core::record::ReplyRow| {
            r.model == model && r.controller.as_deref() == controller && r.benchmark == benchmark
        };
        record.replies.iter().filter(fits).count()
    };
    assert_eq!((of("small", None, "plain"), of("large", None, "plain")), (11, 11));
    assert_eq!(of("small", Some("free"), "plain") + of("small", Some("cbf"), "plain"), 0);
    // Five items, two repeats, a text and its trajectory.
    assert_eq!((of("small", Some("free"), "texts"), of("small", Some("cbf"), "texts")), (20, 20));
    let arms: HashSet<&str> = record.scores.iter().filter(|s| s.metric == "acc").map(|s| s.arm.as_str()).collect();
    assert_eq!(arms, HashSet::from(["small/free", "small/cbf", "large/free"]));
    let pick = |arm: &str| -> Vec<Option<u64>> {
        let mine = record.scores.iter().filter(|s| s.arm == arm && s.benchmark == "plain");
        mine.map(|s| s.value.map(f64::to_bits)).collect()
    };
    assert_eq!(pick("small/free"), pick("small/cbf"));
    assert_ne!(pick("small/free"), pick("large/free"));
    assert!(record.steps.iter().all(|s| s.arm == "small/cbf") && record.steps.len() == 60);
    let order: Vec<_> =
        record.replies.iter().filter(|r| r.benchmark == "texts").map(|r| (r.item.as_str(), r.repeat, r.wave)).collect();
    assert_eq!(order[..5], [("a", 0, 0), ("a", 0, 1), ("a", 1, 0), ("a", 1, 1), ("b", 0, 0)]);
}

#[test]
fn names_stand_for_models_and_constraints() {
    let zoo = Zoo::new();
    let (record, _) = record("names", &suite(vec![texts("texts", 1)]), &zoo);
    let controlled = record.replies.iter().find(|r| r.controller.as_deref() == Some("cbf")).expect("a reply");
    let request: Value = serde_json::from_str(&controlled.request).expect("JSON");
    assert_eq!(request["controller"]["constraint"], json!("mood"));
    assert!(request.get("model").is_none());
    assert_eq!(controlled.seed, Some(telos_core::digest::item_seed(11, "texts", "a")));
    let reply: Value = serde_json::from_str(&controlled.reply).expect("JSON");
    assert!(reply.get("steps").is_none() && reply.get("text").is_some());
    let follow_up = record.replies.iter().find(|r| r.wave == 1).expect("a follow-up");
    assert_eq!(follow_up.kind, "trajectory");
    let request: Value = serde_json::from_str(&follow_up.request).expect("JSON");
    assert_eq!(request["constraint"], json!("mood"));
    let free = record.replies.iter().find(|r| r.controller.as_deref() == Some("free")).expect("a reply");
    assert_eq!(free.prompt_hash, controlled.prompt_hash);
    assert_ne!(free.request_hash, controlled.request_hash);
}

#[test]
fn equal_requests_are_asked_once() {
    let zoo = Zoo::new();
    // Items `a` and `e` ask the same; the second benchmark asks all of it again.
    let (record, sitting) = record("once", &suite(vec![choices("plain"), choices("again")]), &zoo);
    let asked = zoo.asked();
    assert_eq!(asked.iter().collect::<HashSet<_>>().len(), asked.len());
    assert_eq!(asked.len(), 18, "nine requests for each of two models");
    assert_eq!(record.replies.len(), 44);
    assert_eq!(record.manifest.counts.requests, 18);
    let total = sitting.events.iter().filter(|e| matches!(e, Event::Replied { .. })).count();
    assert_eq!(total, 18);
}

#[test]
fn two_runs_export_the_same_bytes_in_whatever_order_replies_come() {
    let (first, sitting) = whole("bytes-1", &mixed(), &Zoo::new());
    sitting.result.expect("a run");
    let zoo = Zoo::new();
    zoo.0.backwards.store(true, Ordering::Relaxed);
    let (second, sitting) = whole("bytes-2", &mixed(), &zoo);
    sitting.result.expect("a run");
    let lines = export(&first);
    assert_eq!(lines, export(&second));
    assert_eq!(lines.lines().count(), 3 * (4 * 5 + 15));
}

#[test]
fn an_error_is_a_row_and_a_missing_score() {
    let zoo = Zoo::new();
    *zoo.0.poison.lock().expect("a lock") = Some("Two and two?\\nA:".into());
    let (record, sitting) = record("errors", &suite(vec![choices("plain")]), &zoo);
    let bad: Vec<_> = record.replies.iter().filter(|r| r.status == Status::Error).collect();
    assert_eq!(bad.len(), 4);
    assert!(bad.iter().all(|r| r.item == "c" && r.error_kind.as_deref() == Some("internal")));
    let missing: Vec<_> = record.scores.iter().filter(|s| s.status == Status::Error).collect();
    assert_eq!(missing.len(), 3 * 4);
    assert!(missing.iter().all(|s| s.item == "c" && s.value.is_none() && s.reason.as_deref() == Some("poisoned")));
    assert!(matches!(sitting.events.last(), Some(Event::Finished { errors: 4, .. })));
}

#[test]
fn chats_become_turns() {
    let zoo = Zoo::new();
    let chat = |b: Benchmark| Benchmark { chat: true, ..b };
    let generate = benchmark(
        "answers",
        ("generate", json!({"prompt": "{{ q }}", "max_new_tokens": 2})),
        ("match", json!({"target": "{{ options[right] }}"})),
    );
    let one = Suite {
        arms: vec![Arm { model: 0, controller: 0 }],
        ..suite(vec![chat(shots(choices("mc"), 1)), chat(shots(generate, 1))])
    };
    let (record, _) = record("chats", &one, &zoo);
    let request = |benchmark: &str| -> Value {
        let row = record.replies.iter().find(|r| r.benchmark == benchmark).expect("a reply");
        serde_json::from_str(&row.request).expect("JSON")
    };
    let context = request("mc")["context"].as_str().expect("a text").to_owned();
    assert!(context.starts_with("<user>Q: ") && context.ends_with("<user>Q: One and one?\nA:<assistant>"), "{context}");
    assert_eq!(context.matches("<assistant>").count(), 2);
    assert_eq!(request("mc")["continuation"], json!("two"), "no delimiter after a template");
    let messages = &request("answers")["messages"];
    let roles: Vec<_> =
        messages.as_array().expect("turns").iter().map(|m| m["role"].as_str().expect("a role")).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    assert_eq!(messages[2]["content"], json!("One and one?"));
}

#[test]
fn examples_stand_before_the_question() {
    let zoo = Zoo::new();
    let (record, _) = record("shots", &suite(vec![shots(choices("mc"), 2)]), &zoo);
    for row in record.replies.iter().filter(|r| r.model == "small") {
        let request: Value = serde_json::from_str(&row.request).expect("JSON");
        let parts: Vec<&str> = request["context"].as_str().expect("a text").split("\n\n").collect();
        assert_eq!(parts.len(), 3);
        assert!(parts[2].ends_with("\nA:"));
        let answers =
            ["One and one?\nA: two", "One and two?\nA: three", "Two and two?\nA: four", "None and none?\nA: one"];
        assert!(parts[..2].iter().all(|part| answers.iter().any(|a| *part == format!("Q: {a}"))), "{parts:?}");
    }
}
