//! What a model is asked. Requests are content: equal requests have equal replies.

use crate::control::{ConstraintSpec, ControllerSpec};
use crate::{ModelRef, RequestError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Who is to answer; none for the model at hand.
    pub model: Option<ModelRef>,
    /// Positions to use, where that is less than the model has.
    pub max_length: Option<usize>,
    /// The question.
    pub ask: Ask,
}

/// The kinds of requests, with their fields.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Ids of a text.
    Tokenize {
        /// The text.
        text: String,
        /// Whether the tokenizer adds its special tokens.
        add_special_tokens: bool,
    },
    /// A chat as the model's template renders it.
    ChatTemplate {
        /// The turns.
        messages: Vec<Message>,
        /// Whether the beginning of the assistant's next turn is added.
        add_generation_prompt: bool,
    },
    /// log p(continuation | context).
    Loglikelihood {
        /// What is given; may be empty.
        context: String,
        /// What is scored.
        continuation: String,
    },
    /// log p(text), in disjoint windows.
    Rolling {
        /// The text.
        text: String,
    },
    /// All logits after a text.
    NextLogits(TextOrIds),
    /// A text to continue.
    Generate {
        /// What to continue.
        prompt: Prompt,
        /// How to sample.
        sampling: Sampling,
        /// What stands between logits and tokens.
        controller: ControllerSpec,
        /// Whether the reply holds the controller's trace.
        trace: bool,
    },
    /// A sequence classifier's labels.
    Classify {
        /// The text.
        text: String,
        /// A second text.
        text_pair: Option<String>,
    },
    /// A reward model's value.
    Reward(Prompt),
    /// h of a prompt and of every prefix of a continuation, read as a controller reads them.
    Trajectory {
        /// The prompt, as it was given to `generate`.
        prompt: Prompt,
        /// The generated ids.
        token_ids: Vec<u32>,
        /// The room that was kept for new tokens, which decides how much of the prompt was kept.
        max_new_tokens: usize,
        /// The h.
        constraint: ConstraintSpec,
    },
}

/// One turn of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What is said.
    pub content: String,
}

/// A text or a chat.
#[derive(Debug, Clone, PartialEq)]
pub enum Prompt {
    /// A text, encoded with the tokenizer's special tokens.
    Text(String),
    /// A chat, rendered with the model's template and encoded as it is.
    Messages(Vec<Message>),
}

/// A text or ids.
#[derive(Debug, Clone, PartialEq)]
pub enum TextOrIds {
    /// A text, encoded with the tokenizer's special tokens.
    Text(String),
    /// Ids as they are.
    Ids(Vec<u32>),
}

/// How tokens are sampled.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// At most this many tokens, 1 or more.
    pub max_new_tokens: usize,
    /// 0 is greedy; finite and not negative.
    pub temperature: f64,
    /// The k largest logits only.
    pub top_k: Option<usize>,
    /// The smallest prefix in descending probability with this mass; in (0, 1].
    pub top_p: f64,
    /// The noise's seed.
    pub seed: u64,
    /// Which repeat.
    pub sample: u64,
    /// Strings that end the text.
    pub stop: Vec<String>,
}

/// Temperatures beside 0. Below, logits divided by it lose their order in the largest numbers, as above in the smallest.
pub const TEMPERATURES: std::ops::RangeInclusive<f64> = 1e-6..=1e6;

impl Sampling {
    /// The protocol's defaults.
    pub fn new(max_new_tokens: usize) -> Self {
        Self { max_new_tokens, temperature: 1.0, top_k: None, top_p: 1.0, seed: 0, sample: 0, stop: Vec::new() }
    }
}

/// How models and constraints are written into JSON.
#[derive(Clone, Copy)]
pub struct Naming<'a> {
    /// The name of a model.
    pub model: &'a dyn Fn(&ModelRef) -> String,
    /// Whether a constraint that a suite names appears as its id alone.
    pub constraint_ids: bool,
}

impl Request {
    /// A request to the model at hand.
    pub fn new(ask: Ask) -> Self {
        Self { model: None, max_length: None, ask }
    }

