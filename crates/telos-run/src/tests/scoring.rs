//! Scoring a record again.

use super::*;
use crate::score;
use crate::testing::export;

#[test]
fn the_same_evaluators_give_the_same_bits_without_a_model() {
    let (out, sitting) = whole("score-same", &mixed(), &Zoo::new());
    sitting.result.expect("a run");
    let (before, lines) = (telos_data::read_record(&out).expect("a record"), export(&out));
    let rescored = score(&out).expect("scores");
    let after = telos_data::read_record(&out).expect("a record");
    assert_eq!((rescored.scores as usize, rescored.skipped), (before.scores.len(), 0));
    assert!(before.scores.iter().any(|s| s.metric == "evaluations" && s.value.is_some_and(|v| v > 0.0)));
    let bits = |s: &telos_core::record::ScoreRow| s.value.map(f64::to_bits);
    assert!(before.scores.iter().zip(&after.scores).all(|(a, b)| a == b && bits(a) == bits(b)));
    assert_eq!((export(&out), after.manifest), (lines, before.manifest));
    let kept = rescored.kept.expect("the old scores");
    assert_eq!(telos_data::read_scores(&kept).expect("a table"), before.scores);
}

/// Changes what the record says an evaluator was, as a later version of Telos or of a benchmark might.
fn change(out: &Path, evaluator: Value) {
    let mut manifest = telos_data::read_manifest(out).expect("a manifest");
    manifest.benchmarks[0].scoring["evaluator"] = evaluator;
    telos_data::write_manifest(out, &manifest).expect("a manifest");
}

#[test]
fn a_changed_evaluator_uses_what_is_stored() {
    let (out, sitting) = whole("score-changed", &suite(vec![choices("plain")]), &Zoo::new());
    sitting.result.expect("a run");
    let acc = || -> f64 {
        let scores = telos_data::read_scores(out.join(telos_data::SCORES)).expect("a table");
        scores.iter().filter(|s| s.metric == "acc").filter_map(|s| s.value).sum()
    };
    let right = acc();
    change(&out, json!({"kind": "multiple_choice", "correct": [0, 1]}));
    score(&out).expect("scores");
    assert!(acc() > right, "two right choices are easier than one");
}

#[test]
fn follow_ups_that_are_not_there_are_missed_and_said() {
    let (out, sitting) = whole("score-lacks", &suite(vec![texts("texts", 1)]), &Zoo::new());
    sitting.result.expect("a run");
    let other = json!({"id": "tone", "kind": "classifier_margin", "model": "sentiment", "positive": ["negative"], "negative": ["positive"]});
    change(&out, json!({"kind": "control", "constraint": other}));
    let rescored = score(&out).expect("scores");
    assert_eq!(rescored.skipped, rescored.scores);
    let scores = telos_data::read_scores(out.join(telos_data::SCORES)).expect("a table");
    assert!(scores.iter().all(|s| s.status.as_str() == "skipped" && s.value.is_none()));
}

#[test]
fn skipped_and_failed_items_stay_what_they_are() {
    let zoo = Zoo::new();
    zoo.0.max_length.store(23, Ordering::Relaxed);
    *zoo.0.poison.lock().expect("a lock") = Some("One and two?\\nA:".into());
    let cut = Suite { truncation: Truncation::Skip, ..suite(vec![choices("plain")]) };
    let (out, sitting) = whole("score-skipped", &cut, &zoo);
    sitting.result.expect("a run");
    let before = telos_data::read_record(&out).expect("a record").scores;
    score(&out).expect("scores");
    assert_eq!(telos_data::read_record(&out).expect("a record").scores, before);
}

#[test]
fn a_run_that_is_not_finished_is_not_scored() {
    let zoo = Zoo::new();
    zoo.0.stop_after.store(2, Ordering::Relaxed);
    let (out, _) = whole("score-unfinished", &suite(vec![choices("plain"), choices("more")]), &zoo);
    let error = score(&out).expect_err("it is not finished");
    assert!(error.is_input() && error.to_string().contains("--resume"), "{error}");
}

#[test]
fn texts_are_classified_in_a_follow_up_which_the_record_keeps() {
    let request = ("generate", json!({"prompt": "{{ q }}", "max_new_tokens": 6}));
    let evaluator = json!({"model": "sentiment", "label": "positive", "prompt": true});
    let zoo = Zoo::new();
    let (out, sitting) = whole("classified", &suite(vec![benchmark("mood", request, ("classifier", evaluator))]), &zoo);
    sitting.result.expect("a run");
    let before = telos_data::read_record(&out).expect("a record");
    let value = |metric: &str| -> Vec<f64> {
        before.scores.iter().filter(|s| s.metric == metric).map(|s| s.value.expect("a value")).collect()
    };
    let (p, hits) = (value("p_label"), value("is_label"));
    // Five items, three arms; the fake has two labels.
    assert_eq!(p.len(), 15);
    assert!(p.iter().zip(&hits).all(|(p, hit)| (*p > 0.5) == (*hit == 1.0)));
    assert!(before.replies.iter().any(|r| r.wave == 1 && r.kind == "classify" && r.request.contains("None and none?")));
    let rescored = score(&out).expect("scores");
    assert_eq!((rescored.scores, rescored.skipped), (30, 0));
    assert_eq!(telos_data::read_record(&out).expect("a record").scores, before.scores);
}
