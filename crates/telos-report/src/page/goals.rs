//! The tree of goals, from instructions to intrinsic values, with what the run measured of it.

use super::scale::{better, scale};
use crate::charts::{Dot, Line, Profile, Whisker, profile, whisker};
use crate::measure::glyph;
use crate::number;
use crate::summary::{BenchmarkSummary, MetricRow, Summary};
use crate::summary_text::model_of;
use serde::Serialize;
use telos_core::record::{GoalEntry, Manifest};

/// The section.
#[derive(Serialize)]
pub(super) struct GoalsView {
    coverage: String,
    goals: Vec<GoalView>,
    /// Benchmarks that are bound to no goal.
    beside: Vec<MeasuredView>,
}

/// One of the goals at the top.
#[derive(Serialize)]
struct GoalView {
    title: String,
    definition: String,
    coverage: String,
    leaves: Vec<LeafView>,
    /// The evaluation leaves that nothing measured.
    bare: Vec<String>,
}

#[derive(Serialize)]
struct LeafView {
    id: String,
    title: String,
    benchmarks: Vec<MeasuredView>,
}

/// A benchmark with its first metric.
#[derive(Serialize)]
struct MeasuredView {
    id: String,
    anchor: String,
    about: String,
    metric: String,
    glyph: &'static str,
    better: &'static str,
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct RowView {
    arm: String,
    n: String,
    value: String,
    interval: String,
    whisker: String,
}

/// None for a record that does not hold the registry.
pub(super) fn goals(manifest: &Manifest, summary: &Summary) -> Option<GoalsView> {
    let nodes = &manifest.goals;
    let mut tops: Vec<&GoalEntry> = nodes.iter().filter(|node| !node.id.contains('/')).collect();
    if tops.is_empty() {
        return None;
    }
    tops.sort_by_key(|node| node.order.unwrap_or(u64::MAX));
    let measured = |leaf: &GoalEntry| -> Vec<MeasuredView> {
        let bound = summary.benchmarks.iter().enumerate().filter(|(_, b)| b.goals.contains(&leaf.id));
        bound.filter_map(|(place, b)| measure(place, b)).collect()
    };
    let mut goals = Vec::new();
    let (mut with, mut all) = (0, 0);
    for top in tops {
        let below = format!("{}/evaluation/", top.id);
        let leaves: Vec<LeafView> = nodes
            .iter()
            .filter(|node| node.leaf && node.id.starts_with(&below))
            .map(|leaf| LeafView { id: leaf.id.clone(), title: leaf.title.clone(), benchmarks: measured(leaf) })
            .collect();
        let n = leaves.len();
        let (leaves, bare): (Vec<_>, Vec<_>) = leaves.into_iter().partition(|leaf| !leaf.benchmarks.is_empty());
        (with, all) = (with + leaves.len(), all + n);
        goals.push(GoalView {
            title: top.title.clone(),
            definition: top.definition.clone(),
            coverage: format!("{} of {n} evaluation leaves measured here", leaves.len()),
            leaves,
            bare: bare.into_iter().map(|leaf| leaf.title).collect(),
        });
    }
    let beside = summary.benchmarks.iter().enumerate().filter(|(_, b)| b.goals.is_empty());
    let beside = beside.filter_map(|(place, b)| measure(place, b)).collect();
    let coverage = format!("{with} of the {all} leaves on evaluation are measured in this run");
    Some(GoalsView { coverage, goals, beside })
}

/// A benchmark by the metric that matters most.
fn measure(place: usize, benchmark: &BenchmarkSummary) -> Option<MeasuredView> {
    let rows = &benchmark.rows;
    let chosen = rows.iter().find(|row| row.metric == benchmark.headline).or_else(|| rows.first())?;
    let mine: Vec<&MetricRow> = rows.iter().filter(|row| row.metric == chosen.metric).collect();
    let scale = scale(&mine);
    let view = |row: &&MetricRow| {
        let arm = if benchmark.controlled { row.arm.clone() } else { model_of(&row.arm).to_owned() };
        let (value, interval) = (number::maybe(row.mean), number::interval(row.low, row.high));
        let picture = Whisker {
            scale,
            value: row.mean,
            interval: row.low.zip(row.high),
            reference: None,
            title: &format!("{} of {arm}: {value}, 95 % interval {interval}", row.metric),
            class: "value",
        };
        let whisker = whisker(&picture);
        RowView {
            arm,
            n: number::count(row.n),
            value: number::minus(&value),
            interval: number::minus(&interval),
            whisker,
        }
    };
    Some(MeasuredView {
        id: benchmark.id.clone(),
        anchor: format!("b{place}"),
        about: benchmark.about.clone(),
        metric: chosen.metric.clone(),
        glyph: glyph(chosen.direction),
        better: better(chosen.direction),
        rows: mine.iter().map(view).collect(),
    })
}

/// A profile of a benchmark's centred dimensions.
#[derive(Serialize)]
pub(super) struct ProfileView {
    caption: String,
    svg: String,
    /// The arms, in the order of their classes.
    arms: Vec<String>,
}

/// None where the benchmark has no centred metrics.
pub(super) fn profile_of(benchmark: &BenchmarkSummary) -> Option<ProfileView> {
    let rows: Vec<&MetricRow> = benchmark.rows.iter().filter(|row| row.aggregate.is("centred")).collect();
    let mut arms: Vec<&str> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for row in &rows {
        if !arms.contains(&row.arm.as_str()) {
            arms.push(&row.arm);
        }
        if !names.contains(&row.metric.as_str()) {
            names.push(&row.metric);
        }
    }
    if names.is_empty() {
        return None;
    }
    let dot = |metric: &str, arm: &str| {
        let row = rows.iter().find(|row| row.metric == metric && row.arm == arm);
        Dot { value: row.and_then(|row| row.mean), interval: row.and_then(|row| row.low.zip(row.high)) }
    };
    let line = |metric: &&str| Line {
        name: metric.split_once('/').map_or(*metric, |(_, dimension)| dimension).to_owned(),
        dots: arms.iter().map(|arm| dot(metric, arm)).collect(),
    };
    let lines: Vec<Line> = names.iter().map(line).collect();
    let caption =
        format!("Profile of {}: each dimension less the mean over all items, with 95 % intervals", benchmark.id);
    let svg = profile(&Profile { title: &caption, lines: &lines, reference: Some(0.0) });
    let shown = |arm: &str| if benchmark.controlled { arm.to_owned() } else { model_of(arm).to_owned() };
    Some(ProfileView { caption, svg, arms: arms.into_iter().map(shown).collect() })
}
