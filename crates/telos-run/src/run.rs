//! A run from a suite to its record: begun or resumed, asked wave by wave, written, closed.

use crate::asking::{Asking, Errand};
use crate::cache::Cache;
use crate::error::RunError;
use crate::events::{Event, Listener};
use crate::fingerprints::Fingerprints;
use crate::folder::Folder;
use crate::identity::Identity;
use crate::journal::{self, JOURNAL, Journal, Past};
use crate::manifest::manifest;
use crate::progress::Progress;
use crate::schedule::{Prepared, Schedule};
use crate::session::Session;
use crate::tables;
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use telos_core::record::{Manifest, RunStatus};
use telos_core::{ErrorKind, Feed, Model, ModelError, ModelRef, Models, Next, RequestError};
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
    if !prepared.problems.is_empty() {
        // The plan tells of everything else that is wrong.
        let problems = Schedule::plan(&prepared).problems;
        return Err(RunError::Problems(problems));
    }
    let found = Fingerprints::new(&prepared, models, options.stop)?;
    let names = found.names(suite);
    let schedule = Schedule::new(&prepared, &names);
    listener.on(&Event::Planned { plan: schedule.plan.clone() });
    if !schedule.plan.problems.is_empty() {
        return Err(RunError::Problems(schedule.plan.problems.clone()));
    }
    let planned = began.elapsed().as_secs_f64();
    let fresh = manifest(&prepared, &schedule, &found, &names, options.environment);
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
    let mut cache = options.cache.map(|path| Cache::open(path, options.environment)).transpose()?;
    if let Some(cache) = &mut cache {
        listener.on(&Event::CacheOpened { replies: cache.len() as u64, damaged: std::mem::take(&mut cache.damaged) });
    }
    let mut session =
        Session { prepared: &prepared, schedule: &schedule, models, names, journal, cache, rendered: None };
    session.journal.sitting(&now)?;
    let asked = ask(&mut session, listener, options.stop);
    session.journal.sync()?;
    if let Some(cache) = session.cache.take() {
        let (used, (kept, problems)) = (cache.used, cache.keep(&mut session.journal)?);
        listener.on(&Event::CacheKept { used, kept, problems });
    }
    let ready = began.elapsed().as_secs_f64();
    let loading = asked.as_ref().map_or(0.0, |seconds| *seconds);
    let written = asked.and_then(|_| {
        listener.on(&Event::Writing);
        tables::write(&mut session, &folder.path)
    });
    let timings = &mut record.timings;
    timings.ended = Some((options.now)());
    timings.seconds = earlier + began.elapsed().as_secs_f64();
    timings.peak_memory = peak_memory();
    let phases = [("plan", planned), ("load", loading), ("ask", ready - planned - loading)];
    timings.phases.extend(phases.map(|(name, seconds)| (name.to_owned(), seconds.max(0.0))));
    timings.phases.insert("write".to_owned(), began.elapsed().as_secs_f64() - ready);
    match written {
        Ok((written, hashes)) => {
            record.status = RunStatus::Complete;
            record.tables = hashes;
            record.passing = session.journal.passing();
            telos_data::write_manifest(&folder.path, &record)?;
            // The tables and the manifest are on the disk by now. Where errors may pass, the journal stays: another sitting asks
            // for what they stand for, and for nothing else.
            if record.passing == 0 {
                session.journal.remove()?;
            }
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
        let whole = manifest.status == RunStatus::Complete && tables.iter().all(|table| folder.join(table).exists());
        if whole && (manifest.passing == 0 || !folder.join(JOURNAL).exists()) {
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

/// Asks everything: each model under test, and whomever its benchmarks' evaluators ask. Models are opened when it is their turn
/// and let go when nobody asks them any more; gives the seconds that opening took.
fn ask(session: &mut Session<'_>, listener: &mut dyn Listener, stop: &AtomicBool) -> Result<f64, RunError> {
    if session.journal.len() > 0 {
        let (replies, units) = (session.journal.len() as u64, Progress::there(session));
        listener.on(&Event::Resumed { replies, units });
    }
    let (suite, models) = (session.prepared.suite, session.models);
    let mut progress = Progress::new(session);
    let mut loading = 0.0;
    for (model, entry) in suite.models.iter().enumerate() {
        if session.prepared.models[model].is_none() {
            continue;
        }
        let mut whom = vec![entry.model.clone()];
        while !whom.is_empty() {
            let mut elsewhere: Vec<ModelRef> = Vec::new();
            for whom in whom {
                let errand = Errand { model, whom };
                let (seconds, others) = answer(session, errand, &mut progress, listener, stop)?;
                loading += seconds;
                elsewhere.extend(others.into_iter().filter(|other| !elsewhere.contains(other)).collect::<Vec<_>>());
            }
            whom = elsewhere;
        }
        let named = session.prepared.references.iter().any(|reference| reference.model == entry.model);
        let later = suite.models[model + 1..].iter().any(|later| later.model == entry.model);
        if !named && !later {
            models.close(&entry.model);
        }
    }
    session.prepared.references.iter().for_each(|reference| models.close(&reference.model));
    Ok(loading)
}

/// Asks one model all that it can be asked on behalf of one under test: the seconds that opening it took, and whom else the replies
/// make it necessary to ask.
fn answer(
    session: &mut Session<'_>,
    errand: Errand,
    progress: &mut Progress,
    listener: &mut dyn Listener,
    stop: &AtomicBool,
) -> Result<(f64, Vec<ModelRef>), RunError> {
    let (models, whom) = (session.models, errand.whom.clone());
    let under_test = whom == session.prepared.suite.models[errand.model].model;
    let mut opened: Option<Result<Arc<dyn Model>, ModelError>> = None;
    let mut seconds = 0.0;
    let mut asking = Asking::new(session, errand, progress, listener, stop);
    loop {
        let given = asking.given();
        if !asking.begin()? {
            return Ok((seconds, asking.end()?));
        }
        let model = opened.get_or_insert_with(|| {
            let (model, took) = asking.open(models, &whom)?;
            seconds = took;
            Ok(model)
        });
        match model {
            Ok(model) => model.answer(&mut asking, stop),
            Err(error) if under_test => return Err(error.clone().into()),
            // An evaluator judges without the replies of a model that cannot be opened.
            Err(error) => refuse(&mut asking, error),
        }
        if asking.given() == given {
            // A model that takes nothing would be asked for ever.
            return Ok((seconds, asking.end()?));
        }
        asking.settle()?;
    }
}

/// Answers everything with the reason why the model cannot be asked.
fn refuse(feed: &mut dyn Feed, error: &ModelError) {
    loop {
        match feed.next() {
            Next::Ask(ticket, _) => feed.reply(ticket, Err(RequestError::new(ErrorKind::Model, error.to_string()))),
            Next::Cut => {}
            Next::Later | Next::End => return,
        }
    }
}

/// Peak resident memory in bytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
