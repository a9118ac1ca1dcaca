//! The memory of arrays: a pool of blocks by size, what it counts, and how much there may be.
//!
//! Fresh pages are expensive: touching a new 40 MB array costs ten times what filling it does.
//! So a block that is given back goes to a free list of its size class, and the next one of that
//! class takes it, contents and all. Blocks of 2 MiB and more are asked for in huge pages, of
//! which there are five hundred times fewer to touch.
//!
//! What arrays hold and what the pool keeps is counted, and can be limited. An allocation beyond
//! the limit first frees what is kept, and then is an error.

use std::alloc::{self, Layout};
use std::cell::RefCell;
use std::ptr::NonNull;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sync::{Mutex, MutexGuard, OnceLock};

/// The unit and the alignment of all blocks: a cache line.
pub(crate) const LINE: usize = 64;
/// Blocks of so many bytes are mapped, and begin at a huge page.
const HUGE: usize = 1 << 21;
/// Smaller blocks are not kept in the pool, but some of each size by the thread that freed them: to
/// allocate what is aligned to a line takes longer than most that is done with so few bytes.
const SMALLEST_KEPT: usize = 1 << 12;
/// Bytes of small blocks of one size that a thread has at most.
const SMALL_KEPT: usize = 1 << 15;
/// Bytes that may lie unused in the pool.
const MOST_KEPT: usize = 1 << 30;

/// The bytes of memory that the machine has; where it does not say, all that can be addressed.
pub fn installed() -> u64 {
    static BYTES: OnceLock<u64> = OnceLock::new();
    *BYTES.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
        let kilobytes = total.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
        kilobytes.map_or(isize::MAX as u64, |kilobytes: u64| kilobytes.saturating_mul(1024))
    })
}

/// What the memory of arrays came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes that arrays hold.
    pub in_use: usize,
    /// Bytes that the pool keeps for the next arrays.
    pub kept: usize,
    /// The most that arrays held at once, since the process began or [`reset_peak`].
    pub peak: usize,
    /// The largest block that was asked for, likewise.
    pub largest: usize,
    /// How many blocks were taken since the process began, from the pool or the system.
    pub allocations: usize,
    /// How many bytes there may be in all, if that is limited.
    pub limit: Option<usize>,
}

/// Bytes of all blocks there are, in use or kept.
static HELD: AtomicUsize = AtomicUsize::new(0);
static KEPT: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
/// No limit is `usize::MAX`; 0 is not yet decided.
static LIMIT: AtomicUsize = AtomicUsize::new(0);

/// What the memory of arrays came to. Counts of other threads' allocations under way may be missing.
pub fn stats() -> Stats {
    let held = HELD.load(Ordering::Relaxed);
    // A block that leaves the pool is counted there for a moment longer.
    let kept = KEPT.load(Ordering::Relaxed).min(held);
    Stats {
        in_use: held - kept,
        kept,
        peak: PEAK.load(Ordering::Relaxed),
        largest: LARGEST.load(Ordering::Relaxed),
        allocations: ALLOCATIONS.load(Ordering::Relaxed),
        limit: limit(),
    }
}

/// Begins to look for the peak and the largest block again.
pub fn reset_peak() {
    LARGEST.store(0, Ordering::Relaxed);
    PEAK.store(stats().in_use, Ordering::Relaxed);
}

/// The most bytes that arrays may hold, if there is a limit: as set, or as the environment variable
/// `PULLBACK_MEMORY_LIMIT` says, a number of bytes that may end in `K`, `M`, `G` or `T`.
pub fn limit() -> Option<usize> {
    match LIMIT.load(Ordering::Relaxed) {
        0 => {
            let text = std::env::var("PULLBACK_MEMORY_LIMIT").ok();
            let asked = text.and_then(|text| parse_bytes(&text)).unwrap_or(usize::MAX);
            // Whoever sets a limit meanwhile is right.
            let _ = LIMIT.compare_exchange(0, asked, Ordering::Relaxed, Ordering::Relaxed);
            limit()
        }
        usize::MAX => None,
        bytes => Some(bytes),
    }
}

