//! The journal: what a run has so far, in one append-only file, so that a kill loses only what was being computed.
//!
//! It is a row of records ([`crate::frames`]); a payload is a tag and JSON, for a reply and its timing with the request's
//! hash between them. A damaged record is passed over and told, and every whole one counts: a reply is found by the hash of
//! all that can change it, so it is right wherever it stands and whatever is missing before it. Replies are written as they
//! come, which outlives the process; once a second, and at the end of a sitting, the file is also synced, which outlives the
//! machine ([`crate::durable`]).

use crate::durable::Durable;
use crate::error::{RunError, io_error};
use crate::frames::{FRAME, Frames, Place, framed, read_at};
use crate::identity::Identity;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use telos_core::{Outcome, Reply, RequestError};
pub(crate) use telos_data::JOURNAL;

/// The hash of a request and of everything else that can change its reply.
pub(crate) type Key = [u8; 32];

pub(crate) const HEADER: u8 = b'H';
const SITTING: u8 = b'S';
const UNIT: u8 = b'U';
pub(crate) const REPLY: u8 = b'R';
const TIMING: u8 = b'T';

/// A unit of work that is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnitMark {
    pub id: String,
    pub seconds: f64,
}

/// What earlier sittings left.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Past {
    /// Of what the run is; none where the record that says so is damaged.
    pub identity: Option<Identity>,
    /// When each sitting began, RFC 3339.
    pub sittings: Vec<String>,
    pub units: Vec<UnitMark>,
    /// What could not be read, for a person; empty where all of it could.
    pub lost: Vec<String>,
}

/// What is known of a reply without reading it.
#[derive(Debug, Clone, Copy)]
struct Kept {
    place: Place,
    /// NaN where nobody knows.
    seconds: f32,
}

/// An open journal.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    reader: File,
    end: u64,
    index: HashMap<Key, Kept>,
    /// Requests that ended in an error which may pass.
    passing: HashSet<Key>,
    durable: Durable,
}

impl Journal {
    /// Begins a journal, in place of whatever the file held.
    pub(crate) fn create(folder: &Path, identity: &Identity) -> Result<Self, RunError> {
        let path = folder.join(JOURNAL);
        let options = OpenOptions::new().write(true).create(true).truncate(true).clone();
        let file = options.open(&path).map_err(io_error("create the journal", &path))?;
        let mut journal = Self::over(path, file, 0, HashMap::new())?;
        journal.header(identity)?;
        journal.sync()?;
        Ok(journal)
    }

