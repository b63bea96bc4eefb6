//! The one product kernel: a few rows times up to 32 columns.
//!
//! Each output is one chain of fused multiply-adds over k, so the versions for 16 lanes, 8 lanes and plain Rust agree bit for
//! bit, and so do tiles of any height.

use super::{Isa, isa};

/// Columns of a tile.
pub(crate) const COLUMNS: usize = 32;

/// The left side of a product: `rows` rows of `k` values, `stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    /// The values; row `r` begins at `r * stride`.
    pub(crate) values: &'a [f32],
    /// From row to row.
    pub(crate) stride: usize,
    /// How many rows.
    pub(crate) rows: usize,
}

/// The right side: `k` rows of at least 16 or 32 columns, `stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Right<'a> {
    /// The values; row `i` begins at `i * stride`. The last row must hold all the columns that are read.
    pub(crate) values: &'a [f32],
    /// From row to row.
    pub(crate) stride: usize,
}

/// Where the product goes: row `r` begins at `r * stride`.
pub(crate) struct Out<'a> {
    /// The values.
    pub(crate) values: &'a mut [f32],
    /// From row to row.
    pub(crate) stride: usize,
    /// How many columns are written, at most 32. Those read on the right are 16 where that is enough, else 32.
    pub(crate) columns: usize,
    /// Whether the product is added to what is there.
    pub(crate) add: bool,
}

/// The operands as pointers, once their extents are checked.
#[derive(Clone, Copy)]
struct Raw {
    k: usize,
    left: *const f32,
    left_stride: usize,
    right: *const f32,
    right_stride: usize,
    out: *mut f32,
    out_stride: usize,
    columns: usize,
    add: bool,
}

/// `out (+)= left × right` over `k`, tile by tile.
///
/// # Panics
///
/// Where an operand is too short for its extents: a wrong shape that loading should have refused.
#[expect(unsafe_code, reason = "bounds are checked once here instead of at every multiply-add")]
pub(crate) fn multiply(k: usize, left: Left<'_>, right: Right<'_>, out: &mut Out<'_>) {
    if left.rows == 0 {
        return;
    }
    let read = if out.columns <= 16 { 16 } else { COLUMNS };
    assert!(out.columns <= COLUMNS && out.values.len() >= (left.rows - 1) * out.stride + out.columns);
    assert!(left.values.len() >= (left.rows - 1) * left.stride + k);
    assert!(k == 0 || right.values.len() >= (k - 1) * right.stride + read);
    let mut row = 0;
    while row < left.rows {
        let height = match left.rows - row {
            12.. => 12,
            8..=11 => 8,
            4..=7 => 4,
            fewer => fewer,
        };
        // SAFETY: the assertions above cover every row and column that the tile touches.
        unsafe {
            let raw = Raw {
                k,
                left: left.values.as_ptr().add(row * left.stride),
                left_stride: left.stride,
                right: right.values.as_ptr(),
                right_stride: right.stride,
                out: out.values.as_mut_ptr().add(row * out.stride),
                out_stride: out.stride,
                columns: out.columns,
                add: out.add,
            };
            match height {
                12 => tile::<12>(raw),
                8 => tile::<8>(raw),
                4 => tile::<4>(raw),
                3 => tile::<3>(raw),
                2 => tile::<2>(raw),
                _ => tile::<1>(raw),
            }
        }
        row += height;
    }
}

/// # Safety
///
/// Every address that `raw` describes for `M` rows must be valid.
#[expect(unsafe_code, reason = "dispatches to the version for this machine")]
unsafe fn tile<const M: usize>(raw: Raw) {
    // SAFETY: `isa` found the instruction set on this machine; the addresses are the caller's promise.
    unsafe {
        match (isa(), raw.columns <= 16) {
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, true) => x86::avx512::<M, 1>(raw),
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, false) => x86::avx512::<M, 2>(raw),
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx2, narrow) => x86::avx2::<M>(raw, narrow),
            (Isa::Portable, true) => portable::<M, 16>(raw),
            (Isa::Portable, false) => portable::<M, 32>(raw),
        }
    }
}