/// Limits the bytes that arrays may hold and the pool may keep, from now on; those that there are
/// stay. `None` lifts the limit.
pub fn set_limit(bytes: Option<usize>) {
    // A limit of nothing is as one of a single byte: no array fits.
    LIMIT.store(bytes.unwrap_or(usize::MAX).max(1), Ordering::Relaxed);
}

/// A number of bytes with a unit or without.
fn parse_bytes(text: &str) -> Option<usize> {
    let text = text.trim();
    let text = text.strip_suffix(['b', 'B']).unwrap_or(text);
    let text = text.strip_suffix('i').unwrap_or(text);
    let exponent = match text.chars().last()?.to_ascii_uppercase() {
        'K' => 10,
        'M' => 20,
        'G' => 30,
        'T' => 40,
        _ => 0,
    };
    let digits = if exponent > 0 { &text[..text.len() - 1] } else { text };
    let number: usize = digits.trim().parse().ok()?;
    number.checked_mul(1 << exponent).filter(|&bytes| bytes > 0)
}

/// Hands the blocks that the pool keeps back to the system, and returns their bytes.
pub fn release() -> usize {
    let mut bytes = 0;
    for class in &CLASSES {
        let blocks = std::mem::take(&mut *lock(class));
        bytes += blocks.iter().map(|block| block.capacity).sum::<usize>();
    }
    KEPT.fetch_sub(bytes, Ordering::Relaxed);
    bytes
}

/// Why there is no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The system has none of this size.
    System,
    /// There would be more than the limit.
    Limit { in_use: usize, limit: usize },
}

/// Memory that begins at a cache line, all of it initialized.
pub(crate) struct Block {
    start: NonNull<u8>,
    /// Bytes, a multiple of [`LINE`].
    capacity: usize,
}

// SAFETY: a block owns its memory, as a box does.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

impl Block {
    /// A block without bytes.
    pub fn empty() -> Block {
        #[repr(align(64))]
        struct Line;
        Block { start: NonNull::<Line>::dangling().cast(), capacity: 0 }
    }

    /// A block of at least so many bytes, with arbitrary contents.
    pub fn take(bytes: usize) -> Result<Block, Refused> {
        Block::taken(bytes, true)
    }

    /// A block as [`Block::take`] gives, also beyond the limit.
    pub fn take_beyond_limit(bytes: usize) -> Result<Block, Refused> {
        Block::taken(bytes, false)
    }

    fn taken(bytes: usize, is_limited: bool) -> Result<Block, Refused> {
        let Some(capacity) = capacity_for(bytes) else { return Err(Refused::System) };
        if let Some(block) = kept(capacity) {
            counted(capacity);
            return Ok(block);
        }
        match is_limited {
            true => reserve(capacity)?,
            false => _ = HELD.fetch_add(capacity, Ordering::Relaxed),
        }
        match Block::fresh(capacity) {
            Some(block) => {
                counted(capacity);
                Ok(block)
            }
            None => {
                HELD.fetch_sub(capacity, Ordering::Relaxed);
                Err(Refused::System)
            }
        }
    }

