//! Sampling as the probe protocol has it: Gumbel-max over the candidates, with counter-based noise.
//!
//! Nothing here sorts a whole vocabulary unless it is asked for all of it, and noise is computed for candidates only.

use telos_core::noise::StepNoise;
use telos_core::{ErrorKind, RequestError, Sampling};

/// One position: its logits, before temperature, and how to sample there.
#[derive(Debug, Clone, Copy)]
pub struct Position<'a> {
    logits: &'a [f32],
    sampling: &'a Sampling,
    noise: StepNoise,
}

/// Tokens among which to sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidates {
    /// The whole vocabulary.
    All,
    /// These, in descending probability.
    Listed(Vec<u32>),
}

/// Whether there are logits and all are finite.
pub fn check_logits(logits: &[f32]) -> Result<(), RequestError> {
    if logits.is_empty() {
        return Err(RequestError::new(ErrorKind::Internal, "the model gave no logits"));
    }
    match logits.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(token) => Err(RequestError::new(
            ErrorKind::NotFinite,
            format!("the logit of token {token} is {}, not a finite number", logits[token]),
        )),
    }
}

/// ln p(token) under the model alone: temperature 1, the whole vocabulary, in f64; what a token that is not in the vocabulary
/// has is minus infinity.
pub fn logprob(logits: &[f32], token: u32) -> f64 {
    let Some(logit) = logits.get(token as usize) else { return f64::NEG_INFINITY };
    let top = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|x| (f64::from(*x) - top).exp()).sum();
    f64::from(*logit) - top - sum.ln()
}

impl<'a> Position<'a> {
    /// The position at which token number `step` (from 0) is sampled.
    pub fn new(logits: &'a [f32], sampling: &'a Sampling, step: u64) -> Self {
        Self { logits, sampling, noise: StepNoise::new(sampling.seed, sampling.sample, step) }
    }

    /// The size of the vocabulary.
    pub fn vocabulary(&self) -> usize {
        self.logits.len()
    }

    /// k, 1 or more: the whole vocabulary where no top-k was asked for.
    pub fn top_k(&self) -> usize {
        self.sampling.top_k.unwrap_or(usize::MAX).clamp(1, self.logits.len().max(1))
    }

    /// Whether there is a nucleus to keep to.
    pub fn has_top_p(&self) -> bool {
        self.sampling.top_p < 1.0
    }

    /// The sampling key: the candidate with the largest is taken, ties to the smaller id.
    pub fn key(&self, token: u32) -> f64 {
        let logit = self.logit(token);
        if self.sampling.temperature == 0.0 {
            logit
        } else {
            logit / self.sampling.temperature + self.noise.gumbel(token)
        }
    }

    /// A number that the key does not exceed, cheaper than the key.
    fn key_bound(&self, token: u32) -> f64 {
        let logit = self.logit(token);
        if self.sampling.temperature == 0.0 {
            logit
        } else {
            logit / self.sampling.temperature + self.noise.gumbel_bound(token)
        }
    }

    fn logit(&self, token: u32) -> f64 {
        f64::from(self.logits[token as usize])
    }

    /// How many tokens are more probable; ties to the smaller id.
    pub fn rank(&self, token: u32) -> u32 {
        let logit = self.logits[token as usize];
        let (before, after) = self.logits.split_at(token as usize);
        let more = before.iter().filter(|x| **x >= logit).count() + after.iter().filter(|x| **x > logit).count();
        more as u32
    }

    /// Whether `a` stands before `b` in descending probability.
    pub fn more_probable(&self, a: u32, b: u32) -> bool {
        before(&(self.logit(a), a), &(self.logit(b), b)).is_lt()
    }

    /// The first `m` tokens in descending probability.
    pub fn most_probable(&self, m: usize) -> Vec<u32> {
        ids(largest(0..self.logits.len() as u32, m, |t| self.logit(t), |t| self.logit(t)))
    }

    /// The first `m` of the candidates in descending key.
    pub fn largest_keys(&self, of: &Candidates, m: usize) -> Vec<u32> {
        let (bound, key) = (|t| self.key_bound(t), |t| self.key(t));
        match of {
            Candidates::All => ids(largest(0..self.logits.len() as u32, m, bound, key)),
            Candidates::Listed(tokens) => ids(largest(tokens.iter().copied(), m, bound, key)),
        }
    }

    /// The token that sampling takes from candidates that are not empty.
    pub fn best(&self, of: &Candidates) -> u32 {
        self.largest_keys(of, 1).first().copied().unwrap_or(0)
    }

