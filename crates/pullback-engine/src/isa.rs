//! The instruction sets that kernels and code are made for.
//!
//! Each kernel is compiled for all of them, and the best that the processor has is chosen when it
//! runs. The environment variable `PULLBACK_ISA` (`baseline`, `avx2` or `avx512`) takes a lesser
//! one, which makes the paths for other processors testable. Elementwise programs, reductions, sorts and
//! random bits have the same results with all. Those of products are the same with AVX2 and AVX-512,
//! but for large ones of bfloat16, which some processors multiply in pairs; without fused
//! multiplication their last digits differ, and so do those of transforms and decompositions.

use crate::sync::OnceLock;

/// What a processor can do, the least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Isa {
    /// What every processor of the target has.
    Baseline,
    /// Vectors of 256 bits: AVX2, FMA and BMI2.
    Avx2,
    /// Vectors of 512 bits and masks: AVX-512 F, VL, BW, DQ and CD.
    Avx512,
}

impl Isa {
    /// The best that this processor has.
    fn detected() -> Isa {
        #[cfg(target_arch = "x86_64")]
        {
            use pulp::x86::{V3, V4};
            let has_shifts = is_x86_feature_detected!("bmi2");
            if V4::try_new().is_some() && has_shifts {
                return Isa::Avx512;
            }
            if V3::try_new().is_some() && has_shifts {
                return Isa::Avx2;
            }
        }
        Isa::Baseline
    }
}

/// The instruction set that is used: the best there is, or the lesser one that the environment
/// asks for.
///
/// ```
/// use pullback_engine::isa::{Isa, isa};
/// assert!(isa() >= Isa::Baseline);
/// ```
pub fn isa() -> Isa {
    #[cfg(test)]
    if let Some(isa) = forced::get() {
        return isa;
    }
    chosen()
}

fn chosen() -> Isa {
    static ISA: OnceLock<Isa> = OnceLock::new();
    *ISA.get_or_init(|| {
        let most = match std::env::var("PULLBACK_ISA").as_deref() {
            Ok("baseline") => Isa::Baseline,
            Ok("avx2") => Isa::Avx2,
            _ => Isa::Avx512,
        };
        Isa::detected().min(most)
    })
}

/// What kernels are dispatched to.
///
/// What is dispatched must be a struct whose `call` is always inlined, and so must be all that
/// its loops call: the body of a closure would be compiled once, for the least processor.
pub(crate) fn arch() -> pulp::Arch {
    static ARCH: OnceLock<pulp::Arch> = OnceLock::new();
    *ARCH.get_or_init(|| match chosen() {
        #[cfg(target_arch = "x86_64")]
        Isa::Baseline => pulp::Arch::Scalar,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => pulp::x86::V3::try_new().map_or(pulp::Arch::Scalar, pulp::Arch::V3),
        _ => pulp::Arch::new(),
    })
}

/// Another instruction set for the code that a test compiles.
#[cfg(test)]
pub(crate) mod forced {
    use std::cell::Cell;

    use super::Isa;

    thread_local! {
        static FORCED: Cell<Option<Isa>> = const { Cell::new(None) };
    }

    pub(super) fn get() -> Option<Isa> {
        FORCED.get()
    }

    /// Does something with each instruction set that this processor has code for.
    pub(crate) fn for_each(mut f: impl FnMut(Isa)) {
        for isa in [Isa::Avx2, Isa::Avx512] {
            if isa <= Isa::detected() {
                FORCED.set(Some(isa));
                f(isa);
                FORCED.set(None);
            }
        }
    }
}
