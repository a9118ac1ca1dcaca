//! Any bytes are a program that agrees with itself; see `tests/random_programs` of the core.
//!
//! `cargo +nightly fuzz run programs`

#![no_main]

#[path = "../../crates/pullback-core/tests/random_programs/generator.rs"]
mod generator;
#[path = "../../crates/pullback-core/tests/random_programs/oracles.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(message) = oracles::agree(bytes) {
        panic!("{message}");
    }
});
