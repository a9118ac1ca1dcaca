//! From programs to plans.
//!
//! The driver walks a program and asks each operation for its steps. An operation sees only
//! `Lowering`, the plan under construction.

use std::sync::Arc;

use pullback_engine::kernels::fold::Fold;
use pullback_engine::kernels::reduce::ReduceOp;
use pullback_engine::kernels::{Kernel, view::View};
use pullback_engine::plan::{Plan, PlanBuilder, Slot};
use pullback_engine::profiler;
use pullback_engine::tile::{ProgramBuilder, ScalarOp};
use pullback_engine::{DType, Tensor, TensorType};
use smallvec::{SmallVec, smallvec};

use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::{Atom, Jaxpr};
use crate::passes;
use crate::primitives::{Op, Slots};

/// A plan under construction, as the `lower` rules see it.
pub struct Lowering {
    plan: PlanBuilder,
    /// Which results of the operation being lowered are never read.
    unused: SmallVec<[bool; 4]>,
}

impl Lowering {
    fn new() -> Lowering {
        Lowering { plan: PlanBuilder::new(), unused: SmallVec::new() }
    }

    /// A further input of the plan.
    fn input(&mut self, aval: &Aval) -> Slot {
        let slot = self.plan.input();
        self.describe(slot, aval);
        slot
    }

    /// Says to the plan what is known of a value.
    fn describe(&mut self, slot: Slot, aval: &Aval) {
        self.plan.describe(slot, TensorType { dtype: aval.dtype, shape: aval.shape.clone() });
    }

    /// Whether anyone reads a result of the operation being lowered. Any slot will do for one that
    /// no one reads.
    pub fn is_used(&self, result: usize) -> bool {
        !self.unused.get(result).is_some_and(|&unused| unused)
    }

    /// An elementwise operation on operands that may have to be repeated to the result's shape.
    pub fn elementwise(
        &mut self,
        op: ScalarOp,
        x: &[Slot],
        inputs: &[Aval],
        output: &Aval,
    ) -> Result<Slots> {
        let mut program = ProgramBuilder::new();
        let registers: SmallVec<[_; 3]> =
            inputs.iter().map(|input| program.input(input.dtype)).collect();
        let result = program.op(op, &registers);
        let program = program.finish(&[result]);
        let operands = self.repeated(x, inputs, &output.shape);
        Ok(self.plan.elementwise(program, &operands, &output.shape, 1))
    }

    /// Operands of rank 0 or of the shape given; others are repeated along their axes of size 1.
    pub(crate) fn repeated(&mut self, x: &[Slot], inputs: &[Aval], shape: &[usize]) -> Vec<Slot> {
        x.iter()
            .zip(inputs)
            .map(|(&slot, input)| {
                if input.rank() == 0 || input.shape[..] == *shape {
                    return slot;
                }
                let axes = (0..shape.len()).collect();
                self.view(View::Broadcast { shape: shape.into(), axes }, slot)
            })
            .collect()
    }

    /// Another reading of one operand: of a value known beforehand, now.
    pub fn view(&mut self, view: View, x: Slot) -> Slot {
        let known = self.plan.known(x).cloned();
        let read = known.and_then(|value| view.run(std::iter::once(value).collect()).ok());
        match read {
            Some(mut read) => self.plan.constant(read.remove(0)),
            None => self.plan.kernel1(view, &[x]),
        }
    }

    /// A kernel with one result.
    pub fn kernel(&mut self, kernel: impl Kernel + 'static, x: &[Slot]) -> Slots {
        smallvec![self.plan.kernel1(kernel, x)]
    }

    /// A kernel with several results.
    pub fn kernel_many(
        &mut self,
        kernel: impl Kernel + 'static,
        x: &[Slot],
        outputs: usize,
    ) -> Slots {
        self.plan.kernel(kernel, x, outputs)
    }

    /// A value known beforehand.
    pub fn constant(&mut self, value: Tensor) -> Slot {
        self.plan.constant(value)
    }

    /// An elementwise program of several operations; all operands are scalars or of one shape.
    pub fn program(
        &mut self,
        program: pullback_engine::tile::Program,
        x: &[Slot],
        shape: &[usize],
        outputs: usize,
    ) -> Slots {
        self.plan.elementwise(program, x, shape, outputs)
    }

