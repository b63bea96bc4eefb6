//! A record arranged for look-ups.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use telos_core::metric::{Aggregate, Metric};
use telos_core::record::{ArmEntry, BenchmarkEntry, ItemRow, Record, ReplyRow, ScoreRow};

/// By arm, benchmark and metric.
type Columns<'a> = HashMap<&'a str, HashMap<&'a str, HashMap<&'a str, Column<'a>>>>;

/// A record with ways into its rows.
pub(crate) struct Index<'a> {
    pub(crate) record: &'a Record,
    items: HashMap<&'a str, Items<'a>>,
    columns: Columns<'a>,
}

/// The items of a benchmark, in the data's order.
#[derive(Default)]
pub(crate) struct Items<'a> {
    pub(crate) rows: Vec<&'a ItemRow>,
    pub(crate) place: HashMap<&'a str, usize>,
}

/// One metric of one arm on one benchmark.
#[derive(Default)]
pub(crate) struct Column<'a> {
    /// By place of the item: the mean over the repeats that have a value; of a centred metric, less its family's mean.
    pub(crate) values: Vec<Option<f64>>,
    /// By place of the item: score rows that there are.
    pub(crate) rows: Vec<u32>,
    /// (status, reason) of rows without a value, counted.
    pub(crate) absent: BTreeMap<(&'a str, &'a str), usize>,
    /// The evaluator's version.
    pub(crate) version: u32,
    /// By place of the item: sum and number of the values.
    sums: Vec<(f64, u32)>,
}

impl<'a> Column<'a> {
    fn new(items: usize) -> Self {
        Self { rows: vec![0; items], sums: vec![(0.0, 0); items], ..Self::default() }
    }

    fn take(&mut self, row: &'a ScoreRow, place: usize) {
        self.rows[place] += 1;
        self.version = row.evaluator_version;
        if let Some(value) = row.value {
            self.sums[place].0 += value;
            self.sums[place].1 += 1;
        } else {
            let why = (row.status.as_str(), row.reason.as_deref().unwrap_or(""));
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
    pub(crate) fn new(record: &'a Record) -> Self {
        let mut items: HashMap<&str, Items<'_>> = HashMap::new();
        for row in &record.items {
            items.entry(&row.benchmark).or_default().rows.push(row);
        }
        for items in items.values_mut() {
            items.rows.sort_by_key(|row| row.index);
            items.place = items.rows.iter().enumerate().map(|(place, row)| (row.item.as_str(), place)).collect();
        }
        let mut columns: Columns<'_> = HashMap::new();
        for row in &record.scores {
            let Some((n, place)) = place_of(&items, row) else { continue };
            let arm = columns.entry(&row.arm).or_default();
            let column = arm.entry(&row.benchmark).or_default().entry(&row.metric).or_insert_with(|| Column::new(n));
            column.take(row, place);
        }
        for column in columns.values_mut().flat_map(HashMap::values_mut).flat_map(HashMap::values_mut) {
            let mean = |(sum, n): &(f64, u32)| (*n > 0).then(|| sum / f64::from(*n));
            column.values = column.sums.iter().map(mean).collect();
        }
        for arm in columns.values_mut() {
            for benchmark in &record.manifest.benchmarks {
                if let Some(columns) = arm.get_mut(benchmark.id.as_str()) {
                    centre(&benchmark.metrics, columns);
                }
            }
        }
        Self { record, items, columns }
    }

    /// The benchmark with that id.
    pub(crate) fn benchmark(&self, id: &str) -> Option<&'a BenchmarkEntry> {
        self.record.manifest.benchmarks.iter().find(|b| b.id == id)
    }

    /// The items of a benchmark; none where it has no rows.
    pub(crate) fn items(&self, benchmark: &str) -> Option<&Items<'a>> {
        self.items.get(benchmark)
    }

    /// A metric of an arm on a benchmark, where there is a score.
    pub(crate) fn column(&self, arm: &str, benchmark: &str, metric: &str) -> Option<&Column<'a>> {
        self.columns.get(arm)?.get(benchmark)?.get(metric)
    }

    /// The clusters of a benchmark's items by place, where the benchmark has any; an item without one is its own.
    pub(crate) fn clusters(&self, benchmark: &str) -> Option<Vec<u32>> {
        let rows = &self.items(benchmark)?.rows;
        if rows.iter().all(|row| row.cluster.is_none()) {
            return None;
        }
        let mut names: HashMap<&str, u32> = HashMap::new();
        let mut next = 0;
        let mut number = || {
            next += 1;
            next
        };
        let cluster = |row: &&'a ItemRow| match row.cluster.as_deref() {
            Some(name) => *names.entry(name).or_insert_with(&mut number),
            None => number(),
        };
        Some(rows.iter().map(cluster).collect())
    }

    /// The arms to show for a benchmark, in the suite's order: all where a controller acts, else one for each model, the free
    /// one where it has scores.
    pub(crate) fn shown(&self, benchmark: &BenchmarkEntry) -> Vec<Shown<'a>> {
        let arms = &self.record.manifest.arms;
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
        self.record.manifest.arms.iter().find(|other| acts && other.free && other.model == arm.model)
    }

    /// Whether a reply belongs to an arm. A follow-up may have gone to a model of no arm; then the controller decides.
    pub(crate) fn belongs(&self, reply: &ReplyRow, arm: &ArmEntry) -> bool {
        let other_model = || reply.wave > 0 && self.record.manifest.arms.iter().all(|a| a.model != reply.model);
        (reply.model == arm.model || other_model())
            && reply.controller.as_deref().is_none_or(|controller| controller == arm.controller)
    }
}

/// Takes the mean over all items of a family off its centred metrics. An item that counts for several of them counts once.
fn centre(metrics: &[Metric], columns: &mut HashMap<&str, Column<'_>>) {
    let centred = || metrics.iter().filter(|metric| metric.aggregate == Aggregate::Centred);
    let families: BTreeSet<&str> = centred().map(Metric::family).collect();
    for family in families {
        let names: Vec<&str> =
            centred().filter(|metric| metric.family() == family).map(|metric| metric.name.as_str()).collect();
        let mut pooled: BTreeMap<usize, f64> = BTreeMap::new();
        for column in names.iter().filter_map(|name| columns.get(name)) {
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

fn place_of(items: &HashMap<&str, Items<'_>>, row: &ScoreRow) -> Option<(usize, usize)> {
    let items = items.get(row.benchmark.as_str())?;
    Some((items.rows.len(), *items.place.get(row.item.as_str())?))
}
