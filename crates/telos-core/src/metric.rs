//! What a metric's values mean: which way is better, which values there are, how items make one number.

use serde::{Deserialize, Serialize};

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Larger is better.
    Higher,
    /// Smaller is better.
    Lower,
    /// It describes; it cannot regress.
    None,
}

/// How the items' values make one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// The mean over items; repeats are averaged within an item first.
    #[default]
    Mean,
    /// exp of minus the mean, for log-probabilities a unit: a perplexity.
    Perplexity,
    /// The mean, less the mean over all items of the metrics whose names begin alike up to a `/`, such as `centred/power` and
    /// `centred/security`: a dimension's place beside the same respondent's others.
    Centred,
}

/// A metric as an evaluator offers it, or as a benchmark's YAML overrides it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The name, unique within a benchmark.
    pub name: String,
    /// What one item's value says, in one line.
    pub about: String,
    /// Which way is better.
    pub direction: Direction,
    /// The least and the largest value, where both are finite.
    pub range: Option<[f64; 2]>,
    /// How items make one number.
    pub aggregate: Aggregate,
}

impl Metric {
    /// The name up to its first `/`, which metrics of one family share.
    pub fn family(&self) -> &str {
        self.name.split_once('/').map_or(self.name.as_str(), |(family, _)| family)
    }

    /// A mean of 0/1 values or shares.
    pub fn share(name: &str, direction: Direction, about: &str) -> Self {
        let (name, about) = (name.to_owned(), about.to_owned());
        Self { name, about, direction, range: Some([0.0, 1.0]), aggregate: Aggregate::Mean }
    }

    /// A mean of values without bounds.
    pub fn unbounded(name: &str, direction: Direction, about: &str) -> Self {
        Self { range: None, ..Self::share(name, direction, about) }
    }
}
