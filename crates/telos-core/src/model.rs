//! Models: how one is named, what it says of itself, and the trait behind which it answers.

use crate::{Feed, Request, RequestError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What a path into the cache folder begins with, as in `cache:models/x.gguf`.
pub const CACHE: &str = "cache:";

/// A path with `cache:` put in its place under `cache_dir`; other paths as they are.
pub fn in_cache(path: &Path, cache_dir: &Path) -> PathBuf {
    match path.to_str().and_then(|text| text.strip_prefix(CACHE)) {
        Some(rest) => cache_dir.join(rest),
        None => path.to_path_buf(),
    }
}

/// Where a model is to be found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ModelRef {
    /// One that comes with Telos: `builtin:NAME`.
    Builtin {
        /// Its name.
        name: String,
    },
    /// A folder in the Hugging Face layout, or a `.gguf` file; see [`in_cache`] for paths that begin with `cache:`.
    Local {
        /// The folder or file.
        path: PathBuf,
    },
    /// A repository of a model hub: `hf://org/name@revision`.
    Hub {
        /// `org/name`.
        repo: String,
        /// A branch, tag or commit.
        revision: Option<String>,
    },
    /// A server that speaks the `OpenAI` protocol.
    Server {
        /// Its base address.
        url: String,
        /// The model's name there.
        model: Option<String>,
    },
}

impl ModelRef {
    /// Reads the string form: `builtin:NAME`, `hf://org/name@revision`, a URL, or a path as it is.
    pub fn parse(text: &str) -> Self {
        if let Some(name) = text.strip_prefix("builtin:") {
            return Self::Builtin { name: name.to_owned() };
        }
        if let Some(rest) = text.strip_prefix("hf://") {
            let (repo, revision) = match rest.split_once('@') {
                Some((repo, revision)) => (repo, Some(revision.to_owned())),
                None => (rest, None),
            };
            return Self::Hub { repo: repo.to_owned(), revision };
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            return Self::Server { url: text.to_owned(), model: None };
        }
        Self::Local { path: PathBuf::from(text) }
    }

    /// Reads the string or the object form. The error says what was expected.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        if let Some(text) = value.as_str() {
            return Ok(Self::parse(text));
        }
        let Some(map) = value.as_object() else {
            return Err(
                "expected a model: a path, `builtin:NAME`, `hf://org/name`, a URL, or an object with `kind`".into()
            );
        };
        let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        let need = |key: &str| text(key).ok_or(format!("a model of this kind needs `{key}`, a string"));
        let known: &[&str] = match text("kind").as_deref() {
            Some("builtin") => &["kind", "name"],
            Some("local") => &["kind", "path", "dtype"],
            Some("hub") => &["kind", "repo", "revision"],
            Some("openai") => &["kind", "url", "model"],
            _ => return Err("expected a model's `kind`: builtin, local, hub or openai".into()),
        };
        if let Some(key) = map.keys().find(|k| !known.contains(&k.as_str())) {
            return Err(format!("unknown key `{key}` of a model; known: {}", known.join(", ")));
        }
        match known[1] {
            "name" => Ok(Self::Builtin { name: need("name")? }),
            "path" => match text("dtype").as_deref() {
                None | Some("f32") => Ok(Self::Local { path: need("path")?.into() }),
                Some(other) => Err(format!("a model is computed in f32; `dtype: {other}` is not there yet")),
            },
            "repo" => Ok(Self::Hub { repo: need("repo")?, revision: text("revision") }),
            _ => Ok(Self::Server { url: need("url")?, model: text("model") }),
        }
    }
}

impl fmt::Display for ModelRef {
    /// The string form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin { name } => write!(f, "builtin:{name}"),
            Self::Local { path } => write!(f, "{}", path.display()),
            Self::Hub { repo, revision: None } => write!(f, "hf://{repo}"),
            Self::Hub { repo, revision: Some(revision) } => write!(f, "hf://{repo}@{revision}"),
            Self::Server { url, .. } => f.write_str(url),
        }
    }
}

/// What a loaded model says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The architecture, in the words of its `config.json`, such as `LlamaForCausalLM`.
    pub architecture: String,
    /// The blake3 of the weights' bytes and of the configurations beside them; none where they were not loaded.
    pub weights: Option<String>,
    /// The blake3 of the tokenizer and of the files beside it that change what a text becomes; none where it is not known, as
    /// with a server.
    pub tokenizer: Option<String>,
    /// The blake3 of the chat template, where there is one.
    pub template: Option<String>,
    /// The number of positions; none where it is not known.
    pub max_length: Option<usize>,
    /// The labels of a classifier, by id; empty for other models.
    pub labels: Vec<String>,
    /// Whether the model predicts tokens.
    pub causal: bool,
    /// The type of number that it is computed in, such as `f32`; none where it is not known, or in records that are older than
    /// this field. Two types give two models: it is part of what a reply is kept under.
    #[serde(default)]
    pub dtype: Option<String>,
}

/// How much of a model is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weights {
    /// Everything.
    Load,
    /// Tokenizer, template and configuration, and the hash of the weights, which are read through and not kept: enough to tell
    /// the model's replies from another's.
    Hash,
    /// Tokenizer, template and configuration: enough to plan.
    Skip,
}

/// Why a model could not be opened. The message reads after "failed to open the model: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{model}: {message}")]
pub struct ModelError {
    /// The model's string form.
    pub model: String,
    /// What is wrong, what was expected and how to mend it.
    pub message: String,
}

/// A model that answers requests. Replies do not depend on what is asked together: the same request gives the same bits.
pub trait Model: Send + Sync {
    /// What the model is.
    fn card(&self) -> &ModelCard;

    /// Answers what a feed has until it ends, each request once and in any order. Whether many are computed together or each
    /// is under way by itself is the model's own affair. Once `stop` is set, whoever waits for replies may leave them: requests
    /// without a reply are asked again in another sitting. A request's `model` is nothing to it: whoever asks has chosen already.
    fn answer(&self, feed: &mut dyn Feed, stop: &AtomicBool);

    /// The token sequences that answering the request walks through, each a path in the trie of prefixes. Works without
    /// weights. Empty for requests that compute nothing; none where the model's tokens are not known.
    fn token_paths(&self, request: &Request) -> Result<Option<Vec<Vec<u32>>>, RequestError>;
}

/// Whoever opens models by name; each is opened once.
pub trait Models: Send + Sync {
    /// Opens a model, or hands out the one that is open already.
    fn open(&self, model: &ModelRef, weights: Weights) -> Result<Arc<dyn Model>, ModelError>;

    /// Lets go of a model's weights: nobody asks it any more. One that is asked after all is opened anew.
    fn close(&self, model: &ModelRef);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn string_forms_come_back() {
        for text in ["builtin:tiny-lm", "hf://a/b", "hf://a/b@main", "https://x/v1", "../m/x.gguf"] {
            assert_eq!(ModelRef::parse(text).to_string(), text);
        }
    }

    #[test]
    fn objects_are_read_strictly() {
        let ok = ModelRef::from_json(&json!({"kind": "local", "path": "m", "dtype": "f32"}));
        assert_eq!(ok, Ok(ModelRef::Local { path: "m".into() }));
        for bad in [
            json!({"kind": "local"}),
            json!({"kind": "locl"}),
            json!(3),
            json!({"kind": "hub", "repo": "a/b", "rev": "x"}),
        ] {
            assert!(ModelRef::from_json(&bad).is_err(), "{bad}");
        }
    }
}