    /// The `kind` in the probe protocol.
    pub fn kind(&self) -> &'static str {
        match &self.ask {
            Ask::Tokenize { .. } => "tokenize",
            Ask::ChatTemplate { .. } => "chat_template",
            Ask::Loglikelihood { .. } => "loglikelihood",
            Ask::Rolling { .. } => "loglikelihood_rolling",
            Ask::NextLogits(_) => "next_logits",
            Ask::Generate { .. } => "generate",
            Ask::Classify { .. } => "classify",
            Ask::Reward(_) => "reward",
            Ask::Trajectory { .. } => "trajectory",
        }
    }

    /// Whether the reply depends on sampled tokens, so that a controller acts on it.
    pub fn samples(&self) -> bool {
        matches!(self.ask, Ask::Generate { .. })
    }

    /// Reads the probe's form; `id` is ignored here. The error says what was expected.
    pub fn from_json(value: &Value) -> Result<Self, RequestError> {
        let Some(map) = value.as_object() else {
            return Err(RequestError::invalid("a request is a JSON object with `kind`"));
        };
        let mut fields = Fields { map, used: vec!["id", "kind", "model", "max_length"] };
        let Some(kind) = map.get("kind").and_then(Value::as_str) else {
            return Err(RequestError::invalid(format!("a request needs `kind`: {}", KINDS.join(", "))));
        };
        let model = map.get("model").map(ModelRef::from_json).transpose().map_err(RequestError::invalid)?;
        let max_length = fields.whole("max_length")?;
        if max_length == Some(0) {
            return Err(RequestError::invalid("`max_length` is 1 or more"));
        }
        let ask = match kind {
            "tokenize" => Ask::Tokenize {
                text: fields.text("text")?,
                add_special_tokens: fields.flag("add_special_tokens", true)?,
            },
            "chat_template" => Ask::ChatTemplate {
                messages: fields.messages()?,
                add_generation_prompt: fields.flag("add_generation_prompt", true)?,
            },
            "loglikelihood" => {
                Ask::Loglikelihood { context: fields.text("context")?, continuation: fields.text("continuation")? }
            }
            "loglikelihood_rolling" => Ask::Rolling { text: fields.text("text")? },
            "next_logits" => Ask::NextLogits(if map.contains_key("ids") {
                TextOrIds::Ids(fields.ids("ids")?)
            } else {
                TextOrIds::Text(fields.text("text")?)
            }),
            "generate" => {
                let prompt = fields.prompt("prompt")?;
                let sampling = fields.sampling()?;
                let controller = fields.controller()?;
                Ask::Generate { prompt, sampling, controller, trace: fields.flag("trace", false)? }
            }
            "classify" => Ask::Classify {
                text: fields.text("text")?,
                text_pair: if map.get("text_pair").is_none_or(Value::is_null) {
                    fields.used.push("text_pair");
                    None
                } else {
                    Some(fields.text("text_pair")?)
                },
            },
            "reward" => Ask::Reward(fields.prompt("text")?),
            "trajectory" => Ask::Trajectory {
                prompt: fields.prompt("prompt")?,
                token_ids: fields.ids("token_ids")?,
                max_new_tokens: fields.whole("max_new_tokens")?.unwrap_or(0),
                constraint: {
                    fields.used.push("constraint");
                    let value = map
                        .get("constraint")
                        .ok_or_else(|| RequestError::invalid("`trajectory` needs `constraint`"))?;
                    ConstraintSpec::from_json(value).map_err(RequestError::invalid)?
                },
            },
            other => {
                let hint = crate::text::did_you_mean(other, KINDS.iter().copied());
                let hint = hint.map(|k| format!("; did you mean `{k}`?")).unwrap_or_default();
                return Err(RequestError::invalid(format!("unknown kind `{other}`{hint} Known: {}", KINDS.join(", "))));
            }
        };
        fields.refuse_unknown(kind)?;
        Ok(Self { model, max_length, ask })
    }

    /// The probe's form, with every default written out.
    pub fn to_json(&self, naming: Naming<'_>) -> Value {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
        put("kind", self.kind().into());
        if let Some(model) = &self.model {
            put("model", (naming.model)(model).into());
        }
        if let Some(max_length) = self.max_length {
            put("max_length", max_length.into());
        }
        match &self.ask {
            Ask::Tokenize { text, add_special_tokens } => {
                put("text", text.as_str().into());
                put("add_special_tokens", (*add_special_tokens).into());
            }
            Ask::ChatTemplate { messages, add_generation_prompt } => {
                put("messages", messages_json(messages));
                put("add_generation_prompt", (*add_generation_prompt).into());
            }
            Ask::Loglikelihood { context, continuation } => {
                put("context", context.as_str().into());
                put("continuation", continuation.as_str().into());
            }
            Ask::Rolling { text } | Ask::NextLogits(TextOrIds::Text(text)) => {
                put("text", text.as_str().into());
            }
            Ask::NextLogits(TextOrIds::Ids(ids)) => {
                put("ids", ids.clone().into());
            }
            Ask::Generate { prompt, sampling, controller, trace } => {
                match prompt {
                    Prompt::Text(text) => put("prompt", text.as_str().into()),
                    Prompt::Messages(messages) => put("messages", messages_json(messages)),
                };
                put("max_new_tokens", sampling.max_new_tokens.into());
                put("temperature", sampling.temperature.into());
                if let Some(top_k) = sampling.top_k {
                    put("top_k", top_k.into());
                }
                put("top_p", sampling.top_p.into());
                put("seed", sampling.seed.into());
                put("sample", sampling.sample.into());
                if !sampling.stop.is_empty() {
                    put("stop", sampling.stop.clone().into());
                }
                let mut written = Value::Object(controller.0.clone());
                name_models(&mut written, naming);
                put("controller", written);
                put("trace", (*trace).into());
            }
            Ask::Classify { text, text_pair } => {
                put("text", text.as_str().into());
                if let Some(pair) = text_pair {
                    put("text_pair", pair.as_str().into());
                }
            }
            Ask::Reward(prompt) => {
                match prompt {
                    Prompt::Text(text) => put("text", text.as_str().into()),
                    Prompt::Messages(messages) => put("messages", messages_json(messages)),
                };
            }
            Ask::Trajectory { prompt, token_ids, max_new_tokens, constraint } => {
                match prompt {
                    Prompt::Text(text) => put("prompt", text.as_str().into()),
                    Prompt::Messages(messages) => put("messages", messages_json(messages)),
                };
                put("token_ids", token_ids.clone().into());
                put("max_new_tokens", (*max_new_tokens).into());
                let mut written = constraint.to_json();
                name_models(&mut written, naming);
                put("constraint", written);
            }
        }
        Value::Object(map)
    }
}

