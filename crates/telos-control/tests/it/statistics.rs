//! The lazy filter's distribution and cost, held against what the formulas say.

use crate::toy::{Toy, cbf, controller, run};
use serde_json::json;
use telos_core::Sampling;

const DRAWS: u64 = 40_000;

/// The first token's probabilities under the toy alone, and whether each token is allowed.
fn enumerate(toy: &Toy, alpha: f64) -> (Vec<f64>, Vec<bool>) {
    let weights: Vec<f64> = toy.logits(&[]).iter().map(|x| f64::from(*x).exp()).collect();
    let total: f64 = weights.iter().sum();
    let threshold = (1.0 - alpha) * toy.h(0, "");
    let allowed = (0..toy.vocabulary as u32).map(|t| toy.h(0, &toy.decode(&[t])) >= threshold).collect();
    (weights.iter().map(|w| w / total).collect(), allowed)
}

/// A toy of twelve tokens, of which some are allowed and some are not, with a fair share of the mass each.
fn small_toy() -> Toy {
    let with = |seed| Toy { eos: Vec::new(), odd_pieces: false, lean: 0.0, ..Toy::new(seed, 12) };
    let fair = |toy: &Toy| {
        let (p, allowed) = enumerate(toy, 0.8);
        let z: f64 = p.iter().zip(&allowed).filter(|(_, a)| **a).map(|(p, _)| p).sum();
        (0.4..0.6).contains(&z) && allowed.iter().filter(|a| **a).count() > 3
    };
    (0..1000).map(with).find(fair).expect("one of a thousand toys is fair")
}

#[test]
fn samples_follow_the_masked_distribution() {
    let toy = small_toy();
    let (p, allowed) = enumerate(&toy, 0.8);
    let z: f64 = p.iter().zip(&allowed).filter(|(_, a)| **a).map(|(p, _)| p).sum();
    let refused = |t: usize| p[t] / (p[t] + z);
    let cost = 1.0 + (0..12).filter(|t| !allowed[*t]).map(refused).sum::<f64>();
    let (mut counts, mut changed, mut evaluations, mut squares) = ([0_u32; 12], 0_u32, 0_u64, 0_u64);
    for sample in 0..DRAWS {
        let step = run(&toy, &cbf(0.8, &json!({})), &Sampling { sample, ..Sampling::new(1) }).steps.remove(0);
        counts[step.token.expect("a token") as usize] += 1;
        changed += u32::from(step.changed);
        // The first look-up is that of h before.
        let tried = u64::from(step.evaluations) - 1;
        evaluations += tried;
        squares += tried * tried;
    }
    let n = DRAWS as f64;
    let chi: f64 =
        (0..12).filter(|t| allowed[*t]).map(|t| (f64::from(counts[t]) - n * p[t] / z).powi(2) / (n * p[t] / z)).sum();
    assert!((0..12).all(|t| allowed[t] || counts[t] == 0));
    // At most 11 degrees of freedom; the draws are fixed, and 31.3 is passed by one in a thousand such tests.
    assert!(chi < 31.3, "chi-square {chi}");
    let mean = evaluations as f64 / n;
    let deviation = (squares as f64 / n - mean * mean).sqrt() / n.sqrt();
    assert!((mean - cost).abs() < 4.0 * deviation, "{mean} looked up, {cost} expected");
    let rate = f64::from(changed) / n;
    assert!((rate - (1.0 - z)).abs() < 4.0 * (z * (1.0 - z) / n).sqrt(), "{rate} changed, {} expected", 1.0 - z);
}

#[test]
fn a_text_parts_from_the_free_one_where_the_free_token_is_refused() {
    let toy = Toy { eos: Vec::new(), lean: 0.4, ..Toy::new(21, 60) };
    for sample in 0..200 {
        let sampling = Sampling { sample, ..Sampling::new(10) };
        let filtered = run(&toy, &cbf(0.9, &json!({"on_empty": "least_unsafe"})), &sampling);
        let free = run(&toy, &controller("none", &[], &json!({})), &sampling);
        let first = filtered.steps.iter().position(|s| s.changed).unwrap_or(10);
        assert_eq!(filtered.ids[..first], free.ids[..first]);
        if let Some(step) = filtered.steps.get(first) {
            assert_eq!(step.rejected.first(), Some(&free.ids[first]));
        }
    }
}
