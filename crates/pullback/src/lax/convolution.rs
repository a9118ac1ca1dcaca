//! Convolutions as programs have them, and what their arguments are written with.

use pullback_core::aval::ShapeText;
use pullback_core::primitives::reduction::dot_general::DotDims;
use pullback_core::primitives::rules;
use pullback_core::primitives::signal::conv_general_dilated::{ConvDims, ConvGeneralDilated, Pads};
use pullback_core::{Array, DType, Error, Result, Shape, promote};
use pullback_macros::api;

use crate::api::{ApiFn, Arg, FromArg, Kind, Sizes, Value};
use crate::numpy::common::{TupleText, shape_of};
use crate::numpy::creation::eye;

/// The functions of this module.
pub(super) static FUNCTIONS: &[&ApiFn] = &[
    &CONV_API,
    &CONV_WITH_GENERAL_PADDING_API,
    &CONV_GENERAL_DILATED_API,
    &CONV_TRANSPOSE_API,
    &CONV_GENERAL_DILATED_PATCHES_API,
    &CONV_GENERAL_DILATED_LOCAL_API,
    &CONV_DIMENSION_NUMBERS_API,
    &PADTYPE_TO_PADS_API,
];

/// How much is put before and after each axis that a window moves along.
///
/// ```
/// # use pullback::lax::Padding;
/// assert_eq!(Padding::from("SAME"), Padding::Named("SAME".into()));
/// assert_eq!(Padding::from([(1, 2)]), Padding::Pairs(vec![(1, 2)]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Padding {
    /// "VALID": nothing. "SAME" and "SAME_LOWER": as much as makes a place for each element, or
    /// each stride; if that is odd, the rest goes after or before.
    Named(String),
    /// Before and after each axis; negative amounts take away.
    Pairs(Vec<(i64, i64)>),
}

impl FromArg for Padding {
    const KIND: Kind = Kind::Words;

    fn from_arg(arg: Arg) -> Option<Self> {
        let pair = |arg: Arg| match arg {
            Arg::Ints(pair) => <[i64; 2]>::try_from(pair).ok().map(|[low, high]| (low, high)),
            Arg::List(pair) => match pair.as_slice() {
                [Arg::Int(low), Arg::Int(high)] => Some((*low, *high)),
                _ => None,
            },
            _ => None,
        };
        match arg {
            Arg::Str(name) => Some(Padding::Named(name)),
            Arg::List(pairs) => {
                pairs.into_iter().map(pair).collect::<Option<_>>().map(Padding::Pairs)
            }
            _ => None,
        }
    }
}

impl From<&str> for Padding {
    fn from(name: &str) -> Padding {
        Padding::Named(name.into())
    }
}

impl<const N: usize> From<[(i64, i64); N]> for Padding {
    fn from(pairs: [(i64, i64); N]) -> Padding {
        Padding::Pairs(pairs.to_vec())
    }
}

impl Padding {
    /// The amounts for a window of the given sizes, dilated, over axes of the given sizes.
    pub(crate) fn pads(
        &self,
        function: &str,
        sizes: &[i64],
        window: &[i64],
        strides: &[usize],
    ) -> Result<Pads> {
        let name = match self {
            Padding::Pairs(pairs) => return Ok(pairs.as_slice().into()),
            Padding::Named(name) => name.to_uppercase(),
        };
        let lower = match name.as_str() {
            "VALID" => return Ok(Pads::from_elem((0, 0), sizes.len())),
            "SAME" => false,
            "SAME_LOWER" => true,
            _ => {
                return Err(Error::value_error(
                    function,
                    format!("unrecognized padding {name}; expected VALID, SAME or SAME_LOWER"),
                ));
            }
        };
        let pad = |((&size, &window), &stride): ((&i64, &i64), &usize)| {
            let stride = (stride as i64).max(1);
            let places = (size + stride - 1) / stride;
            let all = ((places - 1) * stride + window - size).max(0);
            let (less, more) = (all / 2, all - all / 2);
            if lower { (more, less) } else { (less, more) }
        };
        Ok(sizes.iter().zip(window).zip(strides).map(pad).collect())
    }
}

