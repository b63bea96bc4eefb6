//! The arithmetic of the engine: products, exponentials and norms over plain slices of f32.
//!
//! Every function here keeps one rule: a result is computed by the same operations in the same order whatever stands beside
//! it. A product's output is one chain of fused multiply-adds over k, from k = 0 on; lanes of a vector are different outputs,
//! never parts of one sum, or they are parts in fixed blocks counted from the first element. So a row's bits do not depend on
//! how many rows share its batch, on the number of threads, or on the width of the machine's vectors.
//!
//! Each kernel is written once in plain Rust and compiled for several instruction sets; [`Isa`] is found at run time.

pub(crate) mod panels;
pub(crate) mod rows;
pub(crate) mod tile;

use std::sync::OnceLock;

/// The instruction sets that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isa {
    /// 16 lanes and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 8 lanes and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Whatever the target has.
    Portable,
}

/// The best instruction set of this machine.
pub(crate) fn isa() -> Isa {
    static FOUND: OnceLock<Isa> = OnceLock::new();
    *FOUND.get_or_init(|| {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("fma")
            {
                return Isa::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Isa::Avx2;
            }
        }
        Isa::Portable
    })
}

/// Compiles a kernel for each instruction set and makes a function that calls the best one.
///
/// `kernel!(pub(crate) fn name(args) -> ret = body_fn);` where `body_fn` is an `#[inline(always)]` function with the same
/// arguments.
macro_rules! kernel {
    ($(#[$meta:meta])* $vis:vis fn $name:ident ( $($arg:ident : $ty:ty),* $(,)? ) $(-> $ret:ty)? = $body:path) => {
        $(#[$meta])*
        #[expect(unsafe_code, reason = "calls a version compiled for an instruction set that `isa` found on this machine")]
        #[allow(clippy::too_many_arguments, reason = "the operands of a product with their strides")]
        $vis fn $name($($arg: $ty),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
                #[allow(clippy::too_many_arguments, reason = "the operands of a product with their strides")]
                fn avx512($($arg: $ty),*) $(-> $ret)? { $body($($arg),*) }
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments, reason = "the operands of a product with their strides")]
                fn avx2($($arg: $ty),*) $(-> $ret)? { $body($($arg),*) }
                match $crate::kernel::isa() {
                    // SAFETY: `isa` saw these features on this machine.
                    $crate::kernel::Isa::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: `isa` saw these features on this machine.
                    $crate::kernel::Isa::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::kernel::Isa::Portable => {}
                }
            }
            $body($($arg),*)
        }
    };
}
pub(crate) use kernel;
