//! Equations that compute every entry along leading axes by itself become one operation.
//!
//! Mapped functions of a few numbers are programs over arrays with many entries of few elements:
//! slices, sums, products, paddings. Each is a pass over memory, unless they are done entry by
//! entry, with all elements of an entry in registers. Where rows are reduced and normalised, an
//! entry is a row, which stays in the nearest cache meanwhile.
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

/// Elements of an entry at most, if each has a register.
const LARGEST: usize = 16;
/// Elements of a row at most, so that some rows fit into the nearest cache.
const LONGEST_ROW: usize = 8192;
/// Fewer entries than this do not fill the lanes.
const FEWEST: usize = 16;
/// Fewer elements than this are not worth going over by rows.
const FEWEST_ELEMENTS: usize = 1 << 12;
/// Elements that one operation computes of an entry at most, so that compiling it takes time in
/// proportion to its length; a row counts as so many.
const LONGEST: usize = 1000;
const ROW: usize = 8;
/// Fewer equations than this that would be a pass over memory are left as they are.
const WORTHWHILE: usize = 2;

/// What entries are.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
struct Entries {
    /// The leading axes.
    lead: Shape,
    /// The elements of a row, if entries are rows.
    row: Option<usize>,
}

impl Entries {
    /// Elements of an entry of an array with the leading axes.
    fn width(&self, shape: &[usize]) -> usize {
        shape[self.lead.len()..].iter().product()
    }

    /// Whether an array has entries.
    fn has(&self, shape: &[usize]) -> bool {
        let lead = self.lead.len();
        shape.get(..lead) == Some(&self.lead) && self.can_be(self.width(shape))
    }

    /// Whether entries can have so many elements.
    fn can_be(&self, width: usize) -> bool {
        match self.row {
            Some(row) => width == 1 || width == row,
            None => (1..=LARGEST).contains(&width),
        }
    }
}

/// What an equation is to the leading axes chosen.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Other,
    /// It computes entry by entry.
    Entrywise,
    /// It reduces so many of the last of the leading axes.
    Reduction(usize),
}

/// Groups entrywise equations, those over few elements first.
pub fn run(jaxpr: Jaxpr) -> Jaxpr {
    if jaxpr.eqns.iter().any(|eqn| eqn.op.primitive().has_effects()) {
        return jaxpr;
    }
    let jaxpr = match few_elements(&jaxpr) {
        Some(entries) => with_groups(jaxpr, &entries),
        None => jaxpr,
    };
    match rows(&jaxpr) {
        Some(entries) => with_groups(jaxpr, &entries),
        None => jaxpr,
    }
}

fn with_groups(mut jaxpr: Jaxpr, entries: &Entries) -> Jaxpr {
    let (parts, levels) = placed(&jaxpr, entries);
    let eqns = std::mem::take(&mut jaxpr.eqns);
    let last = levels.iter().copied().max().unwrap_or(0);
    let mut by_level: Vec<[Vec<Eqn>; 2]> = vec![[vec![], vec![]]; last + 1];
    let mut worth = vec![0; last + 1];
    for ((eqn, part), level) in eqns.into_iter().zip(parts).zip(levels) {
        worth[level] += (part != Part::Other && is_pass(&eqn, entries.row)) as usize;
        by_level[level][(part != Part::Other) as usize].push(eqn);
    }
    let mut order = vec![];
    for ([others, own], worth) in by_level.into_iter().zip(worth) {
        order.push(Item { eqns: others, is_one: false });
        match worth >= WORTHWHILE {
            true => order.extend(
                pieces(&jaxpr, own, entries).into_iter().map(|eqns| Item { eqns, is_one: true }),
            ),
            false => order.push(Item { eqns: own, is_one: false }),
        }
    }
    let readers = readers(&jaxpr, &order);
    for (at, Item { eqns, is_one }) in order.into_iter().enumerate() {
        if !is_one {
            jaxpr.eqns.extend(eqns);
            continue;
        }
        let is_read = |var: VarId| {
            readers.get(&var).is_some_and(|readers| readers.iter().any(|&by| by != at))
        };
        let eqn = grouped(&jaxpr, eqns, entries, is_read);
        jaxpr.eqns.push(eqn);
    }
    jaxpr
}

