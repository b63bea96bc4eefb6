//! A number that is not there says why, wherever it is asked for: summary, terminal, gate and page.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use crate::gate::{self, gate};
use crate::testing::{Shape, record};
use crate::{PageOptions, html, summarise};
use serde_json::json;
use telos_core::metric::{Aggregate, Direction, Metric};
use telos_core::record::Record;
use telos_core::{Gates, Rule, Status};
use telos_stats::Verdict;

/// The record with one more metric in its first benchmark.
fn with(aggregate: &serde_json::Value, change: &dyn Fn(&mut Record)) -> Record {
    let mut made = record(&Shape { controller: false, ..Shape::default() });
    let aggregate: Aggregate = serde_json::from_value(aggregate.clone()).unwrap();
    let metric = Metric { aggregate, ..Metric::unbounded("made", Direction::Higher, "made of others") };
    made.manifest.benchmarks[0].metrics.push(metric);
    change(&mut made);
    made
}

fn check(record: &Record, reason: &str) {
    let summary = summarise(record).unwrap();
    let row = summary.benchmarks[0].rows.iter().find(|row| row.metric == "made").unwrap();
    assert_eq!((row.mean, row.low, row.n), (None, None, 0));
    assert!(row.reason.as_deref().is_some_and(|told| told.contains(reason)), "{row:?}");
    let json = serde_json::to_value(&summary).unwrap();
    assert!(json["benchmarks"][0]["rows"].to_string().contains(reason));
    let text = crate::summary_text::render_text(&summary, 120, true);
    assert!(text.contains("no made (tiny/free)") && text.contains(reason), "{text}");
    let rule = Rule {
        id: "made".into(),
        arm: None,
        benchmark: Some("truth".into()),
        metric: Some("made".into()),
        kind: "floor".into(),
        params: json!({"min": 0.1}).as_object().unwrap().clone(),
    };
    let gates = Gates { baseline: None, rules: vec![rule] };
    let verdict = gate(record, None, Some(&gates)).unwrap();
    assert_eq!(verdict.verdict, Verdict::Invalid);
    // Scores that are missing make the record one that cannot be judged, before any rule is looked at.
    let gaps = record.scores.iter().any(|score| score.value.is_none());
    assert!(gaps || gate::render_text(&verdict, 200).contains(reason));
    let page = html(record, None, &PageOptions::default()).unwrap();
    let told = page.split("no number: ").nth(1).unwrap().split("</span>").next().unwrap();
    assert!(told.contains(reason), "{told}");
}

#[test]
fn a_ratio_over_nothing() {
    let ratio = json!({"kind": "ratio", "of": "acc", "over": "acc"});
    let zeros = |record: &mut Record| record.scores.iter_mut().for_each(|score| score.value = Some(0.0));
    check(&with(&ratio, &zeros), "is 0, so there is nothing to divide by");
    let gone = |record: &mut Record| {
        for score in &mut record.scores {
            (score.value, score.status, score.reason) = (None, Status::Skipped, Some("no reply".into()));
        }
    };
    check(&with(&ratio, &gone), "no item has a value");
}

#[test]
fn a_group_with_a_gap_and_a_column_that_is_not_there() {
    let gap = |record: &mut Record| {
        record.items.iter_mut().for_each(|item| item.cluster = Some("one".into()));
        let first = &mut record.scores[0];
        (first.value, first.status, first.reason) = (None, Status::Error, Some("no reply".into()));
    };
    check(&with(&json!({"kind": "group_all", "of": "acc"}), &gap), "no group is whole and has a value for every item");
    check(&with(&json!({"kind": "macro", "of": "acc", "by": "category"}), &|_| {}), "`category`");
}

#[test]
fn a_formula_of_a_number_that_is_not_there() {
    let zeros = |record: &mut Record| record.scores.iter_mut().for_each(|score| score.value = Some(0.0));
    check(&with(&json!({"kind": "formula", "of": "1 / acc"}), &zeros), "divides by 0");
}
