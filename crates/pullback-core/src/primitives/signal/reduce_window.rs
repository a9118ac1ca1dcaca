//! `reduce_window_sum`, `reduce_window_max`, `reduce_window_min`: the elements under a window, at
//! each of its places, as one.

use pullback_engine::DType;
use pullback_engine::kernels::window::ReduceWindow as Kernel;
pub use pullback_engine::kernels::window::WindowOp;
use pullback_engine::plan::Slot;

use super::select_and_gather_add::select_and_gather_add;
use super::window::{self, Window, window};
use crate::array::{Array, Arrays};
use crate::aval::{Aval, Shape};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::Params;
use crate::lower::Lowering;
use crate::primitives::structure::linear_transpose;
use crate::primitives::unary::Accepts;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// The window, and how the elements under it become one. Beyond the array is what changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReduceWindow {
    /// How two elements become one.
    pub op: WindowOp,
    /// The window.
    pub window: Window,
}

/// The elements of `x` under the window at each place, as one.
///
/// # Errors
/// If the window does not have an entry for each axis, or the elements are not in order.
pub fn reduce_window(x: &Array, op: WindowOp, window: Window) -> Result<Array> {
    bind1(ReduceWindow { op, window }, &[x])
}

impl ReduceWindow {
    fn accepts(&self) -> Accepts {
        match self.op {
            WindowOp::Sum => Accepts::Number,
            WindowOp::Max | WindowOp::Min => Accepts::Any,
        }
    }
}

impl Primitive for ReduceWindow {
    fn name(&self) -> &str {
        match self.op {
            WindowOp::Sum => "reduce_window_sum",
            WindowOp::Max => "reduce_window_max",
            WindowOp::Min => "reduce_window_min",
        }
    }

    fn params(&self) -> Params {
        window::params(&self.window, None)
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        self.accepts().check(self.name(), x.dtype)?;
        window::check(self.name(), &self.window, x)?;
        Ok(one(x.with_shape(&self.window.places(&x.shape))))
    }

    /// The tangent of a sum is the sum of tangents; that of an extreme is the tangent where it lies.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), &[x[0]])?;
        let dy = dx[0].map(&y.aval().tangent(), |dx| match self.op {
            WindowOp::Sum => bind1(self.clone(), &[dx]),
            _ if x[0].dtype().is_complex() => {
                Err(self.missing("the derivative for complex numbers"))
            }
            op => select_and_gather_add(dx, x[0], op == WindowOp::Min, self.window.clone()),
        })?;
        Ok((one(y), one(dy)))
    }

    /// An element takes part in the sums at all places that it lies under.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        if self.op != WindowOp::Sum {
            return Err(Error::NotLinear { primitive: self.name().into() });
        }
        let x = inputs[0].aval();
        linear_transpose(ct, |ct| {
            let pads = window::padding_back(&self.window, &x.shape, ct.shape());
            // What was a stride is a distance between neighbours, and the other way round.
            let back = Window {
                base_dilation: self.window.strides.clone(),
                window_dilation: self.window.window_dilation.clone(),
                ..window(&self.window.dimensions, &self.window.base_dilation, &pads)
            };
            reduce_window(ct, WindowOp::Sum, back)
        })
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let axis = axes[0].unwrap_or(0);
        let y = reduce_window(x[0], self.op, window::with_axis(&self.window, axis))?;
        Ok((one(y), one(Some(axis))))
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(plan.kernel(Kernel { op: self.op, window: self.window.clone() }, x))
    }
}

impl Listed for ReduceWindow {
    fn from_params(name: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let op = match name {
            "reduce_window_sum" => WindowOp::Sum,
            "reduce_window_max" => WindowOp::Max,
            "reduce_window_min" => WindowOp::Min,
            _ => return Err(params.invalid("name")),
        };
        Ok(ReduceWindow { op, window: window::read(params)? })
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        for op in [WindowOp::Sum, WindowOp::Max, WindowOp::Min] {
            for &dtype in DType::NUMERIC {
                for (shape, window) in cases() {
                    let op = ReduceWindow { op, window };
                    let differs = op.op == WindowOp::Sum || !dtype.is_complex();
                    if !op.accepts().has(dtype) || !differs && dtype == DType::C128 {
                        continue;
                    }
                    let sample = Sample::new(op, [Input::real(&shape, dtype)]);
                    samples.push(if differs { sample } else { sample.fixed(&[0]) });
                }
            }
        }
        // An order of complex numbers has no derivative here.
        for op in [WindowOp::Max, WindowOp::Min] {
            let op = ReduceWindow { op, window: window(&[2], &[1], &[(0, 0)]) };
            samples.push(Sample::new(op, [Input::real(&[3], DType::C128)]).fixed(&[0]));
        }
        samples
    }
}

/// Shapes, and windows over them.
pub(super) fn cases() -> Vec<(Shape, Window)> {
    let dilations = |window: Window, base: &[usize], taps: &[usize]| Window {
        base_dilation: base.into(),
        window_dilation: taps.into(),
        ..window
    };
    let case = |shape: &[usize], window: Window| (Shape::from_slice(shape), window);
    let mut cases = vec![
        case(&[6], window(&[2], &[2], &[(0, 0)])),
        case(&[5], window(&[3], &[1], &[(1, 2)])),
        case(&[1], window(&[1], &[1], &[(0, 0)])),
        case(&[4, 3], window(&[2, 1], &[1, 1], &[(0, 0), (0, 0)])),
        case(&[3, 4], window(&[2, 3], &[1, 2], &[(1, 0), (0, 1)])),
        case(
            &[2, 4, 3, 2],
            window(&[1, 2, 2, 1], &[1, 2, 1, 1], &[(0, 0), (0, 0), (1, 0), (0, 0)]),
        ),
        case(&[0, 4], window(&[1, 2], &[1, 2], &[(0, 0), (0, 0)])),
        case(&[], window(&[], &[], &[])),
    ];
    let line = window(&[2], &[1], &[(1, 0)]);
    cases.push(case(&[5], dilations(line.clone(), &[1], &[3])));
    cases.push(case(&[4], dilations(line, &[2], &[1])));
    let plane = window(&[2, 2], &[1, 2], &[(0, 1), (-1, 3)]);
    cases.push(case(&[3, 4], dilations(plane, &[1, 2], &[2, 1])));
    cases
}
