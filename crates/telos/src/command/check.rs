//! `telos check`: every mistake of a file, with its place.

use crate::cli::Check;
use crate::exit;
use crate::failure::Failure;
use crate::output::print;
use crate::world::World;
use telos_core::ModelRef;
use telos_core::text::did_you_mean;
use telos_spec::suite::Suite;
use telos_spec::{Diagnostic, Reads};

/// Prints the mistakes; exit code 2 where there are any.
pub(crate) fn check(world: &World, what: &Check) -> Result<u8, Failure> {
    let mut found = telos_spec::check(&what.paths, &world.surroundings());
    let columns: Vec<Diagnostic> = found.reads.iter().flat_map(missing).collect();
    found.diagnostics.extend(columns);
    found.diagnostics.sort();
    found.notes.extend(found.suites.iter().flat_map(left_to_plan));
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

/// The columns that no row of a benchmark has. Rows that cannot be read are left to the plan, which says why.
fn missing(reads: &Reads) -> Vec<Diagnostic> {
    let Ok(Some(columns)) = telos_run::columns(&reads.source) else { return Vec::new() };
    let none = reads.columns.iter().filter(|(column, _)| !columns.contains(column));
    none.map(|(column, mistake)| {
        let near = did_you_mean(column, columns.iter().map(String::as_str));
        let all = || columns.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let hint = near.map_or_else(|| format!("there are {}", all()), |near| format!("did you mean `{near}`?"));
        Diagnostic { hint: Some(hint), ..mistake.clone() }
    })
    .collect()
}

/// What a check of a suite does not find, since it opens no model.
fn left_to_plan(suite: &Suite) -> Vec<String> {
    let of_kind = |model: &ModelRef| match model {
        ModelRef::Hub { .. } => Some("hub"),
        ModelRef::Server { .. } => Some("openai"),
        ModelRef::Builtin { .. } | ModelRef::Local { .. } => None,
    };
    let cannot = suite.models.iter().filter_map(|entry| Some((entry, of_kind(&entry.model)?)));
    let mut notes: Vec<String> = cannot
        .map(|(entry, kind)| {
            format!("suite `{}`: model `{}` is of kind `{kind}`, which this version does not open", suite.id, entry.id)
        })
        .collect();
    notes.push(format!(
        "suite `{}`: models are not opened by a check; that they open, and have the labels that are asked of them, is found by `telos plan`",
        suite.id
    ));
    notes
}
