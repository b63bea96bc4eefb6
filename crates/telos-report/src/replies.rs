//! What is kept of the replies: how they went, which are there, and a digest of each prompt.

use crate::ReportError;
use crate::items::Items;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use telos_core::record::ReplyRow;
use telos_core::{Status, Tables};

/// Where a reply came from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Origin<'a> {
    pub(crate) model: &'a str,
    pub(crate) controller: Option<&'a str>,
    pub(crate) follow_up: bool,
}

impl<'a> Origin<'a> {
    /// Where a row came from.
    pub(crate) fn of(row: &'a ReplyRow) -> Self {
        Self { model: &row.model, controller: row.controller.as_deref(), follow_up: row.wave > 0 }
    }
}

/// The replies of a record, counted.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Replies {
    /// How many have which status.
    pub(crate) statuses: BTreeMap<String, usize>,
    /// The message of the first error.
    pub(crate) first_error: Option<String>,
    /// Errors and skipped requests of one kind from one place.
    pub(crate) troubles: Vec<Trouble>,
    /// The replies of the first wave, by place and benchmark.
    pub(crate) answers: Vec<Answers>,
}

/// Errors, or skipped requests, that are alike.
#[derive(Debug, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) model: String,
    pub(crate) controller: Option<String>,
    pub(crate) follow_up: bool,
    pub(crate) benchmark: String,
    pub(crate) status: Status,
    pub(crate) kind: String,
    /// The message of the first of them.
    pub(crate) message: String,
    pub(crate) count: usize,
}

/// What one model behind one controller answered on one benchmark.
#[derive(Debug, PartialEq)]
pub(crate) struct Answers {
    pub(crate) model: String,
    pub(crate) controller: Option<String>,
    pub(crate) benchmark: String,
    /// By the item's place and the repeat: whether there is a reply.
    pub(crate) there: Vec<Vec<bool>>,
    /// By (the item's place, repeat, index): the first 64 bits of the prompt's hash.
    pub(crate) prompts: HashMap<(u32, u32, u32), u64>,
}

impl Replies {
    /// Goes through the replies once.
    pub(crate) fn read(tables: &dyn Tables, items: &HashMap<String, Items>) -> Result<Self, ReportError> {
        let mut replies = Self::default();
        tables.replies(&mut |row| replies.take(row, items, tables))?;
        Ok(replies)
    }

    /// All of them.
    pub(crate) fn total(&self) -> usize {
        self.statuses.values().sum()
    }

    fn take(&mut self, row: &ReplyRow, items: &HashMap<String, Items>, tables: &dyn Tables) {
        match self.statuses.get_mut(row.status.as_str()) {
            Some(n) => *n += 1,
            None => drop(self.statuses.insert(row.status.to_string(), 1)),
        }
        if matches!(row.status, Status::Error | Status::Skipped) {
            self.trouble(row);
        }
        if row.wave == 0 {
            self.answer(row, items, tables);
        }
    }

    fn trouble(&mut self, row: &ReplyRow) {
        let message = row.error.as_deref().unwrap_or("no message");
        if row.status == Status::Error && self.first_error.is_none() {
            self.first_error = Some(message.to_owned());
        }
        let from = Origin::of(row);
        let kind = row.error_kind.as_deref().unwrap_or(row.status.as_str());
        let same = |t: &&mut Trouble| {
            t.from() == from && (&t.benchmark, t.status, t.kind.as_str()) == (&row.benchmark, row.status, kind)
        };
        match self.troubles.iter_mut().find(same) {
            Some(trouble) => trouble.count += 1,
            None => self.troubles.push(Trouble {
                model: row.model.clone(),
                controller: row.controller.clone(),
                follow_up: from.follow_up,
                benchmark: row.benchmark.clone(),
                status: row.status,
                kind: kind.to_owned(),
                message: message.to_owned(),
                count: 1,
            }),
        }
    }

    fn answer(&mut self, row: &ReplyRow, items: &HashMap<String, Items>, tables: &dyn Tables) {
        let Some(items) = items.get(&row.benchmark) else { return };
        let Some(place) = items.place.get(&row.item).copied() else { return };
        let same =
            |a: &Answers| (&a.model, &a.controller, &a.benchmark) == (&row.model, &row.controller, &row.benchmark);
        // Rows of one place come one after the other, so it mostly is the last one.
        let at = self.answers.iter().rposition(same).unwrap_or_else(|| {
            let entry = tables.manifest().benchmarks.iter().find(|b| b.id == row.benchmark);
            let repeats = entry.map_or(1, |b| b.repeats as usize);
            self.answers.push(Answers {
                model: row.model.clone(),
                controller: row.controller.clone(),
                benchmark: row.benchmark.clone(),
                there: vec![vec![false; repeats]; items.rows.len()],
                prompts: HashMap::new(),
            });
            self.answers.len() - 1
        });
        let answers = &mut self.answers[at];
        if let Some(there) = answers.there[place].get_mut(row.repeat as usize) {
            *there = true;
        }
        answers.prompts.insert((place as u32, row.repeat, row.index), short(&row.prompt_hash));
    }
}

impl Trouble {
    /// Where it came from.
    pub(crate) fn from(&self) -> Origin<'_> {
        Origin { model: &self.model, controller: self.controller.as_deref(), follow_up: self.follow_up }
    }
}

impl Answers {
    /// Where they came from.
    pub(crate) fn from(&self) -> Origin<'_> {
        Origin { model: &self.model, controller: self.controller.as_deref(), follow_up: false }
    }
}

/// 64 bits for a hash, its first 16 digits: enough to tell the two prompts of one place apart.
fn short(hash: &str) -> u64 {
    let digits = hash.get(..16).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_else(|| {
        let mut hasher = DefaultHasher::new();
        hash.hash(&mut hasher);
        hasher.finish()
    })
}
