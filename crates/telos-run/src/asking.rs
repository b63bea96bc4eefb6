//! What one model is asked on behalf of a model under test: all its units, wave after wave, as a feed.
//!
//! A group is the units of one controller and benchmark. Its first sweep hands out the first requests, unit by unit; each
//! further sweep hands out what follows from the replies to the sweep before, until one finds nothing. A group that waits for
//! replies lets the next one go first, so that a model that has many requests under way is never idle.

use crate::error::RunError;
use crate::events::{Event, Listener, UnitInfo};
use crate::fingerprints;
use crate::journal::{Key, UnitMark};
use crate::order::in_order_of_text;
use crate::progress::Progress;
use crate::session::{At, Session};
use crate::units::Unit;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use telos_core::feed::UNANSWERED;
use telos_core::{
    ErrorKind, Feed, Model, ModelError, ModelRef, Models, Next, Outcome, Reply, Request, RequestError, Ticket,
};

/// Requests of a later wave that are asked together at most: each may stand for one text or for every prefix of one.
const FOLLOW_UPS: usize = 64;

/// Whom is asked, on whose behalf.
#[derive(Debug, Clone)]
pub(crate) struct Errand {
    /// The model under test, by its place in the suite.
    pub model: usize,
    /// The model that answers.
    pub whom: ModelRef,
}

/// A feed of everything that one model has to answer.
pub(crate) struct Asking<'r, 'a> {
    session: &'r mut Session<'a>,
    listener: &'r mut dyn Listener,
    progress: &'r mut Progress,
    stop: &'r AtomicBool,
    errand: Errand,
    groups: Vec<Group<'a>>,
    /// What is handed out next.
    queue: VecDeque<(Key, Request)>,
    /// The piece that it belongs to.
    at: u32,
    /// Whether the piece was handed out to its end, so that the cut is due.
    cut: bool,
    pieces: HashMap<u32, Piece>,
    under_way: HashMap<Ticket, Ask>,
    /// Requests that are queued or under way.
    waiting: HashSet<Key>,
    /// Whom else open waves wait for.
    pub elsewhere: Vec<ModelRef>,
    given: u64,
    failure: Option<RunError>,
}

/// The units of one controller and benchmark, and how far they have come.
struct Group<'a> {
    units: &'a [Unit],
    /// The unit that is looked at next.
    next: usize,
    /// Sweeps that are over.
    sweep: u32,
    /// Whether this sweep handed anything out.
    found: bool,
    /// Whether a slot of this sweep waits for what is under way for another.
    waits: bool,
    /// Pieces of it without all their replies.
    open: u32,
    done: bool,
}

/// Requests that were given together.
struct Piece {
    info: UnitInfo,
    group: usize,
    began: Instant,
    /// Replies that are there.
    done: u64,
    errors: u64,
    /// The weight of the unit, for estimates; 0 for what follows.
    weight: u64,
}

/// One request under way.
struct Ask {
    key: Key,
    piece: u32,
    began: Instant,
    /// Whether its reply is one for good, whoever asks.
    pinned: bool,
}

