//! `telos export`: a record in other forms.

use crate::cli::Export;
use crate::exit;
use crate::failure::Failure;
use crate::output::{stream, write_file};
use std::io::Write;
use std::path::Path;

/// Writes the record.
pub(crate) fn export(what: &Export) -> Result<u8, Failure> {
    let write = |out: &mut dyn Write| (what.format.write)(&what.run, out).map(|_| ()).map_err(|e| Failure::data(&e));
    if what.output == Path::new("-") {
        stream(write)?;
    } else {
        write_file(&what.output, write)?;
    }
    Ok(exit::SUCCESS)
}
