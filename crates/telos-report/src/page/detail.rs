//! The second look at a record: what went wrong and where controllers acted, and the rows of the items that the page shows.

use super::control::ControlCounts;
use super::fate::{Fate, failed};
use super::options::PageOptions;
use crate::ReportError;
use crate::index::Index;
use crate::items::Known;
use std::collections::{BTreeSet, HashMap};
use telos_core::Status;
use telos_core::digest::item_seed;
use telos_core::record::{BenchmarkEntry, ItemRow, ReplyRow, StepRow};

/// By benchmark.
pub(super) type Details = HashMap<String, Detail>;

/// What the page needs of one benchmark's rows.
#[derive(Default)]
pub(super) struct Detail {
    /// The places of the items that are shown, in the data's order.
    pub(super) chosen: Vec<usize>,
    /// Their rows, by the item's id.
    pub(super) items: HashMap<String, Rows>,
    /// What each arm's controller did on all items, by the arm's id.
    pub(super) counts: HashMap<String, ControlCounts>,
    /// Texts that were asked for.
    pub(super) texts: usize,
    /// Those of them that ended at the token limit.
    pub(super) cut: usize,
    /// What became of the items, by their id, where there is anything to tell.
    fates: HashMap<String, Fate>,
}

/// The rows of one item.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) row: Option<ItemRow>,
    pub(super) replies: Vec<ReplyRow>,
    pub(super) steps: Vec<StepRow>,
    /// What became of it.
    pub(super) fate: Fate,
    /// What the evaluator noted of its first score.
    pub(super) note: Option<String>,
    /// The repeats that are shown.
    pub(super) repeats: BTreeSet<u32>,
}

/// Goes through replies, scores and steps for what matters, and then through items, replies and steps for what is shown.
pub(super) fn read(index: &Index<'_>, options: &PageOptions) -> Result<Details, ReportError> {
    let mut details = Details::new();
    for benchmark in &index.manifest.benchmarks {
        details.insert(benchmark.id.clone(), Detail::default());
    }
    look(index, &mut details)?;
    for benchmark in &index.manifest.benchmarks {
        if let Some(detail) = details.get_mut(&benchmark.id) {
            detail.choose(index, benchmark, options);
        }
    }
    collect(index, &mut details)?;
    Ok(details)
}

/// What went wrong, and where controllers acted.
fn look(index: &Index<'_>, details: &mut Details) -> Result<(), ReportError> {
    index.tables.replies(&mut |row| {
        let Some(detail) = details.get_mut(&row.benchmark) else { return };
        if row.status != Status::Ok {
            let fate = detail.fates.entry(row.item.clone()).or_default();
            fate.not_ok = true;
            fate.failed.insert(row.repeat);
        }
        if row.kind == "generate" {
            detail.texts += 1;
            detail.cut += usize::from(row.finish_reason.as_deref() == Some("length"));
        }
    })?;
    index.tables.scores(&mut |row| {
        let headline = index.benchmark(&row.benchmark).and_then(BenchmarkEntry::headline);
        let Some(metric) = headline.filter(|metric| metric.name == row.metric) else { return };
        if row.value.is_some_and(|value| failed(metric, value))
            && let Some(detail) = details.get_mut(&row.benchmark)
        {
            detail.fates.entry(row.item.clone()).or_default().failed.insert(row.repeat);
        }
    })?;
    index.tables.steps(&mut |row| {
        if let Some(detail) = details.get_mut(&row.benchmark) {
            detail.counts.entry(row.arm.clone()).or_default().take(row);
        }
    })?;
    Ok(())
}

/// The rows that are shown. Of repeats that are not shown, those replies are kept that went wrong.
fn collect(index: &Index<'_>, details: &mut Details) -> Result<(), ReportError> {
    index.tables.items(&mut |row| {
        if let Some(rows) = rows(details, &row.benchmark, &row.item) {
            rows.row = Some(row.clone());
        }
    })?;
    index.tables.replies(&mut |row| {
        if let Some(rows) = rows(details, &row.benchmark, &row.item)
            && (rows.repeats.contains(&row.repeat) || row.status != Status::Ok)
        {
            rows.replies.push(row.clone());
        }
    })?;
    index.tables.scores(&mut |row| {
        if let (Some(note), Some(rows)) = (&row.note, rows(details, &row.benchmark, &row.item)) {
            rows.note.get_or_insert_with(|| note.clone());
        }
    })?;
    index.tables.steps(&mut |row| {
        if let Some(rows) = rows(details, &row.benchmark, &row.item).filter(|rows| rows.repeats.contains(&row.repeat)) {
            rows.steps.push(row.clone());
        }
    })?;
    for rows in details.values_mut().flat_map(|detail| detail.items.values_mut()) {
        rows.replies.sort_by_key(|reply| (reply.wave, reply.repeat, reply.index));
        rows.steps.sort_by_key(|step| (step.wave, step.index, step.step));
    }
    Ok(())
}

fn rows<'d>(details: &'d mut Details, benchmark: &str, item: &str) -> Option<&'d mut Rows> {
    details.get_mut(benchmark)?.items.get_mut(item)
}

impl Detail {
    /// At most as many items as the options say, in the data's order. Those that failed come before those in which a controller
    /// acted, those before what differs between arms, and the rest last; within each by the smallest seeds, so that a smaller
    /// sample lies within a larger one.
    fn choose(&mut self, index: &Index<'_>, benchmark: &BenchmarkEntry, options: &PageOptions) {
        let entries: &[Known] = index.items(&benchmark.id).map_or(&[], |items| &items.rows);
        let mut all: Vec<(usize, Fate)> =
            (0..entries.len()).map(|place| (place, self.fate(index, benchmark, place))).collect();
        if all.len() > options.items {
            all.sort_by_cached_key(|(place, fate)| {
                let id = &entries[*place].item;
                let rank = (fate.failed.is_empty(), fate.acted.is_empty(), fate.spread <= 0.0);
                (rank, item_seed(index.manifest.seed, &benchmark.id, id), *place)
            });
            all.truncate(options.items);
            all.sort_unstable_by_key(|(place, _)| *place);
        }
        self.chosen = all.iter().map(|(place, _)| *place).collect();
        let shown = |(place, fate): (usize, Fate)| {
            let repeats = fate.repeats(benchmark.repeats, options.repeats);
            (entries[place].item.clone(), Rows { fate, repeats, ..Rows::default() })
        };
        self.items = all.into_iter().map(shown).collect();
        self.fates = HashMap::new();
    }

    fn fate(&mut self, index: &Index<'_>, benchmark: &BenchmarkEntry, place: usize) -> Fate {
        let item = index.items(&benchmark.id).map_or("", |items| &items.rows[place].item);
        let mut fate = self.fates.remove(item).unwrap_or_default();
        fate.acted = self.counts.values().flat_map(|counts| counts.acted(item)).collect();
        if let Some(metric) = benchmark.headline() {
            let column =
                |arm: &str| index.column(arm, &benchmark.id, &metric.name)?.values.get(place).copied().flatten();
            let values = index.shown(benchmark).into_iter().filter_map(|shown| column(&shown.arm.id));
            fate.measure(metric, &values.collect::<Vec<_>>());
        }
        fate
    }
}
