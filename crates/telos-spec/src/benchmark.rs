//! What a benchmark's object must keep to beside its shape, and how a suite's overrides are laid over it.

use crate::files::{Home, folder_kind};
use crate::goal::no_such_goal;
use crate::ids::{bad_id, bad_sha256};
use crate::metrics::metrics;
use crate::shapes::BENCHMARK;
use crate::surroundings::Surroundings;
use serde_json::{Map, Value};
use telos_core::Goal;
use telos_core::metric::with_overrides;
use telos_core::shape::finding::{Finding, nearest_or_all};
use telos_core::shape::source_kind;
use telos_core::shape::trail::{Step, Trail, follow, follow_mut, to_index, to_key};
use telos_core::shape::{Leaf, Meaning, Walked, walk};
use telos_template::Names;

/// All mistakes of a benchmark's object, and what it names. `is_raw` tells whether a scalar is plain or in single quotes.
pub(crate) fn examine(value: &Value, is_raw: &dyn Fn(&[Step]) -> bool, around: &Surroundings<'_>) -> Walked {
    let mut walked = walk(around.catalogue, &BENCHMARK, value, &[]);
    let found = &mut walked.findings;
    if let Some(id) = value.get("benchmark").and_then(Value::as_str) {
        found.extend(bad_id(id, &to_key(&[], "benchmark")));
    }
    if let Some(sha256) = value.pointer("/source/sha256").and_then(Value::as_str) {
        let trail = to_key(&to_key(&[], "source"), "sha256");
        // The kind of the source may have looked at it as well.
        if !found.iter().any(|finding| finding.trail == trail) {
            found.extend(bad_sha256(sha256, &trail));
        }
    }
    found.extend(unfit(value, around));
    for (metric, says) in value.get("metrics").and_then(Value::as_object).into_iter().flatten() {
        let range = says.get("range").and_then(Value::as_array);
        let ends: Option<Vec<f64>> = range.and_then(|list| list.iter().map(Value::as_f64).collect());
        if ends.is_some_and(|ends| ends.len() >= 2 && (ends.len() > 2 || ends[0] >= ends[1])) {
            let trail = to_key(&to_key(&to_key(&[], "metrics"), metric), "range");
            found.push(Finding::value(&trail, "expected two numbers, the smaller one first"));
        }
    }
    let headline = no_such_metric(value, &walked.leaves, around);
    walked.findings.extend(headline);
    if walked.findings.is_empty() {
        walked.findings.extend(misreferences(value, around));
    }
    let slips: Vec<Finding> = walked.leaves.iter().filter_map(|leaf| backslash_n(value, leaf, is_raw)).collect();
    walked.findings.extend(slips);
    let broken: Vec<Finding> = templates(value, &walked.leaves).filter_map(|(_, found)| found.err()).collect();
    walked.findings.extend(broken);
    walked
}

/// Metrics that are made of metrics that are not there, or of themselves.
fn misreferences(value: &Value, around: &Surroundings<'_>) -> Vec<Finding> {
    let says = value.get("metrics").and_then(Value::as_object).map(metrics).unwrap_or_default();
    let evaluator = value.get("evaluator").and_then(Value::as_object).cloned().unwrap_or_default();
    let kind = evaluator.get("kind").and_then(Value::as_str).unwrap_or_default();
    let offered = around.catalogue.metrics.map(|of| of(kind, &evaluator)).unwrap_or_default();
    let Some(refers) = around.catalogue.refers.filter(|_| !offered.is_empty()) else { return Vec::new() };
    let place = |metric: &str, key: Option<&str>| {
        let at = to_key(&to_key(&to_key(&[], "metrics"), metric), "aggregate");
        key.map_or(at.clone(), |key| to_key(&at, key))
    };
    let found = refers(&with_overrides(offered, &says).0);
    found.into_iter().map(|m| Finding::value(&place(&m.metric, m.key), m.message).hint(m.hint)).collect()
}

/// An evaluator that cannot score what the benchmark asks: everything would be computed, and nothing would come of it.
fn unfit(value: &Value, around: &Surroundings<'_>) -> Option<Finding> {
    let request = value.pointer("/request/kind").and_then(Value::as_str)?;
    let evaluator = value.pointer("/evaluator/kind").and_then(Value::as_str)?;
    let reads = around.catalogue.reads?(evaluator)?;
    if reads.contains(&request) || !around.catalogue.requests.iter().any(|known| known.kind == request) {
        return None;
    }
    let of_kind = |kinds: &[&str]| kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(" or ");
    let message =
        format!("the evaluator `{evaluator}` cannot score a request of kind `{request}`; it scores {}", of_kind(reads));
    let evaluators = around.catalogue.evaluators.iter().map(|known| known.kind);
    let fit: Vec<&str> = evaluators
        .filter(|kind| {
            around.catalogue.reads.and_then(|reads| reads(kind)).is_some_and(|reads| reads.contains(&request))
        })
        .collect();
    let hint = format!("`{request}` is scored by {}", of_kind(&fit));
    Some(Finding::value(&to_key(&to_key(&[], "evaluator"), "kind"), message).hint(Some(hint)))
}

