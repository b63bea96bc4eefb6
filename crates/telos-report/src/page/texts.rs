//! Generated texts: free and controlled beside each other from where they part, and h along them.

use super::tokens::Tokens;
use crate::charts::{HLine, Mark, h_line};
use crate::index::{Index, Shown};
use crate::number;
use crate::replies::Origin;
use crate::visible::visible;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use telos_core::Status;
use telos_core::record::{BenchmarkEntry, ReplyRow, StepRow};
use telos_core::reply::Trajectory;

/// One repeat of one generated text, all arms.
#[derive(Serialize)]
pub(super) struct RepeatView {
    title: String,
    cards: Vec<CardView>,
    charts: Vec<ChartView>,
}

/// A text with where it comes from.
#[derive(Serialize)]
struct CardView {
    arm: String,
    free: bool,
    facts: Vec<String>,
    pieces: Vec<Piece>,
    note: Option<String>,
    steps: Vec<StepView>,
}

/// A stretch of a text that looks the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Piece {
    /// `same` as the free text, `apart` from it, or `changed` by the controller.
    pub(super) class: &'static str,
    /// What the controller did here.
    pub(super) title: String,
    /// The text.
    pub(super) text: String,
}

#[derive(Serialize)]
struct ChartView {
    caption: String,
    svg: String,
}

/// A step at which the controller acted.
#[derive(Serialize)]
struct StepView {
    step: u32,
    emitted: String,
    proposed: String,
    rank: String,
    refused: String,
    before: String,
    threshold: String,
    after: String,
    fallback: String,
}

/// What the texts of an item are made from.
pub(super) struct TextSource<'a> {
    pub(super) index: &'a Index<'a>,
    pub(super) shown: &'a [Shown<'a>],
    pub(super) replies: &'a [&'a ReplyRow],
    pub(super) steps: &'a HashMap<(&'a str, &'a str, u32), Vec<&'a StepRow>>,
    pub(super) item: &'a str,
    pub(super) benchmark: &'a BenchmarkEntry,
    pub(super) tokens: &'a Tokens,
}

/// A reply with what belongs to it.
struct Told<'a> {
    shown: Shown<'a>,
    reply: &'a ReplyRow,
    trajectory: Option<Trajectory>,
    steps: Vec<&'a StepRow>,
}

pub(super) fn repeats(source: &TextSource<'_>, shown: &BTreeSet<u32>) -> Vec<RepeatView> {
    let mut places: Vec<Turn> = source
        .replies
        .iter()
        .filter(|reply| is_text(source.benchmark, reply) && shown.contains(&reply.repeat))
        .map(|reply| (reply.repeat, reply.wave, reply.index))
        .collect();
    places.sort_unstable();
    places.dedup();
    let several = places.len() > 1;
    places.into_iter().map(|place| repeat(source, place, several)).collect()
}

/// A text's repeat, turn and index.
type Turn = (u32, u8, u32);

/// Whether a reply is a text of the model under test, in one of the benchmark's own turns.
pub(super) fn is_text(benchmark: &BenchmarkEntry, reply: &ReplyRow) -> bool {
    reply.kind == "generate" && usize::from(reply.wave) < benchmark.turns()
}

fn repeat(source: &TextSource<'_>, place: Turn, several: bool) -> RepeatView {
    let (number, turn, index) = place;
    let mut told = Vec::new();
    for shown in source.shown {
        let mine = |r: &&&ReplyRow| {
            r.kind == "generate"
                && (r.repeat, r.wave, r.index) == place
                && source.index.belongs(Origin::of(r), shown.arm)
        };
        if let Some(reply) = source.replies.iter().find(mine) {
            told.push(Told {
                shown: *shown,
                reply,
                trajectory: trajectory(source, shown, reply),
                steps: steps(source, shown, place),
            });
        }
    }
    let cards = told.iter().map(|t| card(t, free_of(&told, t), source.tokens)).collect();
    let charts = charts(source, &told);
    let title = match several {
        true if index > 0 => format!("Repeat {number}, request {index}"),
        true if source.benchmark.turns() > 1 && source.benchmark.repeats > 1 => {
            format!("Repeat {number}, turn {}", turn + 1)
        }
        true if source.benchmark.turns() > 1 => format!("Turn {}", turn + 1),
        true => format!("Repeat {number}"),
        false => String::new(),
    };
    RepeatView { title, cards, charts }
}

