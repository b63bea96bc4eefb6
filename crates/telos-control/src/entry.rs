//! What an entry of the tables is, and what is made of an object that an entry has read. Kinds name this file, and tables name
//! kinds.

use crate::error::SpecError;
use serde_json::{Map, Value};
use std::fmt::Debug;
use std::sync::Arc;
use telos_core::shape::KindShape;
use telos_core::{Constraint, ConstraintSpec, Controller, Model, ModelCard, ModelRef, Sampling};

/// One kind of controller or of constraint.
#[derive(Debug)]
pub struct Entry<T> {
    /// Its `kind`, its keys and what they mean.
    pub shape: KindShape,
    /// An example in YAML.
    pub example: &'static str,
    /// Reads an object whose keys and cross-field rules have been checked against `shape`.
    pub read: fn(&Map<String, Value>) -> Result<T, SpecError>,
}

/// What a text starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// How tokens are sampled.
    pub sampling: Sampling,
    /// End-of-sequence tokens: they leave the text, and so h, as it is.
    pub eos: Vec<u32>,
}

/// A controller once read: makes a state machine for each text.
pub trait Blueprint: Debug + Send + Sync {
    /// The state machine of one text.
    fn build(&self, start: &Start) -> Box<dyn Controller>;
}

/// A controller whose object has been read and found right.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The constraints whose h it asks for: [`telos_core::Valued::h`] has one value for each, in this order.
    pub constraints: Vec<ConstraintSpec>,
    blueprint: Arc<dyn Blueprint>,
}

impl Parsed {
    /// A controller with its constraints.
    pub fn new(constraints: Vec<ConstraintSpec>, blueprint: impl Blueprint + 'static) -> Self {
        Self { constraints, blueprint: Arc::new(blueprint) }
    }

    /// The state machine of one text.
    pub fn build(&self, start: &Start) -> Box<dyn Controller> {
        self.blueprint.build(start)
    }
}

/// A constraint once read: which models it asks, whether these fit, and what computes its h.
pub trait Plan: Debug + Send + Sync {
    /// The models that it asks.
    fn models(&self) -> Vec<ModelRef>;

    /// Whether the models fit, as far as their cards tell; one card for each of [`Plan::models`], in that order.
    fn check(&self, cards: &[&ModelCard]) -> Result<(), SpecError>;

    /// What computes h; one open model for each of [`Plan::models`], in that order, whose cards have been checked.
    fn open(&self, models: &[Arc<dyn Model>]) -> Result<Arc<dyn Constraint>, SpecError>;
}