    /// A block from the system.
    fn fresh(capacity: usize) -> Option<Block> {
        match capacity {
            0 => Some(Block::empty()),
            1..SMALLEST_KEPT => small(capacity).or_else(|| allocated(capacity)),
            HUGE.. => Some(Block { start: mapped(capacity)?, capacity }),
            _ => allocated(capacity),
        }
    }

    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the block has so many initialized bytes: zeros of the system, or what was
        // written since.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.capacity) }
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and no one else has the block.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.capacity) }
    }

    /// Gives the block to the pool, or back to the system. Where the pool is full, what was given
    /// last is likelier to be wanted than the largest blocks of other sizes.
    pub fn give(self) {
        let capacity = self.capacity;
        if !(SMALLEST_KEPT..=MOST_KEPT).contains(&capacity) {
            return;
        }
        let (class, size) = size_class(capacity);
        debug_assert_eq!(size, capacity, "blocks are as large as their class");
        let is_full = || KEPT.load(Ordering::Relaxed) + capacity > MOST_KEPT;
        let others = (0..CLASSES.len()).rev().filter(|&other| other != class);
        for other in others.take_while(|_| is_full()) {
            while is_full() {
                let Some(block) = lock(&CLASSES[other]).pop() else { break };
                KEPT.fetch_sub(block.capacity, Ordering::Relaxed);
            }
        }
        if is_full() {
            return;
        }
        let mut blocks = lock(&CLASSES[class]);
        KEPT.fetch_add(capacity, Ordering::Relaxed);
        blocks.push(self);
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        match self.capacity {
            0 => return,
            HUGE.. => unmap(self.start, self.capacity),
            1..SMALLEST_KEPT if keep_small(self) => {}
            _ => {
                let layout = layout(self.capacity).expect("it was allocated with this layout");
                // SAFETY: it was allocated with this layout, and is freed once.
                unsafe { alloc::dealloc(self.start.as_ptr(), layout) }
            }
        }
        HELD.fetch_sub(self.capacity, Ordering::Relaxed);
    }
}

/// A block of the allocator's.
fn allocated(capacity: usize) -> Option<Block> {
    // SAFETY: the layout has a size that is not zero.
    let start = NonNull::new(unsafe { alloc::alloc_zeroed(layout(capacity)?) })?;
    Some(Block { start, capacity })
}

/// Small blocks that a thread has freed, by size; they do not count as held or kept.
struct Small([Starts; SMALLEST_KEPT / LINE]);

/// Some blocks of a size: how many, and where the last one begins, which begins with where the one
/// before it does.
#[derive(Clone, Copy)]
struct Starts {
    count: usize,
    last: *mut *mut u8,
}

thread_local! {
    static SMALL: RefCell<Small> = const {
        let none = Starts { count: 0, last: std::ptr::null_mut() };
        RefCell::new(Small([none; SMALLEST_KEPT / LINE]))
    };
}

impl Starts {
    #[inline]
    fn push(&mut self, start: NonNull<u8>) {
        let start = start.as_ptr().cast::<*mut u8>();
        // SAFETY: the block has a line at least, is aligned to one, and no longer anyone else's.
        unsafe { start.write(self.last.cast()) };
        (self.last, self.count) = (start, self.count + 1);
    }

    #[inline]
    fn pop(&mut self) -> Option<NonNull<u8>> {
        let start = NonNull::new(self.last)?;
        // SAFETY: where `push` put it.
        self.last = unsafe { start.read() }.cast();
        self.count -= 1;
        Some(start.cast())
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        for (lines, blocks) in self.0.iter_mut().enumerate() {
            let Some(layout) = layout(lines * LINE) else { continue };
            while let Some(start) = blocks.pop() {
                // SAFETY: it was allocated with this layout, and is freed once.
                unsafe { alloc::dealloc(start.as_ptr(), layout) }
            }
        }
    }
}

/// A small block that this thread has.
fn small(capacity: usize) -> Option<Block> {
    let taken = SMALL.try_with(|small| small.borrow_mut().0[capacity / LINE].pop());
    Some(Block { start: taken.ok()??, capacity })
}

/// Whether this thread keeps the memory of a small block, which then is no longer the block's.
fn keep_small(block: &Block) -> bool {
    let kept = SMALL.try_with(|small| {
        let blocks = &mut small.borrow_mut().0[block.capacity / LINE];
        let is_room = blocks.count * block.capacity < SMALL_KEPT;
        if is_room {
            blocks.push(block.start);
        }
        is_room
    });
    kept.unwrap_or(false)
}

