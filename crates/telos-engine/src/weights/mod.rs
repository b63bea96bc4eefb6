//! Where weights come from: folders in the Hugging Face layout, and GGUF files. All are handed out in f32.

pub(crate) mod folder;
pub(crate) mod gguf;
pub(crate) mod mapped;

/// The files that models may lie in: what a path names, and the types of numbers in it.
pub const FORMATS: [(&str, &str); 2] = [
    ("a folder with config.json, model*.safetensors and tokenizer.json", "f32, f16, bf16"),
    ("a .gguf file", "f32, f16, q8_0, q4_0, q4_1"),
];

/// Named tensors, read as f32.
pub(crate) trait Tensors {
    /// The values of a tensor of exactly this shape. The error says what is there instead.
    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String>;

    /// Whether there is a tensor of that name.
    fn has(&self, name: &str) -> bool;
}

/// Refuses values that are not finite.
pub(crate) fn finite(name: &str, values: Vec<f32>) -> Result<Vec<f32>, String> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(values),
        Some(at) => Err(format!(
            "tensor `{name}` holds {} at place {at}: the weights are broken; fetch or export the model again",
            values[at]
        )),
    }
}

/// A shape as people write it.
pub(crate) fn shown(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_of_gguf_files_are_those_that_are_read() {
        let read: Vec<String> = gguf::KNOWN.iter().map(|dtype| format!("{dtype:?}").to_lowercase()).collect();
        let stated: Vec<String> = FORMATS[1].1.split(", ").map(str::to_owned).collect();
        let plain = |names: Vec<String>| names.iter().map(|name| name.replace('_', "")).collect::<Vec<_>>();
        assert_eq!(plain(stated), plain(read));
    }
}