    /// Opens the journal of an earlier sitting; none where there is none, or none with a whole record.
    pub(crate) fn open(folder: &Path) -> Result<Option<(Self, Past)>, RunError> {
        let path = folder.join(JOURNAL);
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("open the journal", &path)(error)),
        };
        let copy = file.try_clone().map_err(io_error("read the journal", &path))?;
        let mut frames = Frames::new(copy).map_err(io_error("read the journal", &path))?;
        let mut past = Past { identity: None, sittings: Vec::new(), units: Vec::new(), lost: Vec::new() };
        let mut index = HashMap::new();
        while let Some((place, payload)) = frames.next().map_err(io_error("read the journal", &path))? {
            if read_into(&mut past, &mut index, &payload, place).is_none() {
                past.lost.push(format!("a record at byte {} that this version cannot read", place.offset));
            }
        }
        past.lost.extend(frames.lost());
        let end = frames.end();
        if end == 0 {
            return Ok(None);
        }
        // The next record must not stand behind half a one.
        file.set_len(end).map_err(io_error("shorten the journal", &path))?;
        Ok(Some((Self::over(path, file, end, index)?, past)))
    }

    /// Says again of what the run is, where the record that said so is damaged.
    pub(crate) fn header(&mut self, identity: &Identity) -> Result<(), RunError> {
        let header = json(&self.path, identity)?;
        self.write(&framed(HEADER, None, &header)).map(drop)
    }

    fn over(path: PathBuf, mut file: File, end: u64, index: HashMap<Key, Kept>) -> Result<Self, RunError> {
        file.seek(SeekFrom::Start(end)).map_err(io_error("open the journal", &path))?;
        let reader = File::open(&path).map_err(io_error("read the journal", &path))?;
        let durable = Durable::new(&file).map_err(io_error("open the journal", &path))?;
        Ok(Self { path, file, reader, end, index, passing: HashSet::new(), durable })
    }

    /// Notes that a sitting begins.
    pub(crate) fn sitting(&mut self, started: &str) -> Result<(), RunError> {
        let begun = json(&self.path, &started)?;
        self.write(&framed(SITTING, None, &begun)).map(drop)
    }

    /// Notes that a unit is done.
    pub(crate) fn unit(&mut self, mark: &UnitMark) -> Result<(), RunError> {
        let done = json(&self.path, mark)?;
        self.write(&framed(UNIT, None, &done)).map(drop)
    }

    /// Keeps a reply, and how many seconds it took where that is known.
    pub(crate) fn reply(&mut self, key: Key, outcome: &Outcome, seconds: Option<f64>) -> Result<(), RunError> {
        let written = match outcome {
            Ok(reply) => serde_json::json!({"ok": reply.to_json()}),
            Err(error) => serde_json::json!({"error": error}),
        };
        let mut records = framed(REPLY, Some(&key), written.to_string().as_bytes());
        let length = (records.len() - FRAME) as u32;
        let seconds = seconds.map(|seconds| seconds as f32);
        if let Some(seconds) = seconds {
            records.extend(framed(TIMING, Some(&key), &json(&self.path, &seconds)?));
        }
        let place = Place { offset: self.write(&records)? + FRAME as u64, length };
        match outcome {
            Err(error) if error.kind.is_passing() => self.passing.insert(key),
            _ => self.passing.remove(&key),
        };
        self.index.insert(key, Kept { place, seconds: seconds.unwrap_or(f32::NAN) });
        Ok(())
    }

    /// How many seconds a reply took; none where nobody knows.
    pub(crate) fn seconds(&self, key: &Key) -> Option<f64> {
        self.index.get(key).map(|kept| f64::from(kept.seconds)).filter(|seconds| seconds.is_finite())
    }

    /// What was kept for a request, as it lies in the file; none where there is nothing.
    pub(crate) fn raw(&mut self, key: &Key) -> Result<Option<Vec<u8>>, RunError> {
        let Some(kept) = self.index.get(key).copied() else { return Ok(None) };
        let mut payload = read_at(&mut self.reader, kept.place).map_err(io_error("read the journal", &self.path))?;
        Ok(Some(payload.split_off((1 + key.len()).min(payload.len()))))
    }

    /// Whether the request has its reply.
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.index.contains_key(key)
    }

    /// How many requests of this sitting ended in an error that may pass: another sitting asks them again.
    pub(crate) fn passing(&self) -> u64 {
        self.passing.len() as u64
    }

    /// How many replies there are.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The reply to a request of that kind; none where it has none yet.
    pub(crate) fn get(&mut self, key: &Key, kind: &str) -> Result<Option<Outcome>, RunError> {
        let Some(text) = self.raw(key)? else { return Ok(None) };
        parse(&text, kind).map(Some).map_err(|message| RunError::Journal { path: self.path.clone(), message })
    }

    /// Makes all of it outlive the machine.
    pub(crate) fn sync(&mut self) -> Result<(), RunError> {
        self.file.sync_data().map_err(io_error("sync the journal", &self.path))
    }

    /// Ends the journal: what it holds stands in the tables.
    pub(crate) fn remove(self) -> Result<(), RunError> {
        remove(self.path.parent().unwrap_or(Path::new(".")))
    }

    /// Writes records at the end, and says where that was.
    fn write(&mut self, records: &[u8]) -> Result<u64, RunError> {
        self.file.write_all(records).map_err(io_error("write the journal", &self.path))?;
        self.durable.written().map_err(io_error("sync the journal", &self.path))?;
        let begin = self.end;
        self.end += records.len() as u64;
        Ok(begin)
    }
}

/// Removes the journal of a folder, if there is one.
pub(crate) fn remove(folder: &Path) -> Result<(), RunError> {
    let path = folder.join(JOURNAL);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io_error("remove the journal", &path)(error)),
        _ => Ok(()),
    }
}

fn json(path: &Path, value: &impl Serialize) -> Result<Vec<u8>, RunError> {
    let told = |error: serde_json::Error| RunError::Journal { path: path.to_path_buf(), message: error.to_string() };
    serde_json::to_vec(value).map_err(told)
}

/// Reads what [`Journal::reply`] wrote.
pub(crate) fn parse(text: &[u8], kind: &str) -> Result<Outcome, String> {
    let mut stored: Value = serde_json::from_slice(text).map_err(|e| e.to_string())?;
    match stored.get_mut("ok").map(Value::take) {
        Some(reply) => Reply::from_json(kind, reply).map(Ok).map_err(|e| e.to_string()),
        None => serde_json::from_value::<RequestError>(stored["error"].take()).map(Err).map_err(|e| e.to_string()),
    }
}

/// Whether a stored outcome is an error that may pass.
fn is_passing(text: &[u8]) -> bool {
    const ERROR: &[u8] = br#"{"error""#;
    let stored = || serde_json::from_slice::<Value>(text).ok();
    let error = || stored().and_then(|mut stored| serde_json::from_value::<RequestError>(stored["error"].take()).ok());
    // Replies are many and long; only errors are read.
    text.starts_with(ERROR) && error().is_some_and(|error| error.kind.is_passing())
}

