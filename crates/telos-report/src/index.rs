//! What is kept of a record that was gone through once: numbers for each item, and nothing of what was said.

use crate::ReportError;
use crate::items::{Items, Known};
use crate::replies::{Origin, Replies};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use telos_core::Tables;
use telos_core::metric::Metric;
use telos_core::record::{ArmEntry, BenchmarkEntry, ItemRow, Manifest, ScoreRow};

/// By arm, benchmark and metric.
type Columns = HashMap<String, HashMap<String, HashMap<String, Column>>>;

/// A record that was gone through once: what terminal, gate and page all start from.
pub struct Index<'a> {
    /// For what needs a second look.
    pub(crate) tables: &'a dyn Tables,
    pub(crate) manifest: &'a Manifest,
    pub(crate) replies: Replies,
    /// Scores without a value that should have one.
    pub(crate) missing_scores: usize,
    /// Scores without a value because the metric does not apply to the item.
    pub(crate) beside_the_point: usize,
    items: HashMap<String, Items>,
    columns: Columns,
}

/// One metric of one arm on one benchmark.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Column {
    /// By place of the item: the mean over the repeats that have a value; of a centred metric, less its family's mean.
    pub(crate) values: Vec<Option<f64>>,
    /// By place of the item: score rows that there are.
    pub(crate) rows: Vec<u32>,
    /// (status, reason) of rows without a value, counted.
    pub(crate) absent: BTreeMap<(String, String), usize>,
    /// The evaluator's version.
    pub(crate) version: u32,
    /// By place of the item: sum and number of the values.
    sums: Vec<(f64, u32)>,
}

impl Column {
    fn new(items: usize) -> Self {
        Self { rows: vec![0; items], sums: vec![(0.0, 0); items], ..Self::default() }
    }

    fn take(&mut self, row: &ScoreRow, place: usize) {
        self.rows[place] += 1;
        self.version = row.evaluator_version;
        if let Some(value) = row.value {
            self.sums[place].0 += value;
            self.sums[place].1 += 1;
        } else {
            let why = (row.status.to_string(), row.reason.clone().unwrap_or_default());
            *self.absent.entry(why).or_default() += 1;
        }
    }
}

/// An arm as it is shown for a benchmark: where no controller acts, one arm stands for its model.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) arm: &'a ArmEntry,
    /// The arm's id, or the model's where no controller acts.
    pub(crate) label: &'a str,
}

impl<'a> Index<'a> {
    /// Goes through items, scores and replies once.
    pub fn new(tables: &'a dyn Tables) -> Result<Self, ReportError> {
        let manifest = tables.manifest();
        let grouping: HashMap<&str, Vec<String>> = manifest
            .benchmarks
            .iter()
            .map(|b| (b.id.as_str(), b.metrics.iter().filter_map(telos_stats::aggregate::column).collect()))
            .collect();
        let mut items: HashMap<String, Items> = HashMap::new();
        tables.items(&mut |row: &ItemRow| {
            let (item, item_hash, cluster) = (row.item.clone(), row.item_hash.clone(), row.cluster.clone());
            let columns = grouping.get(row.benchmark.as_str()).map_or(&[][..], Vec::as_slice);
            let known = Known { item, item_hash, cluster, labels: labels(row, columns), index: row.index };
            of(&mut items, &row.benchmark).rows.push(known);
        })?;
        for items in items.values_mut() {
            items.rows.sort_by_key(|row| row.index);
            items.place = items.rows.iter().enumerate().map(|(place, row)| (row.item.clone(), place)).collect();
        }
        let mut columns = Columns::new();
        let (mut missing_scores, mut beside_the_point) = (0, 0);
        tables.scores(&mut |row: &ScoreRow| {
            if row.value.is_none() {
                // A metric may say that it does not apply, as `stays_safe` does after an unsafe start.
                *(if does_not_apply(row.status.as_str()) { &mut beside_the_point } else { &mut missing_scores }) += 1;
            }
            let Some((n, place)) = place_of(&items, row) else { return };
            let metrics = of(of(&mut columns, &row.arm), &row.benchmark);
            if !metrics.contains_key(&row.metric) {
                metrics.insert(row.metric.clone(), Column::new(n));
            }
            if let Some(column) = metrics.get_mut(&row.metric) {
                column.take(row, place);
            }
        })?;
        for column in columns.values_mut().flat_map(HashMap::values_mut).flat_map(HashMap::values_mut) {
            let mean = |(sum, n): &(f64, u32)| (*n > 0).then(|| sum / f64::from(*n));
            column.values = column.sums.iter().map(mean).collect();
        }
        for arm in columns.values_mut() {
            for benchmark in &manifest.benchmarks {
                if let Some(columns) = arm.get_mut(benchmark.id.as_str()) {
                    centre(&benchmark.metrics, columns);
                }
            }
        }
        let replies = Replies::read(tables, &items)?;
        Ok(Self { tables, manifest, replies, missing_scores, beside_the_point, items, columns })
    }

