//! `telos report`: a record as one HTML page, or as another view.

use super::{open_record, open_tables};
use crate::cli::Report;
use crate::exit;
use crate::failure::Failure;
use crate::output::write_text;
use crate::world::World;
use std::path::Path;
use telos_report::{Index, PageOptions, Reading, VIEWS, View};

/// Columns of lines for a terminal that go into a file.
const WIDTH: usize = 120;

/// Writes the view.
pub(crate) fn report(world: &World, what: &Report) -> Result<u8, Failure> {
    check_name(what.view, &what.output)?;
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
    let reading = Reading { run: &index, against: before.as_ref(), options: &options, width: WIDTH, all: true };
    write_view(what.view, &reading, &what.output)?;
    Ok(exit::SUCCESS)
}

/// A name that promises another form than the view's is a mistake.
pub(crate) fn check_name(view: &View, output: &Path) -> Result<(), Failure> {
    let Some(ending) = output.extension().map(|ending| ending.to_string_lossy().to_lowercase()) else { return Ok(()) };
    let promises = |view: &View| view.endings.contains(&ending.as_str());
    if promises(view) {
        return Ok(());
    }
    let other = VIEWS.iter().find(|view| promises(view));
    let other = other.map(|view| format!("; `telos report --view {}` writes .{ending}", view.name)).unwrap_or_default();
    let expected = view.endings.first().map(|ending| format!(".{ending}")).unwrap_or_default();
    Err(Failure::usage(format!(
        "failed to write {}: the view `{}` is {}, not .{ending}; expected a name that ends in {expected}{other}",
        output.display(),
        view.name,
        view.what
    )))
}

/// Renders a record into a file.
pub(crate) fn write_view(view: &View, reading: &Reading<'_>, output: &Path) -> Result<(), Failure> {
    write_text(output, &view.render(reading).map_err(|e| Failure::report(&e))?)
}
