//! From a metric's items to its number, its interval, and the paired difference of two arms.
//!
//! A kind of aggregate is a file here and a line in [`AGGREGATES`]. A number is a function of totals over items
//! ([`entry::Sample`]), so one bootstrap serves all kinds: whole clusters or groups of items are drawn where the data or the
//! aggregate has any, and everything that a number is made of is drawn together. Where the number is a mean of one value an item
//! or group, the closed methods of [`crate::estimate`] and [`crate::paired`] take its place.

pub mod entry;
mod expression;
mod formula;
mod groups;
mod keys;
mod means;
mod ratio;
mod refer;
mod resample;
#[cfg(test)]
mod tests;

pub use refer::refers;

use crate::{Estimate, PairedResult, estimate, paired};
use entry::{Aggregation, Entry, Sample, Source};
use resample::{Units, bootstrap, bootstrap_difference};
use std::collections::HashMap;
use telos_core::shape::KindShape;
use telos_core::text::did_you_mean;
use telos_core::{Aggregate, Metric};

/// Every kind of aggregate, in the order of help.
pub static AGGREGATES: &[Entry] =
    &[means::MEAN, means::PERPLEXITY, means::CENTRED, ratio::ENTRY, groups::ALL, groups::MACRO, formula::ENTRY];

/// The shapes of [`AGGREGATES`].
pub fn aggregate_shapes() -> Vec<KindShape> {
    AGGREGATES.iter().map(|entry| entry.shape).collect()
}

/// The aggregation that an aggregate states. The error says what was expected.
pub fn read(aggregate: &Aggregate) -> Result<Box<dyn Aggregation>, String> {
    let known = || AGGREGATES.iter().map(|entry| entry.shape.kind);
    let Some(entry) = AGGREGATES.iter().find(|entry| entry.shape.kind == aggregate.kind) else {
        let hint = did_you_mean(&aggregate.kind, known()).map(|k| format!("did you mean `{k}`? ")).unwrap_or_default();
        let known = known().collect::<Vec<_>>().join(", ");
        return Err(format!("unknown kind of aggregate `{}`; {hint}known: {known}", aggregate.kind));
    };
    (entry.read)(&aggregate.params).map_err(|message| format!("the aggregate `{}`: {message}", aggregate.kind))
}

/// The column of the data that a metric's aggregate groups items by.
pub fn column(metric: &Metric) -> Option<String> {
    read(&metric.aggregate).ok()?.column().map(str::to_owned)
}

/// The metrics with a value an item that a metric's number is made of; itself where no others define it.
pub fn columns_read<'m>(metric: &'m Metric, metrics: &'m [Metric]) -> Vec<&'m str> {
    let mut out = Vec::new();
    let mut open = vec![metric];
    let mut seen: Vec<&str> = Vec::new();
    while let Some(metric) = open.pop() {
        if seen.contains(&metric.name.as_str()) {
            continue;
        }
        seen.push(&metric.name);
        if !metric.aggregate.reads_others() {
            out.push(metric.name.as_str());
            continue;
        }
        let names = read(&metric.aggregate).map(|a| a.reads(&metric.name)).unwrap_or_default();
        open.extend(names.iter().filter_map(|(_, name)| metrics.iter().find(|m| m.name == *name)));
    }
    out
}

/// The items of a benchmark for one arm.
#[derive(Debug, Clone, Default)]
pub struct Items<'a> {
    /// How many there are; every list is as long.
    pub n: usize,
    /// By metric, each item's value: the mean over its repeats. None where it has none.
    pub values: HashMap<&'a str, Vec<Option<f64>>>,
    /// By column of the data, each item's value as text; none where it has none. Only columns that some aggregate groups by.
    pub labels: HashMap<String, Vec<Option<String>>>,
    /// The benchmark's clusters, where it has any.
    pub clusters: Option<Vec<u32>>,
}

/// Formulas within formulas at most; [`refers`] finds a circle before anything is asked, but a record may hold anything.
const DEEPEST: usize = 16;

struct View<'a> {
    items: &'a Items<'a>,
    metrics: &'a [Metric],
    depth: usize,
}

