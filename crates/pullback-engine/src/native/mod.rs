//! Machine code for elementwise programs.
//!
//! `lower` writes a tile program down as steps over lanes (`ir`), by way of the functions of
//! `tile::math` over numbers that record (`record`). `emit` makes one loop of them, with values
//! in registers, encoded by `x64` and put into `memory`. The results are those of the tile
//! machine, bit for bit, since both take each step of the same definition; where there is no
//! code for a program, the tile machine runs it.
//!
//! Code needs a processor with AVX-512, and a system that lets memory be made executable.

use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(all(target_arch = "x86_64", unix))]
mod code;
#[cfg(all(target_arch = "x86_64", unix))]
mod emit;
mod ir;
#[cfg(all(target_arch = "x86_64", unix))]
mod looped;
mod lower;
#[cfg(all(target_arch = "x86_64", unix))]
mod memory;
mod record;
#[cfg(all(test, target_arch = "x86_64", unix))]
mod tests;
#[cfg(all(target_arch = "x86_64", unix))]
mod unrolled;
#[cfg(all(target_arch = "x86_64", unix))]
mod x64;

#[cfg(all(test, target_arch = "x86_64", unix))]
pub(crate) use code::is_available;
#[cfg(all(target_arch = "x86_64", unix))]
pub(crate) use code::{Argument, Code, Codes, Lanes};
#[cfg(all(target_arch = "x86_64", unix))]
pub(crate) use looped::{LoopCode, compile_scan, compile_while};
pub(crate) use lower::lanes_of;
#[cfg(not(all(target_arch = "x86_64", unix)))]
pub(crate) use none::{Argument, Code, Codes, Lanes, LoopCode, compile_scan, compile_while};

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
}

static MODE: AtomicU8 = AtomicU8::new(u8::MAX);

/// What runs elementwise programs: as set, or as the environment variable `PULLBACK_ENGINE` says
/// (`auto`, `native` or `tile`), or [`Mode::Auto`].
pub fn mode() -> Mode {
    match MODE.load(Ordering::Relaxed) {
        0 => Mode::Auto,
        1 => Mode::Native,
        2 => Mode::Tile,
        _ => {
            let mode = match std::env::var("PULLBACK_ENGINE").as_deref() {
                Ok("native") => Mode::Native,
                Ok("tile") => Mode::Tile,
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
