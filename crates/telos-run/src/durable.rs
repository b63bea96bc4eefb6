//! Makes what was written outlive the machine, at least once a second, also while no further reply comes: a thread of its own does
//! it, so that nobody who has a reply waits for a disk.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a power cut may lose at most, in finished replies.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// What the thread and its owner share.
#[derive(Debug, Default)]
struct Shared {
    /// Whether something was written since the last sync.
    written: AtomicBool,
    ended: AtomicBool,
    failed: Mutex<Option<io::Error>>,
}

/// A file that is synced now and then.
#[derive(Debug)]
pub(crate) struct Durable {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Durable {
    /// Begins to sync a file. Where no thread can be had, it is synced whenever it is asked for.
    pub(crate) fn new(file: &File) -> io::Result<Self> {
        let (file, shared) = (file.try_clone()?, Arc::new(Shared::default()));
        let mine = shared.clone();
        let sync = move || {
            while !mine.ended.load(Ordering::Acquire) {
                std::thread::park_timeout(SYNC_EVERY);
                if mine.written.swap(false, Ordering::AcqRel)
                    && let Err(error) = file.sync_data()
                {
                    mine.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        };
        let thread = std::thread::Builder::new().name("telos-journal".to_owned()).spawn(sync).ok();
        Ok(Self { shared, thread })
    }

    /// Says that something was written. The error is that of a sync since the last call.
    pub(crate) fn written(&self) -> io::Result<()> {
        self.shared.written.store(true, Ordering::Release);
        match self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the thread left what was written to the system, which is all that is asked of a file that is closed.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_failure_of_the_disk_is_told_at_the_next_write_and_once() {
        let path = crate::testing::folder("durable").join("file");
        let mut file = File::create(&path).unwrap();
        let durable = Durable::new(&file).unwrap();
        file.write_all(b"x").unwrap();
        durable.written().unwrap();
        durable.shared.failed.lock().unwrap().replace(io::Error::other("no space"));
        assert_eq!(durable.written().unwrap_err().to_string(), "no space");
        durable.written().unwrap();
        drop(durable);
        assert_eq!(std::fs::read(path).unwrap(), b"x");
    }
}
