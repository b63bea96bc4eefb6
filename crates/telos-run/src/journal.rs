//! The journal: what a run has so far, in one append-only file, so that a kill loses only what was being computed.
//!
//! A record is the payload's length (u32, little-endian), the first eight bytes of its blake3, and the payload: a tag and
//! JSON, for a reply with the request's hash between them. A record that is cut short or does not match its checksum ends
//! the journal: it and what follows are dropped. Replies are written as they come, which outlives the process; now and
//! then, and at the end of a sitting, the file is also synced, which outlives the machine.

use crate::error::{RunError, io_error};
use crate::identity::Identity;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use telos_core::{Outcome, Reply, RequestError};

/// The hash of a request and of everything else that can change its reply.
pub(crate) type Key = [u8; 32];

/// Its name in the record's folder.
pub(crate) const JOURNAL: &str = "journal";

pub(crate) const HEADER: u8 = b'H';
const SITTING: u8 = b'S';
const UNIT: u8 = b'U';
pub(crate) const REPLY: u8 = b'R';

/// Length and checksum before every payload.
pub(crate) const FRAME: usize = 12;

/// What a power cut may lose at most, in finished replies.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// A unit of work that is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnitMark {
    pub id: String,
    pub seconds: f64,
}

/// What earlier sittings left.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Past {
    pub identity: Identity,
    /// When each sitting began, RFC 3339.
    pub sittings: Vec<String>,
    pub units: Vec<UnitMark>,
}

/// Where a payload lies in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub offset: u64,
    pub length: u32,
}

/// An open journal.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    reader: File,
    end: u64,
    index: HashMap<Key, Place>,
    synced: Instant,
}

impl Journal {
    /// Begins a journal, in place of whatever the file held.
    pub(crate) fn create(folder: &Path, identity: &Identity) -> Result<Self, RunError> {
        let path = folder.join(JOURNAL);
        let options = OpenOptions::new().write(true).create(true).truncate(true).clone();
        let file = options.open(&path).map_err(io_error("create the journal", &path))?;
        let mut journal = Self::over(path, file, 0, HashMap::new())?;
        let header = json(&journal.path, identity)?;
        journal.append(HEADER, None, &header)?;
        journal.sync()?;
        Ok(journal)
    }

    /// Opens the journal of an earlier sitting; none where there is none, or none that begins with a whole header.
    pub(crate) fn open(folder: &Path) -> Result<Option<(Self, Past)>, RunError> {
        let path = folder.join(JOURNAL);
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("open the journal", &path)(error)),
        };
        let (mut past, mut index, mut end) = (None, HashMap::new(), 0_u64);
        let mut reader = BufReader::new(file.try_clone().map_err(io_error("read the journal", &path))?);
        while let Some(payload) = next(&mut reader) {
            let length = payload.len() as u32;
            if read_into(&mut past, &mut index, &payload, Place { offset: end + FRAME as u64, length }).is_none() {
                break;
            }
            end += FRAME as u64 + u64::from(length);
        }
        drop(reader);
        let Some(past) = past else { return Ok(None) };
        // The next record must not stand behind half a one.
        file.set_len(end).map_err(io_error("shorten the journal", &path))?;
        Ok(Some((Self::over(path, file, end, index)?, past)))
    }

    fn over(path: PathBuf, mut file: File, end: u64, index: HashMap<Key, Place>) -> Result<Self, RunError> {
        file.seek(SeekFrom::Start(end)).map_err(io_error("open the journal", &path))?;
        let reader = File::open(&path).map_err(io_error("read the journal", &path))?;
        Ok(Self { path, file, reader, end, index, synced: Instant::now() })
    }

    /// Notes that a sitting begins.
    pub(crate) fn sitting(&mut self, started: &str) -> Result<(), RunError> {
        let begun = json(&self.path, &started)?;
        self.append(SITTING, None, &begun).map(drop)
    }

    /// Notes that a unit is done.
    pub(crate) fn unit(&mut self, mark: &UnitMark) -> Result<(), RunError> {
        let done = json(&self.path, mark)?;
        self.append(UNIT, None, &done)?;
        if self.synced.elapsed() >= SYNC_EVERY { self.sync() } else { Ok(()) }
    }

    /// Keeps a reply.
    pub(crate) fn reply(&mut self, key: Key, outcome: &Outcome) -> Result<(), RunError> {
        let written = match outcome {
            Ok(reply) => serde_json::json!({"ok": reply.to_json()}),
            Err(error) => serde_json::json!({"error": error}),
        };
        let place = self.append(REPLY, Some(&key), written.to_string().as_bytes())?;
        self.index.insert(key, place);
        if self.synced.elapsed() >= SYNC_EVERY { self.sync() } else { Ok(()) }
    }

    /// What was kept for a request, as it lies in the file; none where there is nothing.
    pub(crate) fn raw(&mut self, key: &Key) -> Result<Option<Vec<u8>>, RunError> {
        let Some(place) = self.index.get(key).copied() else { return Ok(None) };
        let mut payload = read_at(&mut self.reader, place).map_err(io_error("read the journal", &self.path))?;
        Ok(Some(payload.split_off((1 + key.len()).min(payload.len()))))
    }

    /// Whether the request has its reply.
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.index.contains_key(key)
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
        self.synced = Instant::now();
        self.file.sync_data().map_err(io_error("sync the journal", &self.path))
    }

    /// Ends the journal: what it holds stands in the tables.
    pub(crate) fn remove(self) -> Result<(), RunError> {
        remove(self.path.parent().unwrap_or(Path::new(".")))
    }

    fn append(&mut self, tag: u8, key: Option<&Key>, json: &[u8]) -> Result<Place, RunError> {
        let record = framed(tag, key, json);
        let length = (record.len() - FRAME) as u32;
        self.file.write_all(&record).map_err(io_error("write the journal", &self.path))?;
        let place = Place { offset: self.end + FRAME as u64, length };
        self.end += record.len() as u64;
        Ok(place)
    }
}

