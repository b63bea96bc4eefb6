//! `telos report`: a record as one HTML page.

use super::{open_record, open_tables};
use crate::cli::Report;
use crate::exit;
use crate::failure::Failure;
use crate::output::write_text;
use std::path::Path;
use telos_core::Tables;
use telos_data::StoredRecord;
use telos_report::PageOptions;

/// Writes the page.
pub(crate) fn report(what: &Report) -> Result<u8, Failure> {
    check_name(&what.output)?;
    let baseline = what.against.as_deref().map(open_tables).transpose()?;
    let against = what.against.as_deref().map(|path| path.display().to_string());
    let usual = PageOptions::default();
    let items = what.items.unwrap_or(usual.items);
    let repeats = what.repeats.unwrap_or(usual.repeats);
    let options = PageOptions { items, repeats, against, ..usual };
    write_page(&open_record(&what.run)?, baseline.as_deref(), &options, &what.output)?;
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
    record: &StoredRecord,
    against: Option<&dyn Tables>,
    options: &PageOptions,
    output: &Path,
) -> Result<(), Failure> {
    let page = telos_report::html(record, against, options).map_err(|e| Failure::report(&e))?;
    write_text(output, &page)
}