/// Which axes of operands and result are which.
///
/// In words the axes are named by letters: "N" and "C" are batch and features of the left operand
/// and of the result, "O" and "I" the features of the result and of the left operand in the right
/// one, and any others the axes of space, in the order of the right operand.
///
/// ```
/// # use pullback::lax::{ConvAxes, conv_dimension_numbers};
/// let axes = ConvAxes::from(["NHWC", "HWIO", "NHWC"]);
/// assert!(conv_dimension_numbers(&4.into(), &4.into(), Some(&axes)).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConvAxes {
    /// In words, for the left operand, the right one, and the result.
    Words(Vec<String>),
    /// Each as numbers: batch, features and space; of the right operand the features of the result
    /// come first.
    Numbers(ConvDims),
}

impl FromArg for Option<ConvAxes> {
    const KIND: Kind = Kind::Words;

    fn from_arg(arg: Arg) -> Option<Self> {
        let word = |arg: &Arg| match arg {
            Arg::Str(word) => Some(word.clone()),
            _ => None,
        };
        let spec = |arg: &Arg| -> Option<Shape> {
            let Arg::List(axes) = arg else { return None };
            let axis = |arg: &Arg| match arg {
                Arg::Int(axis) => usize::try_from(*axis).ok(),
                _ => None,
            };
            axes.iter().map(axis).collect()
        };
        match arg {
            Arg::None | Arg::Missing => Some(None),
            Arg::List(parts) => {
                if let Some(words) = parts.iter().map(word).collect::<Option<_>>() {
                    return Some(Some(ConvAxes::Words(words)));
                }
                let [lhs_spec, rhs_spec, out_spec] = parts.as_slice() else { return None };
                let (lhs_spec, rhs_spec) = (spec(lhs_spec)?, spec(rhs_spec)?);
                let out_spec = spec(out_spec)?;
                Some(Some(ConvAxes::Numbers(ConvDims { lhs_spec, rhs_spec, out_spec })))
            }
            _ => None,
        }
    }
}

impl From<[&str; 3]> for ConvAxes {
    fn from(words: [&str; 3]) -> ConvAxes {
        ConvAxes::Words(words.iter().map(ToString::to_string).collect())
    }
}

/// The axes in numbers, for operands of the given ranks; by default batch and features come first.
fn dims(function: &str, axes: Option<&ConvAxes>, lhs: &[usize], rhs: &[usize]) -> Result<ConvDims> {
    let error = |message: String| Error::type_error(function, message);
    let words = match axes {
        Some(ConvAxes::Numbers(dims)) => return Ok(dims.clone()),
        None => None,
        Some(ConvAxes::Words(words)) => Some(words),
    };
    if lhs.len() != rhs.len() {
        return Err(error(format!(
            "lhs and rhs must have as many dimensions, got shapes {} and {}",
            ShapeText(lhs),
            ShapeText(rhs)
        )));
    }
    let Some(words) = words else { return Ok(ConvDims::leading(lhs.len())) };
    let [left, right, result] = words.as_slice() else {
        return Err(error(format!("dimension_numbers must be three, got {words:?}")));
    };
    let mut named = vec![];
    for (word, own) in [(right, ['O', 'I']), (left, ['N', 'C']), (result, ['N', 'C'])] {
        let letters: Vec<char> = word.chars().collect();
        let distinct = (0..letters.len()).all(|n| !letters[..n].contains(&letters[n]));
        if letters.len() != lhs.len() || !distinct || own.iter().any(|c| !letters.contains(c)) {
            return Err(error(format!(
                "dimension_numbers must have a letter for each dimension of shape {}, {} and {} \
                 among them, none twice; got '{word}'",
                ShapeText(lhs),
                own[0],
                own[1]
            )));
        }
        named.push((letters, own));
    }
    let (window, window_own) = &named[0];
    let space: Vec<char> = window.iter().copied().filter(|c| !window_own.contains(c)).collect();
    let spec = |(letters, own): &(Vec<char>, [char; 2])| -> Option<Shape> {
        let place = |letter: &char| letters.iter().position(|other| other == letter);
        own.iter().chain(&space).map(place).collect()
    };
    match (spec(&named[0]), spec(&named[1]), spec(&named[2])) {
        (Some(rhs_spec), Some(lhs_spec), Some(out_spec)) => {
            Ok(ConvDims { lhs_spec, rhs_spec, out_spec })
        }
        _ => {
            Err(error(format!("dimension_numbers must name the same axes of space, got {words:?}")))
        }
    }
}

