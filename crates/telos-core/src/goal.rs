//! Goals: the nodes of the survey's taxonomy. A goal defines; benchmarks measure.

use serde::{Deserialize, Serialize};

/// A path such as `preferences/evaluation/benchmarks`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GoalId(pub String);

impl GoalId {
    /// Whether `self` is `other` or lies below it.
    pub fn is_within(&self, other: &str) -> bool {
        self.0 == other || self.0.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// One node of the taxonomy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// The path id.
    pub id: GoalId,
    /// The name as the survey draws it.
    pub title: String,
    /// What it means, in our own words; may be empty.
    pub about: String,
    /// Whether nothing lies below it: benchmarks bind to leaves only.
    pub leaf: bool,
}
