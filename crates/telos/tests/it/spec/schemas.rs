//! The schemas say what the checks say.

use crate::catalogue::catalogue;
use serde_json::Value;
use telos_spec::{SchemaKind, schema};

/// Holds a value against a schema, as far as ours use the language.
pub(crate) fn valid(root: &Value, schema: &Value, value: &Value) -> bool {
    let Some(rules) = schema.as_object() else { return schema != &Value::Bool(false) };
    rules.iter().all(|(rule, says)| match rule.as_str() {
        "$ref" => valid(root, root.pointer(says.as_str().unwrap().trim_start_matches('#')).expect("a target"), value),
        "type" => match says.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            other => panic!("{other}"),
        },
        "const" => value == says,
        "enum" => says.as_array().unwrap().contains(value),
        "minimum" => value.as_f64().is_none_or(|x| x >= says.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|x| x <= says.as_f64().unwrap()),
        "minItems" => value.as_array().is_none_or(|list| list.len() as u64 >= says.as_u64().unwrap()),
        "items" => value.as_array().is_none_or(|list| list.iter().all(|v| valid(root, says, v))),
        "required" => value
            .as_object()
            .is_none_or(|map| says.as_array().unwrap().iter().all(|k| map.contains_key(k.as_str().unwrap()))),
        "properties" => {
            value.as_object().is_none_or(|map| map.iter().all(|(k, v)| says.get(k).is_none_or(|s| valid(root, s, v))))
        }
        "additionalProperties" => value.as_object().is_none_or(|map| {
            let known = rules.get("properties").and_then(Value::as_object);
            map.iter().all(|(k, v)| known.is_some_and(|known| known.contains_key(k)) || valid(root, says, v))
        }),
        "oneOf" => says.as_array().unwrap().iter().filter(|s| valid(root, s, value)).count() == 1,
        "anyOf" => says.as_array().unwrap().iter().any(|s| valid(root, s, value)),
        "$schema" | "$defs" | "title" | "description" => true,
        other => panic!("the test does not know `{other}`"),
    })
}

fn check(which: SchemaKind, yaml: &str, expected: bool) {
    let schema = schema(which, &catalogue());
    let value: Value = serde_yaml::from_str(yaml).unwrap();
    assert_eq!(valid(&schema, &schema, &value), expected, "{yaml}");
}

#[test]
fn mistakes_do_not_fit() {
    let suite = "suite: s\nmodels: [{id: a, model: m}]\nbenchmarks: [x]\n";
    check(SchemaKind::Suite, suite, true);
    for (from, to) in [
        ("suite: s\n", ""),
        ("id: a, ", ""),
        ("model: m", "model: {kind: locl, path: m}"),
        ("model: m", "model: {kind: local, path: m, extra: 1}"),
        ("model: m", "model: m, max_length: 0"),
        ("[x]", "[]"),
        ("[x]", "[3]"),
        ("[x]", "[{limit: 3}]"),
        ("[x]", "[{id: x, limt: 3}]"),
        ("[x]", "[x]\ntruncation: up"),
        ("[x]", "[x]\ncontrollers: [{id: c, controller: {kind: cbf, alpha: 1.5, constraint: s}}]"),
        ("[x]", "[x]\ncontrollers: [{id: c, controller: {kind: cbf, alpha: 0.5, constraint: {kind: x}}}]"),
    ] {
        check(SchemaKind::Suite, &suite.replace(from, to), false);
    }
    let benchmark = "benchmark: b\nsource: {path: x.csv}\nrequest: {kind: choices, context: a, choices: [b, c]}\nevaluator: {kind: sentence_pair}\n";
    check(SchemaKind::Benchmark, benchmark, true);
    for (from, to) in [
        ("{path: x.csv}", "{kind: csv}"),
        ("{path: x.csv}", "{kind: csv, path: x, delimiter: 3}"),
        ("[b, c]", "[b]"),
        ("kind: sentence_pair", "kind: sentence_pear"),
        ("benchmark: b", "benchmark: b\nmetrics: {acc: {range: [0]}}"),
    ] {
        check(SchemaKind::Benchmark, &benchmark.replace(from, to), false);
    }
    check(SchemaKind::Benchmark, &benchmark.replace("{path: x.csv}", "{kind: csv, path: x, delimiter: ;}"), true);
    check(SchemaKind::Goal, "goal: g\ntitle: T\nchildren: [{id: a, title: T, children: [{id: b, title: T}]}]\n", true);
    check(SchemaKind::Goal, "goal: g\ntitle: T\nchildren: [{id: a, title: T, children: [{id: b}]}]\n", false);
}

#[test]
fn rules_fit_or_do_not() {
    let good = "rules:\n  - {id: a, kind: floor, metric: acc, min: 0.5}\n  - {id: b, kind: regression, margin: 0.1}\n  - {id: c, kind: integrity}\n";
    check(SchemaKind::Gate, good, true);
    for (from, to) in [
        ("kind: floor", "kind: flor"),
        ("id: a, ", ""),
        ("min: 0.5", "min: half"),
        ("margin: 0.1", "margin: -1"),
        ("kind: integrity", "kind: integrity, metric: acc"),
        ("rules:", "baseline: b.json\nrule:"),
    ] {
        check(SchemaKind::Gate, &good.replace(from, to), false);
    }
    let suite = "suite: s\nmodels: [{id: a, model: m}]\nbenchmarks: [x]\ngates: ";
    check(SchemaKind::Suite, &format!("{suite}pr.yaml\n"), true);
    check(SchemaKind::Suite, &format!("{suite}[{{id: c, kind: integrity}}]\n"), true);
    check(SchemaKind::Suite, &format!("{suite}{{rules: [{{id: c, kind: integrity}}]}}\n"), true);
    check(SchemaKind::Suite, &format!("{suite}[{{id: c, kind: integrty}}]\n"), false);
}

#[test]
fn every_key_is_described() {
    fn walk(value: &Value, at: &str) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            for (key, says) in properties.iter().filter(|(key, _)| *key != "kind") {
                assert!(says["description"].as_str().is_some_and(|text| !text.is_empty()), "{at}/{key}");
            }
        }
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| walk(value, &format!("{at}/{key}"))),
            Value::Array(list) => list.iter().for_each(|value| walk(value, at)),
            _ => {}
        }
    }
    for which in [SchemaKind::Suite, SchemaKind::Benchmark, SchemaKind::Goal, SchemaKind::Gate] {
        let schema = schema(which, &catalogue());
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        walk(&schema, "");
    }
}
