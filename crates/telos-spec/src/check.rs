//! `telos check`: files and folders of any of our kinds.

use crate::benchmark::{Needed, examine, needed};
use crate::compose::controller_mistakes;
use crate::diagnostic::{Diagnostic, sorted};
use crate::files::{Home, Presence};
use crate::gates::read_gates;
use crate::load::load;
use crate::registry::Builder;
use crate::suite::{SourceSpec, Suite};
use crate::surroundings::Surroundings;
use crate::yaml::{FileKind, kind_of, read, yaml_files};
use std::path::PathBuf;
use telos_core::shape::finding::Finding;
use telos_core::shape::{Meaning, Walked};

/// What `telos check` found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
    /// How many files were looked at.
    pub files: usize,
    /// What is wrong with them.
    pub diagnostics: Vec<Diagnostic>,
    /// Files in the cache folder that they name and that are not there. That is no mistake of theirs: they are good on a
    /// machine that has the files.
    pub not_in_cache: Vec<Diagnostic>,
    /// What a user of the benchmarks among them should know: that no licence is named, or that the items may have been trained
    /// on.
    pub notes: Vec<String>,
    /// What the benchmarks among them need of their rows, which are not read here.
    pub reads: Vec<Reads>,
    /// The suites among them in which nothing is wrong.
    pub suites: Vec<Suite>,
}

/// The columns that a benchmark's templates need, to be held against its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Reads {
    /// Where the rows are.
    pub source: SourceSpec,
    /// A column, and the mistake that it is where no row has it.
    pub columns: Vec<(String, Diagnostic)>,
}

/// Checks files, and all YAML files of folders. Goals among them count for the benchmarks among them.
pub fn check(paths: &[PathBuf], around: &Surroundings<'_>) -> Checked {
    let mut out = Checked::default();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            match yaml_files(path) {
                Ok(found) => files.extend(found),
                Err(diagnostic) => out.diagnostics.push(diagnostic),
            }
        } else {
            files.push(path.clone());
        }
    }
    files.dedup();
    out.files = files.len();
    let mut of_registry = Vec::new();
    for path in files {
        let (document, found) = match read(&path) {
            Ok(read) => read,
            Err(diagnostic) => {
                out.diagnostics.push(diagnostic);
                continue;
            }
        };
        match kind_of(&document.value) {
            Ok(FileKind::Suite) => {
                let loaded = load(&path, &[], None, around);
                out.diagnostics.extend(loaded.diagnostics);
                out.not_in_cache.extend(loaded.not_in_cache);
                out.suites.extend(loaded.suite);
            }
            Ok(FileKind::Gate) => {
                let stated = read_gates(&path, around);
                out.diagnostics.extend(stated.diagnostics);
                out.not_in_cache.extend(stated.not_in_cache);
            }
            Ok(FileKind::Goal | FileKind::Benchmark) => of_registry.push(path),
            Err(finding) => {
                out.diagnostics.extend(found);
                let mistakes = controller_mistakes(&document, around);
                out.diagnostics.extend(mistakes.unwrap_or_else(|| vec![document.place(finding)]));
            }
        }
    }
    let mut builder = Builder::new(around);
    builder.lay_builtin();
    builder.lay_files(&of_registry);
    let (registry, found) = builder.finish();
    out.diagnostics.extend(found);
    for file in registry.benchmarks.values().filter(|file| matches!(file.home, Home::Folder(_))) {
        let note = |text: String| format!("{}: {text}", file.file.display());
        if file.licence.is_none() {
            out.notes.push(note(format!("benchmark `{}` names no licence of its data", file.id)));
        }
        if let Some(contamination) = &file.contamination {
            out.notes.push(note(format!("contamination of `{}`: {contamination}", file.id)));
        }
        let Walked { leaves, .. } = examine(&file.value, &|_| false, around);
        let missing = |Needed { trail, column }: Needed| {
            let message = format!("the rows have no column `{column}`");
            (column, file.document.place(Finding::value(&trail, message)))
        };
        let columns: Vec<_> = needed(&file.value, &leaves).into_iter().map(missing).collect();
        if file.sound && !columns.is_empty() {
            out.reads.push(Reads { source: file.benchmark(around).source, columns });
        }
        for leaf in leaves.iter().filter(|leaf| matches!(leaf.meaning, Meaning::Path | Meaning::Model)) {
            match file.home.presence(&file.value, leaf, &around.cache_dir, around.builtin) {
                Presence::There => {}
                Presence::Missing(finding) => out.diagnostics.push(file.document.place(finding)),
                Presence::NotInCache(finding) => out.not_in_cache.push(file.document.place(finding)),
            }
        }
    }
    out.diagnostics = sorted(out.diagnostics);
    out.not_in_cache = sorted(out.not_in_cache);
    out
}
