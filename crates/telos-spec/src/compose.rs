//! A suite that no file holds yet: some benchmarks on one model, free and with controllers. It becomes the text of the suite
//! that it stands for, which then goes the way of any suite, so that every check and every override applies to it.

use crate::constraints::NO_CONSTRAINT;
use crate::diagnostic::{Diagnostic, sorted};
use crate::document::{Document, to_yaml};
use crate::load::{Part, Text, load_document};
use crate::registry::load_registry;
use crate::resolve::FREE;
use crate::shapes::COMPOSED;
use crate::suite::Suite;
use crate::surroundings::Surroundings;
use crate::yaml::{FileKind, folder_of, is_yaml, kind_of, read, yaml_files};
use serde_json::{Map, Value, json};
use std::path::{Component, Path, PathBuf};
use telos_core::ModelRef;
use telos_core::model::CACHE;
use telos_core::shape::Shape;
use telos_core::shape::finding::{Finding, did_you_mean};
use telos_core::shape::trail::{Step, Trail, follow_mut, to_index, to_key};
use telos_core::shape::{Leaf, Meaning, Walked, walk};

/// What mistakes are blamed on that no file holds.
const COMMAND_LINE: &str = "the command line";

/// The seed of a suite that nobody gave one.
const SEED: u64 = 1234;

/// Benchmarks on a model. All paths are as they were given, relative ones to the current folder.
#[derive(Debug, Clone, Copy)]
pub struct Composition<'a> {
    /// Ids, YAML files of benchmarks, or folders of them.
    pub benchmarks: &'a [PathBuf],
    /// The model's string form.
    pub model: &'a str,
    /// Files with a controller each: the object itself, or `{id, controller, constraints}`.
    pub controllers: &'a [PathBuf],
    /// Folders laid over what is built in.
    pub registry: &'a [PathBuf],
    /// At most this many items of each benchmark.
    pub limit: Option<usize>,
    /// The file that will hold the suite: its paths then start at the folder of that file.
    pub file: Option<&'a Path>,
}

/// The suite that a [`Composition`] stands for.
#[derive(Debug, Clone)]
pub struct Composed {
    /// Its YAML, with comments.
    pub text: String,
    folder: PathBuf,
    limit: Option<usize>,
    parts: Vec<Part>,
}

impl Composition<'_> {
    /// Writes the suite, or says what is wrong with the benchmarks and controllers that were named.
    pub fn compose(&self, around: &Surroundings<'_>) -> Result<Composed, Vec<Diagnostic>> {
        let folder = self.file.map(folder_of).unwrap_or_default();
        let mut composer = Composer { around, folder: &folder, parts: Vec::new(), out: Vec::new() };
        let (registry, ids) = composer.benchmarks(self.registry, self.benchmarks);
        let (constraints, controllers) = composer.controllers(self.controllers);
        if !composer.out.is_empty() {
            return Err(sorted(composer.out));
        }
        let model = match ModelRef::parse(self.model) {
            ModelRef::Local { .. } => composer.path(self.model),
            _ => self.model.to_owned(),
        };
        let model = json!({"id": model_id(self.model), "model": model});
        let text = self.text(&[registry, vec![model], constraints, controllers], &ids);
        Ok(Composed { text, limit: self.limit, parts: composer.parts, folder })
    }

    fn text(&self, [registry, models, constraints, controllers]: &[Vec<Value>; 4], ids: &[String]) -> String {
        let name = match ids {
            [one] => one.clone(),
            [one, two] => format!("{one}-{two}"),
            [one, rest @ ..] => format!("{one}-and-{}-more", rest.len()),
            [] => String::new(),
        };
        let (on, free) = (&models[0]["id"], controllers.len() == 1);
        let how = if free { "free" } else { "free and with each controller" };
        let benchmarks: Vec<Value> = ids
            .iter()
            .map(|id| match self.limit.filter(|limit| *limit > 0) {
                Some(limit) => json!({"id": id, "limit": limit}),
                None => json!(id),
            })
            .collect();
        let about = format!("{} on {}, {how}.", ids.join(", "), on.as_str().unwrap_or_default());
        let mut text = "# yaml-language-server: $schema=./suite.schema.json\n\
            # `telos schema suite > suite.schema.json` in this folder gives an editor completion and checks.\n"
            .to_owned();
        let mut put = |comment: &str, key: &str, value: Value| {
            if value.as_array().is_some_and(Vec::is_empty) {
                return;
            }
            for line in comment.lines() {
                text.extend(["# ", line, "\n"]);
            }
            text.push_str(&to_yaml(&json!({ key: value })));
        };
        put("", "suite", name.into());
        put("", "about", about.into());
        put("From which the seed of every item follows.", "seed", SEED.into());
        put("Where benchmarks are that do not come with Telos.", "registry", json!(registry));
        put("Relative paths start at the folder of this file.", "models", json!(models));
        put("A text is safe where h(text) is not negative.", "constraints", json!(constraints));
        put("Each model runs with each of these; `free` changes nothing.", "controllers", json!(controllers));
        put("`telos benchmarks ID` says what one is.", "benchmarks", json!(benchmarks));
        text
    }
}

