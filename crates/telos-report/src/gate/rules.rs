//! Rule by rule: what is tested, and what comes of it.

use super::RuleResult;
use super::select::{Place, places, suits, takes_arm, takes_metric};
use crate::compare::{Change, Row, adjust, rows};
use crate::index::Index;
use crate::measure::{Measured, measure};
use crate::number;
use telos_core::metric::{Aggregate, Direction};
use telos_core::{Rule, Test};
use telos_stats::{LEVEL, MARGIN, Verdict, regression_within};

/// What all rules find, in their order.
pub(crate) fn judge(run: &Index<'_>, baseline: Option<&Index<'_>>, rules: &[Rule]) -> Vec<RuleResult> {
    let tested = baseline.map(|baseline| tested(run, baseline, rules)).unwrap_or_default();
    let mut out = Vec::new();
    for rule in rules {
        match rule.test {
            Test::Integrity => out.push(integrity(run, rule)),
            Test::Floor { min, max } => {
                out.extend(places(run, rule).into_iter().map(|place| floor(run, rule, place, (min, max))));
            }
            Test::Regression { margin } => {
                let mine = tested.iter().filter(|row| takes(run, rule, row));
                out.extend(mine.filter_map(|row| regressed(rule, row, margin)));
            }
        }
    }
    out
}

/// Every difference that some rule tests, once, so that Holm's adjustment counts none twice.
fn tested(run: &Index<'_>, baseline: &Index<'_>, rules: &[Rule]) -> Vec<Row> {
    let arms = &baseline.manifest.arms;
    let pairs = arms.iter().filter_map(|a| Some((a, run.manifest.arms.iter().find(|b| b.id == a.id)?))).collect();
    let mut tested = rows(baseline, run, &pairs);
    tested.retain(|row| rules.iter().any(|rule| takes(run, rule, row)));
    adjust(&mut tested);
    tested
}

fn takes(run: &Index<'_>, rule: &Rule, row: &Row) -> bool {
    let Change { benchmark, metric, arm_b, .. } = &row.change;
    let Some(entry) = run.benchmark(benchmark) else { return false };
    let suits = || entry.metrics.iter().any(|m| m.name == *metric && suits(rule, m));
    matches!(rule.test, Test::Regression { .. })
        && takes_metric(rule, benchmark, metric)
        && takes_arm(run, rule, arm_b, entry)
        && suits()
}

/// None for a metric that cannot regress.
fn regressed(rule: &Rule, Row { change, paired, direction }: &Row, margin: Option<f64>) -> Option<RuleResult> {
    let margin = margin.or_else(|| change.range.map(|[low, high]| MARGIN * (high - low)))?;
    let verdict = regression_within(paired, (*direction)?, margin, change.adjusted_p);
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
    let id = format!("{}:{}:{}:{}", rule.id, change.arm_b, change.benchmark, change.metric);
    let change = change.clone();
    Some(RuleResult { id, kind: "regression", verdict, reason, margin: Some(margin), min: None, max: None, change })
}

/// The run's number against its limits.
fn floor(run: &Index<'_>, rule: &Rule, place: Place<'_>, (min, max): (Option<f64>, Option<f64>)) -> RuleResult {
    let Place { arm, benchmark, metric } = place;
    let clusters = run.clusters(&benchmark.id);
    let values = run.column(&arm.arm.id, &benchmark.id, &metric.name).map_or(&[][..], |column| &column.values);
    let clusters = clusters.as_deref().filter(|clusters| clusters.len() == values.len());
    let measured = measure(values, clusters, metric, (run.manifest.seed, &benchmark.id));
    let (verdict, reason) = against_limits(&measured, min, max);
    let change = Change {
        direction: metric.direction,
        range: metric.range,
        aggregate: metric.aggregate,
        arm_a: arm.arm.id.clone(),
        n: measured.n,
        mean_b: measured.mean,
        low: measured.low,
        high: measured.high,
        method: measured.method.to_owned(),
        ..blank(&benchmark.id, &metric.name, &arm.arm.id)
    };
    let id = format!("{}:{}:{}:{}", rule.id, arm.arm.id, benchmark.id, metric.name);
    RuleResult { id, kind: "floor", verdict, reason, margin: None, min, max, change }
}

/// PASS: the whole interval keeps to the limits. FAIL: none of it does. Else the data cannot tell.
fn against_limits(measured: &Measured, min: Option<f64>, max: Option<f64>) -> (Verdict, String) {
    if measured.n == 0 {
        return (Verdict::Invalid, "no item has a value".to_owned());
    }
    let (Some(low), Some(high)) = (measured.low, measured.high) else {
        return (Verdict::Inconclusive, "too few items for an interval".to_owned());
    };
    let limits = match (min, max) {
        (Some(min), Some(max)) => format!("{} to {}", number::number(min), number::number(max)),
        (Some(min), None) => format!("at least {}", number::number(min)),
        (None, max) => format!("at most {}", number::maybe(max)),
    };
    let (least, most) = (min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY));
    if high < least || low > most {
        (Verdict::Fail, format!("the whole interval is outside: {limits} is asked"))
    } else if low >= least && high <= most {
        (Verdict::Pass, format!("the whole interval is {limits}"))
    } else {
        (
            Verdict::Inconclusive,
            format!("the interval is not all on one side: {limits} is asked; more items would tell"),
        )
    }
}

/// What is broken has ended the gate before; what is left is to say so.
fn integrity(run: &Index<'_>, rule: &Rule) -> RuleResult {
    let benchmarks = || run.manifest.benchmarks.iter();
    let mine = benchmarks().filter(|b| rule.benchmark.as_ref().is_none_or(|id| *id == b.id));
    let items = mine.filter_map(|b| run.items(&b.id)).map(|items| items.rows.len()).sum();
    let all = |named: &Option<String>, all: &str| named.clone().unwrap_or_else(|| all.to_owned());
    let arm = all(&rule.arm, "all arms");
    let change =
        Change { arm_a: arm.clone(), n: items, ..blank(&all(&rule.benchmark, "all benchmarks"), "integrity", &arm) };
    RuleResult {
        id: rule.id.clone(),
        kind: "integrity",
        verdict: Verdict::Pass,
        reason: "complete, no errors, nothing missing".to_owned(),
        margin: None,
        min: None,
        max: None,
        change,
    }
}

/// Numbers of which there are none yet.
fn blank(benchmark: &str, metric: &str, arm: &str) -> Change {
    Change {
        benchmark: benchmark.to_owned(),
        metric: metric.to_owned(),
        direction: Direction::None,
        range: None,
        aggregate: Aggregate::Mean,
        arm_a: arm.to_owned(),
        arm_b: arm.to_owned(),
        n: 0,
        mean_a: None,
        mean_b: None,
        difference: None,
        low: None,
        high: None,
        p: f64::NAN,
        adjusted_p: f64::NAN,
        method: "–".to_owned(),
        better: None,
        worse: None,
        changed: 0,
    }
}
