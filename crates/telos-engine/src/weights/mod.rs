//! Where weights come from: folders in the Hugging Face layout, and GGUF files. All are handed out in f32.

pub(crate) mod folder;
pub(crate) mod ggml;
pub(crate) mod gguf;
pub(crate) mod header;
pub(crate) mod metadata;
pub(crate) mod safetensors;
pub(crate) mod survey;
pub(crate) mod tensors;

/// The files that models may lie in: what a path names, and the types of numbers in it.
pub const FORMATS: [(&str, &str); 2] = [
    (
        "a folder with config.json, model.safetensors (or its shards and their index) and tokenizer.json",
        "f32, f16, bf16, f64",
    ),
    ("a .gguf file", "f32, f16, q8_0, q4_0, q4_1"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stated_types_are_those_that_are_read() {
        let stated = |place: usize| FORMATS[place].1.split(", ").map(str::to_owned).collect::<Vec<_>>();
        let lower = |names: String| names.split(", ").map(str::to_lowercase).collect::<Vec<_>>();
        assert_eq!(stated(0), lower(safetensors::supported()));
        assert_eq!(stated(1), lower(ggml::supported()));
    }
}
