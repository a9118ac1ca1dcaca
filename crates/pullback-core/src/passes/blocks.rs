//! Equations that compute blocks of arrays by themselves become one operation, where whole arrays
//! would not stay in a cache from one equation to the next.
//!
//! Blocks are the matrices of stacks, where products follow each other as in attention, or some
//! columns, where columns are reduced and normalised.

use std::sync::Arc;

use pullback_engine::kernels::blocks::{Blocks as Kernel, Cut};
use pullback_engine::plan::Slot;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::entrywise::{self, Inner, Item, readers};
use super::{Pass, fuse};
use crate::Shape;
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::print::{Param, Params};
use crate::jaxpr::{Atom, Eqn, Jaxpr, JaxprRef, VarId};
use crate::lower::{Lowering, lower_steps};
use crate::primitives::structure::broadcast_in_dim::BroadcastInDim;
use crate::primitives::structure::reshape::Reshape;
use crate::primitives::{Avals, Custom, Op, Primitive, Slots, with_one_entry};

/// The pass.
pub const PASS: Pass = Pass { name: "blocks", run };

/// Arrays of fewer bytes stay in a cache anyway.
const LARGE: usize = 1 << 20;
/// Bytes of a matrix of a stack at most, so that some fit into the second cache of a processor.
const MATRIX: usize = 1 << 18;
/// Bytes of some columns at most: the fewer, the longer it takes to go from row to row.
const COLUMNS: usize = 1 << 19;
/// Fewer blocks than this do not keep all threads busy.
const FEWEST: usize = 8;
/// Multiplications of a block, so many that its steps take longer than to begin them, and so few
/// that the threads need not share one.
const WORK: std::ops::Range<usize> = 1 << 16..1 << 22;
/// A block has a multiple of so many columns: those that fill cache lines.
const LINE: usize = 16;
/// Fewer products than this are left as they are.
const FEWEST_PRODUCTS: usize = 2;
/// Fewer reductions of columns than this are: going over some columns takes longer than over whole
/// rows, and what is saved is memory alone.
const FEWEST_REDUCTIONS: usize = 3;

/// Groups equations over matrices of stacks, or over columns.
pub fn run(jaxpr: Jaxpr) -> Jaxpr {
    if jaxpr.eqns.iter().any(|eqn| eqn.op.primitive().has_effects()) {
        return jaxpr;
    }
    let mut votes: FxHashMap<Cut, usize> = FxHashMap::default();
    for eqn in &jaxpr.eqns {
        if let Some(cut) = stack(&jaxpr, eqn).or_else(|| columns(&jaxpr, eqn)) {
            *votes.entry(cut).or_default() += 1;
        }
    }
    let most = votes.into_iter().max_by(|(a, n), (b, m)| n.cmp(m).then_with(|| a.cmp(b)));
    match most {
        Some((cut, votes)) if votes >= worthwhile(&cut) => with_groups(jaxpr, &cut),
        _ => jaxpr,
    }
}

/// The leading axes of a product of stacks of matrices, if blocks are worth it.
fn stack(jaxpr: &Jaxpr, eqn: &Eqn) -> Option<Cut> {
    let Op::DotGeneral(dot) = &eqn.op else { return None };
    let (x, y) = (jaxpr.atom_aval(&eqn.inputs[0]), jaxpr.aval(eqn.outputs[0]));
    let dims = &dot.dims;
    let is_own = |&axis: &usize| dims.lhs_batch[axis] == axis && dims.rhs_batch[axis] == axis;
    let lead = (0..dims.lhs_batch.len()).take_while(is_own).count();
    let blocks: usize = y.shape[..lead].iter().product();
    let depth: usize = dims.lhs_contract.iter().map(|&axis| x.shape[axis]).product();
    let elements = y.count().checked_div(blocks)?;
    let size = y.dtype.size();
    let fits = blocks >= FEWEST
        && WORK.contains(&elements.saturating_mul(depth))
        && elements * size <= MATRIX
        && x.count() / blocks * size <= MATRIX
        && x.count().max(y.count()) * size >= LARGE / 4;
    fits.then(|| Cut::Leading(y.shape[..lead].into()))
}

/// The columns of a large array that is reduced, but not along the last axis.
fn columns(jaxpr: &Jaxpr, eqn: &Eqn) -> Option<Cut> {
    let (_, axes) = eqn.op.primitive().reduction()?;
    let x = jaxpr.atom_aval(&eqn.inputs[0]);
    let all = *x.shape.last()?;
    if axes.is_empty() || axes.contains(&(x.rank() - 1)) || x.count() * x.dtype.size() < LARGE {
        return None;
    }
    let bytes = x.count() / all * x.dtype.size();
    let some = COLUMNS / bytes / LINE * LINE;
    let cut = Cut::Columns { all, some: some.max(1) };
    (some > 0 && cut.count() >= FEWEST).then_some(cut)
}

