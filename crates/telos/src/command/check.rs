//! `telos check`: every mistake of a file, with its place.

use crate::cli::Check;
use crate::exit;
use crate::failure::Failure;
use crate::output::print;
use crate::world::World;

/// Prints the mistakes; exit code 2 where there are any.
pub(crate) fn check(world: &World, what: &Check) -> Result<u8, Failure> {
    let found = telos_spec::check(&what.paths, &world.surroundings());
    let mut lines = telos_spec::listing(&found.diagnostics);
    lines.extend(telos_spec::listing(&found.not_in_cache).into_iter().map(|missing| format!("note: {missing}")));
    lines.extend(found.notes.iter().map(|text| format!("note: {text}")));
    let files = if found.files == 1 { "1 file".to_owned() } else { format!("{} files", found.files) };
    lines.push(match found.diagnostics.len() {
        0 => format!("{files}: no mistakes"),
        1 => format!("{files}: 1 mistake"),
        many => format!("{files}: {many} mistakes"),
    });
    print(&(lines.join("\n") + "\n"))?;
    Ok(if !found.diagnostics.is_empty() {
        exit::USAGE
    } else if found.files == 0 {
        exit::NOTHING
    } else {
        exit::SUCCESS
    })
}
