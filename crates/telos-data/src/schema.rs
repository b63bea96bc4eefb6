//! JSON Schema of `run.json`, for whoever reads a record with other tools.

use serde_json::{Map, Value, json};
use telos_core::record::FORMAT;

/// The JSON Schema (draft 2020-12) of a record's `run.json`. Every key is always written; a reader passes over keys that
/// it does not know, so further ones are allowed.
pub fn record_schema() -> Value {
    let mut schema = object(
        "A run of telos: what ran, on what, with which settings. The tables beside it hold what came out.",
        &[
            (
                "format",
                json!({"enum": (1..=FORMAT).collect::<Vec<_>>(), "description": "the record's format; also in each table's Parquet metadata"}),
            ),
            (
                "status",
                json!({"enum": ["running", "complete", "interrupted"], "description": "whether everything that was planned is there"}),
            ),
            ("suite", text("the suite's id")),
            ("resolved", json!({"description": "the suite with every default and override in it"})),
            ("seed", count("the suite's seed")),
            ("arms", list("arms in the suite's order", &arm())),
            ("models", list("models in the suite's order", &model())),
            ("benchmarks", list("benchmarks in the suite's order", &benchmark())),
            (
                "goals",
                list("the nodes of the registry of goals, each after its parent; empty in records without it", &goal()),
            ),
            ("counts", counts()),
            (
                "environment",
                json!({"type": "object", "description": "threads, dtype, batch budget, versions, machine"}),
            ),
            ("identity", text("blake3 of what a resumed run must agree in: suite, models, data, seed")),
            (
                "tables",
                hashes(
                    "blake3 of each table's bytes, by the file's name; empty until the run is complete, and in format 1",
                ),
            ),
            (
                "replacing",
                hashes(
                    "blake3 of a table that is about to take the place of the one in `tables`; empty but while `telos score` renames it",
                ),
            ),
            ("passing", count("replies that are errors which may pass, and that `--resume` asks for again")),
            ("timings", timings()),
        ],
    );
    if let Some(map) = schema.as_object_mut() {
        map.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        map.insert("title".to_owned(), "telos record: run.json".into());
    }
    schema
}

fn arm() -> Value {
    object(
        "one model with one controller",
        &[
            ("id", text("MODEL-ID/CONTROLLER-ID")),
            ("model", text("the model's id")),
            ("controller", text("the controller's id")),
            ("free", flag("whether the controller is `none`")),
        ],
    )
}

fn model() -> Value {
    let card = object(
        "what the model says of itself",
        &[
            ("architecture", text("the architecture, in the words of its config.json")),
            ("weights", nullable(text("blake3 of the weights; null where they were not loaded"))),
            ("tokenizer", nullable(text("blake3 of the tokenizer; null where it is not known"))),
            ("template", nullable(text("blake3 of the chat template; null where there is none"))),
            ("max_length", nullable(count("positions; null where they are not known"))),
            ("labels", list("a classifier's labels, by id; empty for other models", &json!({"type": "string"}))),
            ("causal", flag("whether the model predicts tokens")),
            ("dtype", nullable(text("the type of number that it is computed in; null where it is not known"))),
        ],
    );
    object(
        "a model of the run",
        &[
            ("id", text("the suite's id, or blake3:… for one that only a constraint names")),
            ("model", text("the model as the suite names it")),
            ("card", card),
        ],
    )
}

fn benchmark() -> Value {
    object(
        "a benchmark of the run",
        &[
            ("id", text("the id")),
            ("about", text("what it asks, in a sentence")),
            ("goals", list("the goals that it is bound to", &json!({"type": "string"}))),
            ("licence", nullable(text("the licence of its data"))),
            (
                "contamination",
                nullable(text("what is known of its items being in training data; null in records without it")),
            ),
            ("evaluator", text("the evaluator's kind")),
            ("metrics", list("metrics in the order in which they are shown", &metric())),
            ("headline", nullable(text("the metric that matters most; null where the benchmark names none"))),
            ("data", text("blake3 over the items' hashes, in order")),
            ("items", count("items that are asked")),
            ("available", count("items that there are")),
            ("repeats", count("repeats of each item")),
            ("controlled", flag("whether anything is sampled, so that a controller acts")),
            ("constraint", nullable(text("the constraint whose h its metrics are about, by id"))),
            (
                "scoring",
                json!({
                    "type": ["object", "null"],
                    "description": "what scoring again needs: evaluator and request as resolved; null in records without it",
                }),
            ),
        ],
    )
}

fn metric() -> Value {
    let range = json!({
        "type": ["array", "null"],
        "items": {"type": "number"},
        "minItems": 2,
        "maxItems": 2,
        "description": "the least and the largest value; null where they are not finite",
    });
    object(
        "what a metric's values mean",
        &[
            ("name", text("unique within the benchmark")),
            ("about", text("what one item's value says")),
            ("direction", json!({"enum": ["higher", "lower", "none"], "description": "which way is better"})),
            ("range", range),
            (
                "aggregate",
                json!({"enum": ["mean", "perplexity", "centred"], "description": "how items make one number"}),
            ),
        ],
    )
}

