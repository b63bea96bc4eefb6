//! `telos gate`: a record against a baseline.

use super::open_record;
use crate::cli::Gate;
use crate::exit;
use crate::failure::Failure;
use crate::output::{print, print_json, width, write_text};
use std::fs::OpenOptions;
use std::io::Write;
use telos_stats::Verdict;

/// Prints the verdict, which is the exit code too.
pub(crate) fn gate(what: &Gate) -> Result<u8, Failure> {
    let (run, baseline) = (open_record(&what.run)?, open_record(&what.baseline)?);
    let report = telos_report::gate(&run, &baseline).map_err(|e| Failure::report(&e))?;
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
    Ok(match report.verdict {
        Verdict::Fail => exit::FAILED,
        Verdict::Invalid => exit::INVALID,
        Verdict::Inconclusive if what.strict => exit::INCONCLUSIVE,
        Verdict::Pass | Verdict::Inconclusive => exit::SUCCESS,
    })
}
