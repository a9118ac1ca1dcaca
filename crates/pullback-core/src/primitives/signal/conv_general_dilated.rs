//! `conv_general_dilated`: convolutions over any number of axes, with strides, padding, dilations
//! and groups.
//!
//! Along one axis element `q` of the result is the sum over taps `t` of
//! `lhs[q stride + t rhs_dilation - low] rhs[t]`, where `lhs` has `lhs_dilation - 1` zeros between
//! neighbours and is zero outside. Both transposes are convolutions: solved for the left operand the
//! equation between places has the taps in reverse, and stride and `lhs_dilation` exchanged; solved
//! for the taps it has stride and `rhs_dilation` exchanged.

use pullback_engine::kernels::conv::Conv;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Kind};
use smallvec::SmallVec;

use super::conv_batch;
use crate::array::{Array, Arrays};
use crate::aval::{Aval, Shape, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{convert_element_type, rev};
use crate::primitives::structure::check_axes;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Which axes of operands and result are which: first that of the batch, then that of the features,
/// then those of space. Of the right operand the first is that of the features of the result, the
/// second that of the features of the left operand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct ConvDims {
    pub lhs_spec: Shape,
    pub rhs_spec: Shape,
    pub out_spec: Shape,
}

/// Before and after each axis of space; negative amounts take away.
pub type Pads = SmallVec<[(i64, i64); 4]>;

/// A convolution, with one entry of strides, padding and dilations for each axis of space.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct ConvGeneralDilated {
    pub dims: ConvDims,
    pub window_strides: Shape,
    pub padding: Pads,
    pub lhs_dilation: Shape,
    pub rhs_dilation: Shape,
    /// Groups of features of the left operand that are convolved each with its part of the right.
    pub feature_group_count: usize,
    /// Groups of the batch that are convolved each with its part of the right operand.
    pub batch_group_count: usize,
    /// The type of the result; `None` is that of the operands.
    pub dtype: Option<DType>,
}

/// The convolution of `lhs` with the window `rhs`.
///
/// # Errors
/// If the operands differ in type, or their shapes do not fit each other and the parameters.
pub fn conv_general_dilated(lhs: &Array, rhs: &Array, conv: ConvGeneralDilated) -> Result<Array> {
    bind1(conv, &[lhs, rhs])
}

impl ConvDims {
    /// Batch first, then features, then space.
    pub fn leading(rank: usize) -> ConvDims {
        let spec: Shape = (0..rank).collect();
        ConvDims { lhs_spec: spec.clone(), rhs_spec: spec.clone(), out_spec: spec }
    }
}

/// The size of an axis with `dilation - 1` entries between neighbours.
pub(super) fn dilated(size: usize, dilation: usize) -> i64 {
    match size {
        0 => 0,
        size => ((size - 1).saturating_mul(dilation)).saturating_add(1).min(1 << 60) as i64,
    }
}

fn exchanged(spec: &[usize]) -> Shape {
    let mut spec: Shape = spec.into();
    spec.swap(0, 1);
    spec
}

impl ConvGeneralDilated {
    /// One stride and no dilation along each axis, without groups.
    pub fn new(dims: ConvDims, window_strides: &[usize], padding: Pads) -> ConvGeneralDilated {
        let ones = Shape::from_elem(1, window_strides.len());
        ConvGeneralDilated {
            dims,
            window_strides: window_strides.into(),
            padding,
            lhs_dilation: ones.clone(),
            rhs_dilation: ones,
            feature_group_count: 1,
            batch_group_count: 1,
            dtype: None,
        }
    }

    fn error(&self, message: String) -> Error {
        Error::value_error("conv_general_dilated", message)
    }