impl Source for View<'_> {
    fn values(&self, metric: &str) -> Result<&[Option<f64>], String> {
        let values = self.items.values.get(metric).map(Vec::as_slice);
        values.ok_or_else(|| format!("there is no score of the metric `{metric}`"))
    }

    fn groups(&self, column: Option<&str>) -> Result<Vec<u32>, String> {
        let Some(column) = column else {
            let none = "the benchmark has no `cluster`, whose values would be the groups";
            return self.items.clusters.clone().ok_or_else(|| none.to_owned());
        };
        let labels = self.items.labels.get(column).ok_or_else(|| format!("the items have no column `{column}`"))?;
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut groups = Vec::with_capacity(labels.len());
        for label in labels {
            let missing = || {
                format!(
                    "{} of {} items have no `{column}`",
                    labels.iter().filter(|l| l.is_none()).count(),
                    labels.len()
                )
            };
            let next = numbers.len() as u32;
            groups.push(*numbers.entry(label.as_deref().ok_or_else(missing)?).or_insert(next));
        }
        Ok(groups)
    }

    fn number(&self, metric: &str) -> Result<Sample, String> {
        if self.depth >= DEEPEST {
            return Err("the formulas lie too deep in each other, or in a circle".to_owned());
        }
        let found = self.metrics.iter().find(|m| m.name == metric);
        let found = found.ok_or_else(|| format!("there is no metric `{metric}`"))?;
        sample(found, &View { depth: self.depth + 1, ..*self })
    }
}

fn sample(metric: &Metric, view: &View<'_>) -> Result<Sample, String> {
    read(&metric.aggregate)?.sample(&metric.name, view)
}

/// What a metric's items come to. The error is the reason why there is no number. `metrics` are all of the benchmark's.
pub fn measure(metric: &Metric, metrics: &[Metric], items: &Items<'_>, seed: u64) -> Result<Estimate, String> {
    let sample = sample(metric, &View { items, metrics, depth: 0 })?;
    if let Some(values) = &sample.mean_of {
        let (present, clusters) = present(values, units_of_values(&sample, items).as_deref());
        let found = estimate(&present, clusters.as_deref(), seed);
        if found.n == 0 && metric.aggregate.reads_others() {
            return Err(sample.why_none);
        }
        let back = |v: f64| (sample.finish)(&[v, 1.0]);
        let interval = found.interval.map(|i| crate::Interval { low: back(i.low), high: back(i.high) });
        return Ok(Estimate { mean: back(found.mean), interval, ..found });
    }
    bootstrap(&sample, &Units::of(&sample, items.n, items.clusters.as_deref()), items.clusters.is_some(), seed)
}

/// The paired difference of two arms, after − before, over the items that have a value on both sides; on the scale on which the
/// metric's values are averaged, which for a perplexity is nats. The error is the reason why there is none.
pub fn compare(
    metric: &Metric,
    metrics: &[Metric],
    (before, after): (&Items<'_>, &Items<'_>),
    seed: u64,
) -> Result<PairedResult, String> {
    let (before, after) = shared(before, after);
    let view = |items| View { items, metrics, depth: 0 };
    let (a, b) = (sample(metric, &view(&before))?, sample(metric, &view(&after))?);
    if let (Some(x), Some(y)) = (&a.mean_of, &b.mean_of) {
        let both: Vec<Option<f64>> = x.iter().zip(y).map(|(x, y)| x.and(*y)).collect();
        let (_, clusters) = present(&both, units_of_values(&a, &before).as_deref());
        let pairs: Vec<(f64, f64)> = x.iter().zip(y).filter_map(|(x, y)| Some(((*x)?, (*y)?))).collect();
        return Ok(paired(&pairs, clusters.as_deref(), seed));
    }
    let units = Units::of(&a, before.n, before.clusters.as_deref());
    bootstrap_difference((&a, &b), &units, before.clusters.is_some(), seed)
}

/// Both sides without the values that the other lacks, so that both are over the same items.
fn shared<'a>(before: &Items<'a>, after: &Items<'a>) -> (Items<'a>, Items<'a>) {
    let (mut x, mut y) = (before.clone(), after.clone());
    for (metric, values) in &mut x.values {
        let Some(others) = y.values.get_mut(metric) else { continue };
        for (a, b) in values.iter_mut().zip(others) {
            if a.is_none() || b.is_none() {
                (*a, *b) = (None, None);
            }
        }
    }
    (x, y)
}

/// The clusters of a mean's values: the benchmark's, joined with the aggregate's own groups. A group's value stands at one place, so
/// groups of which no two share a cluster are independent.
fn units_of_values(sample: &Sample, items: &Items<'_>) -> Option<Vec<u32>> {
    if sample.bonds.is_empty() {
        return items.clusters.clone();
    }
    let units = Units::of(sample, items.n, items.clusters.as_deref()).of_place;
    let mut seen = std::collections::HashSet::new();
    let values = sample.mean_of.iter().flatten();
    let alone = values.zip(&units).filter(|(value, _)| value.is_some()).all(|(_, unit)| seen.insert(*unit));
    (!alone).then_some(units)
}

/// The values that there are, and their clusters.
fn present(values: &[Option<f64>], clusters: Option<&[u32]>) -> (Vec<f64>, Option<Vec<u32>>) {
    let of = |all: &[u32]| values.iter().zip(all).filter(|(v, _)| v.is_some()).map(|(_, c)| *c).collect();
    (values.iter().flatten().copied().collect(), clusters.map(of))
}
