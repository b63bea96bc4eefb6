//! The items of a benchmark one by one: what was asked, what came back, what it was worth.

use super::detail::{Detail, Rows};
use super::texts::{RepeatView, TextSource, is_text, repeats};
use super::tokens::Tokens;
use crate::index::{Index, Shown};
use crate::number;
use crate::replies::Origin;
use crate::visible::visible;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use telos_core::Status;
use telos_core::evaluate::ChoiceNote;
use telos_core::record::{BenchmarkEntry, ItemRow, ReplyRow, StepRow};

/// Characters of a reply of another kind that are shown.
const REPLY_CHARACTERS: usize = 600;

/// The drill-down of a benchmark.
#[derive(Serialize)]
pub(super) struct ItemsView {
    note: String,
    capped: bool,
    list: Vec<ItemView>,
}

#[derive(Serialize)]
struct ItemView {
    anchor: String,
    id: String,
    cluster: Option<String>,
    hash: String,
    data: String,
    status: &'static str,
    status_class: &'static str,
    acted: bool,
    failed: bool,
    differs: bool,
    /// The worst arm's value of the headline metric, larger being better; sorts the list.
    worst: Option<f64>,
    spread: f64,
    /// The first words of its prompt.
    lead: String,
    brief: Vec<String>,
    prompts: Vec<PromptView>,
    choices: Option<ChoicesView>,
    repeats: Vec<RepeatView>,
    more_repeats: Option<String>,
    others: Vec<OtherView>,
    problems: Vec<ProblemView>,
    metrics: Vec<String>,
    scores: Vec<ScoresView>,
}

/// A text that was sent, turn by turn.
#[derive(Serialize, PartialEq)]
struct PromptView {
    turns: Vec<Turn>,
}

#[derive(Serialize, PartialEq)]
struct Turn {
    role: Option<String>,
    text: String,
}

/// Continuations with their log-likelihoods, arms as columns.
#[derive(Serialize)]
struct ChoicesView {
    arms: Vec<String>,
    rows: Vec<ChoiceView>,
}

#[derive(Serialize)]
struct ChoiceView {
    right: bool,
    context: Option<String>,
    text: String,
    cells: Vec<Option<ChoiceCell>>,
}

#[derive(Serialize)]
struct ChoiceCell {
    logprob: String,
    share: String,
    tokens: String,
    best: bool,
}

/// A request of another kind, or one asked afterwards.
#[derive(Serialize)]
struct OtherView {
    arm: String,
    kind: String,
    follow_up: bool,
    asked: String,
    reply: String,
}

/// A reply that is not as it should be.
#[derive(Serialize)]
struct ProblemView {
    arm: String,
    status: String,
    message: String,
}

#[derive(Serialize)]
struct ScoresView {
    arm: String,
    values: Vec<String>,
}

/// What the items of one benchmark are made from.
struct Source<'a> {
    index: &'a Index<'a>,
    benchmark: &'a BenchmarkEntry,
    shown: Vec<Shown<'a>>,
    replies: HashMap<&'a str, Vec<&'a ReplyRow>>,
    steps: HashMap<(&'a str, &'a str, u32), Vec<&'a StepRow>>,
    tokens: &'a Tokens,
}

pub(super) fn items(
    index: &Index<'_>,
    benchmark: &BenchmarkEntry,
    detail: &Detail,
    (place, tokens): (usize, &Tokens),
) -> ItemsView {
    let mut source = Source {
        index,
        benchmark,
        shown: index.shown(benchmark),
        replies: HashMap::new(),
        steps: HashMap::new(),
        tokens,
    };
    for (item, rows) in &detail.items {
        source.replies.insert(item, rows.replies.iter().collect());
        for step in &rows.steps {
            source.steps.entry((&step.arm, item, step.repeat)).or_default().push(step);
        }
    }
    let all = index.items(&benchmark.id).map_or(&[][..], |items| &items.rows);
    let capped = detail.chosen.len() < all.len();
    let note = if capped {
        format!(
            "Showing {} of {}: those that failed, those in which a controller acted and those on which arms differ come first, the rest by the suite's seed. The numbers above are over all of them, and all are in the record.",
            number::count(detail.chosen.len()),
            number::counted(all.len(), "item")
        )
    } else {
        format!("All {}.", number::counted(all.len(), "item"))
    };
    let row = |i: usize| detail.items.get(&all[i].item).and_then(|rows| Some((i, rows, rows.row.as_ref()?)));
    let rows = detail.chosen.iter().filter_map(|i| row(*i));
    let list = rows.map(|(i, rows, row)| item(&source, rows, row, (i, place))).collect();
    ItemsView { note, capped, list }
}

