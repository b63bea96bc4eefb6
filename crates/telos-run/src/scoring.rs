//! What turns replies into scores: a benchmark's recipe and evaluator. The same code scores a run and a stored record.

use crate::render::{RenderError, Row};
use crate::requests::{self, Recipe};
use serde_json::{Map, Value, json};
use telos_core::Metric;
use telos_core::evaluate::{Case, Evaluator, Score, Status};
use telos_core::metric::with_overrides;
use telos_core::text::did_you_mean;
use telos_spec::suite::{KindSpec, MetricOverride};

/// A benchmark's recipe and evaluator, ready to use.
pub(crate) struct Scoring {
    pub recipe: Box<dyn Recipe>,
    pub evaluator: Box<dyn Evaluator>,
    /// The metrics with the benchmark's overrides in them.
    pub metrics: Vec<Metric>,
    request_spec: KindSpec,
    evaluator_spec: KindSpec,
}

impl Scoring {
    /// Reads both objects. All mistakes are told.
    pub(crate) fn new(request: &KindSpec, evaluator: &KindSpec) -> Result<Self, Vec<String>> {
        let recipe = requests::read(&request.kind, &request.params);
        let built = telos_eval::build(&evaluator.kind, &evaluator.params)
            .map_err(|message| format!("evaluator of kind `{}`: {message}", evaluator.kind));
        match (recipe, built) {
            (Ok(recipe), Ok(built)) => Ok(Self {
                recipe,
                metrics: built.metrics(),
                evaluator: built,
                request_spec: request.clone(),
                evaluator_spec: evaluator.clone(),
            }),
            (recipe, built) => Err(recipe.err().into_iter().chain(built.err()).collect()),
        }
    }

    /// Lays what the benchmark says of its metrics over what the evaluator says, the named ones first.
    pub(crate) fn override_metrics(&mut self, overrides: &[(String, MetricOverride)]) -> Vec<String> {
        let known: Vec<String> = self.metrics.iter().map(|metric| metric.name.clone()).collect();
        let (metrics, unknown) = with_overrides(std::mem::take(&mut self.metrics), overrides);
        self.metrics = metrics;
        let tell = |name: String| {
            let hint = did_you_mean(&name, known.iter().map(String::as_str));
            let hint = hint.map_or_else(|| ".".to_owned(), |known| format!("; did you mean `{known}`?"));
            let kind = &self.evaluator_spec.kind;
            format!("the evaluator `{kind}` has no metric `{name}`{hint} It has {}", known.join(", "))
        };
        unknown.into_iter().map(tell).collect()
    }

    /// Every string in request and evaluator, templates among them.
    pub(crate) fn texts(&self) -> Vec<&str> {
        fn visit<'a>(value: &'a Value, out: &mut Vec<&'a str>) {
            match value {
                Value::String(text) => out.push(text),
                Value::Array(list) => list.iter().for_each(|value| visit(value, out)),
                Value::Object(map) => map.values().for_each(|value| visit(value, out)),
                _ => {}
            }
        }
        let mut texts = Vec::new();
        for spec in [&self.request_spec, &self.evaluator_spec] {
            spec.params.values().for_each(|value| visit(value, &mut texts));
        }
        texts
    }

    /// The evaluator's kind.
    pub(crate) fn kind(&self) -> &str {
        &self.evaluator_spec.kind
    }

    /// The evaluator's parameters with their templates filled from a row, and what the request adds to them.
    pub(crate) fn params(&self, row: Row<'_>) -> Result<Map<String, Value>, RenderError> {
        let mut params = row.fill_map(&self.evaluator_spec.params)?;
        for (key, value) in self.recipe.evaluator_params(row)? {
            params.entry(key).or_insert(value);
        }
        Ok(params)
    }

    /// What the record keeps so that it can be scored again.
    pub(crate) fn to_json(&self) -> Value {
        let whole = |spec: &KindSpec| {
            let mut map = Map::from_iter([("kind".to_owned(), Value::from(spec.kind.as_str()))]);
            map.extend(spec.params.clone());
            Value::Object(map)
        };
        json!({"request": whole(&self.request_spec), "evaluator": whole(&self.evaluator_spec)})
    }

    /// Reads [`Scoring::to_json`]'s form.
    pub(crate) fn from_json(stored: &Value) -> Result<Self, Vec<String>> {
        let spec = |key: &str| {
            let mut params = stored.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
            match params.shift_remove("kind") {
                Some(Value::String(kind)) => Ok(KindSpec { kind, params }),
                _ => Err(vec![format!("the record does not say which `{key}` it was made with")]),
            }
        };
        Self::new(&spec("request")?, &spec("evaluator")?)
    }

    /// The scores of one item and repeat.
    pub(crate) fn scores(&self, case: &Case<'_>) -> Vec<Score> {
        // A follow-up's error is the evaluator's to judge: some metrics do not need it.
        if let Some(error) = case.texts().find_map(|(_, reply)| reply.as_ref().err()) {
            return self.missing(Status::Error, &error.message);
        }
        let finite = |score: Score| match score.value {
            Some(value) if !value.is_finite() => {
                Score::missing(&score.metric, Status::Error, format!("the value is {value}, not a finite number"))
            }
            _ => score,
        };
        self.evaluator.evaluate(case).into_iter().map(finite).collect()
    }

    /// No value for any metric, and why.
    pub(crate) fn missing(&self, status: Status, reason: &str) -> Vec<Score> {
        self.evaluator.metrics().iter().map(|metric| Score::missing(&metric.name, status, reason)).collect()
    }
}
