//! Rows of every kind, for the tests of tables.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use telos_core::Status;
use telos_core::record::{ItemRow, ReplyRow, ScoreRow, StepRow};

pub(super) fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |x| x.is_finite()),
        prop_oneof![Just(0.0), Just(-0.0), Just(f64::MIN_POSITIVE / 2.0), Just(f64::MAX), Just(f64::MIN)],
    ]
}

pub(super) fn word() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), Just(String::new()), Just("long ".repeat(50))]
}

pub(super) fn item_row() -> impl Strategy<Value = ItemRow> {
    (word(), word(), any::<u32>(), word(), of(word()), vec(word(), 0..3), word()).prop_map(
        |(benchmark, item, index, item_hash, cluster, goals, data)| ItemRow {
            benchmark,
            item,
            index,
            item_hash,
            cluster,
            goals,
            data,
        },
    )
}

pub(super) fn reply_row() -> impl Strategy<Value = ReplyRow> {
    let head = (word(), of(word()), word(), any::<u32>(), any::<u8>(), any::<u32>(), of(any::<u64>()), word());
    let middle = (of(word()), of(word()), of(word()), of(vec(any::<u32>(), 0..4)), of(vec(number(), 0..4)));
    let tail = (of(number()), of(word()), of(any::<u32>()), of(any::<u32>()), word());
    (head, middle, tail).prop_map(|(head, middle, tail)| {
        let (model, controller, item, repeat, wave, index, seed, request) = head;
        let (error_kind, error, text, token_ids, token_logprobs) = middle;
        let (logprob, finish_reason, prompt_tokens, truncated_tokens, reply) = tail;
        ReplyRow {
            benchmark: "b".into(),
            request_hash: model.clone(),
            prompt_hash: reply.clone(),
            kind: "generate".into(),
            status: Status::Ok,
            model,
            controller,
            item,
            repeat,
            wave,
            index,
            seed,
            request,
            error_kind,
            error,
            text,
            token_ids,
            token_logprobs,
            logprob,
            finish_reason,
            prompt_tokens,
            truncated_tokens,
            reply,
        }
    })
}

pub(super) fn score_row() -> impl Strategy<Value = ScoreRow> {
    (word(), word(), any::<u32>(), word(), of(number()), of(word()), any::<u32>()).prop_map(
        |(arm, item, repeat, metric, value, reason, evaluator_version)| ScoreRow {
            benchmark: metric.clone(),
            status: Status::Unparsed,
            note: reason.clone(),
            evaluator: arm.clone(),
            arm,
            item,
            repeat,
            metric,
            value,
            reason,
            evaluator_version,
        },
    )
}

pub(super) fn step_row() -> impl Strategy<Value = StepRow> {
    let head = (word(), any::<u32>(), any::<u32>(), of(any::<u32>()), any::<u32>(), of(any::<u32>()), any::<bool>());
    let levels = || vec(number(), 0..3);
    let tail = (of(word()), levels(), levels(), of(levels()), any::<u32>(), vec(any::<u32>(), 0..4), of(number()));
    (head, tail).prop_map(|(head, tail)| {
        let (arm, repeat, step, token, proposed, rank, changed) = head;
        let (fallback, h_before, threshold, h_after, evaluations, rejected, logprob) = tail;
        StepRow {
            benchmark: arm.clone(),
            item: "7".into(),
            arm,
            repeat,
            step,
            token,
            proposed,
            rank,
            changed,
            numbers: fallback.clone(),
            fallback,
            wave: repeat as u8,
            index: step,
            spent: evaluations,
            h_before: Some(h_before),
            threshold: Some(threshold),
            h_after,
            evaluations,
            rejected,
            logprob,
        }
    })
}

pub(super) fn bare_reply() -> ReplyRow {
    ReplyRow {
        model: "m".into(),
        controller: None,
        benchmark: "b".into(),
        item: "0".into(),
        repeat: 0,
        wave: 0,
        index: 0,
        request_hash: String::new(),
        prompt_hash: String::new(),
        kind: "loglikelihood".into(),
        seed: None,
        request: "{}".into(),
        status: Status::Error,
        error_kind: None,
        error: None,
        text: None,
        token_ids: None,
        token_logprobs: None,
        logprob: None,
        finish_reason: None,
        prompt_tokens: None,
        truncated_tokens: None,
        reply: "{}".into(),
    }
}

pub(super) fn bare_score() -> ScoreRow {
    ScoreRow {
        arm: "m/c".into(),
        benchmark: "b".into(),
        item: "0".into(),
        repeat: 0,
        metric: "acc".into(),
        value: None,
        status: Status::Ok,
        reason: None,
        evaluator: "e".into(),
        evaluator_version: 1,
        note: None,
    }
}

pub(super) fn bare_step() -> StepRow {
    StepRow {
        arm: "m/c".into(),
        benchmark: "b".into(),
        item: "0".into(),
        repeat: 0,
        step: 0,
        token: None,
        proposed: 5,
        rank: None,
        changed: true,
        fallback: None,
        wave: 0,
        index: 0,
        numbers: None,
        spent: 0,
        h_before: None,
        threshold: None,
        h_after: None,
        evaluations: 0,
        rejected: Vec::new(),
        logprob: None,
    }
}
