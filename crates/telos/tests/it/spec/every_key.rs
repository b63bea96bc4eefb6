//! A mistake under any key of a suite, a benchmark and a goal is found.

use super::mistakes::{GOOD_BENCHMARK, GOOD_GOAL, GOOD_SUITE, good_folder};
use serde_json::Value;
use std::path::{Path, PathBuf};
use telos_spec::check;

/// Every path to a key in a value, as its keys and places.
fn keys(value: &Value, here: &mut Vec<PathBuf>, at: &Path) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            // `/` joins the parts of a JSON pointer; no key here holds one.
            here.push(at.join(key));
            keys(value, here, &at.join(key));
        }),
        Value::Array(list) => list.iter().enumerate().for_each(|(i, v)| keys(v, here, &at.join(i.to_string()))),
        _ => {}
    }
}

/// Ways to spoil what stands under a key of a good file; the mutant is found.
fn mutate(yaml: &str, file: &str, free_keys: &[&str]) {
    let folder = good_folder();
    let good: Value = serde_yaml::from_str(yaml).unwrap();
    let mut paths = Vec::new();
    keys(&good, &mut paths, Path::new("/"));
    assert!(paths.len() > 10);
    for path in paths {
        let pointer = path.to_str().unwrap();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let mut renamed = good.clone();
        let map = renamed.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
        let value = map.shift_remove(key).unwrap();
        map.insert(format!("{key}-x"), value);
        let mut mutants = vec![("renamed", renamed)];
        for (name, other) in [("null", Value::Null), ("nested", serde_json::json!([{"x": [[]]}]))] {
            let mut mutant = good.clone();
            *mutant.pointer_mut(pointer).unwrap() = other;
            mutants.push((name, mutant));
        }
        for (name, mutant) in mutants {
            let what = format!("{name} {pointer}");
            if free_keys.iter().any(|free| what == *free || free.strip_suffix('*').is_some_and(|f| what.starts_with(f)))
            {
                continue;
            }
            folder.write(file, &serde_yaml::to_string(&mutant).unwrap());
            let found = check(std::slice::from_ref(&folder.path), &folder.around()).diagnostics;
            assert!(!found.is_empty(), "{name} {pointer} is not found");
            assert!(found.iter().all(|d| d.line > 0 && d.column > 0), "{found:?}");
        }
    }
}

#[test]
fn one_mutation_of_every_key_of_a_suite_is_found() {
    // Names of metrics are free, and an override of nothing takes the benchmark's own key away.
    let free = ["renamed /benchmarks/0/metrics/min_h", "null /benchmarks/0/*"];
    mutate(GOOD_SUITE, "suite.yaml", &free);
}

#[test]
fn one_mutation_of_every_key_of_a_benchmark_is_found() {
    mutate(GOOD_BENCHMARK, "mine/benchmarks/own.yaml", &["renamed /metrics/acc"]);
}

#[test]
fn one_mutation_of_every_key_of_a_goal_is_found() {
    // The names of versions are free.
    let free = ["renamed /earlier/v1", "renamed /children/0/earlier/v1"];
    mutate(GOOD_GOAL, "mine/goals/more.yaml", &free);
}
