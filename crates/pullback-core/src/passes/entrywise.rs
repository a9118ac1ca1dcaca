//! Equations that compute every entry along leading axes by itself become one operation.
//!
//! Mapped functions of a few numbers are programs over arrays with many entries of few elements:
//! slices, sums, products, paddings. Each is a pass over memory, unless they are done entry by
//! entry, with all elements of an entry in registers.
//!
//! Of the leading axes that equations have in common, those that most have are chosen. An
//! equation's level says how often one has to change between equations that are entrywise and
//! others to compute it: entrywise equations of one level become one operation.

use std::sync::Arc;

use pullback_engine::DType;
use pullback_engine::kernels::reduce::ReduceOp;
use pullback_engine::plan::Slot;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{Pass, fuse};
use crate::Shape;
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::print::{Param, Params};
use crate::jaxpr::{Atom, Eqn, Jaxpr, JaxprRef, VarId};
use crate::lower::{Lowering, lower_steps};
use crate::primitives::{Avals, Custom, Op, Primitive, Slots, with_one_entry};

/// The pass.
pub const PASS: Pass = Pass { name: "entrywise", run };

/// Elements of an entry at most.
const LARGEST: usize = 16;
/// Fewer entries than this do not fill the lanes.
const FEWEST: usize = 16;
/// Elements that one operation computes of an entry at most, so that compiling it takes time in
/// proportion to its length.
const LONGEST: usize = 1000;
/// Fewer equations than this that would be a pass over memory are left as they are.
const WORTHWHILE: usize = 2;

/// What an equation is to the leading axes chosen.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Other,
    /// It computes entry by entry.
    Entrywise,
    /// It reduces so many of the last of the leading axes.
    Reduction(usize),
}

/// Groups entrywise equations.
pub fn run(mut jaxpr: Jaxpr) -> Jaxpr {
    let Some(lead) = leading_axes(&jaxpr) else { return jaxpr };
    if jaxpr.eqns.iter().any(|eqn| eqn.op.primitive().has_effects()) {
        return jaxpr;
    }
    let (parts, levels) = placed(&jaxpr, &lead);
    let eqns = std::mem::take(&mut jaxpr.eqns);
    let last = levels.iter().copied().max().unwrap_or(0);
    let mut by_level: Vec<[Vec<Eqn>; 2]> = vec![[vec![], vec![]]; last + 1];
    let mut worth = vec![0; last + 1];
    for ((eqn, part), level) in eqns.into_iter().zip(parts).zip(levels) {
        worth[level] += (part != Part::Other && is_pass(&eqn)) as usize;
        by_level[level][(part != Part::Other) as usize].push(eqn);
    }
    let mut order = vec![];
    for ([others, own], worth) in by_level.into_iter().zip(worth) {
        order.extend(others.into_iter().map(Item::Eqn));
        match worth >= WORTHWHILE {
            true => order.extend(pieces(&jaxpr, own, lead.len()).into_iter().map(Item::Group)),
            false => order.extend(own.into_iter().map(Item::Eqn)),
        }
    }
    let readers = readers(&jaxpr, &order);
    for (at, item) in order.into_iter().enumerate() {
        let eqn = match item {
            Item::Eqn(eqn) => eqn,
            Item::Group(eqns) => {
                let is_read = |var: VarId| {
                    readers.get(&var).is_some_and(|readers| readers.iter().any(|&by| by != at))
                };
                grouped(&jaxpr, eqns, &lead, is_read)
            }
        };
        jaxpr.eqns.push(eqn);
    }
    jaxpr
}

enum Item {
    Eqn(Eqn),
    Group(Vec<Eqn>),
}

/// Whether an equation would pass over memory for itself, and is not elementwise.
fn is_pass(eqn: &Eqn) -> bool {
    match &eqn.op {
        Op::Slice(_) | Op::Pad(_) | Op::Concatenate(_) | Op::DotGeneral(_) => true,
        op => op.primitive().reduction().is_some(),
    }
}

