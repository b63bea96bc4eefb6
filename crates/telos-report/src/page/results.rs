//! The tables of numbers: arms side by side for each benchmark and metric.

use super::control::{ControlRow, control};
use super::detail::{Detail, Details};
use super::goals::{ProfileView, profile_of};
use super::items::{ItemsView, items};
use super::scale::{better, scale};
use super::tokens::Tokens;
use crate::charts::{Whisker, whisker};
use crate::index::Index;
use crate::measure::glyph;
use crate::number;
use crate::summary::{BenchmarkSummary, MetricRow, Summary};
use crate::summary_text::{items_text, model_of};
use serde::Serialize;
use telos_core::metric::Direction;

/// A benchmark's section.
#[derive(Serialize)]
pub(super) struct BenchmarkView {
    anchor: String,
    id: String,
    about: String,
    goals: Vec<String>,
    items_text: String,
    subsample: bool,
    licence: Option<String>,
    evaluator: String,
    constraint: Option<String>,
    note: Option<String>,
    has_difference: bool,
    headline: Vec<MetricView>,
    metrics: Vec<MetricView>,
    dimensions: Vec<DimensionsView>,
    profile: Option<ProfileView>,
    control: Vec<ControlRow>,
    items: ItemsView,
}

#[derive(Serialize)]
struct MetricView {
    name: String,
    glyph: &'static str,
    better: &'static str,
    about: String,
    scale: String,
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct RowView {
    arm: String,
    n: String,
    value: String,
    whisker: String,
    interval: String,
    method: String,
    /// Why there is no number.
    reason: Option<String>,
    missing: Vec<String>,
    difference: Option<DifferenceView>,
}

#[derive(Serialize)]
struct DifferenceView {
    mean: String,
    class: &'static str,
    sign: &'static str,
    interval: String,
    whisker: String,
    p: String,
    method: String,
    counts: String,
}

pub(super) fn benchmarks(index: &Index<'_>, summary: &Summary, details: &Details) -> Vec<BenchmarkView> {
    let nothing = Detail::default();
    let tokens = Tokens::read(details.values().flat_map(|d| d.items.values()).flat_map(|rows| &rows.replies));
    let entries = index.manifest.benchmarks.iter().zip(&summary.benchmarks).enumerate();
    entries
        .map(|(place, (entry, summary))| (place, entry, summary, details.get(&entry.id).unwrap_or(&nothing)))
        .map(|(place, entry, summary, detail)| BenchmarkView {
            anchor: format!("b{place}"),
            id: entry.id.clone(),
            about: entry.about.clone(),
            goals: entry.goals.clone(),
            items_text: items_text(summary),
            subsample: entry.items < entry.available,
            licence: entry.licence.clone(),
            evaluator: entry.evaluator.clone(),
            constraint: entry.constraint.clone(),
            note: summary.note.clone(),
            has_difference: summary.rows.iter().any(|row| row.difference.is_some()),
            headline: metrics(summary, &|row| row.metric == summary.headline),
            metrics: metrics(summary, &|row| row.metric != summary.headline && !row.metric.contains('/')),
            dimensions: dimensions(summary),
            profile: profile_of(summary),
            control: if entry.controlled { control(index, &detail.counts) } else { Vec::new() },
            items: items(index, entry, detail, (place, &tokens)),
        })
        .collect()
}

fn metrics(summary: &BenchmarkSummary, takes: &dyn Fn(&MetricRow) -> bool) -> Vec<MetricView> {
    let blocks = summary.rows.chunk_by(|a, b| a.metric == b.metric).filter(|rows| takes(&rows[0]));
    blocks.map(|rows| metric(rows, summary.controlled)).collect()
}

/// The metrics of one family, such as `score/power` and `score/security`, as one table: dimensions down, arms across.
#[derive(Serialize)]
struct DimensionsView {
    family: String,
    about: String,
    arms: Vec<String>,
    rows: Vec<DimensionView>,
}

#[derive(Serialize)]
struct DimensionView {
    name: String,
    cells: Vec<Option<DimensionCell>>,
}

#[derive(Serialize)]
struct DimensionCell {
    value: String,
    interval: String,
    n: String,
}

fn dimensions(summary: &BenchmarkSummary) -> Vec<DimensionsView> {
    let mut arms: Vec<&str> = Vec::new();
    for row in &summary.rows {
        if !arms.contains(&row.arm.as_str()) {
            arms.push(&row.arm);
        }
    }
    let family = |row: &MetricRow| row.metric.split_once('/').map(|(family, _)| family.to_owned());
    let blocks = summary.rows.chunk_by(|a, b| family(a) == family(b));
    let tables = blocks.filter_map(|rows| Some((family(&rows[0])?, rows)));
    tables
        .map(|(family, rows)| {
            let cell = |rows: &[MetricRow], arm: &str| {
                rows.iter().find(|row| row.arm == arm).map(|row| DimensionCell {
                    value: number::minus(&number::maybe(row.mean)),
                    interval: number::minus(&number::interval(row.low, row.high)),
                    n: number::count(row.n),
                })
            };
            let line = |rows: &[MetricRow]| DimensionView {
                name: rows[0].metric.split_once('/').map_or_else(String::new, |(_, name)| name.to_owned()),
                cells: arms.iter().map(|arm| cell(rows, arm)).collect(),
            };
            let shown = |arm: &&str| if summary.controlled { (*arm).to_owned() } else { model_of(arm).to_owned() };
            DimensionsView {
                family,
                about: rows[0].about.clone(),
                arms: arms.iter().map(shown).collect(),
                rows: rows.chunk_by(|a, b| a.metric == b.metric).map(line).collect(),
            }
        })
        .collect()
}

fn metric(rows: &[MetricRow], controlled: bool) -> MetricView {
    let first = &rows[0];
    let scale = scale(&rows.iter().collect::<Vec<_>>());
    // The free arm's value, as a tick in the other rows.
    let free = rows.iter().find(|row| row.difference.is_none()).filter(|_| rows.len() > 1).and_then(|row| row.mean);
    MetricView {
        name: first.metric.clone(),
        glyph: glyph(first.direction),
        better: better(first.direction),
        about: first.about.clone(),
        scale: number::minus(&number::interval(Some(scale[0]), Some(scale[1]))),
        rows: rows.iter().map(|row| row_view(row, scale, free, controlled)).collect(),
    }
}

fn row_view(row: &MetricRow, scale: [f64; 2], free: Option<f64>, controlled: bool) -> RowView {
    let value = number::maybe(row.mean);
    let interval = number::interval(row.low, row.high);
    let arm = if controlled { row.arm.clone() } else { model_of(&row.arm).to_owned() };
    let picture = Whisker {
        scale,
        value: row.mean,
        interval: row.low.zip(row.high),
        reference: free.filter(|_| row.difference.is_some()),
        title: &format!("{} of {arm}: {value}, 95 % interval {interval}", row.metric),
        class: "value",
    };
    RowView {
        n: number::count(row.n),
        whisker: whisker(&picture),
        value: number::minus(&value),
        interval: number::minus(&interval),
        method: row.method.clone(),
        reason: row.reason.clone(),
        missing: row
            .missing
            .iter()
            .map(|m| {
                let reason = if m.reason.is_empty() { String::new() } else { format!(": {}", m.reason) };
                format!("{} {}{reason}", number::count(m.count), m.status)
            })
            .collect(),
        difference: row.difference.as_ref().map(|d| {
            let unit = if row.aggregate.is("perplexity") { " nats" } else { "" };
            let (class, sign) = judge(d.mean, d.low, d.high, row.direction);
            DifferenceView {
                mean: number::minus(&d.mean.map_or_else(|| "–".to_owned(), number::signed)) + unit,
                class,
                sign,
                interval: number::minus(&number::signed_interval(d.low, d.high)),
                whisker: difference_whisker(d.mean, d.low, d.high, row.direction, row.range),
                p: number::p_value(d.p),
                method: d.method.clone(),
                counts: match (d.better, d.worse) {
                    (Some(better), Some(worse)) => format!("{better} better, {worse} worse of {}", d.n),
                    _ => format!("{} of {} differ", d.changed, d.n),
                },
            }
        }),
        arm,
    }
}

/// Better or worse only where the interval leaves no doubt about the side.
fn judge(mean: Option<f64>, low: Option<f64>, high: Option<f64>, direction: Direction) -> (&'static str, &'static str) {
    let way = match direction {
        Direction::Higher => 1.0,
        Direction::Lower => -1.0,
        Direction::None => return ("even", ""),
    };
    match (mean, low, high) {
        (Some(mean), Some(low), Some(high)) if low > 0.0 || high < 0.0 => {
            if mean * way > 0.0 {
                ("better", "better")
            } else {
                ("worse", "worse")
            }
        }
        _ => ("even", "may be chance"),
    }
}

/// A difference and its interval about 0.
pub(super) fn difference_whisker(
    mean: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    direction: Direction,
    range: Option<[f64; 2]>,
) -> String {
    let reach = [mean, low, high].into_iter().flatten().map(f64::abs).filter(|v| v.is_finite()).fold(0.0, f64::max);
    // Half of the range at least, so that a small difference looks small.
    let half = range.map_or(0.0, |[a, b]| (b - a) / 4.0).max(reach * 1.1);
    let half = if half > 0.0 && half.is_finite() { half } else { 1.0 };
    let (class, _) = judge(mean, low, high, direction);
    let text = mean.map_or_else(|| "–".to_owned(), number::signed);
    whisker(&Whisker {
        scale: [-half, half],
        value: mean,
        interval: low.zip(high),
        reference: Some(0.0),
        title: &format!("difference {text}, 95 % interval {}", number::signed_interval(low, high)),
        class,
    })
}
