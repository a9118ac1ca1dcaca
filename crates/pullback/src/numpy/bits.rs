//! Whole numbers: common divisors and multiples, and bits packed into bytes.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Result, Shape, promote};
use pullback_macros::api;

use super::arithmetic::absolute;
use super::common::{axis_of, broadcast_all, number, select, size_of, truth};
use super::dtypes::integer;
use super::manipulation::{part, ravel};
use crate::api::ApiFn;
use crate::flat::while_loop;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[&GCD_API, &LCM_API, &PACKBITS_API, &UNPACKBITS_API];

fn integers(function: &str, x: &Array, y: &Array) -> Result<Vec<Array>> {
    let both = promote::promote_types(function, &[x, y])?;
    if !both[0].dtype().is_integer() {
        return Err(Error::value_error(function, "arguments must be integers"));
    }
    broadcast_all(function, &both)?.iter().map(absolute).collect()
}

/// The greatest common divisor of the elements of two arrays.
///
/// It is not negative, and that of zero and zero is zero. Numbers that are not whole are an error.
///
/// ```
/// # use pullback::{Array, numpy::bits};
/// let divisors = bits::gcd(&Array::from([12, -8, 0]), &Array::from([18, 6, 0]))?;
/// assert_eq!(divisors, Array::from([6, 2, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn gcd(x1: &Array, x2: &Array) -> Result<Array> {
    let both = integers("gcd", x1, x2)?;
    let mut result = while_loop(
        "while_loop",
        &both,
        |x| {
            let left = lax::ne(&x[1], &number(0.0, &x[1]))?;
            lax::reduce_or(&left, &(0..left.rank()).collect::<Vec<_>>())
        },
        |x| {
            // Euclid's algorithm, where the divisor of what has ended is one.
            let (a, b) = (&x[0], &x[1]);
            let ended = lax::eq(b, &number(0.0, b))?;
            let rest = lax::rem(a, &select(&ended, &number(1.0, b), b)?)?;
            Ok(vec![select(&ended, a, b)?, select(&ended, &number(0.0, b), &rest)?])
        },
    )?;
    Ok(result.swap_remove(0))
}

/// The least common multiple of the elements of two arrays.
///
/// It is not negative, and zero if one of both is. Numbers that are not whole are an error.
///
/// ```
/// # use pullback::{Array, numpy::bits};
/// let multiples = bits::lcm(&Array::from([4, 0]), &Array::from([6, 5]))?;
/// assert_eq!(multiples, Array::from([12, 0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn lcm(x1: &Array, x2: &Array) -> Result<Array> {
    let both = integers("lcm", x1, x2)?;
    let divisor = gcd(&both[0], &both[1])?;
    let zero = lax::eq(&divisor, &number(0.0, &divisor))?;
    let safe = select(&zero, &number(1.0, &divisor), &divisor)?;
    let multiple = lax::mul(&both[0], &lax::div(&both[1], &safe)?)?;
    select(&zero, &number(0.0, &multiple), &multiple)
}

/// How far each of eight bits is shifted, by the order of bits in a byte.
fn shifts(function: &str, bitorder: &str) -> Result<Array> {
    let values: [u8; 8] = match bitorder {
        "big" => [7, 6, 5, 4, 3, 2, 1, 0],
        "little" => [0, 1, 2, 3, 4, 5, 6, 7],
        _ => {
            return Err(Error::value_error(function, "'order' must be either 'little' or 'big'"));
        }
    };
    Array::from_slice(&values, &[8])
}

/// The array with the axis last: as one row if there is none.
fn last(function: &str, a: &Array, axis: Option<i64>) -> Result<(Array, Vec<usize>)> {
    let (x, axis) = match axis {
        Some(axis) => (a.clone(), axis_of(function, axis, a.rank())?),
        None => (ravel(a, "C")?, 0),
    };
    let mut order: Vec<usize> = (0..x.rank()).collect();
    order.swap(axis, x.rank() - 1);
    Ok((lax::transpose(&x, &order)?, order))
}

