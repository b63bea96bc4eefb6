//! The record: everything a run produced, row by row, as `record.md` of the design defines the tables. Enough to score,
//! compare and report again without a model.

use crate::metric::Metric;
use crate::{ModelCard, Status};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The format that this version writes. A column is never given another meaning; a new meaning is a new number. Formats
/// from 1 on are read: a column that a record is too old to have has the default that its table states.
pub const FORMAT: u32 = 2;

/// A row of `items.parquet`: one for each benchmark and item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemRow {
    /// The benchmark's id.
    pub benchmark: String,
    /// The item's id.
    pub item: String,
    /// Its place in the data, from 0.
    pub index: u32,
    /// blake3 of the row as canonical JSON.
    pub item_hash: String,
    /// Items of one cluster are not independent.
    pub cluster: Option<String>,
    /// The goals that the benchmark is bound to.
    pub goals: Vec<String>,
    /// The row, as JSON.
    pub data: String,
}

/// A row of `replies.parquet`: one for each request of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyRow {
    /// The model's id in the suite.
    pub model: String,
    /// The controller's id; none where it does not act.
    pub controller: Option<String>,
    /// The benchmark's id.
    pub benchmark: String,
    /// The item's id.
    pub item: String,
    /// The repeat, from 0.
    pub repeat: u32,
    /// 0, then 1 and on for follow-ups.
    pub wave: u8,
    /// The request's place within item, repeat and wave.
    pub index: u32,
    /// blake3 of everything that can change the reply.
    pub request_hash: String,
    /// blake3 of the rendered text: equal prompts have equal hashes whatever the model.
    pub prompt_hash: String,
    /// The request's kind.
    pub kind: String,
    /// The seed, where something is sampled.
    pub seed: Option<u64>,
    /// The request in the probe's form, models and constraints by id.
    pub request: String,
    /// What became of it.
    pub status: Status,
    /// The class of the error.
    pub error_kind: Option<String>,
    /// Its message.
    pub error: Option<String>,
    /// A generated text.
    pub text: Option<String>,
    /// Its ids, or a continuation's.
    pub token_ids: Option<Vec<u32>>,
    /// One for each id.
    pub token_logprobs: Option<Vec<f64>>,
    /// The sum over a continuation or a text.
    pub logprob: Option<f64>,
    /// Why a generated text ended.
    pub finish_reason: Option<String>,
    /// The prompt's or context's ids.
    pub prompt_tokens: Option<u32>,
    /// Ids dropped on the left.
    pub truncated_tokens: Option<u32>,
    /// The reply in the probe's form, `steps` left to their own table.
    pub reply: String,
}

/// A row of `scores.parquet`: one for each arm, item, repeat and metric.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRow {
    /// `MODEL-ID/CONTROLLER-ID`.
    pub arm: String,
    /// The benchmark's id.
    pub benchmark: String,
    /// The item's id.
    pub item: String,
    /// The repeat, from 0.
    pub repeat: u32,
    /// The metric's name.
    pub metric: String,
    /// The value, where there is one.
    pub value: Option<f64>,
    /// `ok`, or why there is none.
    pub status: Status,
    /// The reason for a person.
    pub reason: Option<String>,
    /// Why it scored as it did: the answer that was read, a judge's words. Since format 2.
    pub note: Option<String>,
    /// The evaluator's kind.
    pub evaluator: String,
    /// Its version.
    pub evaluator_version: u32,
}

