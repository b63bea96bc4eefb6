//! How tokens are sampled.

/// How tokens are sampled.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// At most this many tokens, 1 or more.
    pub max_new_tokens: usize,
    /// 0 is greedy; else one of [`TEMPERATURES`].
    pub temperature: f64,
    /// The k largest logits only.
    pub top_k: Option<usize>,
    /// The smallest prefix in descending probability with this mass; in (0, 1].
    pub top_p: f64,
    /// The noise's seed.
    pub seed: u64,
    /// Which repeat.
    pub sample: u64,
    /// Strings that end the text.
    pub stop: Vec<String>,
}

/// Temperatures beside 0. Below, logits divided by it lose their order in the largest numbers, as above in the smallest.
pub const TEMPERATURES: std::ops::RangeInclusive<f64> = 1e-6..=1e6;

/// A value that tokens cannot be sampled with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OutOfRange {
    /// The temperature.
    #[error("`temperature` is 0, or from {:e} to {:e}, not {_0:e}", TEMPERATURES.start(), TEMPERATURES.end())]
    Temperature(f64),
    /// The number of the largest logits.
    #[error("`top_k` is 1 or more")]
    TopK,
    /// The mass.
    #[error("`top_p` is more than 0 and at most 1")]
    TopP,
}

impl Sampling {
    /// The protocol's defaults.
    pub fn new(max_new_tokens: usize) -> Self {
        Self { max_new_tokens, temperature: 1.0, top_k: None, top_p: 1.0, seed: 0, sample: 0, stop: Vec::new() }
    }

    /// Whether every value is in its range; the error says which is not.
    pub fn check(&self) -> Result<(), OutOfRange> {
        if self.temperature != 0.0 && !(TEMPERATURES.contains(&self.temperature)) {
            return Err(OutOfRange::Temperature(self.temperature));
        }
        if self.top_k == Some(0) {
            return Err(OutOfRange::TopK);
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(OutOfRange::TopP);
        }
        Ok(())
    }
}