    /// An elementwise program whose results are reduced over `axes`, each as `outputs` says, or
    /// kept; all operands are scalars or of one shape.
    pub fn fold(
        &mut self,
        program: pullback_engine::tile::Program,
        x: &[Slot],
        shape: &[usize],
        axes: &[usize],
        outputs: Vec<Option<ReduceOp>>,
    ) -> Slots {
        let count = outputs.len();
        self.plan.kernel(Fold::new(program, shape.into(), axes.into(), outputs), x, count)
    }

    /// A reduction of one operand over `axes`.
    pub fn reduction(
        &mut self,
        op: ReduceOp,
        axes: &[usize],
        x: Slot,
        input: &Aval,
    ) -> Result<Slots> {
        let mut program = ProgramBuilder::new();
        let value = program.input(input.dtype);
        Ok(self.fold(program.finish(&[value]), &[x], &input.shape, axes, vec![Some(op)]))
    }

    /// Converts the elements of one operand.
    pub fn convert(&mut self, x: Slot, from: &Aval, dtype: DType) -> Result<Slot> {
        if from.dtype == dtype {
            return Ok(x);
        }
        let output = from.with_dtype(dtype);
        Ok(self.elementwise(ScalarOp::Convert(dtype), &[x], std::slice::from_ref(from), &output)?
            [0])
    }

    /// The plan of a nested program.
    pub fn nested(&mut self, jaxpr: &Jaxpr) -> Result<Arc<Plan>> {
        jaxpr.plan().cloned()
    }

    /// The steps of a nested program, in this plan.
    pub fn inlined(&mut self, jaxpr: &Jaxpr, x: &[Slot]) -> Result<Slots> {
        steps(self, jaxpr, x)
    }
}

/// The steps of one operation. Arithmetic on types that are only stored is done in wider ones.
///
/// What is known of the results is said to the plan.
fn lower_one(
    lowering: &mut Lowering,
    op: &Op,
    x: &[Slot],
    inputs: &[Aval],
    outputs: &[Aval],
) -> Result<Slots> {
    let primitive = op.primitive();
    let narrow = |aval: &Aval| aval.dtype.widened().is_some();
    if !primitive.widens() || !inputs.iter().chain(outputs).any(narrow) {
        return lower_plainly(lowering, op, x, inputs, outputs);
    }
    let wide = |avals: &[Aval]| -> SmallVec<[Aval; 4]> {
        avals
            .iter()
            .map(|aval| aval.with_dtype(aval.dtype.widened().unwrap_or(aval.dtype)))
            .collect()
    };
    let (wide_inputs, wide_outputs) = (wide(inputs), wide(outputs));
    let operands: Slots = x
        .iter()
        .zip(inputs.iter().zip(&wide_inputs))
        .map(|(&x, (from, to))| lowering.convert(x, from, to.dtype))
        .collect::<Result<_>>()?;
    let results = lower_plainly(lowering, op, &operands, &wide_inputs, &wide_outputs)?;
    results
        .iter()
        .zip(wide_outputs.iter().zip(outputs))
        .map(|(&y, (from, to))| lowering.convert(y, from, to.dtype))
        .collect()
}

/// The steps of one operation on types that arithmetic is done in.
fn lower_plainly(
    lowering: &mut Lowering,
    op: &Op,
    x: &[Slot],
    inputs: &[Aval],
    outputs: &[Aval],
) -> Result<Slots> {
    let unused = lowering.unused.clone();
    let y = op.primitive().lower(lowering, x, inputs, outputs)?;
    for (n, (&slot, aval)) in y.iter().zip(outputs).enumerate() {
        // Any slot stands for what is not read.
        if !unused.get(n).is_some_and(|&unused| unused) {
            lowering.describe(slot, aval);
        }
    }
    Ok(y)
}

/// The plan of one operation.
pub(crate) fn lower_op(op: &Op, inputs: &[Aval], outputs: &[Aval]) -> Result<Plan> {
    let mut lowering = Lowering::new();
    let x: Slots = inputs.iter().map(|aval| lowering.input(aval)).collect();
    let y = lower_one(&mut lowering, op, &x, inputs, outputs)?;
    Ok(lowering.plan.finish(&y))
}

