//! The record's tables, written row by row from the journal in the suite's order.

use crate::bench::Bench;
use crate::error::RunError;
use crate::lanes::LaneId;
use crate::rows::{Came, RowPlace, reply_row, score_rows, step_rows, timing_row};
use crate::session::{Asked, At, Session};
use std::collections::BTreeMap;
use telos_core::record::{ItemRow, ReplyRow, ScoreRow, StepRow, TimingRow};
use telos_core::{Score, Status};
use telos_data::{ITEMS, REPLIES, SCORES, STEPS, TIMINGS, TableWriter};
use telos_spec::suite::Arm;

/// What the tables hold.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    pub replies: u64,
    pub errors: u64,
    pub skipped: u64,
}

struct Tables {
    replies: TableWriter<ReplyRow>,
    scores: TableWriter<ScoreRow>,
    steps: TableWriter<StepRow>,
    timings: TableWriter<TimingRow>,
    written: Written,
}

/// Writes all tables and makes them durable: what they hold, and the hash of each.
pub(crate) fn write(
    session: &mut Session<'_>,
    folder: &std::path::Path,
) -> Result<(Written, BTreeMap<String, String>), RunError> {
    let mut items = TableWriter::create(folder.join(ITEMS))?;
    for bench in session.prepared.benches.iter().flatten() {
        for item in bench.items.iter() {
            items.push(ItemRow {
                benchmark: bench.spec.id.clone(),
                item: item.id.clone(),
                index: item.index,
                item_hash: item.hash.clone(),
                cluster: item.cluster.clone(),
                goals: bench.spec.goals.iter().map(|goal| goal.0.clone()).collect(),
                data: serde_json::to_string(&item.data).unwrap_or_default(),
            })?;
        }
    }
    let items = items.finish()?;
    let mut tables = Tables {
        replies: TableWriter::create(folder.join(REPLIES))?,
        scores: TableWriter::create(folder.join(SCORES))?,
        steps: TableWriter::create(folder.join(STEPS))?,
        timings: TableWriter::create(folder.join(TIMINGS))?,
        written: Written::default(),
    };
    let suite = session.prepared.suite;
    for (place, arm) in suite.arms.iter().enumerate() {
        let first = suite.arms[..place].iter().all(|earlier| earlier.model != arm.model);
        for benchmark in 0..suite.benchmarks.len() {
            tables.benchmark(session, *arm, benchmark, first)?;
        }
    }
    let hashes = [
        (ITEMS, items),
        (REPLIES, tables.replies.finish()?),
        (SCORES, tables.scores.finish()?),
        (STEPS, tables.steps.finish()?),
        (TIMINGS, tables.timings.finish()?),
    ];
    Ok((tables.written, hashes.map(|(name, hash)| (name.to_owned(), hash)).into()))
}

impl Tables {
    /// One arm's rows. Replies that belong to the model alone are written with its first arm.
    fn benchmark(
        &mut self,
        session: &mut Session<'_>,
        arm: Arm,
        benchmark: usize,
        first: bool,
    ) -> Result<(), RunError> {
        let bench = session.bench(benchmark)?;
        let controller = bench.controlled().then_some(arm.controller);
        let lane = LaneId { model: arm.model, controller, benchmark };
        for slot in 0..bench.items.len() * bench.repeats() as usize {
            let asked = session.answered(At { lane, slot })?;
            self.slot(session, (bench, arm), &asked, controller.is_some() || first)?;
        }
        Ok(())
    }

    fn slot(
        &mut self,
        session: &Session<'_>,
        (bench, arm): (&Bench<'_>, Arm),
        asked: &Asked,
        replies: bool,
    ) -> Result<(), RunError> {
        let suite = session.prepared.suite;
        let (scoring, chain) = (&bench.scoring, &asked.chain);
        let scores = chain.scores(scoring);
        let controller = &suite.controllers[arm.controller];
        let arm_id = suite.arm_id(arm);
        let place = RowPlace {
            model: &suite.models[arm.model].id,
            controller: bench.controlled().then_some(controller.id.as_str()),
            benchmark: &bench.spec.id,
            item: &chain.item.id,
            repeat: chain.repeat,
            wave: 0,
            index: 0,
        };
        if replies {
            // The evaluator's word on whether an answer could be read is about the last turn's.
            let answers = chain.turns.unwrap_or(chain.waves.len()).saturating_sub(1);
            let reading = reading(&scores);
            let controlled = bench.controlled() && !controller.controller.is_none();
            for (number, wave) in chain.waves.iter().chain(&asked.open).enumerate() {
                let about = reading.filter(|_| number == answers);
                for (index, (request, key)) in (0..).zip(wave.requests.iter().zip(&wave.keys)) {
                    let place = RowPlace { index, wave: number.min(usize::from(u8::MAX)) as u8, ..place };
                    let came = match (&chain.skipped, wave.replies.get(index as usize)) {
                        (Some(reason), _) => Came::Skipped(reason),
                        (None, Some(reply)) => Came::Reply(reply),
                        (None, None) => continue,
                    };
                    let mut row = reply_row(place, request, key, &session.names, came);
                    if let Some(worse) = about {
                        row.status = row.status.max(worse);
                    }
                    self.reply(row)?;
                    if let Came::Reply(reply) = came {
                        self.timings.push(timing_row(place, reply, session.journal.seconds(key)))?;
                        if controlled {
                            step_rows(&arm_id, place, reply).into_iter().try_for_each(|row| self.steps.push(row))?;
                        }
                    }
                }
            }
        }
        for row in score_rows(&arm_id, place, (scoring.kind(), scoring.evaluator.as_ref()), &scores) {
            self.scores.push(row)?;
        }
        Ok(())
    }

    fn reply(&mut self, row: ReplyRow) -> Result<(), RunError> {
        self.written.replies += 1;
        self.written.errors += u64::from(row.status == Status::Error);
        self.written.skipped += u64::from(row.status == Status::Skipped);
        Ok(self.replies.push(row)?)
    }
}

/// What the evaluator found out about the reply itself: that the model declined, or that no answer could be read.
fn reading(scores: &[Score]) -> Option<Status> {
    let about_replies = |status: &Status| matches!(status, Status::Unparsed | Status::Refused);
    scores.iter().map(|score| score.status).filter(about_replies).max()
}