/// Equations that follow each other.
pub(super) struct Item {
    pub(super) eqns: Vec<Eqn>,
    /// Whether they become one.
    pub(super) is_one: bool,
}

/// Whether an equation would pass over memory for itself, and is not elementwise.
fn is_pass(eqn: &Eqn, row: Option<usize>) -> bool {
    match &eqn.op {
        Op::Slice(_) | Op::Pad(_) | Op::Concatenate(_) | Op::DotGeneral(_) => row.is_none(),
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

/// The leading axes that most equations over few elements have in common which would pass over
/// memory.
fn few_elements(jaxpr: &Jaxpr) -> Option<Entries> {
    let mut votes: FxHashMap<Entries, usize> = FxHashMap::default();
    for eqn in jaxpr.eqns.iter().filter(|eqn| is_pass(eqn, None)) {
        let Some(x) = eqn.inputs.first().map(|x| jaxpr.atom_aval(x)) else { continue };
        for lead in 1..=x.rank() {
            let entries = Entries { lead: Shape::from(&x.shape[..lead]), row: None };
            let is_some = one_entry(jaxpr, eqn, &entries).is_some()
                || reduced(eqn, lead).is_some() && entries.has(&x.shape);
            if is_some && entries.lead.iter().product::<usize>() >= FEWEST {
                *votes.entry(entries).or_default() += 1;
            }
        }
    }
    elected(votes)
}

/// The rows that most reductions have in common.
fn rows(jaxpr: &Jaxpr) -> Option<Entries> {
    let mut votes: FxHashMap<Entries, usize> = FxHashMap::default();
    for eqn in &jaxpr.eqns {
        let Some((_, &[lead, ..])) = eqn.op.primitive().reduction() else { continue };
        let x = jaxpr.atom_aval(&eqn.inputs[0]);
        let entries = Entries { lead: Shape::from(&x.shape[..lead]), row: None };
        let row = entries.width(&x.shape);
        let entries = Entries { row: Some(row), ..entries };
        let is_row = (LARGEST + 1..=LONGEST_ROW).contains(&row);
        let elements: usize = x.shape.iter().product();
        if is_row && elements >= FEWEST_ELEMENTS && one_entry(jaxpr, eqn, &entries).is_some() {
            *votes.entry(entries).or_default() += 1;
        }
    }
    elected(votes)
}

/// The entries with most votes; of those the ones with most leading axes.
fn elected(votes: FxHashMap<Entries, usize>) -> Option<Entries> {
    let most = votes.into_iter().max_by(|(a, n), (b, m)| {
        (*n, a.lead.len()).cmp(&(*m, b.lead.len())).then_with(|| a.cmp(b))
    });
    most.filter(|(_, votes)| *votes >= WORTHWHILE).map(|(entries, _)| entries)
}

/// The operation of an equation for one entry, if it is entrywise.
fn one_entry(jaxpr: &Jaxpr, eqn: &Eqn, entries: &Entries) -> Option<Op> {
    let lead = entries.lead.len();
    let outputs: Avals = eqn.outputs.iter().map(|&var| jaxpr.aval(var).clone()).collect();
    let fits = |aval: &Aval| is_computable(aval.dtype) && entries.has(&aval.shape);
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
                    || aval.rank() == shape.len()
                        && aval.shape.iter().zip(shape).all(same)
                        && entries.can_be(entries.width(&aval.shape)))
        };
        return inputs.iter().all(fits).then(|| eqn.op.clone());
    }
    let is_number = |aval: &Aval| aval.rank() == 0 && is_computable(aval.dtype);
    if !inputs.iter().all(|aval| is_number(aval) || fits(aval)) {
        return None;
    }
    // Rows are reduced as a whole, or left as they are.
    let is_possible = entries.row.is_none_or(|row| match &eqn.op {
        Op::BroadcastInDim(_) | Op::Reshape(_) | Op::Squeeze(_) => true,
        op => {
            let is_reduction = op.primitive().reduction().is_some();
            is_reduction
                && entries.width(&inputs[0].shape) == row
                && entries.width(&outputs[0].shape) == 1
        }
    });
    is_possible.then(|| primitive.for_one_entry(lead, &inputs, &outputs)).flatten()
}