/// Sizes that must be positive, one for each axis of space; all 1 by default.
fn factors(function: &str, name: &str, given: Option<&Sizes>, count: usize) -> Result<Shape> {
    let Some(Sizes(given)) = given else { return Ok(Shape::from_elem(1, count)) };
    if given.iter().any(|&size| size < 1) {
        let message = format!("{name} must be positive, got {}", TupleText(given));
        return Err(Error::value_error(function, message));
    }
    shape_of(function, given)
}

fn spread(sizes: impl Iterator<Item = usize>, by: &[usize]) -> Vec<i64> {
    let size = |(size, &by): (usize, &usize)| {
        if size == 0 { 0 } else { ((size - 1) * by + 1) as i64 }
    };
    sizes.zip(by).map(size).collect()
}

/// The convolution of `lhs` with the window `rhs`.
///
/// Axes are batch, features, then space, unless `dimension_numbers` says otherwise. Along each axis
/// of space the window moves in strides over `lhs`, which is padded, and has `lhs_dilation - 1` zeros
/// between neighbours, as the window has `rhs_dilation - 1`. Groups of features, or of the batch, are
/// convolved each with a part of the window's output features.
///
/// ```
/// # use pullback::{Array, lax, numpy as jnp};
/// let x = jnp::reshape(&Array::from([1.0, 2.0, 3.0, 4.0]), [1, 4, 1], "C", None)?;
/// let w = jnp::reshape(&Array::from([1.0, 10.0]), [2, 1, 1], "C", None)?;
/// let axes = ["NWC", "WIO", "NWC"].into();
/// let y = lax::conv_general_dilated(
///     &x, &w, &1.into(), &"SAME".into(), None, None, Some(&axes), 1, 1, None,
/// )?;
/// assert_eq!(jnp::ravel(&y, "C")?, Array::from([21.0, 32.0, 43.0, 4.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(feature_group_count = 1, batch_group_count = 1),
    ignored(precision, out_sharding),
    order(
        lhs,
        rhs,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        dimension_numbers,
        feature_group_count,
        batch_group_count,
        precision,
        preferred_element_type,
        out_sharding
    )
)]
pub fn conv_general_dilated(
    lhs: &Array,
    rhs: &Array,
    window_strides: &Sizes,
    padding: &Padding,
    lhs_dilation: Option<&Sizes>,
    rhs_dilation: Option<&Sizes>,
    dimension_numbers: Option<&ConvAxes>,
    feature_group_count: i64,
    batch_group_count: i64,
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    let function = "conv_general_dilated";
    let dims = dims(function, dimension_numbers, lhs.shape(), rhs.shape())?;
    let count = window_strides.0.len();
    let window_strides = factors(function, "window_strides", Some(window_strides), count)?;
    let lhs_dilation = factors(function, "lhs_dilation", lhs_dilation, count)?;
    let rhs_dilation = factors(function, "rhs_dilation", rhs_dilation, count)?;
    let groups = |name: &str, given: i64| {
        usize::try_from(given).ok().filter(|&n| n > 0).ok_or_else(|| {
            Error::value_error(function, format!("{name} must be a positive integer, got {given}"))
        })
    };
    let space = |x: &Array, spec: &[usize]| -> Vec<usize> {
        spec.iter().skip(2).map(|&axis| x.shape().get(axis).copied().unwrap_or(0)).collect()
    };
    if let (Padding::Named(name), true) = (padding, lhs_dilation.iter().any(|&by| by != 1)) {
        return Err(Error::value_error(
            function,
            format!(
                "padding '{name}' is not defined for lhs_dilation {}; give pairs, or use \
                 conv_transpose",
                ShapeText(&lhs_dilation)
            ),
        ));
    }
    let sizes = spread(space(lhs, &dims.lhs_spec).into_iter(), &lhs_dilation);
    let window = spread(space(rhs, &dims.rhs_spec).into_iter(), &rhs_dilation);
    let padding = padding.pads(function, &sizes, &window, &window_strides)?;
    let conv = ConvGeneralDilated {
        dims,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        feature_group_count: groups("feature_group_count", feature_group_count)?,
        batch_group_count: groups("batch_group_count", batch_group_count)?,
        dtype: preferred_element_type.map(promote::canonical),
    };
    rules::conv_general_dilated(lhs, rhs, conv)
}

