//! What a gate asks of a record: rules, as a file of them or a suite states them.

use crate::Metric;
use crate::shape::{Field, KindShape, Mistake, Shape};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// The rules of a gate.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gates {
    /// What rules hold the record against that compare: a record's folder, or a file of `telos baseline accept`.
    pub baseline: Option<PathBuf>,
    /// In the file's order.
    pub rules: Vec<Rule>,
}

/// One rule. A selector of none takes all.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its id, unique within the gate.
    pub id: String,
    /// The arm, `MODEL-ID/CONTROLLER-ID`; where no controller acts, its model is meant.
    pub arm: Option<String>,
    /// The benchmark's id.
    pub benchmark: Option<String>,
    /// The metric's name.
    pub metric: Option<String>,
    /// What it asks: a kind of the table of gates.
    pub kind: String,
    /// The keys of its kind, such as the `min` of a `floor`.
    pub params: Map<String, Value>,
}

/// The rule's id.
pub const ID: Field = Field::required("id", Shape::Text, "The rule's id.");
/// Its arm.
pub const ARM: Field =
    Field::optional("arm", Shape::Text, "An arm, `MODEL-ID/CONTROLLER-ID`; all where it is missing.");
/// Its benchmark.
pub const BENCHMARK: Field = Field::optional("benchmark", Shape::Text, "A benchmark; all where it is missing.");
/// Its metric.
pub const METRIC: Field = Field::optional("metric", Shape::Text, "A metric; all where it is missing.");

impl Rule {
    /// A rule of a kind that selects everything.
    pub fn new(id: &str, kind: &str) -> Self {
        Self { id: id.into(), arm: None, benchmark: None, metric: None, kind: kind.into(), params: Map::new() }
    }

    /// Reads a rule's object, whose shape has been checked; what is not there is empty.
    pub fn read(map: &Map<String, Value>) -> Self {
        let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        let own = |key: &&String| !["id", "arm", "benchmark", "metric", "kind"].contains(&key.as_str());
        Self {
            id: text("id").unwrap_or_default(),
            arm: text("arm"),
            benchmark: text("benchmark"),
            metric: text("metric"),
            kind: text("kind").unwrap_or_default(),
            params: map.iter().filter(|(key, _)| own(key)).map(|(key, value)| (key.clone(), value.clone())).collect(),
        }
    }

    /// The rule with a key of its kind.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.params.insert(key.into(), value.into());
        self
    }

    /// A number among the keys of its kind.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.params.get(key).and_then(Value::as_f64)
    }
}

/// A kind of rule as far as files are concerned.
#[derive(Debug, Clone, Copy)]
pub struct RuleShape {
    /// Its `kind` and its keys, [`ID`] and the selectors among them.
    pub shape: KindShape,
    /// Whether it holds the record against a baseline.
    pub compares: bool,
    /// Why such a rule cannot be asked of a metric that it names, and which of its keys is to blame; none where it can.
    pub unfit: fn(&Rule, &Metric) -> Option<Mistake>,
}

/// A [`RuleShape::unfit`] of a kind that no metric is named to.
pub fn fits_all(_: &Rule, _: &Metric) -> Option<Mistake> {
    None
}
