//! Elementwise equations of one shape become one operation, which passes over memory once; so do
//! reductions of what they compute.
//!
//! Paddings along the first axis are read as they are where what is padded is needed.
//!
//! Equations are put into groups, in order. One joins an earlier group if nothing that it needs
//! is computed after that group; so the groups, one after another, are again a program.

use pullback_engine::Tensor;
use pullback_engine::kernels::padded::{Number, Padded, Source};
use pullback_engine::kernels::reduce::ReduceOp;
use pullback_engine::plan::Slot;
use pullback_engine::tile::{ProgramBuilder, Reg};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::Arc;

use super::Pass;
use crate::array::Array;
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::print::{Param, Params};
use crate::jaxpr::{Atom, Eqn, Jaxpr, JaxprRef, VarId};
use crate::lower::{Lowering, lower_steps};
use crate::primitives::{Avals, Custom, Op, Primitive, Slots};

/// The pass.
pub const PASS: Pass = Pass { name: "fuse", run };

/// Equations in one group at most, so that compiling it takes time in proportion to its length,
/// and its intermediate tiles stay in the nearest cache where there is no code.
const LARGEST: usize = 512;

struct Group {
    eqns: Vec<Eqn>,
    /// The shape, if others may join.
    shape: Option<crate::Shape>,
    /// The axes that are reduced, if any are.
    axes: Option<crate::Shape>,
    /// Whether an input is padded; then nothing is reduced.
    is_padded: bool,
}

/// Fuses elementwise equations.
pub fn run(mut jaxpr: Jaxpr) -> Jaxpr {
    let mut groups: Vec<Group> = vec![];
    let mut producer: Vec<Option<usize>> = vec![None; jaxpr.avals.len()];
    // The groups that equations of a shape may join, in order.
    let mut open: FxHashMap<crate::Shape, Vec<usize>> = FxHashMap::default();
    // What only reads inputs otherwise comes first, so that it stands between no equations.
    let mut views = vec![];
    for eqn in std::mem::take(&mut jaxpr.eqns) {
        let is_early = |atom: &Atom| match atom {
            Atom::Var(var) => producer[var.index()].is_none(),
            Atom::Const(_) => true,
        };
        use Op::*;
        let is_view = matches!(
            eqn.op,
            BroadcastInDim(_)
                | Reshape(_)
                | Squeeze(_)
                | Slice(_)
                | Split(_)
                | Transpose(_)
                | Rev(_)
        );
        if is_view && eqn.inputs.iter().all(is_early) {
            views.push(eqn);
            continue;
        }
        let (shape, axes) = fusible(&jaxpr, &eqn);
        let is_padded = matches!(eqn.op, Op::Pad(_));
        let earliest = eqn
            .inputs
            .iter()
            .filter_map(|atom| match atom {
                Atom::Var(var) => producer[var.index()],
                Atom::Const(_) => None,
            })
            .max();
        let joined = shape.as_ref().and_then(|shape| {
            let open = open.get(shape)?;
            let first = open.partition_point(|&at| Some(at) < earliest);
            open[first..].iter().copied().find(|&at| {
                let group = &groups[at];
                let fits_reductions = match (&axes, &group.axes) {
                    (Some(axes), Some(own)) => own == axes,
                    (Some(_), None) => !group.is_padded,
                    (None, own) => !is_padded || own.is_none(),
                };
                fits_reductions
                    && fits(&jaxpr, &eqn, shape, |var| producer[var.index()] == Some(at))
            })
        });
        let at = joined.unwrap_or_else(|| {
            let at = groups.len();
            if let Some(shape) = &shape {
                open.entry(shape.clone()).or_default().push(at);
            }
            groups.push(Group { eqns: vec![], shape, axes: None, is_padded: false });
            at
        });
        groups[at].is_padded |= is_padded;
        groups[at].axes = groups[at].axes.take().or(axes);
        for &var in &eqn.outputs {
            producer[var.index()] = Some(at);
        }
        groups[at].eqns.push(eqn);
        if groups[at].eqns.len() == LARGEST
            && let Some(open) = groups[at].shape.as_ref().and_then(|shape| open.get_mut(shape))
        {
            open.retain(|&other| other != at);
        }
    }
    jaxpr.eqns = views;
    // Whether each variable is needed outside the group that computes it.
    let mut is_read = vec![false; jaxpr.avals.len()];
    let mut read = |atom: &Atom, by: Option<usize>| {
        if let Atom::Var(var) = atom {
            is_read[var.index()] |= by.is_none() || producer[var.index()] != by;
        }
    };
    for (at, group) in groups.iter().enumerate() {
        let atoms = group.eqns.iter().flat_map(|eqn| &eqn.inputs);
        atoms.for_each(|atom| read(atom, Some(at)));
    }
    jaxpr.outputs.iter().for_each(|atom| read(atom, None));
    for mut group in groups {
        if group.eqns.len() == 1 {
            jaxpr.eqns.extend(group.eqns.pop());
            continue;
        }
        let eqn = fused(&jaxpr, group, &is_read);
        jaxpr.eqns.push(eqn);
    }
    jaxpr
}

