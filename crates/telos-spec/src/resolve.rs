//! The checked values of a suite to its types.

use crate::benchmark::examine;
use crate::benchmark_file::BenchmarkFile;
use crate::constraints::{constraint_spec, put_constraints};
use crate::files::Home;
use crate::ids::entry_id;
use crate::metrics::metrics;
use crate::suite::{Arm, Benchmark, Fewshot, KindSpec, SourceSpec, Suite, SuiteController, SuiteModel, Truncation};
use crate::surroundings::Surroundings;
use serde_json::{Map, Value, json};
use telos_core::Goal;
use telos_core::record::GoalEntry;
use telos_core::shape::finding::Finding;
use telos_core::shape::trail::{Step, Trail, follow, to_index, to_key};
use telos_core::shape::{Leaf, Meaning};
use telos_core::{ControllerSpec, GoalId, ModelRef};

/// The controller that a suite has where it names none.
pub(crate) const FREE: &str = "free";

impl BenchmarkFile {
    /// The benchmark by itself, as no suite changes it. Where it names a constraint by its id, which only a suite resolves,
    /// a constraint without a model stands in.
    pub fn benchmark(&self, around: &Surroundings<'_>) -> Benchmark {
        let leaves = examine(&self.value, &|_| false, around).leaves;
        let homes = vec![self.home.clone(); leaves.len()];
        let named = leaves.iter().filter(|leaf| leaf.meaning == Meaning::ConstraintId);
        let ids = named.filter_map(|leaf| follow(&self.value, &leaf.trail)?.as_str());
        let stand_in = |id: &str| {
            let labels = (["safe"], ["unsafe"]);
            let kind = "classifier_margin";
            let value = json!({"id": id, "kind": kind, "model": "", "positive": labels.0, "negative": labels.1});
            (id.to_owned(), value)
        };
        let constraints: Vec<(String, Value)> = ids.map(stand_in).collect();
        let parts = Parts { around, written: &Value::Null, leaves: &[], limit: None, goals: &[] };
        parts.benchmark(&Laid { written: self.value.clone(), leaves, homes }, &constraints)
    }
}

/// A benchmark with its overrides, as written, and what it names.
#[derive(Debug, Clone)]
pub(crate) struct Laid {
    pub(crate) written: Value,
    pub(crate) leaves: Vec<Leaf>,
    /// Where the paths start, one for each leaf.
    pub(crate) homes: Vec<Home>,
}

/// The checked value of a suite.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) around: &'a Surroundings<'a>,
    pub(crate) written: &'a Value,
    pub(crate) leaves: &'a [Leaf],
    pub(crate) limit: Option<usize>,
    pub(crate) goals: &'a [Goal],
}

fn goal_entry(goal: &Goal) -> GoalEntry {
    GoalEntry {
        id: goal.id.0.clone(),
        title: goal.title.clone(),
        definition: goal.definition.clone(),
        order: goal.order,
        leaf: goal.leaf,
    }
}

