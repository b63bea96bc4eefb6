//! Chats of several turns, and what is asked about them.

use super::*;
use crate::score;
use crate::testing::export;
use telos_core::record::Record;

fn chat(turns: &[&str], repeats: u32) -> Benchmark {
    let messages = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{ q }}"}]);
    let request = json!({"messages": messages, "turns": turns, "max_new_tokens": 4});
    let made = benchmark("chat", ("generate", request), ("control", json!({"constraint": constraint()})));
    Benchmark { repeats, ..made }
}

fn record(name: &str, suite: &Suite, zoo: &Zoo) -> (PathBuf, Record) {
    let (out, sitting) = whole(name, suite, zoo);
    sitting.result.unwrap_or_else(|e| panic!("{e}"));
    let record = telos_data::read_record(&out).expect("a record");
    (out, record)
}

/// D12: an item of two texts under a controller; each step knows whose it is, and the record can be exported.
#[test]
fn d12_a_chat_of_two_turns_under_a_controller_is_recorded_exported_and_scored_again() {
    let suite = suite(vec![chat(&["And {{ options[0] }}?"], 2)]);
    let zoo = Zoo::new();
    let (out, record) = record("chat", &suite, &zoo);
    let mine: Vec<_> = record
        .replies
        .iter()
        .filter(|r| r.controller.as_deref() == Some("cbf") && (r.item.as_str(), r.repeat) == ("a", 1))
        .collect();
    let places: Vec<(u8, u32, &str)> = mine.iter().map(|r| (r.wave, r.index, r.kind.as_str())).collect();
    assert_eq!(places, [(0, 0, "generate"), (1, 0, "generate"), (2, 0, "trajectory"), (2, 1, "trajectory")]);
    let request = |i: usize| -> Value { serde_json::from_str(&mine[i].request).expect("JSON") };
    let said: Vec<(String, String)> = request(1)["messages"]
        .as_array()
        .expect("turns")
        .iter()
        .map(|turn| (turn["role"].as_str().expect("a role").into(), turn["content"].as_str().expect("a text").into()))
        .collect();
    let reply = mine[0].text.clone().expect("a text");
    let turn = |role: &str, text: &str| (role.to_owned(), text.to_owned());
    let expected = [
        turn("system", "Be brief."),
        turn("user", "One and one?"),
        turn("assistant", &reply),
        turn("user", "And two?"),
    ];
    assert_eq!(said, expected);
    assert_ne!(mine[0].seed, mine[1].seed, "the noise of the first turn is not that of the second");
    assert_eq!(request(1)["sample"], json!(1));
    let steps = |wave: u8| record.steps.iter().filter(|s| s.wave == wave && s.item == "a" && s.repeat == 1).count();
    assert_eq!((steps(0), steps(1), steps(2)), (4, 4, 0));
    assert_eq!(record.manifest.benchmarks[0].turns(), 2);
    assert_eq!(record.manifest.counts.new_tokens, 3 * 5 * 2 * 2 * 4);
    let lines = export(&out);
    let line: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        (line["requests"].as_array().map(Vec::len), line["replies"].as_array().map(Vec::len)),
        (Some(4), Some(4))
    );
    let scores = record.scores.clone();
    assert_eq!(score(&out).expect("scores").skipped, 0);
    assert_eq!(telos_data::read_scores(out.join(telos_data::SCORES)).expect("a table"), scores);
    assert_eq!(export(&out), lines);
}

#[test]
fn a_chat_that_is_interrupted_between_its_turns_ends_the_same() {
    let suite = suite(vec![chat(&["And {{ options[0] }}?", "So?"], 2)]);
    let (out, _) = record("chat-stop-0", &suite, &Zoo::new());
    let expected = export(&out);
    for (after, under_way) in [(3, 0), (17, 0), (31, 5), (44, 5)] {
        let zoo = Zoo::new();
        zoo.0.under_way.store(under_way, Ordering::Relaxed);
        let out = folder(&format!("chat-stop-{after}")).join("run");
        for sittings in 0.. {
            zoo.0.stop_after.store(after, Ordering::Relaxed);
            match sit(&suite, &zoo, &out, sittings > 0).result {
                Ok(_) => break,
                Err(RunError::Interrupted) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(export(&out), expected, "after {after}");
    }
}

#[test]
fn a_turn_without_a_text_ends_the_chat_and_a_failed_one_too() {
    let zoo = Zoo::new();
    *zoo.0.poison.lock().expect("a lock") = Some("\"content\":\"None and none?\"".into());
    let one = chat(&["{{ 'And?' if group == 'y' else '' }}", "So?"], 1);
    let (_, record) = record("chat-ends", &suite(vec![one]), &zoo);
    let waves = |item: &str| -> Vec<(u8, &str)> {
        let mine = record.replies.iter().filter(|r| r.item == item && r.model == "large");
        mine.map(|r| (r.wave, r.kind.as_str())).collect()
    };
    assert_eq!(waves("a"), [(0, "generate"), (1, "trajectory")]);
    assert_eq!(
        waves("c"),
        [(0, "generate"), (1, "generate"), (2, "generate"), (3, "trajectory"), (3, "trajectory"), (3, "trajectory")]
    );
    assert_eq!(waves("d"), [(0, "generate")], "nothing follows an error");
    assert!(record.scores.iter().filter(|s| s.item == "d").all(|s| s.value.is_none() && s.status.as_str() == "error"));
}

#[test]
fn a_text_goes_on_behind_its_reply() {
    let request = json!({"prompt": "{{ q }}", "turns": [" Then {{ options[1] }}"], "max_new_tokens": 3});
    let made = benchmark("text", ("generate", request), ("match", json!({"target": "x"})));
    let (_, record) = record("text-turns", &suite(vec![made]), &Zoo::new());
    let mine: Vec<_> = record.replies.iter().filter(|r| r.model == "large" && r.item == "a").collect();
    let second: Value = serde_json::from_str(&mine[1].request).expect("JSON");
    let first = mine[0].text.as_deref().expect("a text");
    assert_eq!(second["prompt"], json!(format!("One and one?{first} Then three")));
}
