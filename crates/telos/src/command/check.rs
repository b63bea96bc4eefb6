//! `telos check`: every mistake of a file, with its place.

use crate::cli::Check;
use crate::exit;
use crate::failure::Failure;
use crate::output::print;
use crate::world::World;

/// Prints the mistakes; exit code 2 where there are any.
pub(crate) fn check(world: &World, what: &Check) -> Result<u8, Failure> {
    let found = telos_spec::check(&what.paths, &world.surroundings());
    let mut text = String::new();
    for diagnostic in &found.diagnostics {
        text += &format!("{diagnostic}\n");
    }
    for missing in &found.not_in_cache {
        text += &format!("note: {missing}\n");
    }
    let files = if found.files == 1 { "1 file".to_owned() } else { format!("{} files", found.files) };
    text += &match found.diagnostics.len() {
        0 => format!("{files}: no mistakes\n"),
        1 => format!("{files}: 1 mistake\n"),
        many => format!("{files}: {many} mistakes\n"),
    };
    print(&text)?;
    Ok(if !found.diagnostics.is_empty() {
        exit::USAGE
    } else if found.files == 0 {
        exit::NOTHING
    } else {
        exit::SUCCESS
    })
}