impl<'r, 'a> Asking<'r, 'a> {
    pub(crate) fn new(
        session: &'r mut Session<'a>,
        errand: Errand,
        progress: &'r mut Progress,
        listener: &'r mut dyn Listener,
        stop: &'r AtomicBool,
    ) -> Self {
        let schedule = session.schedule;
        let own = errand.whom == session.prepared.suite.models[errand.model].model;
        let mine = schedule.units.chunk_by(|a, b| a.lane == b.lane).filter(|units| units[0].lane.model == errand.model);
        let group = |units: &'a [Unit]| {
            // Whoever is not under test is asked in later waves alone.
            let bench = session.prepared.benches[units[0].lane.benchmark].as_ref();
            let done = !own && bench.is_none_or(|bench| !bench.follows());
            Group { units, next: 0, sweep: u32::from(!own), found: false, waits: false, open: 0, done }
        };
        let groups = mine.map(group).collect();
        Self {
            session,
            listener,
            progress,
            stop,
            errand,
            groups,
            queue: VecDeque::new(),
            at: 0,
            cut: false,
            pieces: HashMap::new(),
            under_way: HashMap::new(),
            waiting: HashSet::new(),
            elsewhere: Vec::new(),
            given: 0,
            failure: None,
        }
    }

    /// Whether a model is needed at all: the first piece stands ready where it is.
    pub(crate) fn begin(&mut self) -> Result<bool, RunError> {
        let ready = !self.queue.is_empty() || self.advance()?;
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(ready),
        }
    }

    /// Ends it: whom else the replies make it necessary to ask.
    pub(crate) fn end(mut self) -> Result<Vec<ModelRef>, RunError> {
        self.settle()?;
        Ok(self.elsewhere)
    }

    /// Opens the model that answers.
    pub(crate) fn open(&mut self, models: &dyn Models, whom: &ModelRef) -> Result<(Arc<dyn Model>, f64), ModelError> {
        fingerprints::open(models, whom, &self.session.names, self.listener)
    }

    /// Takes what the model left without a reply for an error, unless someone asked to stop.
    pub(crate) fn settle(&mut self) -> Result<(), RunError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.stop.load(Ordering::Relaxed) && !self.under_way.is_empty() {
            return Err(RunError::Interrupted);
        }
        let left: Vec<Ticket> = self.under_way.keys().copied().collect();
        for ticket in left {
            self.reply(ticket, Err(RequestError::new(ErrorKind::Internal, UNANSWERED)));
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    /// How many requests were given.
    pub(crate) fn given(&self) -> u64 {
        self.given
    }

    /// Finds the next piece and puts it into the queue; false where there is none just now.
    fn advance(&mut self) -> Result<bool, RunError> {
        for place in 0..self.groups.len() {
            while !self.groups[place].done {
                if self.stop.load(Ordering::Relaxed) {
                    return Err(RunError::Interrupted);
                }
                let group = &mut self.groups[place];
                if group.next < group.units.len() {
                    let unit = &group.units[group.next];
                    group.next += 1;
                    if self.piece(place, unit)? {
                        return Ok(true);
                    }
                    continue;
                }
                if group.open > 0 || (group.waits && !self.under_way.is_empty()) {
                    break;
                }
                let again = group.found || group.waits;
                let follows = self.session.bench(group.units[0].lane.benchmark)?.follows();
                let group = &mut self.groups[place];
                group.done = !follows || (!again && group.sweep > 0);
                (group.next, group.found, group.waits) = (0, false, false);
                group.sweep += 1;
            }
        }
        Ok(false)
    }

    /// Queues what a unit has to ask now; false where that is nothing.
    fn piece(&mut self, place: usize, unit: &'a Unit) -> Result<bool, RunError> {
        let first = self.groups[place].sweep == 0;
        if first {
            self.progress.reached(unit);
        }
        let mut wanted = Vec::new();
        for slot in unit.slots.clone() {
            let at = At { lane: unit.lane, slot };
            if first && self.session.begun(at) {
                continue;
            }
            self.slot(place, at, first, &mut wanted)?;
            if !first && wanted.len() >= FOLLOW_UPS {
                // The rest of the unit is looked at again.
                self.groups[place].next -= usize::from(slot + 1 < unit.slots.end);
                break;
            }
        }
        if wanted.is_empty() {
            return Ok(false);
        }
        self.groups[place].found = true;
        let wave = self.groups[place].sweep.min(u32::from(u8::MAX)) as u8;
        let id = if first { unit.id.clone() } else { format!("{}-{}", unit.id, self.at + 1) };
        let info = self.info(unit, wave, id, wanted.len());
        self.listener.on(&Event::UnitStarted { unit: info.clone() });
        self.at += 1;
        let weight = if first { unit.weight } else { 0 };
        let piece = Piece { info, group: place, began: Instant::now(), done: 0, errors: 0, weight };
        self.pieces.insert(self.at, piece);
        self.groups[place].open += 1;
        in_order_of_text(&mut wanted);
        let rest = self.answer_from_cache(wanted)?;
        if rest.is_empty() {
            self.close(self.at)?;
            return Ok(false);
        }
        self.queue.extend(rest);
        Ok(true)
    }

    /// What a slot has to ask of this model now.
    fn slot(&mut self, place: usize, at: At, first: bool, wanted: &mut Vec<(Key, Request)>) -> Result<(), RunError> {
        let asked = self.session.asked(at)?;
        let Some(open) = asked.open.filter(|_| asked.chain.skipped.is_none()) else { return Ok(()) };
        for (key, request) in open.keys.into_iter().zip(open.requests) {
            if self.session.journal.has(&key) {
                continue;
            }
            let target = self.session.target(&request, self.errand.model);
            if *target != self.errand.whom {
                if !self.elsewhere.contains(target) {
                    self.elsewhere.push(target.clone());
                }
            } else if self.waiting.insert(key) {
                wanted.push((key, request));
            } else {
                self.groups[place].waits |= !first;
            }
        }
        Ok(())
    }

    /// Answers what the cache can answer, and gives the rest.
    fn answer_from_cache(&mut self, wanted: Vec<(Key, Request)>) -> Result<Vec<(Key, Request)>, RunError> {
        let under_test = &self.session.prepared.suite.models[self.errand.model].model;
        let Some(cache) = &mut self.session.cache else { return Ok(wanted) };
        let mut rest = Vec::new();
        for (key, request) in wanted {
            // Only replies of pinned requests are kept, and their keys hold the bytes of the models.
            let pinned = self.session.names.pinned(&request, under_test);
            if let Some(reply) = pinned.then(|| cache.get(&key, request.kind())).flatten() {
                self.waiting.remove(&key);
                self.session.journal.reply(key, &Ok(reply), None)?;
                if let Some(piece) = self.pieces.get_mut(&self.at) {
                    piece.done += 1;
                    let (done, of) = (piece.done, piece.info.requests);
                    self.listener.on(&Event::Replied { done, of });
                }
            } else {
                rest.push((key, request));
            }
        }
        Ok(rest)
    }

    /// Takes a reply in; gives the piece that it was the last one of.
    fn take(&mut self, ask: &Ask, outcome: Outcome) -> Result<(), RunError> {
        let seconds = ask.began.elapsed().as_secs_f64();
        let outcome = finite(outcome);
        self.waiting.remove(&ask.key);
        self.session.journal.reply(ask.key, &outcome, Some(seconds))?;
        // A server may answer the same request otherwise tomorrow, and what failed may succeed.
        if let Some(cache) = self.session.cache.as_mut().filter(|_| ask.pinned && outcome.is_ok()) {
            cache.note(ask.key);
        }
        let Some(piece) = self.pieces.get_mut(&ask.piece) else { return Ok(()) };
        piece.done += 1;
        piece.errors += u64::from(outcome.is_err());
        let (done, of) = (piece.done, piece.info.requests);
        self.listener.on(&Event::Replied { done, of });
        if done == of { self.close(ask.piece) } else { Ok(()) }
    }

    /// Notes that a piece has all its replies.
    fn close(&mut self, piece: u32) -> Result<(), RunError> {
        let Some(piece) = self.pieces.remove(&piece) else { return Ok(()) };
        self.groups[piece.group].open -= 1;
        let seconds = piece.began.elapsed().as_secs_f64();
        self.session.journal.unit(&UnitMark { id: piece.info.id.clone(), seconds })?;
        let event = self.progress.event(piece.info, piece.errors, seconds, piece.weight);
        self.listener.on(&event);
        Ok(())
    }

    /// What a unit is, for listeners.
    fn info(&self, unit: &Unit, wave: u8, id: String, requests: usize) -> UnitInfo {
        let (prepared, lane) = (self.session.prepared, unit.lane);
        let suite = prepared.suite;
        let bench = prepared.benches[lane.benchmark].as_ref();
        UnitInfo {
            id,
            model: suite.models[lane.model].id.clone(),
            controller: lane.controller.map(|c| suite.controllers[c].id.clone()),
            benchmark: suite.benchmarks[lane.benchmark].id.clone(),
            wave,
            turns: bench.map_or(1, |bench| bench.scoring.recipe.turns().min(usize::from(u8::MAX)) as u8),
            requests: requests as u64,
            before: unit.slots.start as u64,
            texts: unit.slots.len() as u64,
            of: bench.map_or(0, |bench| bench.items.len() as u64 * u64::from(bench.repeats())),
        }
    }
}