/// The convolution of `lhs` with `rhs`, axes being batch, features, then space.
///
/// ```
/// # use pullback::{Array, lax, numpy as jnp};
/// let x = jnp::reshape(&Array::from([1.0, 2.0, 3.0, 4.0]), [1, 1, 4], "C", None)?;
/// let w = jnp::reshape(&Array::from([1.0, 10.0]), [1, 1, 2], "C", None)?;
/// let y = lax::conv(&x, &w, &2.into(), &"VALID".into(), None)?;
/// assert_eq!(jnp::ravel(&y, "C")?, Array::from([21.0, 43.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    ignored(precision),
    order(lhs, rhs, window_strides, padding, precision, preferred_element_type)
)]
pub fn conv(
    lhs: &Array,
    rhs: &Array,
    window_strides: &Sizes,
    padding: &Padding,
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    let dtype = preferred_element_type;
    conv_general_dilated(lhs, rhs, window_strides, padding, None, None, None, 1, 1, dtype)
}

/// The convolution of `lhs` with `rhs`, with padding and dilations; axes are batch, features, then
/// space.
///
/// ```
/// # use pullback::{Array, lax, numpy as jnp};
/// let x = jnp::reshape(&Array::from([1.0, 2.0, 3.0]), [1, 1, 3], "C", None)?;
/// let w = jnp::reshape(&Array::from([1.0, 10.0]), [1, 1, 2], "C", None)?;
/// let y = lax::conv_with_general_padding(
///     &x, &w, &1.into(), &[(1, 0)].into(), None, Some(&2.into()), None,
/// )?;
/// assert_eq!(jnp::ravel(&y, "C")?, Array::from([20.0, 31.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    required(lhs_dilation, rhs_dilation),
    ignored(precision),
    order(
        lhs,
        rhs,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        precision,
        preferred_element_type
    )
)]
pub fn conv_with_general_padding(
    lhs: &Array,
    rhs: &Array,
    window_strides: &Sizes,
    padding: &Padding,
    lhs_dilation: Option<&Sizes>,
    rhs_dilation: Option<&Sizes>,
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    let (by, window, dtype) = (lhs_dilation, rhs_dilation, preferred_element_type);
    conv_general_dilated(lhs, rhs, window_strides, padding, by, window, None, 1, 1, dtype)
}

