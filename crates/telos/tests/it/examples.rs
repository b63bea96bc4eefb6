//! Every example of every table, tried as it stands: a table's test that walks it takes in whatever is added to it.

use crate::outputs::{copy, fixture};
use crate::place::Place;
use std::path::Path;
use telos_data::EXPORTS;
use telos_report::VIEWS;

/// A place with a stored record in `RUN`.
fn with_record() -> Place {
    let place = Place::new();
    copy(&fixture("record-2"), &place.0.join("RUN"));
    place
}

/// Types a command line of the program as an example gives it, and hands over what it wrote behind `-o`.
fn typed(example: &str, naming: [&str; 2]) -> (String, Vec<u8>) {
    let place = with_record();
    let words: Vec<&str> = example.split(' ').collect();
    assert_eq!(words[0], "telos", "{example}");
    let after = |option: &str| words.iter().skip_while(|word| **word != option).nth(1).copied();
    assert_eq!(after(naming[0]), Some(naming[1]), "{example}");
    place.good(&words[1..]);
    let file = after("-o").unwrap_or_else(|| panic!("{example} has no -o"));
    (file.to_owned(), std::fs::read(place.0.join(file)).expect("what was written"))
}

/// Texts that are there and differ from each other, so that no entry stands for another.
fn differ(written: &[(&str, Vec<u8>)]) {
    for (n, (name, bytes)) in written.iter().enumerate() {
        assert!(bytes.len() > 100, "{name}: {}", bytes.len());
        assert!(written[..n].iter().all(|(_, other)| other != bytes), "{name} is as another");
    }
}

#[test]
fn exports() {
    let written = EXPORTS.iter().map(|export| (export.name, typed(export.example, ["--format", export.name]).1));
    differ(&written.collect::<Vec<_>>());
    let help = Place::new().good(&["export", "--help"]);
    assert!(EXPORTS.iter().all(|export| help.contains(&format!("{}: ", export.name)) && help.contains(export.about)));
}

#[test]
fn views() {
    let mut all = Vec::new();
    for view in VIEWS {
        let (file, bytes) = typed(view.example, ["--view", view.name]);
        let ending = Path::new(&file).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        assert_eq!(Some(&ending), view.endings.first(), "{}", view.name);
        let place = with_record();
        let wrong = place.telos(&["report", "RUN", "--view", view.name, "--against", "RUN", "-o", "x.yaml"]);
        assert!(wrong.code == 2 && wrong.err.contains(&format!("ends in .{ending}")), "{wrong:?}");
        all.push((view.name, bytes));
    }
    differ(&all);
    let help = Place::new().good(&["report", "--help"]);
    assert!(VIEWS.iter().all(|view| help.contains(&format!("{}: ", view.name)) && help.contains(view.about)), "{help}");
}

#[test]
fn names_that_are_none_are_told_with_those_that_are() {
    let place = with_record();
    for (arguments, expected) in [
        (&["export", "RUN", "--format", "jsnl", "-o", "x"][..], "'jsonl'"),
        (&["report", "RUN", "--view", "junti", "-o", "x"], "'junit'"),
    ] {
        let done = place.telos(arguments);
        assert!(done.code == 2 && done.err.contains("similar value") && done.err.contains(expected), "{done:?}");
    }
    let done = place.telos(&["report", "RUN", "--view", "junit", "-o", "x.xml"]);
    assert!(done.code == 2 && done.err.contains("neither a baseline nor a rule"), "{done:?}");
    let done = place.telos(&["report", "RUN", "-o", "x.md"]);
    assert!(done.code == 2 && done.err.contains("`telos report --view markdown`"), "{done:?}");
}
