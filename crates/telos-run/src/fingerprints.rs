//! What the models of a run are, by their bytes: a record is of these, and none of their weights stays in memory for it.

use crate::error::RunError;
use crate::events::{Event, Listener};
use crate::identity::fingerprint;
use crate::names::Names;
use crate::schedule::Prepared;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use telos_core::model::Weights;
use telos_core::{Model, ModelCard, ModelError, ModelRef, Models};
use telos_spec::suite::Suite;

/// The cards of all models that a run may ask.
pub(crate) struct Fingerprints {
    /// In the suite's order; none for those that no arm uses.
    pub tested: Vec<Option<ModelCard>>,
    /// Those that controllers and evaluators name.
    pub references: Vec<(ModelRef, ModelCard)>,
}

impl Fingerprints {
    /// Reads through every model of the run.
    pub(crate) fn new(prepared: &Prepared<'_>, models: &dyn Models, stop: &AtomicBool) -> Result<Self, RunError> {
        let card = |model: &ModelRef| -> Result<ModelCard, RunError> {
            if stop.load(Ordering::Relaxed) {
                return Err(RunError::Interrupted);
            }
            Ok(models.open(model, Weights::Hash)?.card().clone())
        };
        let mut tested = Vec::new();
        for (entry, planned) in prepared.suite.models.iter().zip(&prepared.models) {
            tested.push(planned.as_ref().map(|_| card(&entry.model)).transpose()?);
        }
        let mut references = Vec::new();
        for reference in &prepared.references {
            references.push((reference.model.clone(), card(&reference.model)?));
        }
        Ok(Self { tested, references })
    }

    /// What the models are called.
    pub(crate) fn names(&self, suite: &Suite) -> Names {
        let mut names = Names::default();
        for (entry, card) in suite.models.iter().zip(&self.tested) {
            names.name(&entry.model, &entry.id);
            if let Some(card) = card {
                names.know(&entry.model, card);
            }
        }
        for (model, card) in &self.references {
            names.know(model, card);
        }
        names
    }
}

/// Opens a model with its weights, which must be those that the run began with.
pub(crate) fn open(
    models: &dyn Models,
    model: &ModelRef,
    names: &Names,
    listener: &mut dyn Listener,
) -> Result<(Arc<dyn Model>, f64), ModelError> {
    let (name, began) = (names.called(model), Instant::now());
    listener.on(&Event::ModelOpening { model: name.clone() });
    let opened = models.open(model, Weights::Load)?;
    if let Some(card) = names.card(model).filter(|card| fingerprint(card) != fingerprint(opened.card())) {
        let (then, now) = (fingerprint(card), fingerprint(opened.card()));
        let message = format!(
            "its files changed while the run was at work: it was {then} and is {now}; restore them and go on with `--resume`"
        );
        return Err(ModelError { model: model.to_string(), message });
    }
    let seconds = began.elapsed().as_secs_f64();
    listener.on(&Event::ModelOpened { model: name, seconds });
    Ok((opened, seconds))
}