/// The shape that an equation computes over, if it can be fused, and the axes that it reduces.
fn fusible(jaxpr: &Jaxpr, eqn: &Eqn) -> (Option<crate::Shape>, Option<crate::Shape>) {
    let [output] = eqn.outputs.as_slice() else { return (None, None) };
    // Arithmetic on types that are only stored is done in wider ones, with roundings in between.
    let narrow = |aval: &crate::Aval| aval.dtype.widened().is_some();
    if narrow(jaxpr.aval(*output)) || eqn.inputs.iter().any(|x| narrow(&jaxpr.atom_aval(x))) {
        return (None, None);
    }
    let primitive = eqn.op.primitive();
    match (primitive.reduction(), eqn.inputs.first()) {
        (Some((_, axes)), Some(input)) if !axes.is_empty() => {
            (Some(jaxpr.atom_aval(input).shape), Some(axes.into()))
        }
        _ if primitive.is_elementwise()
            || padding(jaxpr, eqn).is_some()
            || is_cast_by_element(jaxpr, eqn) =>
        {
            (Some(jaxpr.aval(*output).shape.clone()), None)
        }
        _ => (None, None),
    }
}

/// Whether the bits of each element are read as one of another type that can be computed with.
fn is_cast_by_element(jaxpr: &Jaxpr, eqn: &Eqn) -> bool {
    let Op::BitcastConvertType(cast) = &eqn.op else { return false };
    let bits = jaxpr.atom_aval(&eqn.inputs[0]).dtype.bits();
    bits == cast.dtype.bits() && bits >= 32
}

/// How many entries come before what is padded, if it is padded along the first axis of more than
/// one entry alone, and nothing is taken away or put between.
fn padding(jaxpr: &Jaxpr, eqn: &Eqn) -> Option<usize> {
    let Op::Pad(pad) = &eqn.op else { return None };
    let shape = &jaxpr.aval(eqn.outputs[0]).shape;
    let axis = shape.iter().position(|&size| size != 1)?;
    let others = pad.config.iter().enumerate().filter(|(other, _)| *other != axis);
    let (low, high, between) = pad.config[axis];
    let is_possible = low >= 0 && high >= 0 && between == 0;
    let is_alone = others.into_iter().all(|(_, &padding)| padding == (0, 0, 0));
    (is_possible && is_alone).then_some(low as usize)
}

/// Whether the operands that come from the group itself have its shape.
fn fits(jaxpr: &Jaxpr, eqn: &Eqn, shape: &[usize], inside: impl Fn(VarId) -> bool) -> bool {
    eqn.inputs.iter().all(|atom| match atom {
        Atom::Var(var) if inside(*var) => jaxpr.aval(*var).shape[..] == *shape,
        _ => true,
    })
}

fn fused(jaxpr: &Jaxpr, mut group: Group, is_read: &[bool]) -> Eqn {
    let mut inner = Jaxpr::default();
    let mut names: FxHashMap<VarId, VarId> = FxHashMap::default();
    let mut inputs: SmallVec<[Atom; 3]> = SmallVec::new();
    let mut outputs: SmallVec<[VarId; 1]> = SmallVec::new();
    for eqn in &mut group.eqns {
        let is_by_element = !matches!(eqn.op, Op::Pad(_));
        for atom in &mut eqn.inputs {
            if let Atom::Const(value) = atom
                && let Some(number) = as_number(value).filter(|_| is_by_element)
            {
                *atom = Atom::Const(number);
            }
            match atom {
                Atom::Const(value) if value.rank() == 0 => {}
                Atom::Const(value) => {
                    let var = inner.new_var(value.aval());
                    inner.inputs.push(var);
                    inputs.push(std::mem::replace(atom, Atom::Var(var)));
                }
                Atom::Var(var) => {
                    let name = *names.entry(*var).or_insert_with(|| {
                        let name = inner.new_var(jaxpr.aval(*var).clone());
                        inner.inputs.push(name);
                        inputs.push(Atom::Var(*var));
                        name
                    });
                    *atom = Atom::Var(name);
                }
            }
        }
        for var in &mut eqn.outputs {
            let name = inner.new_var(jaxpr.aval(*var).clone());
            names.insert(*var, name);
            if is_read[var.index()] {
                inner.outputs.push(Atom::Var(name));
                outputs.push(*var);
            }
            *var = name;
        }
    }
    inner.eqns = group.eqns;
    let shape = group.shape.unwrap_or_default();
    let axes = group.axes.unwrap_or_default();
    let op = Op::Custom(Custom(Arc::new(Fused { jaxpr: inner.into(), shape, axes })));
    Eqn { op, inputs, outputs }
}

