//! A text to continue.

use super::entry::{Draw, Question, Recipe, RequestKind, text};
use crate::render::{RenderError, Row};
use serde_json::{Map, Value};
use telos_core::noise::mix;
use telos_core::shape::{Field, KindShape, Mistake, Shape};
use telos_core::{Ask, Exchange, Message, Prompt, Reply, Sampling};

const MESSAGE: Shape = Shape::Object(&[
    Field::required("role", Shape::Choice(&["system", "user", "assistant"]), "who speaks"),
    Field::required("content", Shape::Template, "what is said"),
]);

pub(super) const KIND: RequestKind = RequestKind {
    shape: KindShape {
        kind: "generate",
        about: "a text that the model continues, with a controller or without",
        fields: &[
            Field::optional("prompt", Shape::Template, "what is continued; this or `messages`"),
            Field::optional("messages", Shape::List { of: &MESSAGE, min: 1 }, "a chat that the model answers"),
            Field::optional(
                "turns",
                Shape::List { of: &Shape::Template, min: 1 },
                "what the user says next, each after the reply to what was said before; a turn whose template gives no text \
                 ends the chat",
            ),
            Field::required("max_new_tokens", Shape::Whole { min: 1, max: 1 << 20 }, "at most this many tokens"),
            Field::optional(
                "temperature",
                Shape::Number { min: 0.0, max: f64::MAX },
                "1 unless given; 0 takes the most probable token",
            ),
            Field::optional("top_k", Shape::Whole { min: 1, max: 1 << 32 }, "only the k most probable tokens"),
            Field::optional(
                "top_p",
                Shape::Number { min: 0.0, max: 1.0 },
                "only the most probable tokens that have this mass together; more than 0",
            ),
            Field::optional("stop", Shape::List { of: &Shape::Text, min: 0 }, "strings that end the text"),
        ],
        check,
    },
    example: "{kind: generate, prompt: \"{{ question }}\", max_new_tokens: 8}",
    read,
};

fn check(params: &Map<String, Value>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    match (params.contains_key("prompt"), params.contains_key("messages")) {
        (true, true) => mistakes.push((Some("messages"), "`prompt` and `messages` exclude each other".to_owned())),
        (false, false) => mistakes.push((None, "`prompt` or `messages` is needed".to_owned())),
        _ => {}
    }
    if params.get("top_p").and_then(Value::as_f64) == Some(0.0) {
        mistakes.push((Some("top_p"), "`top_p` is more than 0 and at most 1".to_owned()));
    }
    let empty = |list: &Vec<Value>| list.iter().any(|text| text.as_str() == Some(""));
    if params.get("stop").and_then(Value::as_array).is_some_and(empty) {
        mistakes.push((Some("stop"), "a stop string that is empty would end every text".to_owned()));
    }
    mistakes
}

fn read(params: &Map<String, Value>) -> Result<Box<dyn Recipe>, String> {
    if let Some((_, message)) = check(params).into_iter().next() {
        return Err(message);
    }
    let question = match params.get("messages") {
        None => Template::Prompt(text(params, "prompt", "")),
        Some(value) => Template::Messages(
            serde_json::from_value(value.clone())
                .map_err(|e| format!("`messages` is a list of {{role, content}}: {e}"))?,
        ),
    };
    let whole = |key: &str| params.get(key).and_then(Value::as_u64).map(|n| n as usize);
    let number = |key: &str| params.get(key).and_then(Value::as_f64);
    let strings = |list: &Vec<Value>| list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let max_new_tokens = whole("max_new_tokens").ok_or("it needs `max_new_tokens`, 1 or more")?;
    let mut sampling = Sampling::new(max_new_tokens);
    sampling.temperature = number("temperature").unwrap_or(sampling.temperature);
    sampling.top_k = whole("top_k");
    sampling.top_p = number("top_p").unwrap_or(sampling.top_p);
    sampling.stop = params.get("stop").and_then(Value::as_array).map(strings).unwrap_or_default();
    sampling.check().map_err(|error| error.to_string())?;
    let turns = params.get("turns").and_then(Value::as_array).map(strings).unwrap_or_default();
    Ok(Box::new(Generate { question, turns, sampling }))
}

enum Template {
    Prompt(String),
    Messages(Vec<Message>),
}

struct Generate {
    question: Template,
    /// What the user says after each reply.
    turns: Vec<String>,
    sampling: Sampling,
}

impl Recipe for Generate {
    fn samples(&self) -> bool {
        true
    }

    fn turns(&self) -> usize {
        1 + self.turns.len()
    }

    fn turn(&self, so_far: &[Exchange<'_>], row: Row<'_>, draw: Draw<'_>) -> Result<Vec<Ask>, RenderError> {
        let Some(template) = so_far.len().checked_sub(1).and_then(|turn| self.turns.get(turn)) else {
            return Ok(Vec::new());
        };
        let Some(Exchange { requests: [request], replies: [Ok(Reply::Generate(reply))] }) = so_far.last() else {
            return Ok(Vec::new());
        };
        let Ask::Generate { prompt, .. } = &request.ask else { return Ok(Vec::new()) };
        let said = row.text(template)?;
        if said.is_empty() {
            return Ok(Vec::new());
        }
        let prompt = match prompt {
            // A text goes on: the reply stands behind what it continues.
            Prompt::Text(text) => Prompt::Text([text, &reply.text, &said].map(String::as_str).concat()),
            Prompt::Messages(turns) => {
                let turn = |role: &str, content: &str| Message { role: role.to_owned(), content: content.to_owned() };
                let new = [turn("assistant", &reply.text), turn("user", &said)];
                Prompt::Messages(turns.iter().cloned().chain(new).collect())
            }
        };
        // With the seed of the turn before, the same noise would choose the tokens of both replies.
        // 53 bits, as the first one: every reader of JSON keeps them.
        let seed = mix(draw.seed ^ so_far.len() as u64) >> 11;
        Ok(vec![self.ask(prompt, Draw { seed, ..draw })])
    }

    fn new_tokens(&self) -> usize {
        self.sampling.max_new_tokens
    }

    fn question(&self, row: Row<'_>) -> Result<Question, RenderError> {
        match &self.question {
            Template::Prompt(prompt) => row.text(prompt).map(Question::Text),
            Template::Messages(turns) => {
                let fill = |turn: &Message| Ok(Message { role: turn.role.clone(), content: row.text(&turn.content)? });
                turns.iter().map(fill).collect::<Result<_, _>>().map(Question::Turns)
            }
        }
    }

    fn join(&self) -> &'static str {
        " "
    }

    fn answer(&self, row: Row<'_>, evaluator: &Map<String, Value>) -> Result<String, RenderError> {
        match evaluator.get("target") {
            Some(Value::String(target)) => Ok(target.clone()),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
            _ => Err(row.fail("target", "an example needs the evaluator's `target`, a template of its answer".into())),
        }
    }

    fn asks(&self, prompt: Prompt, _: bool, _: Row<'_>, draw: Draw<'_>) -> Result<Vec<Ask>, RenderError> {
        Ok(vec![self.ask(prompt, draw)])
    }
}

impl Generate {
    fn ask(&self, prompt: Prompt, draw: Draw<'_>) -> Ask {
        let sampling = Sampling { seed: draw.seed, sample: draw.sample, ..self.sampling.clone() };
        // A trace of the controller that changes nothing says nothing.
        let trace = !draw.controller.is_none();
        Ask::Generate { prompt, sampling, controller: draw.controller.clone(), trace }
    }
}
