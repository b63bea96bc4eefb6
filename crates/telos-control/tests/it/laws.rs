//! What must hold of a barrier filter whatever the model and the h.

use crate::toy::{Run, Toy, any_sampling, cbf, controller, run};
use serde_json::json;
use telos_control::{Start, parse};
use telos_core::{Action, Answers, At, ErrorKind, Probe, RequestError, Sampling, Step, Valued};

/// Runs two controllers over many worlds and ways to sample, and hands both texts to `check`.
fn compare(
    seeds: std::ops::Range<u64>,
    of: impl Fn(u64, &Toy, &Sampling) -> [Run; 2],
    mut check: impl FnMut(u64, Run, Run),
) {
    for seed in seeds {
        let [a, b] = of(seed, &Toy::any(seed), &any_sampling(seed));
        check(seed, a, b);
    }
}

fn both_supports(seed: u64) -> &'static str {
    if seed.is_multiple_of(2) { "before" } else { "after" }
}

#[test]
fn a_safe_text_is_the_free_one() {
    compare(
        0..300,
        |seed, toy, sampling| {
            let toy = Toy { h_always: Some(0.4), ..toy.clone() };
            let options = json!({"support": both_supports(seed)});
            [run(&toy, &cbf(0.3, &options), sampling), run(&toy, &controller("none", &[], &json!({})), sampling)]
        },
        |seed, filtered, free| {
            assert_eq!(filtered.ids, free.ids, "seed {seed}");
            assert!(filtered.steps.iter().all(|s| !s.changed && s.rejected.is_empty()), "seed {seed}");
        },
    );
}

#[test]
fn a_safe_text_costs_one_value_a_token() {
    let toy = Toy { h_always: Some(0.4), eos: Vec::new(), odd_pieces: false, ..Toy::new(3, 5000) };
    let filtered = run(&toy, &cbf(0.3, &json!({})), &Sampling::new(20));
    assert_eq!((filtered.asked, filtered.rounds), (21, 20));
    assert_eq!(filtered.steps.iter().map(|s| s.evaluations).sum::<u32>(), 21);
}

#[test]
fn asking_ahead_stays_within_twice_what_is_needed() {
    let toy = Toy { eos: Vec::new(), odd_pieces: false, lean: -0.6, ..Toy::new(5, 400) };
    let sampling = Sampling::new(30);
    let filtered = run(&toy, &cbf(1.0, &json!({"on_empty": "least_unsafe"})), &sampling);
    let counted: u32 = filtered.steps.iter().map(|s| s.evaluations).sum();
    assert!(filtered.steps.iter().any(|s| s.rejected.len() > 4), "nothing was refused");
    assert!(filtered.asked <= 2 * counted as usize, "{} for {counted}", filtered.asked);
    assert!(filtered.rounds < counted as usize, "{} rounds for {counted}", filtered.rounds);
}

#[test]
fn alpha_one_is_the_blacklist() {
    compare(
        300..600,
        |seed, toy, sampling| {
            let options = json!({"support": both_supports(seed), "on_empty": "least_unsafe"});
            let blacklist = controller("blacklist", &[(0, 1.0)], &options);
            [run(toy, &cbf(1.0, &options), sampling), run(toy, &blacklist, sampling)]
        },
        |seed, one, blacklist| {
            assert_eq!(one, blacklist, "seed {seed}");
            for step in one.steps.iter().filter(|s| s.fallback.is_none()) {
                assert_eq!(step.threshold.as_ref().expect("a threshold").values, [0.0], "seed {seed}");
                assert!(step.h_after.as_ref().expect("h").values[0] >= 0.0, "seed {seed}");
            }
        },
    );
}

#[test]
fn alpha_zero_never_spends_h() {
    for seed in 600..900 {
        let run = run(&Toy::any(seed), &cbf(0.0, &json!({"support": both_supports(seed)})), &any_sampling(seed));
        for step in run.steps.iter().filter(|s| s.fallback.is_none()) {
            assert!(step.h_after.as_ref().unwrap().values >= step.h_before.as_ref().unwrap().values, "seed {seed}");
        }
    }
}

