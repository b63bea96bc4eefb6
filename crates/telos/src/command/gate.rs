//! `telos gate`: a record against a baseline, or against rules alone.

use super::{open_record, open_tables};
use crate::cli::Gate;
use crate::exit;
use crate::failure::Failure;
use crate::output::{print, print_json, width, write_text};
use crate::world::World;
use std::fs::OpenOptions;
use std::io::Write;
use telos_core::Gates;
use telos_stats::Verdict;

/// Prints the verdict, which is the exit code too.
pub(crate) fn gate(world: &World, what: &Gate) -> Result<u8, Failure> {
    let rules = what.rules.as_deref().map(|path| world.gates(path)).transpose()?;
    let baseline = what.baseline.as_deref().or_else(|| rules.as_ref()?.baseline.as_deref());
    if baseline.is_none() && rules.as_ref().is_none_or(Gates::needs_baseline) {
        return Err(Failure::usage(
            "there is no baseline: expected --baseline with a record or a file of `telos baseline accept`, `baseline` in the \
             file of --rules, or --rules without a rule of kind `regression`",
        ));
    }
    let (run, baseline) = (open_record(&what.run)?, baseline.map(open_tables).transpose()?);
    let report = telos_report::gate(&run, baseline.as_deref(), rules.as_ref()).map_err(|e| Failure::report(&e))?;
    if let Some(path) = &what.junit {
        write_text(path, &telos_report::junit(&report))?;
    }
    if let Some(path) = &what.summary {
        // A job's summary is one file that every step adds to.
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(telos_report::markdown(&report).as_bytes()))
            .map_err(|e| Failure::usage(format!("failed to write {}: {e}", path.display())))?;
    }
    if what.json {
        print_json(&report)?;
    } else {
        print(&telos_report::gate::render_text(&report, width()))?;
    }
    Ok(code(report.verdict, what.strict))
}

/// The exit code of a verdict.
pub(crate) fn code(verdict: Verdict, strict: bool) -> u8 {
    match verdict {
        Verdict::Fail => exit::FAILED,
        Verdict::Invalid => exit::INVALID,
        Verdict::Inconclusive if strict => exit::INCONCLUSIVE,
        Verdict::Pass | Verdict::Inconclusive => exit::SUCCESS,
    }
}
