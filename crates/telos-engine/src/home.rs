//! Where the files of a model in the Hugging Face layout are: in a folder, or in the program itself.

use crate::builtin::BuiltinModel;
use crate::error::OpenError;
use crate::{file, limits};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::path::Path;
use telos_core::digest::canonical_json;
use telos_core::json;

/// The files beside `tokenizer.json` that can change what a text becomes, or what a chat looks like. The last two are not read
/// here, but other programs make a tokenizer of them, and a model that they were changed in is not the same.
const BESIDE_THE_TOKENIZER: [&str; 3] = ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

/// A model's files by name.
#[derive(Clone, Copy)]
pub(crate) enum Home<'a> {
    /// A folder.
    Folder(&'a Path),
    /// Compiled in.
    Builtin(&'static BuiltinModel),
}

impl Home<'_> {
    /// A file's content; none where there is no such file.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Option<Cow<'static, [u8]>>, OpenError> {
        match self {
            Self::Folder(folder) => Ok(file::read(&folder.join(name), limit)?.map(Cow::Owned)),
            Self::Builtin(model) => Ok(model.file(name).map(Cow::Borrowed)),
        }
    }

    /// A JSON object from a file; none where there is no such file. A key that stands twice is an error.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Map<String, Value>>, OpenError> {
        let Some(bytes) = self.read(name, limits::CONFIG_BYTES)? else { return Ok(None) };
        let shown = self.shown(name);
        match json::read(&bytes) {
            Ok(Value::Object(map)) => Ok(Some(map)),
            Ok(_) => Err(OpenError::Mismatch(format!("{shown} holds no JSON object"))),
            Err(e) => Err(OpenError::Mismatch(format!("{shown}:{}:{}: {e}", e.line, e.column))),
        }
    }

    /// The tokenizer's hash together with all files beside it that can change a reply. Where there are none it stays as it is.
    pub(crate) fn text_hash(&self, tokenizer: &str) -> Result<String, OpenError> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(tokenizer.as_bytes());
        let mut any = false;
        for name in BESIDE_THE_TOKENIZER {
            let Some(bytes) = self.read(name, limits::TEXT_BYTES)? else { continue };
            any = true;
            // White space and the order of keys change nothing; what is no JSON is taken as it is.
            let content = match serde_json::from_slice::<Value>(&bytes) {
                Ok(value) => Cow::Owned(canonical_json(&value).into_bytes()),
                Err(_) => bytes,
            };
            hasher.update(name.as_bytes()).update(&(content.len() as u64).to_le_bytes()).update(&content);
        }
        Ok(if any { hasher.finalize().to_hex().to_string() } else { tokenizer.to_owned() })
    }

    /// The model as a message names it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Folder(folder) => folder.display().to_string(),
            Self::Builtin(model) => format!("builtin:{}", model.name),
        }
    }

    /// A file as a message names it.
    pub(crate) fn shown(&self, name: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(name).display().to_string(),
            Self::Builtin(model) => format!("builtin:{}/{name}", model.name),
        }
    }
}
