//! The one stream of events that a run emits; progress bars and logs listen to it.

use crate::plan::Plan;
use serde::Serialize;

/// What happens.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The suite is planned; nothing has been loaded.
    Planned {
        /// What it comes to.
        plan: Plan,
    },
    /// A model is being loaded.
    ModelOpening {
        /// Its id, or string form.
        model: String,
    },
    /// A model is loaded.
    ModelOpened {
        /// Its id, or string form.
        model: String,
        /// How long it took.
        seconds: f64,
    },
    /// A journal of an earlier sitting holds records that cannot be read; what they held is asked again.
    JournalDamaged {
        /// Where, and how much.
        lost: Vec<String>,
        /// Replies that are there all the same.
        replies: u64,
    },
    /// The replies of earlier runs were found.
    CacheOpened {
        /// Replies that may be used.
        replies: u64,
        /// What cannot be used, and why.
        damaged: Vec<String>,
    },
    /// All has been asked, and what is new is kept for later runs.
    CacheKept {
        /// Replies of this sitting that came from the cache.
        used: u64,
        /// New ones that later runs will find.
        kept: u64,
        /// What went wrong; the run itself is none the worse.
        problems: Vec<String>,
    },
    /// Work of earlier sittings was found.
    Resumed {
        /// Replies that are there already.
        replies: u64,
        /// Units of the first wave that need nothing more.
        units: u64,
    },
    /// A unit of work begins.
    UnitStarted {
        /// What it is.
        unit: UnitInfo,
    },
    /// A request of the unit at work has its reply.
    Replied {
        /// Replies of this unit so far.
        done: u64,
        /// Requests of this unit.
        of: u64,
    },
    /// A unit of work is in the journal.
    UnitDone {
        /// What it is.
        unit: UnitInfo,
        /// Requests that ended in an error.
        errors: u64,
        /// How long it took.
        seconds: f64,
        /// Units of the first wave done, earlier sittings included.
        done: u64,
        /// Units of the first wave.
        total: u64,
        /// An estimate of what remains, from the speed so far.
        seconds_left: Option<f64>,
    },
    /// All replies are there; tables are being written.
    Writing,
    /// The record is complete.
    Finished {
        /// Rows of `replies.parquet`.
        replies: u64,
        /// Those with status `error`.
        errors: u64,
        /// Those with status `skipped`.
        skipped: u64,
        /// Seconds of this sitting.
        seconds: f64,
    },
}

/// A unit of work, for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitInfo {
    /// Stable over sittings.
    pub id: String,
    /// The model's id.
    pub model: String,
    /// The controller's id; none where it does not act.
    pub controller: Option<String>,
    /// The benchmark's id.
    pub benchmark: String,
    /// 0, then 1 and on for what follows from replies.
    pub wave: u8,
    /// How many of the waves are turns of a chat; what comes after them is the evaluator's.
    pub turns: u8,
    /// Requests that are asked now; what the journal holds already does not count.
    pub requests: u64,
    /// Texts of this model, controller and benchmark that stand before the unit's, each an item's repeat.
    pub before: u64,
    /// Texts of the unit.
    pub texts: u64,
    /// Texts of this model, controller and benchmark.
    pub of: u64,
}

/// Whoever wants to know.
pub trait Listener {
    /// Takes an event.
    fn on(&mut self, event: &Event);
}

/// Nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Listener for Silent {
    fn on(&mut self, _: &Event) {}
}

impl<F: FnMut(&Event)> Listener for F {
    fn on(&mut self, event: &Event) {
        self(event);
    }
}
