//! What can go wrong between files and rows. Every message reads after "failed to".

use std::fmt;
use std::io;
use std::path::PathBuf;
use telos_core::record::FORMAT;

/// Where in a data file something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The row within the file, from 0.
    pub row: Option<usize>,
    /// The line on which it begins, from 1, where the format has lines.
    pub line: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(row) = self.row {
            write!(f, ", row {row} (counted from 0)")?;
        }
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        Ok(())
    }
}

/// Why data or a record could not be read or written. The message reads after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The operating system refused something: no such file, no space left, no permission.
    #[error("{doing} {}: {cause}", .path.display())]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The kind of a source is not in the table.
    #[error("read {}: `{kind}` is no kind of source{hint}; known: {known}", .path.display())]
    Kind {
        /// The file or folder.
        path: PathBuf,
        /// The kind as given.
        kind: String,
        /// Empty, or which kind was meant.
        hint: String,
        /// The kinds that there are.
        known: String,
    },
    /// A data file, or a row of it, is not what its format demands.
    #[error("read {place}: {message}")]
    Broken {
        /// Where.
        place: Box<Place>,
        /// What was found and what was expected.
        message: String,
    },
    /// The data are not those that were asked for.
    #[error(
        "read {}: its sha256 is {found}, expected {expected}; fetch the version that the benchmark names, or change `sha256` \
         if this one is meant",
        .path.display()
    )]
    Checksum {
        /// The file or folder.
        path: PathBuf,
        /// As the source says, in lower case.
        expected: String,
        /// As the bytes give.
        found: String,
    },
    /// There are no rows.
    #[error("read {}: it holds no rows", .path.display())]
    Empty {
        /// The file or folder.
        path: PathBuf,
    },
    /// A column that the benchmark names is not there.
    #[error("read {place}: there is no column `{column}`, which is to be the {role}{hint}; columns: {known}")]
    Column {
        /// The row that lacks it.
        place: Box<Place>,
        /// The column as named.
        column: String,
        /// `item's id` or `cluster`.
        role: &'static str,
        /// Empty, or which column was meant.
        hint: String,
        /// The row's columns.
        known: String,
    },
    /// Two rows have the same id.
    #[error(
        "read {second}: its id `{id}` is also that of {first}; ids must differ: name another column as `id`, or none to \
         count the rows"
    )]
    DuplicateId {
        /// The id.
        id: String,
        /// The first row that has it.
        first: Box<Place>,
        /// The second.
        second: Box<Place>,
    },
    /// A number that a table cannot hold.
    #[error("write {}: `{column}` is not a finite number in the row of {row}", .path.display())]
    NotFinite {
        /// The table.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// The row, by its benchmark, item and so on.
        row: String,
    },
    /// Parquet could not be written, or a table is not one of a record.
    #[error("{doing} {}: {message}", .path.display())]
    Table {
        /// `read` or `write`.
        doing: &'static str,
        /// The table.
        path: PathBuf,
        /// What was found and what can be done.
        message: String,
    },
    /// The file is of another format than the one that this version reads.
    #[error(
        "read {}: it is of record format {found}, and this version of telos reads formats 1 to {FORMAT}; use the version that \
         wrote it",
        .path.display()
    )]
    Format {
        /// The table or manifest.
        path: PathBuf,
        /// The number that stands there.
        found: String,
    },
    /// `run.json` is cut short, no JSON, or lacks something.
    #[error("read {}: {message}", .path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What was found.
        message: String,
    },
    /// A manifest that would not read back as it is; a number that is not finite, most likely.
    #[error("write {}: {message}", .path.display())]
    Unwritable {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// There is no record.
    #[error("read the record {}: there is no run.json; give the folder that `telos run` wrote", .path.display())]
    NoRecord {
        /// The folder that was to be a record.
        path: PathBuf,
    },
    /// The run of a record is not complete, so that there is nothing to read yet.
    #[error(
        "read the record {}: its run is not finished ({how}); finish it with `telos run … --resume`",
        .path.display()
    )]
    Unfinished {
        /// The record's folder.
        path: PathBuf,
        /// How far it is: `running`, `interrupted` or `broken off`.
        how: String,
    },
    /// A table is not the one that the run wrote.
    #[error("trust {}: {message}", .path.display())]
    Altered {
        /// The table.
        path: PathBuf,
        /// What was found, and what to do.
        message: String,
    },
    /// The parts of a record contradict each other.
    #[error("read the record {}: {message}", .path.display())]
    Inconsistent {
        /// The record's folder.
        path: PathBuf,
        /// What contradicts what.
        message: String,
    },
    /// An export could not be written to where the caller wants it.
    #[error("write the export: {0}")]
    Output(io::Error),
}

impl DataError {
    /// Whether a record is there and cannot be relied on: not finished, altered, or at odds with itself.
    pub fn is_invalid_record(&self) -> bool {
        matches!(self, Self::Unfinished { .. } | Self::Altered { .. } | Self::Inconsistent { .. })
    }

    /// Whether what was given is at fault (a data file, a path, a record), not the machine or Telos itself.
    pub fn is_input(&self) -> bool {
        match self {
            Self::Io { doing, .. } => doing.starts_with("read") || doing.starts_with("list"),
            Self::Table { doing, .. } => *doing == "read",
            Self::Kind { .. }
            | Self::Broken { .. }
            | Self::Checksum { .. }
            | Self::Empty { .. }
            | Self::Column { .. }
            | Self::DuplicateId { .. }
            | Self::Format { .. }
            | Self::Manifest { .. }
            | Self::NoRecord { .. }
            | Self::Unfinished { .. }
            | Self::Altered { .. }
            | Self::Inconsistent { .. } => true,
            Self::NotFinite { .. } | Self::Unwritable { .. } | Self::Output(_) => false,
        }
    }
}

/// Names an I/O error: what was being done, and to what.
pub(crate) fn io_error(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> DataError {
    let path = path.into();
    move |cause| DataError::Io { doing, path, cause }
}

/// `; did you mean `x`?`, or nothing. Letters of the other case count as a slip.
pub(crate) fn hint<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let same = known.iter().copied().find(|name| name.eq_ignore_ascii_case(given));
    let near = same.or_else(|| telos_core::text::did_you_mean(given, known));
    near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}