impl Feed for Asking<'_, '_> {
    fn next(&mut self) -> Next {
        if self.failure.is_some() {
            return Next::End;
        }
        if let Some((key, request)) = self.queue.pop_front() {
            let under_test = &self.session.prepared.suite.models[self.errand.model].model;
            let pinned = self.session.cache.is_some() && self.session.names.pinned(&request, under_test);
            self.given += 1;
            let ticket = Ticket(self.given);
            self.under_way.insert(ticket, Ask { key, piece: self.at, began: Instant::now(), pinned });
            self.cut = true;
            return Next::Ask(ticket, Request { model: None, ..request });
        }
        if std::mem::take(&mut self.cut) {
            return Next::Cut;
        }
        match self.advance() {
            Ok(true) => self.next(),
            Ok(false) if self.under_way.is_empty() => Next::End,
            Ok(false) => Next::Later,
            Err(error) => {
                self.failure = Some(error);
                Next::End
            }
        }
    }

    fn reply(&mut self, ticket: Ticket, outcome: Outcome) {
        let Some(ask) = self.under_way.remove(&ticket) else { return };
        if let Err(error) = self.take(&ask, outcome) {
            self.failure.get_or_insert(error);
        }
    }
}

/// A reply with a number that is not finite is an error: no table could hold it, and no mean could use it.
fn finite(outcome: Outcome) -> Outcome {
    match outcome.as_ref().ok().and_then(Reply::not_finite) {
        Some(field) => Err(RequestError::new(ErrorKind::NotFinite, format!("`{field}` of the reply is not finite"))),
        None => outcome,
    }
}
