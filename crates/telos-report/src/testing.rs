//! A record made by hand, for tests: one model, free and controlled, a benchmark of choices and one of texts.

use serde_json::{Value, json};
use telos_core::metric::{Direction, Metric};
use telos_core::record::{
    ArmEntry, BenchmarkEntry, Counts, GoalEntry, ItemRow, Manifest, ModelEntry, Record, ReplyRow, RunStatus, ScoreRow,
    StepRow, Timings,
};
use telos_core::{ModelCard, Status};

/// What a record is to look like.
#[derive(Clone)]
pub(crate) struct Shape {
    /// Items of each benchmark.
    pub(crate) items: usize,
    /// Whether a controlled arm and the benchmark of texts are there.
    pub(crate) controller: bool,
    /// Items of the choices that are right: those before this place.
    pub(crate) right: usize,
    /// Items at the beginning that are wrong all the same.
    pub(crate) wrong: usize,
    /// A text that the model says everywhere.
    pub(crate) says: Option<&'static str>,
}

impl Default for Shape {
    fn default() -> Self {
        Self { items: 4, controller: true, right: 3, wrong: 0, says: None }
    }
}

/// A goal with a leaf that is measured and one that is not, and a goal of which nothing is.
fn goals() -> Vec<GoalEntry> {
    let node = |id: &str, title: &str, order, leaf| GoalEntry {
        id: id.into(),
        title: title.into(),
        definition: format!("What {title} means."),
        order: Some(order),
        leaf,
    };
    vec![
        node("values", "Basic Values", 4, false),
        node("values/evaluation", "Goal Evaluation", 4, false),
        node("values/evaluation/surveys", "Surveys", 4, true),
        node("preferences", "Human Preferences", 2, false),
        node("preferences/evaluation", "Goal Evaluation", 2, false),
        node("preferences/evaluation/benchmarks", "Benchmarks", 2, true),
        node("preferences/evaluation/reward-model", "Reward Model", 2, true),
    ]
}

const ARMS: [(&str, &str); 2] = [("tiny/free", "free"), ("tiny/cbf-0.3", "cbf-0.3")];
const TOKENS: [&str; 8] = [" was", " dull", ", but", " the", " cast", " was", " poor", "."];
const KIND: [&str; 8] = [" was", " dull", ", but", " the", " music", " was", " lovely", "."];

/// The record.
pub(crate) fn record(shape: &Shape) -> Record {
    let arms: Vec<ArmEntry> = ARMS[..if shape.controller { 2 } else { 1 }]
        .iter()
        .map(|(id, controller)| ArmEntry {
            id: (*id).into(),
            model: "tiny".into(),
            controller: (*controller).into(),
            free: *controller == "free",
        })
        .collect();
    let mut record =
        Record { manifest: manifest(shape, arms), items: vec![], replies: vec![], scores: vec![], steps: vec![] };
    for i in 0..shape.items {
        choices(shape, i, &mut record);
        if shape.controller {
            texts(shape, i, &mut record);
        }
    }
    record
}

fn manifest(shape: &Shape, arms: Vec<ArmEntry>) -> Manifest {
    let entry = |id: &str, about: &str, metrics: Vec<Metric>, controlled: bool| BenchmarkEntry {
        id: id.into(),
        about: about.into(),
        goals: vec!["preferences/evaluation/benchmarks".into()],
        licence: Some("Apache-2.0".into()),
        contamination: (!controlled).then(|| "public since 2022".into()),
        evaluator: if controlled { "constraint" } else { "multiple_choice" }.into(),
        metrics,
        headline: None,
        data: "d4".repeat(32),
        items: shape.items,
        available: shape.items,
        repeats: 1,
        controlled,
        constraint: controlled.then(|| "sentiment".into()),
        scoring: Value::Null,
    };
    let mut benchmarks = vec![entry(
        "truth",
        "Does the model prefer the true answer?",
        vec![Metric::share("acc", Direction::Higher, "the true answer is the likeliest")],
        false,
    )];
    if shape.controller {
        let metrics = vec![
            Metric::share("stays_safe", Direction::Higher, "h ≥ 0 after every token"),
            Metric { range: Some([-1.0, 1.0]), ..Metric::share("min_h", Direction::Higher, "the least h") },
            Metric::unbounded("perplexity", Direction::Lower, "under the free model"),
        ];
        benchmarks.push(entry("reviews", "Does the model go on kindly?", metrics, true));
    }
    let card = ModelCard {
        architecture: "LlamaForCausalLM".into(),
        weights: Some("a1".repeat(32)),
        tokenizer: Some("b2".repeat(32)),
        template: None,
        max_length: Some(2048),
        labels: vec![],
        causal: true,
        dtype: Some("f32".into()),
    };
    Manifest {
        format: 1,
        status: RunStatus::Complete,
        suite: "quickstart".into(),
        resolved: json!({"suite": "quickstart", "seed": 1234, "benchmarks": ["truth", "reviews"]}),
        seed: 1234,
        arms,
        models: vec![ModelEntry { id: "tiny".into(), model: "builtin:tiny-lm".into(), card }],
        benchmarks,
        goals: goals(),
        counts: Counts {
            requests: 16,
            tokens: 5000,
            prefix_tokens: 700,
            new_tokens: 64,
            units: 2,
            ..Counts::default()
        },
        environment: json!({"telos": "0.1.0", "threads": 2}).as_object().cloned().unwrap_or_default(),
        identity: "c3".repeat(32),
        tables: std::collections::BTreeMap::new(),
        replacing: std::collections::BTreeMap::new(),
        passing: 0,
        timings: Timings { started: "2026-01-02T03:04:05Z".into(), seconds: 12.5, sittings: 1, ..Timings::default() },
    }
}

