//! Gate files, and gates of suites.

use super::folder::Folder;
use std::path::PathBuf;
use telos_core::gate::{Gates, Rule};
use telos_spec::{Suite, check, load_gates};

const RULES: &str = r"baseline: base.json
rules:
  - {id: whole, kind: integrity, benchmark: tiny-choices}
  - {id: good, kind: floor, arm: a/free, benchmark: tiny-choices, metric: acc, min: 0.5}
  - {id: harmless, kind: floor, metric: fallback, max: 0.1}
  - {id: steady, kind: regression, metric: min_h, margin: 0.25}
";

const SUITE: &str = "suite: s\nmodels: [{id: a, model: m}]\nbenchmarks: [tiny-choices, tiny-pairs, positivity]\n\
    constraints: [{id: sentiment, constraint: {kind: classifier_margin, model: m, positive: [p], negative: [n]}}]\n\
    gates: gates/pr.yaml\n";

fn folder(rules: &str) -> Folder {
    Folder::with(&[("m", ""), ("gates/base.json", "{}"), ("gates/pr.yaml", rules), ("suite.yaml", SUITE)])
}

/// `LINE@TEXT: message` with the column of the text in that line.
fn placed(file: &str, content: &str, expected: &str) -> String {
    let (place, message) = expected.split_once(": ").expect("a place");
    let (line, text) = place.split_once('@').expect("a text");
    let column = content.lines().nth(line.parse::<usize>().expect("a line") - 1).and_then(|l| l.find(text));
    format!("{file}:{line}:{}: {message}", column.expect("the text stands there") + 1)
}

/// The file of rules with one text replaced has exactly these mistakes, alone and in a suite.
fn in_file(from: &str, to: &str, alone: &[&str], in_suite: &[&str]) {
    assert!(RULES.contains(from), "{from}");
    let content = RULES.replacen(from, to, 1);
    let folder = folder(&content);
    let checked = check(&[folder.path.join("gates/pr.yaml")], &folder.around());
    let expect = |found: Vec<String>, expected: &[&str]| {
        let expected: Vec<String> = expected.iter().map(|text| placed("gates/pr.yaml", &content, text)).collect();
        assert_eq!(found, expected, "{to}");
    };
    expect(folder.texts(&checked.diagnostics), alone);
    expect(folder.load(&[], None).err().unwrap_or_default(), in_suite);
}

fn load(suite: &str) -> Suite {
    let folder = folder(RULES);
    folder.write("suite.yaml", suite);
    folder.load(&[], None).expect("a good suite")
}

#[test]
fn rules_are_read() {
    let folder = folder(RULES);
    let gates = load_gates(&folder.path.join("gates/pr.yaml"), &folder.around()).expect("good rules");
    let of_choices = |rule| Rule { benchmark: Some("tiny-choices".into()), ..rule };
    let of = |metric: &str, rule| Rule { metric: Some(metric.into()), ..rule };
    let rules = vec![
        of_choices(Rule::new("whole", "integrity")),
        Rule { arm: Some("a/free".into()), ..of_choices(of("acc", Rule::new("good", "floor").with("min", 0.5))) },
        of("fallback", Rule::new("harmless", "floor").with("max", 0.1)),
        of("min_h", Rule::new("steady", "regression").with("margin", 0.25)),
    ];
    let expected = Gates { baseline: Some(folder.path.join("gates/base.json")), rules };
    assert_eq!(gates, expected);
    let suite = folder.load(&[], None).expect("a good suite");
    assert_eq!(suite.gates.as_ref(), Some(&expected));
    // Other gates are no other run.
    let without = folder.load(&["gates=null"], None).expect("a good suite");
    assert_eq!((without.gates, without.resolved), (None, suite.resolved));
}

#[test]
fn rules_stand_in_a_suite_as_well() {
    let stem = SUITE.replace("gates/pr.yaml", "");
    let rule = "{id: good, kind: floor, metric: acc, min: 0.5}";
    let inline = load(&format!("{stem}  - {rule}\n"));
    assert_eq!(inline.gates, load(&format!("{stem}  rules: [{rule}]\n")).gates);
    let gates = load(&format!("{stem}  baseline: gates/base.json\n  rules: [{{id: r, kind: regression}}]\n")).gates;
    let baseline: Option<PathBuf> = gates.and_then(|gates| gates.baseline);
    assert!(baseline.is_some_and(|path| path.ends_with("gates/base.json")));
    let folder = folder(RULES);
    let content = format!("{stem}  - {}\n", rule.replace("acc", "ac"));
    folder.write("suite.yaml", &content);
    assert_eq!(
        folder.load(&[], None).expect_err("a mistake"),
        [placed(
            "suite.yaml",
            &content,
            "6@ac,: the suite's benchmarks have no metric `ac`\n  hint: did you mean `acc`?"
        )]
    );
}