impl Parts<'_> {
    /// The suite. What is wrong here is what only the types themselves can tell.
    pub(crate) fn suite(&self, laid: &[Laid], home: &dyn Fn(&[Step]) -> Home) -> Result<Suite, Finding> {
        let mut value = self.written.clone();
        for leaf in self.leaves {
            home(&leaf.trail).rebase(&mut value, leaf, &self.around.cache_dir);
        }
        let constraints: Vec<(String, Value)> = list(&value, "constraints").iter().map(named_constraint).collect();
        put_constraints(&mut value, self.leaves, &constraints);
        let specs = constraints
            .iter()
            .enumerate()
            .map(|(index, (_, value))| constraint_spec(value, &below("constraints", index, "constraint")));
        let models = list(&value, "models").iter().enumerate().map(|(index, model)| suite_model(model, index));
        let models = models.collect::<Result<Vec<_>, _>>()?;
        let mut controllers: Vec<SuiteController> = list(&value, "controllers").iter().map(suite_controller).collect();
        if controllers.is_empty() {
            controllers.push(SuiteController { id: FREE.into(), controller: ControllerSpec::none() });
        }
        let mut out = Vec::new();
        let mut written = Vec::new();
        for laid in laid {
            let benchmark = self.benchmark(laid, &constraints);
            written.push(benchmark_json(&laid.written, &benchmark));
            out.push(benchmark);
        }
        let mut suite = Suite {
            id: text(&value, "suite").unwrap_or_default(),
            about: text(&value, "about").unwrap_or_default(),
            seed: value.get("seed").and_then(Value::as_u64).unwrap_or(0),
            arms: arms(&value, &models, &controllers),
            models,
            constraints: specs.collect::<Result<_, _>>()?,
            controllers,
            benchmarks: out,
            truncation: truncation(&value),
            goals: self.goals.iter().map(goal_entry).collect(),
            gates: None,
            resolved: Value::Null,
        };
        suite.resolved = self.resolved(&suite, &written);
        Ok(suite)
    }

    fn benchmark(&self, laid: &Laid, constraints: &[(String, Value)]) -> Benchmark {
        let mut value = laid.written.clone();
        let mut embedded = None;
        let source = [Step::Key("source".into()), Step::Key("path".into())];
        for (leaf, home) in laid.leaves.iter().zip(&laid.homes) {
            if leaf.trail == source {
                let path = laid.written.pointer("/source/path").and_then(Value::as_str).unwrap_or_default();
                embedded = home.locate(path, &self.around.cache_dir, self.around.builtin).1;
            }
            home.rebase(&mut value, leaf, &self.around.cache_dir);
        }
        put_constraints(&mut value, &laid.leaves, constraints);
        let count = |key: &str| value.get(key).and_then(Value::as_u64);
        let goals = list(&value, "goals").iter().filter_map(Value::as_str).map(|id| GoalId(id.to_owned())).collect();
        let mut source = value.get("source").and_then(Value::as_object).cloned().unwrap_or_default();
        Benchmark {
            id: text(&value, "benchmark").unwrap_or_default(),
            about: text(&value, "about").unwrap_or_default(),
            goals,
            licence: text(&value, "licence"),
            contamination: text(&value, "contamination"),
            source: SourceSpec {
                kind: take_text(&mut source, "kind").unwrap_or_default(),
                path: take_text(&mut source, "path").unwrap_or_default().into(),
                sha256: take_text(&mut source, "sha256"),
                embedded,
                params: source,
            },
            id_column: text(&value, "id"),
            cluster: text(&value, "cluster"),
            fewshot: fewshot(value.get("fewshot").unwrap_or(&Value::Null)),
            request: kind_spec(value.get("request")),
            evaluator: kind_spec(value.get("evaluator")),
            headline: text(&value, "headline"),
            metrics: value.get("metrics").and_then(Value::as_object).map(metrics).unwrap_or_default(),
            chat: value.get("chat").and_then(Value::as_bool).unwrap_or(false),
            limit: self.limit.or_else(|| count("limit").map(|n| n as usize)),
            repeats: count("repeats").map_or(1, |n| n as u32),
        }
    }

    /// The suite as JSON, every default and override in it, paths and models as they were written.
    fn resolved(&self, suite: &Suite, benchmarks: &[Value]) -> Value {
        let controllers = match self.written.get("controllers") {
            Some(list) => list.clone(),
            None => json!([{"id": FREE, "controller": {"kind": "none"}}]),
        };
        let arms: Vec<Value> = suite
            .arms
            .iter()
            .map(|arm| json!({"model": suite.models[arm.model].id, "controller": suite.controllers[arm.controller].id}))
            .collect();
        json!({
            "suite": suite.id,
            "about": suite.about,
            "seed": suite.seed,
            "models": self.written.get("models"),
            "constraints": list(self.written, "constraints"),
            "controllers": controllers,
            "arms": arms,
            "benchmarks": benchmarks,
            "truncation": suite.truncation.as_str(),
        })
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn take_text(map: &mut Map<String, Value>, key: &str) -> Option<String> {
    map.shift_remove(key).and_then(|value| value.as_str().map(str::to_owned))
}

fn below(key: &str, index: usize, inner: &str) -> Trail {
    to_key(&to_index(&to_key(&[], key), index), inner)
}

/// A constraint of the suite as it stands wherever its id does: its object, with the id in it.
fn named_constraint(entry: &Value) -> (String, Value) {
    let id = entry_id(entry).unwrap_or_default().to_owned();
    let mut map = Map::new();
    map.insert("id".into(), id.as_str().into());
    map.extend(entry.get("constraint").and_then(Value::as_object).cloned().unwrap_or_default());
    (id, Value::Object(map))
}

fn suite_model(model: &Value, index: usize) -> Result<SuiteModel, Finding> {
    let read = ModelRef::from_json(model.get("model").unwrap_or(&Value::Null));
    Ok(SuiteModel {
        id: text(model, "id").unwrap_or_default(),
        model: read.map_err(|error| Finding::value(&below("models", index, "model"), error.to_string()))?,
        sha256: text(model, "sha256"),
        max_length: model.get("max_length").and_then(Value::as_u64).map(|n| n as usize),
    })
}

fn suite_controller(entry: &Value) -> SuiteController {
    let controller = entry.get("controller").and_then(Value::as_object).cloned().unwrap_or_default();
    SuiteController { id: text(entry, "id").unwrap_or_default(), controller: ControllerSpec(controller) }
}

fn arms(value: &Value, models: &[SuiteModel], controllers: &[SuiteController]) -> Vec<Arm> {
    match value.get("arms").and_then(Value::as_array) {
        Some(arms) => {
            let arm = |arm: &Value| {
                let model = models.iter().position(|m| arm["model"] == json!(m.id))?;
                let controller = controllers.iter().position(|c| arm["controller"] == json!(c.id))?;
                Some(Arm { model, controller })
            };
            arms.iter().filter_map(arm).collect()
        }
        None => (0..models.len())
            .flat_map(|model| (0..controllers.len()).map(move |controller| Arm { model, controller }))
            .collect(),
    }
}

fn truncation(value: &Value) -> Truncation {
    let name = value.get("truncation").and_then(Value::as_str);
    let all = [Truncation::Error, Truncation::Left, Truncation::DropShots, Truncation::Skip];
    all.into_iter().find(|t| Some(t.as_str()) == name).unwrap_or_default()
}

fn fewshot(value: &Value) -> Fewshot {
    let count = |key: &str| value.get(key).and_then(Value::as_u64);
    Fewshot {
        n: count("n").unwrap_or(0) as usize,
        split: text(value, "split").map(Into::into),
        seed: count("seed").unwrap_or(1234),
        delimiter: text(value, "delimiter").unwrap_or_else(|| "\n\n".into()),
    }
}

fn kind_spec(value: Option<&Value>) -> KindSpec {
    let mut params = value.and_then(Value::as_object).cloned().unwrap_or_default();
    KindSpec { kind: take_text(&mut params, "kind").unwrap_or_default(), params }
}

/// A benchmark as it stands in the resolved suite: as written, every default in it, keys in one order.
fn benchmark_json(written: &Value, benchmark: &Benchmark) -> Value {
    let as_written = |key: &str| written.get(key).cloned().unwrap_or(Value::Null);
    let split = written.pointer("/fewshot/split").cloned().unwrap_or(Value::Null);
    let mut resolved = json!({
        "benchmark": benchmark.id,
        "about": benchmark.about,
        "goals": benchmark.goals,
        "licence": benchmark.licence,
        "source": as_written("source"),
        "id": benchmark.id_column,
        "cluster": benchmark.cluster,
        "fewshot": {
            "n": benchmark.fewshot.n,
            "split": split,
            "seed": benchmark.fewshot.seed,
            "delimiter": benchmark.fewshot.delimiter,
        },
        "request": as_written("request"),
        "evaluator": as_written("evaluator"),
        "metrics": written.get("metrics").cloned().unwrap_or_else(|| json!({})),
        "chat": benchmark.chat,
        "limit": benchmark.limit,
        "repeats": benchmark.repeats,
    });
    // Left out where there is none, so that records from before it are still of the same suite.
    if let Some(contamination) = &benchmark.contamination {
        resolved["contamination"] = contamination.as_str().into();
    }
    resolved
}
