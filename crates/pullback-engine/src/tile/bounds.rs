//! Operations of a program that change nothing, as is known of their operands.
//!
//! Random numbers are made of bits by operations on all numbers there are, most of which do nothing
//! to those between 0 and 1: a product by 1, a sum with 0, the larger of a lower bound and what is
//! not below it. Bounds say where that is so. They are found by the operations themselves, whose
//! roundings keep the order of numbers.

use super::op::ScalarOp;
use super::program::{Definition, Reg};
use crate::dtype::DType;
use crate::tensor::Tensor;

/// For each value the first that is the same.
pub(super) fn same(values: &[(DType, Definition)], constants: &[Tensor]) -> Vec<Reg> {
    let mut known: Vec<Known> = Vec::with_capacity(values.len());
    let mut first: Vec<Reg> = Vec::with_capacity(values.len());
    for (at, (dtype, definition)) in values.iter().enumerate() {
        let (value, as_before) = match definition {
            Definition::Input(_) => (Known::Nothing, None),
            Definition::Constant(n) => (constant(&constants[*n]), None),
            Definition::Op(op, operands) => {
                let x: smallvec::SmallVec<[Known; 3]> =
                    operands.iter().map(|reg| known[reg.0 as usize]).collect();
                let which = operand_of(*op, *dtype, &x);
                (result(*op, *dtype, &x), which.map(|n| first[operands[n].0 as usize]))
            }
        };
        known.push(value);
        first.push(as_before.unwrap_or(Reg(at as u32)));
    }
    first
}

/// What is known of all elements of a value.
#[derive(Clone, Copy)]
enum Known {
    Nothing,
    /// An integer between two, which its bits are without a sign.
    Word(u64, u64),
    /// A number between two finite ones; zeros are positive if so said.
    Number {
        low: f64,
        high: f64,
        has_plus_zero: bool,
    },
}

use Known::{Nothing, Number, Word};

impl Known {
    fn number(low: f64, high: f64, has_plus_zero: bool) -> Known {
        match low.is_finite() && high.is_finite() {
            true => Number { low, high, has_plus_zero },
            false => Nothing,
        }
    }

    /// Whether it is the number.
    fn is(self, number: f64) -> bool {
        matches!(self, Number { low, high, .. } if low == number && high == number)
    }

    /// Whether it may be zero with a minus.
    fn may_be_minus_zero(self) -> bool {
        match self {
            Number { low, high, has_plus_zero } => !has_plus_zero && low <= 0.0 && high >= 0.0,
            Nothing | Word(..) => true,
        }
    }
}

fn constant(value: &Tensor) -> Known {
    let number = |x: f64| Known::number(x, x, x.is_sign_positive());
    let word = |x: i64| u64::try_from(x).map_or(Nothing, |x| Word(x, x));
    match value.dtype() {
        DType::U32 => value.item::<u32>().map_or(Nothing, |x| Word(x.into(), x.into())),
        DType::U64 => value.item::<u64>().map_or(Nothing, |x| Word(x, x)),
        DType::I32 => value.item::<i32>().map_or(Nothing, |x| word(x.into())),
        DType::I64 => value.item::<i64>().map_or(Nothing, word),
        DType::F32 => value.item::<f32>().map_or(Nothing, |x| number(x.into())),
        DType::F64 => value.item::<f64>().map_or(Nothing, number),
        _ => Nothing,
    }
}

/// The operand that the result of an operation is.
fn operand_of(op: ScalarOp, dtype: DType, x: &[Known]) -> Option<usize> {
    if !matches!(dtype, DType::F32 | DType::F64) {
        return match (op, x) {
            (ScalarOp::Add | ScalarOp::Or, [_, Word(0, 0)]) => Some(0),
            (ScalarOp::Add | ScalarOp::Or, [Word(0, 0), _]) => Some(1),
            _ => None,
        };
    }
    match (op, x) {
        (ScalarOp::Mul, [_, y]) if y.is(1.0) => Some(0),
        (ScalarOp::Mul, [x, _]) if x.is(1.0) => Some(1),
        // Zeros are alike but for the sum of minus zero and zero.
        (ScalarOp::Add, [x, y]) if y.is(0.0) && !x.may_be_minus_zero() => Some(0),
        (ScalarOp::Add, [x, y]) if x.is(0.0) && !y.may_be_minus_zero() => Some(1),
        (ScalarOp::Max, &[x, y]) if is_below(x, y) => Some(1),
        (ScalarOp::Max, &[x, y]) if is_below(y, x) => Some(0),
        (ScalarOp::Min, &[x, y]) if is_below(x, y) => Some(0),
        (ScalarOp::Min, &[x, y]) if is_below(y, x) => Some(1),
        _ => None,
    }
}

/// Whether no element is above that of another value; two zeros are the same one.
fn is_below(x: Known, y: Known) -> bool {
    match (x, y) {
        (Number { high, has_plus_zero, .. }, Number { low, has_plus_zero: other, .. }) => {
            high < low || high == low && (high != 0.0 || has_plus_zero && other)
        }
        _ => false,
    }
}

