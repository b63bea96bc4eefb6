//! What can go wrong.

/// Why a report could not be made. The message reads after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// An arm was named that the record does not have.
    #[error("find the arm `{arm}` in {record}; its arms are {known}")]
    UnknownArm {
        /// The arm as it was named.
        arm: String,
        /// The record as the user named it.
        record: String,
        /// The arms that there are.
        known: String,
    },
    /// One arm was named on one side, and it is not clear what to hold it against.
    #[error("choose an arm of {record} to compare with `{arm}`; name one of {known} after a `#`")]
    NoCounterpart {
        /// The arm of the other side.
        arm: String,
        /// The record as the user named it.
        record: String,
        /// The arms that there are.
        known: String,
    },
    /// A record cannot become a baseline.
    #[error(
        "make a baseline of this record, for it is not whole; run it again, or finish it with --resume:\n  {problems}"
    )]
    NotWhole {
        /// What is wrong with it.
        problems: String,
    },
    /// A file is no baseline.
    #[error("read this as a baseline: {message}; expected a file that `telos baseline accept` made")]
    NoBaseline {
        /// What was found.
        message: String,
    },
    /// A table of the record could not be read to its end.
    #[error("{0}")]
    Record(#[from] telos_core::Unreadable),
    /// A view of the verdict was asked for where there is none.
    #[error(
        "render the view `{view}`, which shows a verdict: there is neither a baseline nor a rule to judge by; name one"
    )]
    NoVerdict {
        /// The view's name.
        view: &'static str,
    },
    /// The page could not be rendered: a mistake in a template.
    #[error("render the page: {0}")]
    Template(#[from] minijinja::Error),
    /// The summary could not be written as JSON.
    #[error("write the summary as JSON: {0}")]
    Json(#[from] serde_json::Error),
}
