//! What can go wrong around a run. Every message reads after "failed to".

use crate::Problem;
use std::io;
use std::path::{Path, PathBuf};
use telos_core::ModelError;
use telos_data::DataError;

/// Why a suite could not be planned.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// There is no arm, no benchmark or no item.
    #[error(
        "plan suite `{suite}`: there is nothing to run, it has {arms} arms, {benchmarks} benchmarks and {items} items"
    )]
    Nothing {
        /// The suite's id.
        suite: String,
        /// Arms.
        arms: usize,
        /// Benchmarks.
        benchmarks: usize,
        /// Items of all benchmarks.
        items: usize,
    },
}

/// Why a run, or scoring a record again, ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is nothing to run.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The suite cannot run as it is.
    #[error("start the run:\n{}", list(.0))]
    Problems(Vec<Problem>),
    /// There is a record already.
    #[error("write the record {}: there is one already; go on with it (`--resume`) or name another folder (`--out`)", .0.display())]
    Exists(PathBuf),
    /// Another process works on the folder.
    #[error("write the record {}: another process is at work on it", .0.display())]
    Locked(PathBuf),
    /// The record is of something else.
    #[error("go on with the record {}: it is of another run; what differs: {}", .path.display(), .differences.join("; "))]
    Different {
        /// The record's folder.
        path: PathBuf,
        /// What differs.
        differences: Vec<String>,
    },
    /// The record is not finished, or holds less than is needed.
    #[error("score the record {}: {message}", .path.display())]
    Unscorable {
        /// The record's folder.
        path: PathBuf,
        /// What is missing, and what to do.
        message: String,
    },
    /// A model could not be opened.
    #[error("open the model: {0}")]
    Model(#[from] ModelError),
    /// Data or tables.
    #[error(transparent)]
    Data(Box<DataError>),
    /// The operating system refused something.
    #[error("{doing} {}: {cause}", .path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The journal holds what it cannot hold.
    #[error("read the journal {}: {message}; delete the folder and run again", .path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// What was found.
        message: String,
    },
    /// Someone asked the run to stop; the record can be resumed.
    #[error("finish the run: it was interrupted; go on with `--resume`")]
    Interrupted,
}

impl RunError {
    /// Whether what was given is at fault, not the machine or Telos itself.
    pub fn is_input(&self) -> bool {
        match self {
            Self::Plan(_)
            | Self::Problems(_)
            | Self::Exists(_)
            | Self::Locked(_)
            | Self::Different { .. }
            | Self::Unscorable { .. }
            | Self::Model(_)
            | Self::Io { doing: "create the folder" | "write into the folder", .. } => true,
            Self::Data(error) => error.is_input(),
            Self::Io { .. } | Self::Journal { .. } | Self::Interrupted => false,
        }
    }
}

impl From<DataError> for RunError {
    fn from(error: DataError) -> Self {
        Self::Data(Box::new(error))
    }
}

/// Puts a name to what the system refused.
pub(crate) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RunError {
    let path = path.to_path_buf();
    move |cause| RunError::Io { doing, path, cause }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}