#[test]
fn the_barrier_holds_geometrically() {
    let mut safe = 0;
    for seed in 0..400 {
        let alpha = 0.3;
        let run = run(&Toy::any(seed), &cbf(alpha, &json!({})), &any_sampling(seed));
        let first = run.steps[0].h_before.as_ref().expect("h").values[0];
        safe += usize::from(first >= 0.0);
        for (k, step) in run.steps.iter().take_while(|s| s.fallback.is_none()).enumerate() {
            let bound = (1.0 - alpha).powi(k as i32 + 1) * first;
            assert!(step.h_after.as_ref().expect("h").values[0] >= bound - 1e-12, "seed {seed}, step {k}");
        }
    }
    assert!(safe > 100, "{safe}");
}

#[test]
fn lazy_is_scan() {
    compare(
        1000..2000,
        |seed, toy, sampling| {
            let with =
                |strategy| json!({"support": both_supports(seed), "strategy": strategy, "on_empty": "least_unsafe"});
            let alphas = [(0, 0.4), (1, 1.0)];
            let alphas = if seed % 3 == 0 { &alphas[..] } else { &alphas[..1] };
            ["lazy", "scan"].map(|s| run(toy, &controller("cbf", alphas, &with(s)), sampling))
        },
        |seed, lazy, scan| {
            let decided = |run: Run| -> Vec<Step> {
                run.steps.into_iter().map(|s| Step { evaluations: 0, rejected: Vec::new(), ..s }).collect()
            };
            assert_eq!(lazy.ids, scan.ids, "seed {seed}");
            assert_eq!(decided(lazy), decided(scan), "seed {seed}");
        },
    );
}

#[test]
fn the_order_of_constraints_does_not_matter() {
    compare(
        2000..2300,
        |seed, toy, sampling| {
            let options = json!({"support": both_supports(seed), "on_empty": "least_unsafe"});
            [[(0, 0.4), (1, 1.0)], [(1, 1.0), (0, 0.4)]].map(|a| run(toy, &controller("cbf", &a, &options), sampling))
        },
        |seed, a, b| {
            let turned = |step: &Step| {
                let mut h = step.h_after.clone().map(|h| h.values);
                if let Some(h) = &mut h {
                    h.reverse();
                }
                h
            };
            assert_eq!(a.ids, b.ids, "seed {seed}");
            for (x, y) in a.steps.iter().zip(&b.steps) {
                assert_eq!(turned(x), y.h_after.clone().map(|h| h.values), "seed {seed}");
                assert_eq!((x.evaluations, &x.rejected), (y.evaluations, &y.rejected), "seed {seed}");
            }
        },
    );
}

#[test]
fn a_list_of_one_and_a_constraint_twice_are_the_single_one() {
    compare(
        2300..2600,
        |seed, toy, sampling| {
            let options = json!({"support": both_supports(seed), "on_empty": "least_unsafe", "listed": true});
            [vec![(0, 0.4)], vec![(0, 0.4), (0, 0.4)]].map(|a| run(toy, &controller("cbf", &a, &options), sampling))
        },
        |seed, list, twice| {
            let options = json!({"support": both_supports(seed), "on_empty": "least_unsafe"});
            let single = run(&Toy::any(seed), &cbf(0.4, &options), &any_sampling(seed));
            assert_eq!(single.ids, list.ids, "seed {seed}");
            assert_eq!(single.ids, twice.ids, "seed {seed}");
            for ((a, b), c) in single.steps.iter().zip(&list.steps).zip(&twice.steps) {
                let values = |step: &Step| step.h_after.clone().map(|h| h.values);
                assert_eq!(values(a), values(b), "seed {seed}");
                assert_eq!((a.evaluations, &a.rejected, a.rank), (b.evaluations, &b.rejected, b.rank), "seed {seed}");
                assert_eq!((a.evaluations, &a.rejected, a.rank), (c.evaluations, &c.rejected, c.rank), "seed {seed}");
            }
        },
    );
}

