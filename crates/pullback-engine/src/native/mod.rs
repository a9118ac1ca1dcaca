//! Machine code for elementwise programs.
//!
//! `lower` writes a tile program down as steps over lanes (`ir`), by way of the functions of
//! `tile::math` over numbers that record (`record`). `emit` makes one loop of them, with values
//! in registers, encoded by `x64` and put into `memory`. The results are those of the tile
//! machine, bit for bit, since both take each step of the same definition; where there is no
//! code for a program, the tile machine runs it.
//!
//! Code needs a processor with AVX-512 or AVX2, and a system that lets memory be made executable.
//! Both have the same steps (`missing` replaces those that AVX2 has no instruction for) and the
//! same results.

use std::sync::atomic::{AtomicU8, Ordering};

/// What there is where the code generator knows processor and system.
macro_rules! generated {
    ($($item:item)*) => { $(#[cfg(all(target_arch = "x86_64", unix))] $item)* };
}

generated! {
    mod code;
    mod division;
    mod emit;
    mod entries;
    mod ir;
    mod looped;
    mod lower;
    mod missing;
    mod memory;
    mod record;
    mod rows;
    mod unrolled;
    mod x64;

    #[cfg(test)]
    mod tests;

    pub(crate) use code::{Argument, Code, Codes};
    #[cfg(test)]
    pub(crate) use code::is_available;
    pub(crate) use entries::{Entries, EntryCode, EntryPlan, Written};
    pub(crate) use rows::RowCode;
    pub(crate) use looped::{LoopCode, compile_scan, compile_while};
}

#[cfg(not(all(target_arch = "x86_64", unix)))]
pub(crate) use none::{
    Argument, Code, Codes, Entries, EntryCode, EntryPlan, LoopCode, RowCode, Written, compile_scan,
    compile_while,
};

/// Memory that a call writes: elements of rows, or a number for each row.
///
/// Several calls may write to different parts of the same rows at the same time, so this is not a
/// slice.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub start: *mut u8,
    /// Bytes that may be written.
    pub bytes: usize,
    /// Bytes from row to row.
    pub stride: usize,
}

// SAFETY: this is an address only; to write there is unsafe itself.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

impl Target {
    /// One row that fills a slice.
    pub fn row(bytes: &mut [u8]) -> Target {
        Target { start: bytes.as_mut_ptr(), bytes: bytes.len(), stride: 0 }
    }

    /// What begins at an element of so many bytes, with so many elements from row to row.
    pub fn part(&self, element: usize, step: usize, size: usize) -> Target {
        Target {
            start: self.start.wrapping_add(element * size),
            bytes: self.bytes.saturating_sub(element * size),
            stride: step * size,
        }
    }
}

/// What is wanted of a program.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Form {
    /// The inputs that are one element for all lanes, a bit each.
    pub scalars: u64,
    /// Those of them that are another element in each row.
    pub per_row: u64,
    /// The inputs of which every second element of a row is read, likewise.
    pub pairs: u64,
    /// If not zero, what is reduced is combined with what an output holds, lane by lane, and not
    /// accumulated over lanes: so many rows, one after the other, each with inputs of its own.
    pub by_column: u8,
    /// If not zero, each lane reduces a row of so many elements. Inputs that have one for each row
    /// are named by `per_row`.
    pub row: u8,
}

/// How the entries of an input lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reach {
    /// One after the other.
    Entry,
    /// The same in all of a row.
    Row,
    /// The same everywhere.
    All,
}

/// Where there is no code generator, no program has code.
#[cfg(not(all(target_arch = "x86_64", unix)))]
mod none;

/// What runs elementwise programs. The results are the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// The tile machine first, and code once that pays.
    Auto,
    /// Code from the first run on, where there can be code.
    Native,
    /// The tile machine.
    Tile,
    /// The scalar functions, element by element, on one thread: the reference for the others.
    Oracle,
}

impl Mode {
    /// Whether there may be code.
    pub fn has_code(self) -> bool {
        matches!(self, Mode::Auto | Mode::Native)
    }
}

static MODE: AtomicU8 = AtomicU8::new(u8::MAX);

/// What runs elementwise programs: as set, or as the environment variable `PULLBACK_ENGINE` says
/// (`auto`, `native`, `tile` or `oracle`), or [`Mode::Auto`].
pub fn mode() -> Mode {
    match MODE.load(Ordering::Relaxed) {
        0 => Mode::Auto,
        1 => Mode::Native,
        2 => Mode::Tile,
        3 => Mode::Oracle,
        _ => {
            let mode = match std::env::var("PULLBACK_ENGINE").as_deref() {
                Ok("native") => Mode::Native,
                Ok("tile") => Mode::Tile,
                Ok("oracle") => Mode::Oracle,
                _ => Mode::Auto,
            };
            set_mode(mode);
            mode
        }
    }
}

/// Says what runs elementwise programs from now on.
pub fn set_mode(mode: Mode) {
    MODE.store(mode as u8, Ordering::Relaxed);
}
