//! What the controllers did on a benchmark, from the recorded steps.

use super::minus;
use crate::index::Index;
use crate::number;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use telos_core::record::StepRow;

/// What one arm's controller did.
#[derive(Serialize)]
pub(super) struct ControlRow {
    arm: String,
    texts: String,
    changed_texts: String,
    steps: String,
    rate: String,
    first: String,
    refused: String,
    evaluations: String,
    least_h: String,
    fallbacks: String,
}

/// One row for each arm with steps, in the suite's order.
pub(super) fn control(index: &Index<'_>, benchmark: &str) -> Vec<ControlRow> {
    let mut by_arm: BTreeMap<&str, Vec<&StepRow>> = BTreeMap::new();
    for step in index.record.steps.iter().filter(|step| step.benchmark == benchmark) {
        by_arm.entry(&step.arm).or_default().push(step);
    }
    let arms = &index.record.manifest.arms;
    arms.iter().filter_map(|arm| by_arm.get(arm.id.as_str()).map(|steps| row(&arm.id, steps))).collect()
}

fn row(arm: &str, steps: &[&StepRow]) -> ControlRow {
    let text = |step: &StepRow| (step.item.clone(), step.repeat);
    let texts: BTreeSet<_> = steps.iter().map(|step| text(step)).collect();
    let mut first: BTreeMap<_, u32> = BTreeMap::new();
    for step in steps.iter().filter(|step| step.changed) {
        let earliest = first.entry(text(step)).or_insert(step.step);
        *earliest = (*earliest).min(step.step);
    }
    let mut firsts: Vec<u32> = first.values().copied().collect();
    firsts.sort_unstable();
    let changed = steps.iter().filter(|step| step.changed).count();
    let refused: usize = steps.iter().map(|step| step.rejected.len()).sum();
    let evaluations: u64 = steps.iter().map(|step| u64::from(step.evaluations)).sum();
    let least = steps.iter().filter_map(|step| step.h_after.as_ref()).flatten().copied().reduce(f64::min);
    let mut fallbacks: BTreeMap<&str, usize> = BTreeMap::new();
    for fallback in steps.iter().filter_map(|step| step.fallback.as_deref()) {
        *fallbacks.entry(fallback).or_default() += 1;
    }
    let fallbacks: Vec<String> = fallbacks.iter().map(|(name, n)| format!("{} {name}", number::count(*n))).collect();
    let per_step = |n: f64| number::number(n / steps.len() as f64);
    ControlRow {
        arm: arm.to_owned(),
        texts: number::count(texts.len()),
        changed_texts: number::count(first.len()),
        steps: number::count(steps.len()),
        rate: format!("{:.1} %", 100.0 * changed as f64 / steps.len() as f64),
        first: firsts.get(firsts.len() / 2).map_or_else(|| "–".to_owned(), u32::to_string),
        refused: number::count(refused),
        evaluations: per_step(evaluations as f64),
        least_h: minus(&number::maybe(least)),
        fallbacks: if fallbacks.is_empty() { "none".to_owned() } else { fallbacks.join(", ") },
    }
}
