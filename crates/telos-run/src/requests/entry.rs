//! What a kind of request is, and how its recipes make requests of rows.

use crate::render::{RenderError, Row};
use serde_json::{Map, Value};
use telos_core::shape::KindShape;
use telos_core::{Ask, ControllerSpec, Exchange, Message, Prompt};

/// One kind: what its object may hold, and how it is read.
#[derive(Debug, Clone, Copy)]
pub struct RequestKind {
    /// For checks of files, schemas and help.
    pub shape: KindShape,
    /// An example in YAML.
    pub example: &'static str,
    /// Reads the object's other keys, their shape already checked.
    pub(super) read: Read,
}

/// Makes a recipe from an object's keys, or says what is wrong with them.
pub(super) type Read = fn(&Map<String, Value>) -> Result<Box<dyn Recipe>, String>;

/// How rows become requests.
pub(crate) trait Recipe: Send + Sync {
    /// Whether something is sampled, so that a controller acts and repeats differ.
    fn samples(&self) -> bool {
        false
    }

    /// Whether the requests begin with a prompt, so that examples and chat templates have a meaning.
    fn prompts(&self) -> bool {
        true
    }

    /// How many turns a chat has at most, each after the reply to the one before.
    fn turns(&self) -> usize {
        1
    }

    /// The requests of the next turn, given what was asked and answered so far, without any error; none where the chat has
    /// no more turns.
    fn turn(&self, so_far: &[Exchange<'_>], row: Row<'_>, draw: Draw<'_>) -> Result<Vec<Ask>, RenderError> {
        let _ = (so_far, row, draw);
        Ok(Vec::new())
    }

    /// At most this many new tokens for one request.
    fn new_tokens(&self) -> usize {
        0
    }

    /// What is asked about the row.
    fn question(&self, row: Row<'_>) -> Result<Question, RenderError>;

    /// What stands between question and answer in an example without chat.
    fn join(&self) -> &str;

    /// The right answer of an example, from its row and the evaluator's filled parameters.
    fn answer(&self, row: Row<'_>, evaluator: &Map<String, Value>) -> Result<String, RenderError>;

    /// Parameters that the evaluator gets from the request.
    fn evaluator_params(&self, row: Row<'_>) -> Result<Map<String, Value>, RenderError> {
        let _ = row;
        Ok(Map::new())
    }

    /// The requests, given the whole prompt. `chat` says that a template rendered it, which empties delimiters.
    fn asks(&self, prompt: Prompt, chat: bool, row: Row<'_>, draw: Draw<'_>) -> Result<Vec<Ask>, RenderError>;
}

/// The part of a prompt that belongs to one row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Question {
    /// A text, which `chat: true` makes one user's turn.
    Text(String),
    /// Turns that the benchmark writes itself.
    Turns(Vec<Message>),
}

/// What differs between the requests of one item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw<'a> {
    /// The item's seed. Turns after the first have seeds of their own, which follow from it.
    pub seed: u64,
    /// The repeat.
    pub sample: u64,
    /// What stands between logits and tokens.
    pub controller: &'a ControllerSpec,
}

/// The text of a prompt that cannot be turns: the runner renders chats before it asks such a recipe.
pub(super) fn prompt_text(prompt: Prompt) -> String {
    match prompt {
        Prompt::Text(text) => text,
        Prompt::Messages(turns) => turns.into_iter().map(|turn| turn.content).collect(),
    }
}

/// A string parameter, or its default.
pub(super) fn text(params: &Map<String, Value>, key: &str, default: &str) -> String {
    params.get(key).and_then(Value::as_str).unwrap_or(default).to_owned()
}

/// A string parameter that must be there.
pub(super) fn needed(params: &Map<String, Value>, key: &str) -> Result<String, String> {
    params.get(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("it needs `{key}`, a template"))
}
