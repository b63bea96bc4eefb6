//! `floor`: a metric is good enough by itself.

use super::entry::{Entry, Judging, Test};
use super::result::{RuleResult, blank};
use super::select::{Place, places};
use crate::compare::Change;
use crate::index::Index;
use crate::measure::{Measured, measure};
use crate::number;
use serde_json::{Map, Value};
use telos_core::gate::{ARM, BENCHMARK, ID, METRIC};
use telos_core::metric::{Direction, Metric};
use telos_core::shape::{Field, KindShape, Mistake, Shape};
use telos_core::{Rule, RuleShape};
use telos_stats::Verdict;

pub(super) const ENTRY: Entry = Entry {
    rule: RuleShape {
        shape: KindShape {
            kind: KIND,
            about: "A metric is good enough: PASS where its whole 95 % interval is, FAIL where none of it is.",
            fields: &[
                ID,
                ARM,
                BENCHMARK,
                METRIC,
                Field::optional("min", NUMBER, "The least value, for metrics that are better when higher."),
                Field::optional("max", NUMBER, "The largest value, for metrics that are better when lower."),
            ],
            check: a_limit,
        },
        compares: false,
        unfit,
    },
    example: "{id: good, kind: floor, metric: acc, min: 0.5}",
    build: |rule: &Rule| match a_limit(&rule.params).pop() {
        Some((_, message)) => Err(message),
        None => Ok(Box::new(Floor { min: rule.number("min"), max: rule.number("max") })),
    },
};

const KIND: &str = "floor";
const NUMBER: Shape = Shape::Number { min: f64::NEG_INFINITY, max: f64::INFINITY };

fn a_limit(rule: &Map<String, Value>) -> Vec<Mistake> {
    let limit = |key: &str| rule.get(key).and_then(Value::as_f64);
    match (limit("min"), limit("max")) {
        (None, None) => vec![(None, "one of `min` and `max` is needed".into())],
        (Some(min), Some(max)) if min > max => vec![(Some("max"), format!("`max` is below `min`, which is {min}"))],
        _ => Vec::new(),
    }
}

/// A limit on the side where values are better is a mistake.
fn unfit(rule: &Rule, metric: &Metric) -> Option<Mistake> {
    let name = &metric.name;
    let states = |key: &str| rule.params.contains_key(key);
    match metric.direction {
        Direction::Lower if states("min") => {
            Some((Some("min"), format!("`{name}` is better when lower, so that its limit is `max`")))
        }
        Direction::Higher if states("max") => {
            Some((Some("max"), format!("`{name}` is better when higher, so that its limit is `min`")))
        }
        Direction::Lower | Direction::Higher | Direction::None => None,
    }
}

/// The metric's 95 % interval lies at or above `min`, and at or below `max`, in the metric's unit.
struct Floor {
    min: Option<f64>,
    max: Option<f64>,
}

impl Test for Floor {
    fn takes(&self, metric: &Metric) -> bool {
        metric.direction != Direction::None
    }

    fn needs(&self) -> Option<&'static str> {
        Some(match (self.min, self.max) {
            (Some(_), Some(_)) => "no metric takes both `min` and `max` that has a direction",
            (Some(_), None) => "`min` is for metrics that are better when higher, `max` for the others",
            (None, _) => "`max` is for metrics that are better when lower, `min` for the others",
        })
    }

    fn judge(&self, Judging { asked, run, .. }: &Judging<'_>) -> Vec<RuleResult> {
        places(run, asked).into_iter().map(|place| self.at(run, asked.rule, place)).collect()
    }
}

impl Floor {
    /// The run's number against the limits.
    fn at(&self, run: &Index<'_>, rule: &Rule, Place { arm, benchmark, metric }: Place<'_>) -> RuleResult {
        let items = run.sees(&arm.arm.id, benchmark, metric).unwrap_or_default();
        let measured = measure(&items, metric, &benchmark.metrics, (run.manifest.seed, &benchmark.id));
        let (verdict, reason) = self.limits(&measured);
        let change = Change {
            direction: metric.direction,
            range: metric.range,
            aggregate: metric.aggregate.clone(),
            arm_a: arm.arm.id.clone(),
            n: measured.n,
            mean_b: measured.mean,
            low: measured.low,
            high: measured.high,
            method: measured.method.to_owned(),
            ..blank(&benchmark.id, &metric.name, &arm.arm.id)
        };
        let id = format!("{}:{}:{}:{}", rule.id, arm.arm.id, benchmark.id, metric.name);
        RuleResult {
            id,
            kind: KIND,
            verdict,
            reason,
            margin: None,
            min: self.min,
            max: self.max,
            of_difference: false,
            change,
        }
    }

    /// PASS: the whole interval keeps to the limits. FAIL: none of it does. Else the data cannot tell.
    fn limits(&self, measured: &Measured) -> (Verdict, String) {
        if measured.n == 0 {
            return (Verdict::Invalid, measured.reason.clone().unwrap_or_else(|| "no item has a value".to_owned()));
        }
        let (Some(low), Some(high)) = (measured.low, measured.high) else {
            return (Verdict::Inconclusive, "too few items for an interval".to_owned());
        };
        let limits = match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{} to {}", number::number(min), number::number(max)),
            (Some(min), None) => format!("at least {}", number::number(min)),
            (None, max) => format!("at most {}", number::maybe(max)),
        };
        let (least, most) = (self.min.unwrap_or(f64::NEG_INFINITY), self.max.unwrap_or(f64::INFINITY));
        if high < least || low > most {
            (Verdict::Fail, format!("the whole interval is outside: {limits} is asked"))
        } else if low >= least && high <= most {
            (Verdict::Pass, format!("the whole interval is {limits}"))
        } else {
            let reason = format!("the interval is not all on one side: {limits} is asked; more items would tell");
            (Verdict::Inconclusive, reason)
        }
    }
}
