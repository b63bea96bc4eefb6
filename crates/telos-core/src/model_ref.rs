//! How a model is named.

use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};

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
    pub fn from_json(value: &Value) -> Result<Self, NoModel> {
        if let Some(text) = value.as_str() {
            return Ok(Self::parse(text));
        }
        let map = value.as_object().ok_or(NoModel::Form)?;
        let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        let need = |key: &'static str| text(key).ok_or(NoModel::Missing { key });
        let only = |known: &[&str]| match map.keys().find(|key| *key != "kind" && !known.contains(&key.as_str())) {
            Some(key) => Err(NoModel::Unknown { key: key.clone(), known: known.join(", ") }),
            None => Ok(()),
        };
        match text("kind").as_deref() {
            Some("builtin") => only(&["name"]).and_then(|()| Ok(Self::Builtin { name: need("name")? })),
            Some("local") => {
                only(&["path", "dtype"])?;
                match text("dtype").filter(|dtype| dtype != "f32") {
                    Some(dtype) => Err(NoModel::Dtype { dtype }),
                    None => Ok(Self::Local { path: need("path")?.into() }),
                }
            }
            Some("hub") => {
                only(&["repo", "revision"])?;
                Ok(Self::Hub { repo: need("repo")?, revision: text("revision") })
            }
            Some("openai") => {
                only(&["url", "model"])?;
                Ok(Self::Server { url: need("url")?, model: text("model") })
            }
            Some(_) | None => Err(NoModel::Kind),
        }
    }
}

/// Why a value names no model. The message says what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoModel {
    /// It has neither form.
    #[error("expected a model: a path, `builtin:NAME`, `hf://org/name`, a URL, or an object with `kind`")]
    Form,
    /// Its kind is none.
    #[error("expected a model's `kind`: builtin, local, hub or openai")]
    Kind,
    /// Its kind needs a key that is not there.
    #[error("a model of this kind needs `{key}`, a string")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// Its kind has no such key.
    #[error("unknown key `{key}` of a model; known: kind, {known}")]
    Unknown {
        /// The key.
        key: String,
        /// Those that there are beside `kind`.
        known: String,
    },
    /// It is to be computed in a type of number that nothing computes in.
    #[error("a model is computed in f32; `dtype: {dtype}` is not there yet")]
    Dtype {
        /// The type.
        dtype: String,
    },
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
