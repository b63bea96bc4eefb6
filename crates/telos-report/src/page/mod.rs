//! The HTML page: one file that asks for nothing else, and in which a model's text is only ever text.

mod control;
mod items;
mod provenance;
mod results;
mod texts;

use crate::gate::{GateReport, gate_indexed, tally};
use crate::index::Index;
use crate::measure::glyph;
use crate::summary::{Summary, summarise_index};
use crate::{ReportError, compare, number};
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use telos_core::record::Record;
use telos_stats::Verdict;

/// The templates, by name; auto-escaping goes by the ending.
static TEMPLATES: &[(&str, &str)] = &[
    ("page.html", include_str!("../../templates/page.html")),
    ("gate.html", include_str!("../../templates/gate.html")),
    ("benchmark.html", include_str!("../../templates/benchmark.html")),
    ("item.html", include_str!("../../templates/item.html")),
    ("provenance.html", include_str!("../../templates/provenance.html")),
];
const STYLE: &str = include_str!("../../templates/page.css");
const SCRIPT: &str = include_str!("../../templates/page.js");

/// How a page is made.
#[derive(Debug, Clone)]
pub struct PageOptions {
    /// Items of each benchmark that are shown in full, at most; a larger benchmark is sampled, the same way every time.
    pub items: usize,
    /// Repeats of an item that are shown, at most.
    pub repeats: u32,
    /// What the record to compare with is called, such as its path as the user gave it.
    pub against: Option<String>,
}

impl Default for PageOptions {
    fn default() -> Self {
        Self { items: 200, repeats: 4, against: None }
    }
}

/// A gate as the page shows it.
#[derive(Serialize)]
struct GateView {
    against: String,
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

/// The page of a record; with `against`, its verdict against that baseline as well.
pub fn html(record: &Record, against: Option<&Record>, options: &PageOptions) -> Result<String, ReportError> {
    let index = Index::new(record);
    let summary = summarise_index(&index);
    let gate = against.map(|baseline| gate_view(&gate_indexed(&index, &Index::new(baseline)), options));
    let mut environment = Environment::new();
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    let page = environment.get_template("page.html")?;
    let mut out = page.render(context! {
        title => format!("{} · Telos", record.manifest.suite),
        policy => policy(),
        style => Value::from_safe_string(STYLE.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        summary_json => Value::from_safe_string(for_script(&serde_json::to_string(&summary)?)),
        suite => record.manifest.suite.clone(),
        status => record.manifest.status.clone(),
        started => record.manifest.timings.started.clone(),
        lead => lead(record),
        tiles => Serde(tiles(&index, &summary)),
        gate => Serde(gate),
        benchmarks => Serde(results::benchmarks(&index, &summary, options)),
        provenance => Serde(provenance::provenance(record)),
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

/// JSON for the inside of a script element: it holds no character that could end the element or begin a comment.
fn for_script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

fn lead(record: &Record) -> String {
    let manifest = &record.manifest;
    let models: std::collections::BTreeSet<&str> = manifest.arms.iter().map(|arm| arm.model.as_str()).collect();
    format!(
        "{}, {}, {}; seed {}",
        number::counted(models.len(), "model"),
        number::counted(manifest.arms.len(), "arm"),
        number::counted(manifest.benchmarks.len(), "benchmark"),
        manifest.seed
    )
}

fn tiles(index: &Index<'_>, summary: &Summary) -> Vec<Tile> {
    let of = |status: &str| summary.replies.get(status).copied().unwrap_or(0);
    let replies = index.record.replies.len();
    let missing: usize =
        index.record.scores.iter().filter(|score| score.value.is_none() && score.status != "ok").count();
    let tile =
        |name, n: usize, bad: &'static str| Tile { name, value: number::count(n), class: if n > 0 { bad } else { "" } };
    vec![
        tile("replies", replies, ""),
        tile("errors", of("error"), "bad"),
        tile("truncated", of("truncated"), "warn"),
        tile("unparsed", of("unparsed"), "warn"),
        tile("refused", of("refused"), "warn"),
        tile("skipped", of("skipped"), "warn"),
        tile("scores missing", missing, "bad"),
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

fn gate_view(report: &GateReport, options: &PageOptions) -> GateView {
    let (class, sign) = look(report.verdict);
    let counted = |n: Option<usize>| n.map_or_else(|| "–".to_owned(), number::count);
    let rules = report.rules.iter().map(|rule| {
        let change = &rule.change;
        let (class, sign) = look(rule.verdict);
        let interval = number::signed_interval(change.low, change.high);
        RuleView {
            verdict: rule.verdict.as_str(),
            class,
            glyph: sign,
            benchmark: change.benchmark.clone(),
            metric: format!("{} {}", glyph(change.direction), change.metric),
            arms: compare::arms_text(change),
            n: number::count(change.n),
            before: minus(&number::maybe(change.mean_a)),
            after: minus(&number::maybe(change.mean_b)),
            difference: minus(&change.difference.map_or_else(|| "–".to_owned(), number::signed)),
            whisker: results::difference_whisker(
                change.difference,
                change.low,
                change.high,
                change.direction,
                change.range,
            ),
            interval: minus(&interval),
            better: counted(change.better),
            worse: counted(change.worse),
            p: number::p_value(change.adjusted_p),
            method: change.method.clone(),
            reason: rule.reason.clone(),
        }
    });
    GateView {
        against: options.against.clone().unwrap_or_else(|| "the baseline".to_owned()),
        verdict: report.verdict.as_str(),
        class,
        glyph: sign,
        tally: tally(report),
        integrity: report.integrity.clone(),
        rules: rules.collect(),
    }
}

/// A number's text with the real minus sign.
fn minus(text: &str) -> String {
    text.replace('-', "−")
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
    fn look_at_it() {
        // `TELOS_PAGE=FILE cargo test look_at_it` leaves a page to look at.
        let Ok(path) = std::env::var("TELOS_PAGE") else { return };
        let shape = Shape { items: 60, right: 42, ..Shape::default() };
        let mut worse = record(&Shape { wrong: 12, ..shape.clone() });
        worse.replies[3].status = "truncated".into();
        worse.replies[3].truncated_tokens = Some(12);
        std::fs::write(
            path,
            html(&worse, Some(&record(&shape)), &PageOptions { items: 20, ..PageOptions::default() }).unwrap(),
        )
        .unwrap();
    }

    #[test]
    fn pages_are_whole() {
        assert!(page(&Shape::default()).contains("</html>"));
    }
}