fn item(source: &Source<'_>, rows: &Rows, row: &ItemRow, (place, benchmark): (usize, usize)) -> ItemView {
    let fate = &rows.fate;
    let replies = source.replies.get(row.item.as_str()).map_or(&[][..], Vec::as_slice);
    let status = replies.iter().map(|reply| reply.status).max().unwrap_or(Status::Ok);
    let (metrics, scores, brief) = scores(source, place);
    let texts = TextSource {
        index: source.index,
        shown: &source.shown,
        replies,
        steps: &source.steps,
        item: &row.item,
        benchmark: source.benchmark,
        tokens: source.tokens,
    };
    let all = source.benchmark.repeats as usize;
    let more = all > rows.repeats.len() && replies.iter().any(|reply| reply.kind == "generate");
    let prompts = prompts(replies);
    ItemView {
        anchor: format!("b{benchmark}-i{place}"),
        id: visible(&row.item),
        cluster: row.cluster.as_deref().map(visible),
        hash: row.item_hash.clone(),
        data: pretty(&row.data),
        status: status.as_str(),
        status_class: match status {
            Status::Ok => "",
            Status::Error => "bad",
            _ => "warn",
        },
        acted: !fate.acted.is_empty(),
        failed: !fate.failed.is_empty(),
        differs: fate.spread > 0.0,
        worst: fate.worst,
        spread: fate.spread,
        lead: lead(&prompts),
        brief,
        prompts,
        choices: choices(source, replies, &right_choices(rows)),
        repeats: repeats(&texts, &rows.repeats),
        more_repeats: more.then(|| {
            let shown = rows.repeats.len();
            format!(
                "Showing {shown} of {all} repeats: those in which a controller acted or the text failed come first."
            )
        }),
        others: others(source, replies, &rows.repeats),
        problems: problems(source, replies),
        metrics,
        scores,
    }
}

/// (metrics' names, a row for each arm, the headline metric's values in brief).
fn scores(source: &Source<'_>, place: usize) -> (Vec<String>, Vec<ScoresView>, Vec<String>) {
    let value = |arm: &str, metric: &str| {
        let column = source.index.column(arm, &source.benchmark.id, metric)?;
        column.values.get(place).copied().flatten()
    };
    let has =
        |name: &&str| source.shown.iter().any(|s| source.index.column(&s.arm.id, &source.benchmark.id, name).is_some());
    let metrics: Vec<&str> = source.benchmark.metrics.iter().map(|m| m.name.as_str()).filter(has).collect();
    let rows = source.shown.iter().map(|s| ScoresView {
        arm: s.label.to_owned(),
        values: metrics.iter().map(|metric| number::minus(&number::maybe(value(&s.arm.id, metric)))).collect(),
    });
    let headline = source.benchmark.headline().map(|metric| metric.name.as_str());
    let brief = headline.filter(|name| metrics.contains(name)).or(metrics.first().copied());
    let brief = brief.map_or_else(Vec::new, |metric| {
        let one = |s: &Shown<'_>| {
            let text = number::minus(&number::maybe(value(&s.arm.id, metric)));
            if source.shown.len() == 1 {
                format!("{metric} {text}")
            } else {
                let name = if source.benchmark.controlled && one_model(source) { &s.arm.controller } else { s.label };
                format!("{name} {text}")
            }
        };
        source.shown.iter().map(one).collect()
    });
    (metrics.iter().map(|m| (*m).to_owned()).collect(), rows.collect(), brief)
}

fn one_model(source: &Source<'_>) -> bool {
    source.shown.iter().all(|s| s.arm.model == source.shown[0].arm.model)
}

