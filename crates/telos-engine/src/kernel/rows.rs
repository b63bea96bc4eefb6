//! Kernels over one row: exponentials, softmax, norms, activations.

#![allow(clippy::inline_always, reason = "a body must be compiled inside the version for each instruction set")]

use super::kernel;

/// Lanes in which sums are kept; a sum over a row is these partial sums, added up in a fixed order.
const LANES: usize = 16;

/// e^x in f32 by range reduction and a polynomial of degree 6 (after Cephes' `expf`); a test holds it to a relative error of 2.5e-7; 0
/// below −87.3, where f32 would be subnormal.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let clamped = x.clamp(-87.336_54, 88.376_26);
    let n = (clamped * LOG2_E).round_ties_even();
    let r = (-n).mul_add(LN2_HIGH, clamped);
    let r = (-n).mul_add(LN2_LOW, r);
    let p = 1.987_569_1e-4_f32;
    let p = p.mul_add(r, 1.398_199_9e-3);
    let p = p.mul_add(r, 8.333_452e-3);
    let p = p.mul_add(r, 4.166_579_6e-2);
    let p = p.mul_add(r, 1.666_666_6e-1);
    let p = p.mul_add(r, 5.0e-1);
    let p = p.mul_add(r * r, r) + 1.0;
    let scale = f32::from_bits(((n as i32 + 127) << 23) as u32);
    let y = p * scale;
    // A NaN stays one: the comparison is false for it, and so is what `clamp` gave.
    if x < -87.336_54 { 0.0 } else { y }
}

#[inline(always)]
fn fold(lanes: [f32; LANES]) -> f32 {
    let mut sum = 0.0;
    for lane in lanes {
        sum += lane;
    }
    sum
}

#[inline(always)]
fn fold64(lanes: [f64; LANES]) -> f64 {
    let mut sum = 0.0;
    for lane in lanes {
        sum += lane;
    }
    sum
}

#[inline(always)]
fn largest(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for j in 0..LANES {
            lanes[j] = if chunk[j] > lanes[j] { chunk[j] } else { lanes[j] };
        }
    }
    let mut best = f32::NEG_INFINITY;
    for &x in lanes.iter().chain(rest) {
        best = if x > best { x } else { best };
    }
    best
}

kernel!(
    /// Replaces each x by e^(x − max) and returns the sum of them.
    pub(crate) fn exponentials(row: &mut [f32]) -> f32 = exponentials_body
);

#[inline(always)]
fn exponentials_body(row: &mut [f32]) -> f32 {
    let top = largest(row);
    let mut lanes = [0.0; LANES];
    let mut chunks = row.chunks_exact_mut(LANES);
    for chunk in &mut chunks {
        for j in 0..LANES {
            chunk[j] = exp(chunk[j] - top);
            lanes[j] += chunk[j];
        }
    }
    for (j, x) in chunks.into_remainder().iter_mut().enumerate() {
        *x = exp(*x - top);
        lanes[j] += *x;
    }
    fold(lanes)
}

kernel!(
    /// ln Σ e^x over a row, with f64 sums.
    pub(crate) fn log_sum_exp(row: &[f32]) -> f64 = log_sum_exp_body
);

#[inline(always)]
fn log_sum_exp_body(row: &[f32]) -> f64 {
    let top = largest(row);
    let mut lanes = [0.0_f64; LANES];
    let chunks = row.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for j in 0..LANES {
            lanes[j] += f64::from(exp(chunk[j] - top));
        }
    }
    for (j, x) in rest.iter().enumerate() {
        lanes[j] += f64::from(exp(*x - top));
    }
    f64::from(top) + fold64(lanes).ln()
}

kernel!(
    /// The place of the largest value; of equal ones, the first.
    pub(crate) fn argmax(row: &[f32]) -> usize = argmax_body
);

#[inline(always)]
fn argmax_body(row: &[f32]) -> usize {
    let top = largest(row);
    row.iter().position(|&x| x == top).unwrap_or(0)
}

kernel!(
    /// Root-mean-square norm: out = x / sqrt(mean(x²) + eps) · weight.
    pub(crate) fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) = rms_norm_body
);

#[inline(always)]
fn rms_norm_body(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let mut lanes = [0.0_f32; LANES];
    for chunk in x.chunks(LANES) {
        for (lane, v) in lanes.iter_mut().zip(chunk) {
            *lane = v.mul_add(*v, *lane);
        }
    }
    let scale = 1.0 / (fold(lanes) / x.len() as f32 + eps).sqrt();
    for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
        *out = x * scale * weight;
    }
}

kernel!(
    /// Layer norm in place: (x − mean) / sqrt(variance + eps) · weight + bias.
    pub(crate) fn layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) = layer_norm_body
);

