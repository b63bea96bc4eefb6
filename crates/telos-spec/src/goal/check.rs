//! What the entries of a goal file must keep to beside their shapes.

use crate::benchmark_file::BenchmarkFile;
use crate::ids::bad_id;
use serde_json::Value;
use std::collections::BTreeMap;
use telos_core::shape::finding::{Finding, did_you_mean, nearest_or_all};
use telos_core::shape::trail::{Step, to_index, to_key};
use telos_core::{DimensionSet, PrincipleList, Work, WorkStatus};

/// Whether status, benchmarks and reason of a work fit together.
pub(crate) fn work(work: &Work, at: &[Step]) -> Vec<Finding> {
    let mut out = Vec::new();
    match work.status {
        WorkStatus::Works if work.benchmarks.is_empty() => {
            let message = format!("`{}` has the status `works` and names no benchmark", work.name);
            let hint = "add `benchmarks`, or make it `planned`".to_owned();
            out.push(Finding::value(&to_key(at, "status"), message).hint(Some(hint)));
        }
        WorkStatus::Planned | WorkStatus::OutOfScope if !work.benchmarks.is_empty() => {
            let message = format!("`{}` is `{}` and names benchmarks", work.name, work.status);
            let hint = "a work with a benchmark has the status `works`".to_owned();
            out.push(Finding::value(&to_key(at, "status"), message).hint(Some(hint)));
        }
        WorkStatus::OutOfScope if work.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) => {
            let message = format!("`{}` is out of scope and does not say why", work.name);
            let hint = "add `reason`, a sentence".to_owned();
            out.push(Finding::value(&to_key(at, "status"), message).hint(Some(hint)));
        }
        _ => {}
    }
    out
}

/// Ids of a set of dimensions, and that what is named exists.
pub(crate) fn dimensions(set: &DimensionSet, at: &[Step]) -> Vec<Finding> {
    let mut out: Vec<Finding> = bad_id(&set.id, &to_key(at, "id")).into_iter().collect();
    let dimensions: Vec<&str> = set.dimensions.iter().map(|d| d.id.as_str()).collect();
    let groups: Vec<&str> = set.higher.iter().map(|g| g.id.as_str()).collect();
    // A score is named by the id alone, so that a group is none of the dimensions.
    let mut seen: Vec<&str> = Vec::new();
    for (key, ids) in [("dimensions", &dimensions), ("higher", &groups)] {
        for (index, id) in ids.iter().enumerate() {
            let trail = to_key(&to_index(&to_key(at, key), index), "id");
            out.extend(bad_id(id, &trail));
            if seen.contains(id) {
                out.push(Finding::value(&trail, format!("the id `{id}` stands in this set a second time")));
            }
            seen.push(id);
        }
    }
    if set.circular && dimensions.len() < 3 {
        let message = format!("a circle has three dimensions or more, this one has {}", dimensions.len());
        out.push(Finding::value(&to_key(at, "circular"), message));
    }
    let mut named = |given: &[String], what: &str, own: &str, known: &[&str], trail: &[Step]| {
        for (index, id) in given.iter().enumerate() {
            let trail = to_index(trail, index);
            if id == own {
                out.push(Finding::value(&trail, format!("`{own}` is not opposed to itself")));
            } else if !known.contains(&id.as_str()) {
                let message = format!("there is no {what} `{id}` in the set `{}`", set.id);
                out.push(Finding::value(&trail, message).hint(nearest_or_all(id, known)));
            }
        }
    };
    for (index, dimension) in set.dimensions.iter().enumerate() {
        let trail = to_key(&to_index(&to_key(at, "dimensions"), index), "opposites");
        named(&dimension.opposites, "dimension", &dimension.id, &dimensions, &trail);
    }
    for (index, group) in set.higher.iter().enumerate() {
        let trail = to_index(&to_key(at, "higher"), index);
        named(&group.of, "dimension", "", &dimensions, &to_key(&trail, "of"));
        named(&group.opposites, "group", &group.id, &groups, &to_key(&trail, "opposites"));
    }
    out
}

/// The id and the numbers of a list of rules.
pub(crate) fn principles(list: &PrincipleList, at: &[Step]) -> Vec<Finding> {
    let mut out: Vec<Finding> = bad_id(&list.id, &to_key(at, "id")).into_iter().collect();
    let numbers: Vec<u64> = list.rules.iter().map(|rule| rule.number).collect();
    for (index, pair) in numbers.windows(2).enumerate().filter(|(_, pair)| pair[1] <= pair[0]) {
        let trail = to_key(&to_index(&to_key(at, "rules"), index + 1), "number");
        let message = format!("expected a number above {}, that of the rule before, found {}", pair[0], pair[1]);
        out.push(Finding::value(&trail, message));
    }
    out
}

/// Benchmarks that the works of a file name and that do not exist, or, where `bound` is asked for, are not bound to the work's
/// goal. Of a benchmark that has a mistake of its own, that one is enough.
pub(crate) fn unbound_works(
    file: &Value,
    root: &str,
    benchmarks: &BTreeMap<String, BenchmarkFile>,
    bound: bool,
) -> Vec<Finding> {
    let mut out = Vec::new();
    each_node(file, root, &[], &mut |node, id, trail| {
        for (index, work) in list(node, "works").iter().enumerate() {
            let trail = to_key(&to_index(&to_key(trail, "works"), index), "benchmarks");
            for (index, name) in list(work, "benchmarks").iter().enumerate() {
                let Some(name) = name.as_str() else { continue };
                let trail = to_index(&trail, index);
                match benchmarks.get(name) {
                    None => {
                        let hint = did_you_mean(name, benchmarks.keys().map(String::as_str));
                        out.push(Finding::value(&trail, format!("there is no benchmark `{name}`")).hint(hint));
                    }
                    Some(file) if bound && file.sound && !file.goals.iter().any(|goal| goal.is_within(id)) => {
                        let message = format!("the benchmark `{name}` is not bound to `{id}`");
                        let hint = format!("its `goals`, in {}, would have to name it", file.file.display());
                        out.push(Finding::value(&trail, message).hint(Some(hint)));
                    }
                    Some(_) => {}
                }
            }
        }
    });
    out
}

/// The ids of sets of dimensions and of lists of principles, and the goal at which each stands.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<(&'static str, String), String>);

impl Names {
    /// Takes in those of a file; an id that stands at another goal already is a mistake.
    pub(crate) fn take(&mut self, file: &Value, root: &str) -> Vec<Finding> {
        let mut out = Vec::new();
        each_node(file, root, &[], &mut |node, goal, trail| {
            for key in ["dimensions", "principles"] {
                for (index, entry) in list(node, key).iter().enumerate() {
                    let Some(id) = entry.get("id").and_then(Value::as_str) else { continue };
                    let first = self.0.entry((key, id.to_owned())).or_insert_with(|| goal.to_owned());
                    if first != goal {
                        let trail = to_key(&to_index(&to_key(trail, key), index), "id");
                        out.push(Finding::value(&trail, format!("the id `{id}` stands at the goal `{first}` already")));
                    }
                }
            }
        });
        out
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Calls `see` for every node of a file, with its path id and its place.
fn each_node(node: &Value, id: &str, trail: &[Step], see: &mut dyn FnMut(&Value, &str, &[Step])) {
    see(node, id, trail);
    for (index, child) in list(node, "children").iter().enumerate() {
        if let Some(part) = child.get("id").and_then(Value::as_str) {
            each_node(child, &format!("{id}/{part}"), &to_index(&to_key(trail, "children"), index), see);
        }
    }
}
