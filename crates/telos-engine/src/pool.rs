//! The engine's threads.
//!
//! A token of one text is some 250 small products one after the other, so what counts is how fast a job reaches the other
//! threads and comes back: the caller works too, helpers look for the next job for a moment before they sleep, and nobody
//! waits for a helper that found nothing to do.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// How often a helper looks for work before it sleeps: some 100 microseconds, more than what lies between two products.
const LOOKS: usize = 2_000;

/// A fixed number of threads. What is computed does not depend on how many there are.
pub(crate) struct Pool {
    board: Arc<Board>,
    helpers: Vec<JoinHandle<()>>,
    /// Held while a job is on the board: one job at a time.
    turn: Mutex<()>,
}

impl Pool {
    /// A pool of that many threads, at least one, the caller's among them. Where the system refuses to start them, there are
    /// fewer.
    pub(crate) fn new(threads: usize) -> Self {
        let board = Arc::new(Board::default());
        let helpers = (1..threads)
            .map_while(|i| {
                let board = board.clone();
                std::thread::Builder::new().name(format!("telos-engine-{i}")).spawn(move || board.help()).ok()
            })
            .collect();
        Self { board, helpers, turn: Mutex::new(()) }
    }

    pub(crate) fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Runs `task` for each number below `tasks`, on all threads. A task must not call the pool again.
    pub(crate) fn each(&self, tasks: usize, task: impl Fn(usize) + Sync + Send) {
        if tasks < 2 || self.helpers.is_empty() {
            return (0..tasks).for_each(task);
        }
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let most = Ticket::MOST as usize;
        let panic = (0..tasks).step_by(most).find_map(|first| {
            let task = |number| task(first + number);
            self.board.run(&task, (tasks - first).min(most), &self.helpers)
        });
        drop(turn);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Runs `task` on each chunk of `size` values and its number.
    pub(crate) fn chunks<T: Send>(&self, values: &mut [T], size: usize, task: impl Fn(usize, &mut [T]) + Sync + Send) {
        if values.len() <= size || self.helpers.is_empty() {
            return values.chunks_mut(size).enumerate().for_each(|(i, chunk)| task(i, chunk));
        }
        let chunks: Vec<Mutex<&mut [T]>> = values.chunks_mut(size).map(Mutex::new).collect();
        self.each(chunks.len(), |i| task(i, &mut chunks[i].lock().unwrap_or_else(PoisonError::into_inner)));
    }

    /// Maps every value, keeping the order.
    pub(crate) fn map<T: Sync, R: Send>(&self, values: &[T], task: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
        let mut results: Vec<Option<R>> = values.iter().map(|_| None).collect();
        self.chunks(&mut results, 1, |i, place| place[0] = Some(task(&values[i])));
        results.into_iter().flatten().collect()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.board.closed.store(true, Ordering::Release);
        for helper in self.helpers.drain(..) {
            helper.thread().unpark();
            // A helper catches the panics of its tasks, so there is nothing to learn from its end.
            let _ = helper.join();
        }
    }
}

type Task<'a> = dyn Fn(usize) + Sync + 'a;

/// Where a job is put up. Whoever wants a task of it takes a number off the ticket.
#[derive(Default)]
struct Board {
    /// See [`Ticket`].
    ticket: AtomicU64,
    /// The job's function; read only by who holds a number of the job, and a job ends only when all its numbers are done.
    job: Job,
    done: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    closed: AtomicBool,
}

#[derive(Default)]
struct Job(std::cell::Cell<Option<*const Task<'static>>>);

#[expect(unsafe_code, reason = "the function of a job is shared for as long as the job lasts")]
// SAFETY: it is written while no job is up, and read between taking a number and reporting it done.
unsafe impl Sync for Job {}
#[expect(unsafe_code, reason = "the function of a job is shared for as long as the job lasts")]
// SAFETY: as above; the pointer's target is `Sync`.
unsafe impl Send for Job {}

/// A job's number, how many tasks it has, and the next one to take, in one word, so that a number that was taken belongs to
/// the job that was seen.
#[derive(Clone, Copy)]
struct Ticket(u64);

impl Ticket {
    const MOST: u64 = (1 << 20) - 1;

    fn new(job: u64, tasks: usize) -> Self {
        Self((job << 40) | ((tasks as u64) << 20))
    }

    fn job(self) -> u64 {
        self.0 >> 40
    }

    fn next(self) -> Option<usize> {
        let (next, tasks) = (self.0 & Self::MOST, (self.0 >> 20) & Self::MOST);
        (next < tasks).then_some(next as usize)
    }
}

impl Board {
    /// Puts a job up, works on it, and comes back when all its tasks are done, with the first panic of one.
    fn run(&self, task: &Task<'_>, tasks: usize, helpers: &[JoinHandle<()>]) -> Option<Box<dyn Any + Send>> {
        self.job.0.set(Some(unbound(task)));
        self.done.store(0, Ordering::Relaxed);
        let job = Ticket(self.ticket.load(Ordering::Relaxed)).job().wrapping_add(1) & ((1 << 24) - 1);
        self.ticket.store(Ticket::new(job, tasks).0, Ordering::Release);
        for helper in helpers.iter().take(tasks - 1) {
            helper.thread().unpark();
        }
        self.work();
        let mut looks = 0_usize;
        while self.done.load(Ordering::Acquire) < tasks {
            looks += 1;
            // Others may need this processor to get the last tasks done.
            if looks.is_multiple_of(LOOKS) { std::thread::yield_now() } else { std::hint::spin_loop() }
        }
        self.job.0.set(None);
        self.panic.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes tasks of the job that is up until none is left. Tells whether there was one.
    #[expect(unsafe_code, reason = "calls the function of the job")]
    fn work(&self) -> bool {
        let mut worked = false;
        let mut ticket = Ticket(self.ticket.load(Ordering::Acquire));
        while let Some(number) = ticket.next() {
            let taken = self.ticket.compare_exchange_weak(ticket.0, ticket.0 + 1, Ordering::AcqRel, Ordering::Acquire);
            if let Err(now) = taken {
                ticket = Ticket(now);
                continue;
            }
            worked = true;
            if let Some(task) = self.job.0.get() {
                // SAFETY: the number is not reported done yet, so `run` has not returned and the function lives.
                let task = unsafe { &*task };
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| task(number))) {
                    self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
                }
            }
            self.done.fetch_add(1, Ordering::Release);
            ticket = Ticket(self.ticket.load(Ordering::Acquire));
        }
        worked
    }

    /// A helper's life.
    fn help(&self) {
        let mut looks = 0;
        while !self.closed.load(Ordering::Acquire) {
            if self.work() {
                looks = 0;
            } else if looks < LOOKS {
                looks += 1;
                std::hint::spin_loop();
            } else {
                // A job that was put up since the last look has left a token, so this returns at once.
                std::thread::park();
                looks = 0;
            }
        }
    }
}

/// A pointer to a function that forgets how long the function lives.
#[expect(unsafe_code, reason = "a job's function lives on the stack of the caller, who waits for the job")]
fn unbound(task: &Task<'_>) -> *const Task<'static> {
    // SAFETY: only the lifetime changes, and `Board::run` lets nobody call it after it returned.
    let task: &'static Task<'static> = unsafe { std::mem::transmute(task) };
    task
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once_whatever_the_number_of_threads() {
        for threads in [1, 2, 3, 7] {
            let pool = Pool::new(threads);
            for tasks in [0, 1, 2, 3, 100, 5_000] {
                let ran: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                pool.each(tasks, |i| {
                    ran[i].fetch_add(1, Ordering::Relaxed);
                });
                assert!(ran.iter().all(|n| n.load(Ordering::Relaxed) == 1), "{threads} threads, {tasks} tasks");
            }
        }
    }

    #[test]
    fn many_small_jobs_after_each_other_are_all_done_when_the_call_returns() {
        let pool = Pool::new(3);
        let mut values = vec![0_u64; 9];
        for round in 0..20_000 {
            pool.chunks(&mut values, 2, |_, chunk| chunk.iter_mut().for_each(|v| *v += 1));
            if round % 5_000 == 0 {
                // Long enough for the helpers to fall asleep.
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        assert_eq!(values, vec![20_000; 9]);
        assert_eq!(pool.map(&values[..4], |v| v + 1), vec![20_001; 4]);
    }

    #[test]
    fn callers_on_several_threads_take_turns() {
        let pool = Pool::new(2);
        let total = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        pool.each(8, |_| {
                            total.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                });
            }
        });
        assert_eq!(total.into_inner(), 4 * 500 * 8);
    }

    #[test]
    fn a_panic_of_a_task_reaches_the_caller_and_the_pool_goes_on() {
        let pool = Pool::new(2);
        let caught = catch_unwind(AssertUnwindSafe(|| pool.each(50, |i| assert!(i != 13, "task 13"))));
        assert!(caught.is_err());
        assert_eq!(pool.map(&[1, 2, 3], |x| x * 2), [2, 4, 6]);
    }
}
