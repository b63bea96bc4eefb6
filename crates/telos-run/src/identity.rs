//! What a resumed run must agree in: suite, seed, models and data.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use telos_core::ModelCard;
use telos_core::digest::{blake3_hex, canonical_json};
use telos_core::record::Manifest;

/// Everything that decides what a record holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// The suite as resolved, without what only people read.
    pub suite: Value,
    /// The suite's seed.
    pub seed: u64,
    /// A fingerprint for each model, by id.
    pub models: BTreeMap<String, String>,
    /// A digest of each benchmark's items, by id.
    pub data: BTreeMap<String, String>,
}

/// The type of number that needs no saying: records from before it was said were all computed in it.
const USUAL: &str = "f32";

/// A model's bytes: weights, tokenizer and template, and the type of number that it is computed in where that is not `f32`.
pub(crate) fn fingerprint(card: &ModelCard) -> String {
    let part = |hash: &Option<String>| hash.clone().unwrap_or_else(|| "none".to_owned());
    let bytes = [&card.weights, &card.tokenizer, &card.template].map(part).join("/");
    match card.dtype.as_deref() {
        None | Some(USUAL) => bytes,
        Some(dtype) => format!("{bytes}/{dtype}"),
    }
}

/// Words for people, which change nothing that a record holds: a slip in them may be mended between two sittings.
const PROSE: [&str; 3] = ["about", "licence", "contamination"];

/// A suite without the words for people of its own and of its benchmarks.
fn without_prose(suite: &Value) -> Value {
    let mut suite = suite.clone();
    let strip = |value: &mut Value| {
        if let Some(map) = value.as_object_mut() {
            map.retain(|key, _| !PROSE.contains(&key.as_str()));
        }
    };
    strip(&mut suite);
    suite.get_mut("benchmarks").and_then(Value::as_array_mut).into_iter().flatten().for_each(strip);
    suite
}

impl Identity {
    /// That of a record.
    pub(crate) fn of(manifest: &Manifest) -> Self {
        Self {
            suite: without_prose(&manifest.resolved),
            seed: manifest.seed,
            models: manifest.models.iter().map(|m| (m.id.clone(), fingerprint(&m.card))).collect(),
            data: manifest.benchmarks.iter().map(|b| (b.id.clone(), b.data.clone())).collect(),
        }
    }

    /// Its blake3.
    pub(crate) fn hash(&self) -> String {
        blake3_hex(canonical_json(&serde_json::to_value(self).unwrap_or_default()).as_bytes())
    }

    /// What differs between a record (`self`) and a run, for a person; empty where nothing does.
    pub(crate) fn differences(&self, run: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.seed != run.seed {
            found.push(format!("the seed is {} in the record and {} in this run", self.seed, run.seed));
        }
        // The journal of an earlier version may hold the words too.
        compare(&without_prose(&self.suite), &without_prose(&run.suite), "", &mut found);
        let parts = [("model", &self.models, &run.models), ("the data of benchmark", &self.data, &run.data)];
        for (what, then, now) in parts {
            for id in then.keys().chain(now.keys().filter(|id| !then.contains_key(*id))) {
                match (then.get(id), now.get(id)) {
                    (Some(a), Some(b)) if a != b => found.push(format!("{what} `{id}` is not the same")),
                    (Some(_), None) => found.push(format!("{what} `{id}` is only in the record")),
                    (None, Some(_)) => found.push(format!("{what} `{id}` is only in this run")),
                    _ => {}
                }
            }
        }
        found
    }
}

/// Differences of two suites, by path, the innermost ones.
fn compare(then: &Value, now: &Value, path: &str, found: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let missing = Value::Null;
                compare(a.get(key).unwrap_or(&missing), b.get(key).unwrap_or(&missing), &path, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                compare(a, b, &format!("{path}[{i}]"), found);
            }
        }
        (a, b) if a != b => found.push(format!("`{path}` is {} in the record and {} in this run", short(a), short(b))),
        _ => {}
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_named_by_path() {
        let base = Identity {
            suite: json!({"suite": "s", "benchmarks": [{"id": "b", "limit": 10}]}),
            seed: 1,
            models: [("m".to_owned(), "x".to_owned())].into(),
            data: [("b".to_owned(), "d".to_owned())].into(),
        };
        assert_eq!(base.differences(&base.clone()), Vec::<String>::new());
        let check = |change: &dyn Fn(&mut Identity), part: &str| {
            let mut other = base.clone();
            change(&mut other);
            let told = base.differences(&other).join("; ");
            assert!(told.contains(part), "{told}");
            assert_ne!(base.hash(), other.hash());
        };
        let mut reworded = base.clone();
        reworded.suite["about"] = json!("Other words.");
        reworded.suite["benchmarks"][0]["licence"] = json!("CC0-1.0");
        assert_eq!(base.differences(&reworded), Vec::<String>::new(), "words for people are not identity");
        assert_eq!(reworded.differences(&base), Vec::<String>::new());
        check(&|i| i.seed = 2, "the seed is 1 in the record and 2");
        check(&|i| i.suite["benchmarks"][0]["limit"] = json!(20), "`benchmarks[0].limit` is 10 in the record and 20");
        check(&|i| i.suite["benchmarks"][0]["chat"] = json!(true), "`benchmarks[0].chat` is null");
        check(&|i| drop(i.models.insert("m".into(), "y".into())), "model `m` is not the same");
        check(&|i| drop(i.data.insert("c".into(), "y".into())), "benchmark `c` is only in this run");
    }
}