/// Blocks that are kept, by class.
static CLASSES: [Mutex<Vec<Block>>; 128] = [const { Mutex::new(Vec::new()) }; 128];

/// A poisoned lock still guards what it did: nothing here is left half changed.
fn lock(class: &Mutex<Vec<Block>>) -> MutexGuard<'_, Vec<Block>> {
    class.lock().unwrap_or_else(PoisonError::into_inner)
}

fn layout(capacity: usize) -> Option<Layout> {
    Layout::from_size_align(capacity, LINE).ok()
}

/// Two classes for every power of two, so that at most a third of a block is unused.
fn size_class(bytes: usize) -> (usize, usize) {
    let top = bytes.next_power_of_two();
    let low = top / 4 * 3;
    let exponent = top.trailing_zeros() as usize;
    if bytes <= low { (2 * exponent, low) } else { (2 * exponent + 1, top) }
}

/// The size of the block for so many bytes, if there can be one.
fn capacity_for(bytes: usize) -> Option<usize> {
    if bytes > isize::MAX as usize / 4 {
        return None;
    }
    let lines = bytes.next_multiple_of(LINE);
    Some(if lines < SMALLEST_KEPT { lines } else { size_class(lines).1 })
}

/// A block from the pool.
fn kept(capacity: usize) -> Option<Block> {
    if capacity < SMALLEST_KEPT {
        return None;
    }
    let block = lock(&CLASSES[size_class(capacity).0]).pop()?;
    KEPT.fetch_sub(capacity, Ordering::Relaxed);
    Some(block)
}

/// Counts bytes that are about to be allocated, if there may be so many more.
fn reserve(capacity: usize) -> Result<(), Refused> {
    let Some(limit) = limit() else {
        HELD.fetch_add(capacity, Ordering::Relaxed);
        return Ok(());
    };
    let more = |held: usize| held.checked_add(capacity).filter(|&sum| sum <= limit);
    while HELD.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
        if release() == 0 {
            return Err(Refused::Limit { in_use: HELD.load(Ordering::Relaxed), limit });
        }
    }
    Ok(())
}

/// Counts a block that is in use from now on.
#[inline]
fn counted(capacity: usize) {
    ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    let in_use = HELD.load(Ordering::Relaxed).saturating_sub(KEPT.load(Ordering::Relaxed));
    if in_use > PEAK.load(Ordering::Relaxed) {
        PEAK.fetch_max(in_use, Ordering::Relaxed);
    }
    if capacity > LARGEST.load(Ordering::Relaxed) {
        LARGEST.fetch_max(capacity, Ordering::Relaxed);
    }
}

/// Memory that begins at a huge page, and is one where the system has them.
#[cfg(unix)]
fn mapped(capacity: usize) -> Option<NonNull<u8>> {
    let room = capacity.checked_add(HUGE)?;
    let (read_write, private) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping, which touches no other memory.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), room, read_write, private, -1, 0) };
    if start == libc::MAP_FAILED {
        return None;
    }
    let before = start.addr().next_multiple_of(HUGE) - start.addr();
    let begin = start.wrapping_byte_add(before);
    // SAFETY: all three ranges lie in the mapping, in whole pages, and nothing was stored there
    // yet; the advice changes nothing that can be read.
    unsafe {
        if before > 0 {
            libc::munmap(start, before);
        }
        libc::munmap(begin.wrapping_byte_add(capacity), room - before - capacity);
        #[cfg(any(target_os = "linux", target_os = "android"))]
        libc::madvise(begin, capacity, libc::MADV_HUGEPAGE);
    }
    NonNull::new(begin.cast())
}

#[cfg(unix)]
fn unmap(start: NonNull<u8>, capacity: usize) {
    // SAFETY: so much was mapped there, and is given back once.
    unsafe { libc::munmap(start.as_ptr().cast(), capacity) };
}

