//! The barrier filter's state machine, for one text.
//!
//! A step is decided by a function of the values of h known so far. Where it meets a token whose h is unknown it asks, for
//! that one and for some that it may want next, and is run again from its beginning when the values are there. So what is
//! asked ahead, and in what portions, cannot change what is decided, and only what the rule itself looked up is counted.

use crate::decide::{At, Choice, Decision, Unknown, thresholds};
use crate::registry::{Blueprint, Start};
use crate::sampler::{Candidates, Position, check_logits};
use std::collections::HashSet;
use std::sync::Arc;
use telos_core::control::{Action, Controller, Levels, Probe, Step, Valued};
use telos_core::{ErrorKind, RequestError};

/// Whether the filter acts before or after the tokens are cut to the k most probable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Support {
    /// The filter acts on the plain candidates.
    Before,
    /// The filter acts on all tokens, and the first k allowed are the candidates.
    After,
}

/// The order in which candidates are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// In descending key, up to the first allowed.
    Lazy,
    /// In descending probability, in whole chunks.
    Scan,
}

/// What happens where no token is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnEmpty {
    /// The text ends.
    Stop,
    /// The token with the largest h is taken.
    LeastUnsafe,
    /// The request fails.
    Error,
}

/// The filter as its object describes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    /// One for each constraint.
    pub(crate) alphas: Vec<f64>,
    /// How many different constraints there are: one that stands twice is looked up once.
    pub(crate) distinct: u32,
    /// Whether the object had the list `constraints`.
    pub(crate) listed: bool,
    pub(crate) support: Support,
    pub(crate) strategy: Strategy,
    pub(crate) on_empty: OnEmpty,
}

impl Blueprint for Rule {
    fn build(&self, start: &Start) -> Box<dyn Controller> {
        Box::new(Barrier {
            rule: Arc::new(self.clone()),
            start: start.clone(),
            step: start.first_step,
            here: None,
            looked_up: HashSet::new(),
            at: At::default(),
        })
    }
}

/// The state of one text.
struct Barrier {
    rule: Arc<Rule>,
    start: Start,
    /// The number of the current position.
    step: u64,
    /// h of the text as it stands, once known.
    here: Option<Valued>,
    /// The texts that the rule has looked up since the request's start, each for all constraints.
    looked_up: HashSet<u64>,
    /// The current position.
    at: At,
}

impl Controller for Barrier {
    fn begin(&mut self, logits: &[f32]) -> Action {
        if let Err(error) = check_logits(logits) {
            return Action::Fail(error);
        }
        self.at = At { ahead: 1, ..At::default() };
        self.go_on(logits)
    }

    fn resume(&mut self, logits: &[f32], values: &[Valued]) -> Action {
        match self.take(values) {
            Ok(()) => self.go_on(logits),
            Err(error) => Action::Fail(error),
        }
    }
}

impl Barrier {
    /// Keeps the values that were asked for.
    fn take(&mut self, values: &[Valued]) -> Result<(), RequestError> {
        let asked = std::mem::take(&mut self.at.asked);
        if asked.len() != values.len() {
            let message = format!("asked for h of {} texts, was given {}", asked.len(), values.len());
            return Err(RequestError::new(ErrorKind::Internal, message));
        }
        for (probe, value) in asked.into_iter().zip(values) {
            if value.h.len() != self.rule.alphas.len() {
                let message = format!("{} constraints, but {} values of h", self.rule.alphas.len(), value.h.len());
                return Err(RequestError::new(ErrorKind::Internal, message));
            }
            match probe {
                Probe::Here => {
                    self.look_up(value)?;
                    self.here = Some(value.clone());
                }
                Probe::After(token) => {
                    self.at.after.insert(token, value.clone());
                }
            }
        }
        Ok(())
    }

    /// Counts a look-up of a text. Only here is h held to be finite: what was asked ahead and not used cannot fail a text.
    fn look_up(&mut self, value: &Valued) -> Result<(), RequestError> {
        if let Some(h) = value.h.iter().find(|h| !h.is_finite()) {
            let message = format!("h of the text at token {} is {h}, not a finite number", self.step);
            return Err(RequestError::new(ErrorKind::NotFinite, message));
        }
        if self.looked_up.insert(value.text) {
            self.at.evaluations += self.rule.distinct;
        }
        Ok(())
    }

