//! One pool of threads for all plans.
//!
//! Work comes as a number of chunks that do not depend on each other. Each thread claims one after
//! the other of a range of them, and then what others have left of theirs: so the next step finds
//! what this one wrote in the cache of the thread that reads it. The caller works too, and waits
//! only for chunks that another thread has begun. What a chunk computes depends on its number
//! alone, so results do not depend on how many threads there are. Threads are started when there
//! is first something for them, look for more for some microseconds, then sleep.
//!
//! After a fork the child has none of the threads of its parent, and starts a pool of its own.

use std::any::Any;
use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread::Thread;

use smallvec::SmallVec;

use crate::native::{self, Mode};
use crate::profiler;
use crate::sync::{Condvar, Mutex, MutexGuard, OnceLock};

/// Rounds of looking for work before a thread sleeps.
const SPINS: usize = 40_000;
/// Rounds from one short wait to the next.
const POLLS: usize = 64;
/// More threads than this are never started.
const MOST_THREADS: usize = 256;

/// How many threads compute, the calling one included; 0 is not yet decided.
static THREADS: AtomicUsize = AtomicUsize::new(0);
static POOL: AtomicPtr<Pool> = AtomicPtr::new(std::ptr::null_mut());

thread_local! {
    /// Whether this thread is at work on a chunk; what it asks for then, it does alone.
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// The number of threads that plans run on: as set, or by `PULLBACK_NUM_THREADS`, or that of the
/// processors.
pub fn num_threads() -> usize {
    static DEFAULT: OnceLock<usize> = OnceLock::new();
    match THREADS.load(Ordering::Relaxed) {
        0 => *DEFAULT.get_or_init(|| {
            let asked = std::env::var("PULLBACK_NUM_THREADS").ok();
            let asked = asked.and_then(|text| text.trim().parse().ok()).filter(|&n: &usize| n > 0);
            let available = || std::thread::available_parallelism().map_or(1, |n| n.get());
            asked.unwrap_or_else(available).min(MOST_THREADS)
        }),
        set => set,
    }
}

/// Sets the number of threads that plans run on from now on; at least one, at most 256.
pub fn set_num_threads(threads: usize) {
    THREADS.store(threads.clamp(1, MOST_THREADS), Ordering::Relaxed);
}

/// Whether the calling thread is at work on a chunk, which others may wait for.
pub(crate) fn is_at_work() -> bool {
    AT_WORK.get()
}

/// Calls `work` for every number below `chunks`, in any order, on as many threads as there are.
/// A panic of a chunk is passed on when all others have ended.
pub fn for_each(chunks: usize, work: &(dyn Fn(usize) + Sync)) {
    let threads = num_threads().min(chunks);
    if threads < 2 || AT_WORK.get() || native::mode() == Mode::Oracle {
        return (0..chunks).for_each(work);
    }
    let pool = pool();
    pool.start(threads - 1);
    // SAFETY: the job is done with `work` when `finish` returns, which is before `work` ends:
    // it is only called for a chunk claimed, and every chunk claimed is waited for.
    let work = unsafe {
        std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(work)
    };
    let job = Arc::new(Job {
        work,
        chunks,
        next: (0..threads).map(|n| AtomicUsize::new(n * chunks / threads)).collect(),
        left: AtomicUsize::new(chunks),
        places: AtomicUsize::new(threads - 1),
        panic: Mutex::new(None),
        caller: std::thread::current(),
    });
    pool.offer(job.clone(), threads - 1);
    job.run(0);
    job.finish();
    if let Some(panic) = lock(&job.panic).take() {
        resume_unwind(panic);
    }
}

/// Looks for something again and again, for some ten microseconds. The instruction that waits a moment
/// comes seldom: where machines are virtual, a thread that repeats it is taken off its processor.
fn spin<T>(look: impl Fn() -> Option<T>) -> Option<T> {
    for round in 0..SPINS {
        let found = look();
        if found.is_some() {
            return found;
        }
        if round % POLLS == 0 {
            std::hint::spin_loop();
        }
    }
    None
}

/// A poisoned lock still guards what it did: nothing here is left half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Job {
    work: &'static (dyn Fn(usize) + Sync),
    chunks: usize,
    /// The next chunk to be claimed of the range of each thread.
    next: SmallVec<[AtomicUsize; 4]>,
    /// Chunks that have not ended.
    left: AtomicUsize,
    /// How many more threads may join the caller.
    places: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    caller: Thread,
}

impl Job {
    /// Works on chunks until all are claimed, those of a range first.
    fn run(&self, range: usize) {
        let ranges = self.next.len();
        for range in (range..ranges).chain(0..range) {
            let end = self.end(range);
            loop {
                let chunk = self.next[range].fetch_add(1, Ordering::Relaxed);
                if chunk >= end {
                    break;
                }
                self.run_chunk(chunk);
            }
        }
    }

    /// The first chunk after a range.
    fn end(&self, range: usize) -> usize {
        (range + 1) * self.chunks / self.next.len()
    }

