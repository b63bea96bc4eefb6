//! The barrier filter's state machine, for one text.
//!
//! A step is decided by a function of the values of h known so far. Where it meets a token whose h is unknown it asks, for
//! that one and for some that it may want next, and is run again from its beginning when the values are there. So what is
//! asked ahead, and in what portions, cannot change what is decided, and only what the rule itself looked up is counted.

use crate::decide::{Choice, Decision, Open, Place, thresholds};
use crate::draft::Draft;
use crate::entry::{Blueprint, Start};
use crate::rule::{OnEmpty, Rule};
use crate::sampler::{Candidates, Position, check_logits};
use std::collections::HashSet;
use std::sync::Arc;
use telos_core::{Action, Answers, At, Controller, ErrorKind, Levels, Probe, RequestError, Step, Valued};

impl Blueprint for Rule {
    fn build(&self, start: &Start) -> Box<dyn Controller> {
        Box::new(Barrier {
            rule: Arc::new(self.clone()),
            start: start.clone(),
            here: None,
            looked_up: HashSet::new(),
            place: Place::default(),
            draft: Draft::new(self.drafts),
            asked: Asked::default(),
        })
    }
}

/// The state of one text.
struct Barrier {
    rule: Arc<Rule>,
    start: Start,
    /// h of the text as it stands, once known.
    here: Option<Valued>,
    /// The texts that the rule has looked up since the request's start, each for all constraints.
    looked_up: HashSet<u128>,
    /// The current position.
    place: Place,
    draft: Draft,
    asked: Asked,
}

/// What was asked last.
#[derive(Debug, Clone, Default)]
struct Asked {
    /// Whether h of the text as it stands comes first.
    here: bool,
    of: Of,
}

/// Of what else.
#[derive(Debug, Clone, Default, PartialEq)]
enum Of {
    /// Nothing.
    #[default]
    Nothing,
    /// h with each of these tokens.
    Tokens(Vec<u32>),
    /// The logits after the draft.
    Draft,
    /// h of every prefix of the draft.
    Prefixes,
}

impl Controller for Barrier {
    fn begin(&mut self, at: &At<'_>) -> Action {
        if let Err(error) = check_logits(at.logits) {
            return Action::Fail(error);
        }
        self.place = Place { ahead: 1, ..Place::default() };
        if let Some((token, value)) = self.draft.step() {
            self.place.after.insert(token, value);
            return self.go_on(at);
        }
        let room = self.start.sampling.max_new_tokens.saturating_sub(at.step as usize);
        if self.draft.many(room) > 1 { self.draft_on(at, at.logits) } else { self.go_on(at) }
    }

    fn resume(&mut self, at: &At<'_>, answers: Answers) -> Action {
        match self.take(at, answers) {
            Ok(Some(logits)) => self.draft_on(at, &logits),
            Ok(None) => self.go_on(at),
            Err(error) => Action::Fail(error),
        }
    }
}

impl Barrier {
    /// Keeps the answers to what was asked for; gives the logits after the draft where these were asked for and the draft
    /// goes on.
    fn take(&mut self, at: &At<'_>, answers: Answers) -> Result<Option<Vec<f32>>, RequestError> {
        let Asked { here, of } = std::mem::take(&mut self.asked);
        let mut values = answers.h.into_iter();
        if here {
            let value = values.next().ok_or_else(too_few)?;
            self.here = Some(self.look_up(at, &value)?);
        }
        match of {
            Of::Nothing => {}
            Of::Tokens(tokens) => {
                for token in tokens {
                    let value = values.next().ok_or_else(too_few)?;
                    self.place.after.insert(token, value);
                }
            }
            Of::Draft => return Ok(answers.logits.into_iter().next().ok_or_else(too_few)?.or(Some(Vec::new()))),
            Of::Prefixes => {
                let values: Vec<Valued> = values.by_ref().take(self.draft.tokens.len()).collect();
                if values.len() < self.draft.tokens.len() {
                    return Err(too_few());
                }
                self.draft.judge(values);
                if let Some((token, value)) = self.draft.step() {
                    self.place.after.insert(token, value);
                }
            }
        }
        if values.next().is_some() {
            return Err(RequestError::new(ErrorKind::Internal, "was given more values of h than were asked for"));
        }
        Ok(None)
    }

    /// Drafts one token more, after whose text the logits are these (none where the text ends there), or asks for h of all
    /// that were drafted.
    fn draft_on(&mut self, at: &At<'_>, logits: &[f32]) -> Action {
        let drafted = self.draft.tokens.len();
        let room = self.start.sampling.max_new_tokens.saturating_sub(at.step as usize);
        // Logits that are no numbers fail the text where it reaches them, if it does.
        if drafted < self.draft.many(room) && check_logits(logits).is_ok() {
            let position = Position::new(logits, &self.start.sampling, at.step + drafted as u64);
            let token = position.best(&position.candidates());
            if !self.start.eos.contains(&token) {
                self.draft.tokens.push(token);
                if drafted + 1 < self.draft.many(room) {
                    self.asked = Asked { here: false, of: Of::Draft };
                    return Action::Need { h: Vec::new(), logits: vec![Probe::along(&self.draft.tokens)] };
                }
            }
        }
        if self.draft.tokens.is_empty() {
            return self.go_on(at);
        }
        let here = self.here.is_none();
        let prefixes = (1..=self.draft.tokens.len()).map(|many| Probe::along(&self.draft.tokens[..many]));
        let h = here.then(Probe::here).into_iter().chain(prefixes).collect();
        self.asked = Asked { here, of: Of::Prefixes };
        Action::Need { h, logits: Vec::new() }
    }