/// Whether code can compute with elements of a type.
fn is_computable(dtype: DType) -> bool {
    use DType::*;
    matches!(dtype, Bool | I32 | U32 | I64 | U64 | F32 | F64)
}

/// The axes that a reduction goes over, if they are the last of the leading axes.
fn reduced(eqn: &Eqn, lead: usize) -> Option<usize> {
    let (_, axes) = eqn.op.primitive().reduction()?;
    let first = *axes.first()?;
    let follow = axes.iter().enumerate().all(|(n, &axis)| axis == first + n);
    (follow && first + axes.len() == lead).then_some(axes.len())
}

/// The leading axes that most equations have in common which would pass over memory.
fn leading_axes(jaxpr: &Jaxpr) -> Option<Shape> {
    let mut votes: FxHashMap<Shape, usize> = FxHashMap::default();
    for eqn in jaxpr.eqns.iter().filter(|eqn| is_pass(eqn)) {
        let Some(x) = eqn.inputs.first().map(|x| jaxpr.atom_aval(x)) else { continue };
        for lead in 1..=x.rank() {
            let shape = Shape::from(&x.shape[..lead]);
            let is_some = one_entry(jaxpr, eqn, &shape).is_some()
                || reduced(eqn, lead).is_some() && is_entry(&x.shape, &shape);
            if is_some && shape.iter().product::<usize>() >= FEWEST {
                *votes.entry(shape).or_default() += 1;
            }
        }
    }
    let most = votes
        .into_iter()
        .max_by(|(a, n), (b, m)| (*n, a.len()).cmp(&(*m, b.len())).then_with(|| a.cmp(b)));
    most.filter(|(_, votes)| *votes >= WORTHWHILE).map(|(lead, _)| lead)
}

/// Whether an array has the leading axes, and few elements for each of their entries.
fn is_entry(shape: &[usize], lead: &[usize]) -> bool {
    shape.get(..lead.len()) == Some(lead)
        && (1..=LARGEST).contains(&shape[lead.len()..].iter().product())
}

/// The operation of an equation for one entry, if it is entrywise.
fn one_entry(jaxpr: &Jaxpr, eqn: &Eqn, lead: &[usize]) -> Option<Op> {
    let outputs: Avals = eqn.outputs.iter().map(|&var| jaxpr.aval(var).clone()).collect();
    let fits = |aval: &Aval| is_computable(aval.dtype) && is_entry(&aval.shape, lead);
    if eqn.outputs.is_empty() || !outputs.iter().all(fits) {
        return None;
    }
    let inputs: Avals = eqn.inputs.iter().map(|atom| jaxpr.atom_aval(atom)).collect();
    let primitive = eqn.op.primitive();
    if primitive.is_elementwise() {
        // Axes of size one are repeated.
        let fits = |aval: &Aval| {
            let same = |(&size, &other): (&usize, &usize)| size == other || size == 1;
            let shape = &outputs[0].shape;
            is_computable(aval.dtype)
                && (aval.rank() == 0
                    || aval.rank() == shape.len() && aval.shape.iter().zip(shape).all(same))
        };
        return inputs.iter().all(fits).then(|| eqn.op.clone());
    }
    let fits = |aval: &Aval| aval.rank() == 0 && is_computable(aval.dtype) || fits(aval);
    let is_possible = inputs.iter().all(fits);
    is_possible.then(|| primitive.for_one_entry(lead.len(), &inputs, &outputs)).flatten()
}

