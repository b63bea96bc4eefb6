//! The registry: goals and benchmarks, those compiled in and a user's folders laid over them.

use crate::benchmark::{bad_id, examine, no_such_goal, tell_source, unbound_goals};
use crate::diagnostic::{Diagnostic, sorted};
use crate::document::Document;
use crate::files::{BUILTIN, Home};
use crate::goal::shapes::GOAL;
use crate::goal::{Names, inherit, lay_goal, unbound_works};
use crate::load::Surroundings;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use telos_core::file::irregular;
use telos_core::shape::finding::{Finding, did_you_mean};
use telos_core::shape::trail::{Trail, to_key};
use telos_core::shape::walk;
use telos_core::{Goal, GoalId};

/// What there is to be aligned with, and what measures it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Registry {
    /// All nodes, each after its parent, in the order of the files.
    pub goals: Vec<Goal>,
    /// By id.
    pub benchmarks: BTreeMap<String, BenchmarkFile>,
}

/// A benchmark as its own file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchmarkFile {
    /// Its id.
    pub id: String,
    /// What it asks, in a sentence; may be empty.
    pub about: String,
    /// The leaves that it is bound to.
    pub goals: Vec<GoalId>,
    /// The licence of its data.
    pub licence: Option<String>,
    /// What is known of its items being in training data.
    pub contamination: Option<String>,
    /// The file; `builtin:…` where it is compiled in.
    pub file: PathBuf,
    /// The whole file.
    pub value: Value,
    pub(crate) document: Document,
    pub(crate) home: Home,
    /// Whether nothing is wrong with it.
    pub(crate) sound: bool,
}

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

