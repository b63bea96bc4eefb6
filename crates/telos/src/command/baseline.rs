//! `telos baseline accept`: a record's scores as a small file.

use super::open_record;
use crate::cli::{Accept, BaselineAction};
use crate::exit;
use crate::failure::Failure;
use crate::output::{print, write_text};
use telos_report::{Baseline, counted};

/// Writes the file; one that is there is replaced, for version control keeps what was before.
pub(crate) fn baseline(what: &BaselineAction) -> Result<u8, Failure> {
    let BaselineAction::Accept(Accept { run, file, reason }) = what;
    if reason.trim().is_empty() {
        return Err(Failure::usage(
            "--reason is empty: expected why these scores are what later ones are held against",
        ));
    }
    let baseline = Baseline::accept(&open_record(run)?, reason.trim()).map_err(|e| Failure::report(&e))?;
    write_text(file, &baseline.to_text().map_err(|e| Failure::report(&e))?)?;
    let (items, benchmarks) = baseline.size();
    let (items, benchmarks) = (counted(items, "item"), counted(benchmarks, "benchmark"));
    print(&format!("baseline  {}: {items} of {benchmarks}\n", file.display()))?;
    Ok(exit::SUCCESS)
}
