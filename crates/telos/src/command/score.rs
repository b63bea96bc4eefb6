//! `telos score`: a record's stored replies, evaluated again.

use crate::cli::Score;
use crate::exit;
use crate::failure::Failure;
use crate::output::print;

/// Replaces the record's scores.
pub(crate) fn score(what: &Score) -> Result<u8, Failure> {
    let done = telos_run::score(&what.run).map_err(|e| Failure::run(&e))?;
    let skipped = match done.skipped {
        0 => String::new(),
        many => format!(", {many} of them skipped: the record lacks replies that the evaluator now asks for"),
    };
    let kept = done.kept.map(|kept| format!("the old ones are in {}\n", kept.display())).unwrap_or_default();
    print(&format!("{} scores{skipped}\n{kept}", done.scores))?;
    Ok(exit::SUCCESS)
}
