//! Rows of the record from requests, replies and scores, and replies from rows again.

use crate::names::{Names, prompt_hash};
use serde_json::{Value, json};
use telos_core::record::{ReplyRow, ScoreRow, StepRow, TimingRow};
use telos_core::reply::Reply;
use telos_core::{Ask, ErrorKind, Evaluator, Outcome, Request, RequestError, Score, Status};
use telos_core::{Levels, Step};

/// Where a row belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowPlace<'a> {
    pub model: &'a str,
    pub controller: Option<&'a str>,
    pub benchmark: &'a str,
    pub item: &'a str,
    pub repeat: u32,
    pub wave: u8,
    pub index: u32,
}

/// What came of a request.
#[derive(Clone, Copy)]
pub(crate) enum Came<'a> {
    /// A reply or an error.
    Reply(&'a Outcome),
    /// It was not asked.
    Skipped(&'a str),
}

/// The row of one request.
pub(crate) fn reply_row(
    place: RowPlace<'_>,
    request: &Request,
    key: &[u8; 32],
    names: &Names,
    came: Came<'_>,
) -> ReplyRow {
    let seed = match &request.ask {
        Ask::Generate { sampling, .. } => Some(sampling.seed),
        _ => None,
    };
    let mut row = ReplyRow {
        model: place.model.to_owned(),
        controller: place.controller.map(str::to_owned),
        benchmark: place.benchmark.to_owned(),
        item: place.item.to_owned(),
        repeat: place.repeat,
        wave: place.wave,
        index: place.index,
        request_hash: blake3::Hash::from_bytes(*key).to_hex().to_string(),
        prompt_hash: prompt_hash(request),
        kind: request.kind().to_owned(),
        seed,
        request: names.record(request).to_string(),
        status: Status::Ok,
        error_kind: None,
        error: None,
        text: None,
        token_ids: None,
        token_logprobs: None,
        logprob: None,
        finish_reason: None,
        prompt_tokens: None,
        truncated_tokens: None,
        reply: String::new(),
    };
    let mut failed = |status: Status, error: &RequestError| {
        row.status = status;
        row.error_kind = Some(error.kind.as_str().to_owned());
        row.error = Some(error.message.clone());
        row.reply = json!({"error": error}).to_string();
    };
    match came {
        Came::Skipped(reason) => failed(Status::Skipped, &RequestError::new(ErrorKind::TooLong, reason)),
        Came::Reply(Err(error)) => failed(Status::Error, error),
        Came::Reply(Ok(reply)) => {
            if reply.truncated_tokens() > 0 {
                row.status = Status::Truncated;
            }
            fill(&mut row, reply);
        }
    }
    row
}

fn fill(row: &mut ReplyRow, reply: &Reply) {
    let mut written = reply.to_json();
    match reply {
        Reply::Generate(r) => {
            row.text = Some(r.text.clone());
            row.token_ids = Some(r.token_ids.clone());
            row.token_logprobs = Some(r.token_logprobs.clone());
            row.finish_reason = Some(r.finish_reason.as_str().to_owned());
            row.prompt_tokens = Some(r.prompt_tokens as u32);
            row.truncated_tokens = Some(r.truncated_tokens as u32);
            written.as_object_mut().and_then(|map| map.shift_remove("steps"));
        }
        Reply::Loglikelihood(r) => {
            row.token_ids = Some(r.tokens.clone());
            row.token_logprobs = Some(r.token_logprobs.clone());
            row.logprob = Some(r.logprob);
            row.prompt_tokens = Some(r.context_tokens as u32);
            row.truncated_tokens = Some(r.truncated_tokens as u32);
        }
        Reply::Rolling(r) => row.logprob = Some(r.logprob),
        _ => {}
    }
    row.reply = written.to_string();
}

/// The rows of a controlled text's trace.
pub(crate) fn step_rows(arm: &str, place: RowPlace<'_>, reply: &Outcome) -> Vec<StepRow> {
    let Ok(Reply::Generate(generation)) = reply else { return Vec::new() };
    let values = |levels: &Option<Levels>| levels.as_ref().map(|levels| levels.values.clone());
    let row = |(step, number): (&Step, u32)| StepRow {
        arm: arm.to_owned(),
        benchmark: place.benchmark.to_owned(),
        item: place.item.to_owned(),
        repeat: place.repeat,
        wave: place.wave,
        index: place.index,
        step: number,
        token: step.token,
        proposed: step.proposed,
        rank: step.rank,
        changed: step.changed,
        fallback: step.fallback.clone(),
        h_before: values(&step.h_before),
        threshold: values(&step.threshold),
        h_after: values(&step.h_after),
        evaluations: step.evaluations,
        rejected: step.rejected.clone(),
        logprob: step.token.and_then(|_| generation.token_logprobs.get(number as usize).copied()),
        numbers: step.numbers.as_ref().map(|numbers| Value::Object(numbers.clone()).to_string()),
        spent: step.spent,
    };
    generation.steps.iter().flatten().zip(0..).map(row).collect()
}

/// What the reply to a request took. `seconds` are known where it was asked in this run.
pub(crate) fn timing_row(place: RowPlace<'_>, reply: &Outcome, seconds: Option<f64>) -> TimingRow {
    let (prompt_tokens, reply_tokens) = match reply {
        Ok(Reply::Generate(r)) => (Some(r.prompt_tokens as u32), Some(r.token_ids.len() as u32)),
        Ok(Reply::Loglikelihood(r)) => (Some(r.context_tokens as u32), Some(r.tokens.len() as u32)),
        Ok(Reply::Rolling(r)) => (None, Some(r.tokens as u32)),
        _ => (None, None),
    };
    TimingRow {
        model: place.model.to_owned(),
        controller: place.controller.map(str::to_owned),
        benchmark: place.benchmark.to_owned(),
        item: place.item.to_owned(),
        repeat: place.repeat,
        wave: place.wave,
        index: place.index,
        seconds,
        prompt_tokens,
        reply_tokens,
        cost: None,
    }
}

/// A step as the engine gave it. `listed` says whether the controller had a list of constraints.
pub(crate) fn step(row: &StepRow, listed: bool) -> Step {
    let levels = |values: &[f64]| Levels { values: values.to_vec(), listed };
    // Format 1 has an empty list where there is no constraint.
    let unless_empty = |values: &Option<Vec<f64>>| values.as_deref().filter(|v| !v.is_empty()).map(levels);
    Step {
        token: row.token,
        rank: row.rank,
        h_before: unless_empty(&row.h_before),
        threshold: unless_empty(&row.threshold),
        h_after: row.h_after.as_deref().map(levels),
        evaluations: row.evaluations,
        rejected: row.rejected.clone(),
        proposed: row.proposed,
        changed: row.changed,
        fallback: row.fallback.clone(),
        numbers: row.numbers.as_deref().and_then(|numbers| serde_json::from_str(numbers).ok()),
        spent: row.spent,
    }
}

/// What a stored row says came of its request; a message where it cannot be read.
pub(crate) fn outcome(row: &ReplyRow) -> Result<Outcome, String> {
    let mut stored: Value = serde_json::from_str(&row.reply).map_err(|e| e.to_string())?;
    if row.error_kind.is_some() {
        let error = stored.get_mut("error").map(Value::take).unwrap_or_default();
        return serde_json::from_value(error).map(Err).map_err(|e| e.to_string());
    }
    Reply::from_json(&row.kind, stored).map(Ok).map_err(|e| e.to_string())
}

/// Rows of scores for one arm.
pub(crate) fn score_rows(
    arm: &str,
    place: RowPlace<'_>,
    (kind, evaluator): (&str, &dyn Evaluator),
    scores: &[Score],
) -> Vec<ScoreRow> {
    let row = |score: &Score| ScoreRow {
        arm: arm.to_owned(),
        benchmark: place.benchmark.to_owned(),
        item: place.item.to_owned(),
        repeat: place.repeat,
        metric: score.metric.clone(),
        value: score.value,
        status: score.status,
        reason: score.reason.clone(),
        note: score.note.clone(),
        evaluator: kind.to_owned(),
        evaluator_version: evaluator.version(),
    };
    scores.iter().map(row).collect()
}