/// A row of `steps.parquet`: one for each step of a controlled text.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// `MODEL-ID/CONTROLLER-ID`.
    pub arm: String,
    /// The benchmark's id.
    pub benchmark: String,
    /// The item's id.
    pub item: String,
    /// The repeat, from 0.
    pub repeat: u32,
    /// The wave of the request whose text it is a step of. Since format 2; 0 before.
    pub wave: u8,
    /// That request's place within item, repeat and wave. Since format 2; 0 before.
    pub index: u32,
    /// The step, from 0.
    pub step: u32,
    /// The emitted token.
    pub token: Option<u32>,
    /// The token that the same noise would have given without the controller.
    pub proposed: u32,
    /// The emitted token's place by logit.
    pub rank: Option<u32>,
    /// Whether another token, or none, was emitted.
    pub changed: bool,
    /// Which `on_empty` acted.
    pub fallback: Option<String>,
    /// h before, one for each constraint; none where the controller has no constraint (an empty list in format 1).
    pub h_before: Option<Vec<f64>>,
    /// The threshold, one for each constraint; likewise.
    pub threshold: Option<Vec<f64>>,
    /// h after, one for each constraint.
    pub h_after: Option<Vec<f64>>,
    /// Look-ups of h that the memo did not answer.
    pub evaluations: u32,
    /// Refused tokens, in the order tried.
    pub rejected: Vec<u32>,
    /// The emitted token's log-probability under the model alone.
    pub logprob: Option<f64>,
    /// What else the controller tells of the step, as a JSON object of named numbers. Since format 2.
    pub numbers: Option<String>,
    /// Look-ups of h for tokens that were taken back before this step was emitted. Since format 2; 0 before.
    pub spent: u32,
}

/// A row of `timings.parquet`: what one reply took. No export holds it, since no two runs agree in it. Since format 2.
#[derive(Debug, Clone, PartialEq)]
pub struct TimingRow {
    /// The model's id in the suite.
    pub model: String,
    /// The controller's id; none where it does not act.
    pub controller: Option<String>,
    /// The benchmark's id.
    pub benchmark: String,
    /// The item's id.
    pub item: String,
    /// The repeat, from 0.
    pub repeat: u32,
    /// The request's wave.
    pub wave: u8,
    /// The request's place within item, repeat and wave.
    pub index: u32,
    /// Seconds from when the model was given the request, with all that it was given at once, until it replied; none for a
    /// reply that was not asked for in this run, or before format 2.
    pub seconds: Option<f64>,
    /// Ids of the prompt or context, where the reply says.
    pub prompt_tokens: Option<u32>,
    /// Ids that were generated or scored, where the reply says.
    pub reply_tokens: Option<u32>,
    /// What it cost, in the currency of the model's prices; none where the model has none.
    pub cost: Option<f64>,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// It has begun, and no end of it is known.
    Running,
    /// Everything that was planned is there.
    Complete,
    /// Someone stopped it.
    Interrupted,
}

impl RunStatus {
    /// The word in `run.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
        }
    }
}