    /// Whether the other holds the same numbers of the same run.
    pub(crate) fn same(&self, other: &Index<'_>) -> bool {
        self.manifest == other.manifest
            && self.items == other.items
            && self.columns == other.columns
            && self.replies == other.replies
    }

    /// The benchmark with that id.
    pub(crate) fn benchmark(&self, id: &str) -> Option<&'a BenchmarkEntry> {
        self.manifest.benchmarks.iter().find(|b| b.id == id)
    }

    /// The items of a benchmark; none where it has no rows.
    pub(crate) fn items(&self, benchmark: &str) -> Option<&Items> {
        self.items.get(benchmark)
    }

    /// A metric of an arm on a benchmark, where there is a score.
    pub(crate) fn column(&self, arm: &str, benchmark: &str, metric: &str) -> Option<&Column> {
        self.columns.get(arm)?.get(benchmark)?.get(metric)
    }

    /// What an aggregate sees of an arm's items for one metric; none where nothing that the metric is made of has a score.
    pub(crate) fn sees<'s>(
        &'s self,
        arm: &str,
        benchmark: &'s BenchmarkEntry,
        metric: &'s Metric,
    ) -> Option<telos_stats::aggregate::Items<'s>> {
        let rows = &self.items(&benchmark.id)?.rows;
        let names = telos_stats::aggregate::columns_read(metric, &benchmark.metrics);
        let column = |name: &'s str| Some((name, self.column(arm, &benchmark.id, name)?.values.clone()));
        let values: HashMap<&str, Vec<Option<f64>>> = names.into_iter().filter_map(column).collect();
        if values.is_empty() {
            return None;
        }
        let columns: BTreeSet<&String> = rows.iter().flat_map(|row| row.labels.keys()).collect();
        let of = |column: &&String| rows.iter().map(|row| row.labels.get(*column).cloned()).collect();
        let labels = columns.iter().map(|column| ((*column).clone(), of(column))).collect();
        Some(telos_stats::aggregate::Items { n: rows.len(), values, labels, clusters: self.clusters(&benchmark.id) })
    }

    /// The clusters of a benchmark's items by place, where the benchmark has any; an item without one is its own.
    pub(crate) fn clusters(&self, benchmark: &str) -> Option<Vec<u32>> {
        let rows = &self.items(benchmark)?.rows;
        if rows.iter().all(|row| row.cluster.is_none()) {
            return None;
        }
        let mut names: HashMap<&str, u32> = HashMap::new();
        let mut clusters = Vec::with_capacity(rows.len());
        for (row, next) in rows.iter().zip(1..) {
            clusters.push(match row.cluster.as_deref() {
                Some(name) => *names.entry(name).or_insert(next),
                None => next,
            });
        }
        Some(clusters)
    }

    /// The arms to show for a benchmark, in the suite's order: all where a controller acts, else one for each model, the free
    /// one where it has scores.
    pub(crate) fn shown(&self, benchmark: &BenchmarkEntry) -> Vec<Shown<'a>> {
        let arms = &self.manifest.arms;
        if benchmark.controlled {
            return arms.iter().map(|arm| Shown { arm, label: &arm.id }).collect();
        }
        let scored =
            |arm: &ArmEntry| benchmark.metrics.iter().any(|m| self.column(&arm.id, &benchmark.id, &m.name).is_some());
        let mut shown: Vec<Shown<'a>> = Vec::new();
        for arm in arms {
            if shown.iter().any(|s| s.arm.model == arm.model) {
                continue;
            }
            let same = || arms.iter().filter(|other| other.model == arm.model);
            let free = same().find(|other| other.free && scored(other));
            let stands = free.or_else(|| same().find(|other| scored(other))).unwrap_or(arm);
            shown.push(Shown { arm: stands, label: &stands.model });
        }
        shown
    }

    /// The free arm of the same model, where the arm itself is not free and a controller acts.
    pub(crate) fn free_arm(&self, arm: &ArmEntry, benchmark: &BenchmarkEntry) -> Option<&'a ArmEntry> {
        let acts = benchmark.controlled && !arm.free;
        self.manifest.arms.iter().find(|other| acts && other.free && other.model == arm.model)
    }

    /// Whether what came from there belongs to an arm. A follow-up may have gone to a model of no arm; then the controller
    /// decides.
    pub(crate) fn belongs(&self, from: Origin<'_>, arm: &ArmEntry) -> bool {
        let other_model = || from.follow_up && self.manifest.arms.iter().all(|a| a.model != from.model);
        (from.model == arm.model || other_model())
            && from.controller.is_none_or(|controller| controller == arm.controller)
    }
}

