//! The goals, benchmarks and suites of the repository.

use super::folder::{Folder, repository, shared};
use serde_json::Value;
use std::fs;
use std::path::Path;
use telos_spec::{BUILTIN, check, load_registry};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_table_of_what_is_compiled_in_is_complete() {
    let root = repository();
    let mut expected: Vec<String> =
        names(&root.join("goals")).into_iter().map(|name| format!("goals/{name}")).collect();
    expected.retain(|path| Path::new(path).extension().is_some_and(|ending| ending == "yaml"));
    for folder in names(&root.join("benchmarks")) {
        let path = root.join("benchmarks").join(&folder);
        if path.join("benchmark.yaml").exists() {
            expected.extend(names(&path).into_iter().map(|name| format!("benchmarks/{folder}/{name}")));
        }
    }
    let mut listed: Vec<String> = BUILTIN.iter().map(|file| file.path.to_owned()).collect();
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
    for file in BUILTIN {
        assert_eq!(file.content, fs::read_to_string(root.join(file.path)).unwrap(), "{}", file.path);
    }
}

#[test]
fn nothing_is_wrong_with_what_is_committed() {
    let folder = Folder::with(&[]);
    let (_, found) = load_registry(&[], &folder.around());
    assert_eq!(found, []);
    let checked = check(&[repository().join("goals"), repository().join("benchmarks")], &folder.around());
    assert!(checked.files >= 15, "{}", checked.files);
    let mut found = folder.texts(&checked.diagnostics);
    if !repository().join("crates/telos-engine/tests/fixtures/models").is_dir() {
        eprintln!("skipped in part: the fixture models are not there");
        found.retain(|text| !text.contains("tests/fixtures/models"));
    }
    assert_eq!(found, Vec::<String>::new());
    // Whatever comes from elsewhere lies in the cache folder, and is named with a way to get it.
    assert!(checked.not_in_cache.len() >= 5);
    assert!(checked.not_in_cache.iter().all(|d| d.hint.as_ref().is_some_and(|hint| hint.contains("TELOS_CACHE"))));
}

#[test]
fn the_tree_of_goals_is_the_surveys() {
    let folder = Folder::with(&[]);
    let (registry, _) = load_registry(&[], &folder.around());
    let top: Vec<&str> = registry.goals.iter().map(|g| g.id.0.as_str()).filter(|id| !id.contains('/')).collect();
    assert_eq!(top, ["instructions", "preferences", "principles", "values"]);
    let leaves: Vec<&str> = registry.goals.iter().filter(|g| g.leaf).map(|g| g.id.0.as_str()).collect();
    let facet =
        |goal: &str, facet: &str| leaves.iter().filter(|id| id.starts_with(&format!("{goal}/{facet}/"))).count();
    let counts: Vec<_> = top.iter().map(|goal| (facet(goal, "representation"), facet(goal, "evaluation"))).collect();
    assert_eq!(counts, [(3, 1), (3, 3), (4, 3), (2, 2)]);
    assert_eq!(leaves.len(), 21);
    let mut ids: Vec<&str> = registry.goals.iter().map(|g| g.id.0.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), registry.goals.len());
    for goal in &registry.goals {
        assert!(!goal.title.is_empty() && goal.definition.ends_with('.'), "{}", goal.id.0);
    }
}

#[test]
fn every_benchmark_says_what_it_asks_and_under_which_licence() {
    let folder = Folder::with(&[]);
    let (registry, _) = load_registry(&[], &folder.around());
    for (id, file) in &registry.benchmarks {
        assert!(file.about.ends_with('?') || file.about.ends_with('.'), "{id}");
        assert!(file.licence.is_some(), "{id}");
        let path = file.file.to_str().unwrap();
        assert_eq!(path, format!("builtin:benchmarks/{id}/benchmark.yaml"));
    }
    for file in BUILTIN.iter().filter(|file| file.path.ends_with("benchmark.yaml")) {
        assert!(
            file.content.starts_with("# yaml-language-server: $schema=../benchmark.schema.json\n"),
            "{}",
            file.path
        );
    }
    for file in BUILTIN.iter().filter(|file| file.path.starts_with("goals/")) {
        assert!(file.content.starts_with("# yaml-language-server: $schema=./goal.schema.json\n"), "{}", file.path);
    }
    for suite in names(&repository().join("benchmarks/suites")) {
        if Path::new(&suite).extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let text = fs::read_to_string(repository().join("benchmarks/suites").join(&suite)).unwrap();
        assert!(text.starts_with("# yaml-language-server: $schema=./suite.schema.json\n"), "{suite}");
    }
}

