//! What ends a command early: a message and an exit code.

use crate::exit;

/// The message is for a person; it says what failed, what was expected and how to mend it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What is printed to standard error; may be empty where everything was said.
    pub(crate) message: String,
    /// One of [`crate::exit`].
    pub(crate) code: u8,
}

impl Failure {
    /// A mistake in the command, the configuration or the input.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: exit::USAGE }
    }

    /// Something that should not happen.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: exit::INTERNAL }
    }

    /// A file or a pipe that cannot be written.
    pub(crate) fn output(error: &std::io::Error) -> Self {
        Self::internal(format!("failed to write the output: {error}"))
    }
}