#[test]
fn a_vanishing_temperature_is_the_first_allowed_by_probability() {
    for seed in 2600..2900 {
        let toy = Toy { grain: 0.0, ..Toy::any(seed) };
        let spec = cbf(0.5, &json!({"on_empty": "least_unsafe"}));
        let at = |temperature| run(&toy, &spec, &Sampling { temperature, seed, ..Sampling::new(12) });
        let (zero, small) = (at(0.0), at(1e-9));
        assert_eq!(zero.ids, small.ids, "seed {seed}");
        for step in zero.steps.iter().filter(|s| s.fallback.is_none()) {
            // What was refused is exactly what is more probable.
            assert_eq!(step.rank, Some(step.rejected.len() as u32), "seed {seed}");
        }
    }
}

/// The first position of a text.
fn at(logits: &[f32]) -> At<'_> {
    At { logits, step: 0, ids: &[] }
}

#[test]
fn bad_numbers_fail() {
    let spec = cbf(0.5, &json!({}));
    let start = Start { sampling: Sampling::new(3), eos: Vec::new() };
    let kind = |action: Action| match action {
        Action::Fail(error) => Some(error.kind),
        _ => None,
    };
    for spec in [&spec, &controller("none", &[], &json!({}))] {
        let mut machine = parse(spec).expect("good").build(&start);
        assert_eq!(kind(machine.begin(&at(&[0.0, f32::NAN]))), Some(ErrorKind::NotFinite));
        assert_eq!(kind(machine.begin(&at(&[f32::INFINITY]))), Some(ErrorKind::NotFinite));
        assert_eq!(kind(machine.begin(&at(&[]))), Some(ErrorKind::Internal));
    }
    let logits = [0.0, 1.0];
    let valued = |h: f64| Valued { text: u128::from(h.to_bits()), h: Ok(vec![h]) };
    let after = |values: Vec<Valued>| {
        let mut machine = parse(&spec).expect("good").build(&start);
        let Action::Need { h, .. } = machine.begin(&at(&logits)) else { panic!("h is needed") };
        assert_eq!((h.len(), &h[0]), (2, &Probe::here()));
        machine.resume(&at(&logits), Answers { h: values, logits: Vec::new() })
    };
    assert_eq!(kind(after(vec![valued(f64::NAN), valued(0.5)])), Some(ErrorKind::NotFinite));
    // A bad h of a candidate fails the text where the rule looks at it.
    assert_eq!(kind(after(vec![valued(0.5), valued(f64::INFINITY)])), Some(ErrorKind::NotFinite));
    let failed = Valued { text: 3, h: Err(RequestError::new(ErrorKind::TooLong, "too long")) };
    assert_eq!(kind(after(vec![valued(0.5), failed.clone()])), Some(ErrorKind::TooLong));
    assert_eq!(kind(after(vec![failed, valued(0.5)])), Some(ErrorKind::TooLong));
    // Values too few or too many are the engine's mistake, not numbers to go on with.
    assert_eq!(kind(after(vec![valued(0.5)])), Some(ErrorKind::Internal));
    assert_eq!(kind(after(vec![valued(0.5), valued(0.25), valued(0.75)])), Some(ErrorKind::Internal));
}

#[test]
fn an_error_that_was_only_asked_ahead_changes_nothing() {
    // Token 1 is refused, so that two more are asked for at once; the first of them is allowed, the other has no h.
    let spec = cbf(0.0, &json!({}));
    let start = Start { sampling: Sampling { temperature: 0.0, ..Sampling::new(3) }, eos: Vec::new() };
    let logits = [4.0, 9.0, 3.0, 2.0];
    let at = At { logits: &logits, step: 0, ids: &[] };
    let mut machine = parse(&spec).expect("good").build(&start);
    let value = |text: u128, h: f64| Valued { text, h: Ok(vec![h]) };
    let answers = |h: Vec<Valued>| Answers { h, logits: Vec::new() };
    assert!(matches!(machine.begin(&at), Action::Need { .. }));
    let Action::Need { h, .. } = machine.resume(&at, answers(vec![value(0, 0.5), value(1, 0.1)])) else {
        panic!("more")
    };
    assert_eq!(h, [Probe::after(0), Probe::after(2)]);
    let failed = Valued { text: 3, h: Err(RequestError::new(ErrorKind::TooLong, "too long")) };
    let Action::Emit(step) = machine.resume(&at, answers(vec![value(2, 0.6), failed])) else { panic!("a token") };
    assert_eq!((step.token, step.rejected, step.evaluations), (Some(0), vec![1], 3));
}

