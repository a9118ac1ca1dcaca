//! Aligned memory, taken from and given back to a pool.
//!
//! Fresh pages are expensive: touching a new 40 MB array costs ten times what filling it does.
//! So a dropped buffer goes to a free list of its size class, and the next one of that class
//! takes it, contents and all. A kernel must therefore write every element of its output.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use crate::dtype::{DType, Element};
use crate::error::{Error, Result};

/// The bytes of memory that the machine has; where it does not say, all that can be addressed.
pub fn installed_memory() -> u64 {
    static BYTES: OnceLock<u64> = OnceLock::new();
    *BYTES.get_or_init(|| {
        let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
        let kilobytes = total.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
        kilobytes.map_or(isize::MAX as u64, |kilobytes: u64| kilobytes.saturating_mul(1024))
    })
}

/// A cache line; the unit and the alignment of all buffers.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Memory of someone else's: bytes that stay where they are, and as they are, while the owner lives.
pub type Owner = Box<dyn AsRef<[u8]> + Send + Sync>;

/// Bytes aligned to a cache line.
pub struct Buffer {
    lines: Vec<Line>,
    len: usize,
    /// Holds the bytes instead of `lines`, until they are to be written.
    owner: Option<Owner>,
}

impl Buffer {
    /// A buffer for `elements` of `dtype`, with arbitrary contents.
    pub fn new(dtype: DType, elements: usize) -> Result<Buffer> {
        let too_large = || Error::TooLarge { elements: elements as u128, dtype };
        let len = elements.checked_mul(dtype.size()).ok_or_else(too_large)?;
        let lines = POOL.take(len.div_ceil(64)).ok_or_else(too_large)?;
        Ok(Buffer { lines, len, owner: None })
    }

    /// The bytes of another owner, in place, if they begin at a cache line and fill whole ones, as
    /// the kernels expect; `None` if they do not.
    pub fn borrowed(owner: Owner) -> Option<Buffer> {
        let bytes = (*owner).as_ref();
        let whole = bytes.as_ptr().addr().is_multiple_of(64) && bytes.len().is_multiple_of(64);
        let len = bytes.len();
        whole.then(|| Buffer { lines: vec![], len, owner: Some(owner) })
    }

    /// A buffer of zeros.
    pub fn zeroed(dtype: DType, elements: usize) -> Result<Buffer> {
        let mut buffer = Buffer::new(dtype, elements)?;
        buffer.bytes_mut().fill(0);
        Ok(buffer)
    }

    /// A buffer with the given elements.
    pub fn from_slice<T: Element>(values: &[T]) -> Result<Buffer> {
        let mut buffer = Buffer::new(T::DTYPE, values.len())?;
        buffer.slice_mut().copy_from_slice(values);
        Ok(buffer)
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        if let Some(owner) = &self.owner {
            return (**owner).as_ref();
        }
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }

    /// All bytes, to be written. Those of another owner are copied first.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        if let Some(owner) = self.owner.take() {
            let bytes = (*owner).as_ref();
            self.lines = vec![Line([0; 64]); bytes.len().div_ceil(64)];
            bytemuck::cast_slice_mut(&mut self.lines)[..bytes.len()].copy_from_slice(bytes);
        }
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }

    /// All bytes as elements.
    pub fn slice<T: Element>(&self) -> &[T] {
        bytemuck::cast_slice(self.bytes())
    }

    /// All bytes as elements, to be written.
    pub fn slice_mut<T: Element>(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(self.bytes_mut())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        POOL.give(std::mem::take(&mut self.lines));
    }
}

/// Buffers larger than this, in lines, are kept in the pool; smaller ones the allocator serves well.
const SMALLEST_POOLED: usize = 64;
/// Bytes that may lie unused in the pool.
const POOL_CAP: usize = 1 << 30;

struct Pool {
    classes: [Mutex<Vec<Vec<Line>>>; 64],
    held: AtomicUsize,
}

static POOL: Pool =
    Pool { classes: [const { Mutex::new(Vec::new()) }; 64], held: AtomicUsize::new(0) };

impl Pool {
    /// Two classes for every power of two, so that at most a third of a buffer is unused.
    fn class(lines: usize) -> (usize, usize) {
        let top = lines.next_power_of_two();
        let low = top / 4 * 3;
        let exponent = top.trailing_zeros() as usize;
        if lines <= low && low > 0 { (2 * exponent, low) } else { (2 * exponent + 1, top) }
    }

    fn take(&self, lines: usize) -> Option<Vec<Line>> {
        let zero = Line([0; 64]);
        if lines < SMALLEST_POOLED {
            return Some(vec![zero; lines]);
        }
        let (class, size) = Pool::class(lines);
        if let Some(slot) = self.classes.get(class)
            && let Ok(mut free) = slot.lock()
            && let Some(mut found) = free.pop()
        {
            self.held.fetch_sub(found.capacity() * 64, Ordering::Relaxed);
            found.resize(lines, zero);
            return Some(found);
        }
        let mut fresh = Vec::new();
        fresh.try_reserve_exact(size).ok()?;
        fresh.resize(lines, zero);
        Some(fresh)
    }

    fn give(&self, lines: Vec<Line>) {
        let capacity = lines.capacity();
        if capacity < SMALLEST_POOLED {
            return;
        }
        let (class, size) = Pool::class(capacity);
        if size != capacity {
            return;
        }
        let bytes = capacity * 64;
        if self.held.fetch_add(bytes, Ordering::Relaxed) + bytes > POOL_CAP {
            self.held.fetch_sub(bytes, Ordering::Relaxed);
            return;
        }
        if let Some(slot) = self.classes.get(class)
            && let Ok(mut free) = slot.lock()
        {
            free.push(lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_what_it_is_asked_for() {
        for lines in 64..5000 {
            let (class, size) = Pool::class(lines);
            assert!(size >= lines && size <= 2 * lines);
            assert_eq!(Pool::class(size), (class, size));
        }
    }

    #[test]
    fn borrowed_bytes_stay_in_place_until_they_are_written() {
        let lines = vec![Line([7; 64]); 2];
        let address = lines.as_ptr().addr();
        struct Lines(Vec<Line>);
        impl AsRef<[u8]> for Lines {
            fn as_ref(&self) -> &[u8] {
                bytemuck::cast_slice(&self.0)
            }
        }
        let mut buffer = Buffer::borrowed(Box::new(Lines(lines))).expect("whole lines");
        assert_eq!(buffer.bytes().as_ptr().addr(), address);
        buffer.bytes_mut()[0] = 1;
        assert_ne!(buffer.bytes().as_ptr().addr(), address);
        assert_eq!(buffer.bytes()[..2], [1, 7]);
        assert!(Buffer::borrowed(Box::new(vec![0u8; 65])).is_none());
    }

    #[test]
    fn too_large_is_an_error() {
        assert!(Buffer::new(DType::F64, usize::MAX / 2).is_err());
        assert!(Buffer::new(DType::F32, 1 << 60).is_err());
    }
}
