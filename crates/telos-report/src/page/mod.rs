//! The HTML page: one file that asks for nothing else, and in which a model's text is only ever text.

mod control;
mod detail;
mod fate;
mod findings;
mod goals;
mod items;
mod options;
mod provenance;
mod results;
mod scale;
mod texts;
mod tokens;

pub use options::PageOptions;

use crate::compare::Change;
use crate::gate::{GateReport, RuleResult, gate_indexed, interval, p_value, tally};
use crate::index::Index;
use crate::measure::glyph;
use crate::summary::{Summary, summarise_index};
use crate::visible::{hidden, visible};
use crate::{ReportError, compare, number};
use minijinja::value::Serde;
use minijinja::{Environment, Value, context, escape_formatter};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use telos_core::Tables;
use telos_core::record::Manifest;
use telos_stats::Verdict;

/// The templates, by name; auto-escaping goes by the ending.
static TEMPLATES: &[(&str, &str)] = &[
    ("page.html", include_str!("../../templates/page.html")),
    ("gate.html", include_str!("../../templates/gate.html")),
    ("results.html", include_str!("../../templates/results.html")),
    ("benchmark.html", include_str!("../../templates/benchmark.html")),
    ("goals.html", include_str!("../../templates/goals.html")),
    ("measured.html", include_str!("../../templates/measured.html")),
    ("item.html", include_str!("../../templates/item.html")),
    ("provenance.html", include_str!("../../templates/provenance.html")),
];
const STYLE: &str = include_str!("../../templates/page.css");
const SCRIPT: &str = include_str!("../../templates/page.js");

/// A gate as the page shows it.
#[derive(Serialize)]
struct GateView {
    lead: String,
    verdict: &'static str,
    class: &'static str,
    glyph: &'static str,
    tally: String,
    integrity: Vec<String>,
    rules: Vec<RuleView>,
}

#[derive(Serialize)]
struct RuleView {
    verdict: &'static str,
    class: &'static str,
    glyph: &'static str,
    benchmark: String,
    metric: String,
    arms: String,
    n: String,
    before: String,
    after: String,
    difference: String,
    interval: String,
    better: String,
    worse: String,
    p: String,
    method: String,
    reason: String,
    whisker: String,
}

/// A number of the row under the title.
#[derive(Serialize)]
struct Tile {
    name: &'static str,
    value: String,
    class: &'static str,
}

/// The page of a record; with `against` or with rules, its verdict as well.
pub fn html(record: &dyn Tables, against: Option<&dyn Tables>, options: &PageOptions) -> Result<String, ReportError> {
    let baseline = against.map(Index::new).transpose()?;
    html_indexed(&Index::new(record)?, baseline.as_ref(), options)
}

/// The same of records that have been gone through.
pub fn html_indexed(
    index: &Index<'_>,
    baseline: Option<&Index<'_>>,
    options: &PageOptions,
) -> Result<String, ReportError> {
    let manifest = index.manifest;
    let summary = summarise_index(index);
    let rules = options.rules.as_ref();
    let judged = baseline.is_some() || rules.is_some();
    let gate = judged.then(|| gate_view(&gate_indexed(index, baseline, rules), options, baseline.is_some()));
    let details = detail::read(index, options)?;
    let mut environment = Environment::new();
    // Whatever a template writes out is made visible first, so that no field can be forgotten.
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => escape_formatter(out, state, &Value::from(visible(text))),
        _ => escape_formatter(out, state, value),
    });
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    let page = environment.get_template("page.html")?;
    let mut out = page.render(context! {
        title => format!("{} · Telos", manifest.suite),
        policy => policy(),
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        summary_json => Value::from_safe_string(for_script(&serde_json::to_string(&summary)?)),
        suite => manifest.suite.clone(),
        status => manifest.status.as_str(),
        started => manifest.timings.started.clone(),
        lead => lead(manifest),
        findings => Serde(findings::findings(&summary, &details)),
        tiles => Serde(tiles(index, &summary, &details)),
        gate => Serde(gate),
        goals => Serde(goals::goals(manifest, &summary)),
        benchmarks => Serde(results::benchmarks(index, &summary, &details)),
        provenance => Serde(provenance::provenance(manifest)),
    })?;
    out.push('\n');
    Ok(out)
}

/// Nothing may be fetched, and no script may run but the page's own, which is named by its hash.
fn policy() -> String {
    let hash = base64(&Sha256::digest(SCRIPT.as_bytes()));
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let six = (bits >> (18 - 6 * i)) & 63;
            out.push(if i <= chunk.len() { char::from(ALPHABET[six as usize]) } else { '=' });
        }
    }
    out
}

