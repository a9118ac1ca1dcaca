//! Matrices of a known form, with the names and meanings of `jax.scipy.linalg`.

use std::f64::consts::PI;

use pullback_core::primitives::rules as lax;
use pullback_core::primitives::unary::lgamma::lgamma;
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::api;

use super::special::comb;
use crate::api::ApiFn;
use crate::lax::population_count;
use crate::numpy::arithmetic::{multiply, power, subtract, true_divide};
use crate::numpy::common::{broadcast, inexact, number, select, size_of};
use crate::numpy::dtypes::integer;
use crate::numpy::linalg::stacked;
use crate::numpy::manipulation::{matrix_transpose, part};
use crate::numpy::products::dot;
use crate::numpy::taking::entries;

/// The functions of this module.
pub static FUNCTIONS: &[&ApiFn] = &[
    &BLOCK_DIAG_API,
    &TOEPLITZ_API,
    &HANKEL_API,
    &CIRCULANT_API,
    &LESLIE_API,
    &COMPANION_API,
    &FIEDLER_API,
    &FIEDLER_COMPANION_API,
    &CONVOLUTION_MATRIX_API,
    &HILBERT_API,
    &INVHILBERT_API,
    &PASCAL_API,
    &INVPASCAL_API,
    &HELMERT_API,
    &HADAMARD_API,
    &DFT_API,
];

/// The numbers of the rows and columns of a matrix, for every element.
fn places(rows: usize, columns: usize, dtype: DType) -> Result<[Array; 2]> {
    Ok([lax::iota(dtype, &[rows, columns], 0)?, lax::iota(dtype, &[rows, columns], 1)?])
}

fn at_least_row(x: &Array) -> Result<Array> {
    if x.rank() == 0 { lax::expand_dims(x, &[0]) } else { Ok(x.clone()) }
}

/// Rows of one type whose leading axes are repeated to one stack.
fn rows(function: &str, x: &Array, y: &Array) -> Result<[Array; 2]> {
    let operands = promote::promote_types(function, &[x, y])?;
    let [x, y] = [at_least_row(&operands[0])?, at_least_row(&operands[1])?];
    let stack = promote::broadcast_shapes(
        function,
        &[&x.shape()[..x.rank() - 1], &y.shape()[..y.rank() - 1]],
    )?;
    let [x, y] = [stacked(&x, &stack, 1)?, stacked(&y, &stack, 1)?];
    // Their type counts.
    Ok([promote::to_type(&x, x.dtype(), false)?, promote::to_type(&y, y.dtype(), false)?])
}

fn last(x: &Array) -> usize {
    x.shape()[x.rank() - 1]
}

/// The matrices with the arrays along their diagonal; rows are matrices of one row.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::matrices::block_diag;
///
/// # fn main() -> pullback::Result<()> {
/// let x = block_diag(&[Array::from(1.0f32), Array::from([2.0f32, 3.0])])?;
/// assert_eq!(x.to_vec::<f32>()?, [1.0, 0.0, 0.0, 0.0, 2.0, 3.0]);
/// # Ok(())
/// # }
/// ```
#[api(variadic(arrs))]
pub fn block_diag(arrs: &[Array]) -> Result<Array> {
    if arrs.is_empty() {
        return broadcast(&Array::constant(0.0, promote::default_float()), &[1, 0]);
    }
    if let Some(at) = arrs.iter().position(|x| x.rank() > 2) {
        return Err(Error::value_error(
            "block_diag",
            format!("blocks have at most two axes, got {} at {at}", arrs[at].aval()),
        ));
    }
    let refs: Vec<&Array> = arrs.iter().collect();
    let blocks = promote::promote_types("block_diag", &refs)?
        .iter()
        .map(|x| match x.rank() {
            0 => lax::reshape(x, &[1, 1]),
            1 => lax::expand_dims(x, &[0]),
            _ => Ok(x.clone()),
        })
        .collect::<Result<Vec<_>>>()?;
    let width: usize = blocks.iter().map(last).sum();
    let mut before = 0;
    let mut strips = vec![];
    for block in &blocks {
        let after = width - before - last(block);
        let zero = number(0.0, block);
        strips.push(lax::pad(block, &zero, &[(0, 0, 0), (before as i64, after as i64, 0)])?);
        before += last(block);
    }
    lax::concatenate(&strips.iter().collect::<Vec<_>>(), 0)
}

