//! Why one request has no reply. Such an error stands in the reply's place; the other requests are answered all the same.

use serde::{Deserialize, Serialize};

/// What went wrong, as the probe protocol's `error.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The request is malformed, or the model cannot answer this kind of request.
    Invalid,
    /// The model could not be loaded.
    Model,
    /// A text does not fit the model's positions.
    TooLong,
    /// The controller found no allowed token and was told to fail then.
    Controller,
    /// A logit, a probability or an h was not a finite number.
    NotFinite,
    /// No reply came in time. It may pass.
    Timeout,
    /// Whoever answers has too much to do just now. It may pass.
    Busy,
    /// Whoever answers failed, for reasons of its own. It may pass.
    Server,
    /// Something that should not happen; worth a bug report.
    Internal,
}

impl ErrorKind {
    /// The name in the probe protocol and in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Model => "model",
            Self::TooLong => "too_long",
            Self::Controller => "controller",
            Self::NotFinite => "not_finite",
            Self::Timeout => "timeout",
            Self::Busy => "busy",
            Self::Server => "server",
            Self::Internal => "internal",
        }
    }

    /// Whether the same request may well be answered when it is asked again: such an error is never a reply for good.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Timeout | Self::Busy | Self::Server)
    }
}

/// The reason why a request has no reply. The message reads after "failed to answer: ".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    /// The class of the error.
    pub kind: ErrorKind,
    /// What happened and, where something can be done, what to do.
    pub message: String,
}

impl RequestError {
    /// An error of any kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// A malformed request.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }
}