/// JSON for the inside of a script element: it holds no character that could end the element, begin a
/// comment or reorder text.
fn for_script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            // Beyond the basic plane JSON would need a pair of escapes; no such character is dangerous here.
            c if matches!(c, '<' | '>' | '&') || (hidden(c) && (c as u32) < 0x10000) => {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

fn lead(manifest: &Manifest) -> String {
    let models: std::collections::BTreeSet<&str> = manifest.arms.iter().map(|arm| arm.model.as_str()).collect();
    format!(
        "{}, {}, {}; seed {}",
        number::counted(models.len(), "model"),
        number::counted(manifest.arms.len(), "arm"),
        number::counted(manifest.benchmarks.len(), "benchmark"),
        manifest.seed
    )
}

fn tiles(index: &Index<'_>, summary: &Summary, details: &detail::Details) -> Vec<Tile> {
    let cut = details.values().map(|detail| detail.cut).sum();
    let of = |status: &str| summary.replies.get(status).copied().unwrap_or(0);
    let tile =
        |name, n: usize, bad: &'static str| Tile { name, value: number::count(n), class: if n > 0 { bad } else { "" } };
    vec![
        tile("replies", index.replies.total(), ""),
        tile("errors", of("error"), "bad"),
        tile("texts cut by the token limit", cut, "warn"),
        tile("prompts cut on the left", of("truncated"), "warn"),
        tile("answers that could not be read", of("unparsed"), "warn"),
        tile("refused by the provider", of("refused"), "warn"),
        tile("requests skipped", of("skipped"), "warn"),
        tile("scores missing", index.missing_scores, "bad"),
        tile("scores that do not apply", index.beside_the_point, ""),
    ]
}

fn look(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Pass => ("pass", "✔"),
        Verdict::Inconclusive => ("inconclusive", "?"),
        Verdict::Fail => ("fail", "✖"),
        Verdict::Invalid => ("invalid", "!"),
    }
}

fn gate_view(report: &GateReport, options: &PageOptions, against: bool) -> GateView {
    let (class, sign) = look(report.verdict);
    let counted = |n: Option<usize>| n.map_or_else(|| "–".to_owned(), number::count);
    let rules = report.rules.iter().map(|rule| {
        let change = &rule.change;
        let (class, sign) = look(rule.verdict);
        RuleView {
            verdict: rule.verdict.as_str(),
            class,
            glyph: sign,
            benchmark: change.benchmark.clone(),
            metric: format!("{} {}", glyph(change.direction), change.metric),
            arms: compare::arms_text(change),
            n: number::count(change.n),
            before: number::minus(&number::maybe(change.mean_a)),
            after: number::minus(&number::maybe(change.mean_b)),
            difference: number::minus(&change.difference.map_or_else(|| "–".to_owned(), number::signed)),
            whisker: whisker(rule),
            interval: number::minus(&interval(rule)),
            better: counted(change.better),
            worse: counted(change.worse),
            p: p_value(rule),
            method: change.method.clone(),
            reason: rule.reason.clone(),
        }
    });
    GateView {
        lead: match &options.against {
            _ if !against => "By its rules".to_owned(),
            Some(name) => format!("Against {name}"),
            None => "Against the baseline".to_owned(),
        },
        verdict: report.verdict.as_str(),
        class,
        glyph: sign,
        tally: tally(report),
        integrity: report.integrity.clone(),
        rules: rules.collect(),
    }
}