/// The registry with `folders` laid over what is compiled in, the last on top, and what is wrong with its files. Files of
/// other kinds that lie in the folders are left alone. A single YAML file may stand for a folder.
pub fn load_registry(folders: &[PathBuf], around: &Surroundings<'_>) -> (Registry, Vec<Diagnostic>) {
    let mut builder = Builder::new(around);
    builder.lay_builtin();
    for folder in folders {
        match yaml_files(folder) {
            Ok(files) => builder.lay_files(&files),
            Err(diagnostic) => builder.out.push(diagnostic),
        }
    }
    builder.finish()
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

pub(crate) struct Builder<'a> {
    around: &'a Surroundings<'a>,
    registry: Registry,
    out: Vec<Diagnostic>,
    /// Roots of goal files, whose parents must exist in the end.
    roots: Vec<(String, Document)>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(around: &'a Surroundings<'a>) -> Self {
        Self { around, registry: Registry::default(), out: Vec::new(), roots: Vec::new() }
    }

    /// Lays down what is compiled in.
    pub(crate) fn lay_builtin(&mut self) {
        let mut documents = Vec::new();
        for file in self.around.builtin.iter().filter(|file| is_yaml(file.path)) {
            let name = PathBuf::from(format!("{BUILTIN}{}", file.path));
            let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            match Document::parse(&name, file.content) {
                Ok((document, found)) => {
                    self.out.extend(found);
                    documents.push((document, Home::Builtin(folder)));
                }
                Err(diagnostic) => self.out.push(diagnostic),
            }
        }
        self.lay(documents);
    }

    /// Lays files over what is there.
    pub(crate) fn lay_files(&mut self, files: &[PathBuf]) {
        let mut documents = Vec::new();
        for path in files {
            match read(path) {
                Ok((document, found)) => {
                    self.out.extend(found);
                    documents.push((document, Home::Folder(folder_of(path))));
                }
                Err(diagnostic) => self.out.push(diagnostic),
            }
        }
        self.lay(documents);
    }

    /// One layer: goals first, for benchmarks bind to them.
    fn lay(&mut self, documents: Vec<(Document, Home)>) {
        let (mut goals, mut benchmarks) = (Vec::new(), Vec::new());
        for (document, home) in documents {
            match kind_of(&document.value) {
                Ok(FileKind::Goal) => goals.push(document),
                Ok(FileKind::Benchmark) => benchmarks.push((document, home)),
                Ok(FileKind::Suite | FileKind::Gate) => {}
                // Controllers.
                Err(_) if ["controller", "kind"].iter().any(|key| document.value.get(key).is_some()) => {}
                Err(finding) => self.out.push(document.place(finding)),
            }
        }
        // What is nearer to the root first, so that a node comes after the one above it whatever the files are called.
        goals.sort_by_key(|document| {
            let root = document.value.get("goal").and_then(Value::as_str);
            root.map_or(0, |root| root.matches('/').count())
        });
        for document in &goals {
            self.goal_file(document);
        }
        let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
        for (document, home) in benchmarks {
            self.benchmark_file(document, home, &mut seen);
        }
    }

    fn goal_file(&mut self, document: &Document) {
        let mut findings = walk(self.around.catalogue, &GOAL, &document.value, &[]).findings;
        if let Some(root) = document.value.get("goal").and_then(Value::as_str) {
            let at = to_key(&[], "goal");
            findings.extend(root.split('/').find_map(|part| bad_id(part, &at)));
            lay_goal(&mut self.registry.goals, &document.value, root, &Trail::new(), &mut findings);
            self.roots.push((root.to_owned(), document.clone()));
        }
        self.out.extend(findings.into_iter().map(|finding| document.place(finding)));
    }

    fn benchmark_file(&mut self, document: Document, home: Home, seen: &mut BTreeMap<String, PathBuf>) {
        let mut value = document.value.clone();
        tell_source(&mut value, &home, self.around);
        let mut findings = examine(&value, &|trail| document.is_raw_scalar(trail), self.around).findings;
        let Some(id) = value.get("benchmark").and_then(Value::as_str).map(str::to_owned) else {
            self.out.extend(findings.into_iter().map(|finding| document.place(finding)));
            return;
        };
        if let Some(first) = seen.insert(id.clone(), document.file.clone()) {
            let message = format!("a benchmark with the id `{id}` stands in {} already", first.display());
            findings.push(Finding::value(&to_key(&[], "benchmark"), message));
        }
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let goals = value.get("goals").and_then(Value::as_array).into_iter().flatten();
        let file = BenchmarkFile {
            about: text("about").unwrap_or_default(),
            goals: goals.filter_map(|v| v.as_str().map(|id| GoalId(id.to_owned()))).collect(),
            licence: text("licence"),
            contamination: text("contamination"),
            file: document.file.clone(),
            sound: findings.is_empty(),
            id: id.clone(),
            value,
            home,
            document,
        };
        self.out.extend(findings.into_iter().map(|finding| file.document.place(finding)));
        self.registry.benchmarks.insert(id, file);
    }

    /// The registry, once all layers are there.
    pub(crate) fn finish(mut self) -> (Registry, Vec<Diagnostic>) {
        inherit(&mut self.registry.goals);
        for file in self.registry.benchmarks.values_mut() {
            let findings = unbound_goals(&file.value, &self.registry.goals);
            file.sound &= findings.is_empty();
            self.out.extend(findings.into_iter().map(|finding| file.document.place(finding)));
        }
        let mut names = Names::default();
        for (root, document) in &self.roots {
            let goals = &self.registry.goals;
            let mut findings = names.take(&document.value, root);
            let parent = root.rsplit_once('/').map(|(parent, _)| parent);
            if let Some(parent) = parent.filter(|parent| !goals.iter().any(|goal| goal.id.0 == *parent)) {
                findings.push(no_such_goal(parent, &to_key(&[], "goal"), goals));
            } else if goals.iter().any(|goal| goal.id.0 == *root && goal.title.is_empty()) {
                let hint = format!("there is no goal `{root}` yet whose title it could keep");
                let message = "the key `title` is missing; expected a string";
                findings.push(Finding::value(&[], message).hint(Some(hint)));
            }
            // A user's benchmark may take the place of one that is compiled in and bind to other goals.
            let own = !document.file.to_string_lossy().starts_with(BUILTIN);
            findings.extend(unbound_works(&document.value, root, &self.registry.benchmarks, own));
            self.out.extend(findings.into_iter().map(|finding| document.place(finding)));
        }
        (self.registry, sorted(self.out))
    }
}

/// The folder that a file lies in.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Whether a path ends as those of YAML files do.
pub(crate) fn is_yaml(path: &str) -> bool {
    [".yaml", ".yml"].iter().any(|ending| path.ends_with(ending))
}