    fn check(&self, lhs: &Aval, rhs: &Aval) -> Result<()> {
        let ConvDims { lhs_spec, rhs_spec, out_spec } = &self.dims;
        let (rank, space) = (lhs.rank(), self.window_strides.len());
        if lhs.rank() != rhs.rank() {
            return Err(self.error(format!(
                "lhs and rhs must have the same number of dimensions, got {lhs} and {rhs}"
            )));
        }
        let counts = [self.padding.len(), self.lhs_dilation.len(), self.rhs_dilation.len()];
        if space + 2 != rank || counts.iter().any(|&count| count != space) {
            return Err(self.error(format!(
                "strides {}, padding and dilations must have an entry for each of the {} spatial \
                 dimensions of {lhs}",
                ShapeText(&self.window_strides),
                rank.saturating_sub(2)
            )));
        }
        for spec in [lhs_spec, rhs_spec, out_spec] {
            if spec.len() != rank {
                let message = format!("{} does not name each axis of {lhs}", ShapeText(spec));
                return Err(self.error(message));
            }
            check_axes("conv_general_dilated", spec, rank)?;
        }
        for (name, values) in [
            ("window_strides", &self.window_strides),
            ("lhs_dilation", &self.lhs_dilation),
            ("rhs_dilation", &self.rhs_dilation),
        ] {
            if values.contains(&0) {
                let message = format!("{name} must be positive, got {}", ShapeText(values));
                return Err(self.error(message));
            }
        }
        let (batch, features) = (lhs.shape[lhs_spec[0]], lhs.shape[lhs_spec[1]]);
        let (outputs, inputs) = (rhs.shape[rhs_spec[0]], rhs.shape[rhs_spec[1]]);
        for (name, groups, split) in [
            ("feature_group_count", self.feature_group_count, ("feature", features)),
            ("batch_group_count", self.batch_group_count, ("batch", batch)),
        ] {
            if groups == 0 {
                return Err(self.error(format!("{name} must be a positive integer, got 0")));
            }
            if !split.1.is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
                return Err(self.error(format!(
                    "{name} {groups} must divide the {} dimension of {lhs} and the output feature \
                     dimension of {rhs}, which are {} and {outputs}",
                    split.0, split.1
                )));
            }
        }
        if self.feature_group_count > 1 && self.batch_group_count > 1 {
            return Err(self.error(format!(
                "at most one of batch_group_count and feature_group_count may be more than 1, got {} \
                 and {}",
                self.batch_group_count, self.feature_group_count
            )));
        }
        if features / self.feature_group_count != inputs {
            return Err(self.error(format!(
                "the feature dimension of {lhs} divided by feature_group_count must be the input \
                 feature dimension of {rhs}, but {features} // {} != {inputs}",
                self.feature_group_count
            )));
        }
        Ok(())
    }

    /// The type of the result for operands of this type.
    fn result(&self, dtype: DType) -> Result<DType> {
        let Some(preferred) = self.dtype else { return Ok(dtype) };
        let family = |dtype: DType| match dtype.kind() {
            Kind::Bool | Kind::Signed | Kind::Unsigned => 0,
            Kind::Float => 1,
            _ => 2,
        };
        if family(preferred) < family(dtype)
            || family(preferred) == family(dtype) && preferred.size() < dtype.size()
        {
            return Err(Error::type_error(
                "conv_general_dilated",
                format!("preferred_element_type {preferred} must hold what {dtype} does"),
            ));
        }
        Ok(preferred)
    }

    /// The number of places along an axis of space.
    fn places(&self, n: usize, size: usize, taps: usize) -> usize {
        let (low, high) = self.padding[n];
        let whole = dilated(size, self.lhs_dilation[n]).saturating_add(low).saturating_add(high);
        let left = whole - dilated(taps, self.rhs_dilation[n]);
        if left < 0 { 0 } else { left as usize / self.window_strides[n] + 1 }
    }

    /// The cotangent of the left operand.
    fn transpose_left(&self, ct: &Array, lhs: &Aval, rhs: &Array) -> Result<Array> {
        let ConvDims { lhs_spec, rhs_spec, out_spec } = &self.dims;
        let rhs = rev(rhs, &rhs_spec[2..])?;
        let (groups, batch_groups) = (self.feature_group_count, self.batch_group_count);
        // What were features of the result of one group become those that are summed over.
        let all = groups * batch_groups;
        let rhs = conv_batch::regrouped(&rhs, rhs_spec[0], rhs_spec[1], all)?;
        let padding = |n: usize| {
            let (size, places) = (lhs.shape[lhs_spec[2 + n]], ct.shape()[out_spec[2 + n]]);
            let taps = dilated(rhs.shape()[rhs_spec[2 + n]], self.rhs_dilation[n]);
            let low = taps - 1 - self.padding[n].0;
            let whole = dilated(places, self.window_strides[n]);
            (low, dilated(size, self.lhs_dilation[n]) + taps - 1 - whole - low)
        };
        let back = ConvGeneralDilated {
            dims: ConvDims {
                lhs_spec: out_spec.clone(),
                rhs_spec: exchanged(rhs_spec),
                out_spec: lhs_spec.clone(),
            },
            window_strides: self.lhs_dilation.clone(),
            padding: (0..self.padding.len()).map(padding).collect(),
            lhs_dilation: self.window_strides.clone(),
            rhs_dilation: self.rhs_dilation.clone(),
            feature_group_count: all,
            batch_group_count: 1,
            dtype: self.dtype.map(|_| lhs.dtype),
        };
        let y = conv_general_dilated(&self.narrowed(ct, rhs.dtype())?, &rhs, back)?;
        match batch_groups {
            1 => Ok(y),
            _ => conv_batch::moved(&y, lhs_spec[1], lhs_spec[0], batch_groups),
        }
    }

    /// The cotangent of the right operand.
    fn transpose_right(&self, ct: &Array, lhs: &Array, rhs: &Aval) -> Result<Array> {
        let ConvDims { lhs_spec, rhs_spec, out_spec } = &self.dims;
        let padding = |n: usize| {
            let (size, places) = (lhs.shape()[lhs_spec[2 + n]], ct.shape()[out_spec[2 + n]]);
            let taps = dilated(rhs.shape[rhs_spec[2 + n]], self.rhs_dilation[n]);
            let low = self.padding[n].0;
            let whole = dilated(size, self.lhs_dilation[n]);
            (low, taps + dilated(places, self.window_strides[n]) - 1 - whole - low)
        };
        let back = ConvGeneralDilated {
            dims: ConvDims {
                lhs_spec: exchanged(lhs_spec),
                rhs_spec: exchanged(out_spec),
                out_spec: exchanged(rhs_spec),
            },
            window_strides: self.rhs_dilation.clone(),
            padding: (0..self.padding.len()).map(padding).collect(),
            lhs_dilation: self.lhs_dilation.clone(),
            rhs_dilation: self.window_strides.clone(),
            // Groups of features are now groups of the batch, and the other way round.
            feature_group_count: self.batch_group_count,
            batch_group_count: self.feature_group_count,
            dtype: self.dtype.map(|_| rhs.dtype),
        };
        conv_general_dilated(lhs, &self.narrowed(ct, lhs.dtype())?, back)
    }

    /// A cotangent in the type of the operand it meets.
    fn narrowed(&self, ct: &Array, dtype: DType) -> Result<Array> {
        match self.dtype {
            Some(_) => convert_element_type(ct, dtype),
            None => Ok(ct.clone()),
        }
    }
}

