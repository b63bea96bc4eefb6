//! `telos score`: a record's stored replies, evaluated again.

use crate::cli::Score;
use crate::exit;
use crate::failure::Failure;
use crate::output::print;

/// Replaces the record's scores.
pub(crate) fn score(what: &Score) -> Result<u8, Failure> {
    let done = telos_run::score(&what.run).map_err(|e| Failure::run(&e))?;
    let mut text = format!("{} scores", done.scores);
    if done.skipped > 0 {
        text +=
            &format!(", {} of them skipped: the record lacks replies that the evaluator now asks for", done.skipped);
    }
    if let Some(kept) = done.kept {
        text += &format!("\nthe old ones are in {}", kept.display());
    }
    print(&(text + "\n"))?;
    Ok(exit::SUCCESS)
}
