//! What the controllers did on a benchmark, from the recorded steps.

use crate::index::Index;
use crate::number;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
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

/// A text of an item: its repeat, turn and index.
type Place = (u32, u8, u32);

/// An arm's steps on a benchmark, added up.
#[derive(Default)]
pub(super) struct ControlCounts {
    /// For each text, by item and then by repeat, turn and index, the first step at which the controller acted.
    texts: BTreeMap<String, BTreeMap<Place, Option<u32>>>,
    steps: usize,
    changed: usize,
    refused: usize,
    evaluations: u64,
    least: Option<f64>,
    fallbacks: BTreeMap<String, usize>,
}

impl ControlCounts {
    /// Adds a step.
    pub(super) fn take(&mut self, step: &StepRow) {
        if !self.texts.contains_key(&step.item) {
            self.texts.insert(step.item.clone(), BTreeMap::new());
        }
        let Some(repeats) = self.texts.get_mut(&step.item) else { return };
        let first = repeats.entry((step.repeat, step.wave, step.index)).or_default();
        if step.changed {
            *first = Some(first.map_or(step.step, |first| first.min(step.step)));
        }
        self.steps += 1;
        self.changed += usize::from(step.changed);
        self.refused += step.rejected.len();
        self.evaluations += u64::from(step.evaluations);
        self.least = step.h_after.iter().flatten().copied().chain(self.least).reduce(f64::min);
        if let Some(fallback) = &step.fallback {
            *self.fallbacks.entry(fallback.clone()).or_default() += 1;
        }
    }

    /// The repeats of an item in whose texts the controller acted.
    pub(super) fn acted(&self, item: &str) -> impl Iterator<Item = u32> {
        let repeats = self.texts.get(item).into_iter().flatten();
        repeats.filter(|(_, first)| first.is_some()).map(|((repeat, ..), _)| *repeat)
    }

    /// How many texts there are, and in how many of them the controller acted.
    pub(super) fn texts(&self) -> (usize, usize) {
        let all = || self.texts.values().flat_map(BTreeMap::values);
        (all().count(), all().flatten().count())
    }

    fn row(&self, arm: &str) -> ControlRow {
        let mut firsts: Vec<u32> = self.texts.values().flat_map(BTreeMap::values).flatten().copied().collect();
        firsts.sort_unstable();
        let fallbacks: Vec<String> =
            self.fallbacks.iter().map(|(name, n)| format!("{} {name}", number::count(*n))).collect();
        let steps = self.steps as f64;
        ControlRow {
            arm: arm.to_owned(),
            texts: number::count(self.texts.values().map(BTreeMap::len).sum()),
            changed_texts: number::count(firsts.len()),
            steps: number::count(self.steps),
            rate: format!("{:.1} %", 100.0 * self.changed as f64 / steps),
            first: firsts.get(firsts.len() / 2).map_or_else(|| "–".to_owned(), u32::to_string),
            refused: number::count(self.refused),
            evaluations: number::number(self.evaluations as f64 / steps),
            least_h: number::minus(&number::maybe(self.least)),
            fallbacks: if fallbacks.is_empty() { "none".to_owned() } else { fallbacks.join(", ") },
        }
    }
}

/// One row for each arm with steps, in the suite's order.
pub(super) fn control(index: &Index<'_>, counts: &HashMap<String, ControlCounts>) -> Vec<ControlRow> {
    index.manifest.arms.iter().filter_map(|arm| counts.get(&arm.id).map(|counts| counts.row(&arm.id))).collect()
}
