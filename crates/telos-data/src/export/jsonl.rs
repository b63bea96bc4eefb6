//! `jsonl`: one line for each arm, benchmark, item and repeat, in that order.
//!
//! Replies are not held in memory all at once: one pass over the narrow key columns says which line has rows in which row
//! group; then the lines are written a thousand at a time, with the row groups that these need in memory and no others.
//! The runner writes rows nearly in this order, so that is a handful of groups.

use super::entry::Export;
use super::groups::Groups;
use super::key::{CHUNK, Key};
use super::line::Parts;
use super::names::Names;
use crate::DataError;
use crate::record::{REPLIES, SCORES, STEPS};
use crate::stored::StoredRecord;
use crate::table::{ReplyKey, ScoreKey, StepKey};
use std::io::Write;
use std::path::Path;
use telos_core::Tables;
use telos_core::record::{ReplyRow, ScoreRow, StepRow};

pub(super) const ENTRY: Export = Export {
    name: "jsonl",
    about: "One JSON object for each arm, benchmark, item and repeat",
    example: "telos export RUN --format jsonl -o run.jsonl",
    write: |dir, out| export_jsonl(dir, out),
};

/// Writes a record's lines: `arm`, `benchmark`, `item`, `repeat`, `status` (the worst of its replies), `requests` and
/// `replies` (in the probe's form, a controlled text's `steps` put back), `scores` (metric to number or null). There is a
/// line wherever there is a reply or a score. Replies on which no controller acts stand under every arm of their model.
/// Returns the number of lines. No time, speed or path is in them: two runs of one suite export the same bytes.
pub fn export_jsonl(dir: impl AsRef<Path>, out: &mut dyn Write) -> Result<u64, DataError> {
    let dir = dir.as_ref();
    let record = StoredRecord::open(dir)?;
    let names = Names::read(dir, record.manifest())?;
    let mut replies = Groups::<ReplyRow>::index::<ReplyKey>(&dir.join(REPLIES), &names)?;
    let mut scores = Groups::<ScoreRow>::index::<ScoreKey>(&dir.join(SCORES), &names)?;
    let mut steps = Groups::<StepRow>::index::<StepKey>(&dir.join(STEPS), &names)?;
    let mut keys: Vec<Key> = replies.keys().chain(scores.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for chunk in keys.chunks(CHUNK) {
        let mut replies = replies.rows(chunk, &names)?;
        let mut scores = scores.rows(chunk, &names)?;
        let mut steps = steps.rows(chunk, &names)?;
        for key in chunk {
            let parts = Parts {
                replies: replies.remove(key).unwrap_or_default(),
                scores: scores.remove(key).unwrap_or_default(),
                steps: steps.remove(key).unwrap_or_default(),
            };
            let line = names.line(*key, parts)?;
            serde_json::to_writer(&mut *out, &line).map_err(|e| DataError::Output(e.into()))?;
            out.write_all(b"\n").map_err(DataError::Output)?;
        }
    }
    out.flush().map_err(DataError::Output)?;
    Ok(keys.len() as u64)
}