fn goal() -> Value {
    object(
        "a node of the registry of goals",
        &[
            ("id", text("the path id")),
            ("title", text("its name")),
            ("definition", text("what it means, in a sentence; may be empty")),
            ("order", nullable(count("from the surface of behaviour (1) to intrinsic values"))),
            ("leaf", flag("whether benchmarks bind to it")),
        ],
    )
}

fn counts() -> Value {
    object(
        "what the plan came to",
        &[
            ("requests", count("requests of the first wave, each asked once")),
            ("tokens", count("tokens of those requests, each request alone")),
            ("prefix_tokens", count("distinct token prefixes among them, for each model on its own")),
            ("new_tokens", count("tokens that may be generated at most")),
            ("units", count("units of work")),
            ("skipped", count("items that are skipped because they do not fit, once for each model")),
            ("truncated", count("items that lose ids on the left, likewise")),
            ("fewer_shots", count("items that lose few-shot examples, likewise")),
        ],
    )
}

fn timings() -> Value {
    object(
        "the only times in a record",
        &[
            ("started", text("when the run began, RFC 3339")),
            ("ended", nullable(text("when it ended, RFC 3339"))),
            ("seconds", json!({"type": "number", "description": "seconds of work, all sittings together"})),
            (
                "phases",
                json!({"type": "object", "additionalProperties": {"type": "number"}, "description": "seconds for each phase"}),
            ),
            ("peak_memory", nullable(count("peak resident memory in bytes; null where the system does not tell"))),
            ("sittings", count("how many sittings it took")),
        ],
    )
}

fn hashes(about: &str) -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string"}, "description": about})
}

fn object(about: &str, fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "description": about, "properties": properties, "required": required})
}

fn list(about: &str, items: &Value) -> Value {
    json!({"type": "array", "description": about, "items": items})
}

fn text(about: &str) -> Value {
    json!({"type": "string", "description": about})
}

fn flag(about: &str) -> Value {
    json!({"type": "boolean", "description": about})
}

fn count(about: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": about})
}

/// The same, or null.
fn nullable(mut schema: Value) -> Value {
    if let Some(of) = schema.get_mut("type") {
        *of = json!([of.clone(), "null"]);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::manifest;

    /// Whether a value is what a schema says, in the few words that ours uses; keys must be the same ones exactly.
    fn check(schema: &Value, value: &Value, path: &str) {
        assert!(schema["description"].is_string() || path.ends_with("[]"), "{path} is not described");
        if let Some(expected) = schema.get("const") {
            assert_eq!(value, expected, "{path}");
        }
        if let Some(choices) = schema["enum"].as_array() {
            assert!(choices.contains(value), "{path}: {value}");
        }
        let kinds = match &schema["type"] {
            Value::Array(kinds) => kinds.clone(),
            Value::Null => Vec::new(),
            kind => vec![kind.clone()],
        };
        let fits = |kind: &Value| match kind.as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_u64(),
            Some("number") => value.is_number(),
            Some("null") => value.is_null(),
            other => panic!("{path}: unknown type {other:?}"),
        };
        assert!(kinds.is_empty() || kinds.iter().any(fits), "{path}: {value} is none of {kinds:?}");
        if let (Some(properties), Some(map)) = (schema["properties"].as_object(), value.as_object()) {
            assert_eq!(map.keys().collect::<Vec<_>>(), properties.keys().collect::<Vec<_>>(), "{path}");
            assert_eq!(schema["required"], map.keys().cloned().collect::<Value>(), "{path}");
            properties.iter().for_each(|(key, inner)| check(inner, &map[key], &format!("{path}.{key}")));
        }
        if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
            for entry in list {
                check(items, entry, &format!("{path}[]"));
            }
        }
    }

    #[test]
    fn the_schema_is_the_manifests() {
        let full = manifest();
        assert!(!full.arms.is_empty() && !full.models.is_empty() && !full.benchmarks[0].metrics.is_empty());
        let mut bare = full.clone();
        bare.models[0].card.weights = None;
        bare.models[0].card.template = None;
        bare.models[0].card.tokenizer = None;
        bare.models[0].card.max_length = None;
        bare.models[0].card.dtype = None;
        bare.benchmarks[0].licence = None;
        bare.benchmarks[0].constraint = None;
        bare.benchmarks[0].scoring = Value::Null;
        bare.benchmarks[0].metrics[0].range = None;
        bare.timings.ended = None;
        bare.timings.peak_memory = None;
        for sample in [full, bare] {
            check(&record_schema(), &serde_json::to_value(sample).expect("a manifest is JSON"), "run");
        }
    }
}