/// A column that a template cannot do without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needed {
    pub(crate) trail: Trail,
    pub(crate) column: String,
}

/// The columns that the templates of a benchmark need.
pub(crate) fn needed(value: &Value, leaves: &[Leaf]) -> Vec<Needed> {
    let of = |(leaf, found): (&Leaf, Result<Names, Finding>)| {
        let columns = found.map(|names| names.needed).unwrap_or_default();
        columns.into_iter().map(|column| Needed { trail: leaf.trail.clone(), column }).collect::<Vec<_>>()
    };
    templates(value, leaves).flat_map(of).collect()
}

/// Every template with its names, or with what is wrong with it.
fn templates<'a>(value: &'a Value, leaves: &'a [Leaf]) -> impl Iterator<Item = (&'a Leaf, Result<Names, Finding>)> {
    let written = leaves.iter().filter(|leaf| leaf.meaning == Meaning::Template);
    let texts = written.filter_map(|leaf| Some((leaf, follow(value, &leaf.trail)?.as_str()?)));
    texts.filter(|(_, text)| ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))).map(|(leaf, text)| {
        let wrong = |error| Finding::value(&leaf.trail, format!("the template cannot be filled: {error}"));
        (leaf, telos_template::names(text).map_err(wrong))
    })
}

/// A headline that is none of the evaluator's metrics.
fn no_such_metric(value: &Value, leaves: &[Leaf], around: &Surroundings<'_>) -> Option<Finding> {
    let headline = value.get("headline").and_then(Value::as_str)?;
    let mut evaluator = value.get("evaluator")?.clone();
    let constraints = leaves.iter().filter(|leaf| leaf.meaning == Meaning::ConstraintId);
    for trail in constraints.filter_map(|leaf| leaf.trail.strip_prefix(&to_key(&[], "evaluator")[..])) {
        // Which constraint it is, only a suite knows; the metrics are the same for all.
        if let Some(place) = follow_mut(&mut evaluator, trail) {
            *place =
                serde_json::json!({"kind": "classifier_margin", "model": "", "positive": ["a"], "negative": ["b"]});
        }
    }
    let map = evaluator.as_object()?;
    let params =
        map.iter().filter(|(key, _)| *key != "kind").map(|(key, value)| (key.clone(), value.clone())).collect();
    let metrics = around.catalogue.metrics?(map.get("kind")?.as_str()?, &params);
    let own =
        value.get("metrics").and_then(Value::as_object).into_iter().flat_map(|map| map.keys().map(String::as_str));
    let known: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).chain(own).collect();
    (!metrics.is_empty() && !known.contains(&headline)).then(|| {
        let hint = nearest_or_all(headline, &known);
        Finding::value(&to_key(&[], "headline"), format!("the evaluator has no metric `{headline}`")).hint(hint)
    })
}

/// A `\n` that YAML leaves as a backslash and an n. Within `{{ }}` and `{% %}` the template's own strings know it.
fn backslash_n(value: &Value, leaf: &Leaf, is_raw: &dyn Fn(&[Step]) -> bool) -> Option<Finding> {
    if !matches!(leaf.meaning, Meaning::Template | Meaning::Delimiter) || !is_raw(&leaf.trail) {
        return None;
    }
    let mut text = follow(value, &leaf.trail)?.as_str()?;
    let mut outside = String::new();
    while let Some(start) = text.find("{{").into_iter().chain(text.find("{%")).min() {
        outside.push_str(&text[..start]);
        let end = text[start..].find("}}").into_iter().chain(text[start..].find("%}")).min();
        text = end.map_or("", |end| &text[start + end + 2..]);
    }
    outside.push_str(text);
    outside.contains("\\n").then(|| {
        Finding::value(&leaf.trail, "`\\n` is a backslash and an n here, no line break")
            .hint(Some("put the string in double quotes, or write a block with `|`".into()))
    })
}