/// The matrices whose diagonals are constant, with first columns `c` and first rows `r`, the
/// first element of which does not count; by default `r` is the conjugate of `c`.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::matrices::toeplitz;
///
/// let y = toeplitz(&Array::from([1, 2]), Some(&Array::from([1, 3, 4])))?;
/// assert_eq!(y, Array::from([[1, 3, 4], [2, 1, 3]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn toeplitz(c: &Array, r: Option<&Array>) -> Result<Array> {
    let r = match r {
        Some(r) => r.clone(),
        None if c.dtype().is_complex() => lax::conj(c)?,
        None => c.clone(),
    };
    let [c, r] = rows("toeplitz", c, &r)?;
    let (m, n) = (last(&c), last(&r));
    if m == 0 || n == 0 {
        return broadcast(&number(0.0, &c), &[&c.shape()[..c.rank() - 1], &[m, n]].concat());
    }
    let axis = c.rank() - 1;
    let elements = lax::concatenate(&[&lax::rev(&c, &[axis])?, &part(&r, axis, 1, n)?], axis)?;
    let [i, j] = places(m, n, DType::I32)?;
    let at = lax::add(&lax::sub(&j, &i)?, &integer(m as i128 - 1, DType::I32))?;
    entries(&elements, &at, axis)
}

/// The matrices whose antidiagonals are constant, with first columns `c` and last rows `r`, the
/// first element of which does not count; by default `r` is zero.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::matrices::hankel;
///
/// let y = hankel(&Array::from([1, 2]), Some(&Array::from([2, 3, 4])))?;
/// assert_eq!(y, Array::from([[1, 2, 3], [2, 3, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn hankel(c: &Array, r: Option<&Array>) -> Result<Array> {
    let r = match r {
        Some(r) => r.clone(),
        None => lax::zeros_like(c)?,
    };
    if c.rank() == 0 || r.rank() == 0 {
        let message = "c and r must be at least 1-dimensional, got a scalar";
        return Err(Error::value_error("hankel", message));
    }
    let [c, r] = rows("hankel", c, &r)?;
    let (m, n) = (last(&c), last(&r));
    if m == 0 || n == 0 {
        return broadcast(&number(0.0, &c), &[&c.shape()[..c.rank() - 1], &[m, n]].concat());
    }
    let axis = c.rank() - 1;
    let elements = lax::concatenate(&[&c, &part(&r, axis, 1, n)?], axis)?;
    let [i, j] = places(m, n, DType::I32)?;
    entries(&elements, &lax::add(&i, &j)?, axis)
}

/// The matrices whose columns are `c`, each rolled on by one.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::matrices::circulant;
///
/// let y = circulant(&Array::from([1, 2, 3]))?;
/// assert_eq!(y, Array::from([[1, 3, 2], [2, 1, 3], [3, 2, 1]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn circulant(c: &Array) -> Result<Array> {
    let c = at_least_row(c)?;
    let n = last(&c);
    let [i, j] = places(n, n, DType::I32)?;
    let around = integer(n.max(1) as i128, DType::I32);
    let at = lax::rem(&lax::add(&lax::sub(&i, &j)?, &around)?, &around)?;
    entries(&c, &at, c.rank() - 1)
}

/// The matrices with first rows `f` and with `s` below the diagonal.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::matrices::leslie;
///
/// let y = leslie(&Array::from([0.1f32, 2.0]), &Array::from([0.2f32]))?;
/// assert_eq!(y, Array::from([[0.1f32, 2.0], [0.2, 0.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn leslie(f: &Array, s: &Array) -> Result<Array> {
    let (f, s) = (at_least_row(f)?, at_least_row(s)?);
    let n = last(&f);
    if n < 2 || last(&s) + 1 != n {
        return Err(Error::value_error(
            "leslie",
            format!(
                "f must have two elements at least and s one less, got {} and {}",
                f.aval(),
                s.aval()
            ),
        ));
    }
    let [f, s] = rows("leslie", &f, &s)?;
    let axis = f.rank() - 1;
    with_row(&below(&s, n)?, &lax::expand_dims(&f, &[axis])?)
}

/// The matrices of size `n` that have the elements of `s` below the diagonal.
fn below(s: &Array, n: usize) -> Result<Array> {
    let axis = s.rank() - 1;
    let mut widths = vec![(0, 0, 0); s.rank()];
    widths[axis] = (1, 0, 0);
    // Element i stands in row i + 1.
    let column = lax::expand_dims(&lax::pad(s, &number(0.0, s), &widths)?, &[axis + 1])?;
    let [i, j] = places(n, n, DType::I32)?;
    let there = lax::eq(&i, &lax::add(&j, &integer(1, DType::I32))?)?;
    let square = [&s.shape()[..axis], &[n, n]].concat();
    select(&stacked(&there, &square[..axis], 2)?, &broadcast(&column, &square)?, &number(0.0, s))
}