fn steps<'a>(source: &TextSource<'a>, shown: &Shown<'a>, (repeat, wave, index): Turn) -> Vec<&'a StepRow> {
    let all = source.steps.get(&(shown.arm.id.as_str(), source.item, repeat));
    all.into_iter().flatten().filter(|step| (step.wave, step.index) == (wave, index)).copied().collect()
}

/// h along a text: the follow-up that asked for these very ids after this very prompt, else the only one there is.
fn trajectory(source: &TextSource<'_>, shown: &Shown<'_>, reply: &ReplyRow) -> Option<Trajectory> {
    let mine = |r: &&&ReplyRow| {
        r.kind == "trajectory" && r.repeat == reply.repeat && source.index.belongs(Origin::of(r), shown.arm)
    };
    let all: Vec<&&ReplyRow> = source.replies.iter().filter(mine).collect();
    let json = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap_or_default() };
    let text = json(&reply.request);
    let asked = |r: &&&&ReplyRow| {
        let request = json(&r.request);
        let ids: Option<Vec<u32>> = request.get("token_ids").and_then(|ids| serde_json::from_value(ids.clone()).ok());
        // Two turns may have the same ids after different prompts.
        let prompt = ["prompt", "messages"].iter().all(|key| request.get(key) == text.get(key));
        ids.is_some() && ids == reply.token_ids && prompt
    };
    let only = if let [only] = all.as_slice() { Some(only) } else { None };
    let found = all.iter().find(asked).or(only)?;
    // A follow-up that ended in an error has no trajectory; its message is among the item's problems.
    serde_json::from_str(&found.reply).ok()
}

/// The free arm's text for the same noise.
fn free_of<'a>(all: &'a [Told<'a>], told: &Told<'_>) -> Option<&'a Told<'a>> {
    let free = all.iter().find(|other| other.shown.arm.free && other.shown.arm.model == told.shown.arm.model);
    free.filter(|free| free.shown.arm.id != told.shown.arm.id)
}

fn card(told: &Told<'_>, free: Option<&Told<'_>>, tokens: &Tokens) -> CardView {
    let reply = told.reply;
    let text = reply.text.as_deref().unwrap_or("");
    let partner = free.and_then(|free| free.reply.text.as_deref());
    let mut facts = Vec::new();
    if reply.status != Status::Ok {
        facts.push(reply.status.to_string());
    }
    if let Some(ids) = &reply.token_ids {
        facts.push(number::counted(ids.len(), "token"));
    }
    if let Some(reason) = &reply.finish_reason {
        facts.push(if reason == "length" { "cut by the token limit".into() } else { format!("ended by {reason}") });
    }
    let changed = told.steps.iter().filter(|step| step.changed).count();
    if !told.steps.is_empty() {
        facts.push(number::counted(changed, "intervention"));
    }
    let shared = partner.map(|other| common(text, other));
    let note = match (partner, &reply.text) {
        (_, None) => Some("No text.".to_owned()),
        (Some(other), _) if other == text => Some("The same text as without a controller.".to_owned()),
        (_, Some(text)) if text.is_empty() => Some("An empty text.".to_owned()),
        _ => None,
    };
    CardView {
        arm: told.shown.label.to_owned(),
        free: told.shown.arm.free,
        facts,
        pieces: pieces((text, shared), told.trajectory.as_ref(), &told.steps, &|step| {
            step_title(step, &reply.model, tokens)
        }),
        note,
        steps: told.steps.iter().filter(acted).map(|s| step_view(s, told, tokens)).collect(),
    }
}