/// Goals that do not exist or are no leaves.
pub(crate) fn unbound_goals(value: &Value, goals: &[Goal]) -> Vec<Finding> {
    let list = value.get("goals").and_then(Value::as_array);
    let named = list.into_iter().flatten().enumerate().filter_map(|(i, v)| v.as_str().map(|id| (i, id)));
    let finding = |(index, id): (usize, &str)| {
        let trail = to_index(&to_key(&[], "goals"), index);
        match goals.iter().find(|goal| goal.id.0 == id) {
            Some(goal) if goal.leaf => None,
            Some(goal) => {
                let below: Vec<&str> =
                    goals.iter().filter(|g| g.leaf && g.id.is_within(&goal.id.0)).map(|g| g.id.0.as_str()).collect();
                let hint = Some(format!("its leaves are {}", below.join(", ")));
                Some(
                    Finding::value(&trail, format!("the goal `{id}` is no leaf; benchmarks bind to leaves")).hint(hint),
                )
            }
            None => Some(no_such_goal(id, &trail, goals)),
        }
    };
    named.filter_map(finding).collect()
}

/// Writes down the kind of a source that does not say it, where the file's ending or the folder's files tell it.
pub(crate) fn tell_source(value: &mut Value, home: &Home, around: &Surroundings<'_>) {
    let Some(source) = value.get_mut("source").and_then(Value::as_object_mut) else { return };
    let Some(path) = source.get("path").and_then(Value::as_str).filter(|_| !source.contains_key("kind")) else {
        return;
    };
    let kinds = &around.catalogue.sources;
    let kind = source_kind(path, kinds)
        .or_else(|| folder_kind(&home.locate(path, &around.cache_dir, around.builtin).0, kinds));
    if let Some(kind) = kind {
        let mut told = Map::new();
        told.insert("kind".into(), kind.kind.into());
        told.append(source);
        *source = told;
    }
}

/// The benchmark with a suite's overrides in it. `home_of_path` is where an overridden path of the source starts.
pub(crate) fn lay_over(
    base: &Value,
    over: &Map<String, Value>,
    home_of_path: &Home,
    around: &Surroundings<'_>,
) -> Value {
    let mut merged = base.clone();
    let (mut plain, mut sampling) = (over.clone(), None);
    plain.shift_remove("id");
    if let Some(generate) = plain.shift_remove("generate") {
        sampling = Some(generate);
    }
    // Another file has another content, and perhaps another kind.
    let new_path = over.get("source").is_some_and(|s| s.get("path").is_some());
    let mut old_kind = None;
    if let (true, Some(source)) = (new_path, merged.get_mut("source").and_then(Value::as_object_mut)) {
        source.shift_remove("sha256");
        old_kind = source.shift_remove("kind");
    }
    lay(&mut merged, &Value::Object(plain));
    if let (Some(generate), Some(request)) = (sampling, merged.get_mut("request")) {
        lay(request, &generate);
    }
    if new_path {
        tell_source(&mut merged, home_of_path, around);
        if let Some(source) = merged.get_mut("source").and_then(Value::as_object_mut) {
            if !source.contains_key("kind")
                && let Some(kind) = old_kind.clone()
            {
                source.insert("kind".into(), kind);
            }
            if source.get("kind") != old_kind.as_ref() {
                let own = over["source"].as_object();
                source.retain(|key, _| key == "kind" || own.is_some_and(|own| own.contains_key(key)));
            }
        }
    }
    merged
}

/// Lays `over` on `base`: objects key by key, unless they are of different kinds; a value of nothing takes a key away.
fn lay(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            if over.get("kind").is_some_and(|kind| base.get("kind") != Some(kind)) {
                base.clear();
            }
            for (key, value) in over {
                if value.is_null() {
                    base.shift_remove(key);
                } else {
                    lay(base.entry(key.as_str()).or_insert(Value::Null), value);
                }
            }
        }
        (base, over) => *base = over.clone(),
    }
}

/// Where in the override a place of the merged benchmark was written, if it was.
pub(crate) fn in_override(trail: &[Step], over: &Map<String, Value>) -> Option<Trail> {
    let (first, rest) = trail.split_first()?;
    let Step::Key(key) = first else { return None };
    let generate = || {
        let value = over.get("generate").filter(|_| key == "request" && !rest.is_empty())?;
        follow(value, rest).map(|_| [to_key(&[], "generate"), rest.to_vec()].concat())
    };
    let plain = || over.get(key).filter(|_| key != "id").and_then(|v| follow(v, rest)).map(|_| trail.to_vec());
    generate().or_else(plain)
}
