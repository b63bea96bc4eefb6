//! Requests that are all there from the beginning, asked at once.

use crate::feed::UNANSWERED;
use crate::{ErrorKind, Feed, Model, Next, Outcome, Request, RequestError, Ticket};
use std::sync::atomic::AtomicBool;

/// Some requests that are all there from the beginning; a ticket is a request's place.
struct Batch<'a> {
    requests: &'a [Request],
    given: usize,
    on_reply: &'a mut dyn FnMut(usize, Outcome),
}

impl Feed for Batch<'_> {
    fn next(&mut self) -> Next {
        let Some(request) = self.requests.get(self.given) else { return Next::End };
        self.given += 1;
        Next::Ask(Ticket(self.given as u64 - 1), request.clone())
    }

    fn reply(&mut self, ticket: Ticket, outcome: Outcome) {
        (self.on_reply)(ticket.0 as usize, outcome);
    }
}

/// Asks a model all of some requests, in any order; `on_reply` is called with the place of each in `requests`.
pub fn answer_all(model: &dyn Model, requests: &[Request], on_reply: &mut dyn FnMut(usize, Outcome)) {
    model.answer(&mut Batch { requests, given: 0, on_reply }, &AtomicBool::new(false));
}

/// The replies to some requests, in their order.
pub fn ask_all(model: &dyn Model, requests: &[Request]) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = requests.iter().map(|_| None).collect();
    answer_all(model, requests, &mut |place, outcome| outcomes[place] = Some(outcome));
    let unanswered = || Err(RequestError::new(ErrorKind::Internal, UNANSWERED));
    outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(unanswered)).collect()
}
