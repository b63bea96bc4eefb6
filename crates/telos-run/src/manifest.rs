//! `run.json`: what a run is of.

use crate::fingerprints::Fingerprints;
use crate::identity::Identity;
use crate::names::{Names, place};
use crate::references::constraints_of;
use crate::schedule::{Prepared, Schedule};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use telos_core::record::{ArmEntry, BenchmarkEntry, FORMAT, Manifest, ModelEntry, RunStatus, Timings};
use telos_spec::suite::{KindSpec, Suite};

/// The manifest of a run whose models are known by their bytes, its timings empty.
pub(crate) fn manifest(
    prepared: &Prepared<'_>,
    schedule: &Schedule,
    found: &Fingerprints,
    names: &Names,
    environment: &Map<String, Value>,
) -> Manifest {
    let suite = prepared.suite;
    let mut manifest = Manifest {
        format: FORMAT,
        status: RunStatus::Running,
        suite: suite.id.clone(),
        resolved: suite.resolved.clone(),
        seed: suite.seed,
        arms: arms(suite),
        models: models(suite, found, names),
        benchmarks: benchmarks(prepared),
        goals: suite.goals.clone(),
        counts: schedule.plan.counts.clone(),
        environment: environment.clone(),
        identity: String::new(),
        tables: BTreeMap::new(),
        replacing: BTreeMap::new(),
        passing: 0,
        timings: Timings::default(),
    };
    manifest.identity = Identity::of(&manifest).hash();
    manifest
}

fn arms(suite: &Suite) -> Vec<ArmEntry> {
    let entry = |arm: &telos_spec::suite::Arm| ArmEntry {
        id: suite.arm_id(*arm),
        model: suite.models[arm.model].id.clone(),
        controller: suite.controllers[arm.controller].id.clone(),
        free: suite.controllers[arm.controller].controller.is_none(),
    };
    suite.arms.iter().map(entry).collect()
}

/// The suite's models that are used, then those that only controllers and evaluators name.
fn models(suite: &Suite, found: &Fingerprints, names: &Names) -> Vec<ModelEntry> {
    let mut entries: Vec<ModelEntry> = Vec::new();
    for (model, card) in suite.models.iter().zip(&found.tested) {
        if let Some(card) = card {
            entries.push(ModelEntry { id: model.id.clone(), model: place(&model.model), card: card.clone() });
        }
    }
    for (model, card) in &found.references {
        let id = names.shown(model);
        if entries.iter().all(|entry| entry.id != id) {
            entries.push(ModelEntry { id, model: place(model), card: card.clone() });
        }
    }
    entries
}

fn benchmarks(prepared: &Prepared<'_>) -> Vec<BenchmarkEntry> {
    let entry = |bench: &crate::bench::Bench<'_>| BenchmarkEntry {
        id: bench.spec.id.clone(),
        about: bench.spec.about.clone(),
        goals: bench.spec.goals.iter().map(|goal| goal.0.clone()).collect(),
        licence: bench.spec.licence.clone(),
        contamination: bench.spec.contamination.clone(),
        evaluator: bench.scoring.kind().to_owned(),
        metrics: bench.scoring.metrics.clone(),
        headline: bench.spec.headline.clone(),
        data: bench.digest.clone(),
        items: bench.items.len(),
        available: bench.available,
        repeats: bench.repeats(),
        controlled: bench.controlled(),
        constraint: constraint_id(&bench.spec.evaluator),
        scoring: bench.scoring.to_json(),
    };
    prepared.benches.iter().flatten().map(entry).collect()
}

/// The id of the constraint that an evaluator's parameters name.
fn constraint_id(evaluator: &KindSpec) -> Option<String> {
    constraints_of(evaluator).iter().find_map(|constraint| constraint.id().map(str::to_owned))
}
