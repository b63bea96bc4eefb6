//! Every YAML file that ships: it fits its schema, and a mistake under any of its keys is found.

use super::folder::{Folder, repository};
use super::schemas::valid;
use crate::catalogue::catalogue;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use telos_spec::{SchemaKind, check, schema};

/// Where YAML files ship.
const PLACES: &[&str] = &["goals", "benchmarks", "crates/telos/templates/init"];

/// Keys that the author of a file names himself: another name there is no mistake, or one that only a run can see.
const OWN_NAMES: &[&str] = &["metrics", "earlier"];

fn yaml_files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            out.push(path);
        }
    }
}

/// All of them, relative to the repository.
fn shipped() -> Vec<PathBuf> {
    let root = repository();
    let mut found = Vec::new();
    for place in PLACES {
        yaml_files(&root.join(place), &mut found);
    }
    found.sort();
    found.into_iter().map(|path| path.strip_prefix(&root).unwrap().to_owned()).collect()
}

fn parse(path: &Path) -> Value {
    serde_yaml::from_str(&fs::read_to_string(repository().join(path)).unwrap()).unwrap()
}

/// The schema that is committed for a file of this kind.
fn kind(value: &Value) -> SchemaKind {
    let has = |key: &str| value.get(key).is_some();
    match (has("suite"), has("benchmark"), has("goal"), has("rules")) {
        (true, ..) => SchemaKind::Suite,
        (_, true, ..) => SchemaKind::Benchmark,
        (_, _, true, _) => SchemaKind::Goal,
        (.., true) => SchemaKind::Gate,
        _ => panic!("of no kind that is known: {value}"),
    }
}

#[test]
fn each_fits_its_schema() {
    let files = shipped();
    let mut seen = BTreeSet::new();
    for file in &files {
        let value = parse(file);
        let kind = kind(&value);
        let schema = schema(kind, &catalogue());
        assert!(valid(&schema, &schema, &value), "{}", file.display());
        seen.insert(format!("{kind:?}"));
    }
    assert!(files.len() >= 26 && seen.len() == 4, "{} files, {seen:?}", files.len());
}

/// JSON pointers of every key.
fn keys(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            // No key of a file that ships holds a `/`, which would end a part of the pointer.
            assert!(!key.contains('/'), "{key}");
            let here = format!("{at}/{key}");
            keys(value, &here, out);
            out.push(here);
        }),
        Value::Array(list) => list.iter().enumerate().for_each(|(i, value)| keys(value, &format!("{at}/{i}"), out)),
        _ => {}
    }
}

/// The value with a key renamed or, where its name is free, with what nothing can be made of under it.
fn spoiled(good: &Value, pointer: &str) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let mut mutant = good.clone();
    if OWN_NAMES.iter().any(|own| parent.rsplit('/').next() == Some(own)) {
        *mutant.pointer_mut(pointer).unwrap() = serde_json::json!([{"x": [[]]}]);
    } else {
        let map = mutant.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
        let value = map.shift_remove(key).unwrap();
        map.insert(format!("{key}-x"), value);
    }
    mutant
}

#[test]
fn one_mutation_of_every_key_is_found() {
    let folder = Folder::with(&[]);
    let files = shipped();
    for file in &files {
        folder.write(file.to_str().unwrap(), &fs::read_to_string(repository().join(file)).unwrap());
        let rows = repository().join(file).parent().unwrap().join("items.jsonl");
        if rows.exists() {
            let beside = file.parent().unwrap().join("items.jsonl");
            folder.write(beside.to_str().unwrap(), &fs::read_to_string(rows).unwrap());
        }
    }
    // The suite of `init` names the folder into which its benchmark is written, and that benchmark its rows.
    let init = PathBuf::from("crates/telos/templates/init");
    let text = |name: &str| fs::read_to_string(repository().join(&init).join(name)).unwrap();
    for (name, to) in [
        ("benchmark.yaml", "benchmarks/first/benchmark.yaml"),
        ("items.csv", "benchmarks/first/items.csv"),
        ("items.csv", "items.csv"),
    ] {
        folder.write(init.join(to).to_str().unwrap(), &text(name));
    }
    let messages = |file: &Path| -> BTreeSet<String> {
        let found = check(&[folder.path.join(file)], &folder.around()).diagnostics;
        assert!(found.iter().all(|d| d.line > 0 && d.column > 0), "{found:?}");
        // Without the place: the mutant is written anew, without comments.
        found.into_iter().map(|d| d.message).collect()
    };
    let mut mutants = 0;
    for file in &files {
        let good = parse(file);
        let before = messages(file);
        // The fixture models of the tiny suite, and benchmarks' own files elsewhere, are all that may lack here.
        assert!(
            before.iter().all(|message| message.contains("tests/fixtures/models")),
            "{}: {before:?}",
            file.display()
        );
        let mut pointers = Vec::new();
        keys(&good, "", &mut pointers);
        for pointer in &pointers {
            let mutant = spoiled(&good, pointer);
            folder.write(file.to_str().unwrap(), &serde_yaml::to_string(&mutant).unwrap());
            let found = messages(file);
            assert!(found.iter().any(|message| !before.contains(message)), "{} {pointer} is not found", file.display());
            mutants += 1;
        }
        folder.write(file.to_str().unwrap(), &fs::read_to_string(repository().join(file)).unwrap());
    }
    assert!(mutants > 1000, "{mutants}");
}
