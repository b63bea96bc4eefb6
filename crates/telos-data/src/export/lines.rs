//! A record's replies and steps, brought together line by line.

use super::groups::Groups;
use super::key::{CHUNK, Key};
use super::names::Names;
use crate::DataError;
use crate::record::{REPLIES, STEPS};
use crate::table::{ReplyKey, StepKey};
use std::path::Path;
use std::rc::Rc;
use telos_core::record::{Manifest, ReplyRow, StepRow};

/// What a record holds of one arm, benchmark, item and repeat.
#[derive(Debug)]
pub struct Line {
    /// The arm's place in the manifest.
    pub arm: usize,
    /// The benchmark's place in the manifest.
    pub benchmark: usize,
    /// The item's place among the benchmark's, in the data's order.
    pub item: usize,
    /// The repeat, from 0.
    pub repeat: u32,
    /// Its replies, by wave and index; none where the record has none. Those on which no controller acts come under every
    /// arm of their model.
    pub replies: Vec<Rc<ReplyRow>>,
    /// Its controlled steps, by wave, index and step.
    pub steps: Vec<Rc<StepRow>>,
}

/// Hands over every line that the manifest stands for, arm by arm, benchmark by benchmark, item by item, repeat by repeat,
/// and stops at the first error. Some thousand lines are in memory at a time.
pub fn for_each_line<E: From<DataError>>(
    dir: impl AsRef<Path>,
    manifest: &Manifest,
    mut each: impl FnMut(Line) -> Result<(), E>,
) -> Result<(), E> {
    let dir = dir.as_ref();
    let names = Names::read(dir, manifest)?;
    let mut replies = Groups::<ReplyRow>::index::<ReplyKey>(&dir.join(REPLIES), &names)?;
    let mut steps = Groups::<StepRow>::index::<StepKey>(&dir.join(STEPS), &names)?;
    for arm in 0..manifest.arms.len() as u32 {
        for (benchmark, entry) in (0..).zip(&manifest.benchmarks) {
            let items = names.count(benchmark);
            let repeats = entry.repeats.max(1);
            let keys = (0..items).flat_map(|item| {
                let key = move |repeat| Key { arm, benchmark, item, repeat };
                (0..repeats).map(key)
            });
            let keys: Vec<Key> = keys.collect();
            for chunk in keys.chunks(CHUNK) {
                let mut replies = replies.rows(chunk, &names)?;
                let mut steps = steps.rows(chunk, &names)?;
                for key in chunk {
                    let mut replies = replies.remove(key).unwrap_or_default();
                    let mut steps = steps.remove(key).unwrap_or_default();
                    replies.sort_by_key(|row| (row.wave, row.index));
                    steps.sort_by_key(|row| (row.wave, row.index, row.step));
                    let (arm, benchmark, item) = (key.arm as usize, key.benchmark as usize, key.item as usize);
                    each(Line { arm, benchmark, item, repeat: key.repeat, replies, steps })?;
                }
            }
        }
    }
    Ok(())
}
