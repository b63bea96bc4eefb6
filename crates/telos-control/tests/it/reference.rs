//! The probe protocol's rule written out a second time, slowly: full sorts, one text at a time. Whole traces are compared.

use crate::toy::{Run, Toy, any_sampling, controller, run};
use serde_json::{Value, json};
use std::collections::HashMap;
use telos_core::noise::{StepNoise, mix};
use telos_core::{ErrorKind, Levels, RequestError, Sampling, Step};

/// What the reference needs to know of a filter.
pub(crate) struct Filter {
    pub(crate) constraints: Vec<(u64, f64)>,
    pub(crate) listed: bool,
    pub(crate) after: bool,
    pub(crate) scan: bool,
    pub(crate) on_empty: &'static str,
}

struct Memo<'a> {
    toy: &'a Toy,
    filter: &'a Filter,
    values: HashMap<(usize, String), f64>,
    evaluations: u32,
}

impl Memo<'_> {
    fn h(&mut self, ids: &[u32]) -> Vec<f64> {
        let text = self.toy.decode(ids);
        let mut values = Vec::new();
        for (i, (which, _)) in self.filter.constraints.iter().enumerate() {
            let fresh = !self.values.contains_key(&(i, text.clone()));
            self.evaluations += u32::from(fresh);
            values.push(*self.values.entry((i, text.clone())).or_insert_with(|| self.toy.h(*which, &text)));
        }
        values
    }
}

struct Place<'a> {
    toy: &'a Toy,
    ids: &'a [u32],
    sampling: &'a Sampling,
    logits: Vec<f32>,
    keys: Vec<f64>,
    by_probability: Vec<u32>,
    top_k: usize,
    h_before: Vec<f64>,
    thresholds: Vec<f64>,
}

impl Place<'_> {
    fn rank(&self, t: u32) -> usize {
        self.by_probability.iter().position(|x| *x == t).unwrap()
    }

    fn by_key(&self, tokens: &[u32]) -> Vec<u32> {
        let mut tokens = tokens.to_vec();
        tokens.sort_by(|a, b| self.keys[*b as usize].partial_cmp(&self.keys[*a as usize]).unwrap().then(a.cmp(b)));
        tokens
    }

    fn nucleus(&self, tokens: &[u32]) -> Vec<u32> {
        if self.sampling.top_p >= 1.0 || tokens.is_empty() {
            return tokens.to_vec();
        }
        let scale = if self.sampling.temperature == 0.0 { 1.0 } else { self.sampling.temperature };
        let logit = |t: u32| f64::from(self.logits[t as usize]);
        let weights: Vec<f64> = tokens.iter().map(|t| ((logit(*t) - logit(tokens[0])) / scale).exp()).collect();
        let total: f64 = weights.iter().sum();
        let mut mass = 0.0;
        for (i, weight) in weights.iter().enumerate() {
            mass += weight / total;
            if mass >= self.sampling.top_p {
                return tokens[..=i].to_vec();
            }
        }
        tokens.to_vec()
    }

    fn plain(&self) -> Vec<u32> {
        self.nucleus(&self.by_probability[..self.top_k])
    }

    fn h_after(&self, t: u32, memo: &mut Memo<'_>) -> Vec<f64> {
        if self.toy.eos.contains(&t) {
            return self.h_before.clone();
        }
        memo.h(&[self.ids, &[t]].concat())
    }

    fn allowed(&self, t: u32, memo: &mut Memo<'_>) -> bool {
        self.h_after(t, memo).iter().zip(&self.thresholds).all(|(h, threshold)| h >= threshold)
    }

    fn within_cutoff(&self, t: u32, memo: &mut Memo<'_>) -> bool {
        let rank = self.rank(t);
        if rank < self.top_k {
            return true;
        }
        let mut found = 0;
        for other in &self.by_probability[..rank] {
            found += usize::from(self.allowed(*other, memo));
            if found == self.top_k {
                return false;
            }
        }
        true
    }

    fn scan(&self, tokens: &[u32], k: usize, memo: &mut Memo<'_>) -> (Vec<u32>, Vec<u32>) {
        let (mut accepted, mut rejected) = (Vec::new(), Vec::new());
        for chunk in tokens.chunks(32) {
            let verdicts: Vec<bool> = chunk.iter().map(|t| self.allowed(*t, memo)).collect();
            for (t, good) in chunk.iter().zip(verdicts) {
                if accepted.len() < k {
                    if good { accepted.push(*t) } else { rejected.push(*t) }
                }
            }
            if accepted.len() == k {
                break;
            }
        }
        (accepted, rejected)
    }

    fn choose(&self, filter: &Filter, memo: &mut Memo<'_>) -> (Option<u32>, Vec<u32>, Vec<u32>) {
        let tokens = if filter.after { self.by_probability.clone() } else { self.plain() };
        if filter.scan || (filter.after && self.sampling.top_p < 1.0) {
            let k = if filter.after { self.top_k } else { tokens.len() };
            let (accepted, mut rejected) = self.scan(&tokens, k, memo);
            let accepted = if filter.after { self.nucleus(&accepted) } else { accepted };
            let chosen = self.by_key(&accepted).first().copied();
            if !filter.scan {
                rejected = self.by_key(&rejected);
                rejected.retain(|t| chosen.is_none_or(|c| self.keys[*t as usize] > self.keys[c as usize]));
            }
            return (chosen, rejected, tokens);
        }
        let mut rejected = Vec::new();
        for t in self.by_key(&tokens) {
            if filter.after && !self.within_cutoff(t, memo) {
                continue;
            }
            if self.allowed(t, memo) {
                return (Some(t), rejected, tokens);
            }
            rejected.push(t);
        }
        (None, rejected, tokens)
    }

    fn least_unsafe(&self, tokens: &[u32], memo: &mut Memo<'_>) -> u32 {
        let mut ranked: Vec<(f64, f64, u32)> = Vec::new();
        for t in tokens {
            let h = self.h_after(*t, memo);
            let distance = h.iter().zip(&self.thresholds).map(|(h, x)| h - x).fold(f64::INFINITY, f64::min);
            ranked.push((-distance, -self.keys[*t as usize], *t));
        }
        ranked.sort_by(|a, b| a.partial_cmp(b).unwrap());
        ranked[0].2
    }
}

