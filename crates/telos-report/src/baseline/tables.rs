//! A baseline as the tables of a record.

use super::{Asked, Baseline, File, KeptPrompts, KeptScores};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use telos_core::record::{self, Counts, ItemRow, Manifest, ReplyRow, RunStatus, ScoreRow, StepRow, Timings};
use telos_core::{Status, Tables, Unreadable};

impl Baseline {
    pub(super) fn new(file: File) -> Self {
        let manifest = Manifest {
            format: record::FORMAT,
            status: RunStatus::Complete,
            suite: file.suite.clone(),
            resolved: Value::Null,
            seed: file.seed,
            arms: file.arms.clone(),
            models: file.models.clone(),
            benchmarks: file.benchmarks.iter().map(|kept| kept.benchmark.clone()).collect(),
            goals: Vec::new(),
            counts: Counts::default(),
            environment: Map::new(),
            identity: file.identity.clone(),
            tables: BTreeMap::new(),
            replacing: BTreeMap::new(),
            passing: 0,
            timings: Timings::default(),
        };
        Self { file, manifest }
    }
}

impl Tables for Baseline {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn items(&self, each: &mut dyn FnMut(&ItemRow)) -> Result<(), Unreadable> {
        for kept in &self.file.benchmarks {
            for (index, item) in (0..).zip(&kept.items) {
                each(&ItemRow {
                    benchmark: kept.benchmark.id.clone(),
                    item: item.id.clone(),
                    index,
                    item_hash: item.hash.clone(),
                    cluster: item.cluster.clone(),
                    goals: kept.benchmark.goals.clone(),
                    data: "{}".to_owned(),
                });
            }
        }
        Ok(())
    }

    fn replies(&self, each: &mut dyn FnMut(&ReplyRow)) -> Result<(), Unreadable> {
        for kept in &self.file.benchmarks {
            for KeptPrompts { asked, hashes } in &kept.prompts {
                for asked in asked {
                    for (item, lines) in kept.items.iter().zip(hashes) {
                        let repeats = if lines.len() == 1 { kept.benchmark.repeats } else { lines.len() as u32 };
                        for repeat in 0..repeats {
                            let Some(line) = lines.get(repeat as usize).or(lines.first()) else { continue };
                            for (index, hash) in (0..).zip(line.split(' ')).filter(|(_, hash)| *hash != "-") {
                                each(&row(&kept.benchmark.id, &item.id, asked, (repeat, index), hash));
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn scores(&self, each: &mut dyn FnMut(&ScoreRow)) -> Result<(), Unreadable> {
        for kept in &self.file.benchmarks {
            for KeptScores { arms, metric, version, values } in &kept.scores {
                for arm in arms {
                    for (item, value) in kept.items.iter().zip(values) {
                        each(&ScoreRow {
                            arm: arm.clone(),
                            benchmark: kept.benchmark.id.clone(),
                            item: item.id.clone(),
                            repeat: 0,
                            metric: metric.clone(),
                            value: *value,
                            status: if value.is_some() { Status::Ok } else { Status::Skipped },
                            reason: None,
                            note: None,
                            evaluator: kept.benchmark.evaluator.clone(),
                            evaluator_version: *version,
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// None are kept.
    fn steps(&self, _: &mut dyn FnMut(&StepRow)) -> Result<(), Unreadable> {
        Ok(())
    }
}

/// A reply of which only the prompt's hash is known.
fn row(benchmark: &str, item: &str, asked: &Asked, (repeat, index): (u32, u32), hash: &str) -> ReplyRow {
    ReplyRow {
        model: asked.model.clone(),
        controller: asked.controller.clone(),
        benchmark: benchmark.to_owned(),
        item: item.to_owned(),
        repeat,
        wave: 0,
        index,
        request_hash: String::new(),
        prompt_hash: hash.to_owned(),
        kind: String::new(),
        seed: None,
        request: "{}".to_owned(),
        status: Status::Ok,
        error_kind: None,
        error: None,
        text: None,
        token_ids: None,
        token_logprobs: None,
        logprob: None,
        finish_reason: None,
        prompt_tokens: None,
        truncated_tokens: None,
        reply: "{}".to_owned(),
    }
}
