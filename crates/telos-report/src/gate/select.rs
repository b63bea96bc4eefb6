//! What a rule selects.

use super::entry::Asked;
use crate::compare::{Change, Row};
use crate::index::{Index, Shown};
use telos_core::Rule;
use telos_core::metric::Metric;
use telos_core::record::BenchmarkEntry;
use telos_core::text::did_you_mean;

/// One metric of one arm on one benchmark.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) arm: Shown<'a>,
    pub(crate) benchmark: &'a BenchmarkEntry,
    pub(crate) metric: &'a Metric,
}

/// Whether a rule takes an arm on a benchmark: by its id, or by its model where no controller acts.
fn takes_arm(run: &Index<'_>, rule: &Rule, arm: &str, benchmark: &BenchmarkEntry) -> bool {
    let model = |id: &str| run.manifest.arms.iter().find(|a| a.id == id).map(|a| a.model.as_str());
    match &rule.arm {
        None => true,
        Some(id) => id == arm || (!benchmark.controlled && model(id).is_some() && model(id) == model(arm)),
    }
}

/// Whether a rule names a metric, or all of them.
fn takes_metric(rule: &Rule, benchmark: &str, metric: &str) -> bool {
    rule.benchmark.as_ref().is_none_or(|id| id == benchmark) && rule.metric.as_ref().is_none_or(|name| name == metric)
}

/// Whether a rule takes a difference between the run and the baseline.
pub(crate) fn takes(run: &Index<'_>, asked: &Asked<'_>, row: &Row) -> bool {
    let Change { benchmark, metric, arm_b, .. } = &row.change;
    let Some(entry) = run.benchmark(benchmark) else { return false };
    takes_metric(asked.rule, benchmark, metric)
        && takes_arm(run, asked.rule, arm_b, entry)
        && entry.metrics.iter().any(|m| m.name == *metric && asked.suits(m))
}

/// Everything in the run that a rule takes and that suits it, in the order of benchmarks, metrics and arms.
pub(crate) fn places<'a>(run: &'a Index<'_>, asked: &Asked<'_>) -> Vec<Place<'a>> {
    let rule = asked.rule;
    let mut out = Vec::new();
    for benchmark in &run.manifest.benchmarks {
        let metrics = benchmark.metrics.iter();
        for metric in metrics.filter(|m| takes_metric(rule, &benchmark.id, &m.name) && asked.suits(m)) {
            let shown = run.shown(benchmark).into_iter().filter(|s| takes_arm(run, rule, &s.arm.id, benchmark));
            out.extend(shown.map(|arm| Place { arm, benchmark, metric }));
        }
    }
    out
}

/// A message for each rule that selects nothing, with what it may have meant.
pub(crate) fn empty(run: &Index<'_>, asked: &[Asked<'_>]) -> Vec<String> {
    asked.iter().flat_map(|asked| why_empty(run, asked)).collect()
}

fn why_empty(run: &Index<'_>, asked: &Asked<'_>) -> Vec<String> {
    let rule = asked.rule;
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
    if let (true, Some(why)) = (problems.is_empty() && places(run, asked).is_empty(), asked.test.needs()) {
        problems.push(format!("the rule {} selects nothing: {why}", rule.id));
    }
    problems
}