/// The picture of a difference, where the rule is about one.
fn whisker(rule: &RuleResult) -> String {
    let Change { difference, low, high, direction, range, .. } = &rule.change;
    if !rule.of_difference {
        return String::new();
    }
    results::difference_whisker(*difference, *low, *high, *direction, *range)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::testing::{Shape, record};

    fn page(shape: &Shape) -> String {
        html(&record(shape), None, &PageOptions::default()).unwrap()
    }

    #[test]
    fn pages_are_whole_and_equal_records_give_equal_bytes() {
        for controller in [true, false] {
            let shape = Shape { controller, ..Shape::default() };
            let first = page(&shape);
            assert_eq!(first, page(&shape));
            assert!(first.starts_with("<!doctype html>") && first.ends_with("</html>\n"));
            assert_eq!(first.contains("What the controllers did"), controller);
            assert_eq!(first.matches("class=\"hline\"").count(), if controller { 4 } else { 0 });
            for element in ["details", "table", "section", "svg", "script"] {
                let (open, close) =
                    (first.matches(&format!("<{element}")).count(), first.matches(&format!("</{element}>")).count());
                assert_eq!(open, close, "{element}");
            }
        }
    }

    #[test]
    fn only_where_a_controller_acted_its_line_is_drawn() {
        let mut record = record(&Shape::default());
        let drawn = |record: &_| html(record, None, &PageOptions::default()).unwrap().contains("class=\"controlled\"");
        assert!(drawn(&record));
        for step in &mut record.steps {
            step.changed = false;
            step.fallback = None;
        }
        assert!(!drawn(&record));
    }

    #[test]
    fn what_a_model_says_stays_text() {
        let evil = "</script><img src=x onerror=alert(1)><!--\u{202e}\u{2028}{{ 7 * 7 }}\"'";
        let calm = page(&Shape::default());
        let shape = Shape { says: Some(evil), ..Shape::default() };
        let mut spoiled = record(&shape);
        spoiled.manifest.suite = evil.into();
        spoiled.manifest.benchmarks[0].about = evil.into();
        spoiled.scores[0].value = None;
        spoiled.scores[0].status = telos_core::Status::Error;
        spoiled.scores[0].reason = Some(evil.into());
        spoiled.replies[0].status = telos_core::Status::Error;
        spoiled.replies[0].error = Some(evil.into());
        for row in &mut spoiled.items {
            row.item = format!("{}{evil}", row.item);
        }
        for page in [page(&shape), html(&spoiled, Some(&spoiled), &PageOptions::default()).unwrap()] {
            assert!(!page.contains("<img") && !page.contains("<!--") && !page.contains('\u{202e}'));
            assert_eq!(page.matches("<script").count(), calm.matches("<script").count());
            assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;") && page.contains("{{ 7 * 7 }}"));
        }
    }

    #[test]
    fn nothing_is_fetched_and_only_the_pages_own_script_runs() {
        let page = page(&Shape::default());
        assert!(page.contains("default-src &#x27;none&#x27;") || page.contains("default-src 'none'"), "no policy");
        for outside in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        // RFC 4648, section 10, and the SHA-256 of the empty text as browsers write it.
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&Sha256::digest(b"")), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn large_benchmarks_are_sampled_and_say_so() {
        let many = record(&Shape { items: 30, ..Shape::default() });
        let ids = |items| {
            let page = html(&many, None, &PageOptions { items, ..PageOptions::default() }).unwrap();
            let ids = page.split("id=\"b0-i").skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned());
            (ids.collect::<std::collections::BTreeSet<String>>(), page)
        };
        let (few, page) = ids(5);
        assert_eq!(few.len(), 5);
        assert!(page.contains("Showing 5 of 30 items"));
        assert!(few.is_subset(&ids(9).0));
        assert!(ids(30).1.contains("All 30 items."));
    }

    /// The places of the items of the first benchmark that a page shows.
    fn shown(record: &telos_core::record::Record, items: usize) -> Vec<usize> {
        let page = html(record, None, &PageOptions { items, ..PageOptions::default() }).unwrap();
        let places = page.split("id=\"b0-i").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap());
        places.collect()
    }

    #[test]
    fn t3_what_failed_is_never_left_out_before_what_passed() {
        let mut many = record(&Shape { items: 30, right: 27, wrong: 1, ..Shape::default() });
        assert_eq!(shown(&many, 4), [0, 27, 28, 29]);
        // A reply that is not as it should be counts as well.
        let reply = many.replies.iter_mut().find(|row| row.benchmark == "truth" && row.item == "13").unwrap();
        reply.status = telos_core::Status::Error;
        assert_eq!(shown(&many, 5), [0, 13, 27, 28, 29]);
    }

    #[test]
    fn t4_the_right_choice_is_marked() {
        let mut some = record(&Shape::default());
        assert!(!html(&some, None, &PageOptions::default()).unwrap().contains("aria-label=\"right\""));
        for row in some.scores.iter_mut().filter(|row| row.metric == "acc") {
            row.note = Some("chosen 0; right 1".into());
        }
        let page = html(&some, None, &PageOptions::default()).unwrap();
        assert_eq!(page.matches("aria-label=\"right\"").count(), 4, "one for each item");
        assert!(page.contains("<span class=\"continuation\"> no</span> <span class=\"right\""), "it is the second");
    }

    #[test]
    fn t12_tokens_have_their_texts() {
        let page = page(&Shape::default());
        assert!(page.contains("“ music” (40)") && page.contains("“ cast” (34)"), "emitted and proposed");
    }

    #[test]
    fn g9_the_page_gives_the_gates_verdict() {
        let good = record(&Shape { items: 60, right: 45, ..Shape::default() });
        let rule =
            telos_core::Rule { metric: Some("acc".into()), ..telos_core::Rule::new("good", "floor").with("min", 0.9) };
        let rules = telos_core::Gates { baseline: None, rules: vec![rule] };
        let verdict = crate::gate(&good, Some(&good), Some(&rules)).unwrap().verdict;
        assert_eq!(verdict, Verdict::Fail);
        let options = PageOptions { rules: Some(rules), ..PageOptions::default() };
        assert!(html(&good, Some(&good), &options).unwrap().contains(verdict.as_str()));
    }

    #[test]
    fn errors_and_verdicts_are_shown() {
        let good = record(&Shape::default());
        let mut bad = good.clone();
        bad.replies[0].status = telos_core::Status::Error;
        bad.replies[0].error_kind = Some("timeout".into());
        bad.replies[0].error = Some("no answer within 60 s".into());
        let page =
            html(&bad, Some(&good), &PageOptions { against: Some("main".into()), ..PageOptions::default() }).unwrap();
        for text in ["INVALID", "Against main: 1 problem", "timeout: no answer within 60 s"] {
            assert!(page.contains(text), "{text}");
        }
        assert!(html(&good, Some(&good), &PageOptions::default()).unwrap().contains("PASS"));
    }
}
