//! What an export is: a form that a record can be written in.

use crate::DataError;
use std::fmt;
use std::io::Write;
use std::path::Path;

/// One form of a record, as `telos export --format NAME` offers it.
#[derive(Clone, Copy)]
pub struct Export {
    /// How it is asked for.
    pub name: &'static str,
    /// What comes of it, in a sentence without its end.
    pub about: &'static str,
    /// A command that writes it, the record's folder called `RUN`.
    pub example: &'static str,
    /// Writes the record of a folder and says how many of its entries there were. No time, speed or path of the machine is
    /// in what is written, so that two runs of one suite export the same bytes.
    pub write: fn(&Path, &mut dyn Write) -> Result<u64, DataError>,
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export").field("name", &self.name).finish_non_exhaustive()
    }
}
