//! The verdict on a run against a baseline.
//!
//! Integrity comes first: same items and prompts, no errors, nothing missing; else the verdict is INVALID and nothing is tested.
//! Then one regression rule for each arm (each model, where no controller acts), benchmark and metric that has a direction and a
//! finite range, with Holm's adjustment over all of them. The verdict is the worst of the rules'.

use crate::ReportError;
use crate::compare::{Change, Row, adjust, arms_text, by_id, rows};
use crate::index::Index;
use crate::integrity::{Named, health, sameness};
use crate::measure::glyph;
use crate::number;
use crate::table::{Column, numbers, render, words};
use serde::{Serialize, Serializer};
use std::fmt::Write as _;
use telos_core::Tables;
use telos_stats::{LEVEL, MARGIN, Verdict, regression};

/// What a gate found.
#[derive(Debug, Clone, Serialize)]
pub struct GateReport {
    /// The worst of all.
    #[serde(serialize_with = "word")]
    pub verdict: Verdict,
    /// What makes the two records incomparable; empty unless INVALID.
    pub integrity: Vec<String>,
    /// Rule by rule; empty where the integrity is broken.
    pub rules: Vec<RuleResult>,
}

/// What a rule found. In its change, `a` is the baseline and `b` the run.
#[derive(Debug, Clone, Serialize)]
pub struct RuleResult {
    /// `regression:ARM:BENCHMARK:METRIC`.
    pub id: String,
    /// The kind of rule.
    pub kind: &'static str,
    /// Its verdict.
    #[serde(serialize_with = "word")]
    pub verdict: Verdict,
    /// Why, for a person.
    pub reason: String,
    /// How far the worse end of the interval may reach, in the metric's unit.
    pub margin: f64,
    /// The numbers.
    pub change: Change,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
fn word<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.as_str())
}

/// Judges `run` against `baseline`, without a file of rules.
pub fn gate(run: &dyn Tables, baseline: &dyn Tables) -> Result<GateReport, ReportError> {
    let (before, after) = (Index::new(baseline)?, Index::new(run)?);
    Ok(gate_indexed(&after, &before))
}

pub(crate) fn gate_indexed(run: &Index<'_>, baseline: &Index<'_>) -> GateReport {
    let names = ("the baseline", "the run");
    let mut integrity = Vec::new();
    let arms = by_id(baseline.manifest, run.manifest, names, &mut integrity);
    let before = Named { index: baseline, name: names.0 };
    let after = Named { index: run, name: names.1 };
    integrity.extend(health(before, &arms.iter().map(|(arm, _)| *arm).collect::<Vec<_>>()));
    integrity.extend(health(after, &arms.iter().map(|(_, arm)| *arm).collect::<Vec<_>>()));
    integrity.extend(sameness(before, after, &arms));
    if !integrity.is_empty() {
        return GateReport { verdict: Verdict::Invalid, integrity, rules: Vec::new() };
    }
    let mut judged = rows(baseline, run, &arms);
    judged.retain(|row| row.direction.is_some() && finite(row.change.range).is_some());
    adjust(&mut judged);
    let rules: Vec<RuleResult> = judged.into_iter().filter_map(judge).collect();
    let verdict = rules.iter().map(|rule| rule.verdict).max().unwrap_or(Verdict::Pass);
    GateReport { verdict, integrity, rules }
}

fn finite(range: Option<[f64; 2]>) -> Option<[f64; 2]> {
    range.filter(|[low, high]| low.is_finite() && high.is_finite())
}

/// None for a metric that cannot regress.
fn judge(Row { change, paired, direction }: Row) -> Option<RuleResult> {
    let (direction, range) = (direction?, finite(change.range)?);
    let verdict = regression(&paired, direction, range, change.adjusted_p);
    let margin = MARGIN * (range[1] - range[0]);
    let reason = match verdict {
        Verdict::Pass if paired.n_changed() == 0 => "no item differs".to_owned(),
        Verdict::Pass => {
            format!("the interval's worse end is nearer than {} to no change", number::number(margin))
        }
        Verdict::Fail => format!("worse, and p = {} after Holm is below {LEVEL}", number::p_value(change.adjusted_p)),
        Verdict::Inconclusive if paired.interval.is_none() => "too few items for an interval".to_owned(),
        Verdict::Inconclusive => {
            format!(
                "the interval reaches {} or further to the worse side; more items would tell",
                number::number(margin)
            )
        }
        Verdict::Invalid => "no item has a value on both sides".to_owned(),
    };
    let id = format!("regression:{}:{}:{}", change.arm_b, change.benchmark, change.metric);
    Some(RuleResult { id, kind: "regression", verdict, reason, margin, change })
}

