//! Whether two records can be compared at all. Statistics cannot mend any of this, so it comes first.

use crate::index::{Index, Shown, does_not_apply};
use crate::items::Known;
use crate::number::counted;
use crate::replies::Answers;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use telos_core::metric::Direction;
use telos_core::record::{ArmEntry, BenchmarkEntry, RunStatus};

/// A side of a comparison: an index and the name for messages.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) index: &'a Index<'a>,
    pub(crate) name: &'a str,
}

/// The arms of both sides that stand against each other: (before, after).
pub(crate) type ArmPairs<'a> = Vec<(&'a ArmEntry, &'a ArmEntry)>;

/// Everything that is wrong with these arms of one side, on benchmarks that are asked for: not complete, errors, missing replies
/// or scores.
pub(crate) fn health(side: Named<'_>, arms: &[&ArmEntry], asked: &dyn Fn(&str) -> bool) -> Vec<String> {
    let Named { index, name } = side;
    let mut problems = Vec::new();
    if index.manifest.status != RunStatus::Complete {
        problems.push(format!("{name} is {}, not complete; finish it with --resume", index.manifest.status));
    }
    let mut errors: BTreeMap<(&str, &str, &str), (usize, &str)> = BTreeMap::new();
    for trouble in &index.replies.troubles {
        if asked(&trouble.benchmark) && arms.iter().any(|arm| index.belongs(trouble.from(), arm)) {
            let key = (trouble.benchmark.as_str(), trouble.status.as_str(), trouble.kind.as_str());
            errors.entry(key).or_insert((0, &trouble.message)).0 += trouble.count;
        }
    }
    for ((benchmark, status, kind), (n, message)) in errors {
        let what = if status == "error" { counted(n, "error") } else { format!("{} {status}", counted(n, "request")) };
        problems.push(format!("{name}, {benchmark}: {what} of kind {kind} (first: {message})"));
    }
    for benchmark in index.manifest.benchmarks.iter().filter(|b| asked(&b.id)) {
        for shown in index.shown(benchmark).into_iter().filter(|s| covers(arms, s.arm, benchmark)) {
            missing(side, benchmark, shown, &mut problems);
        }
    }
    problems
}

/// Whether the arm is one of these, or stands for one of their models where no controller acts.
fn covers(arms: &[&ArmEntry], arm: &ArmEntry, benchmark: &BenchmarkEntry) -> bool {
    arms.iter().any(|a| a.id == arm.id || (!benchmark.controlled && a.model == arm.model))
}

fn missing(Named { index, name }: Named<'_>, benchmark: &BenchmarkEntry, shown: Shown<'_>, problems: &mut Vec<String>) {
    let place = format!("{name}, {} on {}", shown.label, benchmark.id);
    let rows = index.items(&benchmark.id).map_or(&[][..], |items| &items.rows);
    if rows.len() < benchmark.items {
        problems.push(format!(
            "{name}, {}: {} of {} are there",
            benchmark.id,
            rows.len(),
            counted(benchmark.items, "item")
        ));
    }
    let mine: Vec<&Answers> = index
        .replies
        .answers
        .iter()
        .filter(|a| a.benchmark == benchmark.id && index.belongs(a.from(), shown.arm))
        .collect();
    let repeats = benchmark.repeats as usize;
    let complete = |place: usize| (0..repeats).all(|repeat| mine.iter().any(|a| a.there[place][repeat]));
    let unanswered = (0..rows.len()).filter(|place| !complete(*place)).count();
    if unanswered > 0 {
        problems.push(format!("{place}: replies of {} are missing", counted(unanswered, "item")));
    }
    let columns = || benchmark.metrics.iter().filter_map(|m| index.column(&shown.arm.id, &benchmark.id, &m.name));
    // An evaluator that gives other metrics for the item says that this one does not apply; one that gives none is a gap.
    let unscored = (0..rows.len()).filter(|place| columns().all(|column| column.values[*place].is_none())).count();
    if unscored > 0 {
        let why = columns().flat_map(|column| column.absent.keys()).find(|(_, reason)| !reason.is_empty());
        let why = why.map(|(status, reason)| format!(" ({status}: {reason})")).unwrap_or_default();
        problems.push(format!("{place}: {} without a score{why}", counted(unscored, "item")));
    }
    for metric in &benchmark.metrics {
        let Some(column) = index.column(&shown.arm.id, &benchmark.id, &metric.name) else { continue };
        for ((status, reason), n) in column.absent.iter().filter(|((status, _), _)| !does_not_apply(status)) {
            let why = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
            problems.push(format!("{place}: {} of {} missing, {status}{why}", counted(*n, "score"), metric.name));
        }
    }
}

/// Everything in which two sides differ that should be the same: benchmarks, items, prompts, metrics.
pub(crate) fn sameness(before: Named<'_>, after: Named<'_>, arms: &ArmPairs<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let ids =
        |side: Named<'_>| -> Vec<String> { side.index.manifest.benchmarks.iter().map(|b| b.id.clone()).collect() };
    for (here, there) in [(before, after), (after, before)] {
        let others = ids(there);
        for id in ids(here).iter().filter(|id| !others.contains(id)) {
            problems.push(format!("the benchmark {id} of {} is not in {}", here.name, there.name));
        }
    }
    for benchmark in &before.index.manifest.benchmarks {
        if let Some(other) = after.index.benchmark(&benchmark.id) {
            same_items(before, after, &benchmark.id, &mut problems);
            same_metrics(benchmark, other, &mut problems);
            same_scoring(before, after, benchmark, arms, &mut problems);
        }
    }
    same_prompts(before, after, arms, &mut problems);
    problems
}

