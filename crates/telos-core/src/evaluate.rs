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

/// A request that an evaluator wants answered after the replies are there, and whom to ask. A request's `model` of none
/// stands for the model under test.
pub type FollowUp = Request;

/// Everything an evaluator sees of one item and one repeat.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The row.
    pub item: &'a Item,
    /// The evaluator's parameters with their templates filled from the row.
    pub params: &'a Map<String, Value>,
    /// What was asked, in order.
    pub requests: &'a [Request],
    /// What came back, one for each request.
    pub replies: &'a [Outcome],
    /// What was asked afterwards.
    pub follow_ups: &'a [Request],
    /// What came back then; empty while follow-ups are being worked out.
    pub follow_up_replies: &'a [Outcome],
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

    /// The requests to ask before `evaluate`; most evaluators have none. The replies in `case` are all there.
    fn follow_ups(&self, case: &Case<'_>) -> Vec<FollowUp> {
        let _ = case;
        Vec::new()
    }

    /// The scores of one item and repeat: one for each metric that applies. Called only where no reply is an error.
    fn evaluate(&self, case: &Case<'_>) -> Vec<Score>;
}