/// The padding of a convolution over a left operand with holes that undoes the strides of another
/// one, with a window of `size`.
fn padding_of_transpose(size: i64, stride: i64, padding: &Padding, n: usize) -> Result<(i64, i64)> {
    let wrong = |message: String| Error::value_error("conv_transpose", message);
    match padding {
        Padding::Named(name) if name == "SAME" => {
            let all = size + stride - 2;
            let low = if stride > size - 1 { size - 1 } else { (all + 1) / 2 };
            Ok((low, all - low))
        }
        Padding::Named(name) if name == "VALID" => {
            let all = size + stride - 2 + (size - stride).max(0);
            Ok((size - 1, all - size + 1))
        }
        Padding::Named(name) => Err(wrong(format!("invalid padding mode: {name}"))),
        Padding::Pairs(pairs) => match pairs.get(n) {
            Some(&(low, high)) => Ok((size - low - 1, size - high - 1)),
            None => {
                Err(wrong(format!("there must be a pair of padding for each axis, got {pairs:?}")))
            }
        },
    }
}

/// The convolution that undoes the strides of another one: the transpose of it, if the kernel is
/// transposed too.
///
/// Axes are batch, space, then features by default. Padding in words is that of the other
/// convolution; in pairs it is that of this one, unless `use_consistent_padding`.
///
/// ```
/// # use pullback::{Array, lax, numpy as jnp};
/// let x = jnp::reshape(&Array::from([1.0, 2.0]), [1, 2, 1], "C", None)?;
/// let w = jnp::reshape(&Array::from([1.0, 10.0]), [2, 1, 1], "C", None)?;
/// let same = "SAME".into();
/// let y = lax::conv_transpose(&x, &w, &2.into(), &same, None, None, false, None, false)?;
/// assert_eq!(jnp::ravel(&y, "C")?, Array::from([10.0, 1.0, 20.0, 2.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(transpose_kernel = false, use_consistent_padding = false),
    ignored(precision),
    order(
        lhs,
        rhs,
        strides,
        padding,
        rhs_dilation,
        dimension_numbers,
        transpose_kernel,
        precision,
        preferred_element_type,
        use_consistent_padding
    )
)]
pub fn conv_transpose(
    lhs: &Array,
    rhs: &Array,
    strides: &Sizes,
    padding: &Padding,
    rhs_dilation: Option<&Sizes>,
    dimension_numbers: Option<&ConvAxes>,
    transpose_kernel: bool,
    preferred_element_type: Option<DType>,
    use_consistent_padding: bool,
) -> Result<Array> {
    let function = "conv_transpose";
    let default = match lhs.rank() {
        2 => ["NC", "IO", "NC"],
        3 => ["NHC", "HIO", "NHC"],
        4 => ["NHWC", "HWIO", "NHWC"],
        5 => ["NHWDC", "HWDIO", "NHWDC"],
        _ if dimension_numbers.is_some() => [""; 3],
        rank => {
            let message = format!("there are no default dimension_numbers for {rank} dimensions");
            return Err(Error::value_error(function, message));
        }
    };
    let axes = dimension_numbers.cloned().unwrap_or_else(|| default.into());
    let dims = dims(function, Some(&axes), lhs.shape(), rhs.shape())?;
    let count = strides.0.len();
    let dilation = factors(function, "rhs_dilation", rhs_dilation, count)?;
    let pads = match padding {
        Padding::Pairs(pairs) if !use_consistent_padding => pairs.clone(),
        _ => {
            let taps = dims.rhs_spec[2..].iter().map(|&axis| rhs.shape()[axis]);
            spread(taps, &dilation)
                .iter()
                .zip(&strides.0)
                .enumerate()
                .map(|(n, (&size, &stride))| padding_of_transpose(size, stride, padding, n))
                .collect::<Result<_>>()?
        }
    };
    let rhs = match transpose_kernel {
        false => rhs.clone(),
        true => {
            let mut order: Vec<usize> = (0..rhs.rank()).collect();
            order.swap(dims.rhs_spec[0], dims.rhs_spec[1]);
            rules::transpose(&rules::rev(rhs, &dims.rhs_spec[2..])?, &order)?
        }
    };
    let (ones, dtype) = (Sizes(vec![1; count]), preferred_element_type);
    let (pads, axes) = (Padding::Pairs(pads), ConvAxes::Numbers(dims));
    conv_general_dilated(
        lhs,
        &rhs,
        &ones,
        &pads,
        Some(strides),
        rhs_dilation,
        Some(&axes),
        1,
        1,
        dtype,
    )
}