/// The matrices with their first row replaced.
fn with_row(x: &Array, row: &Array) -> Result<Array> {
    let axis = x.rank() - 2;
    lax::concatenate(&[row, &part(x, axis, 1, x.shape()[axis])?], axis)
}

/// The matrices whose characteristic polynomials have the coefficients `a`, from the highest.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::matrices::companion;
///
/// let y = companion(&Array::from([1.0f32, -10.0, 31.0]))?;
/// assert_eq!(y, Array::from([[10.0f32, -31.0], [1.0, 0.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn companion(a: &Array) -> Result<Array> {
    let a = at_least_row(&inexact(a)?)?;
    let (n, axis) = (last(&a), a.rank() - 1);
    if n < 2 {
        return Err(Error::value_error(
            "companion",
            format!("the length of `a` must be at least 2; got {}", a.aval()),
        ));
    }
    let row = true_divide(&lax::neg(&part(&a, axis, 1, n)?)?, &part(&a, axis, 0, 1)?)?;
    let shape = [&row.shape()[..axis], &[n - 2]].concat();
    let ones = broadcast(&number(1.0, &row), &shape)?;
    with_row(&below(&ones, n - 1)?, &lax::expand_dims(&row, &[axis])?)
}

/// The matrices of the distances between elements.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::matrices::fiedler;
///
/// assert_eq!(fiedler(&Array::from([1, 4]))?, Array::from([[0, 3], [3, 0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn fiedler(a: &Array) -> Result<Array> {
    let a = at_least_row(a)?;
    let axis = a.rank() - 1;
    let (column, row) = (lax::expand_dims(&a, &[axis + 1])?, lax::expand_dims(&a, &[axis])?);
    lax::abs(&subtract(&column, &row)?)
}

/// The matrices with five diagonals whose characteristic polynomials have the coefficients `a`,
/// from the highest.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::matrices::fiedler_companion;
///
/// let y = fiedler_companion(&Array::from([1.0f32, -10.0, 31.0]))?;
/// assert_eq!(y, Array::from([[10.0f32, -31.0], [1.0, 0.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn fiedler_companion(a: &Array) -> Result<Array> {
    let a = at_least_row(&inexact(a)?)?;
    let axis = a.rank() - 1;
    let Some(n) = last(&a).checked_sub(1) else {
        let message = format!("`a` must have elements, got {}", a.aval());
        return Err(Error::value_error("fiedler_companion", message));
    };
    let shape = [&a.shape()[..axis], &[n, n]].concat();
    if n == 0 {
        return broadcast(&number(0.0, &a), &shape);
    }
    let a = lax::neg(&true_divide(&a, &part(&a, axis, 0, 1)?)?)?;
    // Which coefficient each element is; the leading one marks ones, and a further one zeros.
    let (one, zero) = (0, n + 1);
    let mut table = vec![zero as i32; n * n];
    for i in 0..n {
        let mut put = |j: usize, at: usize| {
            if j < n {
                table[i * n + j] = at as i32;
            }
        };
        match i {
            0 => put(0, 1),
            1 => put(0, one),
            _ => (),
        }
        if i % 2 == 0 {
            put(i + 1, i + 2);
            put(i + 2, one);
            if i >= 2 {
                put(i - 1, i + 1);
            }
        } else if i >= 3 {
            put(i - 2, one);
        }
    }
    // The leading coefficient is minus one by now.
    let ones = lax::neg(&part(&a, axis, 0, 1)?)?;
    let zeros = lax::zeros_like(&ones)?;
    let values = lax::concatenate(&[&ones, &part(&a, axis, 1, n + 1)?, &zeros], axis)?;
    entries(&values, &Array::from_slice(&table, &[n, n])?, axis)
}

/// The matrices that convolve rows of `n` elements with `a`; `mode` is that of `convolve`.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::matrices::convolution_matrix;
///
/// let y = convolution_matrix(&Array::from([1, 2]), 2, "full")?;
/// assert_eq!(y, Array::from([[1, 0], [2, 1], [0, 2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(mode = "full"))]
pub fn convolution_matrix(a: &Array, n: i64, mode: &str) -> Result<Array> {
    let bad = |message: String| Err(Error::value_error("convolution_matrix", message));
    if n <= 0 {
        return bad(format!("n must be a positive integer; got {n}"));
    }
    if a.rank() == 0 || last(a) == 0 {
        return bad(format!("`a` must have elements in a row, got {}", a.aval()));
    }
    let (axis, m, n) = (a.rank() - 1, last(a), n as usize);
    let (above, under) = match mode {
        "full" => (0, 0),
        "same" => {
            let trim = m.min(n) - 1;
            (trim / 2, trim - trim / 2)
        }
        "valid" => (m.min(n) - 1, m.min(n) - 1),
        other => {
            return bad(format!("mode must be one of 'full', 'valid', 'same'; got '{other}'"));
        }
    };
    let mut widths = vec![(0, 0, 0); a.rank()];
    widths[axis] = (0, n as i64 - 1, 0);
    let zero = number(0.0, a);
    let forward = lax::pad(a, &zero, &widths)?;
    let backward = lax::pad(&lax::rev(a, &[axis])?, &zero, &widths)?;
    let size = m + n - 1;
    let column = part(&forward, axis, above, size - under)?;
    let row = part(&backward, axis, size - n - above, size - above)?;
    toeplitz(&column, Some(&row))
}