/// The kinds of requests, in the protocol's order.
pub const KINDS: [&str; 9] = [
    "tokenize",
    "chat_template",
    "loglikelihood",
    "loglikelihood_rolling",
    "next_logits",
    "generate",
    "classify",
    "reward",
    "trajectory",
];

fn messages_json(messages: &[Message]) -> Value {
    messages.iter().map(|m| serde_json::json!({"role": m.role, "content": m.content})).collect()
}

/// Puts names for models into a controller or constraint, and ids for constraints that have one.
fn name_models(value: &mut Value, naming: Naming<'_>) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|v| name_models(v, naming)),
        Value::Object(map) => {
            if let Some(model) = map.get("model").and_then(|m| ModelRef::from_json(m).ok()) {
                map.insert("model".into(), (naming.model)(&model).into());
                match map.get("id").and_then(Value::as_str).map(str::to_owned) {
                    Some(id) if naming.constraint_ids => {
                        *value = id.into();
                        return;
                    }
                    _ => map.shift_remove("id"),
                };
            }
            map.values_mut().for_each(|v| name_models(v, naming));
        }
        _ => {}
    }
}

/// Makes relative model paths in a request's JSON relative to `folder`: its own `model`, and those of its controller and
/// constraint.
pub fn rebase(request: &mut Value, folder: &Path) {
    fn walk(value: &mut Value, folder: &Path) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(|v| walk(v, folder)),
            Value::Object(map) => map.iter_mut().for_each(|(key, value)| {
                if key == "model" {
                    rebase_model(value, folder);
                } else {
                    walk(value, folder);
                }
            }),
            _ => {}
        }
    }
    let Some(map) = request.as_object_mut() else { return };
    for key in ["model", "controller", "constraint"] {
        match map.get_mut(key) {
            Some(value) if key == "model" => rebase_model(value, folder),
            Some(value) => walk(value, folder),
            None => {}
        }
    }
}

