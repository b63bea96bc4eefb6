//! `telos run`: a suite into a record, a page and a table.

use super::compose::suite_of;
use super::open_record;
use super::report::write_page;
use crate::cli::Run;
use crate::exit;
use crate::failure::Failure;
use crate::output::{print, print_json, width};
use crate::progress::{Progress, say};
use crate::world::{World, now};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use telos_core::ModelRef;
use telos_engine::Shelf;
use telos_run::RunOptions;
use telos_spec::suite::Suite;

/// Set by the first Ctrl-C: the unit at work is finished and the record closed.
static STOP: AtomicBool = AtomicBool::new(false);

/// Runs the suite.
pub(crate) fn run(world: &World, quiet: bool, what: &Run) -> Result<u8, Failure> {
    let suite = suite_of(world, quiet, what)?;
    check_hashes(&suite)?;
    let out = what.out.clone().unwrap_or_else(|| default_folder(&suite.id));
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
    let shelf = world.shelf();
    let mut progress = Progress::new(quiet);
    telos_run::run(&suite, shelf.as_ref(), &options, &mut progress).map_err(|e| Failure::run(&e))?;

    if !quiet {
        say(&computed(&suite, &shelf));
    }

    let page = what.report.clone().unwrap_or_else(|| out.join("report.html"));
    let record = open_record(&out)?;
    write_page(&record, None, &page)?;
    let summary = telos_report::summarise(&record).map_err(|e| Failure::report(&e))?;
    if what.json {
        print_json(
            &json!({"summary": summary, "record": out.display().to_string(), "report": page.display().to_string()}),
        )?;
    } else {
        let (out, page) = (out.display(), page.display());
        print(&format!("{}\nrecord  {out}\nreport  {page}\n", telos_report::render_text(&summary, width())))?;
    }
    let errors = summary.replies.get("error").copied().unwrap_or(0);
    if errors > 0 {
        let first = summary.first_error.unwrap_or_default();
        return Err(Failure {
            message: format!("{errors} requests ended in an error; the first: {first}"),
            code: exit::INVALID,
        });
    }
    Ok(exit::SUCCESS)
}

/// How many token positions each model computed in this sitting, to be held against the plan's distinct prefix tokens.
fn computed(suite: &Suite, shelf: &Shelf) -> String {
    let each = suite.models.iter().map(|m| format!("{} {}", m.id, shelf.counters(&m.model).rows));
    format!("token positions computed: {}", each.collect::<Vec<_>>().join(", "))
}

/// `runs/SUITE-TIME`, the time as a file name can hold it.
fn default_folder(suite: &str) -> PathBuf {
    let time: String = now().chars().filter(|c| c.is_ascii_digit() || *c == 'T').collect();
    Path::new("runs").join(format!("{suite}-{time}"))
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
