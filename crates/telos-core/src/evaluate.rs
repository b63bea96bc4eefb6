//! Evaluators: replies (and the item) to scores, as pure functions.

use crate::{Item, Metric, Outcome, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;

/// What became of a reply or a score, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As asked.
    Ok,
    /// Answered, but ids had to be dropped on the left.
    Truncated,
    /// Answered, but no answer could be read from it.
    Unparsed,
    /// The model declined.
    Refused,
    /// Not asked or not scored, for the reason given.
    Skipped,
    /// The request ended in an error.
    Error,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Status {
    /// The name in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Truncated => "truncated",
            Self::Unparsed => "unparsed",
            Self::Refused => "refused",
            Self::Skipped => "skipped",
            Self::Error => "error",
        }
    }

    /// The status with that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Ok, Self::Truncated, Self::Unparsed, Self::Refused, Self::Skipped, Self::Error]
            .into_iter()
            .find(|s| s.as_str() == name)
    }
}

/// One metric's value for one item.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The metric's name.
    pub metric: String,
    /// The value; none where the item has none, and then `status` or `reason` says why.
    pub value: Option<f64>,
    /// `ok`, or why there is no value.
    pub status: Status,
    /// The reason for a missing value, for a person.
    pub reason: Option<String>,
    /// Why it scored as it did: the answer that was read from the reply, a judge's words.
    pub note: Option<String>,
}

/// What an evaluator of choices notes of an item: which choice was taken and which are right, by place from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceNote {
    /// The likeliest.
    pub chosen: usize,
    /// The right ones.
    pub right: Vec<usize>,
}

impl fmt::Display for ChoiceNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right: Vec<String> = self.right.iter().map(usize::to_string).collect();
        write!(f, "chosen {}; right {}", self.chosen, right.join(", "))
    }
}

impl FromStr for ChoiceNote {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (chosen, right) = text.strip_prefix("chosen ").and_then(|rest| rest.split_once("; right ")).ok_or(())?;
        let place = |text: &str| text.parse().map_err(|_| ());
        Ok(Self { chosen: place(chosen)?, right: right.split(", ").map(place).collect::<Result<_, _>>()? })
    }
}

impl Score {
    /// A value.
    pub fn ok(metric: &str, value: f64) -> Self {
        Self { metric: metric.to_owned(), value: Some(value), status: Status::Ok, reason: None, note: None }
    }

    /// The same, and why it scored so.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// No value, and why.
    pub fn missing(metric: &str, status: Status, reason: impl Into<String>) -> Self {
        Self { metric: metric.to_owned(), value: None, status, reason: Some(reason.into()), note: None }
    }
}

/// What was asked at one time, and what came back.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exchange<'a> {
    /// The requests, in order. A request's `model` of none stands for the model under test.
    pub requests: &'a [Request],
    /// One for each request.
    pub replies: &'a [Outcome],
}

/// Everything an evaluator sees of one item and one repeat.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The row.
    pub item: &'a Item,
    /// The evaluator's parameters with their templates filled from the row.
    pub params: &'a Map<String, Value>,
    /// How many of the waves are the benchmark's own, one for each turn of its chat: at least one. The evaluator's come after.
    pub turns: usize,
    /// What was asked and answered so far, wave by wave.
    pub waves: &'a [Exchange<'a>],
}

impl<'a> Case<'a> {
    /// The benchmark's own waves.
    pub fn asked(&self) -> &'a [Exchange<'a>] {
        &self.waves[..self.turns.min(self.waves.len())]
    }

    /// The last of the benchmark's own waves: the answers, where there is a chat of several turns; empty where nothing was asked.
    pub fn answers(&self) -> Exchange<'a> {
        self.asked().last().copied().unwrap_or_default()
    }

    /// All requests of the benchmark's own waves with their replies, turn by turn.
    pub fn texts(&self) -> impl Iterator<Item = (&'a Request, &'a Outcome)> {
        self.asked().iter().flat_map(|wave| wave.requests.iter().zip(wave.replies))
    }

    /// The evaluator's own waves, in the order in which it asked.
    pub fn follow_ups(&self) -> &'a [Exchange<'a>] {
        &self.waves[self.turns.min(self.waves.len())..]
    }

    /// The replies of the evaluator's first wave; empty before they are there.
    pub fn followed(&self) -> &'a [Outcome] {
        self.follow_ups().first().map_or(&[], |wave| wave.replies)
    }
}

/// What an evaluator asks once the benchmark's requests have their replies.
pub trait Asks {
    /// The requests of the next wave; none where it has all that it needs. Pure: it follows from the case. No reply of the
    /// case's own waves is an error; replies to earlier requests of the evaluator may be.
    fn next(&self, case: &Case<'_>) -> Vec<Request>;
}

/// Replies to scores. Pure: equal cases give equal scores.
pub trait Evaluator: Send + Sync {
    /// The metrics that it offers, in the order in which they are shown.
    fn metrics(&self) -> Vec<Metric>;

    /// Raised whenever equal cases would give other scores than before.
    fn version(&self) -> u32 {
        1
    }

    /// Whether an item's row is one that it can score, found out while planning, before anything is asked. `params` are as in
    /// [`Case`]. The error says what is wrong with the row and what was expected.
    fn check_item(&self, item: &Item, params: &Map<String, Value>) -> Result<(), String> {
        let _ = (item, params);
        Ok(())
    }

    /// The places of an item's right choices, from 0, where that is what it scores: planning tells where they never vary.
    fn right_choices(&self, params: &Map<String, Value>) -> Option<Vec<usize>> {
        let _ = params;
        None
    }

    /// Whoever asks further before `evaluate`; most evaluators ask nothing, and cost nothing there.
    fn asks(&self) -> Option<&dyn Asks> {
        None
    }

    /// The scores of one item and repeat: one for each metric that applies. Called only where no reply is an error.
    fn evaluate(&self, case: &Case<'_>) -> Vec<Score>;
}
