//! Functions of single elements, or of arrays of a few axes, on arrays of more.

use std::collections::BTreeMap;

use pullback_core::primitives::rules as lax;
use pullback_core::trace::AxisData;
use pullback_core::trace::batch::{BatchAxis, at_axis};
use pullback_core::{Array, Error, Result, Shape, promote, transforms};

/// The names of the axes that a function itself takes and gives, its core axes, as in
/// `"(n,m),(m)->(n)"`: one list for each argument and each result.
///
/// ```
/// # use pullback::flat::Signature;
/// let signature = Signature::parse("(n,m),(m)->(n)")?;
/// assert_eq!(signature.inputs, [vec!["n", "m"], vec!["m"]]);
/// assert!(Signature::parse("n->m").is_err());
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The core axes of each argument.
    pub inputs: Vec<Vec<String>>,
    /// The core axes of each result.
    pub outputs: Vec<Vec<String>>,
}

impl Signature {
    /// Reads a signature.
    ///
    /// ```
    /// # use pullback::flat::Signature;
    /// assert_eq!(Signature::parse("(n),()->()")?.inputs.len(), 2);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    ///
    /// # Errors
    /// If it is not one.
    pub fn parse(text: &str) -> Result<Signature> {
        let invalid =
            || Error::value_error("vectorize", format!("not a valid gufunc signature: {text}"));
        let (inputs, outputs) = text.split_once("->").ok_or_else(invalid)?;
        let side = |text: &str| groups(text).ok_or_else(invalid);
        Ok(Signature { inputs: side(inputs)?, outputs: side(outputs)? })
    }
}

/// The groups of names of one side of a signature.
fn groups(text: &str) -> Option<Vec<Vec<String>>> {
    let mut rest = text.trim();
    let mut groups = vec![];
    loop {
        let (inside, after) = rest.strip_prefix('(')?.split_once(')')?;
        let names = inside.split(',').map(str::trim);
        let names: Vec<String> = match inside.trim().is_empty() {
            true => vec![],
            false => names.map(str::to_string).collect(),
        };
        let valid = |name: &String| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        };
        if !names.iter().all(valid) {
            return None;
        }
        groups.push(names);
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return rest.is_empty().then_some(groups),
        }
    }
}

