//! Two records, or two arms, held against each other item by item.

use crate::ReportError;
use crate::index::{Index, Shown};
use crate::integrity::{ArmPairs, Named, health, sameness};
use crate::measure::{difference, direction, glyph, measure};
use crate::number;
use crate::summary_text::model_of;
use serde::Serialize;
use std::fmt::Write as _;
use telos_core::Tables;
use telos_core::columns::{Column, Frame, numbers, render, words};
use telos_core::metric::{Aggregate, Direction, Metric};
use telos_core::record::{ArmEntry, Manifest};
use telos_stats::PairedResult;
use telos_stats::aggregate::Items;

/// One side of a comparison.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The record.
    pub record: &'a dyn Tables,
    /// The arm, where one was named (`RUN#arm`).
    pub arm: Option<&'a str>,
    /// What the record is called in messages, such as its path as the user gave it.
    pub name: &'a str,
}

/// What a comparison found. Differences are `b` − `a`.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The name of the first side.
    pub a: String,
    /// The name of the second side.
    pub b: String,
    /// What makes the two sides incomparable; the numbers below are over what they share.
    pub integrity: Vec<String>,
    /// Benchmarks left out because nothing is sampled there, so that two arms of one model do not differ.
    pub left_out: Vec<String>,
    /// Benchmark by benchmark, metric by metric, arm by arm.
    pub rows: Vec<Change>,
}

/// One metric's paired difference.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// The benchmark's id.
    pub benchmark: String,
    /// The metric's name.
    pub metric: String,
    /// Which way is better.
    pub direction: Direction,
    /// The least and the largest value.
    pub range: Option<[f64; 2]>,
    /// How items make one number.
    pub aggregate: Aggregate,
    /// The arm of the first side (where no controller acts, it stands for its model).
    pub arm_a: String,
    /// The arm of the second side.
    pub arm_b: String,
    /// Items with a value on both sides; repeats are averaged within an item first.
    pub n: usize,
    /// The first side's number over its own items.
    pub mean_a: Option<f64>,
    /// The second side's.
    pub mean_b: Option<f64>,
    /// The mean of the paired differences; a perplexity's is in nats.
    pub difference: Option<f64>,
    /// The lower end of its 95 % interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Two-sided.
    pub p: f64,
    /// Holm's adjustment over all rows.
    pub adjusted_p: f64,
    /// What gave interval and p.
    pub method: String,
    /// Items that became better; none where the metric has no direction.
    pub better: Option<usize>,
    /// Items that became worse.
    pub worse: Option<usize>,
    /// Items whose value differs; of a metric without a value an item, what is drawn as a whole and differs.
    pub changed: usize,
    /// Why there is no difference, where the aggregate says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A change with what a rule needs of it.
pub(crate) struct Row {
    pub(crate) change: Change,
    pub(crate) paired: PairedResult,
    pub(crate) direction: Option<telos_stats::Direction>,
}

/// Compares two sides.
pub fn compare(a: &Side<'_>, b: &Side<'_>) -> Result<Comparison, ReportError> {
    let (index_a, index_b) = (Index::new(a.record)?, Index::new(b.record)?);
    let (named_a, named_b) = (Named { index: &index_a, name: a.name }, Named { index: &index_b, name: b.name });
    let mut integrity = Vec::new();
    let arms = match_arms(a, b, &mut integrity)?;
    integrity.extend(health(named_a, &arms.iter().map(|(arm, _)| *arm).collect::<Vec<_>>(), &|_| true));
    integrity.extend(health(named_b, &arms.iter().map(|(_, arm)| *arm).collect::<Vec<_>>(), &|_| true));
    integrity.extend(sameness(named_a, named_b, &arms));
    let same_record = a.name == b.name && index_a.same(&index_b);
    if same_record {
        // Two arms of one record: what is wrong with it is wrong once.
        let mut seen = std::collections::HashSet::new();
        integrity.retain(|problem| seen.insert(problem.clone()));
    }
    let one_model = index_a.same(&index_b) && arms.iter().any(|(x, y)| x.id != y.id && x.model == y.model);
    let left_out = index_a.manifest.benchmarks.iter().filter(|b| one_model && !b.controlled);
    let left_out: Vec<String> = left_out.map(|b| b.id.clone()).collect();
    let mut rows = rows(&index_a, &index_b, &arms);
    rows.retain(|row| !left_out.contains(&row.change.benchmark));
    adjust(&mut rows);
    let rows = rows.into_iter().map(|row| row.change).collect();
    Ok(Comparison { a: label(a), b: label(b), integrity, left_out, rows })
}