/// Makes a model's relative path, in the string or the object form, relative to `folder`.
pub fn rebase_model(value: &mut Value, folder: &Path) {
    match value {
        Value::String(text) => {
            if let ModelRef::Local { path } = ModelRef::parse(text)
                && !text.starts_with(crate::model::CACHE)
            {
                *text = folder.join(path).display().to_string();
            }
        }
        Value::Object(map) => {
            if let Some(Value::String(path)) = map.get_mut("path")
                && !path.starts_with(crate::model::CACHE)
            {
                *path = folder.join(&path).display().to_string();
            }
        }
        _ => {}
    }
}

/// The fields of a request, with a note of those that were looked at, so that the others can be refused.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    used: Vec<&'static str>,
}

impl Fields<'_> {
    fn get(&mut self, key: &'static str) -> Option<&Value> {
        self.used.push(key);
        self.map.get(key)
    }

    fn text(&mut self, key: &'static str) -> Result<String, RequestError> {
        let value = self.get(key).and_then(Value::as_str).map(str::to_owned);
        value.ok_or_else(|| RequestError::invalid(format!("the request needs `{key}`, a string")))
    }

    fn flag(&mut self, key: &'static str, default: bool) -> Result<bool, RequestError> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value.as_bool().ok_or_else(|| RequestError::invalid(format!("`{key}` is true or false"))),
        }
    }

    fn whole(&mut self, key: &'static str) -> Result<Option<usize>, RequestError> {
        match self.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let number = value.as_u64().map(|n| n as usize);
                number.map(Some).ok_or_else(|| RequestError::invalid(format!("`{key}` is a whole number, 0 or more")))
            }
        }
    }

    fn number(&mut self, key: &'static str, default: f64) -> Result<f64, RequestError> {
        match self.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value.as_f64().ok_or_else(|| RequestError::invalid(format!("`{key}` is a number"))),
        }
    }

    fn ids(&mut self, key: &'static str) -> Result<Vec<u32>, RequestError> {
        let read = |v: &Value| v.as_u64().and_then(|n| u32::try_from(n).ok());
        let list = self.get(key).and_then(Value::as_array).and_then(|l| l.iter().map(read).collect());
        list.ok_or_else(|| RequestError::invalid(format!("`{key}` is a list of token ids")))
    }

    fn messages(&mut self) -> Result<Vec<Message>, RequestError> {
        let value = self.get("messages").cloned().unwrap_or(Value::Null);
        serde_json::from_value(value)
            .map_err(|e| RequestError::invalid(format!("`messages` is a list of {{\"role\", \"content\"}}: {e}")))
    }

    fn prompt(&mut self, key: &'static str) -> Result<Prompt, RequestError> {
        match (self.map.contains_key(key), self.map.contains_key("messages")) {
            (true, true) => {
                Err(RequestError::invalid(format!("the request has both `{key}` and `messages`; give one")))
            }
            (_, true) => Ok(Prompt::Messages(self.messages()?)),
            _ => Ok(Prompt::Text(self.text(key)?)),
        }
    }

    fn sampling(&mut self) -> Result<Sampling, RequestError> {
        let max_new_tokens = self
            .whole("max_new_tokens")?
            .filter(|n| *n > 0)
            .ok_or_else(|| RequestError::invalid("the request needs `max_new_tokens`, 1 or more"))?;
        let stop = match self.get("stop") {
            None | Some(Value::Null) => Vec::new(),
            Some(value) => {
                let expected = || RequestError::invalid("`stop` is a list of strings that are not empty");
                let read = |v: &Value| v.as_str().filter(|s| !s.is_empty()).map(str::to_owned).ok_or_else(expected);
                value.as_array().ok_or_else(expected)?.iter().map(read).collect::<Result<_, _>>()?
            }
        };
        let sampling = Sampling {
            max_new_tokens,
            temperature: self.number("temperature", 1.0)?,
            top_k: self.whole("top_k")?,
            top_p: self.number("top_p", 1.0)?,
            seed: self.whole("seed")?.unwrap_or(0) as u64,
            sample: self.whole("sample")?.unwrap_or(0) as u64,
            stop,
        };
        sampling.check().map_err(RequestError::invalid)?;
        Ok(sampling)
    }

    fn controller(&mut self) -> Result<ControllerSpec, RequestError> {
        match self.get("controller") {
            None | Some(Value::Null) => Ok(ControllerSpec::none()),
            Some(Value::Object(map)) if map.get("kind").is_some_and(Value::is_string) => {
                Ok(ControllerSpec(map.clone()))
            }
            Some(_) => Err(RequestError::invalid("`controller` is an object with `kind`")),
        }
    }

    fn refuse_unknown(&self, kind: &str) -> Result<(), RequestError> {
        match self.map.keys().find(|key| !self.used.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let hint = crate::text::did_you_mean(key, self.used.iter().copied());
                let hint = hint.map(|k| format!("; did you mean `{k}`?")).unwrap_or_default();
                Err(RequestError::invalid(format!("unknown key `{key}` of a `{kind}` request{hint}")))
            }
        }
    }
}

