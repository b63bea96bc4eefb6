//! A record in its folder, read a row group at a time: the one place where it is found to be whole.

use crate::DataError;
use crate::error::io_error;
use crate::record::{ITEMS, JOURNAL, MANIFEST, REPLIES, SCORES, STEPS, TIMINGS, read_manifest, tables};
use crate::table::{Row, Table, for_each_batch, read_rows};
use std::fs::File;
use std::path::{Path, PathBuf};
use telos_core::record::{ItemRow, Manifest, Record, ReplyRow, RunStatus, ScoreRow, StepRow, TimingRow};
use telos_core::{Tables, Unreadable};

/// A record that lies in a folder: its run is complete, its tables are those that the run wrote, and they have the columns
/// that they should.
#[derive(Debug, Clone)]
pub struct StoredRecord {
    dir: PathBuf,
    manifest: Manifest,
}

impl StoredRecord {
    /// Opens a record. A run that is not complete is [`DataError::Unfinished`], a table that is not the one of `run.json`
    /// [`DataError::Altered`]. Records of format 1 have no hashes, so that their tables are taken as they are.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, DataError> {
        let dir = dir.as_ref();
        let manifest = complete_manifest(dir)?;
        for name in tables(manifest.format) {
            let path = dir.join(name);
            if !path.is_file() {
                let message = "it is not there as a file, though the run is complete; restore it, or make the record anew with \
                               `telos run … --resume`";
                return Err(DataError::Altered { path, message: message.to_owned() });
            }
            if manifest.format >= 2 {
                check_hash(&path, name, &manifest)?;
            }
        }
        let items = Table::<ItemRow>::open(&dir.join(ITEMS))?.count();
        let replies = Table::<ReplyRow>::open(&dir.join(REPLIES))?.count();
        let scores = Table::<ScoreRow>::open(&dir.join(SCORES))?.count();
        Table::<StepRow>::open(&dir.join(STEPS))?;
        if manifest.format >= 2 {
            Table::<TimingRow>::open(&dir.join(TIMINGS))?;
        }
        check_counts(dir, &manifest, items, replies.saturating_add(scores))?;
        Ok(Self { dir: dir.to_path_buf(), manifest })
    }

    fn each<R: Row>(&self, table: &str, each: &mut dyn FnMut(&R)) -> Result<(), Unreadable> {
        for_each_batch(self.dir.join(table), |batch: Vec<R>| {
            batch.iter().for_each(&mut *each);
            Ok::<_, DataError>(())
        })?;
        Ok(())
    }
}

/// The manifest of a record whose run is complete.
fn complete_manifest(dir: &Path) -> Result<Manifest, DataError> {
    let unfinished = |how: &str| DataError::Unfinished { path: dir.to_path_buf(), how: how.to_owned() };
    let begun = dir.join(JOURNAL).exists();
    if !dir.join(MANIFEST).exists() {
        return Err(if begun { unfinished("broken off") } else { DataError::NoRecord { path: dir.to_path_buf() } });
    }
    match read_manifest(dir) {
        Err(DataError::Manifest { .. }) if begun => Err(unfinished("broken off")),
        Ok(manifest) if manifest.status != RunStatus::Complete => Err(unfinished(manifest.status.as_str())),
        other => other,
    }
}

/// Whether a table is the one that the run wrote.
fn check_hash(path: &Path, name: &str, manifest: &Manifest) -> Result<(), DataError> {
    let altered = |message: String| Err(DataError::Altered { path: path.to_path_buf(), message });
    let Some(expected) = manifest.tables.get(name) else {
        return altered("run.json has no hash of it, though the run is complete; restore run.json".to_owned());
    };
    let found = hash(path)?;
    if found == *expected || manifest.replacing.get(name) == Some(&found) {
        return Ok(());
    }
    altered(format!(
        "it is damaged or of another run: its blake3 is {found}, and run.json has {expected}; restore it, or run again"
    ))
}

