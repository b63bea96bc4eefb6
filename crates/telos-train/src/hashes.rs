//! The weights that are committed, pinned by hash.

use crate::error::TrainError;
use crate::folder::{CAUSAL, CLASSIFIER, WEIGHTS};
use std::path::Path;

/// Each file of weights below the folder of built-in models, with its blake3.
#[cfg_attr(not(test), expect(dead_code, reason = "the table is what the test holds the files against"))]
pub(crate) static PINNED: &[(&str, &str)] = &[
    ("tiny-lm/model.safetensors", "a6059186063ca7a687a264600e6929f98d24b4e22b2f5fc5ed05bcb0b93ddd3e"),
    ("tiny-sentiment/model.safetensors", "4937c3bda4cac496a9f70ca9f94cbbaf345b47bd9001980c99ad2bf98a4c347b"),
];

/// The files of weights and their hashes.
pub(crate) fn of(models: &Path) -> Result<Vec<(String, String)>, TrainError> {
    let hash = |folder: &str| {
        let path = models.join(folder).join(WEIGHTS);
        let bytes = std::fs::read(&path).map_err(TrainError::at(&path))?;
        Ok((format!("{folder}/{WEIGHTS}"), blake3::hash(&bytes).to_hex().to_string()))
    };
    [CAUSAL, CLASSIFIER].into_iter().map(hash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_those_that_were_measured() {
        let found = of(&crate::builtin()).expect("both folders are committed");
        let found: Vec<(&str, &str)> = found.iter().map(|(path, hash)| (path.as_str(), hash.as_str())).collect();
        assert_eq!(found, PINNED);
    }
}
