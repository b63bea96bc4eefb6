//! A run from a suite to its record: begun or resumed, asked wave by wave, written, closed.

use crate::cache::Cache;
use crate::error::RunError;
use crate::events::{Event, Listener};
use crate::folder::Folder;
use crate::identity::Identity;
use crate::journal::{self, Journal, Past, UnitMark};
use crate::loaded::Loaded;
use crate::manifest::manifest;
use crate::schedule::{Prepared, Schedule};
use crate::session::{At, Session};
use crate::tables;
use crate::units::Unit;
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use telos_core::record::{Manifest, RunStatus};
use telos_core::{ControllerSpec, Models};
use telos_data::DataError;
use telos_spec::suite::Suite;

/// How a run is carried out; nothing in here changes a reply or a score.
#[derive(Clone, Copy)]
pub struct RunOptions<'a> {
    /// The record's folder.
    pub out: &'a Path,
    /// Whether a record that is there is continued.
    pub resume: bool,
    /// A folder with the replies of earlier runs, which identical requests are answered from.
    pub cache: Option<&'a Path>,
    /// Set by whoever wants the run to stop after the unit at work.
    pub stop: &'a AtomicBool,
    /// What goes into the manifest's `environment`: threads, dtype, batch budget, versions, machine.
    pub environment: &'a Map<String, Value>,
    /// The time as RFC 3339.
    pub now: &'a dyn Fn() -> String,
}

/// Runs a suite and gives the manifest of its complete record.
///
/// The folder is taken, the suite planned and all its problems found before any weights load. A record that is complete
/// already is left as it is.
pub fn run(
    suite: &Suite,
    models: &dyn Models,
    options: &RunOptions<'_>,
    listener: &mut dyn Listener,
) -> Result<Manifest, RunError> {
    let began = Instant::now();
    let folder = Folder::claim(options.out, options.resume)?;
    let prepared = Prepared::new(suite, models)?;
    let schedule = Schedule::new(&prepared);
    listener.on(&Event::Planned { plan: schedule.plan.clone() });
    if !schedule.plan.problems.is_empty() {
        return Err(RunError::Problems(schedule.plan.problems.clone()));
    }
    let planned = began.elapsed().as_secs_f64();
    let loaded = Loaded::new(&prepared, models, options.stop, listener)?;
    let names = loaded.names(suite);
    let fresh = manifest(&prepared, &schedule, &loaded, &names, options.environment);
    let (mut record, journal, past) = match begin(&folder.path, Box::new(fresh))? {
        Begun::Complete(manifest) => return Ok(*manifest),
        Begun::At { manifest, journal, past } => (*manifest, *journal, past),
    };
    let earlier: f64 = past.units.iter().map(|unit| unit.seconds).sum();
    let now = (options.now)();
    record.timings.started.clone_from(past.sittings.first().unwrap_or(&now));
    record.timings.sittings = past.sittings.len() as u32 + 1;
    record.timings.seconds = earlier;
    telos_data::write_manifest(&folder.path, &record)?;
    if !past.lost.is_empty() {
        let (lost, replies) = (past.lost.clone(), journal.len() as u64);
        listener.on(&Event::JournalDamaged { lost, replies });
    }
    let none = ControllerSpec::none();
    let mut cache = options.cache.map(|path| Cache::open(path, options.environment)).transpose()?;
    if let Some(cache) = &mut cache {
        listener.on(&Event::CacheOpened { replies: cache.len() as u64, damaged: std::mem::take(&mut cache.damaged) });
    }
    let tested = loaded.tested;
    let mut session =
        Session { prepared: &prepared, schedule: &schedule, models, loaded: tested, names, journal, cache, none };
    session.journal.sitting(&now)?;
    let asked = Progress::new(&mut session, options.stop).and_then(|mut progress| progress.all(&mut session, listener));
    session.journal.sync()?;
    if let Some(cache) = session.cache.take() {
        let (used, (kept, problems)) = (cache.used, cache.keep(&mut session.journal)?);
        listener.on(&Event::CacheKept { used, kept, problems });
    }
    let ready = began.elapsed().as_secs_f64();
    let written = asked.and_then(|()| {
        listener.on(&Event::Writing);
        tables::write(&mut session, &folder.path)
    });
    let timings = &mut record.timings;
    timings.ended = Some((options.now)());
    timings.seconds = earlier + began.elapsed().as_secs_f64();
    timings.peak_memory = peak_memory();
    let phases = [("plan", planned), ("load", loaded.seconds), ("ask", ready - planned - loaded.seconds)];
    timings.phases.extend(phases.map(|(name, seconds)| (name.to_owned(), seconds.max(0.0))));
    timings.phases.insert("write".to_owned(), began.elapsed().as_secs_f64() - ready);
    match written {
        Ok((written, hashes)) => {
            record.status = RunStatus::Complete;
            record.tables = hashes;
            telos_data::write_manifest(&folder.path, &record)?;
            // The tables and the manifest are on the disk by now.
            session.journal.remove()?;
            let tables::Written { replies, errors, skipped } = written;
            listener.on(&Event::Finished { replies, errors, skipped, seconds: began.elapsed().as_secs_f64() });
            Ok(record)
        }
        Err(error) => {
            if matches!(error, RunError::Interrupted) {
                record.status = RunStatus::Interrupted;
                telos_data::write_manifest(&folder.path, &record)?;
            }
            Err(error)
        }
    }
}

enum Begun {
    /// There is nothing to do.
    Complete(Box<Manifest>),
    /// There is.
    At { manifest: Box<Manifest>, journal: Box<Journal>, past: Box<Past> },
}

