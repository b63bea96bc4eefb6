//! A record's scores as a small file: enough to hold another record against, item by item.
//!
//! It keeps what a comparison looks at: items with their hashes, each item's values, the evaluators' versions and 64 bits of
//! each prompt's hash. It holds no times, and only whole records become one, so that reading it back gives a record in which
//! nothing failed.

mod layout;
mod tables;
#[cfg(test)]
mod tests;

use crate::ReportError;
use crate::index::Index;
use crate::integrity::{Named, health};
use crate::replies::Answers;
use layout::layout;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use telos_core::Tables;
use telos_core::record::{ArmEntry, BenchmarkEntry, Manifest, ModelEntry};

/// Items times repeats of a benchmark at most: memory is taken by this number, which a file may state as it likes.
const MOST: u64 = 50_000_000;

/// The format that this version writes.
pub const FORMAT: u32 = 1;

/// A record's scores, as `telos baseline accept` keeps them.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    file: File,
    /// The file's as that of a record.
    manifest: Manifest,
}

/// The file. Its first key tells what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// [`FORMAT`].
    baseline: u32,
    suite: String,
    identity: String,
    reason: String,
    seed: u64,
    arms: Vec<ArmEntry>,
    models: Vec<ModelEntry>,
    benchmarks: Vec<Kept>,
}

/// What is kept of a benchmark. Lists over items are in the order of `items`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    benchmark: BenchmarkEntry,
    items: Vec<KeptItem>,
    prompts: Vec<KeptPrompts>,
    scores: Vec<KeptScores>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptItem {
    id: String,
    hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
}

/// The prompts of models and controllers that were asked the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptPrompts {
    asked: Vec<Asked>,
    /// For each item and repeat, the first 16 digits of its prompts' hashes, `-` for a place without one. One entry for an item
    /// whose repeats are all alike.
    hashes: Vec<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    model: String,
    controller: Option<String>,
}

/// A metric of arms whose scores are the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptScores {
    arms: Vec<String>,
    metric: String,
    /// The evaluator's.
    version: u32,
    /// The mean over an item's repeats; none where the metric does not apply to it.
    values: Vec<Option<f64>>,
}

impl Baseline {
    /// Makes a baseline of a record; an error where something in it failed or is missing.
    pub fn accept(record: &dyn Tables, reason: &str) -> Result<Self, ReportError> {
        let index = Index::new(record)?;
        let manifest = index.manifest;
        let arms: Vec<&ArmEntry> = manifest.arms.iter().collect();
        let problems = health(Named { index: &index, name: "the record" }, &arms, &|_| true);
        let problems: Vec<String> = problems.into_iter().chain(index.replies.answers.iter().filter_map(gaps)).collect();
        if !problems.is_empty() {
            return Err(ReportError::NotWhole { problems: problems.join("\n  ") });
        }
        Ok(Self::new(File {
            baseline: FORMAT,
            suite: manifest.suite.clone(),
            identity: manifest.identity.clone(),
            reason: reason.to_owned(),
            seed: manifest.seed,
            arms: manifest.arms.clone(),
            models: manifest.models.clone(),
            benchmarks: manifest.benchmarks.iter().map(|benchmark| keep(&index, benchmark)).collect(),
        }))
    }

    /// Reads the file's text.
    pub fn parse(text: &str) -> Result<Self, ReportError> {
        let bad = |message: String| ReportError::NoBaseline { message };
        let value = telos_core::json::read(text.as_bytes()).map_err(|e| bad(format!("line {}: {e}", e.line)))?;
        match value.get("baseline").and_then(serde_json::Value::as_u64) {
            Some(1) => {}
            Some(other) => {
                return Err(bad(format!("it has format {other}, and this version of Telos reads {FORMAT}")));
            }
            None => return Err(bad("it has no key `baseline`".to_owned())),
        }
        let file: File = serde_json::from_value(value).map_err(|e| bad(e.to_string()))?;
        for Kept { benchmark, items, prompts, scores } in &file.benchmarks {
            let even = prompts.iter().all(|p| p.hashes.len() == items.len())
                && scores.iter().all(|s| s.values.len() == items.len());
            if !even {
                return Err(bad(format!("the lists of {} are not all as long as its items", benchmark.id)));
            }
            let places = (items.len() as u64).saturating_mul(u64::from(benchmark.repeats));
            if places > MOST {
                return Err(bad(format!(
                    "{} has {} items and {} repeats, which is more than {MOST} replies",
                    benchmark.id,
                    items.len(),
                    benchmark.repeats
                )));
            }
        }
        Ok(Self::new(file))
    }