/// The blake3 of a file, as [`Manifest::tables`] has it.
fn hash(path: &Path) -> Result<String, DataError> {
    let mut hasher = blake3::Hasher::new();
    let mut file = File::open(path).map_err(io_error("read", path))?;
    std::io::copy(&mut file, &mut hasher).map_err(io_error("read", path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// What `run.json` counts must be in the tables, since memory is taken by it: every item that it counts, and for each
/// item and repeat of each benchmark at least one reply or score.
fn check_counts(dir: &Path, manifest: &Manifest, items: u64, rows: u64) -> Result<(), DataError> {
    let wrong = |message: String| Err(DataError::Inconsistent { path: dir.to_path_buf(), message });
    let mut counted = 0_u64;
    for benchmark in &manifest.benchmarks {
        let (items, repeats) = (benchmark.items as u64, u64::from(benchmark.repeats.max(1)));
        counted = counted.saturating_add(items);
        if items.max(1).saturating_mul(repeats) > rows.max(1) {
            return wrong(format!(
                "run.json says that {} has {items} items and {repeats} repeats, and its tables hold {rows} replies and scores",
                benchmark.id
            ));
        }
    }
    if counted != items {
        return wrong(format!("run.json counts {counted} items, and {ITEMS} holds {items}"));
    }
    Ok(())
}

/// Reads a whole record into memory.
pub fn read_record(dir: impl AsRef<Path>) -> Result<Record, DataError> {
    let StoredRecord { dir, manifest } = StoredRecord::open(dir)?;
    Ok(Record {
        items: read_rows(dir.join(ITEMS))?,
        replies: read_rows(dir.join(REPLIES))?,
        scores: read_rows(dir.join(SCORES))?,
        steps: read_rows(dir.join(STEPS))?,
        manifest,
    })
}

impl Tables for StoredRecord {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn items(&self, each: &mut dyn FnMut(&ItemRow)) -> Result<(), Unreadable> {
        self.each(ITEMS, each)
    }

    fn replies(&self, each: &mut dyn FnMut(&ReplyRow)) -> Result<(), Unreadable> {
        self.each(REPLIES, each)
    }

    fn scores(&self, each: &mut dyn FnMut(&ScoreRow)) -> Result<(), Unreadable> {
        self.each(SCORES, each)
    }

    fn steps(&self, each: &mut dyn FnMut(&StepRow)) -> Result<(), Unreadable> {
        self.each(STEPS, each)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::atomic::tests::Folder;
    use crate::record::tests::manifest;
    use crate::{TableWriter, write_manifest};
    use std::fs;

    fn table<R: Row>(folder: &Folder, name: &str, manifest: &mut Manifest) {
        let hash = TableWriter::<R>::create(folder.path().join(name)).unwrap().finish().unwrap();
        manifest.tables.insert(name.to_owned(), hash);
    }

    /// A record of empty tables.
    fn record() -> (Folder, Manifest) {
        let (folder, mut manifest) = (Folder::new(), manifest());
        manifest.benchmarks.clear();
        table::<ItemRow>(&folder, ITEMS, &mut manifest);
        table::<ReplyRow>(&folder, REPLIES, &mut manifest);
        table::<ScoreRow>(&folder, SCORES, &mut manifest);
        table::<StepRow>(&folder, STEPS, &mut manifest);
        table::<TimingRow>(&folder, TIMINGS, &mut manifest);
        write_manifest(folder.path(), &manifest).unwrap();
        (folder, manifest)
    }

    fn check(folder: &Folder, word: &str) -> DataError {
        let error = StoredRecord::open(folder.path()).unwrap_err();
        assert!(error.to_string().contains(word) && error.is_input(), "{error}");
        error
    }

    /// R3: every table is held against its hash.
    #[test]
    fn r3_a_table_of_another_run_or_a_flipped_bit_is_not_trusted() {
        for name in tables(2) {
            let (folder, manifest) = record();
            assert_eq!(read_record(folder.path()).unwrap().manifest, manifest);
            let path = folder.path().join(name);
            let mut bytes = fs::read(&path).unwrap();
            for at in [0, bytes.len() / 2, bytes.len() - 1] {
                bytes[at] ^= 1;
                fs::write(&path, &bytes).unwrap();
                assert!(matches!(check(&folder, name), DataError::Altered { .. }));
                bytes[at] ^= 1;
            }
            fs::remove_file(&path).unwrap();
            assert!(check(&folder, "is not there as a file").is_invalid_record());
            let mut without = manifest.clone();
            without.tables.remove(*name);
            fs::write(&path, &bytes).unwrap();
            write_manifest(folder.path(), &without).unwrap();
            assert!(matches!(check(&folder, "has no hash"), DataError::Altered { .. }));
        }
    }

    /// `telos score` may be killed between its two renames.
    #[test]
    fn either_table_will_do_while_one_is_replaced() {
        let (folder, mut manifest) = record();
        let hash = manifest.tables.insert(SCORES.to_owned(), "0".repeat(64)).unwrap();
        write_manifest(folder.path(), &manifest).unwrap();
        check(&folder, "of another run");
        manifest.replacing.insert(SCORES.to_owned(), hash);
        write_manifest(folder.path(), &manifest).unwrap();
        StoredRecord::open(folder.path()).unwrap();
    }

    /// R5: a run that is not complete is said to be so, whatever of it is there.
    #[test]
    fn r5_an_unfinished_run_says_so() {
        let (folder, mut manifest) = record();
        for status in [RunStatus::Running, RunStatus::Interrupted] {
            manifest.status = status;
            write_manifest(folder.path(), &manifest).unwrap();
            assert!(check(&folder, "--resume").to_string().contains(status.as_str()));
        }
        folder.file(JOURNAL, "");
        folder.file(MANIFEST, "{\"format\"");
        assert!(check(&folder, "not finished").is_invalid_record());
        fs::remove_file(folder.path().join(MANIFEST)).unwrap();
        assert!(matches!(check(&folder, "not finished"), DataError::Unfinished { .. }));
        fs::remove_file(folder.path().join(JOURNAL)).unwrap();
        assert!(matches!(check(&folder, "no run.json"), DataError::NoRecord { .. }));
    }

    /// R8: numbers of run.json are held against the tables before anything is made as large as they say.
    #[test]
    fn r8_counts_that_the_tables_do_not_bear_out_are_refused() {
        let (folder, whole) = record();
        for (items, repeats) in [(2, 1), (0, u32::MAX), (usize::MAX, 1), (usize::MAX, u32::MAX)] {
            let mut manifest = whole.clone();
            manifest.benchmarks = crate::record::tests::manifest().benchmarks;
            manifest.benchmarks.truncate(1);
            (manifest.benchmarks[0].items, manifest.benchmarks[0].repeats) = (items, repeats);
            write_manifest(folder.path(), &manifest).unwrap();
            assert!(matches!(check(&folder, "run.json"), DataError::Inconsistent { .. }));
        }
    }
}
