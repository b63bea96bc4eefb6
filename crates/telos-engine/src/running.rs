//! One text that is being generated.

use crate::decoded::{Decoded, first_of};
use crate::kv::{Link, SegmentId};
use crate::text::side::TextSide;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use telos_core::reply::{FinishReason, Generation};
use telos_core::{Action, Answers, At, Constraint, Controller, ErrorKind, Look, Probe, Prompt, RequestError, Step};

/// A number that no other text of this process has.
pub(crate) fn next_sequence() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A running text: its ids, its place in the trie, its controller.
pub(crate) struct Running {
    /// The request's place in the call.
    pub(crate) place: usize,
    /// What constraints know it by.
    pub(crate) sequence: u64,
    /// What was asked.
    pub(crate) asked: Prompt,
    /// Prompt and generated ids.
    pub(crate) ids: Vec<u32>,
    /// How many of them are the prompt's.
    pub(crate) prompt: usize,
    /// Ids of the prompt that were dropped on the left.
    pub(crate) truncated: usize,
    /// The prompt's place in the trie, held by this text.
    pub(crate) chain: Vec<Link>,
    /// How many ids lie in that chain.
    pub(crate) chained: usize,
    /// The segment of the ids after it, held by this text.
    pub(crate) own: SegmentId,
    /// The ids whose keys and values lie in the chain and in the segment.
    pub(crate) held: Vec<u32>,
    pub(crate) controller: Box<dyn Controller>,
    pub(crate) constraints: Vec<Arc<dyn Constraint>>,
    pub(crate) max_new_tokens: usize,
    pub(crate) stop: Vec<String>,
    pub(crate) trace: bool,
    pub(crate) logprobs: Vec<f64>,
    pub(crate) steps: Vec<Step>,
    /// Evaluations of h for what was taken back, to stand in the next step.
    pub(crate) spent: u32,
    /// The logits of the current position.
    pub(crate) logits: Vec<f32>,
    /// Tokens that were tried after the ids, one after the other, with the logits after each.
    pub(crate) ahead: VecDeque<(u32, Vec<f32>)>,
    pub(crate) turn: Turn,
    /// The text of all ids; none where no constraint reads it.
    pub(crate) whole: Option<Decoded>,
    /// The text of the generated ids alone.
    pub(crate) generated: Decoded,
}

/// Whose turn it is.
pub(crate) enum Turn {
    /// The controller's, at a new position.
    Begin,
    /// The loop's: the controller has decided.
    Decided(Action),
    /// The loop's: the controller has to know more.
    Needs {
        /// Whose h.
        h: Vec<Probe>,
        /// After which the logits.
        logits: Vec<Probe>,
        /// What is there of them.
        answers: Answers,
    },
}

/// What became of a text after a step.
pub(crate) enum Progress {
    /// It goes on.
    Goes,
    /// It is done.
    Ended(Result<Generation, RequestError>),
}

impl Running {
    /// Lets the controller decide, where it is its turn or all that it needs is there; says whether it did.
    pub(crate) fn decide(&mut self) {
        let at =
            At { logits: &self.logits, step: (self.ids.len() - self.prompt) as u64, ids: &self.ids[self.prompt..] };
        let action = match &mut self.turn {
            Turn::Begin => self.controller.begin(&at),
            Turn::Needs { h, logits, answers }
                if answers.h.len() == h.len() && answers.logits.len() == logits.len() =>
            {
                self.controller.resume(&at, std::mem::take(answers))
            }
            _ => return,
        };
        self.turn = match action {
            Action::Need { h, logits } => Turn::Needs { h, logits, answers: Answers::default() },
            action => Turn::Decided(action),
        };
    }

    /// The texts whose h is needed and not there.
    pub(crate) fn probes(&self) -> Option<&[Probe]> {
        match &self.turn {
            Turn::Needs { h, answers, .. } if answers.h.len() < h.len() => Some(h),
            _ => None,
        }
    }

    /// The next text after which logits are needed and not there. Where the text would end with it there are none, and that
    /// is the answer.
    pub(crate) fn wanted(&mut self, side: &TextSide, eos: &[u32]) -> Result<Option<Vec<u32>>, RequestError> {
        loop {
            let Turn::Needs { h, logits, answers } = &self.turn else { return Ok(None) };
            if answers.h.len() < h.len() {
                return Ok(None);
            }
            let Some(probe) = logits.get(answers.logits.len()) else { return Ok(None) };
            let (ids, kept) = self.probed(probe);
            if !self.ends(side, eos, &ids, kept)? {
                return Ok(Some(ids));
            }
            if let Turn::Needs { answers, .. } = &mut self.turn {
                answers.logits.push(None);
            }
        }
    }

    /// Takes the logits after the text that [`Running::wanted`] gave.
    pub(crate) fn answer(&mut self, logits: &[f32]) {
        let Turn::Needs { logits: probes, answers, .. } = &mut self.turn else { return };
        let probe = probes.get(answers.logits.len());
        let tried = |ahead: &VecDeque<(u32, Vec<f32>)>, append: &[u32]| {
            append.len() == ahead.len() && ahead.iter().zip(append).all(|((token, _), other)| token == other)
        };
        if let Some((last, before)) = probe.filter(|probe| probe.back == 0).and_then(|probe| probe.append.split_last())
            && tried(&self.ahead, before)
        {
            self.ahead.push_back((*last, logits.to_vec()));
        }
        answers.logits.push(Some(logits.to_vec()));
    }

