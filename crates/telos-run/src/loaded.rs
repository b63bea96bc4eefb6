//! The models of a run with their weights.

use crate::error::RunError;
use crate::events::{Event, Listener};
use crate::names::Names;
use crate::schedule::Prepared;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use telos_core::model::Weights;
use telos_core::{Model, ModelCard, ModelRef, Models};
use telos_spec::suite::Suite;

/// All models that a run asks.
pub(crate) struct Loaded {
    /// In the suite's order; none for those that no arm uses.
    pub tested: Vec<Option<Arc<dyn Model>>>,
    /// Those that controllers and evaluators name.
    pub references: Vec<(ModelRef, ModelCard)>,
    /// How long it took.
    pub seconds: f64,
}

impl Loaded {
    /// Loads every model of the run: their bytes decide whether a record is of this run.
    pub(crate) fn new(
        prepared: &Prepared<'_>,
        models: &dyn Models,
        stop: &AtomicBool,
        listener: &mut dyn Listener,
    ) -> Result<Self, RunError> {
        let began = Instant::now();
        let mut open = |model: &ModelRef, name: &str| -> Result<Arc<dyn Model>, RunError> {
            if stop.load(Ordering::Relaxed) {
                return Err(RunError::Interrupted);
            }
            let opening = Instant::now();
            listener.on(&Event::ModelOpening { model: name.to_owned() });
            let opened = models.open(model, Weights::Load)?;
            let seconds = opening.elapsed().as_secs_f64();
            listener.on(&Event::ModelOpened { model: name.to_owned(), seconds });
            Ok(opened)
        };
        let mut tested = Vec::new();
        for (entry, planned) in prepared.suite.models.iter().zip(&prepared.models) {
            tested.push(planned.as_ref().map(|_| open(&entry.model, &entry.id)).transpose()?);
        }
        let mut references = Vec::new();
        for reference in &prepared.references {
            let opened = open(&reference.model, &reference.model.to_string())?;
            references.push((reference.model.clone(), opened.card().clone()));
        }
        Ok(Self { tested, references, seconds: began.elapsed().as_secs_f64() })
    }

    /// What the models are called.
    pub(crate) fn names(&self, suite: &Suite) -> Names {
        let mut names = Names::default();
        for (entry, opened) in suite.models.iter().zip(&self.tested) {
            names.name(&entry.model, &entry.id);
            if let Some(opened) = opened {
                names.know(&entry.model, opened.card());
            }
        }
        for (model, card) in &self.references {
            names.know(model, card);
        }
        names
    }
}
