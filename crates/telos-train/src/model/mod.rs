//! The two models, written in candle's operations so that the same graph trains and computes.

mod layers;
mod llama;
mod roberta;
mod weights;

pub(crate) use layers::surprise;
pub(crate) use llama::{Llama, LlamaConfig};
pub(crate) use roberta::{Roberta, RobertaConfig};
pub(crate) use weights::Weights;

use crate::error::TrainError;
use serde_json::Value;

/// A whole number of a `config.json`.
fn whole(config: &Value, key: &str) -> Result<usize, TrainError> {
    let whole = config.get(key).and_then(Value::as_u64).map(|n| n as usize);
    whole.ok_or_else(|| TrainError::Folder(format!("config.json lacks `{key}`, a whole number")))
}
