//! Replies that outlive a run: a folder of files, each written once by one sitting and never changed.
//!
//! A file is a row of records in the journal's form: a header, then replies under the blake3 of the request's own hash and
//! of what computed it. It is written under another name and then renamed, so that any number of processes may share the
//! folder: a file is there whole or not at all, and equal content has the same name. What is damaged all the same is told
//! and not used.

use crate::error::{RunError, io_error};
use crate::frames::{Frames, Place, framed, read_at};
use crate::journal::{HEADER, Journal, Key, REPLY, parse};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use telos_core::Reply;
use telos_core::digest::canonical_json;

/// How the files' names end.
const ENDING: &str = "replies";

/// Raised whenever a file would be read otherwise.
const FORMAT: u32 = 1;

/// What changes no bit of a reply. All else that is known of what computes is in the keys, for another version, library or
/// processor may round otherwise.
const WITHOUT_EFFECT: [&str; 4] = ["threads", "batch_rows", "cores", "system"];

/// Keeps the temporary names of one process apart.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// The replies of earlier runs, open.
pub(crate) struct Cache {
    folder: PathBuf,
    computed_by: [u8; 32],
    files: Vec<File>,
    /// Where a reply lies: which file, and where in it.
    index: HashMap<Key, (usize, Place)>,
    /// Requests of this sitting that were answered by a model.
    fresh: Vec<Key>,
    /// What cannot be used.
    pub damaged: Vec<String>,
    /// How many replies were used.
    pub used: u64,
}

impl Cache {
    /// Opens a folder, which is made where it is missing. `environment` is what computes.
    pub(crate) fn open(folder: &Path, environment: &Map<String, Value>) -> Result<Self, RunError> {
        fs::create_dir_all(folder).map_err(io_error("create the folder", folder))?;
        let mut by = environment.clone();
        by.retain(|key, _| !WITHOUT_EFFECT.contains(&key.as_str()));
        let mut cache = Self {
            folder: folder.to_path_buf(),
            computed_by: *blake3::hash(canonical_json(&Value::Object(by)).as_bytes()).as_bytes(),
            files: Vec::new(),
            index: HashMap::new(),
            fresh: Vec::new(),
            damaged: Vec::new(),
            used: 0,
        };
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(io_error("read the folder", folder))? {
            paths.push(entry.map_err(io_error("read the folder", folder))?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|ending| ending == ENDING));
        paths.sort();
        for path in paths {
            cache.read(&path).unwrap_or_else(|problem| cache.damaged.push(format!("{}: {problem}", path.display())));
        }
        Ok(cache)
    }

    /// Takes in one file, but for what is damaged.
    fn read(&mut self, path: &Path) -> Result<(), String> {
        let unreadable = |error: std::io::Error| format!("this cannot be read: {error}");
        let file = File::open(path).map_err(unreadable)?;
        let mut frames = Frames::new(file.try_clone().map_err(unreadable)?).map_err(unreadable)?;
        let header = frames.next().map_err(unreadable)?.filter(|(_, payload)| payload.first() == Some(&HEADER));
        let format = header.and_then(|(_, payload)| serde_json::from_slice::<Value>(&payload[1..]).ok());
        match format.as_ref().map(|format| &format["format"]) {
            Some(format) if *format == FORMAT => {}
            Some(format) => {
                return Err(format!("it is of format {format}, and this version reads {FORMAT}; it is not used"));
            }
            None => return Err("it is damaged at its beginning and not used; it may be deleted".into()),
        }
        let (number, mut replies) = (self.files.len(), 0);
        while let Some((place, payload)) = frames.next().map_err(unreadable)? {
            let key = payload.get(1..33).filter(|_| payload[0] == REPLY).and_then(|key| key.try_into().ok());
            if let Some(key) = key {
                self.index.insert(key, (number, place));
                replies += 1;
            }
        }
        self.files.push(file);
        let lost = frames.lost();
        if lost.is_empty() {
            return Ok(());
        }
        Err(format!("it is damaged ({}); its {replies} whole replies are used, and it may be deleted", lost.join("; ")))
    }

    /// How many replies there are.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The reply to a request of that kind; none where there is none that can be used.
    pub(crate) fn get(&mut self, request: &Key, kind: &str) -> Option<Reply> {
        let key = self.key(request);
        let (file, place) = self.index.get(&key).copied()?;
        let payload = read_at(&mut self.files[file], place).map_err(|error| error.to_string());
        let read = payload.and_then(|payload| {
            // It was whole when it was opened; whoever changes files of a cache may do so at any time.
            let text = payload.get(1 + key.len()..).filter(|_| payload[1..].starts_with(&key));
            parse(text.ok_or("a reply is not where it was")?, kind)
        });
        match read {
            Ok(Ok(reply)) => {
                self.used += 1;
                Some(reply)
            }
            Ok(Err(error)) => self.forget(&key, &error.message),
            Err(problem) => self.forget(&key, &problem),
        }
    }

    fn forget(&mut self, key: &Key, problem: &str) -> Option<Reply> {
        self.index.remove(key);
        self.damaged.push(format!("a reply in {} cannot be used: {problem}", self.folder.display()));
        None
    }

    /// Notes that a model answered the request, so that its reply is kept.
    pub(crate) fn note(&mut self, request: Key) {
        self.fresh.push(request);
    }

    /// Writes what is new, taking the replies from the journal: how much that is, and what went wrong since the cache was
    /// opened.
    pub(crate) fn keep(mut self, journal: &mut Journal) -> Result<(u64, Vec<String>), RunError> {
        let told = std::mem::take(&mut self.damaged);
        let mut fresh: Vec<(Key, Key)> = self.fresh.iter().map(|request| (self.key(request), *request)).collect();
        // One order, so that two processes that did the same write the same file.
        fresh.sort_unstable();
        fresh.dedup();
        fresh.retain(|(key, _)| !self.index.contains_key(key));
        let mut content = framed(HEADER, None, json!({"format": FORMAT}).to_string().as_bytes());
        let mut kept = 0;
        for (key, request) in fresh {
            if let Some(reply) = journal.raw(&request)? {
                content.extend(framed(REPLY, Some(&key), &reply));
                kept += 1;
            }
        }
        if kept == 0 {
            return Ok((0, told));
        }
        match self.publish(&content) {
            Ok(()) => Ok((kept, told)),
            Err(error) => {
                let problem = format!("failed to write into the cache {}: {error}", self.folder.display());
                Ok((0, told.into_iter().chain([problem]).collect()))
            }
        }
    }

    fn publish(&self, content: &[u8]) -> std::io::Result<()> {
        let unique = format!("{}-{}.part", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let temporary = self.folder.join(unique);
        let name = self.folder.join(format!("{}.{ENDING}", blake3::hash(content).to_hex()));
        let mut file = File::create(&temporary)?;
        let written = file.write_all(content).and_then(|()| file.sync_all());
        let renamed = written.and_then(|()| fs::rename(&temporary, &name));
        if renamed.is_err() {
            // The first error is the one to tell; no reader looks at files with this ending.
            let _ = fs::remove_file(&temporary);
        }
        renamed
    }

    /// The key here: the request's own, and what computes.
    fn key(&self, request: &Key) -> Key {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.computed_by);
        hasher.update(request);
        *hasher.finalize().as_bytes()
    }
}
