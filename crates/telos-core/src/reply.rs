//! What a model answers, in the fields of the probe protocol.

use crate::RequestError;
use crate::Step;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A reply, or why there is none.
pub type Outcome = Result<Reply, RequestError>;

/// The reply to one request; the variant follows from the request's kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// To `tokenize`.
    Tokenize(Ids),
    /// To `chat_template`.
    ChatTemplate(Rendered),
    /// To `loglikelihood`.
    Loglikelihood(Loglikelihood),
    /// To `loglikelihood_rolling`.
    Rolling(Rolling),
    /// To `next_logits`.
    NextLogits(NextLogits),
    /// To `generate`.
    Generate(Generation),
    /// To `classify`.
    Classify(Classification),
    /// To `reward`.
    Reward(Reward),
    /// To `trajectory`.
    Trajectory(Trajectory),
}

/// Token ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ids {
    /// The ids.
    pub ids: Vec<u32>,
}

/// A rendered chat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// Its ids, no special tokens added.
    pub ids: Vec<u32>,
}

/// The log-probability of a continuation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Loglikelihood {
    /// The sum, in nats.
    pub logprob: f64,
    /// Whether every id is the arg-max.
    pub is_greedy: bool,
    /// The continuation's ids.
    pub tokens: Vec<u32>,
    /// One for each id, in nats.
    pub token_logprobs: Vec<f64>,
    /// The context's ids before truncation.
    pub context_tokens: usize,
    /// Ids dropped on the left.
    pub truncated_tokens: usize,
}

/// The log-probability of a whole text, in disjoint windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rolling {
    /// The sum, in nats.
    pub logprob: f64,
    /// The text's ids.
    pub tokens: usize,
    /// Words as Python's `re.split(r"\s+", text)` counts them.
    pub words: usize,
    /// Bytes of UTF-8.
    pub bytes: usize,
}

/// All logits after the last id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextLogits {
    /// The ids that the model read.
    pub ids: Vec<u32>,
    /// One for each entry of the vocabulary.
    pub logits: Vec<f32>,
}

/// Why a text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// An end-of-sequence token was sampled.
    Eos,
    /// A stop string appeared.
    Stop,
    /// `max_new_tokens` were generated.
    Length,
    /// The controller ended it.
    Controller,
}

impl FinishReason {
    /// The name in the probe protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eos => "eos",
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Controller => "controller",
        }
    }
}

/// A generated text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// The generated ids decoded by themselves, special tokens skipped, cut before the first stop string.
    pub text: String,
    /// The ids; an end-of-sequence token, where one was sampled, is the last.
    pub token_ids: Vec<u32>,
    /// One for each id, in nats: the model's own log-softmax at temperature 1 over the whole vocabulary.
    pub token_logprobs: Vec<f64>,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// The prompt's ids after truncation.
    pub prompt_tokens: usize,
    /// Ids of the prompt dropped on the left.
    pub truncated_tokens: usize,
    /// The controller's trace, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<Step>>,
}

/// A sequence classifier's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification {
    /// One for each label.
    pub logits: Vec<f32>,
    /// (label, p), in the order of the logits: a softmax over labels of which one is right, a sigmoid of each where they do not
    /// exclude each other or there is only one, and the raw value where the model is a regression.
    pub probabilities: Vec<(String, f64)>,
}

impl Classification {
    /// Whether [`Classification::probabilities`] are probabilities, and not the raw values of a regression.
    pub fn has_probabilities(&self) -> bool {
        let raw = self.logits.iter().zip(&self.probabilities).all(|(logit, (_, p))| f64::from(*logit) == *p);
        self.logits.is_empty() || self.logits.len() != self.probabilities.len() || !raw
    }
}

impl Serialize for Classification {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let probabilities: Map<String, Value> =
            self.probabilities.iter().map(|(k, p)| (k.clone(), (*p).into())).collect();
        let mut out = serializer.serialize_struct("Classification", 2)?;
        out.serialize_field("logits", &self.logits)?;
        out.serialize_field("probabilities", &probabilities)?;
        out.end()
    }
}

