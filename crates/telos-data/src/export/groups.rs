//! Which row groups of a table hold the rows of which line, and the rows of some lines.

use super::key::Key;
use super::names::{Located, Names};
use crate::DataError;
use crate::table::{Row, Table};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

/// A table with an index from lines to row groups.
pub(super) struct Groups<R> {
    table: Table<R>,
    /// Sorted, each pair once: a line and a group that has rows of it.
    index: Vec<(Key, u32)>,
    /// The groups that the last lines needed: the next ones mostly need them too.
    held: HashMap<u32, Vec<Rc<R>>>,
}

impl<R: Row + Located> Groups<R> {
    /// Reads the columns of `N`, which say whose rows are where.
    pub(super) fn index<N: Row + Located>(path: &Path, names: &Names<'_>) -> Result<Self, DataError> {
        let narrow = Table::<N>::open(path)?;
        let mut index = Vec::new();
        for group in 0..narrow.groups() {
            let mut keys = Vec::new();
            for row in narrow.group(group)? {
                keys.extend(row.keys(names)?);
            }
            keys.sort_unstable();
            keys.dedup();
            index.extend(keys.into_iter().map(|key| (key, group as u32)));
        }
        index.sort_unstable();
        Ok(Self { table: Table::open(path)?, index, held: HashMap::new() })
    }

    /// The lines that have rows, in order; one may come several times.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.index.iter().map(|(key, _)| *key)
    }

    /// The rows of some lines, given in order, by line and in the table's order.
    pub(super) fn rows(&mut self, lines: &[Key], names: &Names<'_>) -> Result<HashMap<Key, Vec<Rc<R>>>, DataError> {
        let wanted: HashSet<Key> = lines.iter().copied().collect();
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return Ok(HashMap::new()) };
        let begin = self.index.partition_point(|(key, _)| key < first);
        let end = self.index.partition_point(|(key, _)| key <= last);
        let needed: BTreeSet<u32> = self.index[begin..end].iter().map(|(_, group)| *group).collect();
        self.held.retain(|group, _| needed.contains(group));
        let mut rows: HashMap<Key, Vec<Rc<R>>> = HashMap::new();
        for group in needed {
            if !self.held.contains_key(&group) {
                let read = self.table.group(group as usize)?.into_iter().map(Rc::new).collect();
                self.held.insert(group, read);
            }
            for row in &self.held[&group] {
                for key in row.keys(names)?.into_iter().filter(|key| wanted.contains(key)) {
                    rows.entry(key).or_default().push(Rc::clone(row));
                }
            }
        }
        Ok(rows)
    }
}
