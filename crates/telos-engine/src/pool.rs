//! The engine's threads.

use rayon::prelude::*;

/// A fixed number of threads. What is computed does not depend on how many there are.
pub(crate) struct Pool {
    threads: usize,
    inner: Option<rayon::ThreadPool>,
}

impl Pool {
    /// A pool of that many threads, at least one. Where the system refuses to start them, everything runs on the caller's.
    pub(crate) fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        let name = |i| format!("telos-engine-{i}");
        let inner = (threads > 1)
            .then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(name).build().ok())
            .flatten();
        Self { threads: if inner.is_some() { threads } else { 1 }, inner }
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `task` for each number below `tasks`, on all threads.
    pub(crate) fn each(&self, tasks: usize, task: impl Fn(usize) + Sync + Send) {
        match &self.inner {
            Some(pool) if tasks > 1 => pool.install(|| (0..tasks).into_par_iter().for_each(task)),
            _ => (0..tasks).for_each(task),
        }
    }

    /// Runs `task` on each chunk of `size` values and its number.
    pub(crate) fn chunks<T: Send>(&self, values: &mut [T], size: usize, task: impl Fn(usize, &mut [T]) + Sync + Send) {
        match &self.inner {
            Some(pool) if values.len() > size => {
                pool.install(|| values.par_chunks_mut(size).enumerate().for_each(|(i, chunk)| task(i, chunk)));
            }
            _ => values.chunks_mut(size).enumerate().for_each(|(i, chunk)| task(i, chunk)),
        }
    }

    /// Maps every value, keeping the order.
    pub(crate) fn map<T: Sync, R: Send>(&self, values: &[T], task: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
        match &self.inner {
            Some(pool) if values.len() > 1 => pool.install(|| values.par_iter().map(task).collect()),
            _ => values.iter().map(task).collect(),
        }
    }
}