#[cfg(not(unix))]
fn mapped(capacity: usize) -> Option<NonNull<u8>> {
    // SAFETY: the layout has a size that is not zero.
    NonNull::new(unsafe { alloc::alloc_zeroed(layout(capacity)?) })
}

#[cfg(not(unix))]
fn unmap(start: NonNull<u8>, capacity: usize) {
    let layout = layout(capacity).expect("it was allocated with this layout");
    // SAFETY: it was allocated with this layout, and is freed once.
    unsafe { alloc::dealloc(start.as_ptr(), layout) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_what_it_is_asked_for() {
        for lines in 64..5000 {
            let bytes = lines * LINE;
            let (class, size) = size_class(bytes);
            assert!(size >= bytes && size <= 2 * bytes && size.is_multiple_of(LINE));
            assert_eq!(size_class(size), (class, size));
        }
        assert!(Block::take(0).unwrap().bytes().as_ptr().addr().is_multiple_of(LINE));
        assert_eq!(capacity_for(0), Some(0));
        assert_eq!(capacity_for(1), Some(64));
        assert_eq!(capacity_for(1 << 62), None);
    }

    #[test]
    fn blocks_begin_at_lines_and_large_ones_at_huge_pages() {
        for bytes in [1, 64, 4095, 4096, 5000, 100_000, (1 << 21) - 64, 1 << 21, 5_000_000] {
            let mut block = Block::take(bytes).unwrap();
            assert!(block.bytes().len() >= bytes);
            let address = block.bytes().as_ptr().addr();
            assert!(address.is_multiple_of(LINE));
            assert!(block.capacity < HUGE || cfg!(not(unix)) || address.is_multiple_of(HUGE));
            block.bytes_mut().fill(1);
            block.give();
        }
    }

    #[test]
    fn small_blocks_are_taken_again() {
        const KEPT: usize = SMALL_KEPT / 256;
        let take = || Block::take(200).unwrap();
        let blocks: Vec<Block> = (0..KEPT + 10).map(|_| take()).collect();
        let starts: Vec<_> = blocks.iter().map(|block| block.start).collect();
        drop(blocks);
        let mut again: Vec<Block> = (0..KEPT + 10).map(|_| take()).collect();
        assert!(again[..KEPT].iter().all(|block| starts.contains(&block.start)));
        for (n, block) in again.iter_mut().enumerate() {
            assert_eq!(block.capacity, 256);
            block.bytes_mut().fill(n as u8);
        }
        assert!(again.iter().enumerate().all(|(n, block)| block.bytes() == [n as u8; 256]));
    }

    #[test]
    fn bytes_with_units() {
        let cases =
            [("10", 10), ("3K", 3 << 10), ("2 MiB", 2 << 20), ("1gb", 1 << 30), ("1T", 1 << 40)];
        for (text, bytes) in cases {
            assert_eq!(parse_bytes(text), Some(bytes), "{text}");
        }
        for text in ["", "K", "-1", "0", "1.5G", "99999999999T", "many"] {
            assert_eq!(parse_bytes(text), None, "{text}");
        }
    }

    #[test]
    fn threads_take_and_give_without_losing_count() {
        std::thread::scope(|scope| {
            for thread in 0..4u8 {
                scope.spawn(move || {
                    for round in 0..200 {
                        let sizes = [100, 5_000, 70_000, (1 << 21) + 64 * round];
                        let mut blocks: Vec<Block> =
                            sizes.iter().map(|&bytes| Block::take(bytes).unwrap()).collect();
                        for block in &mut blocks {
                            block.bytes_mut()[..64].fill(thread);
                        }
                        for block in blocks {
                            assert_eq!(block.bytes()[..64], [thread; 64]);
                            block.give();
                        }
                        if round % 50 == 0 {
                            release();
                        }
                    }
                });
            }
        });
        assert!(stats().peak >= 1 << 21);
    }
}
