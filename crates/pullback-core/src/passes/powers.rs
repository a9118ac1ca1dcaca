//! Powers by some constant exponents become products and roots, which are ten times as fast.
//!
//! They are two roundings at most, so within 2 units in the last place, and the same for zeros,
//! infinities and what is not a number.

use smallvec::smallvec;

use super::{Pass, Substitution};
use crate::DType;
use crate::array::{Array, complex_item};
use crate::jaxpr::{Atom, Eqn, Jaxpr, VarId};
use crate::primitives::Op;
use crate::primitives::binary::{add::Add, div::Div, eq::Eq, mul::Mul};
use crate::primitives::nary::{integer_pow::IntegerPow, select_n::SelectN};
use crate::primitives::unary::{neg::Neg, sqrt::Sqrt};

/// The pass.
pub const PASS: Pass = Pass { name: "powers", run };

/// Replaces powers of real numbers by the exponents that `power` knows.
pub fn run(mut jaxpr: Jaxpr) -> Jaxpr {
    if !jaxpr.eqns.iter().any(|eqn| matches!(eqn.op, Op::Pow(_))) {
        return jaxpr;
    }
    let mut substitution = Substitution::default();
    let mut kept = Vec::with_capacity(jaxpr.eqns.len());
    for mut eqn in std::mem::take(&mut jaxpr.eqns) {
        eqn.inputs.iter_mut().for_each(|atom| substitution.apply(atom));
        match exponent(&jaxpr, &eqn).and_then(|y| power(&mut jaxpr, &mut kept, &eqn, y)) {
            Some(power) => substitution.set(eqn.outputs[0], power),
            None => kept.push(eqn),
        }
    }
    jaxpr.eqns = kept;
    jaxpr.outputs.iter_mut().for_each(|atom| substitution.apply(atom));
    jaxpr
}

/// The exponent of a power of real numbers, if it is a number that is known.
fn exponent(jaxpr: &Jaxpr, eqn: &Eqn) -> Option<f64> {
    let (Op::Pow(_), [base @ Atom::Var(_), Atom::Const(y)]) = (&eqn.op, eqn.inputs.as_slice())
    else {
        return None;
    };
    let result = jaxpr.aval(eqn.outputs[0]);
    let is_real = matches!(result.dtype, DType::F32 | DType::F64) && y.dtype() == result.dtype;
    if !is_real || y.rank() > 0 || !jaxpr.atom_aval(base).same_type(result) {
        return None;
    }
    complex_item(y.tensor()?).map(|y| y.re)
}

/// A power by other operations, if there is one for the exponent.
fn power(jaxpr: &mut Jaxpr, eqns: &mut Vec<Eqn>, eqn: &Eqn, y: f64) -> Option<Atom> {
    let x = eqn.inputs[0].clone();
    let aval = jaxpr.aval(eqn.outputs[0]).clone();
    let number = |value: f64| Atom::Const(Array::constant_like(value, &aval));
    let mut apply = |op: Op, inputs: &[&Atom]| -> Option<Atom> {
        let avals: Vec<_> = inputs.iter().map(|atom| jaxpr.atom_aval(atom)).collect();
        let aval = op.primitive().infer(&avals).ok()?.pop()?;
        let result: VarId = jaxpr.new_var(aval);
        let inputs = inputs.iter().map(|&atom| atom.clone()).collect();
        eqns.push(Eqn { op, inputs, outputs: smallvec![result] });
        Some(Atom::Var(result))
    };
    if y.fract() == 0.0 {
        return match y as i32 {
            1 => Some(x),
            y @ (-1 | 2 | 3) => apply(IntegerPow { y }.into(), &[&x]),
            _ => None,
        };
    }
    if ![-0.5, 0.5, 1.5].contains(&y) {
        return None;
    }
    // The power of a negative infinity is that of the positive one, where a root is not a number.
    let is_infinite = apply(Eq.into(), &[&x, &number(f64::NEG_INFINITY)])?;
    let negated = apply(Neg.into(), &[&x])?;
    let x = apply(SelectN.into(), &[&is_infinite, &x, &negated])?;
    let root = apply(Sqrt.into(), &[&x])?;
    if y == 1.5 {
        return apply(Mul.into(), &[&x, &root]);
    }
    // The root of a negative zero is one, but not its power.
    let root = apply(Add.into(), &[&root, &number(0.0)])?;
    if y == 0.5 {
        return Some(root);
    }
    apply(Div.into(), &[&number(1.0), &root])
}