    /// Counts a look-up of a text. Only here is h held to be there: what was asked ahead and not used cannot fail a text.
    fn look_up(&mut self, at: &At<'_>, value: &Valued) -> Result<Valued, RequestError> {
        let h = value.h.clone()?;
        if h.len() != self.rule.alphas.len() {
            let message = format!("{} constraints, but {} values of h", self.rule.alphas.len(), h.len());
            return Err(RequestError::new(ErrorKind::Internal, message));
        }
        if let Some(h) = h.iter().find(|h| !h.is_finite()) {
            let message = format!("h of the text at token {} is {h}, not a finite number", at.step);
            return Err(RequestError::new(ErrorKind::NotFinite, message));
        }
        if self.looked_up.insert(value.text) {
            self.place.evaluations += self.rule.distinct;
        }
        Ok(value.clone())
    }

    fn go_on(&mut self, at: &At<'_>) -> Action {
        let rule = Arc::clone(&self.rule);
        let sampling = self.start.sampling.clone();
        let position = Position::new(at.logits, &sampling, at.step);
        let plain = self.place.plain.get_or_insert_with(|| position.candidates()).clone();
        let mut decision =
            Decision { rule: &rule, position, eos: &self.start.eos, here: self.here.as_ref(), at: &mut self.place };
        match decision.choose(&plain) {
            Ok(choice) => self.conclude(at, &position, &plain, choice),
            Err(Open::Unknown(tokens)) => self.ask(tokens),
            Err(Open::Failed(error)) => Action::Fail(error),
        }
    }

    fn ask(&mut self, tokens: Vec<u32>) -> Action {
        let here = self.here.is_none();
        let h = here.then(Probe::here).into_iter().chain(tokens.iter().map(|t| Probe::after(*t))).collect();
        self.asked = Asked { here, of: Of::Tokens(tokens) };
        Action::Need { h, logits: Vec::new() }
    }

    /// Counts, falls back where it has to, and writes the trace.
    fn conclude(&mut self, at: &At<'_>, position: &Position<'_>, plain: &Candidates, choice: Choice) -> Action {
        let Some(here) = self.here.clone() else {
            return Action::Fail(RequestError::new(ErrorKind::Internal, "a token was chosen before h was known"));
        };
        for token in &choice.tried {
            // End-of-sequence tokens have no entry: their text is the one at hand.
            let Some(value) = self.place.after.get(token).cloned() else { continue };
            if let Err(error) = self.look_up(at, &value) {
                return Action::Fail(error);
            }
        }
        let levels = |value: &Valued| value.h.clone().ok().map(|values| Levels { values, listed: self.rule.listed });
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
                    at.step,
                    here.h.unwrap_or_default()
                );
                return Action::Fail(RequestError::new(ErrorKind::Controller, message));
            }
        };
        let after = token.map(|t| self.place.after.get(&t).filter(|v| v.text != here.text).unwrap_or(&here).clone());
        let proposed = position.best(plain);
        let vain = self.draft.chosen(token, !choice.rejected.is_empty() || token.is_none(), &self.looked_up);
        let step = Step {
            token,
            rank: token.map(|t| position.rank(t)),
            h_before: levels(&here),
            threshold: Some(Levels { values: threshold, listed: self.rule.listed }),
            h_after: after.as_ref().and_then(levels),
            evaluations: self.place.evaluations,
            rejected: choice.rejected,
            proposed,
            changed: token != Some(proposed),
            fallback: fallback.map(str::to_owned),
            numbers: None,
            spent: vain * self.rule.distinct,
        };
        match after {
            Some(after) => {
                self.here = Some(after);
                Action::Emit(step)
            }
            None => Action::Stop(step),
        }
    }

    /// The largest of the smallest h − threshold; ties by the larger key, then the smaller id. Every candidate was refused
    /// before, so every h is known.
    fn least_unsafe(&self, position: &Position<'_>, of: &Candidates, here: &Valued, threshold: &[f64]) -> Option<u32> {
        let distance = |token: u32| {
            let value = self.place.after.get(&token).filter(|v| v.text != here.text).unwrap_or(here);
            let h = value.h.as_deref().unwrap_or_default();
            h.iter().zip(threshold).map(|(h, least)| h - least).fold(f64::INFINITY, f64::min)
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

fn too_few() -> RequestError {
    RequestError::new(ErrorKind::Internal, "was given fewer answers than were asked for")
}
