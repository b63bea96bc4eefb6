//! The weights that are committed, pinned by hash.

use crate::error::TrainError;
use crate::folder::{CAUSAL, CLASSIFIER, WEIGHTS};
use std::path::Path;

/// Each file of weights below the folder of built-in models, with its blake3.
#[cfg_attr(not(test), expect(dead_code, reason = "the table is what the test holds the files against"))]
pub(crate) static PINNED: &[(&str, &str)] = &[
    ("tiny-lm/model.safetensors", "c5f8e9be3f7d380f1a7bed4e1b92d9bda7423983c38058383d84259b5e6c893d"),
    ("tiny-sentiment/model.safetensors", "86b20c6a92361729861f7969c1a86640e15010b6e4773d6d0eb4334a177bd420"),
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
