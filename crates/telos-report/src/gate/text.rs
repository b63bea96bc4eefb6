//! A gate for a terminal.

use super::result::{GateReport, RuleResult};
use crate::compare::arms_text;
use crate::measure::glyph;
use crate::number;
use std::fmt::Write as _;
use telos_core::columns::{Column, Frame, numbers, render, words};
use telos_stats::Verdict;

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
        out.push_str(&render(&COLUMNS, &rows, Frame { indent: 2, width }));
    }
    for rule in report.rules.iter().filter(|rule| rule.verdict != Verdict::Pass) {
        let place = format!("{}, {} of {}", rule.change.benchmark, rule.change.metric, arms_text(&rule.change));
        let _ = writeln!(out, "  {} {place}: {}", rule.verdict, rule.reason);
    }
    out
}

/// The interval: of the difference, or of the run's number where that is what the rule is about.
pub(crate) fn interval(rule: &RuleResult) -> String {
    let (low, high) = (rule.change.low, rule.change.high);
    if rule.of_difference { number::signed_interval(low, high) } else { number::interval(low, high) }
}

/// The adjusted p-value, where the rule has one.
pub(crate) fn p_value(rule: &RuleResult) -> String {
    let p = rule.change.adjusted_p;
    if p.is_nan() { "–".to_owned() } else { number::p_value(p) }
}

/// `3 rules: 2 PASS, 1 FAIL`, or how many problems there are.
pub(crate) fn tally(report: &GateReport) -> String {
    if !report.integrity.is_empty() {
        let n = number::counted(report.integrity.len(), "problem");
        return format!("{n} with the records' integrity or with the rules, so nothing was tested");
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
        interval(rule),
        change.worse.map_or_else(|| "–".to_owned(), number::count),
        p_value(rule),
        change.method.clone(),
    ]
}