impl Composed {
    /// Reads and checks it like any suite.
    pub fn load(&self, sets: &[String], around: &Surroundings<'_>) -> Result<Suite, Vec<Diagnostic>> {
        let (document, found) = Document::parse(Path::new(COMMAND_LINE), &self.text).map_err(|found| vec![found])?;
        let text = Text { document, found, folder: self.folder.clone(), parts: self.parts.clone() };
        let loaded = load_document(text, sets, self.limit, around);
        let mut diagnostics = loaded.diagnostics;
        diagnostics.extend(loaded.not_in_cache);
        loaded
            .suite
            .filter(|_| diagnostics.is_empty())
            .ok_or_else(|| sorted(diagnostics.into_iter().map(placeless).collect()))
    }
}

/// A mistake in the text that nobody wrote has no line, and is said of what was typed.
fn placeless(diagnostic: Diagnostic) -> Diagnostic {
    if diagnostic.file != Path::new(COMMAND_LINE) {
        return diagnostic;
    }
    if let Some(id) = diagnostic.message.strip_prefix(NO_CONSTRAINT).and_then(|rest| rest.split('`').next()) {
        let asked = diagnostic.message.rsplit_once(" (").map(|(_, place)| place.trim_end_matches(')'));
        let asked = asked.map(|place| format!(" for {place}")).unwrap_or_default();
        let message = format!("a constraint `{id}` is needed{asked}, and no file of `--controller` has one");
        let hint = format!("save these lines as barrier.yaml and add `--controller barrier.yaml`:\n{}", barrier(id));
        return Diagnostic { line: 0, column: 0, message, hint: Some(hint), ..diagnostic };
    }
    let file = if diagnostic.path.starts_with("models") { "--model" } else { COMMAND_LINE };
    Diagnostic { file: file.into(), line: 0, column: 0, ..diagnostic }
}

/// A file for `--controller` with a constraint of that name.
fn barrier(id: &str) -> String {
    format!(
        "    controller: {{kind: cbf, alpha: 0.3, constraint: {id}}}\n    constraints:\n      - id: {id}\n        constraint: \
         {{kind: classifier_margin, model: \"builtin:tiny-sentiment\", positive: [positive, neutral], negative: [negative]}}"
    )
}

struct Composer<'a> {
    around: &'a Surroundings<'a>,
    /// Where the suite's relative paths will start.
    folder: &'a Path,
    parts: Vec<Part>,
    out: Vec<Diagnostic>,
}

