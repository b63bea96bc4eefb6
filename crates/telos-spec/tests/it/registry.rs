//! Goals and benchmarks, built in and laid over.

use crate::folder::Folder;
use telos_spec::load_registry;

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
    assert!(goal("values").about.contains("motives"));
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
    ];
    let found = folder.texts(&found);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    found.iter().zip(expected).for_each(|(found, part)| assert!(found.starts_with(part), "{found}\n{part}"));
}
