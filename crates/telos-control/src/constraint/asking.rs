//! How a constraint asks a model.

use telos_core::{ErrorKind, Model, Outcome, Request, RequestError};

/// The replies to some requests, in order.
pub(super) fn ask(model: &dyn Model, requests: &[Request]) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = requests.iter().map(|_| None).collect();
    model.answer(requests, &mut |place, outcome| outcomes[place] = Some(outcome));
    let unanswered = || Err(RequestError::new(ErrorKind::Internal, "a constraint's model left a request unanswered"));
    outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unanswered)).collect()
}

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
