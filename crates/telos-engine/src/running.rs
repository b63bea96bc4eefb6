//! One text that is being generated.

use crate::kv::{Link, SegmentId};
use crate::text::side::TextSide;
use std::collections::HashMap;
use std::sync::Arc;
use telos_core::control::Step;
use telos_core::reply::{FinishReason, Generation};
use telos_core::{Action, Constraint, Controller, RequestError, Valued};

/// A running text: its ids, its place in the trie, its controller.
pub(crate) struct Running {
    /// The request's place in the call.
    pub(crate) place: usize,
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
    /// The segment of the generated ids, held by this text.
    pub(crate) own: SegmentId,
    pub(crate) controller: Box<dyn Controller>,
    pub(crate) constraints: Vec<Arc<dyn Constraint>>,
    pub(crate) max_new_tokens: usize,
    pub(crate) stop: Vec<String>,
    pub(crate) trace: bool,
    pub(crate) logprobs: Vec<f64>,
    pub(crate) steps: Vec<Step>,
    /// The logits of the current position.
    pub(crate) logits: Vec<f32>,
    /// What the controller last said; none where new logits are due.
    pub(crate) action: Option<Action>,
    /// Numbers of the texts whose h was asked for.
    pub(crate) texts: HashMap<String, u64>,
}

/// What became of a text after a step.
pub(crate) enum Progress {
    /// It wants the logits of its next position.
    Goes,
    /// It is done.
    Ended(Result<Generation, RequestError>),
}

impl Running {
    /// Hands the values of the last needs to the controller.
    pub(crate) fn resume(&mut self, texts: &[String], values: Vec<Vec<f64>>) {
        let values: Vec<Valued> = texts
            .iter()
            .zip(values)
            .map(|(text, h)| {
                let next = self.texts.len() as u64;
                let number = *self.texts.entry(text.clone()).or_insert(next);
                Valued { text: number, h }
            })
            .collect();
        self.action = Some(self.controller.resume(&self.logits, &values));
    }

    /// Applies a decision. `lse` is the log of the sum of the exponentials of the logits.
    pub(crate) fn apply(&mut self, text: &TextSide, eos: &[u32], lse: f64, action: Action) -> Progress {
        match action {
            Action::Fail(error) => Progress::Ended(Err(error)),
            Action::Stop(step) => {
                self.steps.push(step);
                let end = self.text(text).map(|text| self.generation(text, FinishReason::Controller));
                Progress::Ended(end)
            }
            Action::Rollback(many) => {
                let many = many.min(self.ids.len() - self.prompt);
                self.ids.truncate(self.ids.len() - many);
                self.logprobs.truncate(self.logprobs.len() - many);
                self.steps.truncate(self.steps.len().saturating_sub(many));
                Progress::Goes
            }
            Action::Emit(step) => match step.token {
                Some(token) => self.emit(text, eos, lse, token, step),
                None => Progress::Ended(Err(RequestError::new(
                    telos_core::ErrorKind::Internal,
                    "the controller emitted a step without a token",
                ))),
            },
            Action::Need(_) => Progress::Ended(Err(RequestError::new(
                telos_core::ErrorKind::Internal,
                "the controller's needs were not answered",
            ))),
        }
    }

    fn emit(&mut self, text: &TextSide, eos: &[u32], lse: f64, token: u32, step: Step) -> Progress {
        self.logprobs.push(f64::from(self.logits[token as usize]) - lse);
        self.ids.push(token);
        self.steps.push(step);
        let written = match self.text(text) {
            Ok(written) => written,
            Err(error) => return Progress::Ended(Err(error)),
        };
        if eos.contains(&token) {
            return Progress::Ended(Ok(self.generation(written, FinishReason::Eos)));
        }
        if let Some(at) = self.stop.iter().filter_map(|stop| written.find(stop.as_str())).min() {
            return Progress::Ended(Ok(self.generation(written[..at].to_owned(), FinishReason::Stop)));
        }
        if self.ids.len() - self.prompt == self.max_new_tokens {
            return Progress::Ended(Ok(self.generation(written, FinishReason::Length)));
        }
        Progress::Goes
    }

    fn text(&self, text: &TextSide) -> Result<String, RequestError> {
        text.decode(&self.ids[self.prompt..])
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
