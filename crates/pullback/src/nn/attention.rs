//! Attention.

use pullback_core::primitives::custom::stop_gradient::stop_gradient;
use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::{Keywords, api};

use super::{logsumexp, softmax};
use crate::api::{ApiFn, Axes, Value};
use crate::numpy::arithmetic::add;
use crate::numpy::common::{number, select};
use crate::numpy::dtypes::integer;
use crate::numpy::einsum::einsum;
use crate::numpy::floats::largest;
use crate::numpy::logic::logical_and;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[&DOT_PRODUCT_ATTENTION_API];

/// What attention takes besides queries, keys and values.
#[derive(Clone, Debug, Default, Keywords)]
pub struct Attention {
    /// What is added to the products of queries and keys.
    pub bias: Option<Array>,
    /// Which keys each query sees.
    pub mask: Option<Array>,
    /// What the products are multiplied by; one over the root of their length, if not given.
    #[keyword(only)]
    pub scale: Option<f64>,
    /// Whether a query sees no later key than its own number.
    pub is_causal: bool,
    /// How many queries of each sequence count.
    pub query_seq_lengths: Option<Array>,
    /// How many keys of each sequence count.
    pub key_value_seq_lengths: Option<Array>,
    /// How many keys before and after its own number a query sees.
    pub local_window_size: Option<Axes>,
    /// Not used: there is one implementation.
    pub implementation: Option<String>,
    /// Whether the logarithms of the sums of exponentials are returned too.
    pub return_residual: bool,
}

fn bad(message: String) -> Error {
    Error::value_error("dot_product_attention", message)
}

/// With axes of size 1 before the others, up to four.
fn with_stack(x: &Array) -> Result<Array> {
    lax::expand_dims(x, &(0..4usize.saturating_sub(x.rank())).collect::<Vec<_>>())
}

/// An array of four axes, the second of them split into heads and the groups that share one.
fn grouped(x: &Array, heads: usize, groups: usize) -> Result<Array> {
    match *x.shape() {
        [batch, all, rows, columns] if all == heads * groups => {
            lax::reshape(x, &[batch, heads, groups, rows, columns])
        }
        [_, 1, _, _] => lax::expand_dims(x, &[2]),
        _ => Err(bad(format!("{} does not fit {} heads", x.aval(), heads * groups))),
    }
}

fn check_lengths(lengths: Option<&Array>, batch: usize, name: &str) -> Result<()> {
    match lengths {
        Some(x) if x.shape() != [batch] || x.dtype() != DType::I32 => {
            Err(bad(format!("{name} must be i32[{batch}], but got {}", x.aval())))
        }
        _ => Ok(()),
    }
}

/// Which of the rows or columns of the products, along `axis`, are among the first of each
/// sequence.
fn among_first(lengths: &Array, shape: &[usize], axis: usize) -> Result<Array> {
    let counted = lax::iota(DType::I32, shape, axis)?;
    let others: Vec<usize> = (1..shape.len()).collect();
    lax::lt(&counted, &lax::expand_dims(lengths, &others)?)
}