/// Looks at what the folder holds and begins or goes on. A manifest or journal that is torn counts for nothing.
fn begin(folder: &Path, fresh: Box<Manifest>) -> Result<Begun, RunError> {
    let identity = Identity::of(&fresh);
    let same = |then: &Identity| match then.differences(&identity) {
        differences if differences.is_empty() => Ok(()),
        differences => Err(RunError::Different { path: folder.to_path_buf(), differences }),
    };
    let stored = match telos_data::read_manifest(folder) {
        Ok(manifest) => Some(manifest),
        Err(error @ DataError::Format { .. }) => return Err(error.into()),
        // Not there, or cut short by a kill.
        Err(_) => None,
    };
    if let Some(manifest) = stored {
        same(&Identity::of(&manifest))?;
        let tables = [telos_data::ITEMS, telos_data::REPLIES, telos_data::SCORES, telos_data::STEPS];
        if manifest.status == RunStatus::Complete && tables.iter().all(|table| folder.join(table).exists()) {
            // The process may have been killed between the manifest and this.
            journal::remove(folder)?;
            return Ok(Begun::Complete(Box::new(manifest)));
        }
    }
    if let Some((mut journal, past)) = Journal::open(folder)? {
        match &past.identity {
            Some(then) => same(then)?,
            // A reply is found by the hash of all that can change it, so that none of another run could be taken.
            None => journal.header(&identity)?,
        }
        return Ok(Begun::At { manifest: fresh, journal: Box::new(journal), past: Box::new(past) });
    }
    let journal = Box::new(Journal::create(folder, &identity)?);
    Ok(Begun::At { manifest: fresh, journal, past: Box::default() })
}

/// The walk through all units.
struct Progress<'a> {
    stop: &'a AtomicBool,
    /// Units that had all their replies when the sitting began.
    there: Vec<bool>,
    done: u64,
    weight_left: u64,
    weight_done: u64,
    seconds: f64,
}

impl<'a> Progress<'a> {
    fn new(session: &mut Session<'_>, stop: &'a AtomicBool) -> Result<Self, RunError> {
        let units = &session.schedule.units;
        let mut there = vec![false; units.len()];
        if session.journal.len() > 0 {
            for (unit, there) in units.iter().zip(&mut there) {
                *there = session.missing(at(unit), unit.slots.clone())?.is_empty();
            }
        }
        let left = units.iter().zip(&there).filter(|(_, there)| !**there);
        let weight_left = left.map(|(unit, _)| unit.weight).sum();
        Ok(Self { stop, there, done: 0, weight_left, weight_done: 0, seconds: 0.0 })
    }

    fn all(&mut self, session: &mut Session<'_>, listener: &mut dyn Listener) -> Result<(), RunError> {
        let units = &session.schedule.units;
        self.done = self.there.iter().filter(|there| **there).count() as u64;
        if session.journal.len() > 0 {
            listener.on(&Event::Resumed { replies: session.journal.len() as u64, units: self.done });
        }
        // Units of one model, benchmark and controller stand together; their follow-ups come after the last of them.
        let mut place = 0;
        for group in units.chunk_by(|a, b| (a.model, a.benchmark, a.controller) == (b.model, b.benchmark, b.controller))
        {
            for unit in group {
                if !self.there[place] {
                    self.first_wave(session, unit, listener)?;
                }
                place += 1;
            }
            for unit in group {
                self.follow_ups(session, unit, listener)?;
            }
        }
        Ok(())
    }

    fn first_wave(
        &mut self,
        session: &mut Session<'_>,
        unit: &Unit,
        listener: &mut dyn Listener,
    ) -> Result<(), RunError> {
        let wanted = session.missing(at(unit), unit.slots.clone())?;
        self.weight_left = self.weight_left.saturating_sub(unit.weight);
        self.done += 1;
        if wanted.is_empty() {
            // Another unit asked the same.
            return Ok(());
        }
        let weight = unit.weight;
        self.unit(session, (unit, 0, unit.id.clone(), weight), wanted, listener)
    }

    fn follow_ups(
        &mut self,
        session: &mut Session<'_>,
        unit: &Unit,
        listener: &mut dyn Listener,
    ) -> Result<(), RunError> {
        let pieces = session.missing_follow_ups(at(unit), unit.slots.clone())?;
        for (number, wanted) in pieces.into_iter().enumerate() {
            let id = format!("{}-{}", unit.id, number + 1);
            self.unit(session, (unit, 1, id, 0), wanted, listener)?;
        }
        Ok(())
    }

    /// Asks the requests of one unit, or of one piece of its follow-ups.
    fn unit(
        &mut self,
        session: &mut Session<'_>,
        (unit, wave, id, weight): (&Unit, u8, String, u64),
        wanted: Vec<(journal::Key, telos_core::Request)>,
        listener: &mut dyn Listener,
    ) -> Result<(), RunError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(RunError::Interrupted);
        }
        let began = Instant::now();
        let info = session.info(at(unit), wave, id, &unit.slots, wanted.len());
        listener.on(&Event::UnitStarted { unit: info.clone() });
        let errors = session.ask(unit.model, wanted, listener)?;
        let seconds = began.elapsed().as_secs_f64();
        session.journal.unit(&UnitMark { id: info.id.clone(), seconds })?;
        self.weight_done += weight;
        self.seconds += seconds;
        let rate = self.seconds / self.weight_done.max(1) as f64;
        listener.on(&Event::UnitDone {
            unit: info,
            errors,
            seconds,
            done: self.done,
            total: session.schedule.units.len() as u64,
            seconds_left: (self.weight_done > 0).then_some(rate * self.weight_left as f64),
        });
        Ok(())
    }
}

fn at(unit: &Unit) -> At {
    At { model: unit.model, controller: unit.controller, benchmark: unit.benchmark, slot: unit.slots.start }
}

/// Peak resident memory in bytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
