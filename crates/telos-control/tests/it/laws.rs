//! What must hold of a barrier filter whatever the model and the h.

use crate::toy::{Run, Toy, any_sampling, cbf, controller, run};
use serde_json::json;
use telos_control::{Start, parse};
use telos_core::{Action, ErrorKind, Probe, Sampling, Step, Valued};

/// Runs two controllers over many worlds and ways to sample, and hands both texts to `check`.
fn compare(seeds: std::ops::Range<u64>, of: impl Fn(u64, &Toy, &Sampling) -> [Run; 2], check: impl Fn(u64, Run, Run)) {
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

#[test]
fn bad_numbers_fail() {
    let spec = cbf(0.5, &json!({}));
    let start = Start { sampling: Sampling::new(3), eos: Vec::new(), first_step: 0 };
    let kind = |action: Action| match action {
        Action::Fail(error) => Some(error.kind),
        _ => None,
    };
    for spec in [&spec, &controller("none", &[], &json!({}))] {
        let mut machine = parse(spec).expect("good").build(&start);
        assert_eq!(kind(machine.begin(&[0.0, f32::NAN])), Some(ErrorKind::NotFinite));
        assert_eq!(kind(machine.begin(&[f32::INFINITY])), Some(ErrorKind::NotFinite));
        assert_eq!(kind(machine.begin(&[])), Some(ErrorKind::Internal));
    }
    let mut machine = parse(&spec).expect("good").build(&start);
    let logits = [0.0, 1.0];
    let Action::Need(probes) = machine.begin(&logits) else { panic!("h is needed") };
    assert_eq!(probes[0], Probe::Here);
    let values: Vec<Valued> = (0..probes.len() as u64).map(|text| Valued { text, h: vec![f64::NAN] }).collect();
    assert_eq!(kind(machine.resume(&logits, &values)), Some(ErrorKind::NotFinite));
    // A bad h of a candidate fails the text where the rule looks at it.
    let mut machine = parse(&spec).expect("good").build(&start);
    let Action::Need(probes) = machine.begin(&logits) else { panic!("h is needed") };
    assert_eq!(probes.len(), 2);
    let values = [0.5, f64::INFINITY].map(|h| Valued { text: h.to_bits(), h: vec![h] });
    assert_eq!(kind(machine.resume(&logits, &values)), Some(ErrorKind::NotFinite));
    // One value too few is the engine's mistake, not a number to go on with.
    let mut machine = parse(&spec).expect("good").build(&start);
    assert!(matches!(machine.begin(&logits), Action::Need(_)));
    assert_eq!(kind(machine.resume(&logits, &[])), Some(ErrorKind::Internal));
}

#[test]
fn a_later_start_has_the_later_noise() {
    let toy = Toy { eos: Vec::new(), ..Toy::new(9, 50) };
    let whole = run(&toy, &controller("none", &[], &json!({})), &Sampling::new(6));
    let start = Start { sampling: Sampling::new(6), eos: Vec::new(), first_step: 4 };
    let mut machine = parse(&controller("none", &[], &json!({}))).expect("good").build(&start);
    let Action::Emit(step) = machine.begin(&toy.logits(&whole.ids[..4])) else { panic!("a token") };
    assert_eq!(step, whole.steps[4]);
}