fn label(side: &Side<'_>) -> String {
    side.arm.map_or_else(|| side.name.to_owned(), |arm| format!("{}#{arm}", side.name))
}

/// Arms by id, or the two that were named; one named arm stands against the arm of its id, or against the only one there is.
fn match_arms<'a>(a: &Side<'a>, b: &Side<'a>, problems: &mut Vec<String>) -> Result<ArmPairs<'a>, ReportError> {
    let find = |side: &Side<'a>, id: &str| side.record.manifest().arms.iter().find(|arm| arm.id == id);
    let named = |side: &Side<'a>| match side.arm {
        None => Ok(None),
        Some(id) => find(side, id).map(Some).ok_or_else(|| ReportError::UnknownArm {
            arm: id.to_owned(),
            record: side.name.to_owned(),
            known: known(side),
        }),
    };
    let counterpart = |arm: &ArmEntry, side: &Side<'a>| match side.record.manifest().arms.as_slice() {
        [only] => Ok(only),
        _ => find(side, &arm.id).ok_or_else(|| ReportError::NoCounterpart {
            arm: arm.id.clone(),
            record: side.name.to_owned(),
            known: known(side),
        }),
    };
    Ok(match (named(a)?, named(b)?) {
        (Some(x), Some(y)) => vec![(x, y)],
        (Some(x), None) => vec![(x, counterpart(x, b)?)],
        (None, Some(y)) => vec![(counterpart(y, a)?, y)],
        (None, None) => by_id(a.record.manifest(), b.record.manifest(), (a.name, b.name), problems),
    })
}

fn known(side: &Side<'_>) -> String {
    side.record.manifest().arms.iter().map(|arm| arm.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// Arms of equal id; an arm on one side only is a problem.
pub(crate) fn by_id<'a>(
    a: &'a Manifest,
    b: &'a Manifest,
    names: (&str, &str),
    problems: &mut Vec<String>,
) -> ArmPairs<'a> {
    for (here, there, (name, other)) in [(a, b, names), (b, a, (names.1, names.0))] {
        for arm in &here.arms {
            if there.arms.iter().all(|x| x.id != arm.id) {
                problems.push(format!("the arm {} of {name} is not in {other}", arm.id));
            }
        }
    }
    let partner = |arm: &'a ArmEntry| Some((arm, b.arms.iter().find(|other| other.id == arm.id)?));
    a.arms.iter().filter_map(partner).collect()
}

/// The paired difference of every benchmark, metric and pair of arms that both sides have a value for. Where no controller acts,
/// a pair of models appears once.
pub(crate) fn rows(a: &Index<'_>, b: &Index<'_>, arms: &ArmPairs<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for benchmark in &a.manifest.benchmarks {
        let Some(other) = b.benchmark(&benchmark.id) else { continue };
        let mut pairs: Vec<(Shown<'_>, Shown<'_>)> = Vec::new();
        let (shown_a, shown_b) = (a.shown(benchmark), b.shown(other));
        for (x, y) in arms {
            let stands = |shown: &[Shown<'_>], arm: &ArmEntry| {
                let same = |s: &&Shown<'_>| s.arm.id == arm.id || (!benchmark.controlled && s.arm.model == arm.model);
                shown.iter().find(same).map(|s| s.arm.id.clone())
            };
            let (Some(x), Some(y)) = (stands(&shown_a, x), stands(&shown_b, y)) else { continue };
            let pair = shown_a.iter().find(|s| s.arm.id == x).zip(shown_b.iter().find(|s| s.arm.id == y));
            if let Some((x, y)) = pair
                && pairs.iter().all(|(p, q)| (&p.arm.id, &q.arm.id) != (&x.arm.id, &y.arm.id))
            {
                pairs.push((*x, *y));
            }
        }
        for metric in &benchmark.metrics {
            rows.extend(pairs.iter().filter_map(|(x, y)| row(a, b, &benchmark.id, metric, (*x, *y))));
        }
    }
    rows
}

