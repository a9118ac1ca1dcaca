//! Elementwise equations of one shape become one operation, which passes over memory once; so do
//! reductions of what they compute.
//!
//! Equations are put into groups, in order. One joins an earlier group if nothing that it needs
//! is computed after that group; so the groups, one after another, are again a program.

use pullback_engine::kernels::reduce::ReduceOp;
use pullback_engine::plan::Slot;
use pullback_engine::tile::{ProgramBuilder, Reg};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::Arc;

use super::Pass;
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::print::{Param, Params};
use crate::jaxpr::{Atom, Eqn, Jaxpr, JaxprRef, VarId};
use crate::lower::Lowering;
use crate::primitives::{Avals, Custom, Op, Primitive, Slots};

/// The pass.
pub const PASS: Pass = Pass { name: "fuse", run };

/// Equations in one group at most, so that compiling it takes time in proportion to its length,
/// and its intermediate tiles stay in the nearest cache where there is no code.
const LARGEST: usize = 128;

struct Group {
    eqns: Vec<Eqn>,
    /// The shape, if others may join.
    shape: Option<crate::Shape>,
    /// The axes that are reduced, if any are.
    axes: Option<crate::Shape>,
}

/// Fuses elementwise equations.
pub fn run(mut jaxpr: Jaxpr) -> Jaxpr {
    let mut groups: Vec<Group> = vec![];
    let mut producer: FxHashMap<VarId, usize> = FxHashMap::default();
    // The groups that equations of a shape may join, in order.
    let mut open: FxHashMap<crate::Shape, Vec<usize>> = FxHashMap::default();
    // What only reads inputs otherwise comes first, so that it stands between no equations.
    let mut views = vec![];
    for eqn in std::mem::take(&mut jaxpr.eqns) {
        let is_early = |atom: &Atom| match atom {
            Atom::Var(var) => !producer.contains_key(var),
            Atom::Const(_) => true,
        };
        let is_view = matches!(eqn.op, Op::BroadcastInDim(_) | Op::Reshape(_) | Op::Squeeze(_));
        if is_view && eqn.inputs.iter().all(is_early) {
            views.push(eqn);
            continue;
        }
        let (shape, axes) = fusible(&jaxpr, &eqn);
        let earliest = eqn
            .inputs
            .iter()
            .filter_map(|atom| match atom {
                Atom::Var(var) => producer.get(var).copied(),
                Atom::Const(_) => None,
            })
            .max();
        let joined = shape.as_ref().and_then(|shape| {
            let open = open.get(shape)?;
            let first = open.partition_point(|&at| Some(at) < earliest);
            open[first..].iter().copied().find(|&at| {
                let group = &groups[at];
                (axes.is_none() || group.axes.is_none() || group.axes == axes)
                    && fits(&jaxpr, &eqn, shape, |var| producer.get(&var) == Some(&at))
            })
        });
        let at = joined.unwrap_or_else(|| {
            let at = groups.len();
            if let Some(shape) = &shape {
                open.entry(shape.clone()).or_default().push(at);
            }
            groups.push(Group { eqns: vec![], shape, axes: None });
            at
        });
        groups[at].axes = groups[at].axes.take().or(axes);
        for &var in &eqn.outputs {
            producer.insert(var, at);
        }
        groups[at].eqns.push(eqn);
        if groups[at].eqns.len() == LARGEST
            && let Some(open) = groups[at].shape.as_ref().and_then(|shape| open.get_mut(shape))
        {
            open.retain(|&other| other != at);
        }
    }
    jaxpr.eqns = views;
    let mut readers: FxHashMap<VarId, SmallVec<[usize; 2]>> = FxHashMap::default();
    for (at, group) in groups.iter().enumerate() {
        for atom in group.eqns.iter().flat_map(|eqn| &eqn.inputs) {
            if let Atom::Var(var) = atom {
                readers.entry(*var).or_default().push(at);
            }
        }
    }
    for atom in &jaxpr.outputs {
        if let Atom::Var(var) = atom {
            readers.entry(*var).or_default().push(usize::MAX);
        }
    }
    for (at, mut group) in groups.into_iter().enumerate() {
        if group.eqns.len() == 1 {
            jaxpr.eqns.extend(group.eqns.pop());
            continue;
        }
        let is_read = |var: &VarId| {
            readers.get(var).is_some_and(|readers| readers.iter().any(|&reader| reader != at))
        };
        let eqn = fused(&jaxpr, group, is_read);
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
        _ if primitive.is_elementwise() => (Some(jaxpr.aval(*output).shape.clone()), None),
        _ => (None, None),
    }
}

/// Whether the operands that come from the group itself have its shape.
fn fits(jaxpr: &Jaxpr, eqn: &Eqn, shape: &[usize], inside: impl Fn(VarId) -> bool) -> bool {
    eqn.inputs.iter().all(|atom| match atom {
        Atom::Var(var) if inside(*var) => jaxpr.aval(*var).shape[..] == *shape,
        _ => true,
    })
}

fn fused(jaxpr: &Jaxpr, group: Group, is_read: impl Fn(&VarId) -> bool) -> Eqn {
    let mut inner = Jaxpr::default();
    let mut names: FxHashMap<VarId, VarId> = FxHashMap::default();
    let mut inputs: SmallVec<[Atom; 3]> = SmallVec::new();
    let mut outputs: SmallVec<[VarId; 1]> = SmallVec::new();
    for mut eqn in group.eqns {
        for atom in &mut eqn.inputs {
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
            if is_read(var) {
                inner.outputs.push(Atom::Var(name));
                outputs.push(*var);
            }
            *var = name;
        }
        inner.eqns.push(eqn);
    }
    let shape = group.shape.unwrap_or_default();
    let axes = group.axes.unwrap_or_default();
    let op = Op::Custom(Custom(Arc::new(Fused { jaxpr: inner.into(), shape, axes })));
    Eqn { op, inputs, outputs }
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
        for &var in &jaxpr.inputs {
            registers[var.index()] = Some(program.input(jaxpr.aval(var).dtype));
        }
        // What is reduced, for each variable that a reduction defines.
        let mut reductions: FxHashMap<VarId, (Reg, ReduceOp)> = FxHashMap::default();
        for eqn in &jaxpr.eqns {
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
        let operands = plan.repeated(x, inputs, &self.shape);
        let program = program.finish(&results);
        Ok(match folds.iter().any(Option::is_some) {
            true => plan.fold(program, &operands, &self.shape, &self.axes, folds),
            false => plan.program(program, &operands, &self.shape, folds.len()),
        })
    }
}