fn json(text: &str) -> Value {
    // What is no JSON is shown as it stands.
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn pretty(text: &str) -> String {
    visible(&serde_json::to_string_pretty(&json(text)).unwrap_or_else(|_| text.to_owned()))
}

/// The turns of a request, whatever its kind calls them.
fn turns(request: &Value) -> Vec<Turn> {
    if let Some(messages) = request.get("messages").and_then(Value::as_array) {
        let text = |m: &Value, key: &str| m.get(key).and_then(Value::as_str).map(visible);
        return messages
            .iter()
            .map(|m| Turn { role: text(m, "role"), text: text(m, "content").unwrap_or_default() })
            .collect();
    }
    let found = ["prompt", "context", "text"].iter().find_map(|key| request.get(*key).and_then(Value::as_str));
    let mut turns: Vec<Turn> = found.map(|text| Turn { role: None, text: visible(text) }).into_iter().collect();
    if let Some(pair) = request.get("text_pair").and_then(Value::as_str) {
        turns.push(Turn { role: Some("second text".to_owned()), text: visible(pair) });
    }
    turns
}

/// The different texts that were sent first, in the order asked.
fn prompts(replies: &[&ReplyRow]) -> Vec<PromptView> {
    let mut out: Vec<PromptView> = Vec::new();
    for reply in replies.iter().filter(|reply| reply.wave == 0) {
        let prompt = PromptView { turns: turns(&json(&reply.request)) };
        if !prompt.turns.is_empty() && !out.contains(&prompt) {
            out.push(prompt);
        }
    }
    out
}

/// The first words of what was sent.
fn lead(prompts: &[PromptView]) -> String {
    const CHARACTERS: usize = 90;
    let turns = prompts.first().map_or(&[][..], |prompt| &prompt.turns);
    let text = turns.iter().map(|turn| turn.text.as_str()).find(|text| !text.trim().is_empty()).unwrap_or_default();
    // A chat template's marks are no words.
    let mut plain = String::new();
    let mut rest = text.strip_prefix("<s>").unwrap_or(text);
    while let Some((before, mark)) = rest.split_once("<|") {
        plain.extend([before, " "]);
        rest = mark.split_once("|>").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// The places of the right choices, where the evaluator noted them.
fn right_choices(rows: &Rows) -> Vec<usize> {
    rows.note.as_deref().and_then(|note| note.parse::<ChoiceNote>().ok()).map(|note| note.right).unwrap_or_default()
}

fn choices(source: &Source<'_>, replies: &[&ReplyRow], right: &[usize]) -> Option<ChoicesView> {
    let asked = |s: &Shown<'_>| -> Vec<&ReplyRow> {
        let mine = |r: &&&ReplyRow| {
            r.kind == "loglikelihood" && r.wave == 0 && r.repeat == 0 && source.index.belongs(Origin::of(r), s.arm)
        };
        replies.iter().filter(mine).copied().collect()
    };
    let columns: Vec<Vec<&ReplyRow>> = source.shown.iter().map(asked).collect();
    let longest = columns.iter().max_by_key(|column| column.len()).filter(|column| !column.is_empty())?;
    let field = |reply: &ReplyRow, key: &str| {
        json(&reply.request).get(key).and_then(Value::as_str).map(str::to_owned).unwrap_or_default()
    };
    let contexts: Vec<String> = longest.iter().map(|reply| field(reply, "context")).collect();
    let one_context = contexts.iter().all(|c| *c == contexts[0]);
    let rows = longest.iter().zip(&contexts).enumerate().map(|(i, (reply, context))| ChoiceView {
        right: right.contains(&i),
        context: (!one_context).then(|| visible(context)),
        text: visible(&field(reply, "continuation")),
        cells: columns.iter().map(|column| choice_cell(column, i)).collect(),
    });
    Some(ChoicesView { arms: source.shown.iter().map(|s| s.label.to_owned()).collect(), rows: rows.collect() })
}

fn choice_cell(column: &[&ReplyRow], place: usize) -> Option<ChoiceCell> {
    let reply = column.get(place)?;
    let logprob = reply.logprob?;
    let best = column.iter().filter_map(|r| r.logprob).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = column.iter().filter_map(|r| r.logprob).map(|l| (l - best).exp()).sum();
    Some(ChoiceCell {
        logprob: number::minus(&format!("{logprob:.3}")),
        share: format!("{:.1} %", 100.0 * (logprob - best).exp() / total),
        tokens: reply.token_ids.as_ref().map_or_else(String::new, |ids| ids.len().to_string()),
        best: logprob == best,
    })
}

/// The arm of a reply as the page calls it.
fn label(source: &Source<'_>, reply: &ReplyRow) -> String {
    let id = match &reply.controller {
        Some(controller) => format!("{}/{controller}", reply.model),
        None => reply.model.clone(),
    };
    let shown = source.shown.iter().find(|s| s.arm.id == id);
    shown.map_or_else(|| visible(&id), |s| s.label.to_owned())
}

fn others(source: &Source<'_>, replies: &[&ReplyRow], repeats: &BTreeSet<u32>) -> Vec<OtherView> {
    let shown_elsewhere = |reply: &ReplyRow| {
        let scored = reply.wave == 0 && reply.kind == "loglikelihood";
        reply.kind == "trajectory" || scored || is_text(source.benchmark, reply)
    };
    let rest = replies.iter().filter(|reply| !shown_elsewhere(reply) && repeats.contains(&reply.repeat));
    rest.map(|reply| {
        let asked: Vec<String> = turns(&json(&reply.request)).into_iter().map(|turn| turn.text).collect();
        OtherView {
            arm: label(source, reply),
            kind: reply.kind.clone(),
            follow_up: reply.wave > 0,
            asked: shortened(&asked.join("\n")),
            reply: shortened(&visible(&reply.reply)),
        }
    })
    .collect()
}

fn shortened(text: &str) -> String {
    let n = text.chars().count();
    if n <= REPLY_CHARACTERS {
        return text.to_owned();
    }
    let head: String = text.chars().take(REPLY_CHARACTERS).collect();
    format!("{head}… ({} characters in all)", number::count(n))
}

fn problems(source: &Source<'_>, replies: &[&ReplyRow]) -> Vec<ProblemView> {
    let bad = replies.iter().filter(|reply| reply.status != Status::Ok);
    bad.map(|reply| {
        let kind = reply.error_kind.as_deref().map(|kind| format!("{kind}: ")).unwrap_or_default();
        let message = match (&reply.error, reply.truncated_tokens) {
            (Some(error), _) => visible(error),
            (None, Some(n)) if n > 0 => {
                format!("{} of the prompt dropped on the left", number::counted(n as usize, "token"))
            }
            _ => String::new(),
        };
        let repeat = if source.benchmark.repeats > 1 { format!(", repeat {}", reply.repeat) } else { String::new() };
        ProblemView {
            arm: format!("{}{repeat}", label(source, reply)),
            status: reply.status.to_string(),
            message: format!("{kind}{message}"),
        }
    })
    .collect()
}