/// What each equation is, and its level.
fn placed(jaxpr: &Jaxpr, lead: &Shape) -> (Vec<Part>, Vec<usize>) {
    let mut known: FxHashMap<VarId, (Part, usize)> = FxHashMap::default();
    // How many axes are reduced at each level: as many by all reductions.
    let mut reductions: FxHashMap<usize, usize> = FxHashMap::default();
    let (mut parts, mut levels) = (vec![], vec![]);
    for eqn in &jaxpr.eqns {
        let operands: SmallVec<[(Part, usize); 3]> = eqn
            .inputs
            .iter()
            .filter_map(|atom| match atom {
                Atom::Var(var) => known.get(var).copied(),
                Atom::Const(_) => None,
            })
            .collect();
        let level_of = |part: Part| {
            let level = |&(of, level): &(Part, usize)| match (of, part) {
                (Part::Reduction(_), _) | (Part::Entrywise, Part::Other) => level + 1,
                _ => level,
            };
            operands.iter().map(level).max().unwrap_or(0)
        };
        let mut part = Part::Other;
        if one_entry(jaxpr, eqn, lead).is_some() {
            part = Part::Entrywise;
        } else if let Some(axes) = reduced(eqn, lead.len())
            && let [(Part::Entrywise, level)] = operands[..]
            && is_computable(jaxpr.aval(eqn.outputs[0]).dtype)
            && jaxpr.aval(eqn.outputs[0]).dtype != DType::Bool
            && *reductions.entry(level).or_insert(axes) == axes
        {
            part = Part::Reduction(axes);
        }
        let level = match part {
            Part::Reduction(_) => operands[0].1,
            _ => level_of(part),
        };
        parts.push(part);
        levels.push(level);
        for &var in &eqn.outputs {
            known.insert(var, (part, level));
        }
    }
    (parts, levels)
}

/// Equations in pieces that are not too long.
fn pieces(jaxpr: &Jaxpr, eqns: Vec<Eqn>, lead: usize) -> Vec<Vec<Eqn>> {
    let mut pieces: Vec<Vec<Eqn>> = vec![];
    let mut length = LONGEST;
    for eqn in eqns {
        let elements = |&var: &VarId| -> usize {
            jaxpr.aval(var).shape.get(lead..).map_or(1, |entry| entry.iter().product())
        };
        let size: usize = eqn.outputs.iter().map(elements).sum();
        length += size;
        if length >= LONGEST {
            pieces.push(vec![]);
            length = size;
        }
        pieces.last_mut().expect("the first begins one").push(eqn);
    }
    pieces
}

/// The items that read each variable; the program's results are read by none of them.
fn readers(jaxpr: &Jaxpr, order: &[Item]) -> FxHashMap<VarId, SmallVec<[usize; 2]>> {
    let mut readers: FxHashMap<VarId, SmallVec<[usize; 2]>> = FxHashMap::default();
    let mut note = |atom: &Atom, at| {
        if let Atom::Var(var) = atom {
            readers.entry(*var).or_default().push(at);
        }
    };
    for (at, item) in order.iter().enumerate() {
        let eqns = match item {
            Item::Eqn(eqn) => std::slice::from_ref(eqn),
            Item::Group(eqns) => eqns,
        };
        eqns.iter().flat_map(|eqn| &eqn.inputs).for_each(|atom| note(atom, at));
    }
    jaxpr.outputs.iter().for_each(|atom| note(atom, usize::MAX));
    readers
}

/// A program under construction, and the names that it has for variables of the one around it.
#[derive(Default)]
struct Inner {
    jaxpr: Jaxpr,
    names: FxHashMap<VarId, VarId>,
}

impl Inner {
    fn define(&mut self, var: VarId, aval: Aval) -> VarId {
        let name = self.jaxpr.new_var(aval);
        self.names.insert(var, name);
        name
    }

    /// An operand under its name; what is not known yet is a further input.
    fn operand(&mut self, atom: &Atom, aval: Aval) -> Atom {
        let known = match atom {
            Atom::Const(value) if value.rank() == 0 => return atom.clone(),
            Atom::Const(_) => None,
            Atom::Var(var) => self.names.get(var).copied(),
        };
        Atom::Var(known.unwrap_or_else(|| {
            let name = match atom {
                Atom::Var(var) => self.define(*var, aval),
                Atom::Const(_) => self.jaxpr.new_var(aval),
            };
            self.jaxpr.inputs.push(name);
            name
        }))
    }
}

