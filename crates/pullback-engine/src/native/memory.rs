//! Memory for code: never writable and executable at once.
//!
//! Code is written to pages that are then sealed. Pages are handed out from one large
//! reservation, and taken back when the code that they hold is no longer referred to. A process
//! that was forked keeps the code of its parent and has a reservation of its own for more.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::PoisonError;

use crate::sync::Mutex;

/// Bytes of a page, of the smallest kind that there is.
const PAGE: usize = 4096;
/// Pages reserved at once.
const RESERVED: usize = 16 << 10;

/// Code that can be run.
pub(crate) struct Executable {
    arena: &'static Arena,
    first: usize,
    pages: usize,
}

impl Executable {
    /// A copy of the code, where it can be run; none where the system refuses.
    pub fn new(code: &[u8]) -> Option<Executable> {
        let arena = arena()?;
        let pages = code.len().div_ceil(PAGE).max(1);
        let first = arena.take(pages)?;
        let executable = Executable { arena, first, pages };
        let start = executable.start();
        let size = pages * PAGE;
        // SAFETY: the pages are within the reservation and belong to this value alone.
        let writable =
            unsafe { libc::mprotect(start.cast(), size, libc::PROT_READ | libc::PROT_WRITE) };
        if writable != 0 {
            return None;
        }
        // SAFETY: the pages are writable now, and large enough.
        unsafe { std::ptr::copy_nonoverlapping(code.as_ptr(), start, code.len()) };
        // SAFETY: as above; nothing writes to the pages from here on.
        let sealed =
            unsafe { libc::mprotect(start.cast(), size, libc::PROT_READ | libc::PROT_EXEC) };
        (sealed == 0).then_some(executable)
    }

    /// Bytes of its pages.
    pub fn bytes(&self) -> usize {
        self.pages * PAGE
    }

    /// The first byte.
    pub fn start(&self) -> *mut u8 {
        self.arena.base.0.wrapping_add(self.first * PAGE)
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        // What a parent process handed out is not given back: the lock may be held by one of its
        // threads, which this process does not have.
        if self.arena.process == std::process::id() {
            self.arena.give(self.first, self.pages);
        }
    }
}

/// The first byte of a reservation, which is never unmapped.
struct Base(*mut u8);

// SAFETY: the address is only computed with; memory behind it is written by the one who was
// handed its pages.
unsafe impl Send for Base {}
// SAFETY: as above.
unsafe impl Sync for Base {}

struct Arena {
    process: u32,
    base: Base,
    /// Runs of free pages: the first, and how many.
    free: Mutex<BTreeMap<usize, usize>>,
}

static ARENA: AtomicPtr<Arena> = AtomicPtr::new(std::ptr::null_mut());

/// The arena of this process.
fn arena() -> Option<&'static Arena> {
    let process = std::process::id();
    loop {
        let current = ARENA.load(Ordering::Acquire);
        // SAFETY: what is stored was leaked below, and so is never freed.
        if let Some(arena) = unsafe { current.as_ref() }
            && arena.process == process
        {
            return Some(arena);
        }
        // SAFETY: a new mapping, of no file, that replaces none.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                RESERVED * PAGE,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return None;
        }
        let free = Mutex::new(BTreeMap::from([(0, RESERVED)]));
        let fresh = Arena { process, base: Base(base.cast()), free };
        let fresh = Box::leak(Box::new(fresh));
        let stored = ARENA.compare_exchange(current, fresh, Ordering::AcqRel, Ordering::Acquire);
        if stored.is_err() {
            // Another thread was first.
            // SAFETY: nothing was handed out of this mapping, and no one else knows of it.
            unsafe { libc::munmap(base, RESERVED * PAGE) };
        }
    }
}

impl Arena {
    fn free(&self) -> crate::sync::MutexGuard<'_, BTreeMap<usize, usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first run of free pages that is long enough.
    fn take(&self, pages: usize) -> Option<usize> {
        let mut free = self.free();
        let (&first, &length) = free.iter().find(|(_, length)| **length >= pages)?;
        free.remove(&first);
        if length > pages {
            free.insert(first + pages, length - pages);
        }
        Some(first)
    }

    /// Takes pages back, which no one runs any more.
    fn give(&self, first: usize, pages: usize) {
        let mut free = self.free();
        let (mut start, mut length) = (first, pages);
        if let Some((&before, &size)) = free.range(..first).next_back()
            && before + size == first
        {
            free.remove(&before);
            (start, length) = (before, size + length);
        }
        if let Some(size) = free.remove(&(first + pages)) {
            length += size;
        }
        free.insert(start, length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `mov eax, value; ret`.
    fn returning(value: u32) -> Vec<u8> {
        let mut code = vec![0xb8];
        code.extend(value.to_le_bytes());
        code.push(0xc3);
        code
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn code_runs_and_its_pages_are_used_again() {
        let mut kept = vec![];
        for value in 0..200 {
            let code = Executable::new(&returning(value)).unwrap();
            // SAFETY: the code is a function of this type.
            let run: extern "sysv64" fn() -> u32 = unsafe { std::mem::transmute(code.start()) };
            assert_eq!(run(), value);
            if value % 3 == 0 {
                kept.push((value, code));
            }
        }
        for (value, code) in &kept {
            // SAFETY: as above.
            let run: extern "sysv64" fn() -> u32 = unsafe { std::mem::transmute(code.start()) };
            assert_eq!(run(), *value);
        }
        let last = kept.iter().map(|(_, code)| code.first).max().unwrap();
        assert!(last < 500, "pages are not used again: {last}");
    }
}