/// `1 / (i + j + 1)`, for rows and columns counted from zero.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::matrices::hilbert;
///
/// assert_eq!(hilbert(2)?, Array::from([[1.0f32, 0.5], [0.5, 1.0 / 3.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn hilbert(n: i64) -> Result<Array> {
    let n = size_of("hilbert", n)?;
    let [i, j] = places(n, n, promote::default_float())?;
    let sum = lax::add(&lax::add(&i, &j)?, &number(1.0, &i))?;
    true_divide(&number(1.0, &sum), &sum)
}

/// The inverse of [`hilbert`].
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::matrices::invhilbert;
///
/// assert_eq!(invhilbert(2)?, Array::from([[4.0f32, -6.0], [-6.0, 12.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn invhilbert(n: i64) -> Result<Array> {
    let size = size_of("invhilbert", n)?;
    let [i, j] = places(size, size, promote::default_float())?;
    let n = number(n as f64, &i);
    let (sum, one) = (lax::add(&i, &j)?, number(1.0, &i));
    let sign = power(&number(-1.0, &sum), &sum)?;
    let left = comb(&lax::add(&n, &i)?, &lax::sub(&lax::sub(&n, &j)?, &one)?, false)?;
    let right = comb(&lax::add(&n, &j)?, &lax::sub(&lax::sub(&n, &i)?, &one)?, false)?;
    let middle = lax::square(&comb(&sum, &i, false)?)?;
    let product = multiply(&multiply(&sign, &lax::add(&sum, &one)?)?, &left)?;
    multiply(&multiply(&product, &right)?, &middle)
}

/// How many ways there are to choose, by logarithms: zero for a negative choice.
fn choices(n: &Array, k: &Array) -> Result<Array> {
    let one = number(1.0, n);
    let logarithm = |x: &Array| lgamma(&lax::add(x, &one)?);
    let rest = lax::sub(&logarithm(n)?, &logarithm(&lax::sub(n, k)?)?)?;
    lax::exp(&lax::sub(&rest, &logarithm(k)?)?)
}

fn kind_of<'a>(function: &str, kind: Option<&'a str>) -> Result<&'a str> {
    let kind = kind.unwrap_or("symmetric");
    if ["symmetric", "lower", "upper"].contains(&kind) {
        return Ok(kind);
    }
    let message = format!("kind must be one of 'symmetric', 'lower', 'upper'; got '{kind}'");
    Err(Error::value_error(function, message))
}

/// Pascal's triangle: below the diagonal, above it, or the product of the two.
///
/// ```
/// use pullback::scipy::matrices::pascal;
///
/// let y = pascal(3, Some("lower"))?.to_vec::<f32>()?;
/// assert_eq!(y, [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 2.0, 1.0]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn pascal(n: i64, kind: Option<&str>) -> Result<Array> {
    let kind = kind_of("pascal", kind)?;
    let n = size_of("pascal", n)?;
    let [i, j] = places(n, n, DType::F32)?;
    let lower = choices(&i, &j)?;
    match kind {
        "lower" => Ok(lower),
        "upper" => matrix_transpose(&lower),
        _ => dot(&lower, &matrix_transpose(&lower)?, None),
    }
}

/// The inverse of [`pascal`].
///
/// ```
/// use pullback::scipy::matrices::invpascal;
///
/// let y = invpascal(2, Some("lower"))?.to_vec::<f32>()?;
/// assert_eq!(y, [1.0, 0.0, -1.0, 1.0]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn invpascal(n: i64, kind: Option<&str>) -> Result<Array> {
    let kind = kind_of("invpascal", kind)?;
    let n = size_of("invpascal", n)?;
    let [i, j] = places(n, n, promote::default_float())?;
    let sign = power(&number(-1.0, &i), &lax::sub(&i, &j)?)?;
    let lower = lax::mul(&sign, &choices(&i, &j)?)?;
    match kind {
        "lower" => Ok(lower),
        "upper" => matrix_transpose(&lower),
        _ => dot(&matrix_transpose(&lower)?, &lower, None),
    }
}

