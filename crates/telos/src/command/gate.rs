//! `telos gate`: a record against a baseline, or against rules alone.

use super::{open_record, open_tables};
use crate::cli::Gate;
use crate::exit;
use crate::failure::Failure;
use crate::output::{append_text, print, print_json, width, write_text};
use crate::world::World;
use telos_report::GateReport;
use telos_stats::Verdict;

/// Prints the verdict, which is the exit code too.
pub(crate) fn gate(world: &World, what: &Gate) -> Result<u8, Failure> {
    let run = there(open_record(&what.run))?;
    let rules = what.rules.as_deref().map(|path| world.gates(path)).transpose()?;
    let baseline = what.baseline.as_deref().or_else(|| rules.as_ref()?.baseline.as_deref());
    if baseline.is_none() && rules.as_ref().is_none_or(telos_report::gate::compares) {
        return Err(Failure::usage(
            "there is no baseline: expected --baseline with a record or a file of `telos baseline accept`, `baseline` in the \
             file of --rules, or --rules without a rule of kind `regression`",
        ));
    }
    let baseline = baseline.map(|path| there(open_tables(path))).transpose()?.transpose();
    let report = match (run, baseline) {
        (Ok(run), Ok(baseline)) => telos_report::gate(&run, baseline.as_deref(), rules.as_ref()),
        // A record that cannot be relied on has a verdict too, so that whoever reads verdicts is told.
        (run, baseline) => Ok(GateReport {
            verdict: Verdict::Invalid,
            integrity: run.err().into_iter().chain(baseline.err()).collect(),
            rules: Vec::new(),
        }),
    };
    let report = report.map_err(|e| Failure::report(&e))?;
    if let Some(path) = &what.junit {
        write_text(path, &telos_report::junit(&report))?;
    }
    if let Some(path) = &what.summary {
        // A job's summary is one file that every step adds to.
        append_text(path, &telos_report::markdown(&report))?;
    }
    if what.json {
        print_json(&report)?;
    } else {
        print(&telos_report::gate::render_text(&report, width()))?;
    }
    Ok(code(report.verdict, what.strict))
}

/// A record that is there; where it cannot be relied on, why.
fn there<T>(opened: Result<T, Failure>) -> Result<Result<T, String>, Failure> {
    match opened {
        Err(Failure { message, code: exit::INVALID }) => Ok(Err(message)),
        opened => opened.map(Ok),
    }
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
