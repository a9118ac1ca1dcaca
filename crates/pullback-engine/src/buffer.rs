//! The bytes of an array, aligned to a cache line.
//!
//! A buffer takes its memory from the pool (`memory`), with whatever it held before: a kernel must
//! write every element of its output.

use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::memory::{Block, Refused};

/// Memory of someone else's: bytes that stay where they are, and as they are, while the owner lives.
pub type Owner = Box<dyn AsRef<[u8]> + Send + Sync>;

/// Bytes aligned to a cache line.
pub struct Buffer {
    block: Block,
    len: usize,
    /// Holds the bytes instead of `block`, until they are to be written.
    owner: Option<Owner>,
}

impl Buffer {
    /// A buffer for `elements` of `dtype`, with arbitrary contents.
    #[inline]
    pub fn new(dtype: DType, elements: usize) -> Result<Buffer> {
        Buffer::taken(dtype, elements, Block::take)
    }

    /// A buffer as [`Buffer::new`] gives, for what a kernel needs for a while: it may exceed the
    /// limit of memory, as parts of work that others wait for cannot fail.
    pub(crate) fn scratch(dtype: DType, elements: usize) -> Result<Buffer> {
        Buffer::taken(dtype, elements, Block::take_beyond_limit)
    }

    #[inline]
    fn taken(
        dtype: DType,
        elements: usize,
        take: fn(usize) -> std::result::Result<Block, Refused>,
    ) -> Result<Buffer> {
        let too_large = || Error::TooLarge { elements: elements as u128, dtype };
        let len = elements.checked_mul(dtype.size()).ok_or_else(too_large)?;
        let block = take(len).map_err(|refused| match refused {
            Refused::System => too_large(),
            Refused::Limit { in_use, limit } => Error::OutOfMemory { bytes: len, in_use, limit },
        })?;
        Ok(Buffer { block, len, owner: None })
    }

    /// The bytes of another owner, in place, if they begin at a cache line and fill whole ones, as
    /// the kernels expect; `None` if they do not.
    pub fn borrowed(owner: Owner) -> Option<Buffer> {
        let bytes = (*owner).as_ref();
        let whole = bytes.as_ptr().addr().is_multiple_of(64) && bytes.len().is_multiple_of(64);
        let len = bytes.len();
        whole.then(|| Buffer { block: Block::empty(), len, owner: Some(owner) })
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
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        if let Some(owner) = &self.owner {
            return (**owner).as_ref();
        }
        &self.block.bytes()[..self.len]
    }

    /// Whether the bytes are those of another owner.
    #[inline]
    pub fn is_borrowed(&self) -> bool {
        self.owner.is_some()
    }

    /// All bytes, to be written. Those of another owner are copied first, whatever the limit of
    /// memory is: who cares about it writes to a new buffer instead.
    ///
    /// # Panics
    /// If the system has no memory for the copy.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        if let Some(owner) = self.owner.take() {
            let bytes = (*owner).as_ref();
            self.block = Block::take_beyond_limit(bytes.len()).expect("memory for a copy");
            self.block.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
        }
        &mut self.block.bytes_mut()[..self.len]
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
        std::mem::replace(&mut self.block, Block::empty()).give();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borrowed_bytes_stay_in_place_until_they_are_written() {
        #[repr(C, align(64))]
        struct Bytes([u8; 128]);
        impl AsRef<[u8]> for Bytes {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        let owner: Owner = Box::new(Bytes([7; 128]));
        let address = (*owner).as_ref().as_ptr().addr();
        let mut buffer = Buffer::borrowed(owner).expect("whole lines");
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
