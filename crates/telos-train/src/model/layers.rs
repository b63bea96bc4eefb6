//! What both models are made of.

use crate::error::TrainError;
use candle_core::{D, Tensor};

/// x·Wᵀ for x of `rows × inputs` and W of `outputs × inputs`.
pub(crate) fn linear(x: &Tensor, weight: &Tensor) -> Result<Tensor, TrainError> {
    Ok(x.matmul(&weight.t()?)?)
}

/// Softmax over the last dimension. The maximum is only for range: no gradient passes it.
pub(crate) fn softmax(x: &Tensor) -> Result<Tensor, TrainError> {
    let e = x.broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?.exp()?;
    Ok(e.broadcast_mul(&e.sum_keepdim(D::Minus1)?.recip()?)?)
}

/// −log p(target) of each row, `rows × 1`, for logits of `rows × classes`.
pub(crate) fn surprise(logits: &Tensor, targets: &Tensor) -> Result<Tensor, TrainError> {
    let max = logits.max_keepdim(D::Minus1)?.detach();
    let shifted = logits.broadcast_sub(&max)?;
    let lse = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
    Ok((lse - shifted.gather(&targets.unsqueeze(1)?, 1)?)?)
}

/// x / √(mean x² + ε) · w (Zhang and Sennrich 2019).
pub(crate) fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor, TrainError> {
    let scale = (x.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?.recip()?;
    Ok(x.broadcast_mul(&scale)?.broadcast_mul(weight)?)
}

/// (x − mean) / √(variance + ε) · w + b (Ba, Kiros and Hinton 2016).
pub(crate) fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor, TrainError> {
    let x = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    Ok(rms_norm(&x, weight, eps)?.broadcast_add(bias)?)
}
