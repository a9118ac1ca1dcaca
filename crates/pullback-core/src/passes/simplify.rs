//! Operations that change nothing are dropped, and dear ones become cheap ones.
//!
//! Only what holds for every element, not a number and signed zeros included: `x + 0` is not
//! among them, since it turns -0 into 0.

use rustc_hash::FxHashMap;

use super::fold::computed;
use super::{Pass, rewrite};
use crate::array::{Array, complex_item};
use crate::jaxpr::{Atom, Eqn, Jaxpr, VarId};
use crate::primitives::Op;
use crate::primitives::binary::mul::Mul;
use crate::primitives::structure::broadcast_in_dim::BroadcastInDim;
use crate::primitives::structure::reshape::Reshape;
use crate::{DType, Shape};

/// The pass.
pub const PASS: Pass = Pass { name: "simplify", run };

/// Drops equations whose result is one of their operands.
pub fn run(jaxpr: Jaxpr) -> Jaxpr {
    // Variables that are one number repeated.
    let mut repeated: FxHashMap<VarId, Atom> = FxHashMap::default();
    rewrite(jaxpr, |jaxpr, eqn, substitution| {
        repeat(jaxpr, eqn, &repeated);
        unrepeat(jaxpr, eqn, &repeated);
        keep_single(jaxpr, eqn);
        multiply(eqn);
        if let (Op::BroadcastInDim(_), [Atom::Const(value)]) = (&eqn.op, eqn.inputs.as_slice())
            && value.rank() == 0
        {
            repeated.insert(eqn.outputs[0], eqn.inputs[0].clone());
        }
        let same = same_as(jaxpr, eqn).cloned();
        let is_kept = same.is_none();
        if let Some(atom) = same {
            substitution.set(eqn.outputs[0], atom);
        }
        is_kept
    })
}

/// Makes a reduction of one element each a reshape.
fn keep_single(jaxpr: &Jaxpr, eqn: &mut Eqn) {
    let axes = match &eqn.op {
        Op::ReduceSum(op) => &op.axes,
        Op::Reduce(op) => &op.axes,
        _ => return,
    };
    let shape = &jaxpr.atom_aval(&eqn.inputs[0]).shape;
    if axes.iter().all(|&axis| shape[axis] == 1) {
        let shape = jaxpr.aval(eqn.outputs[0]).shape.clone();
        eqn.op = Reshape { shape }.into();
    }
}

/// Makes a quotient by a power of two a product, which is the same number and sooner there.
fn multiply(eqn: &mut Eqn) {
    let (Op::Div(_), [_, Atom::Const(divisor)]) = (&eqn.op, eqn.inputs.as_slice()) else { return };
    // The exponents whose powers and their reciprocals are normal numbers.
    let exponents = match divisor.dtype() {
        DType::F16 => 14,
        DType::F32 | DType::BF16 => 126,
        DType::F64 => 1022,
        _ => return,
    };
    let value = divisor.tensor().filter(|value| value.rank() == 0).and_then(complex_item);
    let Some(value) = value.map(|value| value.re) else { return };
    let (digits, exponent) = (value.to_bits() << 12, (value.to_bits() >> 52 & 0x7ff) as i32 - 1023);
    if digits == 0 && exponent.abs() <= exponents {
        let reciprocal = Array::constant_like(value.recip(), &divisor.aval());
        eqn.inputs[1] = Atom::Const(reciprocal);
        eqn.op = Mul.into();
    }
}

