//! What a rule finds, in numbers.

use crate::compare::Change;
use serde::{Serialize, Serializer};
use telos_core::metric::{Aggregate, Direction};
use telos_stats::Verdict;

/// What a gate found.
#[derive(Debug, Clone, Serialize)]
pub struct GateReport {
    /// The worst of all.
    #[serde(serialize_with = "word")]
    pub verdict: Verdict,
    /// Why nothing was tested: what is wrong with the records, or rules that select nothing; empty unless INVALID.
    pub integrity: Vec<String>,
    /// Rule by rule; empty where nothing was tested.
    pub rules: Vec<RuleResult>,
}

/// What a rule found. In its change, `a` is the baseline and `b` the run; without a baseline there is only `b`.
#[derive(Debug, Clone, Serialize)]
pub struct RuleResult {
    /// `RULE:ARM:BENCHMARK:METRIC`; `regression:…` where there is no file of rules. The id alone for an integrity.
    pub id: String,
    /// The rule's kind.
    pub kind: &'static str,
    /// Its verdict.
    #[serde(serialize_with = "word")]
    pub verdict: Verdict,
    /// Why, for a person.
    pub reason: String,
    /// Of a regression: how far the worse end of the interval may reach, in the metric's unit.
    pub margin: Option<f64>,
    /// Of a floor: the least value.
    pub min: Option<f64>,
    /// Of a floor: the largest value.
    pub max: Option<f64>,
    /// Whether its interval is of the difference from the baseline; else it is of the run's number.
    #[serde(skip)]
    pub of_difference: bool,
    /// The numbers. Those of a floor are of the run alone, `low` and `high` too, and nothing has a p-value.
    pub change: Change,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
fn word<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.as_str())
}

/// Numbers of which there are none yet.
pub(super) fn blank(benchmark: &str, metric: &str, arm: &str) -> Change {
    Change {
        benchmark: benchmark.to_owned(),
        metric: metric.to_owned(),
        direction: Direction::None,
        range: None,
        aggregate: Aggregate::default(),
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
        reason: None,
    }
}