/// The results of `f`, a function of arrays with the core axes that `signature` names, on arrays
/// with further axes in front, which are repeated to a common shape; without a signature `f` is a
/// function of scalars.
///
/// ```
/// # use pullback::{Array, flat};
/// let pairs = [Array::from([[1], [2]]), Array::from([10, 20])];
/// let product = |x: &[Array]| Ok(vec![&x[0] * &x[1]]);
/// let table = flat::vectorize(None, &pairs, product)?;
/// assert_eq!(table[0], Array::from([[10, 20], [20, 40]]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the arrays or the results do not fit the signature, or the further axes have no common
/// shape; and those of `f`.
pub fn vectorize(
    signature: Option<&Signature>,
    arrays: &[Array],
    mut f: impl FnMut(&[Array]) -> Result<Vec<Array>>,
) -> Result<Vec<Array>> {
    let scalars = vec![vec![]; arrays.len()];
    let cores = signature.map_or(&scalars, |signature| &signature.inputs);
    if cores.len() != arrays.len() {
        return Err(Error::type_error(
            "vectorize",
            format!(
                "wrong number of positional arguments: expected {}, got {}",
                cores.len(),
                arrays.len()
            ),
        ));
    }
    let mut sizes = BTreeMap::new();
    for (array, core) in arrays.iter().zip(cores) {
        check_core("input", array.shape(), core, &mut sizes)?;
    }
    let outer = |(x, core): (&'_ Array, &Vec<String>)| {
        Shape::from_slice(&x.shape()[..x.rank() - core.len()])
    };
    let outer: Vec<Shape> = arrays.iter().zip(cores).map(outer).collect();
    let outer: Vec<&[usize]> = outer.iter().map(|shape| &shape[..]).collect();
    let common = promote::broadcast_shapes("vectorize", &outer)?;
    // Axes of size 1 that are repeated are taken away, and not mapped.
    let mut inputs = vec![];
    let mut mapped: Vec<Vec<bool>> = vec![];
    for ((array, core), outer) in arrays.iter().zip(cores).zip(&outer) {
        let missing = common.len() - outer.len();
        let padded = std::iter::repeat_n(1, missing).chain(outer.iter().copied());
        let own: Vec<(usize, bool)> =
            padded.zip(&common).map(|(n, &all)| (n, n != 1 || all == 1)).collect();
        let kept = own.iter().filter(|(_, on)| *on).map(|(n, _)| *n);
        let tail = array.shape()[array.rank() - core.len()..].iter().copied();
        let shape: Shape = kept.chain(tail).collect();
        inputs.push(match shape[..] == *array.shape() {
            true => array.clone(),
            false => lax::reshape(array, &shape)?,
        });
        mapped.push(own.into_iter().map(|(_, on)| on).collect());
    }
    let mut checked = |x: &[Array]| {
        let results = f(x)?;
        if let Some(Signature { outputs, .. }) = signature {
            if results.len() != outputs.len() {
                return Err(Error::type_error(
                    "vectorize",
                    format!(
                        "wrong number of output arguments: expected {}, got {} on vectorized \
                         function",
                        outputs.len(),
                        results.len()
                    ),
                ));
            }
            for (result, core) in results.iter().zip(outputs) {
                check_core("output", result.shape(), core, &mut sizes)?;
                if result.rank() != core.len() {
                    return Err(Error::value_error(
                        "vectorize",
                        format!(
                            "output shape {} does not match core dimensions {} on vectorized \
                             function",
                            pullback_core::aval::ShapeText(result.shape()),
                            tuple(core)
                        ),
                    ));
                }
            }
        }
        Ok(results)
    };
    nested(&mut checked, &inputs, &mapped, &common, 0)
}

/// `f` mapped over the common axes from `axis` on, the first of them outermost.
fn nested(
    f: &mut dyn FnMut(&[Array]) -> Result<Vec<Array>>,
    inputs: &[Array],
    mapped: &[Vec<bool>],
    common: &[usize],
    axis: usize,
) -> Result<Vec<Array>> {
    let Some(&size) = common.get(axis) else { return f(inputs) };
    let places: Vec<BatchAxis> = mapped.iter().map(|on| on[axis].then_some(0)).collect();
    let inner = |x: &[Array]| nested(f, x, mapped, common, axis + 1);
    let (y, at) = transforms::vmap(inner, inputs, &places, AxisData { name: None, size })?;
    y.iter().zip(at).map(|(y, at)| at_axis(y, at, size, 0)).collect()
}

/// Whether a shape ends with the core axes, each of one size throughout.
fn check_core(
    what: &str,
    shape: &[usize],
    core: &[String],
    sizes: &mut BTreeMap<String, usize>,
) -> Result<()> {
    let error = |message: String| Err(Error::value_error("vectorize", message));
    let Some(outer) = shape.len().checked_sub(core.len()) else {
        return error(format!(
            "{what} with shape {} does not have enough dimensions for all core dimensions {} on \
             vectorized function",
            pullback_core::aval::ShapeText(shape),
            tuple(core)
        ));
    };
    for (name, &n) in core.iter().zip(&shape[outer..]) {
        let known = *sizes.entry(name.clone()).or_insert(n);
        if known != n {
            return error(format!(
                "inconsistent size for core dimension '{name}': {n} vs {known} on vectorized \
                 function"
            ));
        }
    }
    Ok(())
}

/// Names as Python writes a tuple of them.
fn tuple(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    match &quoted[..] {
        [only] => format!("({only},)"),
        several => format!("({})", several.join(", ")),
    }
}
