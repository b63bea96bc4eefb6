//! The rules of a gate, in a file of their own or in a suite.

use crate::diagnostic::{Diagnostic, sorted};
use crate::document::Document;
use crate::files::{Home, Presence};
use crate::ids::bad_id;
use crate::shapes::GATE;
use crate::suite::{Benchmark, Suite};
use crate::surroundings::Surroundings;
use crate::yaml::{FileKind, folder_of, kind_of, read};
use serde_json::Value;
use std::path::{Path, PathBuf};
use telos_core::Metric;
use telos_core::gate::{Gates, Rule};
use telos_core::metric::with_overrides;
use telos_core::shape::finding::{Finding, nearest_or_all};
use telos_core::shape::trail::{Step, Trail, to_index, to_key};
use telos_core::shape::{Catalogue, Mistake};
use telos_core::shape::{Meaning, walk};

/// What a file of rules holds, or everything that is wrong with it.
pub fn load_gates(path: &Path, around: &Surroundings<'_>) -> Result<Gates, Vec<Diagnostic>> {
    let stated = read_gates(path, around);
    let found: Vec<_> = stated.diagnostics.into_iter().chain(stated.not_in_cache).collect();
    if found.is_empty() { Ok(stated.gates) } else { Err(sorted(found)) }
}

/// Rules and where they stand.
#[derive(Default)]
pub(crate) struct Stated {
    pub(crate) gates: Gates,
    /// The file, where it is not the suite itself.
    pub(crate) document: Option<Document>,
    /// Where the list of rules stands in it.
    pub(crate) trail: Trail,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) not_in_cache: Vec<Diagnostic>,
}

/// Reads a file of rules.
pub(crate) fn read_gates(path: &Path, around: &Surroundings<'_>) -> Stated {
    let refuse = |diagnostic| Stated { diagnostics: vec![diagnostic], ..Stated::default() };
    let (document, found) = match read(path) {
        Ok(read) => read,
        Err(diagnostic) => return refuse(diagnostic),
    };
    match kind_of(&document.value) {
        Ok(FileKind::Gate) => {}
        Ok(_) => {
            return refuse(document.place(Finding::value(&[], "expected a gate: an object with the key `rules`")));
        }
        Err(finding) => return refuse(document.place(finding)),
    }
    let home = Home::Folder(folder_of(path));
    let trail = to_key(&[], "rules");
    let walked = walk(around.catalogue, &GATE, &document.value, &[]);
    let mut stated = Stated { diagnostics: found, ..Stated::default() };
    let findings = walked.findings.into_iter().chain(ids(&document.value["rules"], &trail));
    stated.diagnostics.extend(findings.map(|finding| document.place(finding)));
    for leaf in walked.leaves.iter().filter(|leaf| leaf.meaning == Meaning::Path) {
        match home.presence(&document.value, leaf, &around.cache_dir, around.builtin) {
            Presence::There => {}
            Presence::Missing(finding) => stated.diagnostics.push(document.place(finding)),
            Presence::NotInCache(finding) => stated.not_in_cache.push(document.place(finding)),
        }
    }
    stated.gates = gates(&document.value, &|path| home.locate(path, &around.cache_dir, &[]).0);
    Stated { document: Some(document), trail, ..stated }
}

/// The form of the rules' ids, and that none stands twice.
pub(crate) fn ids(rules: &Value, trail: &[Step]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (index, rule) in rules.as_array().into_iter().flatten().enumerate() {
        let Some(id) = rule.get("id").and_then(Value::as_str) else { continue };
        let at = to_key(&to_index(trail, index), "id");
        found.extend(bad_id(id, &at));
        if seen.contains(&id) {
            found.push(Finding::value(&at, format!("the id `{id}` stands in `rules` a second time")));
        }
        seen.push(id);
    }
    found
}

/// The rules of an object with `rules`, or of a list of them.
pub(crate) fn gates(value: &Value, locate: &dyn Fn(&str) -> PathBuf) -> Gates {
    let rules = value.as_array().or_else(|| value.get("rules").and_then(Value::as_array));
    Gates {
        baseline: value.get("baseline").and_then(Value::as_str).map(locate),
        rules: rules.into_iter().flatten().filter_map(Value::as_object).map(Rule::read).collect(),
    }
}

