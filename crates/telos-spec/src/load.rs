//! A suite file to a checked suite, or to everything that is wrong with it.

use crate::benchmark_file::BenchmarkFile;
use crate::constraints::no_such_constraint;
use crate::diagnostic::{Diagnostic, sorted};
use crate::document::Document;
use crate::files::{Home, Presence};
use crate::gates::{Stated, dangling, gates, ids, read_gates};
use crate::goal::no_such_goal;
use crate::ids::{bad_id, bad_sha256, entry_id};
use crate::registry::{Registry, load_registry};
use crate::resolve::Parts;
use crate::set::{Applied, Set, blame};
use crate::shapes::SUITE;
use crate::suite::Suite;
use crate::surroundings::Surroundings;
use crate::yaml::{FileKind, folder_of, is_yaml, kind_of, read};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use telos_core::shape::finding::{Finding, nearest_or_all};
use telos_core::shape::trail::{Step, Trail, follow, to_index, to_key};
use telos_core::shape::{Leaf, Meaning, walk};

/// What came of a suite file.
pub(crate) struct Loaded {
    /// The suite, where nothing is wrong.
    pub(crate) suite: Option<Suite>,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Files that should lie in the cache folder and do not: no fault of the suite.
    pub(crate) not_in_cache: Vec<Diagnostic>,
}

/// Reads a suite, with `--set` and `--limit` applied to it. All mistakes are given, in the order of their places.
///
/// `limit` takes the place of every benchmark's own.
pub fn load_suite(
    path: &Path,
    sets: &[String],
    limit: Option<usize>,
    around: &Surroundings<'_>,
) -> Result<Suite, Vec<Diagnostic>> {
    let loaded = load(path, sets, limit, around);
    let mut diagnostics = loaded.diagnostics;
    diagnostics.extend(loaded.not_in_cache);
    loaded.suite.filter(|_| diagnostics.is_empty()).ok_or_else(|| sorted(diagnostics))
}

/// As [`load_suite`], files that are not in the cache folder set apart.
pub(crate) fn load(path: &Path, sets: &[String], limit: Option<usize>, around: &Surroundings<'_>) -> Loaded {
    let refuse = |diagnostic| Loaded { suite: None, diagnostics: vec![diagnostic], not_in_cache: Vec::new() };
    let (document, found) = match read(path) {
        Ok(read) => read,
        Err(diagnostic) => return refuse(diagnostic),
    };
    load_document(Text { document, found, folder: folder_of(path), parts: Vec::new() }, sets, limit, around)
}

/// A suite's text, read.
pub(crate) struct Text {
    pub(crate) document: Document,
    /// What is wrong with it as YAML.
    pub(crate) found: Vec<Diagnostic>,
    /// Where its relative paths start.
    pub(crate) folder: PathBuf,
    /// Parts that came from other files.
    pub(crate) parts: Vec<Part>,
}

/// A part of a suite that came from another file, where its mistakes are to be mended.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Where it is in the suite.
    pub(crate) trail: Trail,
    /// The file.
    pub(crate) document: Document,
    /// Where it is in the file.
    pub(crate) within: Trail,
}

/// As [`load`], for a text that was read already.
pub(crate) fn load_document(text: Text, sets: &[String], limit: Option<usize>, around: &Surroundings<'_>) -> Loaded {
    let refuse = |diagnostic| Loaded { suite: None, diagnostics: vec![diagnostic], not_in_cache: Vec::new() };
    let Text { document, found, folder, parts } = text;
    match kind_of(&document.value) {
        Ok(FileKind::Suite) => {}
        Ok(_) => {
            let finding = Finding::value(&[], "expected a suite: an object with the key `suite`");
            return refuse(document.place(finding));
        }
        Err(finding) => return refuse(document.place(finding)),
    }
    let mut loader = Loader {
        around,
        value: document.value.clone(),
        document,
        folder,
        parts,
        applied: Vec::new(),
        out: found,
        not_in_cache: Vec::new(),
    };
    if limit == Some(0) {
        loader.out.push(Diagnostic {
            file: "--limit".into(),
            ..blame("limit", "expected a whole number, 1 or more", Some("leave it out to run all items".into()))
        });
    }
    let suite = loader.run(sets, limit);
    Loaded { suite, diagnostics: sorted(loader.out), not_in_cache: sorted(loader.not_in_cache) }
}

