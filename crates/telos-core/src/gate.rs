//! What a gate asks of a record: rules, as a file of them or a suite states them.

use std::path::PathBuf;

/// The rules of a gate.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gates {
    /// What `regression` rules hold the record against: a record's folder, or a file of `telos baseline accept`.
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
    /// What it asks.
    pub test: Test,
}

/// What a rule asks of what it selects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Test {
    /// Complete, no errors, nothing missing.
    Integrity,
    /// The metric's 95 % interval lies at or above `min`, and at or below `max`. A limit on the side where values are better is
    /// a mistake.
    Floor {
        /// For metrics that are better when higher, in the metric's unit.
        min: Option<f64>,
        /// For metrics that are better when lower.
        max: Option<f64>,
    },
    /// Not worse than the baseline.
    Regression {
        /// How far the worse end of the difference's interval may reach, in the metric's unit; 0.05 × its range where it is
        /// missing.
        margin: Option<f64>,
    },
}

impl Test {
    /// The `kind` in a file.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Integrity => "integrity",
            Self::Floor { .. } => "floor",
            Self::Regression { .. } => "regression",
        }
    }
}

impl Gates {
    /// Whether a rule needs a baseline.
    pub fn needs_baseline(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.test, Test::Regression { .. }))
    }
}
