//! The second look at a record: the rows of the items that the page shows, and what the controllers did.

use super::PageOptions;
use super::control::Deeds;
use crate::ReportError;
use crate::index::{Entry, Index};
use std::collections::HashMap;
use telos_core::Status;
use telos_core::digest::item_seed;
use telos_core::record::{ItemRow, ReplyRow, StepRow};

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
    pub(super) deeds: HashMap<String, Deeds>,
}

/// The rows of one item.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) row: Option<ItemRow>,
    pub(super) replies: Vec<ReplyRow>,
    pub(super) steps: Vec<StepRow>,
}

/// Goes through items, replies and steps once more.
pub(super) fn read(index: &Index<'_>, options: &PageOptions) -> Result<Details, ReportError> {
    let mut details = Details::new();
    for benchmark in &index.manifest.benchmarks {
        let entries = index.items(&benchmark.id).map_or(&[][..], |items| &items.rows);
        let chosen = choose(entries, &benchmark.id, options.items, index.manifest.seed);
        let items = chosen.iter().map(|place| (entries[*place].item.clone(), Rows::default())).collect();
        details.insert(benchmark.id.clone(), Detail { chosen, items, deeds: HashMap::new() });
    }
    index.tables.items(&mut |row| {
        if let Some(rows) = rows(&mut details, &row.benchmark, &row.item) {
            rows.row = Some(row.clone());
        }
    })?;
    // Repeats that are not shown count in the numbers; of their replies only those are kept that went wrong.
    let shown = |repeat: u32| repeat < options.repeats;
    index.tables.replies(&mut |row| {
        if !shown(row.repeat) && row.status == Status::Ok {
            return;
        }
        if let Some(rows) = rows(&mut details, &row.benchmark, &row.item) {
            rows.replies.push(row.clone());
        }
    })?;
    index.tables.steps(&mut |row| {
        let Some(detail) = details.get_mut(&row.benchmark) else { return };
        detail.deeds.entry(row.arm.clone()).or_default().take(row);
        if let Some(rows) = detail.items.get_mut(&row.item).filter(|_| shown(row.repeat)) {
            rows.steps.push(row.clone());
        }
    })?;
    for rows in details.values_mut().flat_map(|detail| detail.items.values_mut()) {
        rows.replies.sort_by_key(|reply| (reply.wave, reply.repeat, reply.index));
        rows.steps.sort_by_key(|step| step.step);
    }
    Ok(details)
}

fn rows<'d>(details: &'d mut Details, benchmark: &str, item: &str) -> Option<&'d mut Rows> {
    details.get_mut(benchmark)?.items.get_mut(item)
}

/// At most `cap` items, those with the smallest seeds, in the data's order: a smaller sample lies within a larger one.
fn choose(entries: &[Entry], benchmark: &str, cap: usize, seed: u64) -> Vec<usize> {
    let mut all: Vec<usize> = (0..entries.len()).collect();
    if all.len() > cap {
        all.sort_by_cached_key(|place| (item_seed(seed, benchmark, &entries[*place].item), *place));
        all.truncate(cap);
        all.sort_unstable();
    }
    all
}