#[test]
fn mistakes_in_rules_are_found_with_their_places() {
    let both = |from: &str, to: &str, expected: &[&str]| in_file(from, to, expected, expected);
    both(
        "kind: integrity",
        "kind: integrty",
        &[
            "3@integrty: unknown kind of rule `integrty`; known: integrity, floor, regression\n  hint: did you mean `integrity`?",
        ],
    );
    both("id: good, ", "", &["4@{: the key `id` is missing; expected a string\n  hint: `id`: The rule's id."]);
    both("id: good", "id: whole", &["4@whole: the id `whole` stands in `rules` a second time"]);
    both(
        "id: good",
        "id: Good",
        &["4@Good: `Good` is no id; expected lower case letters, digits, `.`, `_`, `-`, first a letter or digit"],
    );
    both(", min: 0.5", "", &["4@{: one of `min` and `max` is needed"]);
    both("min: 0.5", "min: half", &["4@half: expected a number, found the string `half`"]);
    both("min: 0.5", "mini: 0.5", &["4@mini: unknown key `mini`\n  hint: did you mean `min`?"]);
    both("margin: 0.25", "margin: -1", &["6@-1: expected a number, 0 or more, found -1"]);
    both("fallback, max: 0.1", "length, max: 0.1, min: 1", &["5@0.1: `max` is below `min`, which is 1"]);
    both(
        "base.json",
        "none.json",
        &[
            "1@none: there is no file or folder at gates/none.json\n  hint: `telos baseline accept RUN --as FILE` makes one; `--set gates=null` runs a suite without its gates until then",
        ],
    );
    both(
        "rules:",
        "rule:",
        &[
            "1@base: expected an object with the key `suite`, `benchmark`, `goal` or `rules`, which tells what the file is\n  hint: did you mean `rules`?",
        ],
    );
}

#[test]
fn what_a_suite_does_not_have_cannot_be_asked_of_it() {
    let only = |from: &str, to: &str, expected: &[&str]| in_file(from, to, &[], expected);
    only("arm: a/free", "arm: a/fre", &["4@a/fre: the suite has no arm `a/fre`\n  hint: did you mean `a/free`?"]);
    only(
        "benchmark: tiny-choices, metric",
        "benchmark: tiny-choice, metric",
        &["4@tiny-choice: the suite has no benchmark `tiny-choice`\n  hint: did you mean `tiny-choices`?"],
    );
    only(
        "metric: acc",
        "metric: accc",
        &["4@accc: the benchmark `tiny-choices` has no metric `accc`\n  hint: did you mean `acc`?"],
    );
    only("acc, min", "acc, max", &["4@0.5: `acc` is better when higher, so that its limit is `min`"]);
    only("fallback, max", "fallback, min", &["5@0.1: `fallback` is better when lower, so that its limit is `max`"]);
    only("min_h, margin: 0.25", "min_h", &["6@min_h: `min_h` has no finite range; add `margin`, in its unit"]);
    only(
        "min_h, margin: 0.25",
        "length",
        &["6@length: `length` only describes: it has no direction, so that it cannot become worse"],
    );
    only(
        "baseline: base.json\n",
        "",
        &[
            "5@{: a rule of kind `regression` in a suite's gates needs `baseline: FILE` beside `rules`\n  hint: `baseline` is a file of `telos baseline accept`, or a record's folder",
        ],
    );
    // All at once.
    only(
        "arm: a/free, benchmark: tiny-choices",
        "arm: b, benchmark: tiny",
        &[
            "4@b, benchmark: the suite has no arm `b`\n  hint: there are a/free",
            "4@tiny, metric: the suite has no benchmark `tiny`\n  hint: there are tiny-choices, tiny-pairs, positivity",
        ],
    );
}