/// The text that the rule gives.
pub(crate) fn by_the_book(toy: &Toy, filter: &Filter, sampling: &Sampling) -> Run {
    let mut memo = Memo { toy, filter, values: HashMap::new(), evaluations: 0 };
    let mut run = Run { ids: Vec::new(), steps: Vec::new(), error: None, asked: 0, rounds: 0, ahead: 0 };
    for number in 0..sampling.max_new_tokens {
        let computed = memo.evaluations;
        let ids = run.ids.clone();
        let logits = toy.logits(&ids);
        let noise = StepNoise::new(sampling.seed, sampling.sample, number as u64);
        let mut by_probability: Vec<u32> = (0..logits.len() as u32).collect();
        by_probability.sort_by(|a, b| logits[*b as usize].partial_cmp(&logits[*a as usize]).unwrap().then(a.cmp(b)));
        let key = |t: usize| match sampling.temperature {
            0.0 => f64::from(logits[t]),
            temperature => f64::from(logits[t]) / temperature + noise.gumbel(t as u32),
        };
        let keys = (0..logits.len()).map(key).collect();
        let top_k = sampling.top_k.unwrap_or(logits.len()).min(logits.len());
        let h_before = memo.h(&ids);
        let thresholds =
            filter.constraints.iter().zip(&h_before).map(|((_, alpha), h)| (1.0 - alpha) * h + 0.0).collect();
        let place = Place { toy, ids: &ids, sampling, logits, keys, by_probability, top_k, h_before, thresholds };
        let proposed = place.by_key(&place.plain())[0];
        let (mut token, mut rejected, mut fallback) = (Some(proposed), Vec::new(), None);
        if !filter.constraints.is_empty() {
            let tokens;
            (token, rejected, tokens) = place.choose(filter, &mut memo);
            if token.is_none() {
                fallback = Some(filter.on_empty.to_owned());
                match filter.on_empty {
                    "error" => {
                        run.error = Some(RequestError::new(ErrorKind::Controller, "none"));
                        break;
                    }
                    "least_unsafe" => token = Some(place.least_unsafe(&tokens, &mut memo)),
                    _ => {}
                }
            }
        }
        let levels =
            |values: Vec<f64>| (!filter.constraints.is_empty()).then_some(Levels { values, listed: filter.listed });
        let h_after = token.and_then(|t| levels(place.h_after(t, &mut memo)));
        run.steps.push(Step {
            token,
            rank: token.map(|t| place.rank(t) as u32),
            h_before: levels(place.h_before.clone()),
            threshold: levels(place.thresholds.clone()),
            h_after,
            evaluations: memo.evaluations - computed,
            rejected,
            proposed,
            changed: token != Some(proposed),
            fallback,
            numbers: None,
            spent: 0,
        });
        match token {
            Some(token) => run.ids.push(token),
            None => break,
        }
        if toy.eos.contains(&run.ids[run.ids.len() - 1]) {
            break;
        }
    }
    run
}

