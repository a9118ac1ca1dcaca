//! Convolutions of any rank, with strides, padding, dilations and groups.
//!
//! Element `q` of the result along an axis is the sum over taps `t` of the window of
//! `lhs[q stride + t rhs_dilation - low] rhs[t]`, where the left operand, with holes of its dilation,
//! is zero outside. The window is laid over *patches* of the left operand, and products of matrices
//! do the rest. Nothing is dilated or padded in memory: patches are packed block by block.
//!
//! There are two forms. *Sliding*: many places, few taps; a patch for each place times the taps.
//! *Gathered*: few places, many taps, as in the gradient with respect to a window; a patch for each
//! tap, transposed, times the right operand, summed over blocks of taps. Where every channel is
//! convolved alone, loops over channels take the place of products. Windows of 3x3 over many
//! channels take fewer products, in both forms (see `winograd`).
//!
//! Channels come last in whatever is computed; operands that are laid out otherwise are copied, and
//! the result is a view. Threads take blocks whose bounds are fixed by shapes.

use num_complex::Complex;
use smallvec::{SmallVec, smallvec};

use super::dot::{Factor, computed_in, convert};
use super::{Kernel, Tensors};
use crate::buffer::Buffer;
use crate::cost::{Cost, TensorType};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::layout::{self, Shape};
use crate::tensor::Tensor;

mod depthwise;
mod gathered;
mod line;
mod patches;
mod sliding;
mod thin;
mod winograd;

/// Why the product of a block cannot fail: only sizes that no memory has are refused.
const FITS: &str = "the operands of a block fit into memory";

/// A convolution; a spec says which axis is that of the batch (of the right operand: the features
/// of the result), which that of the features, and which those of space.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Conv {
    pub lhs_spec: Shape,
    pub rhs_spec: Shape,
    pub out_spec: Shape,
    pub strides: Shape,
    /// Before and after each axis; negative takes away.
    pub padding: SmallVec<[(i64, i64); 4]>,
    pub lhs_dilation: Shape,
    pub rhs_dilation: Shape,
    pub feature_groups: usize,
    pub batch_groups: usize,
    /// The type of the result, which operands of another type are converted to.
    pub out: DType,
}

impl Kernel for Conv {
    fn name(&self) -> &'static str {
        "conv_general_dilated"
    }

    /// Products with what is padding are not counted.
    fn cost(&self, inputs: &[TensorType], outputs: &[TensorType]) -> Cost {
        let mut inside = 1.0;
        for (n, &stride) in self.strides.iter().enumerate() {
            let size = |spec: &Shape, x: &TensorType| x.shape[spec[n + 2]];
            let (length, window) =
                (size(&self.lhs_spec, &inputs[0]), size(&self.rhs_spec, &inputs[1]));
            let places = size(&self.out_spec, &outputs[0]);
            let (spread, apart) = (self.lhs_dilation[n] as i64, self.rhs_dilation[n] as i64);
            let pairs = (0..places as i64).map(|place| {
                let first = place * stride as i64 - self.padding[n].0;
                let at = (0..window as i64).map(|k| first + k * apart);
                at.filter(|at| at % spread == 0 && (0..length as i64).contains(&(at / spread)))
                    .count()
            });
            inside *= pairs.sum::<usize>() as f64;
        }
        let (batch, features) = (self.out_spec[0], self.out_spec[1]);
        let outer = outputs[0].shape[batch] * outputs[0].shape[features];
        let depth = inputs[1].shape[self.rhs_spec[1]];
        Cost { flops: 2.0 * inside * (outer * depth) as f64, ..Cost::default() }
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let compute = computed_in(self.out);
        let (lhs, rhs) = (convert(&inputs[0], compute)?, convert(&inputs[1], compute)?);
        drop(inputs);
        macro_rules! convolve {
            ($($($D:ident)|* => $T:ty, $lanes:literal;)*) => {
                match compute {
                    $($(DType::$D)|* => self.convolve::<$T, $lanes>(&lhs, &rhs, compute)?,)*
                    dtype => return Err(Error::DType { operation: self.name(), dtype }),
                }
            };
        }
        // Products of signed integers are those of unsigned ones.
        let y = convolve! {
            I32 | U32 => u32, 32;
            I64 | U64 => u64, 16; F32 => f32, 32; F64 => f64, 16; C64 => Complex<f32>, 16;
            C128 => Complex<f64>, 8;
        };
        Ok(smallvec![convert(&y, self.out)?])
    }
}

/// How the places of a window and its taps lie along one axis of the left operand.
#[derive(Clone, Copy, Debug)]
struct Axis {
    /// The size of the left operand.
    size: usize,
    /// The distance of its elements.
    dilation: usize,
    /// The padding before.
    low: i64,
    /// The number of places of the window.
    places: usize,
    /// Their distance.
    stride: usize,
    /// The number of taps.
    taps: usize,
    /// Their distance.
    step: usize,
}

impl Axis {
    /// The element of the left operand under a tap, if it is one.
    #[inline(always)]
    fn at(&self, place: usize, tap: usize) -> Option<usize> {
        let at = (place * self.stride + tap * self.step) as i64 - self.low;
        let at = usize::try_from(at).ok()?;
        if self.dilation == 1 {
            return (at < self.size).then_some(at);
        }
        (at.is_multiple_of(self.dilation) && at / self.dilation < self.size)
            .then(|| at / self.dilation)
    }

