//! Options that name an entry of a table: their choices, their help and their errors are the table's.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Reads the name of an entry. `told` gives an entry's name and what it is.
pub(crate) fn one_of<T: Sync>(
    table: &'static [T],
    told: fn(&T) -> (&'static str, &'static str),
) -> impl TypedValueParser<Value = &'static T> {
    let known = table.iter().map(move |entry| {
        let (name, about) = told(entry);
        PossibleValue::new(name).help(about)
    });
    // Names that are none are refused before, with those that there are.
    let find =
        move |name: String| table.iter().find(|entry| told(entry).0 == name).ok_or("the name is none of the table's");
    PossibleValuesParser::new(known).try_map(find)
}