/// Entrywise equations, and reductions of what they compute, as one.
fn grouped(jaxpr: &Jaxpr, eqns: Vec<Eqn>, lead: &Shape, is_read: impl Fn(VarId) -> bool) -> Eqn {
    let entry_of =
        |aval: &Aval| Aval { shape: with_one_entry(&aval.shape, lead.len()), ..aval.clone() };
    let (mut whole, mut entry) = (Inner::default(), Inner::default());
    let mut inputs: SmallVec<[Atom; 3]> = SmallVec::new();
    let mut outputs: SmallVec<[VarId; 1]> = SmallVec::new();
    let (mut folds, mut reduced) = (vec![], 0);
    for eqn in eqns {
        let own = one_entry(jaxpr, &eqn, lead);
        let mut operands: [SmallVec<[Atom; 3]>; 2] = Default::default();
        for atom in &eqn.inputs {
            let aval = jaxpr.atom_aval(atom);
            let before = whole.jaxpr.inputs.len();
            operands[1].push(entry.operand(atom, entry_of(&aval)));
            operands[0].push(whole.operand(atom, aval));
            if whole.jaxpr.inputs.len() > before {
                inputs.push(atom.clone());
            }
        }
        let [of_whole, of_entry] = operands;
        let mut names: SmallVec<[VarId; 1]> = SmallVec::new();
        for &var in &eqn.outputs {
            names.push(whole.define(var, jaxpr.aval(var).clone()));
        }
        let mut fold = None;
        match own {
            Some(op) => {
                let define = |&var: &VarId| entry.define(var, entry_of(jaxpr.aval(var)));
                let outputs = eqn.outputs.iter().map(define).collect();
                entry.jaxpr.eqns.push(Eqn { op, inputs: of_entry, outputs });
            }
            // For one entry, what is reduced is what there is.
            None => {
                if let (Some((op, axes)), Some(Atom::Var(name))) =
                    (eqn.op.primitive().reduction(), of_entry.first())
                {
                    (fold, reduced) = (Some(op), axes.len());
                    entry.names.insert(eqn.outputs[0], *name);
                }
            }
        }
        for (&var, &name) in eqn.outputs.iter().zip(&names) {
            if is_read(var) {
                outputs.push(var);
                whole.jaxpr.outputs.push(Atom::Var(name));
                entry.jaxpr.outputs.push(Atom::Var(entry.names[&var]));
                folds.push(fold);
            }
        }
        whole.jaxpr.eqns.push(Eqn { op: eqn.op, inputs: of_whole, outputs: names });
    }
    let op = Entrywise {
        whole: fuse::run(whole.jaxpr).into(),
        entry: entry.jaxpr.into(),
        lead: lead.clone(),
        folds,
        reduced,
    };
    Eqn { op: Op::Custom(Custom(Arc::new(op))), inputs, outputs }
}

/// Equations that compute every entry by itself. It exists in optimised programs only.
#[derive(Debug)]
struct Entrywise {
    /// The equations, fused as far as possible.
    whole: JaxprRef,
    /// The same for one entry, without the reductions of entries.
    entry: JaxprRef,
    lead: Shape,
    folds: Vec<Option<ReduceOp>>,
    reduced: usize,
}

impl Primitive for Entrywise {
    fn name(&self) -> &str {
        "entrywise"
    }

    fn params(&self) -> Params {
        vec![("jaxpr", Param::Jaxpr(self.whole.0.clone()))]
    }

    fn infer(&self, _: &[Aval]) -> Result<Avals> {
        Ok(self.whole.output_avals().into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let (whole, entry) = (lower_steps(&self.whole)?, lower_steps(&self.entry)?);
        let kernel = pullback_engine::kernels::entrywise::Entrywise::new(
            whole,
            entry,
            self.lead.clone(),
            self.folds.clone(),
            self.reduced,
        );
        Ok(plan.kernel_many(kernel, x, self.folds.len()))
    }
}
