//! `telos report`: a record as one HTML page.

use super::open_record;
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
    write_page(&open_record(&what.run)?, what.against.as_deref(), &what.output)?;
    Ok(exit::SUCCESS)
}

/// Renders a record's page into a file.
pub(crate) fn write_page(record: &StoredRecord, against: Option<&Path>, output: &Path) -> Result<(), Failure> {
    let baseline = against.map(open_record).transpose()?;
    let options = PageOptions { against: against.map(|path| path.display().to_string()), ..PageOptions::default() };
    let page = telos_report::html(record, baseline.as_ref().map(|b| b as &dyn Tables), &options)
        .map_err(|e| Failure::report(&e))?;
    write_text(output, &page)
}