    /// Top-k, then top-p.
    pub fn candidates(&self) -> Candidates {
        let k = self.top_k();
        match (k < self.logits.len(), self.has_top_p()) {
            (false, false) => Candidates::All,
            (true, false) => Candidates::Listed(self.most_probable(k)),
            (true, true) => Candidates::Listed(self.nucleus(self.most_probable(k))),
            (false, true) => Candidates::Listed(self.nucleus_of_all()),
        }
    }

    /// Top-p of tokens given in descending probability: their probabilities are renormalised to sum to 1, and the smallest
    /// prefix that reaches p is kept. At temperature 0 the probabilities are those of temperature 1.
    pub fn nucleus(&self, mut tokens: Vec<u32>) -> Vec<u32> {
        let Some(&first) = tokens.first() else { return tokens };
        if self.has_top_p() {
            let total = tokens.iter().map(|t| self.weight(*t, first)).sum();
            if let Some(n) = self.prefix(&tokens, total) {
                tokens.truncate(n);
            }
        }
        tokens
    }

    /// The nucleus of the whole vocabulary, of which only a beginning is put in order.
    fn nucleus_of_all(&self) -> Vec<u32> {
        let n = self.logits.len();
        let mut m = 64;
        let mut tokens = self.most_probable(m.min(n));
        let first = tokens[0];
        let total = (0..n as u32).map(|t| self.weight(t, first)).sum();
        loop {
            if let Some(n) = self.prefix(&tokens, total) {
                tokens.truncate(n);
                return tokens;
            }
            if tokens.len() == n {
                return tokens;
            }
            m *= 8;
            tokens = self.most_probable(m.min(n));
        }
    }

    /// The probability of a token, up to a factor: that of `top` is 1.
    fn weight(&self, token: u32, top: u32) -> f64 {
        let scale = if self.sampling.temperature == 0.0 { 1.0 } else { self.sampling.temperature };
        ((self.logit(token) - self.logit(top)) / scale).exp()
    }

    /// How many of the tokens it takes to reach p of `total`, if they reach it.
    fn prefix(&self, tokens: &[u32], total: f64) -> Option<usize> {
        let mut mass = 0.0;
        tokens
            .iter()
            .position(|t| {
                mass += self.weight(*t, tokens[0]) / total;
                mass >= self.sampling.top_p
            })
            .map(|last| last + 1)
    }
}

/// The order of candidates: the larger value first, ties to the smaller id. Adding zero makes −0 equal to 0.
fn before(a: &(f64, u32), b: &(f64, u32)) -> std::cmp::Ordering {
    (b.0 + 0.0).total_cmp(&(a.0 + 0.0)).then(a.1.cmp(&b.1))
}

fn ids(pairs: Vec<(f64, u32)>) -> Vec<u32> {
    pairs.into_iter().map(|(_, t)| t).collect()
}

