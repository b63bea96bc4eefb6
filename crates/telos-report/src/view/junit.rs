//! A gate as `JUnit` XML, as CI systems read it.

use super::entry::{Renders, View};
use crate::compare::arms_text;
use crate::gate::{GateReport, RuleResult, interval, p_value, tally};
use crate::number;
use crate::visible::visible;
use std::fmt::Write as _;
use telos_stats::Verdict;

pub(super) const ENTRY: View = View {
    name: "junit",
    what: "JUnit XML",
    about: "The verdict, as CI systems read it",
    endings: &["xml"],
    example: "telos report RUN --view junit --against RUN -o verdict.xml",
    renders: Renders::Verdict(junit),
};

/// One test case for the integrity and one for each rule: FAIL is a failure, INCONCLUSIVE is skipped, INVALID is an error.
pub fn junit(report: &GateReport) -> String {
    let of = |verdict: Verdict| report.rules.iter().filter(|rule| rule.verdict == verdict).count();
    let errors = of(Verdict::Invalid) + usize::from(!report.integrity.is_empty());
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{errors}\" skipped=\"{}\"",
        report.rules.len() + 1,
        of(Verdict::Fail),
        of(Verdict::Inconclusive),
    );
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"telos gate\" {counts}>\n");
    // Writing into a string cannot fail; so below.
    let _ = writeln!(out, "  <testsuite name=\"telos gate\" {counts}>");
    let _ = writeln!(
        out,
        "    <properties>\n      <property name=\"verdict\" value=\"{}\"/>\n      <property name=\"tally\" value=\"{}\"/>\n    </properties>",
        report.verdict,
        escape(&tally(report))
    );
    if report.integrity.is_empty() {
        out.push_str(
            "    <testcase classname=\"integrity\" name=\"same items and prompts, no errors, nothing missing\"/>\n",
        );
    } else {
        out.push_str(
            "    <testcase classname=\"integrity\" name=\"same items and prompts, no errors, nothing missing\">\n",
        );
        let message = number::counted(report.integrity.len(), "problem");
        let text = escape(&report.integrity.join("\n"));
        let _ = writeln!(out, "      <error type=\"INVALID\" message=\"{message}\">{text}</error>\n    </testcase>");
    }
    for rule in &report.rules {
        case(rule, &mut out);
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn case(rule: &RuleResult, out: &mut String) {
    let change = &rule.change;
    let class = escape(&format!("{}.{}", change.benchmark, arms_text(change)));
    // Where a file names its rules, several may be about one metric.
    let name = match rule.id.split(':').next() {
        Some(stated) if stated != rule.kind => escape(&format!("{} ({stated})", change.metric)),
        _ => escape(&change.metric),
    };
    let _ = write!(out, "    <testcase classname=\"{class}\" name=\"{name}\">");
    let element = match rule.verdict {
        Verdict::Pass => None,
        Verdict::Fail => Some("failure"),
        Verdict::Inconclusive => Some("skipped"),
        Verdict::Invalid => Some("error"),
    };
    let reason = escape(&rule.reason);
    let numbers = escape(&numbers(rule));
    match element {
        // The schema of `skipped` has a message only.
        Some("skipped") => {
            let _ = write!(out, "\n      <skipped message=\"{}: {reason}; {numbers}\"/>", rule.verdict);
        }
        Some(element) => {
            let _ =
                write!(out, "\n      <{element} type=\"{}\" message=\"{reason}\">{numbers}</{element}>", rule.verdict);
        }
        None => {}
    }
    let _ = writeln!(out, "\n      <system-out>{}: {reason}; {numbers}</system-out>\n    </testcase>", rule.verdict);
}

/// Text for XML; hidden characters are visible.
fn escape(text: &str) -> String {
    crate::visible::escape(&visible(text))
}

/// The numbers of a rule in a line.
pub(crate) fn numbers(rule: &RuleResult) -> String {
    let change = &rule.change;
    format!(
        "n = {}, baseline {}, run {}, difference {}, 95 % interval {}, p = {}, after Holm {}, {}",
        change.n,
        number::maybe(change.mean_a),
        number::maybe(change.mean_b),
        change.difference.map_or_else(|| "–".to_owned(), number::signed),
        interval(rule),
        if change.p.is_nan() { "–".to_owned() } else { number::p_value(change.p) },
        p_value(rule),
        change.method,
    )
}