/// None where neither side has a value for any item.
fn row(a: &Index<'_>, b: &Index<'_>, benchmark: &str, metric: &Metric, (x, y): (Shown<'_>, Shown<'_>)) -> Option<Row> {
    let (entry, other) = (a.benchmark(benchmark)?, b.benchmark(benchmark)?);
    let (mut before, after) = (a.sees(&x.arm.id, entry, metric)?, b.sees(&y.arm.id, other, metric)?);
    let (items, others) = (a.items(benchmark)?, b.items(benchmark)?);
    let places = items.rows.iter().map(|row| others.place.get(row.item.as_str()).copied());
    let joined = joined(&after, &places.collect::<Vec<_>>());
    // A baseline keeps no data; what the items of the same content are grouped by is known from the other side.
    for (column, labels) in &joined.labels {
        let mine = before.labels.entry(column.clone()).or_insert_with(|| vec![None; items.rows.len()]);
        mine.iter_mut().zip(labels).for_each(|(mine, theirs)| *mine = mine.take().or_else(|| theirs.clone()));
    }
    let key = (a.manifest.seed, benchmark);
    let (mine, theirs) = (measure(&before, metric, &entry.metrics, key), measure(&after, metric, &entry.metrics, key));
    if mine.n == 0 && theirs.n == 0 && mine.reason.is_none() && theirs.reason.is_none() {
        return None;
    }
    let (paired, reason) = match difference((&before, &joined), metric, &entry.metrics, key) {
        Ok(paired) => (paired, None),
        Err(reason) => (nothing(), Some(reason)),
    };
    let way = direction(metric);
    let change = Change {
        benchmark: benchmark.to_owned(),
        metric: metric.name.clone(),
        direction: metric.direction,
        range: metric.range,
        aggregate: metric.aggregate.clone(),
        arm_a: x.arm.id.clone(),
        arm_b: y.arm.id.clone(),
        n: paired.n,
        mean_a: mine.mean,
        mean_b: theirs.mean,
        difference: (paired.n > 0).then_some(paired.mean_difference),
        low: paired.interval.map(|i| i.low),
        high: paired.interval.map(|i| i.high),
        p: paired.p,
        adjusted_p: paired.p,
        method: paired.method.to_string(),
        better: way.and_then(|way| paired.better(way)),
        worse: way.and_then(|way| paired.worse(way)),
        changed: paired.changed,
        reason,
    };
    Some(Row { change, paired, direction: way })
}

/// Items at these places, in their order.
fn joined<'a>(items: &Items<'a>, places: &[Option<usize>]) -> Items<'a> {
    fn pick<T: Clone>(all: &[Option<T>], places: &[Option<usize>]) -> Vec<Option<T>> {
        places.iter().map(|place| place.and_then(|place| all[place].clone())).collect()
    }
    Items {
        n: places.len(),
        values: items.values.iter().map(|(name, values)| (*name, pick(values, places))).collect(),
        labels: items.labels.iter().map(|(name, labels)| (name.clone(), pick(labels, places))).collect(),
        // Pairs have the first side's clusters.
        clusters: None,
    }
}

/// A difference that there is not.
fn nothing() -> PairedResult {
    PairedResult {
        n: 0,
        mean_difference: f64::NAN,
        interval: None,
        p: 1.0,
        method: telos_stats::Method::None,
        sides: None,
        changed: 0,
    }
}

/// Holm's adjustment over these rows, but for those that test nothing.
pub(crate) fn adjust(rows: &mut [Row]) {
    let mut tested: Vec<&mut Row> = rows.iter_mut().filter(|row| row.change.reason.is_none()).collect();
    let p: Vec<f64> = tested.iter().map(|row| row.paired.p).collect();
    for (row, adjusted) in tested.iter_mut().zip(telos_stats::holm(&p)) {
        row.change.adjusted_p = adjusted;
    }
}

const COLUMNS: [Column; 12] = [
    words("benchmark"),
    words("metric"),
    words("arm"),
    numbers("n").dispensable(1),
    numbers("a").dispensable(2),
    numbers("b").dispensable(2),
    numbers("b - a"),
    words("95 % interval"),
    numbers("better"),
    numbers("worse"),
    numbers("p (Holm)"),
    words("method").dispensable(3),
];

