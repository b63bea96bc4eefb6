//! Counter-based noise: a draw depends on nothing but (seed, draw, position).

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014) over wrapping `u64`.
pub(crate) fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The noise of one resample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw(u64);

impl Draw {
    /// The noise of resample number `draw`.
    pub(crate) fn new(seed: u64, draw: u64) -> Self {
        Self(mix(mix(seed) ^ draw))
    }

    /// A whole number in [0, n), by multiplication (Lemire 2019); its bias is below n / 2^64.
    pub(crate) fn index(self, position: u64, n: usize) -> usize {
        ((u128::from(mix(self.0 ^ position)) * n as u128) >> 64) as usize
    }

    /// A number in [0, 1).
    #[cfg(test)]
    pub(crate) fn unit(self, position: u64) -> f64 {
        (mix(self.0 ^ position) >> 11) as f64 / 9_007_199_254_740_992.0
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
    fn indices_are_uniform() {
        let mut counts = [0_i32; 7];
        for draw in 0..1000 {
            for position in 0..70 {
                counts[Draw::new(3, draw).index(position, 7)] += 1;
            }
        }
        // 70,000 draws into 7 cells: mean 10,000, standard deviation 93; five of them as room.
        assert!(counts.iter().all(|c| (c - 10_000).abs() < 465), "{counts:?}");
    }
}