impl Composer<'_> {
    fn blame(&mut self, message: String, hint: Option<String>) {
        let file = COMMAND_LINE.into();
        self.out.push(Diagnostic { file, line: 0, column: 0, path: String::new(), message, hint });
    }

    /// A path of the command line as the suite has to name it.
    fn path(&self, path: &str) -> String {
        seen_from(path, self.folder, &self.around.working_dir)
    }

    /// The suite's `registry`, and the ids of its benchmarks.
    fn benchmarks(&mut self, registry: &[PathBuf], named: &[PathBuf]) -> (Vec<Value>, Vec<String>) {
        let mut folders = registry.to_vec();
        // Mistakes in these files are found when the suite is loaded.
        let (known, _) = load_registry(&folders, self.around);
        let mut ids: Vec<String> = Vec::new();
        for name in named {
            let text = name.display().to_string();
            if known.benchmarks.contains_key(&text) {
                ids.push(text);
            } else if name.exists() {
                ids.extend(self.ids_in(name));
                if !folders.contains(name) {
                    folders.push(name.clone());
                }
            } else if text.contains(['/', '\\']) || is_yaml(&text) {
                self.blame(format!("there is no file or folder {text}"), None);
            } else {
                let hint = did_you_mean(&text, known.benchmarks.keys().map(String::as_str)).unwrap_or_else(|| {
                    "`telos benchmarks` lists them; a path names one of your own, `--registry` a folder of them".into()
                });
                self.blame(format!("there is no benchmark `{text}`"), Some(hint));
            }
        }
        let folders = folders.iter().map(|folder| json!(self.path(&folder.display().to_string()))).collect();
        (folders, ids)
    }

    /// The ids of the benchmarks in a file or a folder.
    fn ids_in(&mut self, path: &Path) -> Vec<String> {
        let before = self.out.len();
        let mut ids = Vec::new();
        for file in yaml_files(path).unwrap_or_else(|found| {
            self.out.push(found);
            Vec::new()
        }) {
            match read(&file) {
                Ok((document, _)) if matches!(kind_of(&document.value), Ok(FileKind::Benchmark)) => {
                    if let Some(id) = document.value.get("benchmark").and_then(Value::as_str) {
                        ids.push(id.to_owned());
                    } else {
                        let at = to_key(&[], "benchmark");
                        self.out.push(document.place(Finding::value(&at, "expected the benchmark's id, a string")));
                    }
                }
                Ok(_) => {}
                Err(found) => self.out.push(found),
            }
        }
        if ids.is_empty() && self.out.len() == before {
            let hint = "a benchmark's file has the topmost key `benchmark`";
            self.blame(format!("there is no benchmark in {}", path.display()), Some(hint.into()));
        }
        ids
    }

    /// The suite's `constraints` and `controllers`.
    fn controllers(&mut self, files: &[PathBuf]) -> (Vec<Value>, Vec<Value>) {
        let mut constraints: Vec<(Value, PathBuf)> = Vec::new();
        let mut controllers = vec![json!({"id": FREE, "controller": {"kind": "none"}})];
        for file in files {
            let (document, found) = match read(file) {
                Ok(read) => read,
                Err(diagnostic) => {
                    self.out.push(diagnostic);
                    continue;
                }
            };
            self.out.extend(found);
            let Some(map) = document.value.as_object() else {
                let message = "expected a controller: an object with `kind`, or `{id, controller, constraints}`";
                self.out.push(document.place(Finding::value(&[], message)));
                continue;
            };
            let bare = is_bare(map);
            let walked = examine(&document, map, self.around);
            if !walked.findings.is_empty() {
                self.out.extend(walked.findings.into_iter().map(|finding| document.place(finding)));
                continue;
            }
            let mut value = document.value.clone();
            self.rebase(&mut value, &walked.leaves, &folder_of(file));
            let at = to_index(&to_key(&[], "controllers"), controllers.len());
            let stem = id_of(&file.file_stem().unwrap_or_default().to_string_lossy());
            if bare {
                let trail = to_key(&at, "controller");
                self.parts.push(Part { trail, document: document.clone(), within: Trail::new() });
                self.parts.push(Part { trail: at, document, within: Trail::new() });
                controllers.push(json!({"id": stem, "controller": value}));
                continue;
            }
            for (index, constraint) in value["constraints"].as_array().into_iter().flatten().enumerate() {
                let within = to_index(&to_key(&[], "constraints"), index);
                match constraints.iter().find(|(other, _)| other["id"] == constraint["id"]) {
                    Some((other, _)) if other == constraint => {}
                    Some((_, first)) => {
                        let id = constraint["id"].as_str().unwrap_or_default();
                        let message = format!("the constraint `{id}` is another one in {}", first.display());
                        let finding = Finding::value(&within, message);
                        self.out.push(document.place(finding.hint(Some("give one of them another id".into()))));
                    }
                    None => {
                        let trail = to_index(&to_key(&[], "constraints"), constraints.len());
                        self.parts.push(Part { trail, document: document.clone(), within });
                        constraints.push((constraint.clone(), file.clone()));
                    }
                }
            }
            let id = value.get("id").cloned().unwrap_or_else(|| stem.into());
            controllers.push(json!({"id": id, "controller": value["controller"]}));
            self.parts.push(Part { trail: at, document, within: Trail::new() });
        }
        (constraints.into_iter().map(|(constraint, _)| constraint).collect(), controllers)
    }

    /// Makes the relative paths of a controller's file those of the suite.
    fn rebase(&self, value: &mut Value, leaves: &[Leaf], folder: &Path) {
        for leaf in leaves.iter().filter(|leaf| matches!(leaf.meaning, Meaning::Path | Meaning::Model)) {
            let trail: &[Step] = &leaf.trail;
            let text = match follow_mut(value, trail) {
                Some(Value::Object(map)) => map.get_mut("path"),
                other => other,
            };
            let Some(Value::String(text)) = text else { continue };
            let local = leaf.meaning == Meaning::Path || matches!(ModelRef::parse(text), ModelRef::Local { .. });
            if local && !text.starts_with(CACHE) {
                *text = self.path(&folder.join(&*text).display().to_string());
            }
        }
    }
}