/// Filters of every kind, by number.
fn any_filter(seed: u64) -> (Filter, Value, &'static str) {
    let pick = |salt: u64, n: u64| mix(seed ^ mix(200 + salt)) % n;
    let (after, scan) = (pick(1, 2) == 1, pick(2, 2) == 1);
    let on_empty = ["stop", "least_unsafe", "error"][pick(3, 3) as usize];
    let kind = if pick(4, 5) == 0 { "blacklist" } else { "cbf" };
    let alpha = |i: u64| if kind == "blacklist" { 1.0 } else { [0.0, 0.2, 0.5, 1.0][pick(5 + i, 4) as usize] };
    let constraints: Vec<(u64, f64)> = (0..=pick(9, 3).saturating_sub(1)).map(|i| (i, alpha(i))).collect();
    let listed = constraints.len() > 1 || pick(10, 2) == 0;
    let draft = [json!(0), json!(3), json!(7), json!("auto")][pick(11, 4) as usize].clone();
    let mut options = json!({"on_empty": on_empty, "draft": draft, "support": if after { "after" } else { "before" },
        "strategy": if scan { "scan" } else { "lazy" }});
    if listed {
        options["listed"] = true.into();
    }
    (Filter { constraints, listed, after, scan, on_empty }, options, kind)
}

#[test]
fn traces_are_those_of_the_rule() {
    let (mut steps, mut changed, mut fallbacks, mut errors, mut many, mut vain) = (0, 0, 0, 0, 0, 0);
    for seed in 0..3000 {
        let (toy, sampling, (filter, options, kind)) = (Toy::any(seed), any_sampling(seed), any_filter(seed));
        let spec = controller(kind, &filter.constraints, &options);
        let got = run(&toy, &spec, &sampling);
        let want = by_the_book(&toy, &filter, &sampling);
        assert_eq!(got.ids, want.ids, "seed {seed}");
        assert_eq!(got.error.as_ref().map(|e| e.kind), want.error.as_ref().map(|e| e.kind), "seed {seed}");
        for (i, (a, b)) in got.steps.into_iter().zip(want.steps.clone()).enumerate() {
            vain += a.spent;
            let a = Step { spent: 0, ..a };
            assert_eq!(a, b, "seed {seed}, step {i}");
            steps += 1;
            changed += usize::from(a.changed);
            fallbacks += usize::from(a.fallback.is_some());
            many += usize::from(a.rejected.len() > 8);
        }
        errors += usize::from(want.error.is_some());
    }
    // The cases must have had something in them.
    assert!(
        steps > 15_000 && changed > 2000 && fallbacks > 200 && errors > 100 && many > 500 && vain > 1000,
        "{steps} {changed} {fallbacks} {errors} {many} {vain}"
    );
}

#[test]
fn without_a_controller_too() {
    for seed in 0..500 {
        let (toy, sampling) = (Toy::any(seed), any_sampling(seed));
        let none = Filter { constraints: Vec::new(), listed: false, after: false, scan: false, on_empty: "stop" };
        let got = run(&toy, &controller("none", &[], &json!({})), &sampling);
        let want = by_the_book(&toy, &none, &sampling);
        assert_eq!((got.ids, got.steps), (want.ids, want.steps), "seed {seed}");
    }
}