    /// The file's text: one line for each item, for each column of values and for each list of prompts.
    pub fn to_text(&self) -> Result<String, ReportError> {
        Ok(layout(&serde_json::to_value(&self.file)?))
    }

    /// Why it was accepted.
    pub fn reason(&self) -> &str {
        &self.file.reason
    }

    /// How many items of how many benchmarks there are.
    pub fn size(&self) -> (usize, usize) {
        (self.file.benchmarks.iter().map(|kept| kept.items.len()).sum(), self.file.benchmarks.len())
    }
}

fn keep(index: &Index<'_>, benchmark: &BenchmarkEntry) -> Kept {
    let rows = index.items(&benchmark.id).map_or(&[][..], |items| &items.rows);
    let items = rows.iter().map(|row| KeptItem {
        id: row.item.clone(),
        hash: row.item_hash.clone(),
        cluster: row.cluster.clone(),
    });
    let mut prompts: Vec<KeptPrompts> = Vec::new();
    for answers in index.replies.answers.iter().filter(|a| a.benchmark == benchmark.id) {
        let asked = Asked { model: answers.model.clone(), controller: answers.controller.clone() };
        let hashes = hashes(answers, rows.len());
        match prompts.iter_mut().find(|kept| kept.hashes == hashes) {
            Some(kept) => kept.asked.push(asked),
            None => prompts.push(KeptPrompts { asked: vec![asked], hashes }),
        }
    }
    let mut scores: Vec<KeptScores> = Vec::new();
    for metric in &benchmark.metrics {
        for arm in &index.manifest.arms {
            let Some(column) = index.column(&arm.id, &benchmark.id, &metric.name) else { continue };
            let same = |kept: &&mut KeptScores| {
                kept.metric == metric.name && kept.version == column.version && kept.values == column.values
            };
            match scores.iter_mut().find(same) {
                Some(kept) => kept.arms.push(arm.id.clone()),
                None => scores.push(KeptScores {
                    arms: vec![arm.id.clone()],
                    metric: metric.name.clone(),
                    version: column.version,
                    values: column.values.clone(),
                }),
            }
        }
    }
    // What scoring again needs is of no use without the replies.
    let benchmark = BenchmarkEntry { scoring: serde_json::Value::Null, ..benchmark.clone() };
    Kept { benchmark, items: items.collect(), prompts, scores }
}

/// Where the places of a whole record's replies do not count from 0: a line is as long as its last place says.
fn gaps(answers: &Answers) -> Option<String> {
    let mut counts: BTreeMap<(u32, u32), (u64, u64)> = BTreeMap::new();
    for (item, repeat, index) in answers.prompts.keys() {
        let (n, last) = counts.entry((*item, *repeat)).or_default();
        (*n, *last) = (*n + 1, (*last).max(u64::from(*index)));
    }
    let repeats = answers.there.first().map_or(0, Vec::len) as u64;
    let wrong = counts.iter().find(|((_, repeat), (n, last))| last + 1 > *n || u64::from(*repeat) >= repeats)?;
    let ((item, repeat), (n, last)) = wrong;
    Some(format!(
        "{}: of the item at place {item}, repeat {repeat} of {repeats}, there are {n} replies, and the last has place {last}",
        answers.benchmark
    ))
}

/// [`KeptPrompts::hashes`].
fn hashes(answers: &Answers, items: usize) -> Vec<Vec<String>> {
    let mut places: Vec<BTreeMap<u32, BTreeMap<u32, u64>>> = vec![BTreeMap::new(); items];
    for ((place, repeat, index), hash) in &answers.prompts {
        places[*place as usize].entry(*repeat).or_default().insert(*index, *hash);
    }
    let line = |indices: &BTreeMap<u32, u64>| {
        let last = indices.keys().max().copied().unwrap_or(0);
        let digits =
            (0..=last).map(|index| indices.get(&index).map_or_else(|| "-".to_owned(), |hash| format!("{hash:016x}")));
        digits.collect::<Vec<_>>().join(" ")
    };
    let of_item = |repeats: &BTreeMap<u32, BTreeMap<u32, u64>>| {
        let last = repeats.keys().max().map_or(0, |last| last + 1);
        let mut lines: Vec<String> = (0..last).map(|r| repeats.get(&r).map_or_else(|| "-".to_owned(), line)).collect();
        if lines.iter().all(|line| *line == lines[0]) {
            lines.truncate(1);
        }
        lines
    };
    places.iter().map(of_item).collect()
}