/// Whether a score without a value may only say that the metric does not apply to the item.
pub(crate) fn does_not_apply(status: &str) -> bool {
    matches!(status, "ok" | "skipped")
}

/// The value of a key, which is made where it is missing.
fn of<'m, V: Default>(map: &'m mut HashMap<String, V>, key: &str) -> &'m mut V {
    map.entry(key.to_owned()).or_default()
}

/// The item's values in these columns; a list or an object is none.
fn labels(row: &ItemRow, columns: &[String]) -> BTreeMap<String, String> {
    if columns.is_empty() {
        return BTreeMap::new();
    }
    // Data that cannot be read has no columns; an aggregate that needs one says so.
    let data: serde_json::Value = serde_json::from_str(&row.data).unwrap_or_default();
    let text = |column: &String| match data.get(column)? {
        serde_json::Value::String(text) => Some(text.clone()),
        value if value.is_number() || value.is_boolean() => Some(value.to_string()),
        _ => None,
    };
    columns.iter().filter_map(|column| Some((column.clone(), text(column)?))).collect()
}

/// Takes the mean over all items of a family off its centred metrics. An item that counts for several of them counts once.
fn centre(metrics: &[Metric], columns: &mut HashMap<String, Column>) {
    let centred = || metrics.iter().filter(|metric| metric.aggregate.is("centred"));
    let families: BTreeSet<&str> = centred().map(Metric::family).collect();
    for family in families {
        let names: Vec<&str> =
            centred().filter(|metric| metric.family() == family).map(|metric| metric.name.as_str()).collect();
        let mut pooled: BTreeMap<usize, f64> = BTreeMap::new();
        for column in names.iter().filter_map(|name| columns.get(*name)) {
            let present = column.values.iter().enumerate().filter_map(|(place, value)| Some((place, (*value)?)));
            pooled.extend(present);
        }
        let mean = telos_stats::mean(&pooled.into_values().collect::<Vec<_>>());
        for name in names {
            for value in columns.get_mut(name).into_iter().flat_map(|column| &mut column.values) {
                *value = value.map(|value| value - mean);
            }
        }
    }
}

fn place_of(items: &HashMap<String, Items>, row: &ScoreRow) -> Option<(usize, usize)> {
    let items = items.get(row.benchmark.as_str())?;
    Some((items.rows.len(), *items.place.get(row.item.as_str())?))
}
