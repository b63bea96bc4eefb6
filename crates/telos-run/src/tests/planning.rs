//! Plans: counts, cuts and everything that stands in the way.

use super::*;
use crate::{PlanError, plan};
use telos_core::model::Weights;

#[test]
fn a_plan_loads_no_weights_and_counts_what_is_computed() {
    let zoo = Zoo::new();
    let plan = plan(&suite(vec![choices("plain"), texts("texts", 3)]), &zoo).expect("a plan");
    assert!(zoo.0.opened.lock().expect("a lock").iter().all(|(_, weights)| *weights == Weights::Skip));
    assert_eq!(plan.problems, []);
    assert_eq!(plan.arms, ["small/free", "small/cbf", "large/free"]);
    let (mc, generate) = (&plan.rows[0], &plan.rows[1]);
    // Without a model nothing is known of requests that are the same: two of the eleven choices are.
    let size = |benchmark: &Benchmark| crate::size(benchmark).expect("a size");
    assert_eq!((size(&choices("plain")).requests, size(&texts("texts", 3)).requests), (11, 15));
    assert_eq!(size(&Benchmark { limit: Some(2), ..choices("few") }).items, 2);
    assert_eq!((mc.requests, mc.items, mc.units), (9, 5, 1));
    // By hand: the context and each choice but its last character; `e` asks what `a` asked.
    let contexts = ["One and one?", "One and two?", "Two and two?", "None and none?"].map(|q| format!("Q: {q}\nA:"));
    let choices: [&[&str]; 4] = [&["two", "three"], &["two", "three", "four"], &["three", "four"], &["one", "none"]];
    let paths: Vec<String> = (contexts.iter().zip(choices))
        .flat_map(|(context, choices)| choices.iter().map(move |c| format!("{context} {}", &c[..c.len() - 1])))
        .collect();
    let distinct: std::collections::HashSet<&str> = paths.iter().flat_map(|p| (1..=p.len()).map(|n| &p[..n])).collect();
    assert_eq!(mc.tokens as usize, paths.iter().map(String::len).sum::<usize>());
    assert_eq!((mc.prefix_tokens as usize, mc.computed_tokens as usize), (distinct.len(), distinct.len()));
    // Two controllers and three repeats of five items; each item has noise of its own.
    assert_eq!((generate.requests, generate.new_tokens), (30, 180));
    assert_eq!(generate.controllers, ["free", "cbf"]);
    assert!(plan.sharing().is_some_and(|sharing| sharing > 2.0));
    let text = plan.to_string();
    assert!(text.contains("  texts: CC0-1.0; contamination: Written for this test.\n"), "{text}");
    assert!(text.contains("texts") && text.contains("5 × 3") && text.contains("free, cbf"), "{text}");
    assert_eq!(serde_json::to_value(&plan).expect("JSON")["counts"]["requests"], json!(plan.counts.requests));
}

#[test]
fn all_problems_are_told_before_anything_runs() {
    let mut broken =
        suite(vec![choices("plain"), choices("typo"), texts("texts", 1), choices("gone"), choices("metric")]);
    broken.models[1].model = ModelRef::parse("nowhere");
    broken.benchmarks[1].request.params.insert("context".into(), json!("{{ qestion }}"));
    let label = json!({"id": "m", "kind": "classifier_margin", "model": "sentiment", "positive": ["postive"], "negative": ["negative"]});
    broken.controllers[1].controller.0.insert("constraint".into(), label);
    broken.benchmarks[3].source.embedded = None;
    broken.benchmarks[3].source.path = "no-such-file.jsonl".into();
    broken.benchmarks[4].metrics.push(("accuracy".into(), telos_spec::suite::MetricOverride::default()));
    let zoo = Zoo::new();
    let (out, sitting) = whole("problems", &broken, &zoo);
    let error = sitting.result.expect_err("problems");
    assert!(error.is_input());
    let message = error.to_string();
    for part in [
        "model `large`: failed to open the model: nowhere",
        "model `small` on benchmark `typo`: failed to render",
        "item `a` of benchmark `typo`",
        "controller `cbf`: sentiment has no label `postive`; did you mean `positive`?",
        "benchmark `gone`: failed to",
        "no-such-file.jsonl",
        "has no metric `accuracy`",
    ] {
        assert!(message.contains(part), "{part}\n{message}");
    }
    assert!(zoo.0.opened.lock().expect("a lock").iter().all(|(_, weights)| *weights == Weights::Skip));
    assert!(!out.exists(), "nothing is left behind");
}

#[test]
fn nothing_to_run_is_said() {
    let empty = Suite { arms: Vec::new(), ..mixed() };
    assert!(matches!(plan(&empty, &Zoo::new()), Err(PlanError::Nothing { arms: 0, benchmarks: 5, .. })));
}