#[test]
fn a_later_start_has_the_later_noise() {
    let toy = Toy { eos: Vec::new(), ..Toy::new(9, 50) };
    let whole = run(&toy, &controller("none", &[], &json!({})), &Sampling::new(6));
    let start = Start { sampling: Sampling::new(6), eos: Vec::new() };
    let mut machine = parse(&controller("none", &[], &json!({}))).expect("good").build(&start);
    let at = At { logits: &toy.logits(&whole.ids[..4]), step: 4, ids: &whole.ids[..4] };
    let Action::Emit(step) = machine.begin(&at) else { panic!("a token") };
    assert_eq!(step, whole.steps[4]);
}

#[test]
fn drafts_change_nothing_but_how_h_is_asked() {
    let (mut drafted, mut vain, mut fewer) = (0, 0, 0);
    for draft in [json!(2), json!(3), json!(5), json!(32), json!("auto")] {
        compare(
            3000..3400,
            |seed, toy, sampling| {
                let with = |draft: &serde_json::Value| json!({"support": both_supports(seed), "draft": draft, "on_empty": "least_unsafe"});
                let alphas = [(0, 0.4), (1, 1.0)];
                let alphas = if seed % 3 == 0 { &alphas[..] } else { &alphas[..1] };
                [json!(0), draft.clone()].map(|d| run(toy, &controller("cbf", alphas, &with(&d)), sampling))
            },
            |seed, plain, with| {
                assert_eq!(plain.ids, with.ids, "seed {seed}, draft {draft}");
                assert!(plain.steps.iter().all(|step| step.spent == 0), "seed {seed}");
                drafted += with.ahead;
                vain += with.steps.iter().map(|step| step.spent as usize).sum::<usize>();
                fewer += usize::from(with.rounds < plain.rounds);
                let steps: Vec<Step> = with.steps.into_iter().map(|step| Step { spent: 0, ..step }).collect();
                assert_eq!(plain.steps, steps, "seed {seed}, draft {draft}");
            },
        );
    }
    assert!(drafted > 2000 && vain > 500 && fewer > 500, "{drafted} {vain} {fewer}");
}

#[test]
fn a_safe_text_is_drafted_in_few_rounds_and_nothing_in_vain() {
    let toy = Toy { h_always: Some(0.4), eos: Vec::new(), odd_pieces: false, ..Toy::new(3, 5000) };
    for (draft, rounds) in [(json!(5), 4), (json!(32), 1), (json!("auto"), 5)] {
        let filtered = run(&toy, &cbf(0.3, &json!({"draft": draft})), &Sampling::new(20));
        assert_eq!((filtered.asked, filtered.rounds), (21, rounds), "{draft}");
        assert!(filtered.steps.iter().all(|s| s.spent == 0), "{draft}");
    }
}

#[test]
fn what_is_drafted_in_vain_is_counted() {
    let toy = Toy { eos: Vec::new(), odd_pieces: false, lean: -0.3, ..Toy::new(5, 400) };
    let filtered = run(&toy, &cbf(0.6, &json!({"draft": 4, "on_empty": "least_unsafe"})), &Sampling::new(30));
    let counted: u32 = filtered.steps.iter().map(|step| step.evaluations + step.spent).sum();
    let spent: u32 = filtered.steps.iter().map(|step| step.spent).sum();
    assert!(spent > 10, "{spent}");
    // What is asked ahead of the rule without a draft is counted nowhere.
    assert!(counted as usize <= filtered.asked, "{counted} of {}", filtered.asked);
}