/// What is known of a result.
fn result(op: ScalarOp, dtype: DType, x: &[Known]) -> Known {
    let bits = dtype.bits() as u64;
    let rounded = |x: f64| if dtype == DType::F32 { f64::from(x as f32) } else { x };
    match (op, x) {
        (ScalarOp::ShiftRightLogical, &[x, Word(by, last)]) if by == last && by < bits => {
            let (low, high) = match x {
                Word(low, high) => (low, high),
                _ if dtype == DType::U32 => (0, u32::MAX.into()),
                _ if dtype == DType::U64 => (0, u64::MAX),
                _ => return Nothing,
            };
            Word(low >> by, high >> by)
        }
        (ScalarOp::Or, &[Word(_, high), Word(y, last)] | &[Word(y, last), Word(_, high)])
            if y == last =>
        {
            // All bits that there may be.
            let most = high.checked_ilog2().map_or(0, |n| u64::MAX >> (63 - n));
            Word(y, y | most)
        }
        (ScalarOp::Bitcast(_), &[Word(low, high)]) => {
            let (low, high) = match dtype {
                DType::F32 => (float(low), float(high)),
                DType::F64 => (f64::from_bits(low), f64::from_bits(high)),
                _ => return Nothing,
            };
            // The bits of positive numbers are in their order.
            match low.is_sign_positive() && high.is_sign_positive() {
                true => Known::number(low, high, true),
                false => Nothing,
            }
        }
        (ScalarOp::Sub, &[Number { low, high, .. }, Number { low: from, high: to, .. }]) => {
            // A difference is minus zero if minus zero is what it is taken from.
            Known::number(rounded(low - to), rounded(high - from), !x[0].may_be_minus_zero())
        }
        (ScalarOp::Add, &[Number { low, high, .. }, Number { low: from, high: to, .. }]) => {
            let is_plus = !x[0].may_be_minus_zero() || !x[1].may_be_minus_zero();
            Known::number(rounded(low + from), rounded(high + to), is_plus)
        }
        (ScalarOp::Mul, &[Number { low, high, .. }, Number { low: from, high: to, .. }]) => {
            let ends = [low * from, low * to, high * from, high * to].map(rounded);
            let least = ends.into_iter().fold(f64::INFINITY, f64::min);
            let most = ends.into_iter().fold(f64::NEG_INFINITY, f64::max);
            let is_plus =
                low >= 0.0 && from >= 0.0 && !x[0].may_be_minus_zero() && !x[1].may_be_minus_zero();
            Known::number(least, most, is_plus)
        }
        _ => Nothing,
    }
}

fn float(bits: u64) -> f64 {
    f32::from_bits(bits as u32).into()
}

#[cfg(test)]
mod tests {
    use super::super::{ProgramBuilder, ScalarOp};
    use crate::tensor::Tensor;

    /// The operations that are left of a uniform number between two.
    fn left(low: f32, high: f32) -> Vec<&'static str> {
        let mut program = ProgramBuilder::new();
        let bits = program.input(crate::dtype::DType::U32);
        let [nine, exponent] = [9, 0x3f80_0000u32].map(|x| program.constant(&Tensor::scalar(x)));
        let [one, range, low] =
            [1.0, high - low, low].map(|x| program.constant(&Tensor::scalar(x)));
        let shifted = program.op(ScalarOp::ShiftRightLogical, &[bits, nine]);
        let ored = program.op(ScalarOp::Or, &[shifted, exponent]);
        let floats = program.op(ScalarOp::Bitcast(crate::dtype::DType::F32), &[ored]);
        let floats = program.op(ScalarOp::Sub, &[floats, one]);
        let scaled = program.op(ScalarOp::Mul, &[floats, range]);
        let moved = program.op(ScalarOp::Add, &[scaled, low]);
        let result = program.op(ScalarOp::Max, &[low, moved]);
        program.finish(&[result]).names()
    }

    #[test]
    fn what_does_nothing_to_random_numbers_is_left_out() {
        const ALWAYS: [&str; 4] = ["shift_right_logical", "or", "bitcast_convert_type", "sub"];
        assert_eq!(left(0.0, 1.0), ALWAYS);
        assert_eq!(left(0.0, 2.0), [&ALWAYS[..], &["mul"]].concat());
        assert_eq!(left(-1.0, 1.0), [&ALWAYS[..], &["mul", "add"]].concat());
        // A bound that is no number, or minus zero.
        assert_eq!(left(f32::NAN, 1.0), [&ALWAYS[..], &["mul", "add", "max"]].concat());
        assert_eq!(left(-0.0, 1.0), [&ALWAYS[..], &["max"]].concat());
        // Bounds in the wrong order: the lower one is the result.
        assert_eq!(left(1.0, 0.0), ["copy"]);
    }

    #[test]
    fn what_may_change_something_stays() {
        let mut program = ProgramBuilder::new();
        let x = program.input(crate::dtype::DType::F32);
        let [zero, one, minus] = [0.0f32, 1.0, -0.0].map(|x| program.constant(&Tensor::scalar(x)));
        let sum = program.op(ScalarOp::Add, &[x, zero]);
        let other = program.op(ScalarOp::Max, &[x, one]);
        let same = program.op(ScalarOp::Mul, &[one, x]);
        let zeros = program.op(ScalarOp::Max, &[zero, minus]);
        let program = program.finish(&[sum, other, same, zeros]);
        assert_eq!(program.names(), ["add", "max", "max", "copy"]);
        let mut program = ProgramBuilder::new();
        let x = program.input(crate::dtype::DType::I32);
        let [zero, one] = [0, 1].map(|x| program.constant(&Tensor::scalar(x)));
        let sum = program.op(ScalarOp::Add, &[zero, x]);
        let sum = program.op(ScalarOp::Add, &[sum, one]);
        assert_eq!(program.finish(&[sum]).names(), ["add"]);
    }
}