/// For each query the mean of the values, weighted by the softmax of its products with the keys.
///
/// Axes are, from the last, those of the vectors, the heads, the sequence and the batch, which
/// can lack. Keys and values can have fewer heads than the queries have: groups share them.
///
/// ```
/// use pullback::nn::attention::{Attention, dot_product_attention};
/// use pullback::{Array, api::Value};
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, 0.0, 0.0, 1.0], &[2, 1, 2])?;
/// let options = Attention { is_causal: true, ..Attention::default() };
/// let Value::Array(y) = dot_product_attention(&x, &x, &x, options)? else { unreachable!() };
/// assert_eq!(y.to_vec::<f32>()?[..2], [1.0, 0.0]);
/// # Ok(())
/// # }
/// ```
#[api]
pub fn dot_product_attention(
    query: &Array,
    key: &Array,
    value: &Array,
    options: Attention,
) -> Result<Value> {
    if let Some(other) = options.implementation.as_deref().filter(|name| *name != "xla") {
        return Err(bad(format!("Unsupported implementation option: {other}")));
    }
    let shape = query.shape().to_vec();
    let [query, key, value] = [with_stack(query)?, with_stack(key)?, with_stack(value)?];
    let (&[batch, rows, all, width], &[_, columns, heads, _]) = (query.shape(), key.shape()) else {
        return Err(bad(format!("got {} and {}", query.aval(), key.aval())));
    };
    if value.shape() != key.shape() || value.dtype() != key.dtype() {
        return Err(bad(format!("value should be {}, but got {}", key.aval(), value.aval())));
    }
    if key.shape()[0] != batch || key.shape()[3] != width || query.dtype() != key.dtype() {
        return Err(bad(format!("query {} does not fit {}", query.aval(), key.aval())));
    }
    if heads == 0 || all % heads != 0 {
        return Err(bad(format!(
            "the number of query heads must be a multiple of that of the keys, but got {all} vs \
             {heads}"
        )));
    }
    let groups = all / heads;
    let (query_lengths, key_lengths) =
        (options.query_seq_lengths.as_ref(), options.key_value_seq_lengths.as_ref());
    check_lengths(query_lengths, batch, "query_seq_lengths")?;
    check_lengths(key_lengths, batch, "key_value_seq_lengths")?;

    let query = lax::reshape(&query, &[batch, rows, heads, groups, width])?;
    let (wide, _) = promote::result_type(
        "dot_product_attention",
        &[(query.dtype(), false), (DType::F32, false)],
    )?;
    let products = einsum("btkgh,bskh->bkgts", &[query, key.clone()], Some(wide))?;
    let scale = options.scale.unwrap_or(1.0 / (width as f64).sqrt());
    let mut products = lax::mul(&products, &number(scale, &products))?;
    if let Some(bias) = &options.bias {
        let bias = grouped(&with_stack(bias)?, heads, groups)?;
        products = lax::convert_element_type(&add(&products, &bias)?, wide)?;
    }

    // Of the sequence alone, and then of each of the batch.
    let mut masks = vec![];
    if let Some(mask) = &options.mask {
        if mask.dtype() != DType::Bool {
            return Err(bad(format!("mask dtype should be bool, but got {}", mask.dtype())));
        }
        masks.push(grouped(&with_stack(mask)?, heads, groups)?);
    }
    let matrix = [1, 1, 1, rows, columns];
    let (row, column) = (lax::iota(DType::I32, &matrix, 3)?, lax::iota(DType::I32, &matrix, 4)?);
    if options.is_causal {
        masks.push(lax::ge(&row, &column)?);
    }
    if let Some(window) = &options.local_window_size {
        let (before, after) = match window.0[..] {
            [size] => (size, size),
            [before, after] => (before, after),
            _ => return Err(bad("local_window_size should be one number or two".into())),
        };
        let size = |size: i64| integer(size as i128, DType::I32);
        masks.push(lax::le(&row, &lax::add(&column, &size(before))?)?);
        masks.push(lax::ge(&row, &lax::sub(&column, &size(after))?)?);
    }
    let whole = [batch, 1, 1, rows, columns];
    if let Some(lengths) = query_lengths {
        masks.push(among_first(lengths, &whole, 3)?);
    }
    if let Some(lengths) = key_lengths {
        masks.push(among_first(lengths, &whole, 4)?);
    }
    let mut seen: Option<Array> = None;
    for mask in masks {
        seen = Some(match seen {
            None => mask,
            Some(seen) => logical_and(&seen, &mask)?,
        });
    }
    if let Some(seen) = seen {
        let seen = crate::numpy::common::broadcast(&seen, products.shape())?;
        products = select(&seen, &products, &number(-0.7 * largest(wide), &products))?;
    }

    let products = lax::convert_element_type(&products, DType::F32)?;
    let weights = softmax(&products, Some(Axes(vec![-1])), None)?;
    let weights = lax::convert_element_type(&weights, key.dtype())?;
    let mut y = einsum("bkgts,bskh->btkgh", &[weights, value], None)?;
    if let Some(lengths) = query_lengths {
        let counts = among_first(lengths, y.shape(), 1)?;
        y = lax::mul(&y, &lax::convert_element_type(&counts, y.dtype())?)?;
    }
    let y = lax::reshape(&y, &shape)?;
    if !options.return_residual {
        return Ok(Value::Array(y));
    }
    let Value::Array(sums) = logsumexp(&products, Some(&Axes(vec![-1])), None, false, false, None)?
    else {
        unreachable!("without its sign a sum is one array");
    };
    let sums = lax::convert_element_type(&sums, key.dtype())?;
    let sums = lax::transpose(&sums, &[0, 3, 1, 2])?;
    let sums = stop_gradient(&lax::reshape(&sums, &shape[..shape.len() - 1])?)?;
    Ok(Value::Tuple(vec![y, sums]))
}