/// Bytes at the beginning in which two texts agree, back to where a word begins, unless they agree as a whole.
pub(super) fn common(a: &str, b: &str) -> usize {
    if a == b {
        return a.len();
    }
    let same = a.char_indices().zip(b.chars()).take_while(|((_, x), y)| x == y);
    let end = same.last().map_or(0, |((i, c), _)| i + c.len_utf8());
    a[..end].rfind(char::is_whitespace).unwrap_or(0)
}

/// The text in stretches. `shared` is how much of it the free text begins with too; none where there is no free text beside it.
pub(super) fn pieces(
    (text, shared): (&str, Option<usize>),
    trajectory: Option<&Trajectory>,
    steps: &[&StepRow],
    title: &dyn Fn(&StepRow) -> String,
) -> Vec<Piece> {
    let shared = shared.unwrap_or(text.len());
    let plain = |from: usize, to: usize, out: &mut Vec<Piece>| {
        for (a, b, class) in [(from, to.min(shared), "same"), (from.max(shared), to, "apart")] {
            if a < b {
                out.push(Piece { class, title: String::new(), text: visible(&text[a..b]) });
            }
        }
    };
    let mut out = Vec::new();
    let mut done = 0;
    for step in steps.iter().filter(|step| step.changed) {
        let Some((from, to)) = trajectory.and_then(|t| token_place(t, text, step.step as usize)) else {
            continue;
        };
        if from >= done && from < to {
            plain(done, from, &mut out);
            out.push(Piece { class: "changed", title: title(step), text: visible(&text[from..to]) });
            done = to;
        }
    }
    plain(done, text.len(), &mut out);
    if let Some(step) = steps.last().filter(|step| step.changed && step.token.is_none()) {
        out.push(Piece { class: "changed", title: title(step), text: "⟨ended here⟩".to_owned() });
    }
    out
}

/// Where a token's text lies in the generated text, if the trajectory read the same text.
fn token_place(trajectory: &Trajectory, text: &str, step: usize) -> Option<(usize, usize)> {
    let start = *trajectory.offsets.first()?;
    let generated = trajectory.text.get(start..)?;
    let from = trajectory.offsets.get(step)?.checked_sub(start)?;
    let to = trajectory.offsets.get(step + 1)?.checked_sub(start)?.min(text.len());
    let agrees = generated.get(from..to)? == text.get(from..to)?;
    agrees.then_some((from, to))
}

fn step_title(step: &StepRow, model: &str, tokens: &Tokens) -> String {
    let emitted = match (step.token, step.rank) {
        (Some(token), Some(rank)) => format!("emitted {}, rank {rank}", tokens.show(model, token)),
        (Some(token), None) => format!("emitted {}", tokens.show(model, token)),
        (None, _) => "ended the text".to_owned(),
    };
    let fallback = step.fallback.as_ref().map(|f| format!("; fallback: {f}")).unwrap_or_default();
    format!(
        "step {}: proposed {}, {emitted}, {} refused; h {} → {}, threshold {}{fallback}",
        step.step,
        tokens.show(model, step.proposed),
        step.rejected.len(),
        levels(step.h_before.as_deref().unwrap_or_default()),
        step.h_after.as_deref().map_or_else(|| "–".to_owned(), levels),
        levels(step.threshold.as_deref().unwrap_or_default()),
    )
}

fn levels(values: &[f64]) -> String {
    number::minus(&values.iter().map(|v| number::number(*v)).collect::<Vec<_>>().join(", "))
}

fn step_view(step: &StepRow, told: &Told<'_>, tokens: &Tokens) -> StepView {
    const REFUSED: usize = 12;
    let show = |id: u32| tokens.show(&told.reply.model, id);
    let refused: Vec<String> = step.rejected.iter().take(REFUSED).map(|id| show(*id)).collect();
    let more = step.rejected.len().saturating_sub(REFUSED);
    StepView {
        step: step.step,
        emitted: step.token.map_or_else(|| "the end".to_owned(), show),
        proposed: show(step.proposed),
        rank: step.rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string()),
        refused: match (refused.is_empty(), more) {
            (true, _) => "none".to_owned(),
            (false, 0) => refused.join(", "),
            (false, more) => format!("{} and {more} more", refused.join(", ")),
        },
        before: levels(step.h_before.as_deref().unwrap_or_default()),
        threshold: levels(step.threshold.as_deref().unwrap_or_default()),
        after: step.h_after.as_deref().map_or_else(|| "–".to_owned(), levels),
        fallback: step.fallback.clone().unwrap_or_default(),
    }
}

