//! `fft`: the discrete Fourier transform over the last axes, its inverse, and both for real
//! numbers, of whose transform the first half of the last axis says all.

use pullback_engine::DType;
use pullback_engine::kernels::fft::Fft as Kernel;
pub use pullback_engine::kernels::fft::FftKind;
use pullback_engine::plan::Slot;
use smallvec::SmallVec;

use crate::array::{Array, Arrays};
use crate::aval::{Aval, Shape, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{
    broadcast_in_dim, conj, eq, iota, move_axis, mul, number, or, select, zeros,
};
use crate::primitives::structure::{linear_jvp, linear_transpose};
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// The transform over the last axes, as many as there are lengths.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fft {
    /// Which transform.
    pub kind: FftKind,
    /// The lengths of the axes, of the real numbers where one side is real.
    pub lengths: Shape,
}

/// The transform of `x` over its last axes.
///
/// # Errors
/// If the axes do not have these lengths, or the elements are not of the type transformed.
pub fn fft(x: &Array, kind: FftKind, lengths: &[usize]) -> Result<Array> {
    bind1(Fft { kind, lengths: lengths.into() }, &[x])
}

impl Fft {
    /// The name of the transform, in messages.
    fn title(&self) -> &'static str {
        match self.kind {
            FftKind::Forward => "FFT",
            FftKind::Inverse => "IFFT",
            FftKind::RealForward => "RFFT",
            FftKind::RealInverse => "IRFFT",
        }
    }

    /// For each element of the half along the last axis how much it stands for: `alone` if it is
    /// its own mirror image, else `paired`.
    fn weights(&self, like: &Array, alone: f64, paired: f64) -> Result<Array> {
        let last = like.rank() - 1;
        let place = iota(DType::I32, like.shape(), last)?;
        let at = |n: usize| -> Result<Array> {
            let n = broadcast_in_dim(&number(n as f64, &place), like.shape(), &[])?;
            eq(&place, &n)
        };
        let length = self.lengths[self.lengths.len() - 1];
        let first = at(0)?;
        let mirrored = if length.is_multiple_of(2) { or(&first, &at(length / 2)?)? } else { first };
        let filled = |value: f64| broadcast_in_dim(&number(value, like), like.shape(), &[]);
        select(&mirrored, &filled(alone)?, &filled(paired)?)
    }

    fn count(&self) -> f64 {
        self.lengths.iter().map(|&length| length as f64).product()
    }
}

impl Primitive for Fft {
    fn name(&self) -> &str {
        "fft"
    }

