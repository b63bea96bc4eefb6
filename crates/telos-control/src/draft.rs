//! Optimistic blocks: some tokens of the uncontrolled text are drafted, h of all their prefixes is asked for at once, and they
//! are judged one after another as if each had been asked for by itself. At the first that is refused the rest is dropped, and
//! the text goes on from there. So tokens, trace and evaluations are those without drafts; what was drafted in vain is counted
//! apart.

use crate::rule::Drafts;
use std::collections::{HashSet, VecDeque};
use telos_core::Valued;

/// Tokens of a draft at most where the number is left to the controller. Beyond it more is lost with a refusal than is won
/// by a larger batch.
const MOST: usize = 8;

/// The draft of one text.
#[derive(Debug)]
pub(crate) struct Draft {
    length: Drafts,
    /// How many tokens the next draft has, where the number is left to the controller.
    next: usize,
    /// Tokens that are drafted and not judged.
    pub(crate) tokens: Vec<u32>,
    /// Drafted tokens that follow the position at hand, each with h of the text up to it.
    judged: VecDeque<(u32, Valued)>,
    /// The drafted token of the position at hand, with its h.
    here: Option<(u32, Valued)>,
}

impl Draft {
    pub(crate) fn new(length: Drafts) -> Self {
        Self { length, next: 1, tokens: Vec::new(), judged: VecDeque::new(), here: None }
    }

    /// How many tokens a draft has that begins now, where `room` tokens may still come; below 2 there is none.
    pub(crate) fn many(&self, room: usize) -> usize {
        match self.length {
            Drafts::Auto => self.next.min(room),
            Drafts::Tokens(many) => many.min(room),
        }
    }

    /// The drafted tokens have their h.
    pub(crate) fn judge(&mut self, values: Vec<Valued>) {
        self.judged = std::mem::take(&mut self.tokens).into_iter().zip(values).collect();
    }

    /// Steps to the next position: its drafted token with h, where the draft reaches it.
    pub(crate) fn step(&mut self) -> Option<(u32, Valued)> {
        self.here = self.judged.pop_front();
        self.here.clone()
    }

    /// A token was chosen at the position at hand. Where it is not the drafted one, the draft ends, and the texts that were
    /// asked for and never looked up are counted.
    pub(crate) fn chosen(&mut self, token: Option<u32>, refused: bool, looked_up: &HashSet<u128>) -> u32 {
        self.next = if refused { 1 } else { (2 * self.next).min(MOST) };
        let Some((drafted, value)) = self.here.take() else { return 0 };
        if token == Some(drafted) {
            return 0;
        }
        let vain: HashSet<u128> = self.judged.drain(..).map(|(_, value)| value.text).chain([value.text]).collect();
        vain.difference(looked_up).count() as u32
    }
}