    /// The ids of a probe, and how many of them are those that stand.
    pub(crate) fn probed(&self, probe: &Probe) -> (Vec<u32>, usize) {
        let kept = self.ids.len().saturating_sub(probe.back).max(self.prompt);
        ([&self.ids[..kept], &probe.append].concat(), kept)
    }

    /// A text as a constraint sees it.
    pub(crate) fn look<'a>(&'a self, probe: Option<&'a Probe>, text: &'a str, generated: &'a str) -> Look<'a> {
        let back = probe.map_or(0, |probe| probe.back);
        let kept = self.ids.len().saturating_sub(back).max(self.prompt);
        Look {
            sequence: self.sequence,
            prompt: &self.asked,
            prompt_ids: &self.ids[..self.prompt],
            ids: &self.ids[self.prompt..kept],
            appended: probe.map_or(&[], |probe| &probe.append),
            text,
            generated,
        }
    }

    /// Whether a text with these ids would have ended.
    fn ends(&self, side: &TextSide, eos: &[u32], ids: &[u32], kept: usize) -> Result<bool, RequestError> {
        if ids.len() - self.prompt >= self.max_new_tokens || ids[kept..].iter().any(|id| eos.contains(id)) {
            return Ok(true);
        }
        if self.stop.is_empty() {
            return Ok(false);
        }
        let (text, stayed) = self.generated.with(side, &ids[self.prompt..], kept - self.prompt)?;
        Ok(first_of(&self.stop, &text, stayed).is_some())
    }

    /// Applies a decision. `lse` is the log of the sum of the exponentials of the logits.
    pub(crate) fn apply(&mut self, side: &TextSide, eos: &[u32], lse: f64, action: Action) -> Progress {
        match action {
            Action::Fail(error) => Progress::Ended(Err(error)),
            Action::Stop(step) => {
                self.trace(step);
                let end = self.generation(self.generated.text().to_owned(), FinishReason::Controller);
                Progress::Ended(Ok(end))
            }
            Action::Rollback { tokens, spent } => match self.take_back(side, tokens, spent) {
                Ok(()) => Progress::Goes,
                Err(error) => Progress::Ended(Err(error)),
            },
            Action::Emit(step) => match step.token {
                Some(token) => self.emit(side, eos, lse, token, step),
                None => Progress::Ended(Err(RequestError::new(
                    ErrorKind::Internal,
                    "the controller emitted a step without a token",
                ))),
            },
            Action::Need { .. } => {
                Progress::Ended(Err(RequestError::new(ErrorKind::Internal, "the controller's needs were not answered")))
            }
        }
    }

    /// A step of the trace, with what was spent since the last.
    fn trace(&mut self, mut step: Step) {
        step.spent += std::mem::take(&mut self.spent);
        self.steps.push(step);
    }

    /// What the steps taken back had counted stays in what was spent.
    fn take_back(&mut self, side: &TextSide, tokens: usize, spent: u32) -> Result<(), RequestError> {
        let generated = self.ids.len() - self.prompt;
        let kept = generated - tokens.min(generated);
        self.spent += spent + self.steps.drain(kept..).map(|step| step.evaluations + step.spent).sum::<u32>();
        self.ids.truncate(self.prompt + kept);
        self.logprobs.truncate(kept);
        self.ahead.clear();
        if let Some(whole) = &mut self.whole {
            whole.shrink(side, &self.ids)?;
        }
        self.generated.shrink(side, &self.ids[self.prompt..])
    }

    fn emit(&mut self, side: &TextSide, eos: &[u32], lse: f64, token: u32, step: Step) -> Progress {
        self.logprobs.push(f64::from(self.logits[token as usize]) - lse);
        self.ids.push(token);
        self.trace(step);
        let grown = match &mut self.whole {
            Some(whole) => whole.grow(side, &self.ids).map(|_| ()),
            None => Ok(()),
        };
        let stayed = match grown.and_then(|()| self.generated.grow(side, &self.ids[self.prompt..])) {
            Ok(stayed) => stayed,
            Err(error) => return Progress::Ended(Err(error)),
        };
        let text = self.generated.text();
        let end = if eos.contains(&token) {
            (text.to_owned(), FinishReason::Eos)
        } else if let Some(at) = first_of(&self.stop, text, stayed) {
            (text[..at].to_owned(), FinishReason::Stop)
        } else if self.ids.len() - self.prompt == self.max_new_tokens {
            (text.to_owned(), FinishReason::Length)
        } else {
            // What was tried ahead holds where the token is the one that was tried.
            match self.ahead.pop_front() {
                Some((tried, logits)) if tried == token => {
                    self.logits = logits;
                    self.turn = Turn::Begin;
                }
                _ => self.ahead.clear(),
            }
            return Progress::Goes;
        };
        Progress::Ended(Ok(self.generation(end.0, end.1)))
    }

    fn generation(&mut self, text: String, finish_reason: FinishReason) -> Generation {
        Generation {
            text,
            token_ids: self.ids[self.prompt..].to_vec(),
            token_logprobs: std::mem::take(&mut self.logprobs),
            finish_reason,
            prompt_tokens: self.prompt,
            truncated_tokens: self.truncated,
            steps: self.trace.then(|| std::mem::take(&mut self.steps)),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.constraints.iter().for_each(|constraint| constraint.forget(self.sequence));
    }
}