/// The comparison for a terminal of `width` columns.
pub fn render_text(comparison: &Comparison, width: usize) -> String {
    let mut out = format!("a: {}\nb: {}\n", comparison.a, comparison.b);
    for problem in &comparison.integrity {
        // Writing into a string cannot fail; so below.
        let _ = writeln!(out, "not comparable: {problem}");
    }
    out.push('\n');
    if comparison.rows.is_empty() {
        out.push_str("  nothing that both sides have a value for\n");
    } else {
        let rows: Vec<_> = comparison.rows.iter().map(cells).collect();
        out.push_str(&render(&COLUMNS, &rows, Frame { indent: 2, width }));
    }
    for change in &comparison.rows {
        if let Some(reason) = &change.reason {
            let _ = writeln!(out, "  no difference of {} ({}): {reason}", change.metric, arms_text(change));
        }
    }
    for id in &comparison.left_out {
        let _ = writeln!(out, "  {id} left out: nothing is sampled there, so two arms of one model do not differ");
    }
    out
}

fn cells(change: &Change) -> Vec<String> {
    let counted = |n: Option<usize>| n.map_or_else(|| "–".to_owned(), number::count);
    vec![
        change.benchmark.clone(),
        format!("{} {}", glyph(change.direction), change.metric),
        arms_text(change),
        number::count(change.n),
        number::maybe(change.mean_a),
        number::maybe(change.mean_b),
        change.difference.map_or_else(|| "–".to_owned(), number::signed),
        number::signed_interval(change.low, change.high),
        counted(change.better),
        counted(change.worse),
        number::p_value(change.adjusted_p),
        change.method.clone(),
    ]
}

/// The arm, or both where they differ.
pub(crate) fn arms_text(change: &Change) -> String {
    if change.arm_a == change.arm_b {
        return change.arm_b.clone();
    }
    match (change.arm_a.rsplit_once('/'), change.arm_b.rsplit_once('/')) {
        (Some((a, from)), Some((b, to))) if a == b => format!("{} {from} → {to}", model_of(&change.arm_a)),
        _ => format!("{} → {}", change.arm_a, change.arm_b),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::testing::{Shape, record};

    #[test]
    fn two_records_are_compared_arm_by_arm() {
        let before = record(&Shape { items: 60, right: 45, ..Shape::default() });
        let after = record(&Shape { items: 60, right: 45, wrong: 12, ..Shape::default() });
        let side = |record, name| Side { record, arm: None, name };
        let found = compare(&side(&before, "old"), &side(&after, "new")).unwrap();
        assert_eq!(found.integrity, Vec::<String>::new());
        assert_eq!(found.rows.len(), 7);
        let acc = &found.rows[0];
        assert_eq!((acc.n, acc.better, acc.worse, acc.difference), (60, Some(0), Some(12), Some(-0.2)));
        assert!(acc.adjusted_p >= acc.p && acc.method == "mcnemar mid-p, newcombe");
        let text = render_text(&found, 200);
        assert!(text.contains("a: old\nb: new\n") && text.contains("▲ acc"), "{text}");
    }

    #[test]
    fn two_arms_of_a_record_leave_out_what_no_controller_touches() {
        let both = record(&Shape { items: 20, ..Shape::default() });
        let side = |arm| Side { record: &both, arm: Some(arm), name: "run" };
        let found = compare(&side("tiny/free"), &side("tiny/cbf-0.3")).unwrap();
        assert_eq!((found.integrity.len(), found.left_out.as_slice()), (0, &["truth".to_owned()][..]));
        assert_eq!(
            found.rows.iter().map(|r| r.metric.as_str()).collect::<Vec<_>>(),
            ["stays_safe", "min_h", "perplexity"]
        );
        assert_eq!((found.rows[0].better, found.rows[2].worse), (Some(20), Some(20)));
        let unknown = compare(&side("tiny/none"), &side("tiny/free")).unwrap_err().to_string();
        assert_eq!(unknown, "find the arm `tiny/none` in run; its arms are tiny/free, tiny/cbf-0.3");
    }
}
