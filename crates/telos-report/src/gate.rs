//! The verdict on a run against a baseline.
//!
//! Integrity comes first: same items and prompts, no errors, nothing missing; else the verdict is INVALID and nothing is tested.
//! Then one regression rule for each arm (each model, where no controller acts), benchmark and metric that has a direction and a
//! finite range, with Holm's adjustment over all of them. The verdict is the worst of the rules'.

use crate::compare::{Change, Row, adjust, arms_text, by_id, rows};
use crate::index::Index;
use crate::integrity::{Named, health, sameness};
use crate::measure::glyph;
use crate::number;
use crate::table::{Column, numbers, render, words};
use serde::{Serialize, Serializer};
use std::fmt::Write as _;
use telos_core::record::Record;
use telos_stats::{LEVEL, MARGIN, Verdict, regression};

/// What a gate found.
#[derive(Debug, Clone, Serialize)]
pub struct GateReport {
    /// The worst of all.
    #[serde(serialize_with = "word")]
    pub verdict: Verdict,
    /// What makes the two records incomparable; empty unless INVALID.
    pub integrity: Vec<String>,
    /// Rule by rule; empty where the integrity is broken.
    pub rules: Vec<RuleResult>,
}

/// What a rule found. In its change, `a` is the baseline and `b` the run.
#[derive(Debug, Clone, Serialize)]
pub struct RuleResult {
    /// `regression:ARM:BENCHMARK:METRIC`.
    pub id: String,
    /// The kind of rule.
    pub kind: &'static str,
    /// Its verdict.
    #[serde(serialize_with = "word")]
    pub verdict: Verdict,
    /// Why, for a person.
    pub reason: String,
    /// How far the worse end of the interval may reach, in the metric's unit.
    pub margin: f64,
    /// The numbers.
    pub change: Change,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
fn word<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.as_str())
}

/// Judges `run` against `baseline`, without a file of rules.
pub fn gate(run: &Record, baseline: &Record) -> GateReport {
    let (before, after) = (Index::new(baseline), Index::new(run));
    gate_indexed(&after, &before)
}

pub(crate) fn gate_indexed(run: &Index<'_>, baseline: &Index<'_>) -> GateReport {
    let names = ("the baseline", "the run");
    let mut integrity = Vec::new();
    let arms = by_id(baseline.record, run.record, names, &mut integrity);
    let before = Named { index: baseline, name: names.0 };
    let after = Named { index: run, name: names.1 };
    integrity.extend(health(before, &arms.iter().map(|(arm, _)| *arm).collect::<Vec<_>>()));
    integrity.extend(health(after, &arms.iter().map(|(_, arm)| *arm).collect::<Vec<_>>()));
    integrity.extend(sameness(before, after, &arms));
    if !integrity.is_empty() {
        return GateReport { verdict: Verdict::Invalid, integrity, rules: Vec::new() };
    }
    let mut judged = rows(baseline, run, &arms);
    judged.retain(|row| row.direction.is_some() && finite(row.change.range).is_some());
    adjust(&mut judged);
    let rules: Vec<RuleResult> = judged.into_iter().filter_map(judge).collect();
    let verdict = rules.iter().map(|rule| rule.verdict).max().unwrap_or(Verdict::Pass);
    GateReport { verdict, integrity, rules }
}

fn finite(range: Option<[f64; 2]>) -> Option<[f64; 2]> {
    range.filter(|[low, high]| low.is_finite() && high.is_finite())
}

/// None for a metric that cannot regress.
fn judge(Row { change, paired, direction }: Row) -> Option<RuleResult> {
    let (direction, range) = (direction?, finite(change.range)?);
    let verdict = regression(&paired, direction, range, change.adjusted_p);
    let margin = MARGIN * (range[1] - range[0]);
    let reason = match verdict {
        Verdict::Pass if paired.n_changed() == 0 => "no item differs".to_owned(),
        Verdict::Pass => {
            format!("the interval's worse end is nearer than {} to no change", number::number(margin))
        }
        Verdict::Fail => format!("worse, and p = {} after Holm is below {LEVEL}", number::p_value(change.adjusted_p)),
        Verdict::Inconclusive if paired.interval.is_none() => "too few items for an interval".to_owned(),
        Verdict::Inconclusive => {
            format!(
                "the interval reaches {} or further to the worse side; more items would tell",
                number::number(margin)
            )
        }
        Verdict::Invalid => "no item has a value on both sides".to_owned(),
    };
    let id = format!("regression:{}:{}:{}", change.arm_b, change.benchmark, change.metric);
    Some(RuleResult { id, kind: "regression", verdict, reason, margin, change })
}

const COLUMNS: [Column; 12] = [
    words("verdict"),
    words("benchmark"),
    words("metric"),
    words("arm"),
    numbers("n").dispensable(2),
    numbers("baseline").dispensable(3),
    numbers("run").dispensable(3),
    numbers("Δ"),
    words("95 % interval"),
    numbers("worse").dispensable(1),
    numbers("p (Holm)"),
    words("method").dispensable(4),
];

/// The report for a terminal of `width` columns.
pub fn render_text(report: &GateReport, width: usize) -> String {
    let mut out = format!("{}: {}\n", report.verdict, tally(report));
    for problem in &report.integrity {
        // Writing into a string cannot fail; so below.
        let _ = writeln!(out, "  {problem}");
    }
    if !report.rules.is_empty() {
        out.push('\n');
        let rows: Vec<_> = report.rules.iter().map(cells).collect();
        out.push_str(&render(&COLUMNS, &rows, width));
    }
    for rule in report.rules.iter().filter(|rule| rule.verdict != Verdict::Pass) {
        let place = format!("{}, {} of {}", rule.change.benchmark, rule.change.metric, arms_text(&rule.change));
        let _ = writeln!(out, "  {} {place}: {}", rule.verdict, rule.reason);
    }
    out
}

/// `3 rules: 2 PASS, 1 FAIL`, or how many problems there are.
pub(crate) fn tally(report: &GateReport) -> String {
    if !report.integrity.is_empty() {
        let n = number::counted(report.integrity.len(), "problem");
        return format!("{n} with the records' integrity, so nothing was tested");
    }
    if report.rules.is_empty() {
        return "no metric has a direction and a finite range, so there is no rule".to_owned();
    }
    let of = |verdict: Verdict| report.rules.iter().filter(|rule| rule.verdict == verdict).count();
    let words = [Verdict::Invalid, Verdict::Fail, Verdict::Inconclusive, Verdict::Pass];
    let parts: Vec<String> =
        words.into_iter().filter(|v| of(*v) > 0).map(|v| format!("{} {v}", number::count(of(v)))).collect();
    format!("{}: {}", number::counted(report.rules.len(), "rule"), parts.join(", "))
}

fn cells(rule: &RuleResult) -> Vec<String> {
    let change = &rule.change;
    vec![
        rule.verdict.to_string(),
        change.benchmark.clone(),
        format!("{} {}", glyph(change.direction), change.metric),
        arms_text(change),
        number::count(change.n),
        number::maybe(change.mean_a),
        number::maybe(change.mean_b),
        change.difference.map_or_else(|| "–".to_owned(), number::signed),
        number::signed_interval(change.low, change.high),
        change.worse.map_or_else(|| "–".to_owned(), number::count),
        number::p_value(change.adjusted_p),
        change.method.clone(),
    ]
}