/// The first `m` tokens in descending value. `bound` is at least the value; tokens that it rules out are not valued.
fn largest(
    tokens: impl Iterator<Item = u32>,
    m: usize,
    bound: impl Fn(u32) -> f64,
    value: impl Fn(u32) -> f64,
) -> Vec<(f64, u32)> {
    if m == 0 {
        return Vec::new();
    }
    let mut kept: Vec<(f64, u32)> = Vec::new();
    // The m-th largest value so far; nothing below it can be among the first m.
    let mut least = f64::NEG_INFINITY;
    for token in tokens {
        if bound(token) < least {
            continue;
        }
        let value = value(token);
        if value < least {
            continue;
        }
        kept.push((value, token));
        if kept.len() == 2 * m {
            kept.select_nth_unstable_by(m - 1, before);
            kept.truncate(m);
            least = kept[m - 1].0;
        }
    }
    kept.sort_unstable_by(before);
    kept.truncate(m);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use telos_core::noise::mix;

    const VOCABULARY: usize = 49_152;

    /// Logits in [−12, 12), some of them equal where `grain` is not 0.
    fn logits(seed: u64, grain: f32) -> Vec<f32> {
        let logit = |t: u64| {
            let x = (mix(seed ^ t) >> 40) as f32 / (1 << 24) as f32 * 24.0 - 12.0;
            if grain == 0.0 { x } else { (x / grain).round() * grain }
        };
        (0..VOCABULARY as u64).map(logit).collect()
    }

    fn sampling(temperature: f64, top_k: Option<usize>, top_p: f64) -> Sampling {
        Sampling { temperature, top_k, top_p, seed: 5, sample: 1, ..Sampling::new(1) }
    }

    fn sorted(n: usize, value: impl Fn(u32) -> f64) -> Vec<u32> {
        let mut tokens: Vec<u32> = (0..n as u32).collect();
        tokens.sort_by(|a, b| value(*b).partial_cmp(&value(*a)).expect("finite").then(a.cmp(b)));
        tokens
    }

    #[test]
    fn beginnings_are_those_of_the_full_sort() {
        for (seed, grain) in [(1, 0.0), (2, 0.5), (3, 24.0)] {
            let logits = logits(seed, grain);
            for temperature in [0.0, 0.2, 1.0, 5.0] {
                let sampling = sampling(temperature, None, 1.0);
                let position = Position::new(&logits, &sampling, 3);
                let by_key = sorted(VOCABULARY, |t| position.key(t));
                let by_logit = sorted(VOCABULARY, |t| f64::from(logits[t as usize]));
                for m in [0, 1, 2, 30, 1000, VOCABULARY, 2 * VOCABULARY] {
                    let end = m.min(VOCABULARY);
                    assert_eq!(position.largest_keys(&Candidates::All, m), by_key[..end], "{m}");
                    assert_eq!(position.most_probable(m), by_logit[..end], "{m}");
                }
                for place in [0, 1, 100, VOCABULARY - 1] {
                    assert_eq!(position.rank(by_logit[place]), place as u32);
                }
            }
        }
    }

    #[test]
    fn the_nucleus_of_all_is_that_of_the_sorted_list() {
        let flat = logits(4, 0.0);
        // Steep enough for the nucleus to be a handful of tokens.
        let steep: Vec<f32> = flat.iter().map(|x| x * 20.0).collect();
        for (logits, p) in [(&flat, 0.3), (&flat, 0.95), (&steep, 0.5), (&steep, 0.999)] {
            let sampling = sampling(1.0, None, p);
            let position = Position::new(logits, &sampling, 0);
            let Candidates::Listed(tokens) = position.candidates() else { panic!("a nucleus is a list") };
            assert_eq!(tokens, position.nucleus(position.most_probable(VOCABULARY)), "{p}");
            let mass: f64 = tokens.iter().map(|t| logprob(logits, *t).exp()).sum();
            let last = logprob(logits, tokens[tokens.len() - 1]).exp();
            assert!(mass >= p - 1e-9 && mass - last < p + 1e-9, "{mass}");
        }
    }

    #[test]
    fn top_p_is_renormalised_over_the_top_k() {
        // Probabilities 0.4, 0.3, 0.2, 0.1; of the first two 4/7 and 3/7.
        let logits: Vec<f32> = [0.1_f32, 0.4, 0.2, 0.3].iter().map(|p| p.ln()).collect();
        for (k, p, want) in [
            (Some(2), 0.5, vec![1]),
            (Some(2), 0.6, vec![1, 3]),
            (None, 0.5, vec![1, 3]),
            (None, 0.95, vec![1, 3, 2, 0]),
            (Some(9), 0.65, vec![1, 3]),
            (Some(3), 1.0, vec![1, 3, 2]),
        ] {
            // Temperature 0 takes the probabilities of temperature 1.
            for temperature in [0.0, 1.0] {
                let sampling = sampling(temperature, k, p);
                assert_eq!(Position::new(&logits, &sampling, 0).candidates(), Candidates::Listed(want.clone()));
            }
        }
    }

    #[test]
    fn logprobs_are_a_log_softmax() {
        let logits = [f32::MAX, f32::MAX];
        assert!((logprob(&logits, 1) - 0.5_f64.ln()).abs() < 1e-15);
        let logits: Vec<f32> = vec![1.0, 2.0, 3.0];
        let sum: f64 = (0..3).map(|t| logprob(&logits, t).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-15);
        assert!((logprob(&logits, 0) - logprob(&logits, 2) + 2.0).abs() < 1e-15);
        assert_eq!(logprob(&logits, 3), f64::NEG_INFINITY);
    }

    #[test]
    fn minus_zero_is_zero() {
        let logits = [0.0, -0.0, -0.0, 0.0];
        let sampling = sampling(0.0, Some(2), 1.0);
        assert_eq!(Position::new(&logits, &sampling, 0).candidates(), Candidates::Listed(vec![0, 1]));
    }
}
