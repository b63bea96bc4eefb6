//! Named tensors, whatever file they lie in.

use crate::error::OpenError;

/// Named tensors, read as f32.
pub(crate) trait Tensors {
    /// Whether there is a tensor of that name.
    fn has(&self, name: &str) -> bool;

    /// Holds the tensor's name, shape and type against the file's header; its values are not touched.
    fn check(&self, name: &str, shape: &[usize]) -> Result<(), OpenError>;

    /// The values of a tensor of exactly this shape, all finite.
    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, OpenError>;

    /// The name that the tensor has in the file.
    fn stored(&self, name: &str) -> String;

    /// All names in the file.
    fn names(&self) -> Vec<String>;
}

/// Refuses values that are not finite.
pub(crate) fn finite(name: &str, values: Vec<f32>) -> Result<Vec<f32>, OpenError> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(values),
        Some(place) => Err(OpenError::NotFinite { tensor: name.to_owned(), place, value: values[place] }),
    }
}

/// A shape as people write it.
pub(crate) fn shown(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ")
}