    fn go_on(&mut self, logits: &[f32]) -> Action {
        let rule = Arc::clone(&self.rule);
        let sampling = self.start.sampling.clone();
        let position = Position::new(logits, &sampling, self.step);
        let plain = self.at.plain.get_or_insert_with(|| position.candidates()).clone();
        let mut decision =
            Decision { rule: &rule, position, eos: &self.start.eos, here: self.here.as_ref(), at: &mut self.at };
        match decision.choose(&plain) {
            Ok(choice) => self.conclude(&position, &plain, choice),
            Err(Unknown(tokens)) => self.ask(&tokens),
        }
    }

    fn ask(&mut self, tokens: &[u32]) -> Action {
        let here = self.here.is_none().then_some(Probe::Here);
        let probes: Vec<Probe> = here.into_iter().chain(tokens.iter().map(|t| Probe::After(*t))).collect();
        self.at.asked.clone_from(&probes);
        Action::Need(probes)
    }

    /// Counts, falls back where it has to, and writes the trace.
    fn conclude(&mut self, position: &Position<'_>, plain: &Candidates, choice: Choice) -> Action {
        let Some(here) = self.here.clone() else {
            return Action::Fail(RequestError::new(ErrorKind::Internal, "a token was chosen before h was known"));
        };
        for token in &choice.tried {
            // End-of-sequence tokens have no entry: their text is the one at hand.
            let Some(value) = self.at.after.get(token).cloned() else { continue };
            if let Err(error) = self.look_up(&value) {
                return Action::Fail(error);
            }
        }
        let levels = |values: Vec<f64>| Some(Levels { values, listed: self.rule.listed });
        let threshold = thresholds(&self.rule, &here);
        let (token, fallback) = match (choice.token, self.rule.on_empty) {
            (Some(token), _) => (Some(token), None),
            (None, OnEmpty::Stop) => (None, Some("stop")),
            (None, OnEmpty::LeastUnsafe) => {
                (self.least_unsafe(position, &choice.from, &here, &threshold), Some("least_unsafe"))
            }
            (None, OnEmpty::Error) => {
                let message = format!(
                    "the controller allows no candidate at token {} (h = {:?}); set `on_empty` to `stop` or `least_unsafe` to \
                     go on",
                    self.step, here.h
                );
                return Action::Fail(RequestError::new(ErrorKind::Controller, message));
            }
        };
        let after = token.map(|t| self.at.after.get(&t).filter(|v| v.text != here.text).unwrap_or(&here).clone());
        let proposed = position.best(plain);
        let step = Step {
            token,
            rank: token.map(|t| position.rank(t)),
            h_before: levels(here.h),
            threshold: levels(threshold),
            h_after: after.as_ref().and_then(|value| levels(value.h.clone())),
            evaluations: self.at.evaluations,
            rejected: choice.rejected,
            proposed,
            changed: token != Some(proposed),
            fallback: fallback.map(str::to_owned),
        };
        match after {
            Some(after) => {
                self.here = Some(after);
                self.step += 1;
                Action::Emit(step)
            }
            None => Action::Stop(step),
        }
    }

    /// The largest of the smallest h − threshold; ties by the larger key, then the smaller id. Every candidate was refused
    /// before, so every h is known.
    fn least_unsafe(&self, position: &Position<'_>, of: &Candidates, here: &Valued, threshold: &[f64]) -> Option<u32> {
        let distance = |token: u32| {
            let value = self.at.after.get(&token).filter(|v| v.text != here.text).unwrap_or(here);
            value.h.iter().zip(threshold).map(|(h, least)| h - least).fold(f64::INFINITY, f64::min)
        };
        let mut best: Option<(f64, f64, u32)> = None;
        let mut look_at = |token: u32| {
            let (distance, key) = (distance(token), position.key(token));
            let better =
                |(d, k, t): (f64, f64, u32)| distance > d || (distance == d && (key > k || (key == k && token < t)));
            if best.is_none_or(better) {
                best = Some((distance, key, token));
            }
        };
        match of {
            Candidates::All => (0..position.vocabulary() as u32).for_each(&mut look_at),
            Candidates::Listed(tokens) => tokens.iter().copied().for_each(&mut look_at),
        }
        best.map(|(_, _, token)| token)
    }
}