/// What rules name that the suite does not have, or that cannot be asked of it. `trail` is where the list of them stands.
pub(crate) fn dangling(gates: &Gates, trail: &[Step], suite: &Suite, catalogue: &Catalogue) -> Vec<Finding> {
    let arms: Vec<String> = suite.arms.iter().map(|arm| suite.arm_id(*arm)).collect();
    let mut found = Vec::new();
    for (index, rule) in gates.rules.iter().enumerate() {
        let at = to_index(trail, index);
        let kind = catalogue.rules.iter().find(|kind| kind.shape.kind == rule.kind);
        if kind.is_some_and(|kind| kind.compares) && gates.baseline.is_none() {
            let hint = "`baseline` is a file of `telos baseline accept`, or a record's folder";
            let message =
                format!("a rule of kind `{}` in a suite's gates needs `baseline: FILE` beside `rules`", rule.kind);
            found.push(Finding::value(&at, message).hint(Some(hint.into())));
        }
        let benchmarks: Vec<&Benchmark> =
            suite.benchmarks.iter().filter(|b| rule.benchmark.as_ref().is_none_or(|id| *id == b.id)).collect();
        if let Some(id) = rule.arm.as_ref().filter(|id| !arms.contains(id)) {
            found.push(unknown("arm", id, &at, &arms.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        if let Some(id) = rule.benchmark.as_ref().filter(|_| benchmarks.is_empty()) {
            let known: Vec<&str> = suite.benchmarks.iter().map(|b| b.id.as_str()).collect();
            found.push(unknown("benchmark", id, &at, &known));
        }
        if let (Some(name), false) = (&rule.metric, benchmarks.is_empty()) {
            found.extend(of_metric(rule, name, &at, &benchmarks, catalogue));
        }
    }
    found
}

fn unknown(key: &str, id: &str, rule: &[Step], known: &[&str]) -> Finding {
    Finding::value(&to_key(rule, key), format!("the suite has no {key} `{id}`")).hint(nearest_or_all(id, known))
}

fn of_metric(rule: &Rule, name: &str, at: &[Step], benchmarks: &[&Benchmark], catalogue: &Catalogue) -> Vec<Finding> {
    let all: Vec<Vec<Metric>> = benchmarks.iter().map(|benchmark| metrics(benchmark, catalogue)).collect();
    let mut named = all.iter().flatten().filter(|metric| metric.name == name).peekable();
    if named.peek().is_none() {
        let mut known: Vec<&str> = all.iter().flatten().map(|metric| metric.name.as_str()).collect();
        known.sort_unstable();
        known.dedup();
        // Where a benchmark's metrics are not known, it may be one of them.
        let sure = !all.iter().any(Vec::is_empty);
        let wrong = || Finding::value(&to_key(at, "metric"), format!("{} no metric `{name}`", have(rule, benchmarks)));
        return if sure { vec![wrong().hint(nearest_or_all(name, &known))] } else { Vec::new() };
    }
    let kind = catalogue.rules.iter().find(|kind| kind.shape.kind == rule.kind);
    let unfit = kind.and_then(|kind| named.find_map(|metric| (kind.unfit)(rule, metric)));
    let finding = |(key, message): Mistake| match key {
        Some(key) => Finding::value(&to_key(at, key), message),
        None => Finding::value(at, message),
    };
    unfit.map(finding).into_iter().collect()
}

fn have(rule: &Rule, benchmarks: &[&Benchmark]) -> String {
    match (&rule.benchmark, benchmarks) {
        (Some(id), _) => format!("the benchmark `{id}` has"),
        _ => "the suite's benchmarks have".to_owned(),
    }
}

/// The metrics of a benchmark, what its file says of them laid over what the evaluator says.
fn metrics(benchmark: &Benchmark, catalogue: &Catalogue) -> Vec<Metric> {
    let evaluator = &benchmark.evaluator;
    let offered = catalogue.metrics.map(|of| of(&evaluator.kind, &evaluator.params)).unwrap_or_default();
    // Where the evaluator cannot be made, nothing is known of its metrics, nor of those that are made of them.
    if offered.is_empty() { offered } else { with_overrides(offered, &benchmark.metrics).0 }
}