/// The orthonormal matrix whose row `k` compares element `k` with the mean of those before it;
/// the constant first row is there with `full` only.
///
/// ```
/// use pullback::scipy::matrices::helmert;
///
/// let y = helmert(2, false)?.to_vec::<f32>()?;
/// assert!((y[0] - 0.5f32.sqrt()).abs() < 1e-6 && (y[0] + y[1]).abs() < 1e-6);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(full = false))]
pub fn helmert(n: i64, full: bool) -> Result<Array> {
    if n < 1 {
        let message = format!("n must be a positive integer; got {n}");
        return Err(Error::value_error("helmert", message));
    }
    let n = n as usize;
    let dtype = promote::default_float();
    let [i, j] = places(n - 1, n, dtype)?;
    let k = lax::add(&i, &number(1.0, &i))?;
    let root = lax::sqrt(&lax::mul(&k, &lax::add(&k, &number(1.0, &k))?)?)?;
    let before = true_divide(&number(1.0, &root), &root)?;
    let own = select(&lax::eq(&j, &k)?, &lax::neg(&lax::div(&k, &root)?)?, &number(0.0, &root))?;
    let rows = select(&lax::le(&j, &i)?, &before, &own)?;
    if !full {
        return Ok(rows);
    }
    let first = broadcast(&Array::constant(1.0 / (n as f64).sqrt(), dtype), &[1, n])?;
    lax::concatenate(&[&first, &rows], 0)
}

/// The matrix of ones and minus ones with orthogonal rows, for powers of two.
///
/// ```
/// use pullback::Array;
/// use pullback::scipy::matrices::hadamard;
///
/// assert_eq!(hadamard(2, None)?, Array::from([[1, 1], [1, -1]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn hadamard(n: i64, dtype: Option<DType>) -> Result<Array> {
    if n < 1 || !(n as u64).is_power_of_two() {
        let message = format!("n must be a positive power of 2; got {n}");
        return Err(Error::value_error("hadamard", message));
    }
    let n = n as usize;
    let dtype = promote::canonical(dtype.unwrap_or_else(promote::default_int));
    // Minus one where the numbers of row and column share an odd number of bits.
    let [i, j] = places(n, n, DType::I32)?;
    let shared = population_count(&lax::and(&i, &j)?)?;
    let odd = lax::and(&shared, &integer(1, DType::I32))?;
    let odd = lax::eq(&odd, &integer(1, DType::I32))?;
    let like = Array::constant(1.0, dtype);
    select(&odd, &lax::neg(&like)?, &like)
}

/// The matrix of the discrete Fourier transform, divided by the root of `n` or by `n` for a
/// `scale` of "sqrtn" or "n".
///
/// ```
/// use pullback::{Array, numpy as jnp};
/// use pullback::scipy::matrices::dft;
///
/// let y = jnp::real(&dft(2, None, None)?)?;
/// assert_eq!(y, Array::from([[1.0f32, 1.0], [1.0, -1.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(dtype))]
pub fn dft(n: i64, scale: Option<&str>, dtype: Option<DType>) -> Result<Array> {
    let size = size_of("dft", n)?;
    let divisor = match scale {
        None => None,
        Some("sqrtn") => Some((n as f64).sqrt()),
        Some("n") => Some(n as f64),
        Some(other) => {
            let message = format!("scale must be None, 'sqrtn', or 'n'; got '{other}'");
            return Err(Error::value_error("dft", message));
        }
    };
    let default = if promote::default_float() == DType::F64 { DType::C128 } else { DType::C64 };
    let dtype = promote::canonical(dtype.unwrap_or(default));
    if !dtype.is_complex() {
        let message = format!("dtype must be a complex floating-point type; got {dtype}");
        return Err(Error::value_error("dft", message));
    }
    // Angles are taken from whole numbers below n, so that they are precise.
    let [i, j] = places(size, size, DType::I32)?;
    let turns = lax::rem(&lax::mul(&i, &j)?, &integer(size.max(1) as i128, DType::I32))?;
    let turns = lax::convert_element_type(&turns, dtype.real())?;
    let angle = lax::mul(&turns, &number(-2.0 * PI / size.max(1) as f64, &turns))?;
    let y = lax::complex(&lax::cos(&angle)?, &lax::sin(&angle)?)?;
    match divisor {
        Some(divisor) => lax::div(&y, &number(divisor, &y)),
        None => Ok(y),
    }
}