/// Whether a controller's file holds the controller itself.
fn is_bare(map: &Map<String, Value>) -> bool {
    !map.contains_key("controller") && map.contains_key("kind")
}

fn examine(document: &Document, map: &Map<String, Value>, around: &Surroundings<'_>) -> Walked {
    let shape = if is_bare(map) { &Shape::Controller } else { &COMPOSED };
    walk(around.catalogue, shape, &document.value, &[])
}

/// What is wrong with a controller's file by itself; none where it is no such file.
pub(crate) fn controller_mistakes(document: &Document, around: &Surroundings<'_>) -> Option<Vec<Diagnostic>> {
    let map = document.value.as_object().filter(|map| is_bare(map) || map.contains_key("controller"))?;
    let findings = examine(document, map, around).findings;
    Some(findings.into_iter().map(|finding| document.place(finding)).collect())
}

/// A path of the current folder as it is seen from another folder. Absolute paths and `cache:` stay as they are.
fn seen_from(path: &str, folder: &Path, working_dir: &Path) -> String {
    if folder.as_os_str().is_empty() || Path::new(path).is_absolute() || path.starts_with(CACHE) {
        return path.to_owned();
    }
    let (from, to) = (plain(&working_dir.join(folder)), plain(&working_dir.join(path)));
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let mut out: PathBuf = from.components().skip(shared).map(|_| "..").collect();
    out.extend(to.components().skip(shared));
    if out.as_os_str().is_empty() { ".".to_owned() } else { out.display().to_string() }
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// An id for a model, from the last part of its name.
fn model_id(model: &str) -> String {
    let name = match ModelRef::parse(model) {
        ModelRef::Builtin { name } => name,
        ModelRef::Hub { repo, .. } => repo,
        ModelRef::Server { url, .. } => url,
        ModelRef::Local { path } => path.display().to_string(),
    };
    let last = name.trim_end_matches('/').rsplit(['/', '\\', ':']).find(|part| !matches!(*part, "" | "." | ".."));
    let last = last.unwrap_or_default();
    id_of(last.strip_suffix(".gguf").unwrap_or(last))
}

/// A text as an id: other characters become `-`.
fn id_of(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c.to_ascii_lowercase() } else { '-' };
    let id: String = text.chars().map(plain).collect();
    let id = id.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    if id.is_empty() { "own".to_owned() } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_have_ids() {
        for (model, id) in [
            ("builtin:tiny-lm", "tiny-lm"),
            ("models/SmolLM2-135M.Q4_1.gguf", "smollm2-135m.q4_1"),
            ("hf://org/My Name@main", "my-name"),
            ("http://localhost:8080/", "8080"),
            ("../../llama/", "llama"),
            ("..", "own"),
            ("cache:models/_x", "x"),
        ] {
            assert_eq!(model_id(model), id, "{model}");
        }
    }

    #[test]
    fn paths_are_seen_from_the_suites_folder() {
        let check = |path: &str, folder: &str, expected: &str| {
            assert_eq!(seen_from(path, Path::new(folder), Path::new("/home/me")), expected, "{path} from {folder}");
        };
        check("m", "", "m");
        check("m", "suites", "../m");
        check("./suites/../m/x", "suites/deep", "../../m/x");
        check("../m", "suites", "../../m");
        check("suites", "suites", ".");
        check("suites/b", "/home/me/suites", "b");
        check("/abs/m", "suites", "/abs/m");
        check("cache:models/x", "suites", "cache:models/x");
    }
}