    fn run_chunk(&self, chunk: usize) {
        let before = AT_WORK.replace(true);
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(chunk)));
        AT_WORK.set(before);
        if let Err(panic) = outcome {
            lock(&self.panic).get_or_insert(panic);
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.caller.unpark();
        }
    }

    /// Waits for the chunks that others have begun.
    fn finish(&self) {
        if spin(|| (self.left.load(Ordering::Acquire) == 0).then_some(())).is_some() {
            return;
        }
        while self.left.load(Ordering::Acquire) != 0 {
            std::thread::park();
        }
    }

    /// Whether chunks are left that another thread could work on.
    fn has_place(&self) -> bool {
        let mut ranges = self.next.iter().enumerate();
        let is_claimed =
            ranges.all(|(range, next)| next.load(Ordering::Relaxed) >= self.end(range));
        !is_claimed && self.places.load(Ordering::Relaxed) > 0
    }

    /// Takes one of the places beside the caller, if there is one: its range.
    fn join(&self) -> Option<usize> {
        let less = |places: usize| places.checked_sub(1);
        self.places.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).ok()
    }
}

struct Pool {
    process: u32,
    started: Mutex<usize>,
    queue: Mutex<Queue>,
    /// The number of jobs in the queue, to look at without its lock.
    waiting: AtomicUsize,
    offered: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Arc<Job>>,
    /// Threads that sleep until there is a job.
    sleeping: usize,
}

/// The pool of this process.
fn pool() -> &'static Pool {
    let process = std::process::id();
    loop {
        let current = POOL.load(Ordering::Acquire);
        // SAFETY: what is stored was leaked below, and so is never freed.
        if let Some(pool) = unsafe { current.as_ref() }
            && pool.process == process
        {
            return pool;
        }
        // None yet, or that of the process that this one was forked from.
        let fresh = Box::leak(Box::new(Pool {
            process,
            started: Mutex::new(0),
            queue: Mutex::default(),
            waiting: AtomicUsize::new(0),
            offered: Condvar::new(),
        }));
        let _ = POOL.compare_exchange(current, fresh, Ordering::AcqRel, Ordering::Acquire);
    }
}

impl Pool {
    /// Sees that there are `workers` threads. Fewer will do if the system has no more to give.
    fn start(&'static self, workers: usize) {
        let mut started = lock(&self.started);
        while *started < workers {
            let builder = std::thread::Builder::new().name(format!("pullback-{}", *started));
            if builder.spawn(|| self.serve()).is_err() {
                return;
            }
            *started += 1;
        }
    }

    fn offer(&self, job: Arc<Job>, workers: usize) {
        let mut queue = lock(&self.queue);
        queue.jobs.push_back(job);
        self.waiting.store(queue.jobs.len(), Ordering::Release);
        let sleeping = queue.sleeping;
        drop(queue);
        // Those that are awake look by themselves.
        match workers.min(sleeping) {
            0 => {}
            1 => self.offered.notify_one(),
            _ => self.offered.notify_all(),
        }
    }

    /// Joins a job of the queue, if one has a place; those that have none leave it.
    fn join(&self, queue: &mut Queue) -> Option<(Arc<Job>, usize)> {
        let mut jobs = queue.jobs.iter().filter(|job| job.has_place());
        let found = jobs.find_map(|job| Some((job.clone(), job.join()?)));
        queue.jobs.retain(|job| job.has_place());
        self.waiting.store(queue.jobs.len(), Ordering::Release);
        found
    }

    /// The life of a worker.
    fn serve(&self) {
        loop {
            let (job, range) = self.look().unwrap_or_else(|| self.wait());
            let _span = profiler::span("thread", "work");
            job.run(range);
        }
    }

    /// Looks for a job for some time.
    fn look(&self) -> Option<(Arc<Job>, usize)> {
        spin(|| {
            let is_any = self.waiting.load(Ordering::Acquire) > 0;
            if is_any { self.join(&mut lock(&self.queue)) } else { None }
        })
    }

    /// Sleeps until there is a job.
    fn wait(&self) -> (Arc<Job>, usize) {
        let mut queue = lock(&self.queue);
        loop {
            if let Some(found) = self.join(&mut queue) {
                return found;
            }
            queue.sleeping += 1;
            queue = self.offered.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.sleeping -= 1;
        }
    }
}

/// Held by tests that set the number of threads, or need more than one.
#[cfg(test)]
pub(crate) static SETTING: Mutex<()> = Mutex::new(());

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn every_chunk_is_run_once() {
        for chunks in [0, 1, 2, 7, 1000] {
            let counts: Vec<AtomicUsize> = (0..chunks).map(|_| AtomicUsize::new(0)).collect();
            for _ in 0..20 {
                for_each(chunks, &|chunk| {
                    counts[chunk].fetch_add(1, Ordering::Relaxed);
                });
            }
            assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 20));
        }
    }

    #[test]
    fn callers_on_several_threads_and_nested_calls() {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let sum = AtomicUsize::new(0);
                    for_each(50, &|outer| {
                        for_each(10, &|inner| {
                            sum.fetch_add(outer * inner, Ordering::Relaxed);
                        });
                    });
                    assert_eq!(sum.load(Ordering::Relaxed), 1225 * 45);
                });
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_when_all_is_done() {
        let _held = lock(&SETTING);
        let ended: Vec<AtomicBool> = (0..64).map(|_| AtomicBool::new(false)).collect();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            for_each(64, &|chunk| {
                ended[chunk].store(true, Ordering::Relaxed);
                assert_ne!(chunk, 13);
            });
        }));
        assert!(outcome.is_err());
        assert!(ended.iter().all(|ended| ended.load(Ordering::Relaxed)));
    }
}