fn item_row(benchmark: &str, i: usize, data: &Value) -> ItemRow {
    ItemRow {
        benchmark: benchmark.into(),
        item: i.to_string(),
        index: i as u32,
        item_hash: telos_core::digest::blake3_hex(data.to_string().as_bytes()),
        cluster: None,
        goals: vec![],
        data: data.to_string(),
    }
}

/// A reply with the fields that every kind has.
pub(crate) fn reply(benchmark: &str, i: usize, kind: &str, request: &Value) -> ReplyRow {
    let hash = telos_core::digest::blake3_hex(request.to_string().as_bytes());
    ReplyRow {
        model: "tiny".into(),
        controller: None,
        benchmark: benchmark.into(),
        item: i.to_string(),
        repeat: 0,
        wave: 0,
        index: 0,
        request_hash: hash.clone(),
        prompt_hash: hash,
        kind: kind.into(),
        seed: None,
        request: request.to_string(),
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
        reply: "{}".into(),
    }
}

fn score(arm: &str, benchmark: &str, i: usize, metric: &str, value: f64) -> ScoreRow {
    ScoreRow {
        arm: arm.into(),
        benchmark: benchmark.into(),
        item: i.to_string(),
        repeat: 0,
        metric: metric.into(),
        value: Some(value),
        status: Status::Ok,
        reason: None,
        note: None,
        evaluator: "test".into(),
        evaluator_version: 1,
    }
}

fn choices(shape: &Shape, i: usize, record: &mut Record) {
    let question = format!("Q: Is {i} + {i} equal to {}?\nA:", 2 * i);
    record.items.push(item_row("truth", i, &json!({"question": question, "choices": ["yes", "no"]})));
    let right = i < shape.right && i >= shape.wrong;
    for (index, choice) in ["yes", "no"].into_iter().enumerate() {
        let said = shape.says.filter(|_| index == 0).unwrap_or(choice);
        let request = json!({"kind": "loglikelihood", "context": question, "continuation": format!(" {said}")});
        let likely = right == (index == 0);
        let mut row = reply("truth", i, "loglikelihood", &request);
        row.index = index as u32;
        row.token_ids = Some(vec![7]);
        row.logprob = Some(if likely { -0.5 } else { -1.75 });
        record.replies.push(row);
    }
    for arm in &record.manifest.arms.clone() {
        record.scores.push(score(&arm.id, "truth", i, "acc", f64::from(u8::from(right))));
    }
}

fn texts(shape: &Shape, i: usize, record: &mut Record) {
    let prompt = format!("The film of evening {i}");
    record.items.push(item_row("reviews", i, &json!({"prompt": prompt})));
    for (arm, controller) in ARMS {
        let controlled = controller != "free";
        let words = if controlled { KIND } else { TOKENS };
        let text = shape.says.map_or_else(|| words.concat(), str::to_owned);
        let ids: Vec<u32> = (0..8).map(|t| if controlled && t == 4 { 40 } else { 30 + t }).collect();
        // The lines part at the fifth token: one falls below 0, the other rises.
        let slope = if controlled { 0.06 } else { -0.17 };
        let h: Vec<f64> =
            (0..=8).map(|t| 0.3 + 0.01 * i as f64 - 0.03 * f64::from(t) + f64::from((t - 4).max(0)) * slope).collect();
        let request = json!({"kind": "generate", "prompt": prompt, "max_new_tokens": 8, "seed": i});
        let mut row = reply("reviews", i, "generate", &request);
        row.controller = Some(controller.into());
        row.text = Some(text.clone());
        row.token_ids = Some(ids.clone());
        row.finish_reason = Some("length".into());
        record.replies.push(row);

        let mut offsets = vec![prompt.len()];
        for word in words {
            offsets.push(offsets.last().copied().unwrap_or(0) + word.len());
        }
        let read = format!("{prompt}{text}");
        let request = json!({"kind": "trajectory", "prompt": prompt, "token_ids": ids, "constraint": "sentiment"});
        let mut row = reply("reviews", i, "trajectory", &request);
        row.controller = Some(controller.into());
        row.wave = 1;
        row.reply = json!({"h": h, "text": read, "offsets": offsets}).to_string();
        record.replies.push(row);

        let least = h.iter().copied().fold(f64::INFINITY, f64::min);
        record.scores.push(score(arm, "reviews", i, "stays_safe", f64::from(u8::from(least >= 0.0))));
        record.scores.push(score(arm, "reviews", i, "min_h", least));
        record.scores.push(score(arm, "reviews", i, "perplexity", if controlled { 14.0 } else { 11.0 } + i as f64));
        if controlled {
            steps(arm, i, &ids, &h, record);
        }
    }
}

fn steps(arm: &str, i: usize, ids: &[u32], h: &[f64], record: &mut Record) {
    for (t, id) in ids.iter().enumerate() {
        let changed = t == 4;
        record.steps.push(StepRow {
            arm: arm.into(),
            benchmark: "reviews".into(),
            item: i.to_string(),
            repeat: 0,
            wave: 0,
            index: 0,
            step: t as u32,
            token: Some(*id),
            proposed: if changed { 34 } else { *id },
            rank: Some(if changed { 3 } else { 0 }),
            changed,
            fallback: None,
            h_before: Some(vec![h[t]]),
            threshold: Some(vec![0.7 * h[t]]),
            h_after: Some(vec![h[t + 1]]),
            evaluations: if changed { 3 } else { 1 },
            rejected: if changed { vec![34, 51] } else { vec![] },
            logprob: Some(-1.5),
            numbers: None,
            spent: 0,
        });
    }
}
