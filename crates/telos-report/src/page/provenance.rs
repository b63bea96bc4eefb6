//! Where everything came from.

use crate::number;
use serde::Serialize;
use serde_json::Value;
use telos_core::record::{Counts, Manifest};

/// The section's content.
#[derive(Serialize)]
pub(super) struct Provenance {
    facts: Vec<(String, String)>,
    models: Vec<ModelView>,
    benchmarks: Vec<BenchmarkFacts>,
    environment: Vec<(String, String)>,
    suite: String,
}

#[derive(Serialize)]
struct ModelView {
    id: String,
    model: String,
    architecture: String,
    weights: String,
    tokenizer: String,
    template: String,
    max_length: String,
    labels: String,
}

#[derive(Serialize)]
struct BenchmarkFacts {
    id: String,
    evaluator: String,
    licence: String,
    contamination: String,
    data: String,
    items: String,
}

pub(super) fn provenance(manifest: &Manifest) -> Provenance {
    let dash = || "–".to_owned();
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let timings = &manifest.timings;
    let counts = &manifest.counts;
    let mut facts = vec![
        fact("suite", manifest.suite.clone()),
        fact("identity", manifest.identity.clone()),
        fact("record format", manifest.format.to_string()),
        fact("status", manifest.status.to_string()),
        fact("seed", manifest.seed.to_string()),
        fact("arms", manifest.arms.iter().map(|arm| arm.id.as_str()).collect::<Vec<_>>().join(", ")),
        fact(
            "plan",
            format!(
                "{} requests, {} tokens, {} of them distinct prefixes, at most {} new tokens, {} units",
                number::count(counts.requests as usize),
                number::count(counts.tokens as usize),
                number::count(counts.prefix_tokens as usize),
                number::count(counts.new_tokens as usize),
                number::count(counts.units as usize),
            ),
        ),
        fact("too long", too_long(counts)),
        fact("began", timings.started.clone()),
        fact("ended", timings.ended.clone().unwrap_or_else(dash)),
        fact("work", format!("{:.1} s in {}", timings.seconds, number::counted(timings.sittings as usize, "sitting"))),
    ];
    for (phase, seconds) in &timings.phases {
        facts.push(fact(&format!("of it, {phase}"), format!("{seconds:.1} s")));
    }
    if let Some(bytes) = timings.peak_memory {
        facts.push(fact("peak memory", format!("{:.0} MiB", bytes as f64 / 1_048_576.0)));
    }
    Provenance {
        facts,
        models: manifest
            .models
            .iter()
            .map(|entry| ModelView {
                id: entry.id.clone(),
                model: entry.model.clone(),
                architecture: entry.card.architecture.clone(),
                weights: entry.card.weights.clone().unwrap_or_else(dash),
                tokenizer: entry.card.tokenizer.clone().unwrap_or_else(dash),
                template: entry.card.template.clone().unwrap_or_else(dash),
                max_length: entry.card.max_length.map_or_else(dash, number::count),
                labels: entry.card.labels.join(", "),
            })
            .collect(),
        benchmarks: manifest
            .benchmarks
            .iter()
            .map(|entry| BenchmarkFacts {
                id: entry.id.clone(),
                evaluator: entry.evaluator.clone(),
                licence: entry.licence.clone().unwrap_or_else(dash),
                contamination: entry.contamination.clone().unwrap_or_else(dash),
                data: entry.data.clone(),
                items: format!("{} of {}", number::count(entry.items), number::count(entry.available)),
            })
            .collect(),
        environment: manifest.environment.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        suite: serde_json::to_string_pretty(&manifest.resolved).unwrap_or_else(|_| manifest.resolved.to_string()),
    }
}

/// What became of items that did not fit a model's positions.
fn too_long(counts: &Counts) -> String {
    let kinds = [
        (counts.skipped, "skipped"),
        (counts.truncated, "cut on the left"),
        (counts.fewer_shots, "asked with fewer examples"),
    ];
    let some = kinds.iter().filter(|(n, _)| *n > 0);
    let told: Vec<String> = some.map(|(n, what)| format!("{} {what}", number::counted(*n as usize, "item"))).collect();
    if told.is_empty() { "no item".to_owned() } else { told.join(", ") }
}

/// A value as a person reads it: a text without quotes, an object as names and values.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => map.iter().map(|(k, v)| format!("{k} {}", plain(v))).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