impl Primitive for ConvGeneralDilated {
    fn name(&self) -> &str {
        "conv_general_dilated"
    }

    fn params(&self) -> Params {
        let dims = Param::record(
            "ConvDimensionNumbers",
            [
                ("lhs_spec", Param::sizes(&self.dims.lhs_spec)),
                ("rhs_spec", Param::sizes(&self.dims.rhs_spec)),
                ("out_spec", Param::sizes(&self.dims.out_spec)),
            ],
        );
        let pad = |&(low, high): &(i64, i64)| Param::ints(&[low, high]);
        vec![
            ("batch_group_count", Param::Int(self.batch_group_count as i64)),
            ("dimension_numbers", dims),
            ("feature_group_count", Param::Int(self.feature_group_count as i64)),
            ("lhs_dilation", Param::sizes(&self.lhs_dilation)),
            ("out_sharding", Param::None),
            ("padding", Param::Tuple(self.padding.iter().map(pad).collect())),
            ("precision", Param::None),
            ("preferred_element_type", self.dtype.map_or(Param::None, Param::DType)),
            ("rhs_dilation", Param::sizes(&self.rhs_dilation)),
            ("window_strides", Param::sizes(&self.window_strides)),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [lhs, rhs] = inputs else {
            return Err(crate::primitives::operand_count("conv_general_dilated", 2, inputs.len()));
        };
        self.check(lhs, rhs)?;
        if lhs.dtype != rhs.dtype {
            return Err(Error::DTypeMismatch {
                function: "conv_general_dilated".into(),
                lhs: lhs.dtype,
                rhs: rhs.dtype,
            });
        }
        crate::primitives::unary::Accepts::Any.check("conv_general_dilated", lhs.dtype)?;
        let ConvDims { lhs_spec, rhs_spec, out_spec } = &self.dims;
        let mut shape = Shape::from_elem(0, lhs.rank());
        shape[out_spec[0]] = lhs.shape[lhs_spec[0]] / self.batch_group_count;
        shape[out_spec[1]] = rhs.shape[rhs_spec[0]];
        for n in 0..self.padding.len() {
            let (size, taps) = (lhs.shape[lhs_spec[2 + n]], rhs.shape[rhs_spec[2 + n]]);
            shape[out_spec[2 + n]] = self.places(n, size, taps);
        }
        let weak = lhs.weak && rhs.weak && self.dtype.is_none();
        Ok(one(Aval { shape, dtype: self.result(lhs.dtype)?, weak }))
    }

    /// d(xy) = dx y + x dy.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let conv = |x: &Array, y: &Array| bind1(self.clone(), &[x, y]);
        let z = conv(x[0], x[1])?;
        let aval = z.aval().tangent();
        let left = dx[0].map(&aval, |dx| conv(dx, x[1]))?;
        let right = dx[1].map(&aval, |dy| conv(x[0], dy))?;
        Ok((one(z), one(left.plus(right)?)))
    }

    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let Some(ct) = &ct[0] else { return Ok([None, None].into_iter().collect()) };
        match inputs {
            [Operand::Linear(x), Operand::Known(y)] => {
                Ok([Some(self.transpose_left(ct, x, y)?), None].into_iter().collect())
            }
            [Operand::Known(x), Operand::Linear(y)] => {
                Ok([None, Some(self.transpose_right(ct, x, y)?)].into_iter().collect())
            }
            _ => Err(Error::NotLinear { primitive: self.name().into() }),
        }
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        conv_batch::batch(self, x, axes, axis)
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], y: &[Aval]) -> Result<Slots> {
        let ConvDims { lhs_spec, rhs_spec, out_spec } = self.dims.clone();
        let kernel = Conv {
            lhs_spec,
            rhs_spec,
            out_spec,
            strides: self.window_strides.clone(),
            padding: self.padding.clone(),
            lhs_dilation: self.lhs_dilation.clone(),
            rhs_dilation: self.rhs_dilation.clone(),
            feature_groups: self.feature_group_count,
            batch_groups: self.batch_group_count,
            out: y[0].dtype,
        };
        Ok(plan.kernel(kernel, x))
    }
}

