//! What ends a command early: a message and an exit code.

use crate::exit;
use telos_data::DataError;
use telos_report::ReportError;
use telos_run::{PlanError, RunError};

/// The message is for a person; it says what failed, what was expected and how to mend it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What is printed to standard error.
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

    /// A suite in which nothing would run.
    pub(crate) fn nothing(error: &PlanError) -> Self {
        Self { message: format!("failed to {error}"), code: exit::NOTHING }
    }

    /// Data or a record.
    pub(crate) fn data(error: &DataError) -> Self {
        let code = match error {
            error if error.is_invalid_record() => exit::INVALID,
            error if error.is_input() => exit::USAGE,
            _ => exit::INTERNAL,
        };
        Self { message: format!("failed to {error}"), code }
    }

    /// A report: an arm that is not there is the user's, a damaged table the record's, the rest ours.
    pub(crate) fn report(error: &ReportError) -> Self {
        match error {
            ReportError::Record(cause) => match cause.downcast_ref::<DataError>() {
                Some(error) => Self::data(error),
                None => Self::internal(format!("failed to {error}")),
            },
            ReportError::UnknownArm { .. } | ReportError::NoCounterpart { .. } => {
                Self::usage(format!("failed to {error}"))
            }
            ReportError::NotWhole { .. } => Self { message: format!("failed to {error}"), code: exit::INVALID },
            ReportError::NoBaseline { .. } | ReportError::NoVerdict { .. } => Self::usage(format!("failed to {error}")),
            ReportError::Template(_) | ReportError::Json(_) => Self::internal(format!("failed to {error}")),
        }
    }

    /// A run.
    pub(crate) fn run(error: &RunError) -> Self {
        let code = match error {
            RunError::Data(error) => return Self::data(error),
            RunError::Plan(PlanError::Nothing { .. }) => exit::NOTHING,
            RunError::Interrupted => exit::INTERRUPTED,
            error if error.is_input() => exit::USAGE,
            _ => exit::INTERNAL,
        };
        Self { message: format!("failed to {error}"), code }
    }
}
