//! One line: the replies and scores of one arm, benchmark, item and repeat.

use super::key::Key;
use super::names::Names;
use crate::DataError;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::rc::Rc;
use telos_core::Levels;
use telos_core::record::{ReplyRow, ScoreRow, StepRow};
use telos_core::{Status, Step};

/// The rows of one line.
pub(super) struct Parts {
    pub(super) replies: Vec<Rc<ReplyRow>>,
    pub(super) scores: Vec<Rc<ScoreRow>>,
    pub(super) steps: Vec<Rc<StepRow>>,
}

/// A line as it is written, its keys in this order.
#[derive(Debug, Serialize)]
pub(super) struct JsonLine<'a> {
    arm: &'a str,
    benchmark: &'a str,
    item: &'a str,
    repeat: u32,
    status: &'static str,
    requests: Vec<Value>,
    replies: Vec<Value>,
    scores: Map<String, Value>,
}

impl Names<'_> {
    /// Puts a line together. Rows that contradict each other are an error that names the line.
    pub(super) fn line(&self, key: Key, mut parts: Parts) -> Result<JsonLine<'_>, DataError> {
        let (arm, benchmark, item, repeat) = (self.arm(key), self.benchmark_of(key), self.item_of(key), key.repeat);
        let wrong = |what: String| {
            self.inconsistent(format!("{arm}, {}, item `{item}`, repeat {repeat}: {what}", benchmark.id))
        };
        parts.replies.sort_by_key(|row| (row.wave, row.index));
        if let Some(pair) = parts.replies.windows(2).find(|w| (w[0].wave, w[0].index) == (w[1].wave, w[1].index)) {
            let (wave, index) = (pair[0].wave, pair[0].index);
            return Err(wrong(format!("request {index} of wave {wave} has two replies")));
        }
        parts.steps.sort_by_key(|row| (row.wave, row.index, row.step));
        for text in parts.steps.chunk_by(|a, b| (a.wave, a.index) == (b.wave, b.index)) {
            if text.iter().zip(0..).any(|(row, step)| row.step != step) {
                return Err(wrong("its steps do not count from 0 without a gap".to_owned()));
            }
        }
        // Where nothing was asked, the scores say why.
        let worst = match parts.replies.as_slice() {
            [] => parts.scores.iter().map(|row| row.status).max(),
            replies => replies.iter().map(|row| row.status).max(),
        };
        let status = worst.unwrap_or(Status::Ok);
        let mut requests = Vec::with_capacity(parts.replies.len());
        let mut replies = Vec::with_capacity(parts.replies.len());
        for row in &parts.replies {
            let request: Value =
                serde_json::from_str(&row.request).map_err(|e| wrong(format!("a request is no JSON: {e}")))?;
            replies.push(reply(row, &request, &parts.steps).map_err(&wrong)?);
            requests.push(request);
        }
        let scores = scores(&parts.scores, benchmark.metrics.iter().map(|m| m.name.as_str())).map_err(&wrong)?;
        let status = status.as_str();
        Ok(JsonLine { arm, benchmark: &benchmark.id, item, repeat, status, requests, replies, scores })
    }
}

/// A reply in the probe's form: its fields, or the error in their place.
fn reply(row: &ReplyRow, request: &Value, steps: &[Rc<StepRow>]) -> Result<Value, String> {
    if row.error.is_some() || row.error_kind.is_some() {
        let kind = row.error_kind.as_deref().unwrap_or(row.status.as_str());
        return Ok(json!({"error": {"kind": kind, "message": row.error.as_deref().unwrap_or_default()}}));
    }
    let mut reply: Value = serde_json::from_str(&row.reply).map_err(|e| format!("a reply is no JSON: {e}"))?;
    let mine = |step: &&Rc<StepRow>| (step.wave, step.index) == (row.wave, row.index);
    let steps: Vec<&StepRow> = steps.iter().filter(mine).map(Rc::as_ref).collect();
    let traced = request.get("trace").and_then(Value::as_bool).unwrap_or(false);
    if row.kind == "generate"
        && row.controller.is_some()
        && (traced || !steps.is_empty())
        && let Some(fields) = reply.as_object_mut()
    {
        let listed = request.get("controller").is_some_and(|controller| controller.get("constraints").is_some());
        let steps: Vec<Step> = steps.into_iter().map(|row| step(row, listed)).collect();
        fields.insert("steps".to_owned(), serde_json::to_value(steps).map_err(|e| e.to_string())?);
    }
    Ok(reply)
}

/// A step in the probe's form; where the controller has no constraint, there is no h.
fn step(row: &StepRow, listed: bool) -> Step {
    let levels = |values: &[f64]| (!values.is_empty()).then(|| Levels { values: values.to_vec(), listed });
    Step {
        token: row.token,
        rank: row.rank,
        h_before: row.h_before.as_deref().and_then(levels),
        threshold: row.threshold.as_deref().and_then(levels),
        h_after: row.h_after.as_deref().and_then(levels),
        evaluations: row.evaluations,
        rejected: row.rejected.clone(),
        proposed: row.proposed,
        changed: row.changed,
        fallback: row.fallback.clone(),
        numbers: row.numbers.as_deref().and_then(|numbers| serde_json::from_str(numbers).ok()),
        spent: row.spent,
    }
}

/// Metric to number or null: the benchmark's metrics in its order, then others in the table's.
fn scores<'a>(rows: &[Rc<ScoreRow>], metrics: impl Iterator<Item = &'a str>) -> Result<Map<String, Value>, String> {
    let order: Vec<&str> = metrics.collect();
    let mut rows: Vec<&ScoreRow> = rows.iter().map(Rc::as_ref).collect();
    rows.sort_by_key(|row| order.iter().position(|name| *name == row.metric).unwrap_or(order.len()));
    let mut scores = Map::new();
    for row in rows {
        if scores.insert(row.metric.clone(), row.value.into()).is_some() {
            return Err(format!("the metric `{}` has two scores", row.metric));
        }
    }
    Ok(scores)
}
