//! YAML files: found in folders, read, and told apart.

use crate::diagnostic::Diagnostic;
use crate::document::Document;
use serde_json::Value;
use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use telos_core::file::irregular;
use telos_core::shape::finding::{Finding, did_you_mean};

/// What a file is, by its topmost key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Suite,
    Benchmark,
    Goal,
    Gate,
}

const KINDS: [(&str, FileKind); 4] = [
    ("suite", FileKind::Suite),
    ("benchmark", FileKind::Benchmark),
    ("goal", FileKind::Goal),
    ("rules", FileKind::Gate),
];

/// What a document is.
pub(crate) fn kind_of(value: &Value) -> Result<FileKind, Finding> {
    let expected =
        "expected an object with the key `suite`, `benchmark`, `goal` or `rules`, which tells what the file is";
    let map = value.as_object().ok_or_else(|| Finding::value(&[], expected))?;
    let known = KINDS.iter().find(|(key, _)| map.contains_key(*key));
    known.map(|(_, kind)| *kind).ok_or_else(|| {
        let hint = map.keys().find_map(|key| did_you_mean(key, KINDS.iter().map(|(key, _)| *key)));
        Finding::value(&[], expected).hint(hint)
    })
}

/// The topmost key of a YAML file that tells its kind, such as `suite`; none where the file cannot be read or has no such key.
pub fn file_kind(path: &Path) -> Option<&'static str> {
    let value = read(path).ok()?.0.value;
    let map = value.as_object()?;
    KINDS.iter().map(|(key, _)| *key).find(|key| map.contains_key(*key))
}

/// All YAML files of a folder, in order of path; hidden ones are left out. Of a file, itself.
///
/// A folder that links lead to twice is looked into once, and what is neither file nor folder is passed over. A folder of
/// more than [`ENTRIES`] entries is none of goals and benchmarks and is refused.
pub(crate) fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, Diagnostic> {
    if !folder.is_dir() {
        return Ok(vec![folder.to_path_buf()]);
    }
    let mut search = Search::default();
    search.visit(folder, 0).map_err(|error| unreadable(folder, &error))?;
    if search.entries > ENTRIES {
        let message = format!("this folder holds more than {ENTRIES} files; name the folder that holds the YAML files");
        return Err(Diagnostic {
            file: folder.to_path_buf(),
            line: 0,
            column: 0,
            path: String::new(),
            message,
            hint: None,
        });
    }
    search.found.sort();
    Ok(search.found)
}

/// Entries that are looked at in a folder and below it, at most: a hundred registries' worth.
const ENTRIES: usize = 100_000;

/// A walk through a folder.
#[derive(Default)]
struct Search {
    found: Vec<PathBuf>,
    entries: usize,
    /// Folders that were looked into, as they are without links.
    seen: HashSet<PathBuf>,
}

impl Search {
    fn visit(&mut self, folder: &Path, depth: usize) -> std::io::Result<()> {
        if depth > 16 || !self.seen.insert(folder.canonicalize()?) {
            return Ok(());
        }
        for entry in std::fs::read_dir(folder)? {
            self.entries += 1;
            if self.entries > ENTRIES {
                return Ok(());
            }
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            // A link that leads nowhere is nobody's YAML file.
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            if metadata.is_dir() {
                self.visit(&path, depth + 1)?;
            } else if metadata.is_file() && path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
                self.found.push(path);
            }
        }
        Ok(())
    }
}

/// A file or folder that cannot be read.
pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    let message = format!("this cannot be read: {error}");
    Diagnostic { file: path.to_path_buf(), line: 0, column: 0, path: String::new(), message, hint: None }
}

/// Reads and parses a file.
pub(crate) fn read(path: &Path) -> Result<(Document, Vec<Diagnostic>), Diagnostic> {
    let refuse = |message: String| Diagnostic {
        file: path.to_path_buf(),
        line: 0,
        column: 0,
        path: String::new(),
        message,
        hint: None,
    };
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    match irregular(metadata.file_type()) {
        // A shell hands over `<(…)` as a pipe of the process.
        Some(_) if ["/dev/fd", "/proc/self/fd", "/dev/stdin"].iter().any(|place| path.starts_with(place)) => {}
        Some(what) => return Err(refuse(format!("this is {what} and no file"))),
        None if metadata.len() > MOST_BYTES => {
            let most = MOST_BYTES >> 20;
            return Err(refuse(format!(
                "this file is larger than {most} MiB; no file of goals, benchmarks or suites is"
            )));
        }
        None => {}
    }
    let mut text = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
    file.take(MOST_BYTES).read_to_end(&mut text).map_err(|error| unreadable(path, &error))?;
    let text = String::from_utf8(text).map_err(|error| {
        let line = text_lines(error.as_bytes(), error.utf8_error().valid_up_to());
        Diagnostic { line, column: 1, ..refuse("the text is not UTF-8; save the file as UTF-8".to_owned()) }
    })?;
    Document::parse(path, &text)
}

/// What a YAML file may weigh: parsed, it takes some twenty times as much memory.
const MOST_BYTES: u64 = 32 << 20;

/// The line of a byte, from 1.
fn text_lines(bytes: &[u8], at: usize) -> usize {
    bytes[..at].split(|byte| *byte == b'\n').count()
}

/// The folder that a file lies in.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Whether a path ends as those of YAML files do.
pub(crate) fn is_yaml(path: &str) -> bool {
    [".yaml", ".yml"].iter().any(|ending| path.ends_with(ending))
}
