//! Where the files of a model in the Hugging Face layout are: in a folder, or in the program itself.

use crate::builtin::BuiltinModel;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::path::Path;

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
    pub(crate) fn read(&self, name: &str) -> Result<Option<Cow<'static, [u8]>>, String> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                match std::fs::read(&path) {
                    Ok(bytes) => Ok(Some(Cow::Owned(bytes))),
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(e) => Err(format!("cannot read {}: {e}", path.display())),
                }
            }
            Self::Builtin(model) => Ok(model.file(name).map(Cow::Borrowed)),
        }
    }

    /// A JSON object from a file; none where there is no such file.
    pub(crate) fn json(&self, name: &str) -> Result<Option<Map<String, Value>>, String> {
        let Some(bytes) = self.read(name)? else { return Ok(None) };
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(Some(map)),
            Ok(_) => Err(format!("{} holds no JSON object", self.shown(name))),
            Err(e) => Err(format!("{}:{}:{}: {e}", self.shown(name), e.line(), e.column())),
        }
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
