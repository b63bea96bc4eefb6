//! Verdicts on records made by hand.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::testing::{Shape, record};
use telos_core::Status;
use telos_core::record::{Record, RunStatus};

fn shape(right: usize, wrong: usize) -> Shape {
    Shape { items: 60, right, wrong, controller: false, says: None }
}

fn check(run: &Record, baseline: &Record, verdict: Verdict) -> GateReport {
    let report = gate(run, Some(baseline), None).unwrap();
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
            r.replies[5].status = Status::Error;
            r.replies[5].error_kind = Some("timeout".into());
        }),
        ("without a score", |r| {
            r.scores.remove(7);
        }),
        ("1 item without a score (skipped: no text)", |r| {
            r.scores[7].value = None;
            r.scores[7].status = Status::Skipped;
            r.scores[7].reason = Some("no text".into());
        }),
        ("1 score of acc missing, unparsed", |r| {
            r.scores[7].value = None;
            r.scores[7].status = Status::Unparsed;
        }),
        ("1 request skipped of kind too_long", |r| {
            r.replies[5].status = Status::Skipped;
            r.replies[5].error_kind = Some("too_long".into());
        }),
        ("replies of 1 item are missing", |r| {
            r.replies.drain(0..2);
        }),
        ("59 of 60 items are there", |r| {
            r.items.pop();
        }),
        ("interrupted, not complete", |r| r.manifest.status = RunStatus::Interrupted),
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
        (score.value, score.status, score.reason) = (None, Status::Skipped, Some("unsafe start".into()));
    }
    let report = check(&both, &both, Verdict::Pass);
    assert_eq!(report.rules.iter().find(|r| r.change.metric == "stays_safe").map(|r| r.change.n), Some(3));
    let report = check(&both, &record(&Shape::default()), Verdict::Invalid);
    assert!(report.integrity[0].contains("1 item with a value on one side only"), "{:?}", report.integrity);
}

