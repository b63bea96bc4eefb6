//! A weight matrix in the order in which products read it, and the product itself.

use super::rows;
use super::tile::{COLUMNS, Left, Out, Right, multiply};
use crate::pool::Pool;

/// One cache line, so that vectors of 16 lanes never straddle two.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([f32; 16]);

/// A matrix of `n` outputs by `k` inputs, cut into panels of 32 outputs; a panel holds for each input the 32 weights in a row.
pub(crate) struct Panels {
    n: usize,
    k: usize,
    lines: Vec<Line>,
}

impl Panels {
    /// Packs matrices that lie row by row (outputs × inputs), one below the other: what is computed from the same input in
    /// one product. All have `k` columns.
    pub(crate) fn pack(k: usize, parts: &[&[f32]]) -> Self {
        let n = parts.iter().map(|part| part.len() / k).sum::<usize>();
        let mut lines = vec![Line([0.0; 16]); n.div_ceil(COLUMNS) * k * (COLUMNS / 16)];
        for (row, weights) in parts.iter().flat_map(|part| part.chunks_exact(k)).enumerate() {
            let (panel, lane) = (row / COLUMNS, row % COLUMNS);
            let first = panel * k * 2 + lane / 16;
            for (i, weight) in weights.iter().enumerate() {
                lines[first + i * 2].0[lane % 16] = *weight;
            }
        }
        Self { n, k, lines }
    }

    /// Outputs.
    pub(crate) fn outputs(&self) -> usize {
        self.n
    }

    /// Copies the weights of one output.
    pub(crate) fn row(&self, row: usize, out: &mut [f32]) {
        let (panel, lane) = (row / COLUMNS, row % COLUMNS);
        let first = panel * self.k * 2 + lane / 16;
        for (i, out) in out.iter_mut().enumerate() {
            *out = self.lines[first + i * 2].0[lane % 16];
        }
    }

    fn panel(&self, panel: usize) -> &[f32] {
        let lines = &self.lines[panel * self.k * 2..(panel + 1) * self.k * 2];
        flat(lines)
    }

    /// out = x · weightsᵀ (+ bias), for rows of x; `out` has `outputs()` values a row.
    pub(crate) fn product(&self, pool: &Pool, x: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
        let rows = x.len() / self.k;
        let panels = self.n.div_ceil(COLUMNS);
        // A task is worth starting for some 100,000 multiply-adds; more tasks than threads level out what others take.
        let worthwhile = (rows * self.k * self.n / 100_000).max(1);
        let tasks = panels.min(pool.threads() * 4).min(worthwhile);
        let each = panels.div_ceil(tasks);
        let shared = Shared(out.as_mut_ptr(), out.len());
        pool.each(panels.div_ceil(each), |task| {
            for panel in task * each..((task + 1) * each).min(panels) {
                let first = panel * COLUMNS;
                let columns = (self.n - first).min(COLUMNS);
                let left = Left { values: x, stride: self.k, rows };
                let right = Right { values: self.panel(panel), stride: COLUMNS };
                let out = shared.whole();
                multiply(
                    self.k,
                    left,
                    right,
                    &mut Out { values: &mut out[first..], stride: self.n, columns, add: false },
                );
                if let Some(bias) = bias {
                    for row in 0..rows {
                        rows::add(&mut out[row * self.n + first..][..columns], &bias[first..first + columns]);
                    }
                }
            }
        });
    }
}

#[expect(unsafe_code, reason = "a slice of arrays is a slice of their values")]
fn flat(lines: &[Line]) -> &[f32] {
    // SAFETY: a `Line` is 16 f32 without padding: its size equals its alignment.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * 16) }
}

/// An output that several tasks write, each its own columns.
pub(crate) struct Shared(*mut f32, usize);

#[expect(unsafe_code, reason = "tasks write disjoint columns of one output")]
// SAFETY: whoever shares it keeps to columns of its own.
unsafe impl Sync for Shared {}

impl Shared {
    /// Shares a slice for as long as the borrow of it lasts at the caller.
    pub(crate) fn new(values: &mut [f32]) -> Self {
        Self(values.as_mut_ptr(), values.len())
    }

    #[expect(unsafe_code, clippy::mut_from_ref, reason = "tasks write disjoint columns of one output")]
    pub(crate) fn whole(&self) -> &mut [f32] {
        // SAFETY: the slice outlives the tasks, and no two tasks touch the same element.
        unsafe { std::slice::from_raw_parts_mut(self.0, self.1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_the_same_alone_packed_and_on_two_threads() {
        let (k, n, rows) = (48, 70, 29);
        let weights: Vec<f32> = (0..n * k).map(|i| ((i * 29 % 83) as f32 - 41.0) / 19.0).collect();
        let bias: Vec<f32> = (0..n).map(|i| i as f32 / 7.0).collect();
        let x: Vec<f32> = (0..rows * k).map(|i| ((i * 31 % 89) as f32 - 44.0) / 23.0).collect();
        let panels = Panels::pack(k, &[&weights[..30 * k], &weights[30 * k..]]);
        let mut together = vec![0.0; rows * n];
        panels.product(&Pool::new(2), &x, Some(&bias), &mut together);
        for row in 0..rows {
            let mut alone = vec![0.0; n];
            panels.product(&Pool::new(1), &x[row * k..(row + 1) * k], Some(&bias), &mut alone);
            assert_eq!(alone, &together[row * n..(row + 1) * n]);
            for c in 0..n {
                let chain = (0..k).fold(0.0_f32, |sum, i| x[row * k + i].mul_add(weights[c * k + i], sum));
                assert_eq!(alone[c], chain + bias[c]);
            }
        }
        let mut back = vec![0.0; k];
        panels.row(65, &mut back);
        assert_eq!(back, &weights[65 * k..66 * k]);
    }
}
