//! Operators: `+ - * / % & | ^ << >> - !` between arrays, and between arrays and numbers.
//!
//! Operands are promoted to one type, and broadcast. An operator has no place for an error, so
//! it panics, with the complete message, at the place of the operator in the user's program; the
//! functions of the same meaning return errors.

use std::ops::{
    Add, AddAssign, BitAnd, BitOr, BitXor, Div, DivAssign, Mul, MulAssign, Neg, Not, Rem, Shl, Shr,
    Sub, SubAssign,
};

use pullback_engine::{DType, Kind};

use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules as lax;
use crate::promote::{promote, promote_inexact};

/// The value of an operation, or a panic with its error.
#[track_caller]
fn must(result: Result<Array>) -> Array {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

fn add(x: &Array, y: &Array) -> Result<Array> {
    let operands = promote("add", &[x, y])?;
    match operands[0].dtype() {
        DType::Bool => lax::or(&operands[0], &operands[1]),
        _ => lax::add(&operands[0], &operands[1]),
    }
}

fn sub(x: &Array, y: &Array) -> Result<Array> {
    let operands = promote("sub", &[x, y])?;
    lax::sub(&operands[0], &operands[1])
}

fn mul(x: &Array, y: &Array) -> Result<Array> {
    let operands = promote("mul", &[x, y])?;
    match operands[0].dtype() {
        DType::Bool => lax::and(&operands[0], &operands[1]),
        _ => lax::mul(&operands[0], &operands[1]),
    }
}

fn div(x: &Array, y: &Array) -> Result<Array> {
    let operands = promote_inexact("div", &[x, y])?;
    lax::div(&operands[0], &operands[1])
}

/// As Rust has it: with the sign of the dividend.
fn rem(x: &Array, y: &Array) -> Result<Array> {
    let operands = promote("rem", &[x, y])?;
    lax::rem(&operands[0], &operands[1])
}

fn and(x: &Array, y: &Array) -> Result<Array> {
    let operands = promote("and", &[x, y])?;
    lax::and(&operands[0], &operands[1])
}

fn or(x: &Array, y: &Array) -> Result<Array> {
    let operands = promote("or", &[x, y])?;
    lax::or(&operands[0], &operands[1])
}

fn xor(x: &Array, y: &Array) -> Result<Array> {
    let operands = promote("xor", &[x, y])?;
    lax::xor(&operands[0], &operands[1])
}

fn shl(x: &Array, y: &Array) -> Result<Array> {
    let operands = promote("shift_left", &[x, y])?;
    lax::shift_left(&operands[0], &operands[1])
}

fn shr(x: &Array, y: &Array) -> Result<Array> {
    let operands = promote("shift_right", &[x, y])?;
    match operands[0].dtype().kind() {
        Kind::Unsigned => lax::shift_right_logical(&operands[0], &operands[1]),
        _ => lax::shift_right_arithmetic(&operands[0], &operands[1]),
    }
}

macro_rules! operator {
    ($Op:ident, $method:ident, $function:path; $($number:ty),*) => {
        operator! { @arrays $Op, $method, $function; Array, Array; Array, &Array; &Array, Array; &Array, &Array }
        $(operator! { @numbers $Op, $method, $function, $number; Array; &Array })*
    };
    (@arrays $Op:ident, $method:ident, $function:path; $($left:ty, $right:ty);*) => {
        $(impl $Op<$right> for $left {
            type Output = Array;

            #[track_caller]
            fn $method(self, other: $right) -> Array {
                #[allow(clippy::needless_borrow)]
                must($function(&self, &other))
            }
        })*
    };
    (@numbers $Op:ident, $method:ident, $function:path, $number:ty; $($array:ty);*) => {
        $(impl $Op<$number> for $array {
            type Output = Array;

            #[track_caller]
            fn $method(self, other: $number) -> Array {
                #[allow(clippy::needless_borrow)]
                must($function(&self, &Array::from(other)))
            }
        }

        impl $Op<$array> for $number {
            type Output = Array;

            #[track_caller]
            fn $method(self, other: $array) -> Array {
                #[allow(clippy::needless_borrow)]
                must($function(&Array::from(self), &other))
            }
        })*
    };
}

// One type of real and one of whole numbers, so that a literal can only be of that type and
// `(x / 2.0).tanh()` needs no annotation.
operator! { Add, add, add; f64, i32 }
operator! { Sub, sub, sub; f64, i32 }
operator! { Mul, mul, mul; f64, i32 }
operator! { Div, div, div; f64, i32 }
operator! { Rem, rem, rem; f64, i32 }
operator! { BitAnd, bitand, and; i32, bool }
operator! { BitOr, bitor, or; i32, bool }
operator! { BitXor, bitxor, xor; i32, bool }
operator! { Shl, shl, shl; i32 }
operator! { Shr, shr, shr; i32 }

macro_rules! assigning {
    ($($Op:ident, $method:ident, $function:path;)*) => {
        $(impl<T> $Op<T> for Array
        where
            Array: From<T>,
        {
            #[track_caller]
            fn $method(&mut self, other: T) {
                *self = must($function(self, &Array::from(other)));
            }
        })*
    };
}

assigning! {
    AddAssign, add_assign, add;
    SubAssign, sub_assign, sub;
    MulAssign, mul_assign, mul;
    DivAssign, div_assign, div;
}

macro_rules! negation {
    ($($Op:ident, $method:ident, $function:path, $array:ty;)*) => {
        $(impl $Op for $array {
            type Output = Array;

            #[track_caller]
            fn $method(self) -> Array {
                #[allow(clippy::needless_borrow)]
                must($function(&self))
            }
        })*
    };
}

negation! {
    Neg, neg, lax::neg, Array;
    Neg, neg, lax::neg, &Array;
    Not, not, lax::not, Array;
    Not, not, lax::not, &Array;
}

impl std::iter::Sum for Array {
    fn sum<I: Iterator<Item = Array>>(arrays: I) -> Array {
        arrays.reduce(|x, y| x + y).unwrap_or_else(|| Array::from(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_promote_and_broadcast() {
        let x = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3]).unwrap();
        let y: Array = 3.0 * &x + 1 - &x / 2;
        assert_eq!(y.to_vec::<f32>().unwrap(), [3.5, 6.0, 8.5]);
        let column = Array::from_slice(&[10i32, 20], &[2, 1]).unwrap();
        let z = &x + column;
        assert_eq!(z.shape(), [2, 3]);
        assert_eq!(z.to_vec::<f32>().unwrap(), [11.0, 12.0, 13.0, 21.0, 22.0, 23.0]);
        assert_eq!((-&x).to_vec::<f32>().unwrap(), [-1.0, -2.0, -3.0]);
    }

    #[test]
    #[should_panic(expected = "add: got incompatible shapes for broadcasting: (2,), (3,)")]
    fn an_operator_that_fails_says_why() {
        let x = Array::from_slice(&[1.0f32, 2.0], &[2]).unwrap();
        let y = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3]).unwrap();
        let _ = x + y;
    }
}