const COLUMNS: [Column; 12] = [
    words("verdict"),
    words("benchmark"),
    words("metric"),
    words("arm"),
    numbers("n").dispensable(2),
    numbers("baseline").dispensable(3),
    numbers("run").dispensable(3),
    numbers("Δ"),
    words("95 % interval"),
    numbers("worse").dispensable(1),
    numbers("p (Holm)"),
    words("method").dispensable(4),
];

/// The report for a terminal of `width` columns.
pub fn render_text(report: &GateReport, width: usize) -> String {
    let mut out = format!("{}: {}\n", report.verdict, tally(report));
    for problem in &report.integrity {
        // Writing into a string cannot fail; so below.
        let _ = writeln!(out, "  {problem}");
    }
    if !report.rules.is_empty() {
        out.push('\n');
        let rows: Vec<_> = report.rules.iter().map(cells).collect();
        out.push_str(&render(&COLUMNS, &rows, width));
    }
    for rule in report.rules.iter().filter(|rule| rule.verdict != Verdict::Pass) {
        let place = format!("{}, {} of {}", rule.change.benchmark, rule.change.metric, arms_text(&rule.change));
        let _ = writeln!(out, "  {} {place}: {}", rule.verdict, rule.reason);
    }
    out
}

/// `3 rules: 2 PASS, 1 FAIL`, or how many problems there are.
pub(crate) fn tally(report: &GateReport) -> String {
    if !report.integrity.is_empty() {
        let n = number::counted(report.integrity.len(), "problem");
        return format!("{n} with the records' integrity, so nothing was tested");
    }
    if report.rules.is_empty() {
        return "no metric has a direction and a finite range, so there is no rule".to_owned();
    }
    let of = |verdict: Verdict| report.rules.iter().filter(|rule| rule.verdict == verdict).count();
    let words = [Verdict::Invalid, Verdict::Fail, Verdict::Inconclusive, Verdict::Pass];
    let parts: Vec<String> =
        words.into_iter().filter(|v| of(*v) > 0).map(|v| format!("{} {v}", number::count(of(v)))).collect();
    format!("{}: {}", number::counted(report.rules.len(), "rule"), parts.join(", "))
}