    /// With places and taps exchanged: the sum is the same.
    fn exchanged(self) -> Axis {
        let Axis { places, stride, taps, step, .. } = self;
        Axis { places: taps, stride: step, taps: places, step: stride, ..self }
    }
}

type Axes = SmallVec<[Axis; 4]>;

/// Which part of the batch and of the channels of the left operand belongs to a group.
#[derive(Clone, Copy)]
struct Groups {
    feature: usize,
    batch: usize,
}

/// The number of elements that are worth a block: what fits beside others into a second cache.
const BLOCK: usize = 1 << 17;

impl Conv {
    fn convolve<T: Factor + Element, const LANES: usize>(
        &self,
        lhs: &Tensor,
        rhs: &Tensor,
        dtype: DType,
    ) -> Result<Tensor> {
        let axes = self.axes(lhs, rhs);
        let places: usize = axes.iter().map(|axis| axis.places).product();
        let taps: usize = axes.iter().map(|axis| axis.taps).product();
        let gathered = taps > places;
        // Channels last: those of the sum where places are many, else those of the result.
        let [batch, feature] = [self.lhs_spec[0], self.lhs_spec[1]];
        let (outer, inner) = if gathered { (feature, batch) } else { (batch, feature) };
        let space = &self.lhs_spec[2..];
        let order: Shape = [outer].iter().chain(space).chain([&inner]).copied().collect();
        let lhs = lhs.transpose(&order)?.contiguous()?;
        let [out_features, in_features] = [self.rhs_spec[0], self.rhs_spec[1]];
        let space = &self.rhs_spec[2..];
        let order: Shape = match gathered {
            true => [in_features].iter().chain(space).chain([&out_features]).copied().collect(),
            false => space.iter().chain([&in_features, &out_features]).copied().collect(),
        };
        let rhs = rhs.transpose(&order)?.contiguous()?;
        let features = rhs.shape()[rhs.rank() - 1];
        let count = if gathered { lhs.shape()[lhs.rank() - 1] } else { lhs.shape()[0] };
        let count = count / self.batch_groups;
        let space: Shape = axes.iter().map(|axis| axis.places).collect();
        let shape: Shape = match gathered {
            true => space.iter().chain([&count, &features]).copied().collect(),
            false => [count].iter().chain(&space).chain([&features]).copied().collect(),
        };
        let too_large = Error::TooLarge { elements: u128::MAX, dtype };
        let elements = layout::checked_count(&shape).ok_or(too_large)?;
        let mut buffer = Buffer::new(dtype, elements)?;
        let operands = Operands {
            lhs: lhs.bytes().map(bytemuck::cast_slice).unwrap_or_default(),
            rhs: rhs.bytes().map(bytemuck::cast_slice).unwrap_or_default(),
            outer: lhs.shape()[0],
            inner: lhs.shape()[lhs.rank() - 1],
            features,
            groups: Groups { feature: self.feature_groups, batch: self.batch_groups },
        };
        let out: &mut [T] = bytemuck::cast_slice_mut(buffer.bytes_mut());
        if !out.is_empty() {
            match gathered {
                _ if taps == 0 || operands.lhs.is_empty() || operands.rhs.is_empty() => {
                    out.fill(T::ZERO);
                }
                true => gathered::convolve::<T, LANES>(&operands, &axes, out),
                false => sliding::convolve::<T, LANES>(&operands, &axes, out),
            }
        }
        let y = Tensor::from_buffer(dtype, &shape, buffer);
        // Where axis `n` of the result lies in what was computed.
        let rank = shape.len();
        let mut order: Shape = smallvec![0; rank];
        let (batch, first) = if gathered { (rank - 2, 0) } else { (0, 1) };
        order[self.out_spec[0]] = batch;
        order[self.out_spec[1]] = rank - 1;
        for (n, &axis) in self.out_spec[2..].iter().enumerate() {
            order[axis] = first + n;
        }
        y.transpose(&order)
    }

    fn axes(&self, lhs: &Tensor, rhs: &Tensor) -> Axes {
        let axis = |n: usize| {
            let size = lhs.shape()[self.lhs_spec[2 + n]];
            let taps = rhs.shape()[self.rhs_spec[2 + n]];
            let (low, high) = self.padding[n];
            let (dilation, step, stride) =
                (self.lhs_dilation[n], self.rhs_dilation[n], self.strides[n]);
            let dilated = |size: usize, by: usize| size.saturating_sub(1) * by + size.min(1);
            let whole = dilated(size, dilation) as i64 + low + high;
            let left = whole - dilated(taps, step) as i64;
            let places = if left < 0 { 0 } else { left as usize / stride + 1 };
            Axis { size, dilation, low, places, stride, taps, step }
        };
        (0..self.strides.len()).map(axis).collect()
    }
}

/// What is convolved, with channels last: the left operand as `[outer, space, inner]`, the right one
/// as `[space, channels, features]` where places are many, else as `[outer, space, features]`.
struct Operands<'a, T> {
    lhs: &'a [T],
    rhs: &'a [T],
    outer: usize,
    inner: usize,
    features: usize,
    groups: Groups,
}

#[cfg(test)]
mod tests;