/// Computes an operation on numbers that are repeated now, once; the result is repeated.
fn repeat(jaxpr: &Jaxpr, eqn: &mut Eqn, repeated: &FxHashMap<VarId, Atom>) {
    let [output] = eqn.outputs.as_slice() else { return };
    let aval = jaxpr.aval(*output);
    let number = match &eqn.op {
        // Whatever the base is.
        Op::IntegerPow(op) if op.y == 0 => Some(Array::constant_like(1.0, aval)),
        op if !repeated.is_empty() && op.primitive().is_elementwise() => {
            let number = |atom: &Atom| match atom {
                Atom::Var(var) => number_of(repeated.get(var)?),
                Atom::Const(_) => number_of(atom),
            };
            let numbers: Option<Vec<Array>> = eqn.inputs.iter().map(number).collect();
            let computed = |numbers: Vec<Array>| computed(op, &numbers.iter().collect::<Vec<_>>());
            numbers.and_then(computed).and_then(|mut results| results.pop())
        }
        _ => None,
    };
    let same = |number: Array| Array::with_weak(number.tensor()?.clone(), aval.weak).into();
    let number: Option<Array> = number.and_then(same);
    let fits = |number: &Array| number.rank() == 0 && number.dtype() == aval.dtype;
    if let Some(number) = number.filter(fits) {
        eqn.op = BroadcastInDim { shape: aval.shape.clone(), axes: Shape::new() }.into();
        eqn.inputs = [Atom::Const(number)].into_iter().collect();
    }
}

/// A constant, if it is a number.
fn number_of(atom: &Atom) -> Option<Array> {
    let Atom::Const(value) = atom else { return None };
    (value.rank() == 0 && value.tensor().is_some()).then(|| value.clone())
}

/// Replaces an operand that is one number repeated by the number, where the operation takes it.
fn unrepeat(jaxpr: &Jaxpr, eqn: &mut Eqn, repeated: &FxHashMap<VarId, Atom>) {
    let primitive = eqn.op.primitive();
    let [Atom::Var(x), Atom::Var(y)] = eqn.inputs.as_slice() else { return };
    if !primitive.is_elementwise() || repeated.is_empty() {
        return;
    }
    // One operand has to give the shape.
    let (at, number) = match (repeated.get(x), repeated.get(y)) {
        (Some(number), None) => (0, number),
        (None, Some(number)) => (1, number),
        _ => return,
    };
    let mut avals: Vec<_> = eqn.inputs.iter().map(|atom| jaxpr.atom_aval(atom)).collect();
    avals[at] = jaxpr.atom_aval(number);
    let is_same = |types: crate::primitives::Avals| {
        types.len() == 1 && types[0].same_type(jaxpr.aval(eqn.outputs[0]))
    };
    if primitive.infer(&avals).is_ok_and(is_same) {
        eqn.inputs[at] = number.clone();
    }
}

/// The operand that the result of an equation is, if it is one.
fn same_as<'a>(jaxpr: &Jaxpr, eqn: &'a Eqn) -> Option<&'a Atom> {
    let [first, ..] = eqn.inputs.as_slice() else { return None };
    let candidate = match &eqn.op {
        Op::Mul(_) if is_number(&eqn.inputs[1], 1.0) => first,
        Op::Mul(_) if is_number(first, 1.0) => &eqn.inputs[1],
        Op::Div(_) if is_number(&eqn.inputs[1], 1.0) => first,
        Op::Sub(_) if is_number(&eqn.inputs[1], 0.0) => first,
        Op::IntegerPow(op) if op.y == 1 => first,
        Op::Copy(_) | Op::StopGradient(_) => first,
        Op::ConvertElementType(_) | Op::Reshape(_) | Op::BroadcastInDim(_) => first,
        _ => return None,
    };
    let result = jaxpr.aval(*eqn.outputs.first()?);
    jaxpr.atom_aval(candidate).same_type(result).then_some(candidate)
}

/// Whether an operand is a real number, as a scalar; zero is the positive one.
pub(super) fn is_number(atom: &Atom, number: f64) -> bool {
    let Atom::Const(value) = atom else { return false };
    let Some(tensor) = value.tensor() else { return false };
    // A complex product by one is not always the same: an infinite part makes a NaN.
    value.rank() == 0
        && !value.dtype().is_complex()
        && complex_item(tensor)
            .is_some_and(|item| item.re == number && item.re.is_sign_positive() && item.im == 0.0)
}
