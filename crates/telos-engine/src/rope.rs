//! Rotary positions.

use std::sync::{Arc, Mutex, PoisonError};

/// Positions that a table has at least.
const FIRST: usize = 512;

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

/// Cosines and sines by position, for as many positions as were asked for so far: a model may have more than memory holds.
pub(crate) struct Rope {
    frequencies: Vec<f32>,
    table: Mutex<Arc<Table>>,
}

/// Cosines and sines of the first positions.
#[derive(Clone)]
pub(crate) struct Table {
    half: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Rope {
    /// For heads of `dim` values, before the first position.
    pub(crate) fn new(config: &RopeConfig, dim: usize) -> Self {
        let half = dim / 2;
        let frequencies: Vec<f32> = (0..half)
            .map(|i| {
                let frequency = 1.0 / config.theta.powf(2.0 * i as f32 / dim as f32);
                config.llama3.as_ref().map_or(frequency, |scaling| scaling.scale(frequency))
            })
            .collect();
        let table = Table { half, cos: Vec::new(), sin: Vec::new() };
        Self { frequencies, table: Mutex::new(Arc::new(table)) }
    }

    /// A table that has at least that many positions. A position's values do not depend on when it was added.
    pub(crate) fn table(&self, positions: usize) -> Arc<Table> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let known = table.positions();
        if known < positions {
            // Doubling keeps the copies down to as much as the table itself.
            let enough = positions.max(known * 2).max(FIRST);
            let Table { half, mut cos, mut sin } = Table::clone(&table);
            for angle in (known..enough).flat_map(|p| self.frequencies.iter().map(move |f| p as f32 * f)) {
                let (s, c) = angle.sin_cos();
                sin.push(s);
                cos.push(c);
            }
            *table = Arc::new(Table { half, cos, sin });
        }
        table.clone()
    }
}

impl Table {
    fn positions(&self) -> usize {
        self.cos.len() / self.half
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_grew_has_the_same_bits() {
        let config = RopeConfig { theta: 10_000.0, llama3: None };
        let (grown, whole) = (Rope::new(&config, 8), Rope::new(&config, 8));
        for positions in [1, 3, 511, 513, 2_000] {
            assert!(grown.table(positions).positions() >= positions);
        }
        let (grown, whole) = (grown.table(5_000), whole.table(5_000));
        for position in [0, 1, 511, 512, 513, 1_025, 4_999] {
            let turned = |table: &Table| {
                let mut head: Vec<f32> = (0..8).map(|i| i as f32 / 3.0).collect();
                table.turn(position, &mut head);
                head.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            };
            assert_eq!(turned(&grown), turned(&whole), "position {position}");
        }
    }
}
