//! How far a run has come, and how long it will still take by the speed so far.

use crate::events::{Event, UnitInfo};
use crate::session::{At, Session};
use crate::units::Unit;

/// The walk through all units.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Units of the first wave that are done or at work.
    done: u64,
    total: u64,
    weight_left: u64,
    weight_done: u64,
    seconds: f64,
}

impl Progress {
    /// Before anything is asked in this sitting.
    pub(crate) fn new(session: &Session<'_>) -> Self {
        let units = &session.schedule.units;
        let there = |unit: &&Unit| unit.slots.clone().all(|slot| session.begun(At { lane: unit.lane, slot }));
        let weight_left = units.iter().filter(|unit| !there(unit)).map(|unit| unit.weight).sum();
        Self { done: 0, total: units.len() as u64, weight_left, weight_done: 0, seconds: 0.0 }
    }

    /// Units that have all their first replies already.
    pub(crate) fn there(session: &Session<'_>) -> u64 {
        let units = session.schedule.units.iter();
        units.filter(|unit| unit.slots.clone().all(|slot| session.begun(At { lane: unit.lane, slot }))).count() as u64
    }

    /// A unit is come to.
    pub(crate) fn reached(&mut self, unit: &Unit) {
        // A model that is asked again for what its evaluators want is led past its units again.
        self.done = (self.done + 1).min(self.total);
        self.weight_left = self.weight_left.saturating_sub(unit.weight);
    }

    /// A unit, or a piece of what follows from it, has its replies.
    pub(crate) fn event(&mut self, unit: UnitInfo, errors: u64, seconds: f64, weight: u64) -> Event {
        self.weight_done += weight;
        self.seconds += seconds;
        let rate = self.seconds / self.weight_done.max(1) as f64;
        let seconds_left = (self.weight_done > 0).then_some(rate * self.weight_left as f64);
        Event::UnitDone { unit, errors, seconds, done: self.done, total: self.total, seconds_left }
    }
}