/// The shape of a block of an array of this shape; `width` columns, if blocks are columns.
fn block_of(cut: &Cut, width: usize, shape: &[usize]) -> Shape {
    match cut {
        Cut::Leading(lead) => with_one_entry(shape, lead.len()),
        Cut::Columns { all, .. } if shape.last() == Some(all) => {
            let (_, rest) = shape.split_last().unwrap_or((&0, &[]));
            rest.iter().copied().chain([width]).collect()
        }
        Cut::Columns { .. } => shape.into(),
    }
}

/// The operation of an equation for a block, if it computes blocks by themselves.
fn for_block(jaxpr: &Jaxpr, eqn: &Eqn, cut: &Cut, width: usize) -> Option<Op> {
    let is_cut = |shape: &[usize]| match cut {
        Cut::Leading(lead) => shape.get(..lead.len()) == Some(lead),
        Cut::Columns { all, .. } => shape.last() == Some(all),
    };
    let outputs: Avals = eqn.outputs.iter().map(|&var| jaxpr.aval(var).clone()).collect();
    let inputs: Avals = eqn.inputs.iter().map(|atom| jaxpr.atom_aval(atom)).collect();
    if outputs.is_empty() || !outputs.iter().all(|aval| is_cut(&aval.shape)) {
        return None;
    }
    let primitive = eqn.op.primitive();
    if primitive.is_elementwise() {
        let is_possible = |aval: &Aval| {
            let own = &aval.shape;
            let is_repeated = own.len() == outputs[0].rank()
                && match cut {
                    Cut::Leading(lead) => {
                        lead.iter().zip(own).all(|(&size, &own)| own == size || own == 1)
                    }
                    Cut::Columns { .. } => own.last() == Some(&1),
                };
            aval.rank() == 0 || is_cut(own) || is_repeated
        };
        return inputs.iter().all(is_possible).then(|| eqn.op.clone());
    }
    // What repeats a number is a view for any operation.
    if !inputs.iter().all(|aval| is_cut(&aval.shape)) {
        return None;
    }
    let shape = |shape: &[usize]| block_of(cut, width, shape);
    match (cut, &eqn.op) {
        (Cut::Leading(lead), _) => primitive.for_one_entry(lead.len(), &inputs, &outputs),
        (_, Op::BroadcastInDim(op)) => {
            let is_last = op.axes.last() == Some(&(op.shape.len() - 1));
            let block = BroadcastInDim { shape: shape(&op.shape), axes: op.axes.clone() };
            is_last.then(|| block.into())
        }
        (_, Op::Reshape(op)) => Some(Reshape { shape: shape(&op.shape) }.into()),
        (_, op) => {
            let (_, axes) = primitive.reduction()?;
            let is_other = axes.iter().all(|&axis| axis + 1 < inputs[0].rank());
            is_other.then(|| op.clone())
        }
    }
}

/// The columns of a regular block.
fn width(cut: &Cut) -> usize {
    match cut {
        Cut::Leading(_) => 1,
        Cut::Columns { some, .. } => *some,
    }
}

fn with_groups(mut jaxpr: Jaxpr, cut: &Cut) -> Jaxpr {
    let eqns = std::mem::take(&mut jaxpr.eqns);
    // For each variable of an equation, whether that computes blocks, and its level: how often one
    // has to change between equations that do and others to compute it.
    let mut known: FxHashMap<VarId, (bool, usize)> = FxHashMap::default();
    let mut by_level: Vec<[Vec<Eqn>; 2]> = vec![];
    for eqn in eqns {
        let own = for_block(&jaxpr, &eqn, cut, width(cut)).is_some();
        let level = |atom: &Atom| match atom {
            Atom::Var(var) => {
                known.get(var).map_or(0, |&(of, level)| level + (of && !own) as usize)
            }
            Atom::Const(_) => 0,
        };
        let level = eqn.inputs.iter().map(level).max().unwrap_or(0);
        for &var in &eqn.outputs {
            known.insert(var, (own, level));
        }
        if by_level.len() <= level {
            by_level.resize_with(level + 1, Default::default);
        }
        by_level[level][own as usize].push(eqn);
    }
    let mut order = vec![];
    for [others, own] in by_level {
        let is_one = own.iter().filter(|eqn| is_heavy(eqn, cut)).count() >= worthwhile(cut);
        order.push(Item { eqns: others, is_one: false });
        order.push(Item { eqns: own, is_one });
    }
    let readers = readers(&jaxpr, &order);
    for (at, Item { eqns, is_one }) in order.into_iter().enumerate() {
        let is_read = |var: VarId| {
            readers.get(&var).is_some_and(|readers| readers.iter().any(|&by| by != at))
        };
        // What would only be repeated must not become an array.
        let is_view = |eqn: &Eqn| matches!(eqn.op, Op::BroadcastInDim(_));
        let repeats = eqns.iter().any(|eqn| is_view(eqn) && is_read(eqn.outputs[0]));
        // Passes that only read columns are as fast without.
        let is_large = |var: &VarId| {
            let aval = jaxpr.aval(*var);
            is_read(*var) && aval.count() * aval.dtype.size() >= LARGE
        };
        let pays = match cut {
            Cut::Leading(_) => true,
            Cut::Columns { .. } => eqns.iter().flat_map(|eqn| &eqn.outputs).any(is_large),
        };
        match is_one && pays && !repeats {
            true => {
                let eqn = grouped(&jaxpr, eqns, cut, is_read);
                jaxpr.eqns.push(eqn);
            }
            false => jaxpr.eqns.extend(eqns),
        }
    }
    jaxpr
}

