//! `AdamW` with a warm-up, a cosine decay and a bound on the gradient's norm.

use crate::error::TrainError;
use crate::model::Weights;
use candle_core::Var;
use candle_core::backprop::GradStore;
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW};

/// The schedule of one training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Schedule {
    /// Steps in all.
    pub(crate) steps: usize,
    /// Steps in which the rate rises from nothing.
    pub(crate) warm_up: usize,
    /// The highest rate.
    pub(crate) rate: f64,
}

impl Schedule {
    /// The rate of a step, counted from 0: linear up, then half a cosine (Loshchilov and Hutter 2017) down to a fiftieth.
    pub(crate) fn rate(&self, step: usize) -> f64 {
        if step < self.warm_up {
            return self.rate * (step + 1) as f64 / self.warm_up as f64;
        }
        let rest = self.steps.saturating_sub(self.warm_up).max(1) as f64;
        let done = ((step - self.warm_up) as f64 / rest).min(1.0);
        self.rate * (0.02 + 0.98 * 0.5 * (1.0 + (std::f64::consts::PI * done).cos()))
    }
}

/// The largest norm of all gradients together.
const CLIP: f64 = 1.0;

/// An optimiser of a model's weights.
pub(crate) struct Optimiser {
    vars: Vec<Var>,
    adam: AdamW,
    schedule: Schedule,
}

impl Optimiser {
    pub(crate) fn new(weights: &Weights, schedule: Schedule) -> Result<Self, TrainError> {
        let params = ParamsAdamW { lr: 0.0, beta1: 0.9, beta2: 0.98, eps: 1e-8, weight_decay: 0.05 };
        Ok(Self { vars: weights.vars(), adam: AdamW::new(weights.vars(), params)?, schedule })
    }

    /// One step down the sum of the losses whose gradients are given.
    pub(crate) fn step(&mut self, step: usize, parts: Vec<GradStore>) -> Result<(), TrainError> {
        let mut parts = parts.into_iter();
        let Some(mut grads) = parts.next() else { return Ok(()) };
        for mut part in parts {
            for var in &self.vars {
                match (grads.remove(var), part.remove(var)) {
                    (Some(a), Some(b)) => drop(grads.insert(var, (a + b)?)),
                    (Some(one), None) | (None, Some(one)) => drop(grads.insert(var, one)),
                    (None, None) => {}
                }
            }
        }
        let mut square = 0.0;
        for grad in self.vars.iter().filter_map(|var| grads.get(var)) {
            square += f64::from(grad.sqr()?.sum_all()?.to_scalar::<f32>()?);
        }
        let norm = square.sqrt();
        if norm > CLIP {
            for var in &self.vars {
                if let Some(grad) = grads.remove(var) {
                    grads.insert(var, (grad * (CLIP / norm))?);
                }
            }
        }
        self.adam.set_learning_rate(self.schedule.rate(step));
        Ok(self.adam.step(&grads)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_and_falls() {
        let schedule = Schedule { steps: 110, warm_up: 10, rate: 1.0 };
        for (step, rate) in [(0, 0.1), (9, 1.0), (10, 1.0), (60, 0.51), (110, 0.02)] {
            assert!((schedule.rate(step) - rate).abs() < 1e-9, "{step}: {}", schedule.rate(step));
        }
    }
}
