//! The models that are compiled into the program, so that a machine without a network has something to run.

use crate::error::OpenError;

/// A model of the program's own.
#[derive(Debug)]
pub struct BuiltinModel {
    /// What stands after `builtin:`.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    files: &'static [(&'static str, &'static [u8])],
}

/// The files of a model's folder under `builtin/`.
macro_rules! model {
    ($name:literal, $about:literal, [$($file:literal),+ $(,)?]) => {
        BuiltinModel {
            name: $name,
            about: $about,
            files: &[$(($file, include_bytes!(concat!("../builtin/", $name, "/", $file)))),+],
        }
    };
}

/// All of them.
pub static BUILTIN_MODELS: &[BuiltinModel] = &[
    model!(
        "tiny-lm",
        "A language model of some million weights that knows a small world of opinions, requests and judgements; for demonstration.",
        ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
    ),
    model!(
        "tiny-sentiment",
        "A classifier of sentiment (negative, neutral, positive) for the texts of that world, whole or cut short; for demonstration.",
        ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
    ),
];

impl BuiltinModel {
    /// The model of that name. The error lists those that there are.
    pub(crate) fn find(name: &str) -> Result<&'static Self, OpenError> {
        BUILTIN_MODELS.iter().find(|model| model.name == name).ok_or_else(|| {
            let names: Vec<&str> = BUILTIN_MODELS.iter().map(|model| model.name).collect();
            OpenError::Missing(format!("there is no built-in model `{name}`; there are {}", names.join(" and ")))
        })
    }

    /// A file's content.
    pub(crate) fn file(&self, name: &str) -> Option<&'static [u8]> {
        self.files.iter().find(|(file, _)| *file == name).map(|(_, bytes)| *bytes)
    }
}