impl Listed for ConvGeneralDilated {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let dims = params.record("dimension_numbers")?;
        Ok(ConvGeneralDilated {
            dims: ConvDims {
                lhs_spec: dims.sizes("lhs_spec")?,
                rhs_spec: dims.sizes("rhs_spec")?,
                out_spec: dims.sizes("out_spec")?,
            },
            window_strides: params.sizes("window_strides")?,
            padding: super::read_padding(params)?,
            lhs_dilation: params.sizes("lhs_dilation")?,
            rhs_dilation: params.sizes("rhs_dilation")?,
            feature_group_count: params.size("feature_group_count")?,
            batch_group_count: params.size("batch_group_count")?,
            dtype: params.optional_dtype("preferred_element_type")?,
        })
    }

    fn samples() -> Vec<Sample> {
        let nhwc = ConvDims {
            lhs_spec: [0, 3, 1, 2].into_iter().collect(),
            rhs_spec: [3, 2, 0, 1].into_iter().collect(),
            out_spec: [0, 3, 1, 2].into_iter().collect(),
        };
        type Pair = (i64, i64);
        let conv = |dims: ConvDims, strides: &[usize], padding: &[Pair]| {
            ConvGeneralDilated::new(dims, strides, padding.into())
        };
        let line = |stride: usize, padding: Pair, dilations: [usize; 2], groups: [usize; 2]| {
            let [lhs_dilation, rhs_dilation] = dilations.map(|by| Shape::from_elem(by, 1));
            let [feature_group_count, batch_group_count] = groups;
            ConvGeneralDilated {
                lhs_dilation,
                rhs_dilation,
                feature_group_count,
                batch_group_count,
                ..conv(ConvDims::leading(3), &[stride], &[padding])
            }
        };
        let cases: [(&[usize], &[usize], ConvGeneralDilated); 14] = [
            (&[2, 3, 6], &[4, 3, 3], line(1, (1, 1), [1, 1], [1, 1])),
            (&[1, 2, 5], &[2, 2, 2], line(2, (0, 1), [1, 2], [1, 1])),
            (&[1, 1, 4], &[2, 1, 3], line(1, (2, -1), [3, 1], [1, 1])),
            (&[1, 1, 3], &[1, 1, 3], line(3, (2, 4), [2, 2], [1, 1])),
            (&[2, 4, 5], &[6, 2, 2], line(1, (0, 0), [1, 1], [2, 1])),
            (&[2, 3, 5], &[3, 1, 2], line(2, (1, 0), [1, 1], [3, 1])),
            (&[4, 2, 4], &[6, 2, 3], line(1, (1, 1), [1, 1], [1, 2])),
            (&[2, 2, 4], &[2, 2, 6], line(1, (1, 1), [1, 1], [1, 1])),
            (&[2, 2, 2], &[2, 2, 5], line(1, (0, 0), [1, 1], [1, 1])),
            (&[0, 2, 4], &[3, 2, 2], line(1, (0, 0), [1, 1], [1, 1])),
            (&[1, 0, 4], &[3, 0, 2], line(1, (0, 0), [1, 1], [1, 1])),
            (&[2, 3], &[4, 3], conv(ConvDims::leading(2), &[], &[])),
            (&[2, 5, 4, 2], &[3, 2, 2, 3], conv(nhwc.clone(), &[2, 1], &[(1, 1), (0, 1)])),
            (
                &[1, 1, 3, 3, 2],
                &[1, 1, 2, 1, 2],
                conv(ConvDims::leading(5), &[1, 1, 1], &[(0, 0), (1, 0), (0, 1)]),
            ),
        ];
        let mut samples = vec![];
        for &dtype in DType::NUMERIC {
            for (lhs, rhs, op) in &cases {
                let inputs = [Input::real(lhs, dtype), Input::real(rhs, dtype)];
                samples.push(Sample::new(op.clone(), inputs));
            }
        }
        let wide = ConvGeneralDilated { dtype: Some(DType::I32), ..cases[0].2.clone() };
        let inputs = [Input::real(cases[0].0, DType::I8), Input::real(cases[0].1, DType::I8)];
        samples.push(Sample::new(wide, inputs));
        samples
    }
}
