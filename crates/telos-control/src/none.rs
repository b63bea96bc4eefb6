//! `none`: the model as it is. A controller like any other, so that a trace and a run have one form.

use crate::registry::{Blueprint, Entry, Parsed, Start};
use crate::sampler::{Position, check_logits};
use telos_core::control::{Action, Controller, Step, Valued};
use telos_core::shape::{KindShape, no_further_check};

/// The table's entry.
pub(crate) const ENTRY: Entry = Entry {
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
        Box::new(Free { start: start.clone(), step: start.first_step })
    }
}

/// Samples the plain candidates.
struct Free {
    start: Start,
    step: u64,
}

impl Controller for Free {
    fn begin(&mut self, logits: &[f32]) -> Action {
        if let Err(error) = check_logits(logits) {
            return Action::Fail(error);
        }
        let position = Position::new(logits, &self.start.sampling, self.step);
        self.step += 1;
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
        })
    }

    fn resume(&mut self, logits: &[f32], _: &[Valued]) -> Action {
        // It asks for nothing, so nothing can have been answered: the position is begun.
        self.begin(logits)
    }
}