fn check_truncation(truncation: Truncation, n: usize, max_length: usize, expect: &dyn Fn(&crate::Plan)) {
    let zoo = Zoo::new();
    zoo.0.max_length.store(max_length, Ordering::Relaxed);
    let one = Suite { truncation, arms: vec![Arm { model: 0, controller: 0 }], ..suite(vec![shots(choices("mc"), n)]) };
    expect(&plan(&one, &zoo).expect("a plan"));
}

#[test]
fn prompts_that_do_not_fit_are_found_while_planning() {
    // The longest is `d` with 25 characters, of which the last is never read; the others have 24.
    check_truncation(Truncation::Error, 0, 24, &|plan| assert_eq!(plan.problems, []));
    check_truncation(Truncation::Error, 0, 23, &|plan| {
        assert_eq!(plan.problems.len(), 1);
        assert!(plan.problems[0].message.contains("25 tokens do not fit: there is room for 24"), "{:?}", plan.problems);
    });
    check_truncation(Truncation::Left, 0, 23, &|plan| {
        assert_eq!((plan.problems.len(), plan.rows[0].truncated), (0, 1));
    });
    check_truncation(Truncation::Skip, 0, 23, &|plan| {
        assert_eq!((plan.rows[0].skipped, plan.rows[0].requests), (1, 7), "d is left out, a and e are equal");
    });
    check_truncation(Truncation::DropShots, 2, 52, &|plan| {
        assert_eq!((plan.problems.len(), plan.rows[0].fewer_shots), (0, 5));
    });
    check_truncation(Truncation::DropShots, 2, 20, &|plan| assert_eq!(plan.problems.len(), 5));
}

#[test]
fn items_that_are_skipped_or_cut_say_so_in_the_record() {
    for (truncation, status) in [(Truncation::Skip, "skipped"), (Truncation::Left, "truncated")] {
        let zoo = Zoo::new();
        zoo.0.max_length.store(23, Ordering::Relaxed);
        let cut = Suite { truncation, ..suite(vec![choices("mc")]) };
        let (out, sitting) = whole(&format!("cut-{status}"), &cut, &zoo);
        sitting.result.expect("a run");
        let record = telos_data::read_record(&out).expect("a record");
        let of = |item: &str| record.replies.iter().find(|r| r.item == item && r.status.as_str() == status);
        assert!(of("d").is_some() && of("a").is_none(), "{status}");
        let score = record.scores.iter().find(|s| s.item == "d" && s.metric == "acc").expect("a score");
        assert_eq!(score.value.is_none(), status == "skipped");
        if status == "skipped" {
            assert!(score.reason.as_deref().is_some_and(|r| r.contains("25 tokens do not fit")), "{:?}", score.reason);
        }
    }
}

#[test]
fn a_text_needs_room_beside_its_prompt() {
    let zoo = Zoo::new();
    zoo.0.max_length.store(18, Ordering::Relaxed);
    let plan = plan(&suite(vec![texts("texts", 1)]), &zoo).expect("a plan");
    // Twelve are left; the question of `d` has fourteen.
    assert!(
        plan.problems[0].message.contains("item `d`: 14 tokens do not fit: there is room for 12"),
        "{:?}",
        plan.problems
    );
    zoo.0.max_length.store(6, Ordering::Relaxed);
    let plan = super::super::plan(&suite(vec![texts("texts", 1)]), &zoo).expect("a plan");
    assert!(plan.problems[0].message.contains("leave no room"), "{:?}", plan.problems);
}

/// What became of texts where there is room for twelve ids of a prompt: the question of `d` has fourteen.
fn check_texts(truncation: Truncation, status: &str, [skipped, truncated]: [u64; 2]) {
    let zoo = Zoo::new();
    zoo.0.max_length.store(18, Ordering::Relaxed);
    let one = Suite { truncation, arms: vec![Arm { model: 0, controller: 0 }], ..suite(vec![texts("texts", 1)]) };
    let (out, sitting) = whole(&format!("texts-{status}"), &one, &zoo);
    let manifest = sitting.result.expect("a run");
    assert_eq!([manifest.counts.skipped, manifest.counts.truncated], [skipped, truncated]);
    let record = telos_data::read_record(&out).expect("a record");
    let first: Vec<_> = record.replies.iter().filter(|r| r.wave == 0).collect();
    let with: Vec<&str> = first.iter().filter(|r| r.status.as_str() == status).map(|r| r.item.as_str()).collect();
    assert_eq!((with, first.len()), (vec!["d"], 5));
    let length = record.scores.iter().find(|s| s.item == "d" && s.metric == "length").expect("a score");
    assert_eq!(length.value, (truncated > 0).then_some(6.0));
}

#[test]
fn texts_whose_prompt_does_not_fit_are_cut_or_left_out_as_asked() {
    check_texts(Truncation::Left, "truncated", [0, 1]);
    check_texts(Truncation::Skip, "skipped", [1, 0]);
}

