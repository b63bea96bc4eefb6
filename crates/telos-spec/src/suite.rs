//! What a suite comes to once its files are read, laid over the registry and checked.
//!
//! Everything is resolved here: constraint ids stand as objects (with their `id`), paths are usable as they are, a
//! benchmark has the suite's overrides in it.

use serde_json::{Map, Value};
use std::path::PathBuf;
use telos_core::ConstraintSpec;
pub use telos_core::metric::MetricOverride;
use telos_core::record::GoalEntry;
use telos_core::{ControllerSpec, Gates, GoalId, ModelRef};

/// A checked suite.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub about: String,
    /// From which every item's seed follows.
    pub seed: u64,
    /// In the file's order.
    pub models: Vec<SuiteModel>,
    /// In the file's order; each has its id.
    pub constraints: Vec<ConstraintSpec>,
    /// In the file's order.
    pub controllers: Vec<SuiteController>,
    /// What runs.
    pub arms: Vec<Arm>,
    /// In the file's order; those that `goals` brings in come after those named, in order of id.
    pub benchmarks: Vec<Benchmark>,
    /// What happens to a prompt that is too long.
    pub truncation: Truncation,
    /// The nodes of the registry of goals, for the record.
    pub goals: Vec<GoalEntry>,
    /// The rules that decide the exit code of a run. They do not change what runs, so that `resolved` is without them.
    pub gates: Option<Gates>,
    /// The suite as one JSON value with every default and override in it; models and files as the user named them, so that
    /// it is the same wherever it lies. It stands in the record.
    pub resolved: Value,
}

/// A model of a suite.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteModel {
    /// Its id.
    pub id: String,
    /// Where it is.
    pub model: ModelRef,
    /// The sha256 of its file, checked before the run.
    pub sha256: Option<String>,
    /// Positions to use, where that is less than the model has.
    pub max_length: Option<usize>,
}

/// A controller of a suite.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteController {
    /// Its id.
    pub id: String,
    /// What it is, ids of constraints replaced by the constraints.
    pub controller: ControllerSpec,
}

/// One model with one controller, as places in the suite's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arm {
    /// Place in `models`.
    pub model: usize,
    /// Place in `controllers`.
    pub controller: usize,
}

impl Suite {
    /// `MODEL-ID/CONTROLLER-ID`.
    pub fn arm_id(&self, arm: Arm) -> String {
        format!("{}/{}", self.models[arm.model].id, self.controllers[arm.controller].id)
    }
}

/// What happens to a prompt that does not fit the model's positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Truncation {
    /// The run does not start.
    #[default]
    Error,
    /// Ids are dropped on the left, and counted.
    Left,
    /// Few-shot examples are dropped, the last first, then it is an error.
    DropShots,
    /// The item is skipped, and counted.
    Skip,
}

impl Truncation {
    /// The name in a suite.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Left => "left",
            Self::DropShots => "drop_shots",
            Self::Skip => "skip",
        }
    }
}

/// A benchmark with a suite's overrides in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Benchmark {
    /// Its id.
    pub id: String,
    /// What it asks, in a sentence.
    pub about: String,
    /// The leaves that it is bound to; may be empty.
    pub goals: Vec<GoalId>,
    /// The licence of its data.
    pub licence: Option<String>,
    /// What is known of its items being in training data.
    pub contamination: Option<String>,
    /// Where its rows are.
    pub source: SourceSpec,
    /// The column that is the item's id.
    pub id_column: Option<String>,
    /// The column whose equal values are not independent.
    pub cluster: Option<String>,
    /// Examples before the question.
    pub fewshot: Fewshot,
    /// How an item becomes requests.
    pub request: KindSpec,
    /// How replies become scores. Constraint ids in it are replaced by the constraints.
    pub evaluator: KindSpec,
    /// The metric that matters most; none for the evaluator's first.
    pub headline: Option<String>,
    /// Metrics that the file says more about, by name, in the file's order.
    pub metrics: Vec<(String, MetricOverride)>,
    /// Whether the prompt is put as a user's turn through the model's chat template.
    pub chat: bool,
    /// At most this many items.
    pub limit: Option<usize>,
    /// How often each item is asked, where something is sampled.
    pub repeats: u32,
}

/// An object with `kind`: its other keys as they stand, a suite's overrides in them.
#[derive(Debug, Clone, PartialEq)]
pub struct KindSpec {
    /// The kind.
    pub kind: String,
    /// The other keys.
    pub params: Map<String, Value>,
}

/// Where rows are.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSpec {
    /// `json`, `jsonl`, `csv`, …; worked out from the file's ending where the YAML does not say.
    pub kind: String,
    /// A file or a folder of files.
    pub path: PathBuf,
    /// The sha256 of the file.
    pub sha256: Option<String>,
    /// The content, for a benchmark that is compiled into the program and whose file is its own.
    pub embedded: Option<&'static str>,
    /// The other keys of the source.
    pub params: Map<String, Value>,
}

/// Examples before the question.
#[derive(Debug, Clone, PartialEq)]
pub struct Fewshot {
    /// How many.
    pub n: usize,
    /// The file that they are drawn from, where it is not the benchmark's own (the item itself is then left out).
    pub split: Option<PathBuf>,
    /// The seed of the draw.
    pub seed: u64,
    /// What stands between two examples.
    pub delimiter: String,
}