impl<'de> Deserialize<'de> for Classification {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            logits: Vec<f32>,
            probabilities: Map<String, Value>,
        }
        let raw = Raw::deserialize(deserializer)?;
        let number = |v: &Value| v.as_f64().ok_or_else(|| serde::de::Error::custom("a probability is a number"));
        let probabilities =
            raw.probabilities.iter().map(|(k, v)| Ok((k.clone(), number(v)?))).collect::<Result<_, _>>()?;
        Ok(Self { logits: raw.logits, probabilities })
    }
}

/// A reward model's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reward {
    /// The raw logit.
    pub reward: f32,
}

/// h along a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    /// h of the prompt, then after each id: one more value than there are ids.
    pub h: Vec<f64>,
    /// The text that h read at the end, prompt included.
    pub text: String,
    /// Where each id's text begins in `text`, in bytes, and where the last one ends; ids that only complete a character
    /// share its place. One more than there are ids.
    pub offsets: Vec<usize>,
}

impl Reply {
    /// The fields of the reply in the probe's form.
    pub fn to_json(&self) -> Value {
        let written = match self {
            Self::Tokenize(r) => serde_json::to_value(r),
            Self::ChatTemplate(r) => serde_json::to_value(r),
            Self::Loglikelihood(r) => serde_json::to_value(r),
            Self::Rolling(r) => serde_json::to_value(r),
            Self::NextLogits(r) => serde_json::to_value(r),
            Self::Generate(r) => serde_json::to_value(r),
            Self::Classify(r) => serde_json::to_value(r),
            Self::Reward(r) => serde_json::to_value(r),
            Self::Trajectory(r) => serde_json::to_value(r),
        };
        written.unwrap_or(Value::Null)
    }

    /// Reads a stored reply to a request of that kind.
    pub fn from_json(kind: &str, value: Value) -> Result<Self, serde_json::Error> {
        use serde_json::from_value;
        Ok(match kind {
            "tokenize" => Self::Tokenize(from_value(value)?),
            "chat_template" => Self::ChatTemplate(from_value(value)?),
            "loglikelihood" => Self::Loglikelihood(from_value(value)?),
            "loglikelihood_rolling" => Self::Rolling(from_value(value)?),
            "next_logits" => Self::NextLogits(from_value(value)?),
            "generate" => Self::Generate(from_value(value)?),
            "classify" => Self::Classify(from_value(value)?),
            "reward" => Self::Reward(from_value(value)?),
            "trajectory" => Self::Trajectory(from_value(value)?),
            other => return Err(serde::de::Error::custom(format!("unknown kind of reply `{other}`"))),
        })
    }

    /// The first non-finite number in it, by field, if any: such a reply becomes an error.
    pub fn not_finite(&self) -> Option<&'static str> {
        let bad = |values: &[f64]| values.iter().any(|v| !v.is_finite());
        let bad32 = |values: &[f32]| values.iter().any(|v| !v.is_finite());
        match self {
            Self::Tokenize(_) | Self::ChatTemplate(_) => None,
            Self::Loglikelihood(r) => (!r.logprob.is_finite() || bad(&r.token_logprobs)).then_some("token_logprobs"),
            Self::Rolling(r) => (!r.logprob.is_finite()).then_some("logprob"),
            Self::NextLogits(r) => bad32(&r.logits).then_some("logits"),
            Self::Generate(r) => bad(&r.token_logprobs).then_some("token_logprobs"),
            Self::Classify(r) => bad32(&r.logits).then_some("logits"),
            Self::Reward(r) => (!r.reward.is_finite()).then_some("reward"),
            Self::Trajectory(r) => bad(&r.h).then_some("h"),
        }
    }

    /// Ids that were dropped on the left; 0 where nothing can be.
    pub fn truncated_tokens(&self) -> usize {
        match self {
            Self::Loglikelihood(r) => r.truncated_tokens,
            Self::Generate(r) => r.truncated_tokens,
            _ => 0,
        }
    }
}