pub(crate) struct Loader<'a> {
    pub(crate) around: &'a Surroundings<'a>,
    pub(crate) document: Document,
    /// The document with what `--set` put into it.
    value: Value,
    folder: PathBuf,
    parts: Vec<Part>,
    applied: Vec<Applied>,
    pub(crate) out: Vec<Diagnostic>,
    pub(crate) not_in_cache: Vec<Diagnostic>,
}

impl Loader<'_> {
    fn run(&mut self, sets: &[String], limit: Option<usize>) -> Option<Suite> {
        let mut of_benchmarks = Vec::new();
        for text in sets {
            match Set::parse(text) {
                Ok(set) if set.is_of_benchmarks() => of_benchmarks.push(set),
                Ok(set) => self.apply(set),
                Err(diagnostic) => self.out.push(diagnostic),
            }
        }
        let registry = self.registry();
        self.expand_goals(&registry);
        for set in of_benchmarks {
            self.apply(set);
        }

        let walked = walk(self.around.catalogue, &SUITE, &without_nothings(&self.value), &[]);
        let broken: Vec<Trail> = walked.findings.iter().map(|finding| finding.trail.clone()).collect();
        self.report_all(walked.findings);
        self.ids();
        self.arms();
        let constraints = self.constraints();
        for leaf in &walked.leaves {
            self.leaf(leaf, &constraints);
        }
        let gates = self.gates();
        let benchmarks = self.benchmarks(&registry, &constraints, &broken);
        if !self.out.is_empty() {
            return None;
        }
        let parts =
            Parts { around: self.around, written: &self.value, leaves: &walked.leaves, limit, goals: &registry.goals };
        match parts.suite(&benchmarks, &|trail| self.home(trail)) {
            Ok(suite) => self.with_gates(suite, gates),
            Err(finding) => {
                self.report(finding);
                None
            }
        }
    }

    /// The rules of the suite's gates, where it has any; what is wrong with a file of them is reported.
    fn gates(&mut self) -> Option<Stated> {
        let trail = to_key(&[], "gates");
        let home = self.home(&trail);
        let locate = |path: &str| home.locate(path, &self.around.cache_dir, &[]).0;
        let value = self.value.get("gates")?.clone();
        if let Some(path) = value.as_str() {
            // A file that is missing is found with the other paths.
            let path = Some(locate(path)).filter(|path| path.exists())?;
            let mut stated = read_gates(&path, self.around);
            self.out.append(&mut stated.diagnostics);
            self.not_in_cache.append(&mut stated.not_in_cache);
            return Some(stated);
        }
        let gates = gates(&value, &locate);
        let (rules, trail) = match value.get("rules") {
            Some(rules) => (rules, to_key(&trail, "rules")),
            None => (&value, trail),
        };
        self.report_all(ids(rules, &trail));
        Some(Stated { gates, trail, ..Stated::default() })
    }

    /// The suite with its gates, where they ask only for what it has.
    fn with_gates(&mut self, mut suite: Suite, gates: Option<Stated>) -> Option<Suite> {
        let Some(stated) = gates else { return Some(suite) };
        for finding in dangling(&stated.gates, &stated.trail, &suite, self.around.catalogue) {
            match &stated.document {
                Some(document) => self.out.push(document.place(finding)),
                None => self.report(finding),
            }
        }
        suite.gates = Some(stated.gates);
        self.out.is_empty().then_some(suite)
    }

    fn apply(&mut self, set: Set) {
        match set.apply(&mut self.value) {
            Ok(applied) => self.applied.push(applied),
            Err(diagnostic) => self.out.push(diagnostic),
        }
    }

    /// A finding with its place: on the command line where a `--set` is at fault.
    pub(crate) fn place(&self, finding: Finding) -> Diagnostic {
        let above = self.applied.iter().rev().find(|set| finding.trail.starts_with(&set.trail));
        let below = || {
            let made = !self.document.has(&finding.trail);
            self.applied.iter().rev().find(|set| made && set.trail.starts_with(&finding.trail))
        };
        match above.or_else(below) {
            Some(set) => blame(&set.key, finding.message, finding.hint),
            None => match self.parts.iter().find(|part| finding.trail.starts_with(&part.trail)) {
                Some(part) => {
                    let trail = [&part.within, &finding.trail[part.trail.len()..]].concat();
                    part.document.place(Finding { trail, ..finding })
                }
                None => self.document.place(finding),
            },
        }
    }

    pub(crate) fn report(&mut self, finding: Finding) {
        let diagnostic = self.place(finding);
        self.out.push(diagnostic);
    }

    fn report_all(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.report(finding);
        }
    }

    /// Where a relative path of the suite starts.
    pub(crate) fn home(&self, trail: &[Step]) -> Home {
        let set = self.applied.iter().any(|set| trail.starts_with(&set.trail));
        Home::Folder(if set { self.around.working_dir.clone() } else { self.folder.clone() })
    }

    pub(crate) fn list(&self, key: &str) -> Vec<Value> {
        self.value.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    fn registry(&mut self) -> Registry {
        let mut folders = Vec::new();
        for (index, folder) in self.list("registry").iter().enumerate() {
            let trail = to_index(&to_key(&[], "registry"), index);
            let Some(folder) = folder.as_str() else { continue };
            let (path, _) = self.home(&trail).locate(folder, &self.around.cache_dir, &[]);
            // What is missing is found with the other paths.
            if path.is_dir() || is_yaml(folder) && path.exists() {
                folders.push(path);
            } else if path.exists() {
                let message = format!("expected a folder or a YAML file; {} is neither", path.display());
                self.report(Finding::value(&trail, message));
            }
        }
        let (registry, found) = load_registry(&folders, self.around);
        self.out.extend(found);
        registry
    }

    /// Adds the benchmarks that `goals` brings in to those that are named, in order of id.
    fn expand_goals(&mut self, registry: &Registry) {
        let mut goals = Vec::new();
        for (index, goal) in self.list("goals").iter().enumerate() {
            let trail = to_index(&to_key(&[], "goals"), index);
            match goal.as_str() {
                Some(id) if registry.goals.iter().any(|g| g.id.0 == id) => goals.push(id.to_owned()),
                Some(id) => self.report(no_such_goal(id, &trail, &registry.goals)),
                None => {}
            }
        }
        let named: Vec<String> =
            self.list("benchmarks").iter().filter_map(|v| entry_id(v).map(str::to_owned)).collect();
        let bound = |file: &&BenchmarkFile| file.goals.iter().any(|id| goals.iter().any(|goal| id.is_within(goal)));
        let found = registry.benchmarks.values().filter(bound).filter(|file| !named.contains(&file.id));
        let found: Vec<Value> = found.map(|file| file.id.as_str().into()).collect();
        let Some(map) = self.value.as_object_mut() else { return };
        if !found.is_empty() {
            if let Value::Array(list) = map.entry("benchmarks").or_insert_with(|| json!([])) {
                list.extend(found);
            }
        } else if !map.contains_key("benchmarks") {
            let finding = if map.contains_key("goals") {
                Finding::value(&to_key(&[], "goals"), "nothing would run: no benchmark is bound to these goals")
                    .hint(Some("`telos benchmarks` lists what there is".into()))
            } else {
                Finding::value(&[], "nothing would run: a suite needs `benchmarks` or `goals`")
            };
            self.report(finding);
        }
    }

    /// Ids of the suite and of its lists: their form, and that none stands twice.
    fn ids(&mut self) {
        if let Some(id) = self.value.get("suite").and_then(Value::as_str) {
            self.report_all(bad_id(id, &to_key(&[], "suite")));
        }
        for key in ["models", "constraints", "controllers", "benchmarks"] {
            let mut seen: Vec<String> = Vec::new();
            for (index, entry) in self.list(key).iter().enumerate() {
                let mut trail = to_index(&to_key(&[], key), index);
                let Some(id) = entry_id(entry) else { continue };
                if entry.is_object() {
                    trail = to_key(&trail, "id");
                }
                // A benchmark's id is looked up, so that its form needs no check of its own.
                if key != "benchmarks" {
                    self.report_all(bad_id(id, &trail));
                }
                if seen.iter().any(|other| other == id) {
                    self.report(Finding::value(&trail, format!("the id `{id}` stands in `{key}` a second time")));
                }
                seen.push(id.to_owned());
            }
        }
        for (index, model) in self.list("models").iter().enumerate() {
            let trail = to_key(&to_index(&to_key(&[], "models"), index), "sha256");
            if let Some(sha256) = model.get("sha256").and_then(Value::as_str) {
                self.report_all(bad_sha256(sha256, &trail));
            }
        }
    }

    fn arms(&mut self) {
        let mut seen = Vec::new();
        for (index, arm) in self.list("arms").iter().enumerate() {
            let trail = to_index(&to_key(&[], "arms"), index);
            for (key, list) in [("model", "models"), ("controller", "controllers")] {
                let entries = self.list(list);
                let mut known: Vec<&str> = entries.iter().filter_map(entry_id).collect();
                if list == "controllers" && entries.is_empty() {
                    known.push(crate::resolve::FREE);
                }
                // Where there are none at all, that is the mistake.
                if known.is_empty() {
                    continue;
                }
                if let Some(id) = arm.get(key).and_then(Value::as_str).filter(|id| !known.contains(id)) {
                    let finding = Finding::value(&to_key(&trail, key), format!("there is no {key} `{id}` in `{list}`"));
                    self.report(finding.hint(nearest_or_all(id, &known)));
                }
            }
            if seen.contains(arm) {
                self.report(Finding::value(&trail, "this arm stands here a second time"));
            }
            seen.push(arm.clone());
        }
    }

    /// The ids of the suite's constraints, which are looked at on the way.
    fn constraints(&mut self) -> Vec<String> {
        let mut ids = Vec::new();
        for (index, entry) in self.list("constraints").iter().enumerate() {
            let trail = to_key(&to_index(&to_key(&[], "constraints"), index), "constraint");
            ids.extend(entry_id(entry).map(str::to_owned));
            if entry.get("constraint").is_some_and(Value::is_string) {
                self.report(Finding::value(&trail, "expected the constraint itself, an object with `kind`"));
            }
        }
        ids
    }

    /// A path, a model or a constraint's id that the suite itself names.
    fn leaf(&mut self, leaf: &Leaf, constraints: &[String]) {
        match leaf.meaning {
            Meaning::ConstraintId => {
                let named_in_list = matches!(leaf.trail.first(), Some(Step::Key(key)) if key == "constraints");
                let id = follow(&self.value, &leaf.trail).and_then(Value::as_str).unwrap_or_default().to_owned();
                if !named_in_list && !constraints.contains(&id) {
                    self.report(no_such_constraint(&id, &leaf.trail, constraints));
                }
            }
            Meaning::Path | Meaning::Model => {
                let home = self.home(&leaf.trail);
                match home.presence(&self.value, leaf, &self.around.cache_dir, self.around.builtin) {
                    Presence::There => {}
                    Presence::Missing(finding) => self.report(finding),
                    Presence::NotInCache(finding) => {
                        let diagnostic = self.place(finding);
                        self.not_in_cache.push(diagnostic);
                    }
                }
            }
            Meaning::Template | Meaning::Delimiter => {}
        }
    }
}

/// The suite without the keys of benchmarks that are nothing: they take the benchmark's own away.
fn without_nothings(suite: &Value) -> Value {
    let mut suite = suite.clone();
    let entries = suite.get_mut("benchmarks").and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten().filter_map(Value::as_object_mut) {
        entry.retain(|_, value| !value.is_null());
    }
    suite
}