#[inline(always)]
fn layer_norm_body(x: &mut [f32], weight: &[f32], bias: &[f32], eps: f32) {
    let mut lanes = [0.0_f32; LANES];
    for chunk in x.chunks(LANES) {
        for (lane, v) in lanes.iter_mut().zip(chunk) {
            *lane += v;
        }
    }
    let mean = fold(lanes) / x.len() as f32;
    let mut lanes = [0.0_f32; LANES];
    for chunk in x.chunks(LANES) {
        for (lane, v) in lanes.iter_mut().zip(chunk) {
            let d = v - mean;
            *lane = d.mul_add(d, *lane);
        }
    }
    let scale = 1.0 / (fold(lanes) / x.len() as f32 + eps).sqrt();
    for ((x, weight), bias) in x.iter_mut().zip(weight).zip(bias) {
        *x = ((*x - mean) * scale).mul_add(*weight, *bias);
    }
}

kernel!(
    /// out = silu(gate) · up, where silu(x) = x / (1 + e^−x).
    pub(crate) fn silu_product(gate: &[f32], up: &[f32], out: &mut [f32]) = silu_product_body
);

#[inline(always)]
fn silu_product_body(gate: &[f32], up: &[f32], out: &mut [f32]) {
    for ((out, g), u) in out.iter_mut().zip(gate).zip(up) {
        *out = g / (1.0 + exp(-g)) * u;
    }
}

kernel!(
    /// x = gelu(x) = x/2 · (1 + erf(x/√2)), the exact form.
    pub(crate) fn gelu(row: &mut [f32]) = gelu_body
);

#[inline(always)]
fn gelu_body(row: &mut [f32]) {
    for x in row {
        *x = 0.5 * *x * (1.0 + erf(*x * std::f32::consts::FRAC_1_SQRT_2));
    }
}

/// erf as a quotient of two polynomials in x², on [−4, 4]; beyond, erf is ±1 to f32. A test holds it to 3e-7 of tabulated values.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let x2 = x * x;
    let p = -2.726_142_4e-10_f32;
    let p = p.mul_add(x2, 2.770_681_6e-8);
    let p = p.mul_add(x2, -2.101_024e-6);
    let p = p.mul_add(x2, -5.692_506_4e-5);
    let p = p.mul_add(x2, -7.349_906_3e-4);
    let p = p.mul_add(x2, -2.954_600_1e-3);
    let p = p.mul_add(x2, -1.609_603_2e-2);
    let q = -1.456_607_2e-5_f32;
    let q = q.mul_add(x2, -2.133_740_2e-4);
    let q = q.mul_add(x2, -1.682_827e-3);
    let q = q.mul_add(x2, -7.373_329e-3);
    let q = q.mul_add(x2, -1.426_474_1e-2);
    x * p / q
}

kernel!(
    /// x += y.
    pub(crate) fn add(x: &mut [f32], y: &[f32]) = add_body
);

#[inline(always)]
fn add_body(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
}

kernel!(
    /// x *= factor.
    pub(crate) fn scale(x: &mut [f32], factor: f32) = scale_body
);

#[inline(always)]
fn scale_body(x: &mut [f32], factor: f32) {
    for x in x {
        *x *= factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close_to_the_exact_one() {
        for i in -8700..=1000 {
            let x = i as f32 / 100.0;
            let (got, exact) = (exp(x), f64::from(x).exp());
            assert!((f64::from(got) - exact).abs() <= 2.5e-7 * exact, "exp({x}) = {got}, not {exact}");
        }
        assert_eq!(exp(-200.0), 0.0);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn erf_is_close_to_the_exact_one() {
        // Values of erf from the NIST Digital Library of Mathematical Functions, table 7.24.
        for (x, y) in [(0.0, 0.0), (0.5, 0.520_499_9), (1.0, 0.842_700_8), (2.0, 0.995_322_3), (-1.0, -0.842_700_8)] {
            assert!((erf(x) - y).abs() < 3e-7, "erf({x}) = {}", erf(x));
        }
    }

    #[test]
    fn log_sum_exp_is_close_to_the_exact_one() {
        let row: Vec<f32> = (0..1003).map(|i| (i as f32 * 0.7).sin() * 9.0).collect();
        let exact = row.iter().map(|&x| f64::from(x).exp()).sum::<f64>().ln();
        assert!((log_sum_exp(&row) - exact).abs() < 1e-6);
    }

    #[test]
    fn argmax_takes_the_first_of_equals() {
        let mut row = vec![0.0; 40];
        row[7] = 2.0;
        row[33] = 2.0;
        assert_eq!(argmax(&row), 7);
    }
}
