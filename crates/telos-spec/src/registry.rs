//! The registry: goals and benchmarks, those compiled in and a user's folders laid over them.

use crate::benchmark::{examine, tell_source, unbound_goals};
use crate::benchmark_file::BenchmarkFile;
use crate::diagnostic::{Diagnostic, sorted};
use crate::document::Document;
use crate::files::{BUILTIN, Home};
use crate::goal::shapes::GOAL;
use crate::goal::{Names, inherit, lay_goal, no_such_goal, unbound_works};
use crate::ids::bad_id;
use crate::surroundings::Surroundings;
use crate::yaml::{FileKind, folder_of, is_yaml, kind_of, read, yaml_files};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use telos_core::shape::finding::Finding;
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
