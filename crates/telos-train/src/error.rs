//! What can go wrong.

use std::path::{Path, PathBuf};

/// An error of the training program. The message reads after "failed to …:".
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrainError {
    /// The grammar is not well formed.
    #[error("the grammar is not well formed: {0}")]
    Grammar(String),
    /// A tensor operation failed.
    #[error("a tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// The tokenizer cannot be trained, read or used.
    #[error("the tokenizer failed: {0}")]
    Tokenizer(String),
    /// A file cannot be read or written.
    #[error("cannot read or write {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A model folder is not one of this program's.
    #[error("{0}; make the folder with `telos-train train`")]
    Folder(String),
    /// JSON cannot be written.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Figures of the model card are missed.
    #[error("these figures are missed: {0}")]
    Missed(String),
    /// A training thread ended early.
    #[error("the training of {0} ended early")]
    Thread(&'static str),
}

impl TrainError {
    /// A failure at a file.
    pub(crate) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::File { path, error }
    }
}