/// How many equations that blocks are there for make them worth it.
fn worthwhile(cut: &Cut) -> usize {
    match cut {
        Cut::Leading(_) => FEWEST_PRODUCTS,
        Cut::Columns { .. } => FEWEST_REDUCTIONS,
    }
}

/// Whether an equation is one that blocks are there for.
fn is_heavy(eqn: &Eqn, cut: &Cut) -> bool {
    match cut {
        Cut::Leading(_) => matches!(eqn.op, Op::DotGeneral(_)),
        Cut::Columns { .. } => eqn.op.primitive().reduction().is_some(),
    }
}

/// Equations that compute blocks as one.
fn grouped(jaxpr: &Jaxpr, eqns: Vec<Eqn>, cut: &Cut, is_read: impl Fn(VarId) -> bool) -> Eqn {
    let rest = match cut {
        Cut::Columns { all, some } if all % some > 0 => Some(all % some),
        _ => None,
    };
    let read: FxHashSet<VarId> =
        eqns.iter().flat_map(|eqn| &eqn.outputs).copied().filter(|&var| is_read(var)).collect();
    // The inputs are the same, in the same order, for all of these.
    let mut inputs: SmallVec<[Atom; 3]> = SmallVec::new();
    let mut outputs: SmallVec<[VarId; 1]> = SmallVec::new();
    let mut program = |width: Option<usize>| -> JaxprRef {
        let mut inner = Inner::default();
        (inputs, outputs) = Default::default();
        let own = |aval: &Aval| match width {
            Some(width) => Aval { shape: block_of(cut, width, &aval.shape), ..aval.clone() },
            None => aval.clone(),
        };
        for eqn in &eqns {
            let op = width.and_then(|width| for_block(jaxpr, eqn, cut, width));
            let mut operands: SmallVec<[Atom; 3]> = SmallVec::new();
            for atom in &eqn.inputs {
                let before = inner.jaxpr.inputs.len();
                operands.push(inner.operand(atom, own(&jaxpr.atom_aval(atom))));
                if inner.jaxpr.inputs.len() > before {
                    inputs.push(atom.clone());
                }
            }
            let define = |&var: &VarId| inner.define(var, own(jaxpr.aval(var)));
            let names: SmallVec<[VarId; 1]> = eqn.outputs.iter().map(define).collect();
            for (&var, &name) in eqn.outputs.iter().zip(&names) {
                if read.contains(&var) {
                    outputs.push(var);
                    inner.jaxpr.outputs.push(Atom::Var(name));
                }
            }
            let op = op.unwrap_or_else(|| eqn.op.clone());
            inner.jaxpr.eqns.push(Eqn { op, inputs: operands, outputs: names });
        }
        fuse::run(entrywise::run(inner.jaxpr)).into()
    };
    let last = rest.map(|rest| program(Some(rest)));
    let block = program(Some(width(cut)));
    let whole = program(None);
    let op = Blocks { whole, block, last, cut: cut.clone() };
    Eqn { op: Op::Custom(Custom(Arc::new(op))), inputs, outputs }
}

/// Equations that compute blocks by themselves. It exists in optimised programs only.
#[derive(Debug)]
struct Blocks {
    /// The equations, fused as far as possible.
    whole: JaxprRef,
    /// The same for one block.
    block: JaxprRef,
    /// The same for the last block, if that is smaller.
    last: Option<JaxprRef>,
    cut: Cut,
}

impl Primitive for Blocks {
    fn name(&self) -> &str {
        "blocks"
    }

    fn params(&self) -> Params {
        vec![("jaxpr", Param::Jaxpr(self.whole.0.clone()))]
    }

    fn infer(&self, _: &[Aval]) -> Result<Avals> {
        Ok(self.whole.output_avals().into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let kernel = Kernel {
            whole: lower_steps(&self.whole)?,
            block: lower_steps(&self.block)?,
            last: self.last.as_ref().map(|last| lower_steps(last)).transpose()?,
            cut: self.cut.clone(),
        };
        Ok(plan.kernel_many(kernel, x, self.whole.outputs.len()))
    }
}