#[test]
fn forms_say_the_same() {
    let (run, baseline) = (record(&shape(45, 30)), record(&shape(45, 0)));
    let report = gate(&run, Some(&baseline), None).unwrap();
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
    broken.replies[0].status = Status::Error;
    broken.replies[0].error = Some("<b>&\u{1b}[31m\u{0}".into());
    let xml = crate::junit(&gate(&broken, Some(&baseline), None).unwrap());
    assert!(xml.contains("errors=\"1\"") && xml.contains("&lt;b&gt;&amp;⟨U+001B⟩[31m⟨U+0000⟩"), "{xml}");
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

fn floor(metric: &str, min: Option<f64>, max: Option<f64>) -> Rule {
    let limits = [("min", min), ("max", max)];
    let rule = Rule { metric: Some(metric.into()), ..Rule::new("floor", "floor") };
    limits
        .into_iter()
        .filter_map(|(key, limit)| Some((key, limit?)))
        .fold(rule, |rule, (key, limit)| rule.with(key, limit))
}

fn by_rules(run: &Record, baseline: Option<&Record>, rules: Vec<Rule>) -> GateReport {
    gate(run, baseline.map(|b| b as &dyn Tables), Some(&Gates { baseline: None, rules })).unwrap()
}

#[test]
fn a_floor_is_judged_by_the_interval() {
    // Wilson's interval of 45 of 60 is 0.628 to 0.842.
    let run = record(&shape(45, 0));
    for (min, verdict) in
        [(0.6, Verdict::Pass), (0.7, Verdict::Inconclusive), (0.8, Verdict::Inconclusive), (0.85, Verdict::Fail)]
    {
        let report = by_rules(&run, None, vec![floor("acc", Some(min), None)]);
        assert_eq!((report.verdict, report.rules.len()), (verdict, 1), "{min}: {report:?}");
        let found = &report.rules[0];
        assert_eq!((found.id.as_str(), found.min), ("floor:tiny/free:truth:acc", Some(min)));
        assert!(found.change.low.is_some_and(|low| (low - 0.628).abs() < 1e-3), "{found:?}");
        assert!(found.change.high.is_some_and(|high| (high - 0.842).abs() < 1e-3), "{found:?}");
    }
    // The same of a metric that is better when lower.
    let mut turned = run;
    turned.manifest.benchmarks[0].metrics[0].direction = telos_core::Direction::Lower;
    for (max, verdict) in [(0.85, Verdict::Pass), (0.75, Verdict::Inconclusive), (0.6, Verdict::Fail)] {
        assert_eq!(by_rules(&turned, None, vec![floor("acc", None, Some(max))]).verdict, verdict, "{max}");
    }
}

#[test]
fn a_rule_that_selects_nothing_is_invalid_and_says_what_is_near() {
    let run = record(&Shape::default());
    let arm = |id: &str| Rule { arm: Some(id.into()), ..Rule::new("r", "integrity") };
    let benchmark = |id: &str| Rule { benchmark: Some(id.into()), ..floor("acc", Some(0.5), None) };
    for (rule, message) in [
        (arm("tiny/fre"), "the rule r selects nothing: the run has no arm tiny/fre; did you mean tiny/free?"),
        (benchmark("truht"), "the run has no benchmark truht; did you mean truth?"),
        (benchmark("reviews"), "the run has no metric acc; there are stays_safe, min_h, perplexity"),
        (floor("ac", Some(0.5), None), "no metric ac; did you mean acc?"),
        (floor("acc", None, Some(0.5)), "selects nothing: `max` is for metrics that are better when lower"),
        (Rule::new("r", "regression"), "the rule r needs a baseline, and there is none"),
    ] {
        let report = by_rules(&run, None, vec![rule]);
        assert_eq!((report.verdict, report.rules.len()), (Verdict::Invalid, 0), "{message}");
        assert!(report.integrity.len() == 1 && report.integrity[0].contains(message), "{:?}", report.integrity);
    }
}

#[test]
fn what_rules_look_at_must_be_whole() {
    let mut run = record(&Shape::default());
    let whole = || Rule::new("whole", "integrity");
    let report = by_rules(&run, None, vec![whole()]);
    assert_eq!((report.verdict, report.rules[0].id.as_str(), report.rules[0].change.n), (Verdict::Pass, "whole", 8));
    let texts = run.replies.iter_mut().find(|row| row.benchmark == "reviews").unwrap();
    texts.status = Status::Error;
    texts.error_kind = Some("timeout".into());
    assert_eq!(by_rules(&run, None, vec![whole()]).verdict, Verdict::Invalid);
    let of = |id: &str| Rule { benchmark: Some(id.into()), ..whole() };
    assert_eq!(by_rules(&run, None, vec![of("truth")]).verdict, Verdict::Pass);
    assert_eq!(by_rules(&run, None, vec![of("reviews")]).verdict, Verdict::Invalid);
    // A floor does not stand on half of the items.
    let report =
        by_rules(&run, None, vec![Rule { benchmark: Some("reviews".into()), ..floor("stays_safe", Some(0.0), None) }]);
    assert_eq!(report.verdict, Verdict::Invalid);
    run.manifest.status = RunStatus::Interrupted;
    assert_eq!(by_rules(&run, None, vec![of("truth")]).verdict, Verdict::Invalid);
}

#[test]
fn regression_rules_choose_and_take_margins() {
    let baseline = record(&shape(45, 0));
    let run = record(&shape(45, 2));
    let steady = || Rule::new("steady", "regression");
    assert_eq!(by_rules(&run, Some(&baseline), vec![steady()]).verdict, Verdict::Inconclusive);
    let report = by_rules(&run, Some(&baseline), vec![steady().with("margin", 0.3)]);
    assert_eq!((report.verdict, report.rules[0].margin), (Verdict::Pass, Some(0.3)));
    assert_eq!(report.rules[0].id, "steady:tiny/free:truth:acc");
    // A rule for all is the gate without rules, but for its id.
    let both = record(&Shape { items: 60, right: 45, ..Shape::default() });
    let worse = record(&Shape { items: 60, right: 45, wrong: 30, ..Shape::default() });
    let plain = gate(&worse, Some(&both), None).unwrap();
    let ruled = by_rules(&worse, Some(&both), vec![Rule::new("regression", "regression")]);
    assert_eq!(serde_json::to_value(&plain).unwrap(), serde_json::to_value(&ruled).unwrap());
    // Holm counts what is selected, and nothing twice.
    let acc = || Rule { metric: Some("acc".into()), ..Rule::new("acc", "regression") };
    let one = by_rules(&worse, Some(&both), vec![acc(), Rule { id: "again".into(), ..acc() }]);
    assert_eq!(one.rules.len(), 2);
    assert!(one.rules.iter().all(|r| r.change.adjusted_p == r.change.p && r.verdict == Verdict::Fail));
    // An arm that no controller acts on stands for its model; a perplexity takes part where it is named with a margin.
    let of_arm = Rule { arm: Some("tiny/cbf-0.3".into()), ..Rule::new("arm", "regression") };
    let ids: Vec<String> = by_rules(&both, Some(&both), vec![of_arm]).rules.into_iter().map(|r| r.id).collect();
    assert_eq!(
        ids,
        ["arm:tiny/free:truth:acc", "arm:tiny/cbf-0.3:reviews:stays_safe", "arm:tiny/cbf-0.3:reviews:min_h"]
    );
    let named = Rule { metric: Some("perplexity".into()), ..Rule::new("ppl", "regression").with("margin", 0.1) };
    assert_eq!(by_rules(&both, Some(&both), vec![named]).rules.len(), 2);
}

#[test]
fn every_form_shows_every_kind() {
    let both = record(&Shape { items: 60, right: 45, ..Shape::default() });
    let rules =
        || vec![Rule::new("whole", "integrity"), floor("acc", Some(0.6), None), Rule::new("steady", "regression")];
    let report = by_rules(&both, Some(&both), rules());
    assert_eq!((report.verdict, report.rules.len()), (Verdict::Pass, 7));
    let text = render_text(&report, 200);
    assert!(text.starts_with("PASS: 7 rules: 7 PASS\n") && text.contains("0.628 … 0.842"), "{text}");
    assert!(!text.contains("NaN"), "{text}");
    let markdown = crate::markdown(&report);
    assert!(
        markdown.contains("| PASS | truth | ▲ acc | tiny/free | 60 | – | 0.750 | – | 0.628 … 0.842 | – |"),
        "{markdown}"
    );
    let xml = crate::junit(&report);
    assert!(xml.contains("tests=\"8\"") && !xml.contains("NaN"), "{xml}");
    well_formed(&xml);
    let rules = Gates { baseline: None, rules: rules() };
    let options = crate::PageOptions { rules: Some(rules), ..crate::PageOptions::default() };
    let page = crate::html(&both, Some(&both), &options).unwrap();
    assert!(page.contains("0.628 … 0.842") && !page.contains("NaN"));
}

/// Every example of the table is a rule of its kind, is read, and judges a run; no kind passes by being forgotten.
#[test]
fn g12_every_kind_is_read_and_judges() {
    let both = record(&Shape { items: 60, right: 45, ..Shape::default() });
    for entry in GATES {
        let value: serde_json::Value = serde_json::from_str(&yaml_flow(entry.example)).unwrap();
        let rule = Rule::read(value.as_object().unwrap());
        assert_eq!(rule.kind, entry.rule.shape.kind);
        assert_eq!((entry.rule.shape.check)(value.as_object().unwrap()), []);
        let report = by_rules(&both, Some(&both), vec![rule.clone()]);
        assert!(report.verdict != Verdict::Invalid && !report.rules.is_empty(), "{}: {report:?}", rule.kind);
        assert!(report.rules.iter().all(|found| found.kind == rule.kind), "{report:?}");
    }
    for (rule, message) in [
        (Rule::new("r", "integrty"), "the rule r is of no kind that is known, integrty: there are integrity, floor"),
        (Rule::new("r", ""), "of no kind"),
        (Rule::new("r", "floor"), "the rule r cannot be asked: one of `min` and `max` is needed"),
        (Rule::new("r", "regression").with("margin", -1.0), "the rule r cannot be asked: `margin` is 0 or more"),
    ] {
        let report = by_rules(&both, Some(&both), vec![rule]);
        assert_eq!(report.verdict, Verdict::Invalid);
        assert!(report.integrity.len() == 1 && report.integrity[0].contains(message), "{:?}", report.integrity);
    }
}

/// An example, an object of YAML in one line of plain words and numbers, as JSON.
fn yaml_flow(example: &str) -> String {
    let quoted = |text: &str| {
        let text = text.trim();
        if text.parse::<f64>().is_ok() { text.to_owned() } else { format!("\"{text}\"") }
    };
    let inner = example.trim_matches(|c| c == '{' || c == '}');
    let pairs = inner.split(',').map(|pair| pair.split_once(':').unwrap());
    let pairs: Vec<String> = pairs.map(|(key, value)| format!("{}: {}", quoted(key), quoted(value))).collect();
    format!("{{{}}}", pairs.join(", "))
}