/// A constant of one element as the number that it is, which a program can make use of.
fn as_number(value: &Array) -> Option<Array> {
    let tensor = value.tensor().filter(|tensor| tensor.rank() > 0 && tensor.count() == 1)?;
    let element = tensor.contiguous().ok()?;
    let number = Tensor::scalar_from_bytes(tensor.dtype(), element.bytes()?);
    Some(Array::with_weak(number, value.aval().weak))
}

/// Equations over one shape as one operation. It exists in optimised programs only.
#[derive(Debug)]
struct Fused {
    jaxpr: JaxprRef,
    shape: crate::Shape,
    /// The axes that reductions go over.
    axes: crate::Shape,
}

impl Primitive for Fused {
    fn name(&self) -> &str {
        "fused"
    }

    fn params(&self) -> Params {
        vec![("jaxpr", Param::Jaxpr(self.jaxpr.0.clone()))]
    }

    fn infer(&self, _: &[Aval]) -> Result<Avals> {
        Ok(self.jaxpr.output_avals().into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], inputs: &[Aval], _: &[Aval]) -> Result<Slots> {
        let jaxpr = &self.jaxpr;
        let mut program = ProgramBuilder::new();
        let mut registers: Vec<Option<Reg>> = vec![None; jaxpr.avals.len()];
        // Where the program's inputs come from.
        let mut sources: Vec<Source> = vec![];
        for (n, (&var, aval)) in jaxpr.inputs.iter().zip(inputs).enumerate() {
            // What is padded has another shape, and is needed for nothing else.
            let fits = |(&size, &own): (&usize, &usize)| size == own || size == 1;
            let is_own =
                aval.rank() == self.shape.len() && aval.shape.iter().zip(&self.shape).all(fits);
            if aval.rank() == 0 || is_own {
                registers[var.index()] = Some(program.input(aval.dtype));
                sources.push(Source { input: n, padding: None });
            }
        }
        // What is reduced, for each variable that a reduction defines.
        let mut reductions: FxHashMap<VarId, (Reg, ReduceOp)> = FxHashMap::default();
        let given = |var: &VarId| jaxpr.inputs.iter().position(|other| other == var);
        for eqn in &jaxpr.eqns {
            if let Some(before) = padding(jaxpr, eqn) {
                let missing = || self.missing("what is padded");
                let input = match &eqn.inputs[0] {
                    Atom::Var(var) => given(var),
                    Atom::Const(_) => None,
                };
                let number = match &eqn.inputs[1] {
                    Atom::Var(var) => given(var).map(Number::Input),
                    Atom::Const(value) => value.tensor().cloned().map(Number::Constant),
                };
                sources.push(Source {
                    input: input.ok_or_else(missing)?,
                    padding: Some((before, number.ok_or_else(missing)?)),
                });
                let output = eqn.outputs[0];
                registers[output.index()] = Some(program.input(jaxpr.aval(output).dtype));
                continue;
            }
            let mut operands: SmallVec<[Reg; 3]> = SmallVec::new();
            let mut avals: SmallVec<[Aval; 3]> = SmallVec::new();
            for atom in &eqn.inputs {
                avals.push(jaxpr.atom_aval(atom));
                operands.push(match atom {
                    Atom::Var(var) => {
                        registers[var.index()].ok_or_else(|| self.missing("an operand"))?
                    }
                    Atom::Const(value) => {
                        let tensor = value.tensor().ok_or_else(|| self.missing("a constant"))?;
                        program.constant(tensor)
                    }
                });
            }
            if let Some((op, _)) = eqn.op.primitive().reduction() {
                reductions.insert(eqn.outputs[0], (operands[0], op));
                continue;
            }
            let result = eqn.op.primitive().emit(&mut program, &operands, &avals);
            registers[eqn.outputs[0].index()] =
                Some(result.ok_or_else(|| eqn.op.primitive().missing("the elementwise rule"))?);
        }
        let mut results: Vec<Reg> = vec![];
        let mut folds: Vec<Option<ReduceOp>> = vec![];
        for atom in &jaxpr.outputs {
            let Atom::Var(var) = atom else { return Err(self.missing("a result")) };
            let reduction = reductions.get(var);
            let value = reduction.map(|(value, _)| *value).or(registers[var.index()]);
            results.push(value.ok_or_else(|| self.missing("a result"))?);
            folds.push(reduction.map(|(_, op)| *op));
        }
        let program = program.finish(&results);
        if sources.iter().any(|source| source.padding.is_some()) {
            let steps = lower_steps(jaxpr)?;
            let kernel = Padded { program, shape: self.shape.clone(), sources, steps };
            return Ok(plan.kernel_many(kernel, x, results.len()));
        }
        let slots = plan.repeated(x, inputs, &self.shape);
        Ok(match folds.iter().any(Option::is_some) {
            true => plan.fold(program, &slots, &self.shape, &self.axes, folds),
            false => plan.program(program, &slots, &self.shape, folds.len()),
        })
    }
}