/// The elements under a window at each of its places, as features: for each feature of `lhs` all
/// elements of its patch.
///
/// ```
/// # use pullback::{Array, lax, numpy as jnp};
/// let x = jnp::reshape(&Array::from([1.0, 2.0, 3.0]), [1, 1, 3], "C", None)?;
/// let y = lax::conv_general_dilated_patches(
///     &x, &2.into(), &1.into(), &"VALID".into(), None, None, None, None,
/// )?;
/// assert_eq!(jnp::squeeze(&y, None)?, Array::from([[1.0, 2.0], [2.0, 3.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    ignored(precision),
    order(
        lhs,
        filter_shape,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        dimension_numbers,
        precision,
        preferred_element_type
    )
)]
pub fn conv_general_dilated_patches(
    lhs: &Array,
    filter_shape: &Sizes,
    window_strides: &Sizes,
    padding: &Padding,
    lhs_dilation: Option<&Sizes>,
    rhs_dilation: Option<&Sizes>,
    dimension_numbers: Option<&ConvAxes>,
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    let function = "conv_general_dilated_patches";
    let filter = shape_of(function, &filter_shape.0)?;
    let shape: Shape = [1, 1].iter().chain(&filter).copied().collect();
    let dims = dims(function, dimension_numbers, lhs.shape(), &shape)?;
    let count: usize = filter.iter().product();
    let features = lhs.shape().get(dims.lhs_spec[1]).copied().unwrap_or(0);
    // Each tap of the window is a feature of its own.
    let taps = rules::broadcast_in_dim(
        &eye(count as i64, None, 0, Some(lhs.dtype()))?,
        &[features, count, count],
        &[1, 2],
    )?;
    let rhs: Shape = [features * count, 1].iter().chain(&filter).copied().collect();
    let rhs = rules::reshape(&taps, &rhs)?;
    let mut order = Shape::from_elem(0, rhs.rank());
    for (from, &to) in dims.rhs_spec.iter().enumerate() {
        order[to] = from;
    }
    let rhs = rules::transpose(&rhs, &order)?;
    let (axes, dtype) = (ConvAxes::Numbers(dims), preferred_element_type);
    let (by, window, groups) = (lhs_dilation, rhs_dilation, features as i64);
    conv_general_dilated(
        lhs,
        &rhs,
        window_strides,
        padding,
        by,
        window,
        Some(&axes),
        groups,
        1,
        dtype,
    )
}

