//! What a constraint makes of its model's replies.

use telos_core::{ErrorKind, RequestError};

/// The reply that a request of a kind cannot have.
pub(super) fn of_another_kind() -> RequestError {
    RequestError::new(ErrorKind::Internal, "a constraint's model gave a reply of another kind than it was asked for")
}

/// h, held to be a finite number.
pub(super) fn finite(h: f64) -> Result<f64, RequestError> {
    if h.is_finite() {
        return Ok(h);
    }
    Err(RequestError::new(ErrorKind::NotFinite, format!("h of the text is {h}, not a finite number")))
}
