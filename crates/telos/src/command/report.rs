//! `telos report`: a record as one HTML page.

use super::{open_record, open_tables};
use crate::cli::Report;
use crate::exit;
use crate::failure::Failure;
use crate::output::write_text;
use crate::world::World;
use std::path::Path;
use telos_report::{Index, PageOptions};

/// Writes the page.
pub(crate) fn report(world: &World, what: &Report) -> Result<u8, Failure> {
    check_name(&what.output)?;
    let rules = what.rules.as_deref().map(|path| world.gates(path)).transpose()?;
    // As the gate has it: what the rules are to be held against may stand in their file.
    let against_path = what.against.clone().or_else(|| rules.as_ref().and_then(|rules| rules.baseline.clone()));
    let against = against_path.as_ref().map(|path| path.display().to_string());
    let usual = PageOptions::default();
    let items = what.items.unwrap_or(usual.items);
    let repeats = what.repeats.unwrap_or(usual.repeats);
    let baseline = against_path.as_deref().map(open_tables).transpose()?;
    let record = open_record(&what.run)?;
    let unreadable = |e| Failure::report(&e);
    let index = Index::new(&record).map_err(unreadable)?;
    let before = baseline.as_deref().map(Index::new).transpose().map_err(unreadable)?;
    let options = PageOptions { items, repeats, against, rules };
    write_page(&index, before.as_ref(), &options, &what.output)?;
    Ok(exit::SUCCESS)
}

/// A name that promises another form than the page's is a mistake.
pub(crate) fn check_name(output: &Path) -> Result<(), Failure> {
    let ending = output.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        None | Some("html" | "htm") => Ok(()),
        Some(other) => Err(Failure::usage(format!(
            "failed to write {}: a report is one HTML page, not .{other}; expected a name that ends in .html",
            output.display()
        ))),
    }
}

/// Renders a record's page into a file.
pub(crate) fn write_page(
    record: &Index<'_>,
    against: Option<&Index<'_>>,
    options: &PageOptions,
    output: &Path,
) -> Result<(), Failure> {
    let page = telos_report::html_indexed(record, against, options).map_err(|e| Failure::report(&e))?;
    write_text(output, &page)
}
