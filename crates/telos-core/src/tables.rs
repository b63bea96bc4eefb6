//! A record as something to go through, table by table: what reports need of it, whether it lies in memory or in files.

use crate::record::{ItemRow, Manifest, Record, ReplyRow, ScoreRow, StepRow};

/// Why a table could not be read to its end.
pub type Unreadable = Box<dyn std::error::Error + Send + Sync>;

/// The tables of a record. Each can be gone through as often as needed, in the order in which its rows were written; who
/// does so keeps what is needed and no more, so that a record need not fit into memory.
pub trait Tables {
    /// `run.json`.
    fn manifest(&self) -> &Manifest;

    /// Hands over every row of `items.parquet`.
    fn items(&self, each: &mut dyn FnMut(&ItemRow)) -> Result<(), Unreadable>;

    /// Hands over every row of `replies.parquet`.
    fn replies(&self, each: &mut dyn FnMut(&ReplyRow)) -> Result<(), Unreadable>;

    /// Hands over every row of `scores.parquet`.
    fn scores(&self, each: &mut dyn FnMut(&ScoreRow)) -> Result<(), Unreadable>;

    /// Hands over every row of `steps.parquet`.
    fn steps(&self, each: &mut dyn FnMut(&StepRow)) -> Result<(), Unreadable>;
}

impl Tables for Record {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn items(&self, each: &mut dyn FnMut(&ItemRow)) -> Result<(), Unreadable> {
        self.items.iter().for_each(each);
        Ok(())
    }

    fn replies(&self, each: &mut dyn FnMut(&ReplyRow)) -> Result<(), Unreadable> {
        self.replies.iter().for_each(each);
        Ok(())
    }

    fn scores(&self, each: &mut dyn FnMut(&ScoreRow)) -> Result<(), Unreadable> {
        self.scores.iter().for_each(each);
        Ok(())
    }

    fn steps(&self, each: &mut dyn FnMut(&StepRow)) -> Result<(), Unreadable> {
        self.steps.iter().for_each(each);
        Ok(())
    }
}
