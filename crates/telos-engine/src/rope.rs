//! Rotary positions.

/// How the rotary frequencies of a decoder are made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RopeConfig {
    /// The base of the geometric series of wavelengths.
    pub(crate) theta: f32,
    /// The stretch of long wavelengths that llama 3 uses, where there is one.
    pub(crate) llama3: Option<Llama3>,
}

/// Llama 3's scaling: wavelengths beyond `original / low` positions are stretched by `factor`, those under `original / high`
/// are kept, and between them it is blended (transformers, `modeling_rope_utils.py`, `_compute_llama3_parameters`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Llama3 {
    pub(crate) factor: f32,
    pub(crate) low: f32,
    pub(crate) high: f32,
    pub(crate) original: f32,
}

/// Cosines and sines by position.
pub(crate) struct Rope {
    half: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Rope {
    /// Tables for heads of `dim` values and that many positions.
    pub(crate) fn new(config: &RopeConfig, dim: usize, positions: usize) -> Self {
        let half = dim / 2;
        let frequencies: Vec<f32> = (0..half)
            .map(|i| {
                let frequency = 1.0 / config.theta.powf(2.0 * i as f32 / dim as f32);
                config.llama3.as_ref().map_or(frequency, |scaling| scaling.scale(frequency))
            })
            .collect();
        let angles = (0..positions).flat_map(|p| frequencies.iter().map(move |f| p as f32 * f));
        let (sin, cos) = angles.map(f32::sin_cos).unzip();
        Self { half, cos, sin }
    }

    /// Turns one head's values: x' = x·cos − y·sin, y' = y·cos + x·sin, where y lies half a head after x.
    pub(crate) fn turn(&self, position: usize, head: &mut [f32]) {
        let (cos, sin) = (&self.cos[position * self.half..], &self.sin[position * self.half..]);
        let (first, second) = head.split_at_mut(self.half);
        for i in 0..self.half {
            let (x, y) = (first[i], second[i]);
            first[i] = x * cos[i] - y * sin[i];
            second[i] = y * cos[i] + x * sin[i];
        }
    }
}

impl Llama3 {
    fn scale(&self, frequency: f32) -> f32 {
        let wavelength = 2.0 * std::f32::consts::PI / frequency;
        if wavelength < self.original / self.high {
            frequency
        } else if wavelength > self.original / self.low {
            frequency / self.factor
        } else {
            let smooth = (self.original / wavelength - self.low) / (self.high - self.low);
            (1.0 - smooth) * frequency / self.factor + smooth * frequency
        }
    }
}
