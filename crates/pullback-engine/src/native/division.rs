//! Quotients and remainders of integers of 32 bits, for which processors have no vector
//! instructions: by the inverse of the divisor.
//!
//! Steps that depend on the divisor alone are done before the loop if it is one number for all. The
//! inverse is rounded down, so that quotients by it lack at most one, as the remainder says (T.
//! Granlund and P. Montgomery, "Division by invariant integers using multiplication", 1994).

use super::ir::{Binary, Convert, Id, Kind, Node, Predicate, Unary};
use super::lower::converted;
use super::record::{F64, Truth, add};
use crate::dtype::DType;
use crate::tile::math::lane::Real;

/// The quotient of two integers, towards zero; all ones where the divisor is zero.
pub(super) fn quotient(x: Id, y: Id, signed: bool) -> Id {
    let (few, left) = divided(size(x, signed), size(y, signed));
    let lacks = !Truth::compare(Predicate::LtUnsigned, left, size(y, signed));
    let quotient = lacks.choose(Kind::Word, word(Binary::Add, few, constant(1)), few);
    let quotient = match signed {
        true => with_sign(quotient, word(Binary::Xor, x, y)),
        false => quotient,
    };
    let by_zero = Truth::compare(Predicate::Eq, y, constant(0));
    by_zero.choose(Kind::Word, constant(!0), quotient)
}

/// The remainder of that, which has the sign of the dividend; it is all of it where the divisor is
/// zero.
pub(super) fn remainder(x: Id, y: Id, signed: bool) -> Id {
    let by = size(y, signed);
    let (_, left) = divided(size(x, signed), by);
    // What is less than zero wraps to more.
    let remainder = word(Binary::MinUnsigned, left, word(Binary::Sub, left, by));
    if signed { with_sign(remainder, x) } else { remainder }
}

/// The quotient of unsigned integers or one less than it, and what is left of the first.
fn divided(x: Id, y: Id) -> (Id, Id) {
    /// 2^52, to which an integer is added that is to be the low bits of the sum.
    const MAGIC: f64 = 4_503_599_627_370_496.0;
    let all = F64::of(2f64.powi(32));
    let by = F64(converted(y, DType::U32, DType::F64).expect("integers are converted to floats"));
    // Of a quotient of such integers the whole part is exact. By zero nothing comes to matter.
    let inverse = (all / by).trunc();
    let most = F64::of(u32::MAX as f64);
    let inverse = F64::choose(inverse.lt(most), inverse, most) + F64::of(MAGIC);
    let wide = add(Node::Convert(Convert::ZeroExtend, x), Kind::Double);
    let product = add(Node::Binary(Binary::MulHalves, wide, inverse.0), Kind::Double);
    let high = add(Node::Unary(Unary::ShiftRight(32), product), Kind::Double);
    let quotient = add(Node::Convert(Convert::Truncate, high), Kind::Word);
    (quotient, word(Binary::Sub, x, word(Binary::Mul, quotient, y)))
}

/// The size of an integer, without its sign.
fn size(x: Id, signed: bool) -> Id {
    if signed { word(Binary::MaxSigned, x, word(Binary::Sub, constant(0), x)) } else { x }
}

/// A size with the sign of another integer.
fn with_sign(size: Id, of: Id) -> Id {
    let negative = Truth::compare(Predicate::LtSigned, of, constant(0));
    negative.choose(Kind::Word, word(Binary::Sub, constant(0), size), size)
}

fn word(binary: Binary, x: Id, y: Id) -> Id {
    add(Node::Binary(binary, x, y), Kind::Word)
}

fn constant(value: u32) -> Id {
    add(Node::Constant(value.into()), Kind::Word)
}
