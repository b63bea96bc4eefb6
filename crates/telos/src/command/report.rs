//! `telos report`: a record as one HTML page.

use super::read_record;
use crate::cli::Report;
use crate::exit;
use crate::failure::Failure;
use crate::output::write_text;
use std::path::Path;
use telos_core::record::Record;
use telos_report::PageOptions;

/// Writes the page.
pub(crate) fn report(what: &Report) -> Result<u8, Failure> {
    write_page(&read_record(&what.run)?, what.against.as_deref(), &what.output)?;
    Ok(exit::SUCCESS)
}

/// Renders a record's page into a file.
pub(crate) fn write_page(record: &Record, against: Option<&Path>, output: &Path) -> Result<(), Failure> {
    let baseline = against.map(read_record).transpose()?;
    let options = PageOptions { against: against.map(|path| path.display().to_string()), ..PageOptions::default() };
    let page = telos_report::html(record, baseline.as_ref(), &options)
        .map_err(|e| Failure::internal(format!("failed to {e}")))?;
    write_text(output, &page)
}