    fn params(&self) -> Params {
        let kind = match self.kind {
            FftKind::Forward => 0,
            FftKind::Inverse => 1,
            FftKind::RealForward => 2,
            FftKind::RealInverse => 3,
        };
        vec![("fft_lengths", Param::sizes(&self.lengths)), ("fft_type", Param::Int(kind))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count("fft", 1, inputs.len()));
        };
        let (dtype, accepted) = match (self.kind, x.dtype) {
            (FftKind::RealForward, DType::F32) => (Some(DType::C64), ""),
            (FftKind::RealForward, DType::F64) => (Some(DType::C128), ""),
            (FftKind::RealForward, _) => (None, "float32 or float64"),
            (FftKind::RealInverse, DType::C64) => (Some(DType::F32), ""),
            (FftKind::RealInverse, DType::C128) => (Some(DType::F64), ""),
            (_, DType::C64 | DType::C128) => (Some(x.dtype), ""),
            _ => (None, "complex64 or complex128"),
        };
        let title = self.title();
        let Some(dtype) = dtype else {
            return Err(Error::value_error(
                "fft",
                format!("{title} input must be {accepted}, got {x}"),
            ));
        };
        let count = self.lengths.len();
        if count == 0 || count > x.rank() {
            return Err(Error::value_error(
                "fft",
                format!(
                    "{title} input {x} must have at least as many axes as there are lengths {}, \
                     which must be one at least",
                    ShapeText(&self.lengths)
                ),
            ));
        }
        let (outer, inner) = x.shape.split_at(x.rank() - count);
        let mut expected = self.lengths.clone();
        let last = self.lengths[count - 1];
        if self.kind == FftKind::RealInverse {
            // A length of zero is what is left of one element.
            expected[count - 1] = if last == 0 { inner[count - 1] } else { last / 2 + 1 };
        }
        if inner != &expected[..] {
            return Err(Error::value_error(
                "fft",
                format!(
                    "the last axes of {title} input {x} must be {} for lengths {}",
                    ShapeText(&expected),
                    ShapeText(&self.lengths)
                ),
            ));
        }
        let mut shape: Shape = outer.iter().chain(&self.lengths).copied().collect();
        if self.kind == FftKind::RealForward {
            shape[x.rank() - 1] = last / 2 + 1;
        }
        Ok(one(Aval { shape, dtype, weak: x.weak }))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    /// The matrix of a transform is symmetric. Between real and complex numbers the half that is
    /// left out comes in as weights: an element of the half stands for its mirror image too.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let x = inputs[0].aval();
        linear_transpose(ct, |ct| match self.kind {
            FftKind::Forward | FftKind::Inverse => bind1(self.clone(), &[ct]),
            _ if ct.aval().count() == 0 || x.count() == 0 => zeros(&x.with_weak(false)),
            // Re Σ ct_k w^(kn), over the half, is what the inverse makes of conjugates, of which
            // those that come twice are halved.
            FftKind::RealForward => {
                let weighted =
                    mul(&conj(ct)?, &self.weights(ct, self.count(), self.count() / 2.0)?)?;
                fft(&weighted, FftKind::RealInverse, &self.lengths)
            }
            FftKind::RealInverse => {
                let half = conj(&fft(ct, FftKind::RealForward, &self.lengths)?)?;
                let (alone, paired) = (1.0 / self.count(), 2.0 / self.count());
                mul(&half, &self.weights(&half, alone, paired)?)
            }
        })
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let x = move_axis(x[0], axes[0].unwrap_or(0), 0)?;
        Ok((one(bind1(self.clone(), &[&x])?), one(Some(0))))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(plan.kernel(Kernel { kind: self.kind, lengths: self.lengths.clone() }, x))
    }
}

impl Listed for Fft {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let kind = match params.int("fft_type")? {
            0 => FftKind::Forward,
            1 => FftKind::Inverse,
            2 => FftKind::RealForward,
            3 => FftKind::RealInverse,
            _ => return Err(params.invalid("fft_type")),
        };
        Ok(Fft { kind, lengths: params.sizes("fft_lengths")? })
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        let mut add = |shape: &[usize], dtype, kind, lengths: &[usize]| {
            let op = Fft { kind, lengths: lengths.into() };
            samples.push(Sample::new(op, [Input::real(shape, dtype)]));
        };
        for shape in [&[5][..], &[2, 6], &[3, 2, 4], &[1], &[2, 1], &[0, 3], &[3, 0]] {
            for axes in 1..=shape.len() {
                let lengths: SmallVec<[usize; 4]> = shape[shape.len() - axes..].into();
                for kind in [FftKind::Forward, FftKind::Inverse] {
                    add(shape, DType::C64, kind, &lengths);
                    add(shape, DType::C128, kind, &lengths);
                }
                add(shape, DType::F32, FftKind::RealForward, &lengths);
                add(shape, DType::F64, FftKind::RealForward, &lengths);
                let mut half: Shape = shape.into();
                half[shape.len() - 1] = shape[shape.len() - 1] / 2 + 1;
                add(&half, DType::C64, FftKind::RealInverse, &lengths);
                add(&half, DType::C128, FftKind::RealInverse, &lengths);
            }
        }
        samples
    }
}