#[test]
fn examples_are_dropped_the_last_first_and_counted() {
    let zoo = Zoo::new();
    zoo.0.max_length.store(52, Ordering::Relaxed);
    let arms = vec![Arm { model: 0, controller: 0 }];
    let dropped = Suite { truncation: Truncation::DropShots, arms, ..suite(vec![shots(choices("mc"), 2)]) };
    let (out, sitting) = whole("dropped-shots", &dropped, &zoo);
    assert_eq!(sitting.result.expect("a run").counts.fewer_shots, 5);
    let record = telos_data::read_record(&out).expect("a record");
    assert!(record.replies.iter().all(|r| r.status.as_str() == "ok" && r.truncated_tokens == Some(0)));
    // An example and the question, where two were asked for.
    let questions = |r: &telos_core::record::ReplyRow| r.request.matches("Q: ").count();
    assert!(record.replies.iter().all(|r| questions(r) <= 2) && record.replies.iter().any(|r| questions(r) == 2));
    // The one that is left is the first that would have been drawn.
    zoo.0.max_length.store(4096, Ordering::Relaxed);
    let (out, sitting) = whole("all-shots", &Suite { truncation: Truncation::Error, ..dropped }, &zoo);
    assert_eq!(sitting.result.expect("a run").counts.fewer_shots, 0);
    let all = telos_data::read_record(&out).expect("a record");
    let context = |r: &telos_core::record::ReplyRow| {
        serde_json::from_str::<Value>(&r.request).expect("JSON")["context"].as_str().expect("a text").to_owned()
    };
    for (few, many) in record.replies.iter().zip(&all.replies).filter(|(few, _)| questions(few) == 2) {
        let first = |text: String| text.split("\n\n").next().expect("a part").to_owned();
        assert_eq!(first(context(few)), first(context(many)));
    }
}

#[test]
fn labels_that_a_classifier_under_test_lacks_are_told() {
    let request = ("classify", json!({"text": "{{ q }}"}));
    let mut sentiment = suite(vec![benchmark(
        "mood",
        request,
        ("label", json!({"target": "{{ 'positive' if right else 'neutral' }}"})),
    )]);
    sentiment.models[0].model = ModelRef::parse("sentiment");
    sentiment.arms.truncate(1);
    let plan = plan(&sentiment, &Zoo::new()).expect("a plan");
    assert_eq!(plan.problems.len(), 3, "{:?}", plan.problems);
    assert!(plan.problems[0].message.contains("item `a`: the right label is `neutral`"), "{:?}", plan.problems);
}

#[test]
fn texts_that_a_classifier_cannot_read_are_found_while_planning() {
    let zoo = Zoo::new();
    zoo.0.max_length.store(13, Ordering::Relaxed);
    let request = ("classify", json!({"text": "{{ q }}"}));
    let mut sentiment = suite(vec![benchmark("mood", request, ("label", json!({"target": "positive"})))]);
    sentiment.models[0].model = ModelRef::parse("sentiment");
    sentiment.arms.truncate(1);
    let told = plan(&sentiment, &zoo).expect("a plan").problems;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].message.contains("item `d`: 14 tokens do not fit: the classifier has 13 positions"), "{told:?}");
    sentiment.truncation = Truncation::Skip;
    let plan = plan(&sentiment, &zoo).expect("a plan");
    assert_eq!((plan.problems.len(), plan.rows[0].skipped), (0, 1));
}

#[test]
fn items_that_an_evaluator_cannot_score_are_told() {
    let request = json!({"context": "{{ q }}", "choices": "{{ options }}"});
    let pairs = benchmark("pairs", ("choices", request), ("preference_pair", json!({})));
    let generate = json!({"prompt": "{{ q }}", "max_new_tokens": 6});
    let verify = benchmark("verify", ("generate", generate), ("verifiable_instructions", json!({})));
    let told = plan(&suite(vec![pairs, verify]), &Zoo::new()).expect("a plan").problems;
    let about = |part: &str| told.iter().filter(|p| p.to_string().contains(part)).count();
    // Two models; one item of three choices, five rows without instructions.
    assert_eq!(
        (about("item `b`: a pair is two texts"), about("no column `instruction_id_list`"), told.len()),
        (2, 10, 12)
    );
}

#[test]
fn labels_that_a_classifier_of_texts_lacks_are_told() {
    let request = ("generate", json!({"prompt": "{{ q }}", "max_new_tokens": 6}));
    let evaluator = json!({"model": "sentiment", "label": ["positive", "postive"]});
    let told = plan(&suite(vec![benchmark("mood", request, ("classifier", evaluator))]), &Zoo::new()).expect("a plan");
    let [problem] = &told.problems[..] else { panic!("{:?}", told.problems) };
    assert!(problem.message.contains("no label `postive`; did you mean `positive`?"), "{problem}");
}
