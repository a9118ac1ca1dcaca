//! Products that sum a single term are multiplications, which fuse with what comes before and
//! after them.
//!
//! The gradient of a layer with one output is such an outer product.

use pullback_engine::Tensor;
use smallvec::smallvec;

use super::Pass;
use crate::Shape;
use crate::array::Array;
use crate::aval::Aval;
use crate::jaxpr::{Atom, Eqn, Jaxpr};
use crate::primitives::Op;
use crate::primitives::binary::add::Add;
use crate::primitives::binary::mul::Mul;
use crate::primitives::structure::broadcast_in_dim::BroadcastInDim;
use crate::primitives::structure::reshape::Reshape;

/// The pass.
pub const PASS: Pass = Pass { name: "outer", run };

/// Replaces products of which each element is a single term.
pub fn run(mut jaxpr: Jaxpr) -> Jaxpr {
    let is_product = |eqn: &Eqn| matches!(eqn.op, Op::DotGeneral(_));
    if !jaxpr.eqns.iter().any(is_product) {
        return jaxpr;
    }
    let mut kept = Vec::with_capacity(jaxpr.eqns.len());
    for eqn in std::mem::take(&mut jaxpr.eqns) {
        match multiplied(&mut jaxpr, &eqn) {
            Some(eqns) => kept.extend(eqns),
            None => kept.push(eqn),
        }
    }
    jaxpr.eqns = kept;
    jaxpr
}

/// The equations of a product of single terms, if that is what an equation is.
fn multiplied(jaxpr: &mut Jaxpr, eqn: &Eqn) -> Option<Vec<Eqn>> {
    let Op::DotGeneral(dot) = &eqn.op else { return None };
    let dims = &dot.dims;
    let [x, y] = [0, 1].map(|n| jaxpr.atom_aval(&eqn.inputs[n]));
    let result = jaxpr.aval(eqn.outputs[0]).clone();
    let is_term = dims.lhs_contract.iter().all(|&axis| x.shape[axis] == 1);
    // The parts of complex numbers are sums of two terms.
    let dtype = result.dtype;
    let is_real = dtype.is_float() || dtype.is_integer();
    let is_own = |aval: &Aval| aval.dtype == dtype && !aval.weak;
    if !is_term || !is_real || ![&x, &y, &result].into_iter().all(is_own) || result.rank() == 0 {
        return None;
    }
    let mut eqns = vec![];
    let mut operand = |atom: &Atom, own: &Aval, contract: &[usize], batch: &[usize], at: usize| {
        let kept: Shape = (0..own.rank()).filter(|axis| !contract.contains(axis)).collect();
        let mut place = at;
        let mut axes = Shape::new();
        for axis in &kept {
            axes.push(match batch.iter().position(|other| other == axis) {
                Some(n) => n,
                None => {
                    place += 1;
                    place - 1
                }
            });
        }
        if !axes.is_sorted() {
            return None;
        }
        let mut step = |op: Op, atom: Atom, shape: Shape| {
            let var = jaxpr.new_var(Aval { shape, ..own.clone() });
            eqns.push(Eqn { op, inputs: smallvec![atom], outputs: smallvec![var] });
            Atom::Var(var)
        };
        let shape: Shape = kept.iter().map(|&axis| own.shape[axis]).collect();
        let terms = step(Reshape { shape: shape.clone() }.into(), atom.clone(), shape);
        let shape = result.shape.clone();
        Some(step(BroadcastInDim { shape: shape.clone(), axes }.into(), terms, shape))
    };
    let batch = dims.lhs_batch.len();
    let free = x.rank() - batch - dims.lhs_contract.len();
    let x = operand(&eqn.inputs[0], &x, &dims.lhs_contract, &dims.lhs_batch, batch)?;
    let y = operand(&eqn.inputs[1], &y, &dims.rhs_contract, &dims.rhs_batch, batch + free)?;
    if !dtype.is_float() {
        eqns.push(Eqn { op: Mul.into(), inputs: smallvec![x, y], outputs: eqn.outputs.clone() });
        return Some(eqns);
    }
    let product = jaxpr.new_var(result);
    eqns.push(Eqn { op: Mul.into(), inputs: smallvec![x, y], outputs: smallvec![product] });
    // A sum begins with zero, which makes zeros of products that are negative ones.
    let zero = Atom::Const(Array::new(Tensor::zeros(dtype, &[]).ok()?));
    let inputs = smallvec![Atom::Var(product), zero];
    eqns.push(Eqn { op: Add.into(), inputs, outputs: eqn.outputs.clone() });
    Some(eqns)
}