fn cells(rule: &RuleResult) -> Vec<String> {
    let change = &rule.change;
    vec![
        rule.verdict.to_string(),
        change.benchmark.clone(),
        format!("{} {}", glyph(change.direction), change.metric),
        arms_text(change),
        number::count(change.n),
        number::maybe(change.mean_a),
        number::maybe(change.mean_b),
        change.difference.map_or_else(|| "–".to_owned(), number::signed),
        number::signed_interval(change.low, change.high),
        change.worse.map_or_else(|| "–".to_owned(), number::count),
        number::p_value(change.adjusted_p),
        change.method.clone(),
    ]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::testing::{Shape, record};
    use telos_core::record::Record;

    fn shape(right: usize, wrong: usize) -> Shape {
        Shape { items: 60, right, wrong, controller: false, says: None }
    }

    fn check(run: &Record, baseline: &Record, verdict: Verdict) -> GateReport {
        let report = gate(run, baseline).unwrap();
        assert_eq!(report.verdict, verdict, "{}", render_text(&report, 200));
        assert_eq!(report.integrity.is_empty(), verdict != Verdict::Invalid);
        report
    }

    #[test]
    fn sixty_items_of_which_some_worsened() {
        for right in [30, 45, 60] {
            let baseline = record(&shape(right, 0));
            check(&record(&shape(right, 30)), &baseline, Verdict::Fail);
            check(&record(&shape(right, 2)), &baseline, Verdict::Inconclusive);
            check(&baseline, &baseline, Verdict::Pass);
        }
    }

    #[test]
    fn a_record_passes_against_itself_with_all_its_rules() {
        let both = record(&Shape::default());
        let ids: Vec<String> = check(&both, &both, Verdict::Pass).rules.into_iter().map(|rule| rule.id).collect();
        // The choices once for the model, the texts for each arm; perplexity has no finite range.
        let expected = [
            "regression:tiny/free:truth:acc",
            "regression:tiny/free:reviews:stays_safe",
            "regression:tiny/cbf-0.3:reviews:stays_safe",
            "regression:tiny/free:reviews:min_h",
            "regression:tiny/cbf-0.3:reviews:min_h",
        ];
        assert_eq!(ids, expected);
    }

    #[test]
    fn what_cannot_be_compared_is_invalid() {
        type Change = fn(&mut Record);
        let baseline = record(&shape(45, 0));
        let cases: &[(&str, Change)] = &[
            ("other content", |r| r.items[3].item_hash = "x".into()),
            ("another text", |r| r.replies[0].prompt_hash = "x".into()),
            ("1 error of kind timeout", |r| {
                r.replies[5].status = "error".into();
                r.replies[5].error_kind = Some("timeout".into());
            }),
            ("without a score", |r| {
                r.scores.remove(7);
            }),
            ("1 item without a score (skipped: no text)", |r| {
                r.scores[7].value = None;
                r.scores[7].status = "skipped".into();
                r.scores[7].reason = Some("no text".into());
            }),
            ("1 score of acc missing, unparsed", |r| {
                r.scores[7].value = None;
                r.scores[7].status = "unparsed".into();
            }),
            ("1 request skipped of kind too_long", |r| {
                r.replies[5].status = "skipped".into();
                r.replies[5].error_kind = Some("too_long".into());
            }),
            ("replies of 1 item are missing", |r| {
                r.replies.drain(0..2);
            }),
            ("59 of 60 items are there", |r| {
                r.items.pop();
            }),
            ("interrupted, not complete", |r| r.manifest.status = "interrupted".into()),
            ("versions 1 and 2", |r| r.scores.iter_mut().for_each(|s| s.evaluator_version = 2)),
            ("the arm tiny/free of the baseline is not in the run", |r| r.manifest.arms.clear()),
            ("another direction, range or aggregate", |r| r.manifest.benchmarks[0].metrics[0].range = None),
        ];
        for (message, spoil) in cases {
            let mut run = baseline.clone();
            spoil(&mut run);
            let report = check(&run, &baseline, Verdict::Invalid);
            assert!(report.integrity.iter().any(|p| p.contains(message)), "{message}: {:?}", report.integrity);
            assert!(report.rules.is_empty());
        }
    }

    #[test]
    fn a_metric_need_not_apply_to_every_item() {
        let mut both = record(&Shape::default());
        for score in both.scores.iter_mut().filter(|s| s.metric == "stays_safe" && s.item == "1") {
            (score.value, score.status, score.reason) = (None, "skipped".into(), Some("unsafe start".into()));
        }
        let report = check(&both, &both, Verdict::Pass);
        assert_eq!(report.rules.iter().find(|r| r.change.metric == "stays_safe").map(|r| r.change.n), Some(3));
        let report = check(&both, &record(&Shape::default()), Verdict::Invalid);
        assert!(report.integrity[0].contains("1 item with a value on one side only"), "{:?}", report.integrity);
    }

    #[test]
    fn forms_say_the_same() {
        let (run, baseline) = (record(&shape(45, 30)), record(&shape(45, 0)));
        let report = gate(&run, &baseline).unwrap();
        let text = render_text(&report, 200);
        assert!(text.starts_with("FAIL: 1 rule: 1 FAIL\n"), "{text}");
        let json = serde_json::to_value(&report).unwrap_or_default();
        assert_eq!(json["verdict"], "FAIL");
        assert_eq!(json["rules"][0]["change"]["worse"], 30);
        let markdown = crate::markdown(&report);
        assert!(
            markdown.starts_with("## Telos gate: FAIL\n") && markdown.contains("| FAIL | truth | ▲ acc |"),
            "{markdown}"
        );
        let xml = crate::junit(&report);
        assert!(xml.contains("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\""), "{xml}");
        well_formed(&xml);
        let mut broken = run;
        broken.replies[0].status = "error".into();
        broken.replies[0].error = Some("<b>&\u{1b}[31m\u{0}".into());
        let xml = crate::junit(&gate(&broken, &baseline).unwrap());
        assert!(xml.contains("errors=\"1\"") && xml.contains("&lt;b&gt;&amp;[31m"), "{xml}");
        well_formed(&xml);
    }

    /// Every element is closed in order, and no character is one that XML refuses.
    fn well_formed(xml: &str) {
        assert!(xml.chars().all(|c| c == '\n' || !c.is_control()), "{xml:?}");
        let mut open: Vec<&str> = Vec::new();
        for tag in xml.split('<').skip(1) {
            let (inside, text) = tag.split_once('>').unwrap_or_default();
            assert!(!text.contains('>'), "{tag}");
            if inside.starts_with('?') || inside.ends_with('/') {
                continue;
            }
            match inside.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{xml}"),
                None => open.push(inside.split_whitespace().next().unwrap_or_default()),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}
