//! What a rule selects.

use crate::index::{Index, Shown};
use telos_core::metric::{Direction, Metric};
use telos_core::record::BenchmarkEntry;
use telos_core::text::did_you_mean;
use telos_core::{Rule, Test};

/// One metric of one arm on one benchmark.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) arm: Shown<'a>,
    pub(crate) benchmark: &'a BenchmarkEntry,
    pub(crate) metric: &'a Metric,
}

/// Whether a rule takes an arm on a benchmark: by its id, or by its model where no controller acts.
pub(crate) fn takes_arm(run: &Index<'_>, rule: &Rule, arm: &str, benchmark: &BenchmarkEntry) -> bool {
    let model = |id: &str| run.manifest.arms.iter().find(|a| a.id == id).map(|a| a.model.as_str());
    match &rule.arm {
        None => true,
        Some(id) => id == arm || (!benchmark.controlled && model(id).is_some() && model(id) == model(arm)),
    }
}

/// Whether a rule's test can be asked of a metric. A rule that names no metric takes those that it suits.
pub(crate) fn suits(rule: &Rule, metric: &Metric) -> bool {
    let named = rule.metric.is_some();
    let finite = metric.range.is_some_and(|range| range.iter().all(|end| end.is_finite()));
    match (rule.test, metric.direction) {
        (Test::Integrity, _) | (Test::Regression { .. }, Direction::None) => false,
        (Test::Floor { min, .. }, Direction::Lower) => min.is_none(),
        (Test::Floor { max, .. }, Direction::Higher) => max.is_none(),
        (Test::Floor { .. }, Direction::None) => named,
        (Test::Regression { margin }, _) => finite || (named && margin.is_some()),
    }
}

/// Whether a rule names a metric, or all of them.
pub(crate) fn takes_metric(rule: &Rule, benchmark: &str, metric: &str) -> bool {
    rule.benchmark.as_ref().is_none_or(|id| id == benchmark) && rule.metric.as_ref().is_none_or(|name| name == metric)
}

/// Everything in the run that a rule takes and that suits it, in the order of benchmarks, metrics and arms.
pub(crate) fn places<'a>(run: &'a Index<'_>, rule: &Rule) -> Vec<Place<'a>> {
    let mut out = Vec::new();
    for benchmark in &run.manifest.benchmarks {
        let metrics = benchmark.metrics.iter();
        for metric in metrics.filter(|m| takes_metric(rule, &benchmark.id, &m.name) && suits(rule, m)) {
            let shown = run.shown(benchmark).into_iter().filter(|s| takes_arm(run, rule, &s.arm.id, benchmark));
            out.extend(shown.map(|arm| Place { arm, benchmark, metric }));
        }
    }
    out
}

/// A message for each rule that selects nothing, with what it may have meant.
pub(crate) fn empty(run: &Index<'_>, rules: &[Rule]) -> Vec<String> {
    rules.iter().flat_map(|rule| why_empty(run, rule)).collect()
}

fn why_empty(run: &Index<'_>, rule: &Rule) -> Vec<String> {
    let manifest = run.manifest;
    let mut problems = Vec::new();
    let arms: Vec<&str> = manifest.arms.iter().map(|arm| arm.id.as_str()).collect();
    let benchmarks: Vec<&str> = manifest.benchmarks.iter().map(|b| b.id.as_str()).collect();
    let taken = || manifest.benchmarks.iter().filter(|b| rule.benchmark.as_ref().is_none_or(|id| *id == b.id));
    let mut metrics: Vec<&str> = Vec::new();
    for name in taken().flat_map(|b| &b.metrics).map(|m| m.name.as_str()) {
        if !metrics.contains(&name) {
            metrics.push(name);
        }
    }
    let selectors =
        [("arm", &rule.arm, &arms), ("benchmark", &rule.benchmark, &benchmarks), ("metric", &rule.metric, &metrics)];
    for (what, named, known) in selectors {
        if let Some(id) = named.as_ref().filter(|id| !known.is_empty() && !known.contains(&id.as_str())) {
            let hint = match did_you_mean(id, known.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("there are {}", known.join(", ")),
            };
            problems.push(format!("the rule {} selects nothing: the run has no {what} {id}; {hint}", rule.id));
        }
    }
    if problems.is_empty() && !matches!(rule.test, Test::Integrity) && places(run, rule).is_empty() {
        let why = match rule.test {
            Test::Floor { min: Some(_), max: Some(_) } => "no metric takes both `min` and `max` that has a direction",
            Test::Floor { min: Some(_), .. } => {
                "`min` is for metrics that are better when higher, `max` for the others"
            }
            Test::Floor { .. } => "`max` is for metrics that are better when lower, `min` for the others",
            _ => "what it names has no direction, or no finite range and the rule no `margin`",
        };
        problems.push(format!("the rule {} selects nothing: {why}", rule.id));
    }
    problems
}
