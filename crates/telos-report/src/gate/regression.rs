//! `regression`: a metric is not worse than in the baseline.

use super::entry::{Entry, Judging, Test};
use super::result::RuleResult;
use super::select::takes;
use crate::compare::Row;
use crate::number;
use telos_core::gate::{ARM, BENCHMARK, ID, METRIC};
use telos_core::metric::{Direction, Metric};
use telos_core::shape::{Field, KindShape, Mistake, Shape, no_further_check};
use telos_core::{Rule, RuleShape};
use telos_stats::{LEVEL, MARGIN, Verdict, regression_within};

pub(super) const ENTRY: Entry = Entry {
    rule: RuleShape {
        shape: KindShape {
            kind: KIND,
            about: "A metric is not worse than in the baseline, paired by item and adjusted for all such rules (Holm).",
            fields: &[
                ID,
                ARM,
                BENCHMARK,
                METRIC,
                Field::optional(
                    "margin",
                    Shape::Number { min: 0.0, max: f64::INFINITY },
                    "A loss surely smaller than this does not matter, in the metric's unit; 0.05 × its range where it is missing.",
                ),
            ],
            check: no_further_check,
        },
        compares: true,
        unfit,
    },
    example: "{id: steady, kind: regression, margin: 0.1}",
    build: |rule: &Rule| match rule.number("margin") {
        Some(margin) if margin.is_nan() || margin < 0.0 => Err(format!("`margin` is 0 or more, not {margin}")),
        margin => Ok(Box::new(Regression { margin })),
    },
};

/// The kind, which a gate without rules asks of everything.
pub(super) const KIND: &str = "regression";

fn unfit(rule: &Rule, metric: &Metric) -> Option<Mistake> {
    let name = &metric.name;
    match metric.direction {
        Direction::None => {
            let why = format!("`{name}` only describes: it has no direction, so that it cannot become worse");
            Some((Some("metric"), why))
        }
        Direction::Higher | Direction::Lower if !finite(metric) && !rule.params.contains_key("margin") => {
            Some((Some("metric"), format!("`{name}` has no finite range; add `margin`, in its unit")))
        }
        Direction::Higher | Direction::Lower => None,
    }
}

fn finite(metric: &Metric) -> bool {
    metric.range.is_some_and(|range| range.iter().all(|end| end.is_finite()))
}

/// How far the worse end of the difference's interval may reach, in the metric's unit; 0.05 × its range where it is none.
struct Regression {
    margin: Option<f64>,
}

impl Test for Regression {
    fn takes(&self, metric: &Metric) -> bool {
        finite(metric)
    }

    fn needs(&self) -> Option<&'static str> {
        Some("what it names has no direction, or no finite range and the rule no `margin`")
    }

    fn judge(&self, Judging { asked, run, tested }: &Judging<'_>) -> Vec<RuleResult> {
        let mine = tested.iter().filter(|row| takes(run, asked, row));
        mine.filter_map(|row| self.regressed(asked.rule, row)).collect()
    }
}

impl Regression {
    /// None for a metric that cannot regress.
    fn regressed(&self, rule: &Rule, Row { change, paired, direction }: &Row) -> Option<RuleResult> {
        let margin = self.margin.or_else(|| change.range.map(|[low, high]| MARGIN * (high - low)))?;
        let verdict = regression_within(paired, (*direction)?, margin, change.adjusted_p);
        let reason = match verdict {
            Verdict::Pass if paired.changed == 0 => "no item differs".to_owned(),
            Verdict::Pass => {
                format!("the interval's worse end is nearer than {} to no change", number::number(margin))
            }
            Verdict::Fail => {
                format!("worse, and p = {} after Holm is below {LEVEL}", number::p_value(change.adjusted_p))
            }
            Verdict::Inconclusive if paired.interval.is_none() => "too few items for an interval".to_owned(),
            Verdict::Inconclusive => {
                format!(
                    "the interval reaches {} or further to the worse side; more items would tell",
                    number::number(margin)
                )
            }
            Verdict::Invalid => change.reason.clone().unwrap_or_else(|| "no item has a value on both sides".to_owned()),
        };
        let id = format!("{}:{}:{}:{}", rule.id, change.arm_b, change.benchmark, change.metric);
        let change = change.clone();
        Some(RuleResult {
            id,
            kind: KIND,
            verdict,
            reason,
            margin: Some(margin),
            min: None,
            max: None,
            of_difference: true,
            change,
        })
    }
}