impl std::fmt::Display for RunStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `run.json`: the versioned manifest of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`], or an earlier one.
    pub format: u32,
    /// How far it has come.
    pub status: RunStatus,
    /// The suite's id.
    pub suite: String,
    /// The suite as resolved: every default and every `--set` in it.
    pub resolved: Value,
    /// The suite's seed.
    pub seed: u64,
    /// Arms in the suite's order.
    pub arms: Vec<ArmEntry>,
    /// Models in the suite's order.
    pub models: Vec<ModelEntry>,
    /// Benchmarks in the suite's order.
    pub benchmarks: Vec<BenchmarkEntry>,
    /// The nodes of the registry of goals when the run was planned, each after its parent; empty in records without it.
    #[serde(default)]
    pub goals: Vec<GoalEntry>,
    /// The plan's counts.
    pub counts: Counts,
    /// Seeds, threads, dtype, batch budget, versions, machine.
    pub environment: Map<String, Value>,
    /// blake3 of what a resumed run must agree in: suite, models, data, seed.
    pub identity: String,
    /// blake3 of each table's bytes, by the file's name: what tells a table of another run, or a damaged one. Empty while the
    /// run is not complete, and in format 1.
    #[serde(default)]
    pub tables: BTreeMap<String, String>,
    /// blake3 of a table that is about to take the place of the one in `tables`; empty but for the moment in which
    /// `telos score` renames it.
    #[serde(default)]
    pub replacing: BTreeMap<String, String>,
    /// Replies that are errors which may pass, of a run that is complete otherwise: `--resume` asks for them again.
    #[serde(default)]
    pub passing: u64,
    /// Where and when: the only times and paths in a record but those of `timings.parquet`.
    pub timings: Timings,
}

/// An arm: one model with one controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmEntry {
    /// `MODEL-ID/CONTROLLER-ID`.
    pub id: String,
    /// The model's id.
    pub model: String,
    /// The controller's id.
    pub controller: String,
    /// Whether the controller is `none`.
    pub free: bool,
}

/// A model of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// The suite's id, or `blake3:…` for one that only a constraint names.
    pub id: String,
    /// The model as the suite names it.
    pub model: String,
    /// What it says of itself.
    pub card: ModelCard,
}

/// A benchmark of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkEntry {
    /// The id.
    pub id: String,
    /// What it asks, in a sentence.
    pub about: String,
    /// The goals that it is bound to.
    pub goals: Vec<String>,
    /// The licence of its data.
    pub licence: Option<String>,
    /// What is known of its items being in training data; none in records without it.
    #[serde(default)]
    pub contamination: Option<String>,
    /// The evaluator's kind.
    pub evaluator: String,
    /// The metrics with direction, range and aggregate, in the order in which they are shown.
    pub metrics: Vec<Metric>,
    /// The metric that matters most, where the benchmark names one.
    #[serde(default)]
    pub headline: Option<String>,
    /// blake3 over the items' hashes, in order.
    pub data: String,
    /// Items that are asked.
    pub items: usize,
    /// Items that there are.
    pub available: usize,
    /// Repeats of each item.
    pub repeats: u32,
    /// Whether anything is sampled, so that a controller acts.
    pub controlled: bool,
    /// The constraint whose h its metrics are about, by id.
    pub constraint: Option<String>,
    /// What scoring again needs: `{evaluator: {kind, …}, request: {kind, …}}` as resolved; null in records without it.
    #[serde(default)]
    pub scoring: Value,
}

impl BenchmarkEntry {
    /// How many turns its chats have at most: as many waves are its own, and those that come after are the evaluator's.
    pub fn turns(&self) -> usize {
        1 + self.scoring["request"]["turns"].as_array().map_or(0, Vec::len)
    }
}

impl BenchmarkEntry {
    /// The metric that is shown where there is room for one: that which the benchmark names, else its evaluator's first.
    pub fn headline(&self) -> Option<&Metric> {
        let named = self.headline.as_ref().and_then(|name| self.metrics.iter().find(|metric| metric.name == *name));
        named.or_else(|| self.metrics.first())
    }
}

/// A node of the registry of goals, as a record keeps it: enough to draw the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoalEntry {
    /// The path id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it means, in a sentence; may be empty.
    pub definition: String,
    /// From the surface of behaviour (1) to intrinsic values.
    pub order: Option<u64>,
    /// Whether benchmarks bind to it.
    pub leaf: bool,
}

/// What a plan comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests of the first wave, each asked once.
    pub requests: u64,
    /// Tokens of those requests, each request alone.
    pub tokens: u64,
    /// Distinct token prefixes among them, for each model on its own: what the engine computes.
    pub prefix_tokens: u64,
    /// Tokens that may be generated at most.
    pub new_tokens: u64,
    /// Units of work.
    pub units: u64,
    /// Items that are skipped because they do not fit, each counted once a model; 0 in records without it.
    #[serde(default)]
    pub skipped: u64,
    /// Items that lose ids on the left, likewise.
    #[serde(default)]
    pub truncated: u64,
    /// Items that lose few-shot examples, likewise.
    #[serde(default)]
    pub fewer_shots: u64,
}

/// The only times in a record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// RFC 3339, when the run began.
    pub started: String,
    /// RFC 3339, when it ended.
    pub ended: Option<String>,
    /// Seconds of work, all sittings together.
    pub seconds: f64,
    /// Seconds for each phase.
    pub phases: BTreeMap<String, f64>,
    /// Peak resident memory in bytes, where the system tells.
    pub peak_memory: Option<u64>,
    /// How many sittings it took.
    pub sittings: u32,
}

/// A whole record in memory, for reports and comparisons.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// `run.json`.
    pub manifest: Manifest,
    /// `items.parquet`.
    pub items: Vec<ItemRow>,
    /// `replies.parquet`.
    pub replies: Vec<ReplyRow>,
    /// `scores.parquet`.
    pub scores: Vec<ScoreRow>,
    /// `steps.parquet`.
    pub steps: Vec<StepRow>,
}
