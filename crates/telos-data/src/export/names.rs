//! Names in a record to places in it: which arm, which benchmark, which item comes where.

use super::key::Key;
use crate::DataError;
use crate::record::ITEMS;
use crate::table::{ItemKey, ReplyKey, ScoreKey, StepKey, for_each_batch};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use telos_core::record::{BenchmarkEntry, Manifest, ReplyRow, ScoreRow, StepRow};

/// The order of a record's arms, benchmarks and items.
pub(super) struct Names<'a> {
    dir: PathBuf,
    manifest: &'a Manifest,
    arms: HashMap<&'a str, u32>,
    benchmarks: HashMap<&'a str, u32>,
    /// For each benchmark, the items' ids in the data's order.
    items: Vec<Vec<String>>,
    places: Vec<HashMap<String, u32>>,
}

impl<'a> Names<'a> {
    /// Reads the order of items; the rest stands in the manifest.
    pub(super) fn read(dir: &Path, manifest: &'a Manifest) -> Result<Self, DataError> {
        let benchmarks: HashMap<_, _> = manifest.benchmarks.iter().map(|b| b.id.as_str()).zip(0_u32..).collect();
        let arms = manifest.arms.iter().map(|arm| arm.id.as_str()).zip(0_u32..).collect();
        let mut rows: Vec<Vec<(u32, String)>> = vec![Vec::new(); benchmarks.len()];
        let mut names =
            Self { dir: dir.to_path_buf(), manifest, arms, benchmarks, items: Vec::new(), places: Vec::new() };
        for_each_batch(dir.join(ITEMS), |batch: Vec<ItemKey>| {
            for row in batch {
                rows[names.benchmark(&row.benchmark)? as usize].push((row.index, row.item));
            }
            Ok::<_, DataError>(())
        })?;
        for mut rows in rows {
            rows.sort_unstable();
            let items: Vec<String> = rows.into_iter().map(|(_, item)| item).collect();
            names.places.push(items.iter().cloned().zip(0..).collect());
            names.items.push(items);
        }
        Ok(names)
    }

    /// The name of an arm.
    pub(super) fn arm(&self, key: Key) -> &str {
        &self.manifest.arms[key.arm as usize].id
    }

    /// What the manifest says of a line's benchmark.
    pub(super) fn benchmark_of(&self, key: Key) -> &BenchmarkEntry {
        &self.manifest.benchmarks[key.benchmark as usize]
    }

    /// How many items a benchmark has.
    pub(super) fn count(&self, benchmark: u32) -> u32 {
        self.items[benchmark as usize].len() as u32
    }

    /// The id of a line's item.
    pub(super) fn item_of(&self, key: Key) -> &str {
        &self.items[key.benchmark as usize][key.item as usize]
    }

    /// An error about the record.
    pub(super) fn inconsistent(&self, message: impl Into<String>) -> DataError {
        DataError::Inconsistent { path: self.dir.clone(), message: message.into() }
    }

    fn benchmark(&self, name: &str) -> Result<u32, DataError> {
        let found = self.benchmarks.get(name).copied();
        found.ok_or_else(|| {
            self.inconsistent(format!("a table names the benchmark `{name}`, which run.json does not have"))
        })
    }

    /// The places of a benchmark and of an item in it.
    fn item(&self, benchmark: &str, item: &str) -> Result<(u32, u32), DataError> {
        let place = self.benchmark(benchmark)?;
        let found = self.places[place as usize].get(item).copied();
        let missing = || {
            self.inconsistent(format!("a table names the item `{item}` of {benchmark}, which {ITEMS} does not have"))
        };
        Ok((place, found.ok_or_else(missing)?))
    }

    fn key(&self, arm: &str, benchmark: &str, item: &str, repeat: u32) -> Result<Vec<Key>, DataError> {
        let missing = || self.inconsistent(format!("a table names the arm `{arm}`, which run.json does not have"));
        let arm = self.arms.get(arm).copied().ok_or_else(missing)?;
        let (benchmark, item) = self.item(benchmark, item)?;
        Ok(vec![Key { arm, benchmark, item, repeat }])
    }

    /// The lines of a reply: one, or where no controller acts one for each arm of the model.
    fn reply(
        &self,
        (model, controller): (&str, Option<&str>),
        benchmark: &str,
        item: &str,
        repeat: u32,
    ) -> Result<Vec<Key>, DataError> {
        let (benchmark, item) = self.item(benchmark, item)?;
        let keys: Vec<Key> = (0..)
            .zip(&self.manifest.arms)
            .filter(|(_, arm)| arm.model == model && controller.is_none_or(|controller| arm.controller == controller))
            .map(|(arm, _)| Key { arm, benchmark, item, repeat })
            .collect();
        if keys.is_empty() {
            let controller = controller.unwrap_or("any controller");
            return Err(self.inconsistent(format!(
                "a reply is of the model `{model}` with {controller}, which is no arm of run.json"
            )));
        }
        Ok(keys)
    }
}

/// A row that belongs to lines of the export.
pub(super) trait Located {
    /// The lines that it belongs to, at least one.
    fn keys(&self, names: &Names<'_>) -> Result<Vec<Key>, DataError>;
}

macro_rules! located {
    ($($row:ident),+) => {$(
        impl Located for $row {
            fn keys(&self, names: &Names<'_>) -> Result<Vec<Key>, DataError> {
                names.key(&self.arm, &self.benchmark, &self.item, self.repeat)
            }
        }
    )+};
}

macro_rules! located_reply {
    ($($row:ident),+) => {$(
        impl Located for $row {
            fn keys(&self, names: &Names<'_>) -> Result<Vec<Key>, DataError> {
                let arm = (self.model.as_str(), self.controller.as_deref());
                names.reply(arm, &self.benchmark, &self.item, self.repeat)
            }
        }
    )+};
}

located!(ScoreKey, ScoreRow, StepKey, StepRow);
located_reply!(ReplyKey, ReplyRow);
