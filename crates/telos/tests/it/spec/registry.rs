//! Goals and benchmarks, built in and laid over.

use super::folder::Folder;
use telos_spec::{check, load_registry};

#[test]
fn folders_are_laid_over_what_is_built_in() {
    let folder = Folder::with(&[
        ("one/goals/mine.yaml", "goal: values/evaluation/own\ntitle: Own\nchildren: [{id: deep, title: Deep}]\n"),
        (
            "one/turns.yaml",
            "benchmark: turns\nabout: Mine.\ngoals: [values/evaluation/own/deep]\nlicence: MIT\nsource: {path: r.csv}\nrequest: {kind: choices, context: a, choices: \"{{ b }}\"}\nevaluator: {kind: sentence_pair}\n",
        ),
        ("one/suites/s.yaml", "suite: s\n"),
        ("one/gates/pr.yaml", "rules: []\n"),
        ("two/values.yaml", "goal: values\ntitle: Other\n"),
    ]);
    let (registry, found) = load_registry(&[folder.path.join("one"), folder.path.join("two")], &folder.around());
    assert_eq!(folder.texts(&found), Vec::<String>::new());
    let turns = &registry.benchmarks["turns"];
    assert_eq!((turns.about.as_str(), turns.licence.as_deref()), ("Mine.", Some("MIT")));
    assert_eq!(
        (turns.goals[0].0.as_str(), &turns.file),
        ("values/evaluation/own/deep", &folder.path.join("one/turns.yaml"))
    );
    let goal = |id: &str| registry.goals.iter().find(|g| g.id.0 == id).unwrap();
    assert!(!goal("values/evaluation/own").leaf && goal("values/evaluation/own/deep").leaf);
    assert_eq!(goal("values").title, "Other");
    assert!(goal("values").definition.contains("motives"));
    let place = |id: &str| registry.goals.iter().position(|g| g.id.0 == id).unwrap();
    assert_eq!(place("values/evaluation/own"), place("values/evaluation/automatic-value-classifier") + 1);
}

#[test]
fn mistakes_of_a_registry_are_found() {
    let bench = "benchmark: x\ngoals: []\nsource: {path: r.csv}\nrequest: {kind: choices, context: a, choices: \"{{ b }}\"}\nevaluator: {kind: sentence_pair}\n";
    let folder = Folder::with(&[
        ("r/a.yaml", bench),
        ("r/b.yaml", bench),
        (
            "r/c.yaml",
            "goal: nowhere/below\ntitle: T\nchildren: [{id: A, title: T}, {id: b, title: T}, {id: b, titel: T}]\n",
        ),
        ("r/d.yaml", "nonsense: 1\n"),
        ("r/e.yaml", "benchmark: e\nsource: {path: r.csv}\nrequest: {kind: choices}\nevaluator: {kind: nothing}\n"),
        (
            "r/f.yaml",
            "goal: instructions\ntitle: T\nchildren: [{id: evaluation, title: T, children: [{id: benchmark, title: T, children: [{id: x, title: T}]}]}]\n",
        ),
        (
            "r/g.yaml",
            "benchmark: g\ngoals: [instructions/evaluation/benchmark]\nsource: {path: r.csv}\nrequest: {kind: choices, context: a, choices: \"{{ b }}\"}\nevaluator: {kind: sentence_pair}\n",
        ),
    ]);
    let (_, found) = load_registry(&[folder.path.join("r"), folder.path.join("absent")], &folder.around());
    let expected = [
        "absent: this cannot be read: ",
        "r/b.yaml:1:12: a benchmark with the id `x` stands in r/a.yaml already",
        "r/c.yaml:1:7: there is no goal `nowhere`",
        "r/c.yaml:3:17: `A` is no id",
        "r/c.yaml:3:50: the key `title` is missing",
        "r/c.yaml:3:55: the id `b` stands here a second time",
        "r/c.yaml:3:58: unknown key `titel`\n  hint: did you mean `title`?",
        "r/d.yaml:1:1: expected an object with the key `suite`, `benchmark`, `goal` or `rules`",
        "r/e.yaml:3:10: the key `choices` is missing",
        "r/e.yaml:3:10: the key `context` is missing",
        "r/e.yaml:4:19: unknown kind of evaluator `nothing`",
        "r/g.yaml:2:9: the goal `instructions/evaluation/benchmark` is no leaf",
        // The benchmark that is built in was bound to it, too.
        "builtin:benchmarks/following/benchmark.yaml:8:9: the goal `instructions/evaluation/benchmark` is no leaf",
    ];
    let found = folder.texts(&found);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    found.iter().zip(expected).for_each(|(found, part)| assert!(found.starts_with(part), "{found}\n{part}"));
}

#[test]
fn the_ending_tells_the_kind_of_a_source_packed_or_not() {
    let bench = |id: &str, path: &str| {
        format!(
            "benchmark: {id}\nlicence: MIT\nsource: {{path: {path}}}\nrequest: {{kind: choices, context: a, choices: \"{{{{ b }}}}\"}}\nevaluator: {{kind: sentence_pair}}\n"
        )
    };
    let told = [
        ("a", "r.json.gz", Some("json")),
        ("b", "r.NDJSON.gz", Some("jsonl")),
        ("c", "r.tsv", Some("tsv")),
        ("d", "r.csv.GZ", Some("csv")),
        ("e", "r.parquet", Some("parquet")),
        ("f", "r.parquet.gz", None),
        ("g", "r.gz", None),
    ];
    let folder = Folder::with(&[]);
    for (id, path, _) in told {
        folder.write(&format!("{id}.yaml"), &bench(id, path));
        folder.write(path, "x");
    }
    let (registry, found) = load_registry(std::slice::from_ref(&folder.path), &folder.around());
    let mut untold: Vec<String> = folder.texts(&found);
    untold.sort();
    assert_eq!(untold.len(), 2, "{untold:?}");
    assert!(untold[0].starts_with("f.yaml:3:16: the ending of `r.parquet.gz` does not tell"), "{untold:?}");
    for (id, _, kind) in told.iter().filter(|(.., kind)| kind.is_some()) {
        assert_eq!(registry.benchmarks[*id].value["source"]["kind"].as_str(), *kind, "{id}");
    }
}

#[test]
fn missing_licences_and_known_contamination_are_noted() {
    let bench = "source: {path: r.csv}\nrequest: {kind: choices, context: a, choices: \"{{ b }}\"}\nevaluator: {kind: sentence_pair}\n";
    let folder = Folder::with(&[("r.csv", "b\n")]);
    folder.write("a.yaml", &format!("benchmark: a\n{bench}"));
    folder.write("b.yaml", &format!("benchmark: b\nlicence: MIT\ncontamination: Public since 2019.\n{bench}"));
    folder.write("c.yaml", &format!("benchmark: c\nlicence: MIT\n{bench}"));
    let checked = check(std::slice::from_ref(&folder.path), &folder.around());
    assert_eq!(folder.texts(&checked.diagnostics), Vec::<String>::new());
    let root = format!("{}/", folder.path.display());
    let notes: Vec<String> = checked.notes.iter().map(|note| note.replace(&root, "")).collect();
    let expected =
        ["a.yaml: benchmark `a` names no licence of its data", "b.yaml: contamination of `b`: Public since 2019."];
    assert_eq!(notes, expected);
    let (registry, _) = load_registry(std::slice::from_ref(&folder.path), &folder.around());
    assert_eq!(registry.benchmarks["b"].contamination.as_deref(), Some("Public since 2019."));
}
