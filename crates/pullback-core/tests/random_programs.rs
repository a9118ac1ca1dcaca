//! Random programs: evaluated, compiled, mapped and differentiated, they agree with themselves.
//!
//! `PULLBACK_PROGRAMS` says how many are tried, `PULLBACK_SEED` with which the numbers begin.

#[path = "random_programs/generator.rs"]
mod generator;
#[path = "random_programs/oracles.rs"]
mod oracles;

use std::panic::{AssertUnwindSafe, catch_unwind};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Bytes that look random.
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    (0..96)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

#[test]
fn programs_agree_with_themselves() {
    let (count, first) = (setting("PULLBACK_PROGRAMS", 3000), setting("PULLBACK_SEED", 1));
    let mut failures = vec![];
    for seed in first..first + count {
        let outcome = catch_unwind(AssertUnwindSafe(|| oracles::agree(&bytes(seed))));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(message)) => failures.push(format!("seed {seed}: {message}")),
            Err(_) => failures.push(format!("seed {seed}: panicked")),
        }
    }
    let shown = failures.len().min(5);
    let text = failures[..shown].join("\n\n");
    assert!(failures.is_empty(), "{} of {count} programs fail:\n{text}", failures.len());
}