/// The plan of a program, after the passes.
pub(crate) fn lower_jaxpr(jaxpr: &Jaxpr) -> Result<Plan> {
    let jaxpr = {
        let _span = profiler::span("compile", "passes");
        passes::optimize(jaxpr.clone())?
    };
    let _span = profiler::span("compile", "lower");
    lower_steps(&jaxpr)
}

/// The plan of a program as it is.
pub(crate) fn lower_steps(jaxpr: &Jaxpr) -> Result<Plan> {
    let mut lowering = Lowering::new();
    let x: Slots = jaxpr.inputs.iter().map(|&var| lowering.input(jaxpr.aval(var))).collect();
    let y = steps(&mut lowering, jaxpr, &x)?;
    Ok(lowering.plan.finish(&y))
}

fn steps(lowering: &mut Lowering, jaxpr: &Jaxpr, x: &[Slot]) -> Result<Slots> {
    let mut slots: Vec<Option<Slot>> = vec![None; jaxpr.avals.len()];
    for (var, &slot) in jaxpr.inputs.iter().zip(x) {
        slots[var.index()] = Some(slot);
    }
    let mut read_vars = vec![false; jaxpr.avals.len()];
    for atom in jaxpr.eqns.iter().flat_map(|eqn| &eqn.inputs).chain(&jaxpr.outputs) {
        if let Atom::Var(var) = atom {
            read_vars[var.index()] = true;
        }
    }
    fn read(lowering: &mut Lowering, slots: &[Option<Slot>], atom: &Atom) -> Result<Slot> {
        match atom {
            Atom::Var(var) => slots[var.index()].ok_or_else(|| Error::Program {
                message: "a variable is used before it is defined".into(),
            }),
            Atom::Const(value) => match value.tensor() {
                Some(tensor) => Ok(lowering.plan.constant(tensor.clone())),
                None => Err(Error::UnexpectedTracer { function: "jit".into(), aval: value.aval() }),
            },
        }
    }
    for eqn in &jaxpr.eqns {
        let operands: SmallVec<[Slot; 4]> =
            eqn.inputs.iter().map(|atom| read(lowering, &slots, atom)).collect::<Result<_>>()?;
        let inputs: SmallVec<[Aval; 4]> =
            eqn.inputs.iter().map(|atom| jaxpr.atom_aval(atom)).collect();
        let outputs: SmallVec<[Aval; 2]> =
            eqn.outputs.iter().map(|&var| jaxpr.aval(var).clone()).collect();
        lowering.unused = eqn.outputs.iter().map(|var| !read_vars[var.index()]).collect();
        let results = lower_one(lowering, &eqn.op, &operands, &inputs, &outputs)?;
        for (var, slot) in eqn.outputs.iter().zip(results) {
            slots[var.index()] = Some(slot);
        }
    }
    jaxpr.outputs.iter().map(|atom| read(lowering, &slots, atom)).collect()
}

/// Whether a tensor has an element that is not a number.
pub(crate) fn has_nan(tensor: &Tensor) -> bool {
    use num_complex::Complex;
    let found = |is: &dyn Fn(usize) -> bool| (0..tensor.count()).any(is);
    match tensor.dtype() {
        DType::F32 => {
            let v = tensor.to_vec::<f32>();
            found(&|i| v[i].is_nan())
        }
        DType::F64 => {
            let v = tensor.to_vec::<f64>();
            found(&|i| v[i].is_nan())
        }
        DType::F16 => {
            let v = tensor.to_vec::<half::f16>();
            found(&|i| v[i].is_nan())
        }
        DType::BF16 => {
            let v = tensor.to_vec::<half::bf16>();
            found(&|i| v[i].is_nan())
        }
        DType::C64 => {
            let v = tensor.to_vec::<Complex<f32>>();
            found(&|i| v[i].is_nan())
        }
        DType::C128 => {
            let v = tensor.to_vec::<Complex<f64>>();
            found(&|i| v[i].is_nan())
        }
        _ => false,
    }
}