/// What each equation is, and its level.
fn placed(jaxpr: &Jaxpr, entries: &Entries) -> (Vec<Part>, Vec<usize>) {
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
        if one_entry(jaxpr, eqn, entries).is_some() {
            part = Part::Entrywise;
        } else if entries.row.is_none()
            && let Some(axes) = reduced(eqn, entries.lead.len())
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
fn pieces(jaxpr: &Jaxpr, eqns: Vec<Eqn>, entries: &Entries) -> Vec<Vec<Eqn>> {
    let mut pieces: Vec<Vec<Eqn>> = vec![];
    let mut length = LONGEST;
    for eqn in eqns {
        let elements = |&var: &VarId| match &jaxpr.aval(var).shape {
            shape if entries.row.is_none() && entries.has(shape) => entries.width(shape),
            _ => ROW,
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
pub(super) fn readers(jaxpr: &Jaxpr, order: &[Item]) -> FxHashMap<VarId, SmallVec<[usize; 2]>> {
    let mut readers: FxHashMap<VarId, SmallVec<[usize; 2]>> = FxHashMap::default();
    let mut note = |atom: &Atom, at| {
        if let Atom::Var(var) = atom {
            readers.entry(*var).or_default().push(at);
        }
    };
    for (at, item) in order.iter().enumerate() {
        item.eqns.iter().flat_map(|eqn| &eqn.inputs).for_each(|atom| note(atom, at));
    }
    jaxpr.outputs.iter().for_each(|atom| note(atom, usize::MAX));
    readers
}

/// A program under construction, and the names that it has for variables of the one around it.
#[derive(Default)]
pub(super) struct Inner {
    pub(super) jaxpr: Jaxpr,
    names: FxHashMap<VarId, VarId>,
}

impl Inner {
    pub(super) fn define(&mut self, var: VarId, aval: Aval) -> VarId {
        let name = self.jaxpr.new_var(aval);
        self.names.insert(var, name);
        name
    }

    /// An operand under its name; what is not known yet is a further input.
    pub(super) fn operand(&mut self, atom: &Atom, aval: Aval) -> Atom {
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
fn grouped(
    jaxpr: &Jaxpr,
    eqns: Vec<Eqn>,
    entries: &Entries,
    is_read: impl Fn(VarId) -> bool,
) -> Eqn {
    let lead = entries.lead.len();
    let entry_of = |aval: &Aval| Aval { shape: with_one_entry(&aval.shape, lead), ..aval.clone() };
    let (mut whole, mut entry) = (Inner::default(), Inner::default());
    let mut inputs: SmallVec<[Atom; 3]> = SmallVec::new();
    let mut outputs: SmallVec<[VarId; 1]> = SmallVec::new();
    let (mut folds, mut reduced) = (vec![], 0);
    for eqn in eqns {
        let own = one_entry(jaxpr, &eqn, entries);
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
        entry: fuse::run(entry.jaxpr).into(),
        entries: entries.clone(),
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
    entries: Entries,
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
            [whole, entry],
            self.entries.lead.clone(),
            self.entries.row,
            self.folds.clone(),
            self.reduced,
        );
        Ok(plan.kernel_many(kernel, x, self.folds.len()))
    }
}