/// # Safety
///
/// Every address that `raw` describes for `M` rows must be valid.
#[expect(unsafe_code, reason = "the same addresses as the other versions")]
unsafe fn portable<const M: usize, const N: usize>(raw: Raw) {
    let mut sums = [[0.0_f32; N]; M];
    // SAFETY: the addresses are the caller's promise.
    unsafe {
        if raw.add {
            for (r, sums) in sums.iter_mut().enumerate() {
                for (j, sum) in sums.iter_mut().take(raw.columns).enumerate() {
                    *sum = *raw.out.add(r * raw.out_stride + j);
                }
            }
        }
        for i in 0..raw.k {
            let b = &*raw.right.add(i * raw.right_stride).cast::<[f32; N]>();
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = *raw.left.add(r * raw.left_stride + i);
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = x.mul_add(*b, *sum);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            std::ptr::copy_nonoverlapping(sums.as_ptr(), raw.out.add(r * raw.out_stride), raw.columns);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Raw;
    use std::arch::x86_64::{
        _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps, _mm512_fmadd_ps,
        _mm512_loadu_ps, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps,
    };

    /// # Safety
    ///
    /// Every address that `raw` describes for `M` rows and `V` vectors of 16 columns must be valid.
    #[target_feature(enable = "avx512f")]
    #[expect(unsafe_code, reason = "vector loads and stores")]
    pub(super) unsafe fn avx512<const M: usize, const V: usize>(raw: Raw) {
        let mut sums = [[_mm512_setzero_ps(); V]; M];
        let mask = |v: usize| -> u16 {
            let columns = raw.columns.saturating_sub(v * 16).min(16);
            if columns == 16 { u16::MAX } else { (1 << columns) - 1 }
        };
        // SAFETY: the addresses are the caller's promise.
        unsafe {
            if raw.add {
                for (r, sums) in sums.iter_mut().enumerate() {
                    for (v, sum) in sums.iter_mut().enumerate() {
                        *sum = _mm512_maskz_loadu_ps(mask(v), raw.out.add(r * raw.out_stride + v * 16));
                    }
                }
            }
            let mut b = raw.right;
            for i in 0..raw.k {
                let mut columns = [_mm512_setzero_ps(); V];
                for (v, column) in columns.iter_mut().enumerate() {
                    *column = _mm512_loadu_ps(b.add(v * 16));
                }
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = _mm512_set1_ps(*raw.left.add(r * raw.left_stride + i));
                    for (sum, column) in sums.iter_mut().zip(columns) {
                        *sum = _mm512_fmadd_ps(x, column, *sum);
                    }
                }
                b = b.wrapping_add(raw.right_stride);
            }
            for (r, sums) in sums.iter().enumerate() {
                for (v, sum) in sums.iter().enumerate() {
                    _mm512_mask_storeu_ps(raw.out.add(r * raw.out_stride + v * 16), mask(v), *sum);
                }
            }
        }
    }

    /// Halves of 16 columns, so that 4 rows fit the 16 registers of 8 lanes; taller tiles go in steps of 4 rows.
    ///
    /// # Safety
    ///
    /// Every address that `raw` describes for `M` rows must be valid.
    #[target_feature(enable = "avx2,fma")]
    #[expect(unsafe_code, reason = "vector loads and stores")]
    pub(super) unsafe fn avx2<const M: usize>(raw: Raw, narrow: bool) {
        let mut row = 0;
        while row < M {
            let rows = (M - row).min(4);
            for half in 0..(if narrow { 1 } else { 2 }) {
                // SAFETY: a part of the caller's rows and columns.
                unsafe {
                    let part = Raw {
                        left: raw.left.add(row * raw.left_stride),
                        right: raw.right.add(half * 16),
                        out: raw.out.add(row * raw.out_stride + half * 16),
                        columns: raw.columns.saturating_sub(half * 16).min(16),
                        ..raw
                    };
                    match rows {
                        4 => avx2_half::<4>(part),
                        3 => avx2_half::<3>(part),
                        2 => avx2_half::<2>(part),
                        _ => avx2_half::<1>(part),
                    }
                }
            }
            row += rows;
        }
    }

    #[target_feature(enable = "avx2,fma")]
    #[expect(unsafe_code, reason = "vector loads and stores")]
    unsafe fn avx2_half<const M: usize>(raw: Raw) {
        // SAFETY: the addresses are the caller's promise.
        unsafe {
            let mut sums = [[_mm256_setzero_ps(); 2]; M];
            let mut edge = [0.0_f32; 16];
            if raw.add {
                for (r, sums) in sums.iter_mut().enumerate() {
                    std::ptr::copy_nonoverlapping(raw.out.add(r * raw.out_stride), edge.as_mut_ptr(), raw.columns);
                    *sums = [_mm256_loadu_ps(edge.as_ptr()), _mm256_loadu_ps(edge.as_ptr().add(8))];
                }
            }
            let mut b = raw.right;
            for i in 0..raw.k {
                let columns = [_mm256_loadu_ps(b), _mm256_loadu_ps(b.add(8))];
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = _mm256_set1_ps(*raw.left.add(r * raw.left_stride + i));
                    sums[0] = _mm256_fmadd_ps(x, columns[0], sums[0]);
                    sums[1] = _mm256_fmadd_ps(x, columns[1], sums[1]);
                }
                b = b.wrapping_add(raw.right_stride);
            }
            for (r, sums) in sums.iter().enumerate() {
                _mm256_storeu_ps(edge.as_mut_ptr(), sums[0]);
                _mm256_storeu_ps(edge.as_mut_ptr().add(8), sums[1]);
                std::ptr::copy_nonoverlapping(edge.as_ptr(), raw.out.add(r * raw.out_stride), raw.columns);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(k: usize, rows: usize, columns: usize, add: bool) -> (Vec<f32>, Vec<f32>) {
        let left: Vec<f32> = (0..rows * k).map(|i| ((i * 37 % 101) as f32 - 50.0) / 17.0).collect();
        let right: Vec<f32> = (0..k * 32).map(|i| ((i * 53 % 97) as f32 - 48.0) / 13.0).collect();
        let start = if add { 0.25 } else { 0.0 };
        let mut out = vec![start; rows * 40];
        let (a, b) = (Left { values: &left, stride: k, rows }, Right { values: &right, stride: 32 });
        multiply(k, a, b, &mut Out { values: &mut out, stride: 40, columns, add });
        let mut exact = vec![start; rows * 40];
        for r in 0..rows {
            for c in 0..columns {
                exact[r * 40 + c] = (0..k).fold(start, |sum, i| left[r * k + i].mul_add(right[i * 32 + c], sum));
            }
        }
        (out, exact)
    }

    type Version = (&'static str, Box<dyn Fn()>);

    /// The versions of the kernel, made for a tile's height, that this machine can run.
    #[expect(unsafe_code, reason = "calls each version on operands that are long enough")]
    fn versions<const M: usize>(raw: Raw) -> Vec<Version> {
        let mut found: Vec<Version> = Vec::new();
        // SAFETY, of all: the caller's operands cover M rows and 32 columns, and the instructions were looked for.
        found.push((
            "portable",
            Box::new(move || unsafe {
                if raw.columns <= 16 { portable::<M, 16>(raw) } else { portable::<M, 32>(raw) }
            }),
        ));
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                found.push(("avx2", Box::new(move || unsafe { x86::avx2::<M>(raw, raw.columns <= 16) })));
            }
            if is_x86_feature_detected!("avx512f") {
                found.push((
                    "avx512",
                    Box::new(move || unsafe {
                        if raw.columns <= 16 { x86::avx512::<M, 1>(raw) } else { x86::avx512::<M, 2>(raw) }
                    }),
                ));
            }
        }
        found
    }

    fn check_versions<const M: usize>() {
        let k = 23;
        let left: Vec<f32> = (0..M * k).map(|i| ((i * 37 % 101) as f32 - 50.0) / 17.0).collect();
        let right: Vec<f32> = (0..k * 32).map(|i| ((i * 53 % 97) as f32 - 48.0) / 13.0).collect();
        for columns in [1, 7, 16, 17, 25, 32] {
            for add in [false, true] {
                let mut results = Vec::new();
                for version in 0.. {
                    let mut out = vec![0.375_f32; M * 40];
                    let raw = Raw {
                        k,
                        left: left.as_ptr(),
                        left_stride: k,
                        right: right.as_ptr(),
                        right_stride: 32,
                        out: out.as_mut_ptr(),
                        out_stride: 40,
                        columns,
                        add,
                    };
                    let versions = versions::<M>(raw);
                    let Some((name, run)) = versions.get(version) else { break };
                    run();
                    results.push((*name, out));
                }
                for (name, out) in &results[1..] {
                    assert_eq!(out, &results[0].1, "{name}, {M} rows, {columns} columns, add {add}");
                }
            }
        }
    }

    #[test]
    fn all_instruction_sets_of_this_machine_agree_bit_for_bit() {
        check_versions::<1>();
        check_versions::<2>();
        check_versions::<3>();
        check_versions::<4>();
        check_versions::<8>();
        check_versions::<12>();
    }

    #[test]
    fn every_tile_is_one_chain_of_multiply_adds() {
        for rows in 1..=27 {
            for columns in [1, 8, 15, 16, 17, 31, 32] {
                for add in [false, true] {
                    let (out, exact) = product(19, rows, columns, add);
                    assert_eq!(out, exact, "{rows} rows, {columns} columns, add {add}");
                }
            }
        }
    }
}