#[test]
fn items_have_ids_of_their_own_and_the_columns_that_templates_name() {
    let folder = Folder::with(&[]);
    let (registry, _) = load_registry(&[], &folder.around());
    let mut seen = 0;
    for (id, file) in &registry.benchmarks {
        let items = format!("benchmarks/{id}/items.jsonl");
        let Some(items) = BUILTIN.iter().find(|file| file.path == items) else { continue };
        let rows: Vec<Value> = items.content.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        seen += 1;
        if let Some(column) = file.value["id"].as_str() {
            let mut ids: Vec<&str> = rows.iter().map(|row| row[column].as_str().unwrap()).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), rows.len(), "{id}");
        }
        let text = serde_json::to_string(&file.value).unwrap();
        for name in text.split("{{ ").skip(1).map(|rest| rest.split(" }}").next().unwrap()) {
            assert!(rows.iter().all(|row| row.get(name).is_some()), "{id}: {name}");
        }
        if id == "turns" {
            assert_eq!(rows.len(), 12);
        }
        for row in rows.iter().filter(|row| row.get("answer").is_some()) {
            let choices = row["choices"].as_array().unwrap();
            assert!((row["answer"].as_u64().unwrap() as usize) < choices.len(), "{row}");
        }
    }
    assert_eq!(seen, 11);
}

/// The prompts are those of lm-evaluation-harness, byte for byte.
#[test]
fn truthfulqa_is_asked_as_elsewhere() {
    let Some(shared) = shared() else {
        eprintln!("skipped: there is no folder `shared` beside the repository");
        return;
    };
    let folder = Folder::with(&[]);
    let (registry, _) = load_registry(&[], &folder.around());
    for (id, task, column) in
        [("truthfulqa-mc1", "truthfulqa_mc1", "mc1_targets"), ("truthfulqa-mc2", "truthfulqa_mc2", "mc2_targets")]
    {
        let task = shared.join("goldens/lm_eval/llama").join(task);
        let lines = |name: &str| -> Vec<Value> {
            let text = fs::read_to_string(task.join(name)).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let request = &registry.benchmarks[id].value["request"];
        let context = request["context"].as_str().unwrap();
        assert_eq!(request["choices"], format!("{{{{ {column}.choices }}}}"));
        let (docs, samples) = (lines("docs.jsonl"), lines("samples.jsonl"));
        assert_eq!((docs.len(), samples.len()), (60, 60));
        for (doc, sample) in docs.iter().zip(&samples) {
            let context = context.replace("{{ question }}", doc["question"].as_str().unwrap());
            for (choice, argument) in
                doc[column]["choices"].as_array().unwrap().iter().zip(sample["arguments"].as_array().unwrap())
            {
                let delimiter = request["delimiter"].as_str().unwrap();
                assert_eq!(argument[0], context.as_str());
                assert_eq!(argument[1], format!("{delimiter}{}", choice.as_str().unwrap()));
            }
        }
    }
    let rows: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(shared.join("data/truthfulqa/validation.json")).unwrap()).unwrap();
    for row in &rows {
        assert!(row["id"].is_u64() && row["category"].is_string() && row["question"].is_string());
        assert_eq!(row["mc1_targets"]["labels"][0], 1, "the first choice is the true one");
        assert_eq!(
            row["mc2_targets"]["labels"].as_array().unwrap().len(),
            row["mc2_targets"]["choices"].as_array().unwrap().len()
        );
    }
}