/// Takes one record in; none where it makes no sense.
fn read_into(past: &mut Past, index: &mut HashMap<Key, Kept>, payload: &[u8], place: Place) -> Option<()> {
    let (tag, rest) = payload.split_first()?;
    match *tag {
        HEADER => past.identity = Some(serde_json::from_slice(rest).ok()?),
        SITTING => past.sittings.push(serde_json::from_slice(rest).ok()?),
        UNIT => past.units.push(serde_json::from_slice(rest).ok()?),
        REPLY => {
            let key: Key = rest.get(..32)?.try_into().ok()?;
            if is_passing(&rest[32..]) {
                // It is no reply for good: this sitting asks again.
                index.remove(&key);
            } else {
                index.insert(key, Kept { place, seconds: f32::NAN });
            }
        }
        TIMING => {
            let key: Key = rest.get(..32)?.try_into().ok()?;
            let seconds = serde_json::from_slice(&rest[32..]).ok()?;
            // Its reply may be the record that is damaged.
            if let Some(kept) = index.get_mut(&key) {
                kept.seconds = seconds;
            }
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::testing::folder;
    use telos_core::ErrorKind;
    use telos_core::reply::{Classification, Reward};

    fn outcomes() -> Vec<(Key, &'static str, Outcome)> {
        let odd = Classification { logits: vec![0.1, -7.3e-9], probabilities: vec![("a\u{1F600}".into(), 0.1 + 0.2)] };
        vec![
            ([1; 32], "classify", Ok(Reply::Classify(odd))),
            ([2; 32], "reward", Ok(Reply::Reward(Reward { reward: 1.0e-40 }))),
            ([3; 32], "generate", Err(RequestError::new(ErrorKind::TooLong, "no room"))),
        ]
    }

    fn written(folder: &Path) -> Vec<u8> {
        let mut journal = Journal::create(folder, &Identity::default()).unwrap();
        journal.sitting("2026-01-01T00:00:00Z").unwrap();
        for (key, _, outcome) in outcomes() {
            journal.reply(key, &outcome, None).unwrap();
        }
        journal.unit(&UnitMark { id: "u".into(), seconds: 0.25 }).unwrap();
        std::fs::read(folder.join(JOURNAL)).unwrap()
    }

    #[test]
    fn replies_come_back_bit_for_bit() {
        let folder = folder("journal-back");
        written(&folder);
        let (mut journal, past) = Journal::open(&folder).unwrap().unwrap();
        assert_eq!((past.sittings.len(), past.units[0].seconds), (1, 0.25));
        for (key, kind, outcome) in outcomes() {
            assert_eq!(journal.get(&key, kind).unwrap(), Some(outcome));
        }
        assert_eq!(journal.get(&[9; 32], "classify").unwrap(), None);
    }

    #[test]
    fn a_journal_cut_anywhere_keeps_its_whole_records_and_can_be_continued() {
        let folder = folder("journal-cut");
        let whole = written(&folder);
        let mut most = 0;
        for cut in 0..=whole.len() {
            std::fs::write(folder.join(JOURNAL), &whole[..cut]).unwrap();
            let Some((mut journal, _)) = Journal::open(&folder).unwrap() else {
                assert_eq!(most, 0, "a header was there before");
                continue;
            };
            let kept = journal.len();
            assert!(kept >= most, "a longer journal keeps at least as much");
            most = kept;
            journal.reply([7; 32], &outcomes()[1].2, None).unwrap();
            drop(journal);
            let (mut again, _) = Journal::open(&folder).unwrap().unwrap();
            assert_eq!(again.len(), kept + 1);
            assert_eq!(again.get(&[7; 32], "reward").unwrap(), Some(outcomes()[1].2.clone()));
        }
        assert_eq!(most, 3);
    }

    /// R4: whichever bit is flipped, one record is lost and every other is there.
    #[test]
    fn r4_a_flipped_bit_loses_one_record_and_is_told() {
        let folder = folder("journal-bit");
        let whole = written(&folder);
        for at in 0..whole.len() {
            let mut spoiled = whole.clone();
            spoiled[at] ^= 1 << (at % 8);
            std::fs::write(folder.join(JOURNAL), &spoiled).unwrap();
            let (mut journal, past) = Journal::open(&folder).unwrap().unwrap();
            let there = journal.len() + past.sittings.len() + past.units.len() + usize::from(past.identity.is_some());
            assert_eq!((there, past.lost.len()), (5, 1), "byte {at}: {past:?}");
            for (key, kind, outcome) in outcomes() {
                assert!(journal.get(&key, kind).unwrap().is_none_or(|kept| kept == outcome), "byte {at}");
            }
            journal.reply([7; 32], &outcomes()[1].2, None).unwrap();
            let kept = journal.len();
            drop(journal);
            assert_eq!(Journal::open(&folder).unwrap().unwrap().0.len(), kept, "it can be continued");
        }
    }

    #[test]
    fn seconds_are_kept_beside_the_reply() {
        let folder = folder("journal-seconds");
        written(&folder);
        let (mut journal, _) = Journal::open(&folder).unwrap().unwrap();
        journal.reply([8; 32], &outcomes()[0].2, Some(0.25)).unwrap();
        let (journal, past) = Journal::open(&folder).unwrap().unwrap();
        assert_eq!(([8, 2, 9].map(|k| journal.seconds(&[k; 32])), past.lost.len()), ([Some(0.25), None, None], 0));
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let folder = folder("journal-byte");
        let mut whole = written(&folder);
        let last = whole.len() - 1;
        whole[last] ^= 1;
        std::fs::write(folder.join(JOURNAL), &whole).unwrap();
        let (journal, past) = Journal::open(&folder).unwrap().unwrap();
        assert_eq!((journal.len(), past.units.len()), (3, 0));
    }
}
