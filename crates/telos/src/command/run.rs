//! `telos run`: a suite into a record, a page and a table.

use super::compose::suite_of;
use super::report::{check_name, write_view};
use super::{open_record, open_tables};
use crate::cli::Run;
use crate::exit;
use crate::failure::Failure;
use crate::output::{print, print_json, width};
use crate::progress::{Progress, say};
use crate::target::target;
use crate::world::{World, now};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use telos_core::ModelRef;
use telos_engine::LocalModels;
use telos_report::{Index, PageOptions, Reading, view};
use telos_run::RunOptions;
use telos_spec::suite::Suite;

/// Set by the first Ctrl-C: the unit at work is finished and the record closed.
static STOP: AtomicBool = AtomicBool::new(false);

/// Runs the suite.
pub(crate) fn run(world: &World, quiet: bool, what: &Run) -> Result<u8, Failure> {
    let suite = suite_of(world, quiet, what)?;
    check_hashes(&suite)?;
    // Opened before the run, so that a mistake in it costs nothing.
    let against = suite.gates.as_ref().and_then(|gates| gates.baseline.as_deref());
    let baseline = against.map(open_tables).transpose()?;
    if let Some(page) = &what.report {
        check_name(&view::HTML, page)?;
        target(page)?;
    }
    let free = if what.out.is_none() { Some(FreeFolder::new(&suite.id)?) } else { None };
    let out = what.out.clone().or_else(|| free.as_ref().map(|free| free.path.clone())).unwrap_or_default();
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            // The second Ctrl-C means at once. The journal holds every reply that was given.
            #[expect(clippy::exit, reason = "nothing else ends the process from here")]
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
        say("stopping after the unit at work; press Ctrl-C again to stop at once");
    })
    .map_err(|e| Failure::internal(format!("failed to listen for Ctrl-C: {e}")))?;
    let environment = world.environment();
    let cache = what.cache.as_deref();
    let options =
        RunOptions { out: &out, resume: what.resume, cache, stop: &STOP, environment: &environment, now: &now };
    let models = world.models();
    let mut progress = Progress::new(quiet);
    let manifest = telos_run::run(&suite, models.as_ref(), &options, &mut progress).map_err(|e| Failure::run(&e))?;

    if !quiet {
        say(&computed(&suite, &models));
    }

    let page = what.report.clone().unwrap_or_else(|| out.join("report.html"));
    let record = open_record(&out)?;
    let options = PageOptions {
        against: against.map(|path| path.display().to_string()),
        rules: suite.gates.clone(),
        ..PageOptions::default()
    };
    // One reading of the record for the page, the table and the verdict.
    let unreadable = |e| Failure::report(&e);
    let index = Index::new(&record).map_err(unreadable)?;
    let before = baseline.as_deref().map(Index::new).transpose().map_err(unreadable)?;
    let reading = Reading { run: &index, against: before.as_ref(), options: &options, width: width(), all: what.all };
    write_view(&view::HTML, &reading, &page)?;
    let summary = telos_report::summarise_index(&index);
    let gate = reading.verdict();
    if what.json {
        let mut value =
            json!({"summary": summary, "record": out.display().to_string(), "report": page.display().to_string()});
        if let Some(gate) = &gate {
            value["gate"] = json!(gate);
        }
        print_json(&value)?;
    } else {
        let (out, page) = (out.display(), page.display());
        let verdict = gate.as_ref().map(|gate| telos_report::gate::render_text(gate, width()) + "\n");
        let table = telos_report::render_text(&summary, width(), what.all);
        print(&format!("{table}\n{}record  {out}\nreport  {page}\n", verdict.unwrap_or_default()))?;
    }
    let errors = summary.replies.get("error").copied().unwrap_or(0);
    if errors > 0 {
        let first = summary.first_error.unwrap_or_default();
        return Err(Failure {
            message: format!("{errors} requests ended in an error; the first: {first}{}", passing(manifest.passing)),
            code: exit::INVALID,
        });
    }
    if let Some(unscored) = unscored(&summary) {
        return Err(Failure { message: unscored, code: exit::INVALID });
    }
    Ok(gate.map_or(exit::SUCCESS, |gate| super::gate::code(gate.verdict, false)))
}

/// What can be done about errors that may pass.
fn passing(errors: u64) -> String {
    match errors {
        0 => String::new(),
        n => format!("; {n} of them may pass: `telos run … --resume` asks for these again, and for nothing else"),
    }
}

/// What is wrong where a benchmark was asked and has not one score on some arm; the reason of the first missing one is told.
fn unscored(summary: &telos_report::Summary) -> Option<String> {
    let (benchmark, row) = summary.benchmarks.iter().find_map(|benchmark| {
        let unscored = |arm: &str| benchmark.rows.iter().filter(|row| row.arm == arm).all(|row| row.n == 0);
        benchmark.rows.iter().find(|row| benchmark.items > 0 && unscored(&row.arm)).map(|row| (benchmark, row))
    })?;
    let reason = row.missing.first().map(|missing| format!(": {}", missing.reason)).unwrap_or_default();
    Some(format!("benchmark `{}` has not one score for {}{reason}", benchmark.id, row.arm))
}

/// How many token positions each model computed in this sitting, to be held against the plan's distinct prefix tokens.
fn computed(suite: &Suite, models: &LocalModels) -> String {
    let each = suite.models.iter().map(|m| format!("{} {}", m.id, models.counters(&m.model).rows));
    format!("token positions computed: {}", each.collect::<Vec<_>>().join(", "))
}

/// A folder for a run that names none. It is made at once, so that no other run of the same second takes it; where the run
/// leaves nothing in it, it is gone again.
struct FreeFolder {
    path: PathBuf,
}

impl FreeFolder {
    /// `runs/SUITE-TIME`, the time as a file name can hold it; with `-2`, `-3` and on where that is taken.
    fn new(suite: &str) -> Result<Self, Failure> {
        let time: String = now().chars().filter(|c| c.is_ascii_digit() || *c == 'T').collect();
        let fail = |path: &Path, e: std::io::Error| {
            Failure::usage(format!("failed to create the folder {}: {e}", path.display()))
        };
        let runs = Path::new("runs");
        std::fs::create_dir_all(runs).map_err(|e| fail(runs, e))?;
        for n in 1_u32.. {
            let again = if n == 1 { String::new() } else { format!("-{n}") };
            let path = runs.join(format!("{suite}-{time}{again}"));
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(fail(&path, e)),
            }
        }
        Err(Failure::internal("failed to find a free name for the record in runs/"))
    }
}

impl Drop for FreeFolder {
    fn drop(&mut self) {
        // One that holds something stays.
        let _ = std::fs::remove_dir(&self.path);
    }
}

/// Holds the models' files against the sha256 that the suite names.
fn check_hashes(suite: &Suite) -> Result<(), Failure> {
    for model in &suite.models {
        let (Some(expected), ModelRef::Local { path }) = (&model.sha256, &model.model) else { continue };
        let found = telos_data::sha256_file(path)
            .map_err(|e| Failure::usage(format!("failed to read {}: {e}", path.display())))?;
        if found != *expected {
            return Err(Failure::usage(format!(
                "the file of model `{}` is not the one that the suite names: {} has sha256 {found}, expected {expected}; \
                 fetch it again, or mend `sha256` in the suite",
                model.id,
                path.display()
            )));
        }
    }
    Ok(())
}
