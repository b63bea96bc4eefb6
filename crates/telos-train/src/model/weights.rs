//! Named variables: made from a seed, read from and written to safetensors.

use crate::error::TrainError;
use crate::world::Rng;
use candle_core::{DType, Device, Tensor, Var};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// A model's variables in order of name, in f32.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weights(BTreeMap<String, Var>);

impl Weights {
    /// Adds a variable of normally distributed values.
    pub(crate) fn normal(
        &mut self,
        rng: &mut Rng,
        name: String,
        shape: &[usize],
        deviation: f64,
    ) -> Result<(), TrainError> {
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| (rng.normal() * deviation) as f32).collect();
        self.0.insert(name, Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?)?);
        Ok(())
    }

    /// Adds a variable of one value.
    pub(crate) fn constant(&mut self, name: String, size: usize, value: f32) -> Result<(), TrainError> {
        self.0.insert(name, Var::from_tensor(&Tensor::full(value, size, &Device::Cpu)?)?);
        Ok(())
    }

    /// The variable of a name.
    pub(crate) fn get(&self, name: &str) -> Result<&Tensor, TrainError> {
        let var = self.0.get(name).map(Var::as_tensor);
        var.ok_or_else(|| TrainError::Folder(format!("the weights have no tensor `{name}`")))
    }

    /// All variables, in order of name.
    pub(crate) fn vars(&self) -> Vec<Var> {
        self.0.values().cloned().collect()
    }

    /// Writes them in half precision.
    pub(crate) fn save(&self, path: &Path) -> Result<(), TrainError> {
        let half = self.0.iter().map(|(name, var)| Ok((name.clone(), var.to_dtype(DType::F16)?)));
        Ok(candle_core::safetensors::save(&half.collect::<Result<HashMap<_, _>, TrainError>>()?, path)?)
    }

    /// Reads them.
    pub(crate) fn load(path: &Path) -> Result<Self, TrainError> {
        let read = candle_core::safetensors::load(path, &Device::Cpu)?;
        let vars = read.into_iter().map(|(name, tensor)| Ok((name, Var::from_tensor(&tensor.to_dtype(DType::F32)?)?)));
        Ok(Self(vars.collect::<Result<_, TrainError>>()?))
    }
}
