//! Why a model cannot be opened. What is not supported, what is broken and what does not fit together are different things:
//! the first wants another model or a newer program, the second another copy of the file, the third a look at the files.

use telos_template::TemplateError;

/// The reason. The message reads after "failed to open the model: NAME: ".
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// There is no such file, folder, tensor or name.
    #[error("{0}")]
    Missing(String),
    /// The file is what it says, but this program does not compute it.
    #[error("{what} is not supported; supported: {supported}")]
    Unsupported {
        /// What it is, by its own name.
        what: String,
        /// What could stand there instead.
        supported: String,
    },
    /// The file's bytes contradict its format.
    #[error("{file} is broken: {why}; fetch it again")]
    Broken {
        /// The file.
        file: String,
        /// What contradicts what, and where.
        why: String,
    },
    /// A weight is NaN or infinite.
    #[error(
        "tensor `{tensor}` holds {value} at place {place}: the weights are broken; fetch or export the model again"
    )]
    NotFinite {
        /// Its name.
        tensor: String,
        /// Where among its values, from 0.
        place: usize,
        /// What is there.
        value: f32,
    },
    /// A key of a configuration or of a file's metadata has a value that it cannot have.
    #[error("`{key}` of {file} {why}")]
    Key {
        /// The key.
        key: String,
        /// The file.
        file: String,
        /// What it is and what was expected, as in "is 0: expected 1 or more".
        why: String,
    },
    /// Files, or values of them, that are not of one model.
    #[error("{0}")]
    Mismatch(String),
    /// The system does not give the file, or it is none.
    #[error("cannot read {file}: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says, or what is there instead of a file.
        why: String,
    },
    /// A file that is read whole is larger than any of its kind.
    #[error("{file} has {bytes} bytes, and {limit} is the most that is read of such a file; is it the right one?")]
    TooLarge {
        /// The file.
        file: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The weights do not fit into memory.
    #[error("the weights take {needed} bytes of memory in f32, and the system does not give that much")]
    Memory {
        /// Bytes.
        needed: u64,
    },
    /// The tokenizer cannot be made of its file.
    #[error("the tokenizer of {file} {why}")]
    Tokenizer {
        /// The file.
        file: String,
        /// What it is or lacks, as in "is no JSON: …".
        why: String,
    },
    /// The chat template is none, or asks for more than a template may.
    #[error("the chat template of {file} cannot be used: {error}")]
    Template {
        /// The file that it stands in.
        file: String,
        /// What is wrong with it, and in which of its lines.
        error: TemplateError,
    },
}

impl OpenError {
    /// A file whose bytes contradict its format.
    pub(crate) fn broken(file: &str, why: impl Into<String>) -> Self {
        Self::Broken { file: file.to_owned(), why: why.into() }
    }

    /// Something that is not computed here.
    pub(crate) fn unsupported(what: impl Into<String>, supported: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into(), supported: supported.into() }
    }

    /// A key with a value that it cannot have.
    pub(crate) fn key(file: &str, key: &str, why: impl Into<String>) -> Self {
        Self::Key { key: key.to_owned(), file: file.to_owned(), why: why.into() }
    }
}
