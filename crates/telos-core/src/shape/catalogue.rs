//! Everything that can stand where a file says `kind`.

use super::field::KindShape;
use crate::{Metric, RuleShape};
use serde_json::{Map, Value};

/// Everything that can stand where a file says `kind`; the binary puts it together from the crates that hold the tables.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Evaluators.
    pub evaluators: Vec<KindShape>,
    /// Controllers.
    pub controllers: Vec<KindShape>,
    /// Constraints.
    pub constraints: Vec<KindShape>,
    /// How items become requests.
    pub requests: Vec<KindShape>,
    /// Sources of rows.
    pub sources: Vec<KindShape>,
    /// Rules of gates.
    pub rules: Vec<RuleShape>,
    /// How items make one number.
    pub aggregates: Vec<KindShape>,
    /// What is wrong with how a benchmark's metrics refer to each other; none where that is not known.
    pub refers: Option<Refers>,
    /// The kinds of requests that an evaluator can score; none where they are not known, so that pairs are not checked.
    pub reads: Option<ReadsOf>,
    /// The metrics of an evaluator; none where they are not known, so that names of metrics are not checked.
    pub metrics: Option<MetricsOf>,
}

/// What is wrong with metrics that read others: the metric, the key of its aggregate, a message and a hint.
pub type Refers = fn(&[Metric]) -> Vec<Misreference>;

/// A metric whose aggregate refers to what is not there, or to itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misreference {
    /// The metric.
    pub metric: String,
    /// The key of its aggregate; none for the aggregate itself.
    pub key: Option<&'static str>,
    /// What is wrong.
    pub message: String,
    /// What may have been meant.
    pub hint: Option<String>,
}

/// The kinds of requests whose replies an evaluator of a kind can score; none where there is no such evaluator.
pub type ReadsOf = fn(&str) -> Option<&'static [&'static str]>;

/// The metrics that an evaluator of a kind offers, given its parameters; empty where it cannot be made of them.
pub type MetricsOf = fn(&str, &Map<String, Value>) -> Vec<Metric>;
