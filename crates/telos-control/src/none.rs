//! `none`: the model as it is. A controller like any other, so that a trace and a run have one form.

use crate::entry::{Blueprint, Entry, Parsed, Start};
use crate::sampler::{Position, check_logits};
use telos_core::shape::{KindShape, no_further_check};
use telos_core::{Action, Answers, At, Controller, Step};

/// The table's entry.
pub(crate) const ENTRY: Entry<Parsed> = Entry {
    shape: KindShape {
        kind: "none",
        about: "changes nothing: the model's own distribution",
        fields: &[],
        check: no_further_check,
    },
    example: "{kind: none}",
    read: |_| Ok(Parsed::new(Vec::new(), Nothing)),
};

#[derive(Debug)]
struct Nothing;

impl Blueprint for Nothing {
    fn build(&self, start: &Start) -> Box<dyn Controller> {
        Box::new(Free { start: start.clone() })
    }
}

/// Samples the plain candidates.
struct Free {
    start: Start,
}

impl Controller for Free {
    fn begin(&mut self, at: &At<'_>) -> Action {
        if let Err(error) = check_logits(at.logits) {
            return Action::Fail(error);
        }
        let position = Position::new(at.logits, &self.start.sampling, at.step);
        let token = position.best(&position.candidates());
        Action::Emit(Step {
            token: Some(token),
            rank: Some(position.rank(token)),
            h_before: None,
            threshold: None,
            h_after: None,
            evaluations: 0,
            rejected: Vec::new(),
            proposed: token,
            changed: false,
            fallback: None,
            numbers: None,
            spent: 0,
        })
    }

    fn resume(&mut self, at: &At<'_>, _: Answers) -> Action {
        // It asks for nothing, so nothing can have been answered: the position is begun.
        self.begin(at)
    }
}