/// A payload with its length and checksum before it.
pub(crate) fn framed(tag: u8, key: Option<&Key>, json: &[u8]) -> Vec<u8> {
    let mut record = vec![0; FRAME];
    record.push(tag);
    record.extend_from_slice(key.map_or(&[], |k| k.as_slice()));
    record.extend_from_slice(json);
    let length = (record.len() - FRAME) as u32;
    let checksum = checksum(&record[FRAME..]);
    record[..4].copy_from_slice(&length.to_le_bytes());
    record[4..FRAME].copy_from_slice(&checksum);
    record
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

fn checksum(payload: &[u8]) -> [u8; 8] {
    let mut head = [0; 8];
    head.copy_from_slice(&blake3::hash(payload).as_bytes()[..8]);
    head
}

/// The payload at a place.
pub(crate) fn read_at(file: &mut File, place: Place) -> std::io::Result<Vec<u8>> {
    let mut payload = vec![0; place.length as usize];
    file.seek(SeekFrom::Start(place.offset))?;
    file.read_exact(&mut payload)?;
    Ok(payload)
}

/// Reads what [`Journal::reply`] wrote.
pub(crate) fn parse(text: &[u8], kind: &str) -> Result<Outcome, String> {
    let mut stored: Value = serde_json::from_slice(text).map_err(|e| e.to_string())?;
    match stored.get_mut("ok").map(Value::take) {
        Some(reply) => Reply::from_json(kind, reply).map(Ok).map_err(|e| e.to_string()),
        None => serde_json::from_value::<RequestError>(stored["error"].take()).map(Err).map_err(|e| e.to_string()),
    }
}

/// The next whole record's payload; none at the end or where the file is torn.
pub(crate) fn next(reader: &mut impl Read) -> Option<Vec<u8>> {
    let mut frame = [0; FRAME];
    reader.read_exact(&mut frame).ok()?;
    let length = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]);
    let mut payload = Vec::new();
    // A torn length may be huge; reading up to it allocates no more than there is.
    reader.take(u64::from(length)).read_to_end(&mut payload).ok()?;
    (payload.len() == length as usize && checksum(&payload) == frame[4..]).then_some(payload)
}

/// Takes one record in; none where it makes no sense in its place.
fn read_into(past: &mut Option<Past>, index: &mut HashMap<Key, Place>, payload: &[u8], place: Place) -> Option<()> {
    let (tag, rest) = payload.split_first()?;
    match (*tag, past) {
        (HEADER, past @ None) => {
            let identity = serde_json::from_slice(rest).ok()?;
            *past = Some(Past { identity, sittings: Vec::new(), units: Vec::new() });
        }
        (SITTING, Some(past)) => past.sittings.push(serde_json::from_slice(rest).ok()?),
        (UNIT, Some(past)) => past.units.push(serde_json::from_slice(rest).ok()?),
        (REPLY, Some(_)) => {
            index.insert(rest.get(..32)?.try_into().ok()?, place);
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
            journal.reply(key, &outcome).unwrap();
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
            journal.reply([7; 32], &outcomes()[1].2).unwrap();
            drop(journal);
            let (mut again, _) = Journal::open(&folder).unwrap().unwrap();
            assert_eq!(again.len(), kept + 1);
            assert_eq!(again.get(&[7; 32], "reward").unwrap(), Some(outcomes()[1].2.clone()));
        }
        assert_eq!(most, 3);
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
