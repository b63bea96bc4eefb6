//! Goals: the nodes of the survey's taxonomy. A goal defines; benchmarks measure.

use crate::value::{DimensionSet, PrincipleList};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A path such as `preferences/evaluation/benchmarks`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GoalId(pub String);

impl GoalId {
    /// Whether `self` is `other` or lies below it.
    pub fn is_within(&self, other: &str) -> bool {
        self.0 == other || self.0.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The facet that it is, or belongs to: the second part of the path. A goal's root has none.
    pub fn facet(&self) -> Option<Facet> {
        match self.0.split('/').nth(1) {
            Some("representation") => Some(Facet::Representation),
            Some("evaluation") => Some(Facet::Evaluation),
            _ => None,
        }
    }

    /// The last part of the path.
    pub fn last(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// How many nodes lie above it.
    pub fn depth(&self) -> usize {
        self.0.matches('/').count()
    }
}

/// One node of the taxonomy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// The path id.
    pub id: GoalId,
    /// The name as the survey draws it.
    pub title: String,
    /// The version of the taxonomy that the id belongs to; that of the node above where it has none of its own.
    pub version: Option<String>,
    /// What a model is aligned with; that of the node above where it has none of its own.
    pub level: Option<Level>,
    /// Whether it is about ability or about values; that of the node above where it has none of its own.
    pub band: Option<Band>,
    /// Its place from the surface of behaviour (1) to intrinsic values (the largest); that of the node above where it has
    /// none of its own.
    pub order: Option<u64>,
    /// What it means, in our own words; may be empty.
    pub definition: String,
    /// Why one would align a model with it; may be empty.
    pub motivation: String,
    /// What speaks for it.
    pub strengths: Vec<String>,
    /// Where it ends.
    pub limits: Vec<String>,
    /// Where it is described.
    pub cites: Vec<String>,
    /// The ids that it, or a part of it, had in earlier versions of the taxonomy, by version.
    pub earlier: BTreeMap<String, Vec<String>>,
    /// The works that the survey names here.
    pub works: Vec<Work>,
    /// Sets of value dimensions, such as Schwartz's ten values.
    pub dimensions: Vec<DimensionSet>,
    /// Lists of rules, such as a constitution.
    pub principles: Vec<PrincipleList>,
    /// Whether nothing lies below it: benchmarks bind to leaves only.
    pub leaf: bool,
}

impl Goal {
    /// A node of which nothing but the id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: GoalId(id.into()),
            title: String::new(),
            version: None,
            level: None,
            band: None,
            order: None,
            definition: String::new(),
            motivation: String::new(),
            strengths: Vec::new(),
            limits: Vec::new(),
            cites: Vec::new(),
            earlier: BTreeMap::new(),
            works: Vec::new(),
            dimensions: Vec::new(),
            principles: Vec::new(),
            leaf: true,
        }
    }
}

/// What a model is aligned with, after the survey's Figure 1; the second version of its tree draws the values as two levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// What people ask for.
    Instruction,
    /// What people like.
    Preference,
    /// Rules that people can state.
    ValuePrinciple,
    /// The few values behind the rules.
    BasicValue,
}

/// The two bands of the survey's Figure 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Band {
    /// Being able to do what is asked.
    #[serde(rename = "fundamental ability")]
    FundamentalAbility,
    /// Wanting what people want.
    #[serde(rename = "value orientation")]
    ValueOrientation,
}

/// The two sides of a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Facet {
    /// How the goal is written down, as data or rules.
    Representation,
    /// How it is measured whether a model meets it.
    Evaluation,
}

/// A dataset, benchmark, method or theory that the survey names under a goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// The name as the survey draws it.
    pub name: String,
    /// Authors and year, and an arXiv id where one is known.
    #[serde(default)]
    pub cites: Vec<String>,
    /// What Telos makes of it.
    pub status: WorkStatus,
    /// The benchmarks that evaluate with it; none but where the status is [`WorkStatus::Works`].
    #[serde(default)]
    pub benchmarks: Vec<String>,
    /// Why it has this status; always there where it is out of scope.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What Telos makes of a work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkStatus {
    /// There is a benchmark for it.
    #[serde(rename = "works")]
    Works,
    /// It can be evaluated with, and no benchmark does so yet.
    #[serde(rename = "planned")]
    Planned,
    /// There is nothing in it to measure, or not with Telos.
    #[serde(rename = "out of scope")]
    OutOfScope,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instruction => "instruction",
            Self::Preference => "preference",
            Self::ValuePrinciple => "value-principle",
            Self::BasicValue => "basic-value",
        })
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FundamentalAbility => "fundamental ability",
            Self::ValueOrientation => "value orientation",
        })
    }
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Representation => "representation",
            Self::Evaluation => "evaluation",
        })
    }
}

impl fmt::Display for WorkStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Works => "works",
            Self::Planned => "planned",
            Self::OutOfScope => "out of scope",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_tells_facet_name_and_depth() {
        for (id, facet, last, depth) in [
            ("values", None, "values", 0),
            ("values/evaluation", Some(Facet::Evaluation), "evaluation", 1),
            ("principles/representation/principle-definition/hhh", Some(Facet::Representation), "hhh", 3),
            ("mine/other/evaluation", None, "evaluation", 2),
        ] {
            let id = GoalId(id.to_owned());
            assert_eq!((id.facet(), id.last(), id.depth()), (facet, last, depth), "{id:?}");
        }
    }

    #[test]
    fn a_word_reads_the_same_in_a_file_and_on_a_screen() {
        let words = |value: serde_json::Value, shown: String| assert_eq!(value, json!(shown));
        for level in [Level::Instruction, Level::Preference, Level::ValuePrinciple, Level::BasicValue] {
            words(json!(level), level.to_string());
        }
        for band in [Band::FundamentalAbility, Band::ValueOrientation] {
            words(json!(band), band.to_string());
        }
        for facet in [Facet::Representation, Facet::Evaluation] {
            words(json!(facet), facet.to_string());
        }
        for status in [WorkStatus::Works, WorkStatus::Planned, WorkStatus::OutOfScope] {
            words(json!(status), status.to_string());
        }
    }
}
