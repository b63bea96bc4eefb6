//! Controllers: what stands between a model's logits and the next token.
//!
//! A controller is a state machine, one for each running text. It calls no model: it is given logits and answers with an
//! [`Action`]. When it needs h of a text, or logits after other tokens than those that stand, it says so; the engine's loop
//! gathers the needs of all running texts, asks each constraint and each model once with the whole list, and hands the
//! answers back.

use crate::{RequestError, Step};
use serde_json::{Map, Value};

/// A controller as YAML or a request gives it: an object with `kind`. Its own crate reads the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct ControllerSpec(pub Map<String, Value>);

impl ControllerSpec {
    /// The controller that changes nothing.
    pub fn none() -> Self {
        let mut map = Map::new();
        map.insert("kind".into(), "none".into());
        Self(map)
    }

    /// The `kind`; `none` where it is missing, which a check of the object refuses first.
    pub fn kind(&self) -> &str {
        self.0.get("kind").and_then(Value::as_str).unwrap_or("none")
    }

    /// Whether it is the controller that changes nothing.
    pub fn is_none(&self) -> bool {
        self.kind() == "none"
    }
}

/// Where a text stands. The loop counts, so that a rollback cannot put a controller out of step.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The logits of the position to decide, before temperature, one for each entry of the vocabulary.
    pub logits: &'a [f32],
    /// The number of that position, from 0: how many tokens were generated. It keys the noise.
    pub step: u64,
    /// The generated ids.
    pub ids: &'a [u32],
}

/// Another text than the one that stands: the generated tokens but for the last `back`, then `append`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Probe {
    /// How many of the last generated tokens are left out.
    pub back: usize,
    /// What comes in their place.
    pub append: Vec<u32>,
}

impl Probe {
    /// The text as it stands.
    pub fn here() -> Self {
        Self::default()
    }

    /// The text with one token more.
    pub fn after(token: u32) -> Self {
        Self::along(&[token])
    }

    /// The text with some tokens more.
    pub fn along(tokens: &[u32]) -> Self {
        Self { back: 0, append: tokens.to_vec() }
    }
}

/// h of one [`Probe`].
#[derive(Debug, Clone, PartialEq)]
pub struct Valued {
    /// The hash of the text that was read: equal for equal texts.
    pub text: u128,
    /// One value for each constraint of the controller, or why there is none. A text fails only where its rule looks at an
    /// error, so that what was asked ahead and not used changes nothing.
    pub h: Result<Vec<f64>, RequestError>,
}

/// What [`Action::Need`] asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    /// One for each probe of h, in order.
    pub h: Vec<Valued>,
    /// The logits after each probed text, in order; none where the text would end with it: by an end-of-sequence token, a
    /// stop string, or its length.
    pub logits: Vec<Option<Vec<f32>>>,
}

/// What a controller wants next.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// It has to know more before it can decide.
    Need {
        /// Texts whose h it needs.
        h: Vec<Probe>,
        /// Texts after which it needs the model's logits.
        logits: Vec<Probe>,
    },
    /// The next token.
    Emit(Step),
    /// Take back generated tokens, and come again to the position before them.
    Rollback {
        /// How many.
        tokens: usize,
        /// Evaluations that were spent on what is taken back beyond those that its steps counted; with these they stand as
        /// `spent` in the next step.
        spent: u32,
    },
    /// End the text here, with no token.
    Stop(Step),
    /// Give up.
    Fail(RequestError),
}

/// A controller's state machine for one text.
pub trait Controller: Send + Sync {
    /// A new position.
    fn begin(&mut self, at: &At<'_>) -> Action;

    /// The same position, with the answers to the last [`Action::Need`].
    fn resume(&mut self, at: &At<'_>, answers: Answers) -> Action;
}