/// Bytes of eight truth values each, along an axis or of the array as one row.
///
/// What is not zero counts as true. A last byte that is not full ends with zeros. With the
/// `bitorder` "big" the first value is the highest bit, with "little" the lowest.
///
/// ```
/// # use pullback::{Array, numpy::bits};
/// let x = Array::from([true, false, true, false, false, false, false, true, true]);
/// assert_eq!(bits::packbits(&x, None, "big")?.to_vec::<u8>()?, [0b1010_0001, 0b1000_0000]);
/// assert_eq!(bits::packbits(&x, None, "little")?.to_vec::<u8>()?, [0b1000_0101, 1]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(bitorder = "big"))]
pub fn packbits(a: &Array, axis: Option<i64>, bitorder: &str) -> Result<Array> {
    if !a.dtype().is_integer() && a.dtype() != DType::Bool {
        return Err(Error::type_error(
            "packbits",
            "expected an input array of integer or boolean data type",
        ));
    }
    let shifts = shifts("packbits", bitorder)?;
    let (x, order) = last("packbits", &truth(a)?, axis)?;
    let x = lax::convert_element_type(&x, DType::U8)?;
    let along = x.rank() - 1;
    let size = x.shape()[along];
    let mut padding = vec![(0, 0, 0); x.rank()];
    padding[along].1 = (size.next_multiple_of(8) - size) as i64;
    let x = lax::pad(&x, &integer(0, DType::U8), &padding)?;
    let mut shape = Shape::from_slice(&x.shape()[..along]);
    shape.extend([size.div_ceil(8), 8]);
    let bits = lax::reshape(&x, &shape)?;
    let shifts = promote::to_rank(&shifts, bits.rank())?;
    let packed = lax::reduce_sum(&lax::shift_left(&bits, &shifts)?, &[along + 1])?;
    lax::transpose(&packed, &order)
}

/// The bits of bytes, along an axis or of the array as one row: `count` of them, or all.
///
/// The array must be of type uint8. With the `bitorder` "big" the highest bit comes first.
///
/// ```
/// # use pullback::{Array, numpy::bits};
/// let x = Array::from_slice(&[0b1010_0001u8], &[1])?;
/// assert_eq!(bits::unpackbits(&x, None, None, "big")?.to_vec::<u8>()?, [1, 0, 1, 0, 0, 0, 0, 1]);
/// assert_eq!(bits::unpackbits(&x, None, Some(3), "little")?.to_vec::<u8>()?, [1, 0, 0]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(bitorder = "big"))]
pub fn unpackbits(
    a: &Array,
    axis: Option<i64>,
    count: Option<i64>,
    bitorder: &str,
) -> Result<Array> {
    if a.dtype() != DType::U8 {
        return Err(Error::type_error(
            "unpackbits",
            "expected an input array of unsigned byte data type",
        ));
    }
    let shifts = shifts("unpackbits", bitorder)?;
    let (x, order) = last("unpackbits", a, axis)?;
    let along = x.rank() - 1;
    let size = x.shape()[along];
    let x = lax::expand_dims(&x, &[along + 1])?;
    let bits = lax::shift_right_logical(&x, &promote::to_rank(&shifts, x.rank())?)?;
    let bits = lax::and(&bits, &integer(1, DType::U8))?;
    let mut shape = Shape::from_slice(&x.shape()[..along]);
    shape.push(size * 8);
    let mut bits = lax::reshape(&bits, &shape)?;
    if let Some(count) = count {
        let count = size_of("unpackbits", count)?;
        bits = match count <= size * 8 {
            true => part(&bits, along, 0, count)?,
            false => {
                let mut padding = vec![(0, 0, 0); bits.rank()];
                padding[along].1 = (count - size * 8) as i64;
                lax::pad(&bits, &integer(0, DType::U8), &padding)?
            }
        };
    }
    lax::transpose(&bits, &order)
}
