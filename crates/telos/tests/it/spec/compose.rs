//! Suites that no file holds yet.

use super::folder::Folder;
use std::path::{Path, PathBuf};
use telos_spec::Composition;

const CONTROLLER: &str = "controller: {kind: cbf, alpha: 0.3, constraint: s}\nconstraints:\n  - {id: s, constraint: {kind: classifier_margin, model: MODEL, positive: [a], negative: [b]}}\n";

fn check(files: &[(&str, &str)], named: &[&str], controllers: &[&str], expected: &[&str]) {
    let folder = Folder::with(files);
    folder.write("m/config.json", "{}");
    let path = |name: &&str| folder.path.join(name);
    let benchmarks: Vec<PathBuf> =
        named.iter().map(|name| if name.contains('/') { path(name) } else { PathBuf::from(name) }).collect();
    let controllers: Vec<PathBuf> = controllers.iter().map(path).collect();
    let model = folder.path.join("m").display().to_string();
    let composition = Composition {
        benchmarks: &benchmarks,
        model: &model,
        controllers: &controllers,
        registry: &[],
        limit: None,
        file: Some(Path::new("suites/s.yaml")),
    };
    let around = folder.around();
    let loaded = composition.compose(&around).and_then(|composed| composed.load(&[], &around));
    match loaded {
        Ok(suite) => {
            let arms: Vec<String> = suite.arms.iter().map(|arm| suite.arm_id(*arm)).collect();
            assert_eq!(arms, expected);
        }
        Err(found) => {
            let found = folder.texts(&found);
            assert_eq!(found.len(), expected.len(), "{found:#?}");
            found.iter().zip(expected).for_each(|(found, part)| assert!(found.starts_with(part), "{found}\n{part}"));
        }
    }
}

#[test]
fn controllers_bring_their_constraints() {
    let here = CONTROLLER.replace("MODEL", "../m");
    let files = [("c/one.yaml", here.as_str()), ("c/Two B.yaml", &here), ("free.yaml", "kind: none\n")];
    check(&files, &["tiny-match"], &[], &["m/free"]);
    check(&files, &["tiny-match", "tiny-choices"], &["c/one.yaml", "c/Two B.yaml"], &["m/free", "m/one", "m/two-b"]);
    check(
        &files,
        &["tiny-match"],
        &["free.yaml"],
        &["free.yaml:1:1: the id `free` stands in `controllers` a second time"],
    );
}

#[test]
fn mistakes_have_the_places_of_the_files_that_they_are_in() {
    let here = CONTROLLER.replace("MODEL", "../m");
    let other = CONTROLLER.replace("MODEL", "../absent");
    let id = here.replace("constraint: s}\n", "constraint: t}\n");
    let files = [
        ("c/one.yaml", here.as_str()),
        ("c/other.yaml", &other),
        ("c/id.yaml", &id),
        ("c/typo.yaml", "controler: {kind: none}\n"),
        (
            "b/benchmark.yaml",
            "benchmark: b\ngoals: []\nsource: {path: r.csv}\nrequest: {kind: choices}\nevaluator: {kind: sentence_pair}\n",
        ),
    ];
    check(
        &files,
        &["tiny-match"],
        &["c/one.yaml", "c/other.yaml"],
        &["c/other.yaml:3:5: the constraint `s` is another one in c/one.yaml"],
    );
    check(&files, &["tiny-match"], &["c/other.yaml"], &["c/other.yaml:3:58: there is no model at "]);
    check(&files, &["tiny-match"], &["c/id.yaml"], &["c/id.yaml:1:49: there is no constraint `t`"]);
    check(
        &files,
        &["tiny-match"],
        &["c/typo.yaml"],
        &["c/typo.yaml:1:1: the key `controller` is missing", "c/typo.yaml:1:1: unknown key `controler`"],
    );
    check(
        &files,
        &["tiny-mach"],
        &[],
        &["the command line: there is no benchmark `tiny-mach`\n  hint: did you mean `tiny-match`?"],
    );
    check(&files, &["tiny-match"], &["c/absent.yaml"], &["c/absent.yaml: this cannot be read"]);
    check(
        &files,
        &["b/benchmark.yaml"],
        &[],
        &[
            "b/benchmark.yaml:3:16: there is no file or folder at ",
            "b/benchmark.yaml:4:10: the key `choices` is missing",
            "b/benchmark.yaml:4:10: the key `context` is missing",
        ],
    );
}

#[test]
fn files_of_controllers_are_checked_with_the_others() {
    let folder = Folder::with(&[
        ("good.yaml", &CONTROLLER.replace("MODEL", "../m")),
        ("bare.yaml", "kind: none\n"),
        ("bad.yaml", "controller: {kind: cbf, alhpa: 0.3, constraint: s}\n"),
        ("typo.yaml", "kind: cfb\n"),
    ]);
    let checked = telos_spec::check(std::slice::from_ref(&folder.path), &folder.around());
    let found = folder.texts(&checked.diagnostics);
    assert!(found.iter().any(|text| text.starts_with("bad.yaml:1:25: unknown key `alhpa`")), "{found:#?}");
    assert!(found.iter().any(|text| text.starts_with("typo.yaml:1:7: unknown kind of controller `cfb`")), "{found:#?}");
    assert!(found.iter().all(|text| text.starts_with("bad.yaml") || text.starts_with("typo.yaml")), "{found:#?}");
}
