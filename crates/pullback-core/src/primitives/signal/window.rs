//! What operations over windows that move have in common.

pub use pullback_engine::kernels::window::Window;

use super::conv_general_dilated::{Pads, dilated};
use crate::aval::{Aval, Shape, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};

/// A window of the given sizes, with strides and padding and without dilations.
pub fn window(dimensions: &[usize], strides: &[usize], padding: &[(i64, i64)]) -> Window {
    let ones = Shape::from_elem(1, dimensions.len());
    Window {
        dimensions: dimensions.into(),
        strides: strides.into(),
        padding: padding.into(),
        base_dilation: ones.clone(),
        window_dilation: ones,
    }
}

/// The window over arrays with a further axis, along which it does not move.
pub(super) fn with_axis(window: &Window, axis: usize) -> Window {
    let mut window = window.clone();
    window.padding.insert(axis, (0, 0));
    let lists = [
        &mut window.dimensions,
        &mut window.strides,
        &mut window.base_dilation,
        &mut window.window_dilation,
    ];
    for list in lists {
        list.insert(axis, 1);
    }
    window
}

pub(super) fn check(function: &str, window: &Window, x: &Aval) -> Result<()> {
    let Window { dimensions, strides, padding, base_dilation, window_dilation } = window;
    let lists = [
        ("window_dimensions", dimensions),
        ("window_strides", strides),
        ("base_dilation", base_dilation),
        ("window_dilation", window_dilation),
    ];
    for (name, list) in lists {
        if list.len() != x.rank() || list.contains(&0) {
            return Err(Error::type_error(
                function,
                format!(
                    "{name} must have a positive number for each dimension of {x}, got {}",
                    ShapeText(list)
                ),
            ));
        }
    }
    if padding.len() != x.rank() {
        return Err(Error::type_error(
            function,
            format!("padding must have a pair for each dimension of {x}, got {:?}", &padding[..]),
        ));
    }
    Ok(())
}

/// The padding of the array of results, strides being holes in it, that makes a window over it find
/// for each element of an array of this shape the places that it lies under.
pub(super) fn padding_back(window: &Window, shape: &[usize], places: &[usize]) -> Pads {
    let pad = |n: usize| {
        let taps = dilated(window.dimensions[n], window.window_dilation[n]);
        let low = taps - 1 - window.padding[n].0;
        let whole = dilated(places[n], window.strides[n]);
        (low, dilated(shape[n], window.base_dilation[n]) + taps - 1 - whole - low)
    };
    (0..shape.len()).map(pad).collect()
}

fn padding(window: &Window) -> Param {
    let pair = |&(low, high): &(i64, i64)| Param::ints(&[low, high]);
    Param::Tuple(window.padding.iter().map(pair).collect())
}

/// The parameters of an operation that knows dilations, and of one that also says what it selects.
pub(super) fn params(window: &Window, select: Option<&str>) -> Params {
    let mut params =
        vec![("base_dilation", Param::sizes(&window.base_dilation)), ("padding", padding(window))];
    params.extend(select.map(|select| ("select_prim", Param::word(select))));
    params.extend([
        ("window_dilation", Param::sizes(&window.window_dilation)),
        ("window_dimensions", Param::sizes(&window.dimensions)),
        ("window_strides", Param::sizes(&window.strides)),
    ]);
    params
}

/// The same without dilations, where there are none: JAX has none here.
pub(super) fn plain_params(window: &Window, select: &str) -> Params {
    let Window { base_dilation, window_dilation, .. } = window;
    let mut list = params(window, Some(select));
    if base_dilation.iter().chain(window_dilation).all(|&by| by == 1) {
        list.retain(|(name, _)| !name.ends_with("dilation"));
    }
    list
}

pub(super) fn read(params: &ParamReader) -> Result<Window> {
    let dimensions = params.sizes("window_dimensions")?;
    let ones = Shape::from_elem(1, dimensions.len());
    Ok(Window {
        strides: params.sizes("window_strides")?,
        padding: super::read_padding(params)?,
        base_dilation: params.sizes_or("base_dilation", &ones)?,
        window_dilation: params.sizes_or("window_dilation", &ones)?,
        dimensions,
    })
}

/// Whether what is selected is the smallest: the name of the comparison says so.
pub(super) fn read_select(params: &ParamReader) -> Result<bool> {
    match params.word("select_prim")? {
        "ge" => Ok(false),
        "le" => Ok(true),
        _ => Err(params.invalid("select_prim")),
    }
}

pub(super) fn select_name(smallest: bool) -> &'static str {
    if smallest { "le" } else { "ge" }
}
