//! The counter-based noise of the probe protocol: a sample depends on nothing but (seed, sample, step, token id).

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014) over wrapping `u64`.
pub fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number in (0, 1] from 64 random bits. (The protocol says "never 1", but in f64 the largest one of 2^53 rounds to 1; its
/// Gumbel noise is +∞, which every implementation of the formula gives and which compares like any other number.)
pub fn unit(bits: u64) -> f64 {
    // 2^-53: one half of the spacing of f64 just below 1.
    ((bits >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0)
}

/// The noise of one position of one text; [`StepNoise::gumbel`] gives it token by token.
#[derive(Debug, Clone, Copy)]
pub struct StepNoise(u64);

impl StepNoise {
    /// The noise of `step`, counted in generated tokens from 0.
    pub fn new(seed: u64, sample: u64, step: u64) -> Self {
        Self(mix(mix(mix(seed) ^ sample) ^ step))
    }

    /// Gumbel(0, 1) noise of one token.
    pub fn gumbel(self, token: u32) -> f64 {
        -(-unit(mix(self.0 ^ u64::from(token))).ln()).ln()
    }

    /// A number that [`StepNoise::gumbel`] of the token does not exceed, without a logarithm: what a search for the largest
    /// keys passes over most of a vocabulary with. At most ln 2 above the noise where the noise is large.
    pub fn gumbel_bound(self, token: u32) -> f64 {
        // −ln u ≥ 1 − u, so the noise is at most −ln(1 − u); and 1 − u ≥ c · 2^-53 with c below, whose leading zeros count
        // the halvings. The last term is room for the rounding of two logarithms.
        let c = !mix(self.0 ^ u64::from(token)) >> 11;
        if c == 0 {
            return f64::INFINITY;
        }
        (f64::from(c.leading_zeros()) - 10.0) * std::f64::consts::LN_2 + 1e-9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mix_is_splitmix64() {
        // The first outputs of splitmix64 from state 0, as its authors print them.
        assert_eq!(mix(0), 0xE220_A839_7B1D_CDAF);
        assert_eq!(mix(0x9E37_79B9_7F4A_7C15), 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn units_never_reach_zero() {
        assert!(unit(0) > 0.0);
        assert!(unit(u64::MAX - (1 << 11)) < 1.0);
        assert!(!(-(-unit(u64::MAX).ln()).ln()).is_nan());
    }

    #[test]
    fn the_bound_holds_and_is_near_where_the_noise_is_large() {
        let noise = StepNoise::new(11, 2, 5);
        for t in 0..100_000 {
            let room = noise.gumbel_bound(t) - noise.gumbel(t);
            assert!(room > 0.0, "{t}: {room}");
            assert!(noise.gumbel(t) < 3.0 || room < 0.75, "{t}: {room}");
        }
    }

    #[test]
    fn gumbel_has_its_mean() {
        let n = 20_000;
        let noise = StepNoise::new(7, 0, 3);
        let mean = (0..n).map(|t| noise.gumbel(t)).sum::<f64>() / f64::from(n);
        // Euler's constant, with four standard errors of room.
        assert!((mean - 0.577_215_664_9).abs() < 0.037, "{mean}");
    }
}