/// A chart for each constraint of each arm whose controller acted; where none did, and all lines are the same, one of the free text.
fn charts(source: &TextSource<'_>, told: &[Told<'_>]) -> Vec<ChartView> {
    let mut out = Vec::new();
    for one in told.iter().filter(|one| one.steps.iter().any(|step| acted(&step))) {
        let constraints = one.steps.iter().map(|step| step.threshold.as_ref().map_or(0, Vec::len)).max().unwrap_or(0);
        let free = free_of(told, one).and_then(|free| free.trajectory.as_ref());
        for place in 0..constraints {
            let single = constraints == 1;
            let recorded = recorded(&one.steps, place);
            let along = one.trajectory.as_ref().filter(|_| single).map(|t| t.h.as_slice());
            let level = |step: &&StepRow| step.threshold.as_ref().and_then(|levels| levels.get(place)).copied();
            let threshold: Vec<f64> = one.steps.iter().map(|step| level(step).unwrap_or(f64::NAN)).collect();
            let which = if single { String::new() } else { format!(", constraint {} of {constraints}", place + 1) };
            let caption = format!("h over the tokens of {}{which}", one.shown.label);
            let title = |step: &StepRow| step_title(step, &one.reply.model, source.tokens);
            let marks = marks(&one.steps, place, &title);
            let svg = h_line(&HLine {
                title: &format!("{caption}, item {}", visible(source.item)),
                free: free.filter(|_| single).map(|t| t.h.as_slice()),
                controlled: along.unwrap_or(&recorded),
                threshold: &threshold,
                marks: &marks,
            });
            out.push(ChartView { caption, svg });
        }
    }
    if out.is_empty() {
        let any_free = told.iter().any(|one| one.shown.arm.free);
        for one in told.iter().filter(|one| one.shown.arm.free || !any_free) {
            if let Some(trajectory) = &one.trajectory {
                let name = source.benchmark.constraint.as_deref().map(|c| format!(" of {c}")).unwrap_or_default();
                let caption = format!("h{name} over the tokens of {}", one.shown.label);
                let title = format!("{caption}, item {}", visible(source.item));
                let svg = h_line(&HLine {
                    title: &title,
                    free: Some(&trajectory.h),
                    controlled: &[],
                    threshold: &[],
                    marks: &[],
                });
                out.push(ChartView { caption, svg });
            }
        }
    }
    out
}

/// Whether the controller changed something at this step.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "iterators over a slice of references hand out such")]
fn acted(step: &&&StepRow) -> bool {
    step.changed || step.fallback.is_some()
}

/// h before the first token, then after each, as the controller saw it.
fn recorded(steps: &[&StepRow], place: usize) -> Vec<f64> {
    let first = steps.first().and_then(|step| step.h_before.as_ref()?.get(place)).copied();
    let after = steps.iter().filter_map(|step| step.h_after.as_ref()?.get(place).copied());
    first.into_iter().chain(after).collect()
}

fn marks(steps: &[&StepRow], place: usize, title: &dyn Fn(&StepRow) -> String) -> Vec<Mark> {
    steps
        .iter()
        .filter(acted)
        .map(|step| {
            let level = step.h_after.as_ref().or(step.h_before.as_ref()).and_then(|levels| levels.get(place)).copied();
            Mark {
                step: step.step as usize,
                h: level.unwrap_or(f64::NAN),
                title: title(step),
                fallback: step.fallback.is_some(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_part_at_a_word() {
        for (a, b, shared) in [
            ("I like it", "I like them", 6),
            ("same", "same", 4),
            ("abc", "abd", 0),
            ("", "x", 0),
            ("grün ist", "grün war", 5),
        ] {
            assert_eq!(common(a, b), shared, "{a:?} {b:?}");
        }
    }
}