fn same_items(before: Named<'_>, after: Named<'_>, benchmark: &str, problems: &mut Vec<String>) {
    let (Some(a), Some(b)) = (before.index.items(benchmark), after.index.items(benchmark)) else { return };
    for (here, there, name) in [(a, b, after.name), (b, a, before.name)] {
        let gone: Vec<_> = here.rows.iter().filter(|row| !there.place.contains_key(row.item.as_str())).collect();
        if let Some(first) = gone.first() {
            let n = counted(gone.len(), "item");
            problems.push(format!("{benchmark}: {n} not in {name} (first: {})", first.item));
        }
    }
    let changed =
        |row: &&Known| b.place.get(row.item.as_str()).is_some_and(|place| b.rows[*place].item_hash != row.item_hash);
    let changed: Vec<_> = a.rows.iter().filter(changed).collect();
    if let Some(first) = changed.first() {
        let n = counted(changed.len(), "item");
        problems.push(format!("{benchmark}: {n} with other content in {} (first: {})", after.name, first.item));
    }
}

fn same_metrics(before: &BenchmarkEntry, after: &BenchmarkEntry, problems: &mut Vec<String>) {
    for metric in &before.metrics {
        match after.metrics.iter().find(|m| m.name == metric.name) {
            Some(m) if (m.direction, m.range, &m.aggregate) != (metric.direction, metric.range, &metric.aggregate) => {
                problems.push(format!("{}: {} has another direction, range or aggregate", before.id, metric.name));
            }
            Some(_) => {}
            None => problems.push(format!("{}: the metric {} is on one side only", before.id, metric.name)),
        }
    }
    for metric in after.metrics.iter().filter(|m| before.metrics.iter().all(|b| b.name != m.name)) {
        problems.push(format!("{}: the metric {} is on one side only", before.id, metric.name));
    }
}

/// Evaluators of one version, and each item scored on both sides or on neither.
fn same_scoring(
    before: Named<'_>,
    after: Named<'_>,
    benchmark: &BenchmarkEntry,
    arms: &ArmPairs<'_>,
    problems: &mut Vec<String>,
) {
    let (Some(items), Some(others)) = (before.index.items(&benchmark.id), after.index.items(&benchmark.id)) else {
        return;
    };
    for (a, b) in arms {
        for metric in &benchmark.metrics {
            let columns = (
                before.index.column(&a.id, &benchmark.id, &metric.name),
                after.index.column(&b.id, &benchmark.id, &metric.name),
            );
            let place = || format!("{}, {} of {}", benchmark.id, metric.name, b.id);
            match columns {
                (Some(x), Some(y)) => {
                    if x.version != y.version {
                        let versions = format!("versions {} and {} of its evaluator", x.version, y.version);
                        problems
                            .push(format!("{}: scored by {versions}; score both again with `telos score`", place()));
                    }
                    let differs = |(i, row): &(usize, &Known)| {
                        let there = others.place.get(row.item.as_str());
                        there.is_some_and(|j| x.values[*i].is_some() != y.values[*j].is_some())
                    };
                    let n = items.rows.iter().enumerate().filter(differs).count();
                    // Scores that are missing outright are reported by `health`; these only do not apply on one side.
                    let outright = x.absent.keys().chain(y.absent.keys()).any(|(status, _)| !does_not_apply(status));
                    let judged = metric.direction != Direction::None && metric.range.is_some();
                    if n > 0 && judged && !outright {
                        problems.push(format!("{}: {} with a value on one side only", place(), counted(n, "item")));
                    }
                }
                (None, None) => {}
                _ if !benchmark.controlled => {}
                _ => problems.push(format!("{}: scored on one side only", place())),
            }
        }
    }
}

/// The digests of an arm's prompts on a benchmark, by (item, repeat, index).
fn prompts<'a>(side: Named<'a>, arm: &ArmEntry, benchmark: &str) -> HashMap<(&'a str, u32, u32), u64> {
    let Some(items) = side.index.items(benchmark) else { return HashMap::new() };
    let mine = side.index.replies.answers.iter();
    let mine = mine.filter(|a| a.benchmark == benchmark && side.index.belongs(a.from(), arm));
    mine.flat_map(|a| &a.prompts)
        .map(|((place, repeat, index), hash)| ((items.rows[*place as usize].item.as_str(), *repeat, *index), *hash))
        .collect()
}

fn same_prompts(before: Named<'_>, after: Named<'_>, arms: &ArmPairs<'_>, problems: &mut Vec<String>) {
    let ids = |side: Named<'_>| side.index.manifest.benchmarks.iter().map(|b| b.id.clone()).collect::<BTreeSet<_>>();
    let benchmarks: BTreeSet<String> = ids(before).union(&ids(after)).cloned().collect();
    for (a, b) in arms {
        let mut changed: BTreeMap<&str, usize> = BTreeMap::new();
        let mut alone: BTreeMap<&str, usize> = BTreeMap::new();
        for benchmark in &benchmarks {
            let (mine, theirs) = (prompts(before, a, benchmark), prompts(after, b, benchmark));
            for (place, hash) in &mine {
                match theirs.get(place) {
                    Some(other) if other == hash => {}
                    Some(_) => *changed.entry(benchmark).or_default() += 1,
                    None => *alone.entry(benchmark).or_default() += 1,
                }
            }
            for _ in theirs.keys().filter(|place| !mine.contains_key(*place)) {
                *alone.entry(benchmark).or_default() += 1;
            }
        }
        for (benchmark, n) in changed {
            problems.push(format!("{benchmark}, {}: {} with another text", b.id, counted(n, "prompt")));
        }
        for (benchmark, n) in alone {
            problems.push(format!("{benchmark}, {}: {} asked on one side only", b.id, counted(n, "prompt")));
        }
    }
}
