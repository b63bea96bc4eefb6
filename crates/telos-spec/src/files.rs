//! Files that a document names: where they are, and whether they are there.

use serde_json::Value;
use std::path::{Path, PathBuf};
use telos_core::ModelRef;
use telos_core::model::{CACHE, in_cache};
use telos_core::request::rebase_model;
use telos_core::shape::finding::Finding;
use telos_core::shape::trail::{Step, follow, follow_mut};
use telos_core::shape::{KindShape, source_kind};
use telos_core::shape::{Leaf, Meaning};

/// What a file's name in the cache begins with, and what fetches it.
const FETCHED_BY: &[(&str, &str)] =
    &[("models/SmolLM2-135M-Instruct.Q4_1.gguf", "fetch it with `python benchmarks/models/smollm2.py`")];

/// What begins the path of a file that is compiled in.
pub(crate) const BUILTIN: &str = "builtin:";

/// A file that is compiled into the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedFile {
    /// Its path in the repository, such as `goals/values.yaml`, with `/` between the parts.
    pub path: &'static str,
    /// Its content.
    pub content: &'static str,
}

/// Where the relative paths of a document start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Home {
    /// A folder.
    Folder(PathBuf),
    /// A folder of what is compiled in.
    Builtin(&'static str),
}

/// What is known of a file that a document names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Presence {
    /// It is there, or it is none of our business.
    There,
    /// It is not.
    Missing(Finding),
    /// It would lie in the cache folder and does not.
    NotInCache(Finding),
}

impl Home {
    /// The path as it can be opened, and the content of a file that is compiled in.
    pub(crate) fn locate(
        &self,
        path: &str,
        cache_dir: &Path,
        builtin: &[EmbeddedFile],
    ) -> (PathBuf, Option<&'static str>) {
        if path.starts_with(CACHE) {
            return (in_cache(Path::new(path), cache_dir), None);
        }
        match self {
            Self::Folder(folder) => (folder.join(path), None),
            Self::Builtin(folder) => {
                let full = format!("{folder}/{path}");
                let content = builtin.iter().find(|file| file.path == full).map(|file| file.content);
                (PathBuf::from(format!("{BUILTIN}{full}")), content)
            }
        }
    }

    /// Puts the path or model of a leaf in its place.
    pub(crate) fn rebase(&self, value: &mut Value, leaf: &Leaf, cache_dir: &Path) {
        let Some(value) = follow_mut(value, &leaf.trail) else { return };
        match leaf.meaning {
            Meaning::Path => {
                if let Value::String(path) = value {
                    *path = self.locate(path, cache_dir, &[]).0.display().to_string();
                }
            }
            Meaning::Model => {
                if let Self::Folder(folder) = self {
                    rebase_model(value, folder);
                }
                let text = match value {
                    Value::Object(map) => map.get_mut("path"),
                    other => Some(other),
                };
                if let Some(Value::String(path)) = text
                    && path.starts_with(CACHE)
                {
                    *path = in_cache(Path::new(path.as_str()), cache_dir).display().to_string();
                }
            }
            Meaning::ConstraintId | Meaning::Template | Meaning::Delimiter => {}
        }
    }

    /// Whether what a leaf names is there. `set_key` is the `--set` key that would name another.
    pub(crate) fn presence(&self, value: &Value, leaf: &Leaf, cache_dir: &Path, builtin: &[EmbeddedFile]) -> Presence {
        let trail: &[Step] = &leaf.trail;
        let Some(value) = follow(value, trail) else { return Presence::There };
        let (written, what) = match leaf.meaning {
            Meaning::Path => (value.as_str().map(str::to_owned), "file or folder"),
            Meaning::Model => match ModelRef::from_json(value) {
                Ok(ModelRef::Local { path }) => (Some(path.display().to_string()), "model"),
                _ => (None, ""),
            },
            Meaning::ConstraintId | Meaning::Template | Meaning::Delimiter => (None, ""),
        };
        let Some(written) = written else { return Presence::There };
        let (path, content) = self.locate(&written, cache_dir, builtin);
        if content.is_some() || path.exists() {
            return Presence::There;
        }
        let finding = Finding::value(trail, format!("there is no {what} at {}", path.display()));
        if let Some(rest) = written.strip_prefix(CACHE) {
            let fetch = FETCHED_BY.iter().find(|(file, _)| *file == rest).map(|(_, how)| *how);
            let fetch = fetch.unwrap_or("put the file there");
            let hint = format!("{fetch}, point TELOS_CACHE at a folder that has `{rest}`, or name another path");
            return Presence::NotInCache(finding.hint(Some(hint)));
        }
        let hint = match leaf.meaning {
            _ if trail.last() == Some(&Step::Key("baseline".into())) => {
                "`telos baseline accept RUN --as FILE` makes one; `--set gates=null` runs a suite without its gates until then"
            }
            Meaning::Model => "a model is a folder, a .gguf file, `builtin:NAME`, `hf://org/name` or a URL",
            _ => "a relative path starts at the folder of the file that it stands in",
        };
        Presence::Missing(finding.hint(Some(hint.to_owned())))
    }
}

/// The kind of the files in a folder, where all that have a known ending have the same.
pub(crate) fn folder_kind<'a>(folder: &Path, kinds: &'a [KindShape]) -> Option<&'a KindShape> {
    let names = std::fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut told = names.filter_map(|name| source_kind(&name, kinds));
    let first = told.next()?;
    told.all(|kind| kind.kind == first.kind).then_some(first)
}
