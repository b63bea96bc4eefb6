//! The types of numbers in GGUF files (`ggml.h`, `enum ggml_type`).

use candle_core::quantized::GgmlDType;

/// A type that is read: its number, and how many values share a block of how many bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Known {
    pub(crate) number: u32,
    pub(crate) dtype: GgmlDType,
    pub(crate) block: usize,
    pub(crate) bytes: usize,
}

const KNOWN: [Known; 5] = [
    Known { number: 0, dtype: GgmlDType::F32, block: 1, bytes: 4 },
    Known { number: 1, dtype: GgmlDType::F16, block: 1, bytes: 2 },
    Known { number: 8, dtype: GgmlDType::Q8_0, block: 32, bytes: 34 },
    Known { number: 2, dtype: GgmlDType::Q4_0, block: 32, bytes: 18 },
    Known { number: 3, dtype: GgmlDType::Q4_1, block: 32, bytes: 20 },
];

/// All names by number. Some numbers stand for types that were given up.
const NAMES: [&str; 41] = [
    "F32",
    "F16",
    "Q4_0",
    "Q4_1",
    "Q4_2",
    "Q4_3",
    "Q5_0",
    "Q5_1",
    "Q8_0",
    "Q8_1",
    "Q2_K",
    "Q3_K",
    "Q4_K",
    "Q5_K",
    "Q6_K",
    "Q8_K",
    "IQ2_XXS",
    "IQ2_XS",
    "IQ3_XXS",
    "IQ1_S",
    "IQ4_NL",
    "IQ3_S",
    "IQ2_S",
    "IQ4_XS",
    "I8",
    "I16",
    "I32",
    "I64",
    "F64",
    "IQ1_M",
    "BF16",
    "Q4_0_4_4",
    "Q4_0_4_8",
    "Q4_0_8_8",
    "TQ1_0",
    "TQ2_0",
    "IQ4_NL_4_4",
    "IQ4_NL_4_8",
    "IQ4_NL_8_8",
    "MXFP4",
    "NVFP4",
];

/// The type of that number, where it is read.
pub(crate) fn known(number: u32) -> Option<Known> {
    KNOWN.into_iter().find(|known| known.number == number)
}

/// The type's name, for a message.
pub(crate) fn name(number: u32) -> String {
    match NAMES.get(number as usize) {
        Some(name) => (*name).to_owned(),
        None => format!("with the number {number}"),
    }
}

/// The types that are read, for a message.
pub(crate) fn supported() -> String {
    KNOWN.map(|known| name(known.number)).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_those_of_the_library() {
        for known in KNOWN {
            assert_eq!((known.dtype.block_size(), known.dtype.type_size()), (known.block, known.bytes), "{known:?}");
            assert_eq!(name(known.number).replace('_', ""), format!("{:?}", known.dtype).replace('_', ""));
        }
        assert_eq!([20, 23, 36, 39].map(name), ["IQ4_NL", "IQ4_XS", "IQ4_NL_4_4", "MXFP4"]);
    }
}