/// A convolution with another window at each place: `rhs` has the taps of all input features along
/// the axis of these, and the places along the axes of space.
///
/// ```
/// # use pullback::{Array, lax, numpy as jnp};
/// let x = jnp::reshape(&Array::from([1.0, 2.0, 3.0]), [1, 1, 3], "C", None)?;
/// let w = jnp::reshape(&Array::from([[1.0, 0.0], [10.0, 1.0]]), [1, 2, 2], "C", None)?;
/// let y = lax::conv_general_dilated_local(
///     &x, &w, &1.into(), &"VALID".into(), &2.into(), None, None, None,
/// )?;
/// assert_eq!(jnp::ravel(&y, "C")?, Array::from([21.0, 3.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    ignored(precision),
    order(
        lhs,
        rhs,
        window_strides,
        padding,
        filter_shape,
        lhs_dilation,
        rhs_dilation,
        dimension_numbers,
        precision
    )
)]
pub fn conv_general_dilated_local(
    lhs: &Array,
    rhs: &Array,
    window_strides: &Sizes,
    padding: &Padding,
    filter_shape: &Sizes,
    lhs_dilation: Option<&Sizes>,
    rhs_dilation: Option<&Sizes>,
    dimension_numbers: Option<&ConvAxes>,
) -> Result<Array> {
    let function = "conv_general_dilated_local";
    let patches = conv_general_dilated_patches(
        lhs,
        filter_shape,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        dimension_numbers,
        None,
    )?;
    let ConvDims { rhs_spec, out_spec, .. } =
        dims(function, dimension_numbers, lhs.shape(), rhs.shape())?;
    // Places run along in both, in the order that they have in the result.
    let mut places: Vec<(usize, usize)> =
        out_spec[2..].iter().copied().zip(rhs_spec[2..].iter().copied()).collect();
    places.sort_unstable();
    let dot = DotDims {
        lhs_contract: Shape::from_elem(out_spec[1], 1),
        rhs_contract: Shape::from_elem(rhs_spec[1], 1),
        lhs_batch: places.iter().map(|place| place.0).collect(),
        rhs_batch: places.iter().map(|place| place.1).collect(),
    };
    let y = rules::dot_general(&patches, rhs, dot, None)?;
    // What comes out has the places, the batch, and the features of the result.
    let mut order = Shape::from_elem(0, y.rank());
    order[out_spec[0]] = y.rank() - 2;
    order[out_spec[1]] = y.rank() - 1;
    for (n, place) in places.iter().enumerate() {
        order[place.0] = n;
    }
    rules::transpose(&y, &order)
}

/// The axes of a convolution in numbers: batch, features and space of the left operand; output
/// features, input features and space of the right one; and those of the result.
///
/// ```
/// # use pullback::{api::Value, lax};
/// let (x, w) = ([1, 5, 5, 3].into(), [3, 3, 3, 8].into());
/// let y = lax::conv_dimension_numbers(&x, &w, Some(&["NHWC", "HWIO", "NHWC"].into()))?;
/// let Value::Values(specs) = y else { panic!("it is a tuple") };
/// let Value::Ints(window) = &specs[1] else { panic!("of tuples") };
/// assert_eq!(window, &[3, 2, 0, 1]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(required(dimension_numbers))]
pub fn conv_dimension_numbers(
    lhs_shape: &Sizes,
    rhs_shape: &Sizes,
    dimension_numbers: Option<&ConvAxes>,
) -> Result<Value> {
    let function = "conv_dimension_numbers";
    let lhs = shape_of(function, &lhs_shape.0)?;
    let rhs = shape_of(function, &rhs_shape.0)?;
    let dims = dims(function, dimension_numbers, &lhs, &rhs)?;
    let spec = |spec: &Shape| Value::Ints(spec.iter().map(|&axis| axis as i64).collect());
    Ok(Value::Values(vec![spec(&dims.lhs_spec), spec(&dims.rhs_spec), spec(&dims.out_spec)]))
}

/// How much is put before and after each axis by a padding in words.
///
/// ```
/// # use pullback::{api::Value, lax};
/// let y = lax::padtype_to_pads(&5.into(), &2.into(), &1.into(), &"SAME".into())?;
/// let Value::Values(pairs) = y else { panic!("it is a tuple") };
/// let Value::Ints(pair) = &pairs[0] else { panic!("of pairs") };
/// assert_eq!(pair, &[0, 1]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn padtype_to_pads(
    in_shape: &Sizes,
    window_shape: &Sizes,
    window_strides: &Sizes,
    padding: &Padding,
) -> Result<Value> {
    let function = "padtype_to_pads";
    let strides = shape_of(function, &window_strides.0)?;
    let pads = padding.pads(function, &in_shape.0, &window_shape.0, &strides)?;
    Ok(Value::Values(pads.iter().map(|&(low, high)| Value::Ints(vec![low, high])).collect()))
}
