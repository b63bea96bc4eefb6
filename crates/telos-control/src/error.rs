//! Why an object cannot be used.

use telos_core::RequestError;

/// Why a controller's or a constraint's object cannot be used. The message reads after "failed to read it: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SpecError {
    /// What is wrong, what was expected, and how to mend it.
    pub message: String,
}

impl SpecError {
    /// An error with its message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl From<SpecError> for RequestError {
    fn from(error: SpecError) -> Self {
        Self::invalid(error.message)
    }
}