impl Sampling {
    /// Whether every value is in its range; the error says which is not.
    pub fn check(&self) -> Result<(), String> {
        if self.temperature != 0.0 && !(TEMPERATURES.contains(&self.temperature)) {
            return Err(format!(
                "`temperature` is 0, or from {:e} to {:e}, not {:e}",
                TEMPERATURES.start(),
                TEMPERATURES.end(),
                self.temperature
            ));
        }
        if self.top_k == Some(0) {
            return Err("`top_k` is 1 or more".into());
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err("`top_p` is more than 0 and at most 1".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wire(request: &Request) -> Value {
        request.to_json(Naming { model: &ToString::to_string, constraint_ids: false })
    }

    #[test]
    fn requests_survive_a_round_trip() {
        let constraint = json!({"kind": "classifier_margin", "model": "m", "positive": ["a"], "negative": ["b"]});
        for value in [
            json!({"kind": "tokenize", "text": "x"}),
            json!({"kind": "loglikelihood", "context": "", "continuation": " y", "max_length": 12}),
            json!({"kind": "generate", "prompt": "x", "max_new_tokens": 3, "controller": {"kind": "cbf", "alpha": 0.3, "constraint": constraint}}),
            json!({"kind": "reward", "messages": [{"role": "user", "content": "hi"}], "model": "other"}),
            json!({"kind": "trajectory", "prompt": "x", "token_ids": [1, 2], "constraint": constraint}),
        ] {
            let request = Request::from_json(&value).expect("a good request");
            assert_eq!(Request::from_json(&wire(&request)), Ok(request));
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (value, part) in [
            (json!({"kind": "genrate"}), "did you mean `generate`?"),
            (json!({"kind": "generate", "prompt": "x", "max_new_tokens": 3, "tempreature": 1}), "`tempreature`"),
            (json!({"kind": "generate", "prompt": "x", "max_new_tokens": 0}), "1 or more"),
            (json!({"kind": "generate", "prompt": "x", "messages": [], "max_new_tokens": 1}), "both"),
            (json!({"kind": "classify"}), "`text`"),
        ] {
            let error = Request::from_json(&value).expect_err("a bad request").message;
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn constraints_of_a_suite_appear_as_their_ids() {
        let constraint =
            json!({"id": "s", "kind": "classifier_margin", "model": "m", "positive": ["a"], "negative": ["b"]});
        let request = Request::from_json(&json!({"kind": "generate", "prompt": "", "max_new_tokens": 1,
            "controller": {"kind": "cbf", "alpha": 1, "constraints": [{"constraint": constraint}]}}));
        let written = request.expect("good").to_json(Naming { model: &|_| "blake3:0".into(), constraint_ids: true });
        assert_eq!(written["controller"]["constraints"][0]["constraint"], json!("s"));
    }

    #[test]
    fn relative_models_follow_the_file() {
        let mut value = json!({"kind": "generate", "model": "../m", "controller": {"constraint": {"model": {"kind": "local", "path": "c"}}}});
        rebase(&mut value, Path::new("/d/e"));
        assert_eq!(value["model"], json!("/d/e/../m"));
        assert_eq!(value["controller"]["constraint"]["model"]["path"], json!("/d/e/c"));
    }
}
