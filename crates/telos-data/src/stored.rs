//! A record in its folder, read a row group at a time.

use crate::DataError;
use crate::record::{ITEMS, REPLIES, SCORES, STEPS, read_manifest};
use crate::table::{Row, Table, for_each_batch};
use std::path::{Path, PathBuf};
use telos_core::record::{ItemRow, Manifest, ReplyRow, ScoreRow, StepRow};
use telos_core::{Tables, Unreadable};

/// A record that lies in a folder: its manifest is read, its tables are there and have the columns that they should.
#[derive(Debug, Clone)]
pub struct StoredRecord {
    dir: PathBuf,
    manifest: Manifest,
}

impl StoredRecord {
    /// Opens a record. All its files must be there; a run that was killed has no tables until it is resumed.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, DataError> {
        let dir = dir.as_ref();
        let manifest = read_manifest(dir)?;
        Table::<ItemRow>::open(&dir.join(ITEMS))?;
        Table::<ReplyRow>::open(&dir.join(REPLIES))?;
        Table::<ScoreRow>::open(&dir.join(SCORES))?;
        Table::<StepRow>::open(&dir.join(STEPS))?;
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
