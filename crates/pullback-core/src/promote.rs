//! Promotion: the one type, and the one rank, of arrays that meet in an operation.
//!
//! Types form a lattice, JAX's. Besides the element types it has three weak ones, of bare whole,
//! real and complex numbers; the type of a result is the least one above all operands.

use std::cell::Cell;

use pullback_engine::DType;
use smallvec::{SmallVec, smallvec};

use crate::array::{Array, converted};
use crate::aval::Shape;
use crate::config::{RankPromotion, rank_promotion, strict_promotion, warn};
use crate::error::{Error, Result};
use crate::primitives::nary::convert_element_type::convert;
use crate::primitives::rules::broadcast_in_dim;
use crate::trace;

thread_local! {
    static X64: Cell<Option<bool>> = const { Cell::new(None) };
}

/// Whether wide types are the default (`Some(true)`), are not used at all (`Some(false)`), or
/// are used where asked for (`None`).
pub fn x64() -> Option<bool> {
    X64.get()
}

/// Sets [`x64`] for this thread.
pub fn set_x64(mode: Option<bool>) {
    X64.set(mode);
}

/// The type used where `dtype` is asked for: a narrow one, if wide types are not used.
#[inline]
pub fn canonical(dtype: DType) -> DType {
    match (X64.get(), dtype) {
        (Some(false), DType::I64) => DType::I32,
        (Some(false), DType::U64) => DType::U32,
        (Some(false), DType::F64) => DType::F32,
        (Some(false), DType::C128) => DType::C64,
        _ => dtype,
    }
}

/// The type of whole numbers where none is asked for.
#[inline]
pub fn default_int() -> DType {
    if X64.get() == Some(true) { DType::I64 } else { DType::I32 }
}

/// The type of real numbers where none is asked for.
#[inline]
pub fn default_float() -> DType {
    if X64.get() == Some(true) { DType::F64 } else { DType::F32 }
}

/// The type of complex numbers where none is asked for.
pub fn default_complex() -> DType {
    default_float().complex()
}

/// A place in the lattice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Node {
    Typed(DType),
    WeakInt,
    WeakFloat,
    WeakComplex,
}

use Node::{Typed, WeakComplex, WeakFloat, WeakInt};

/// The nodes directly above each node. What stands earlier is never above what stands later.
const LATTICE: &[(Node, &[Node])] = &[
    (Typed(DType::Bool), &[WeakInt]),
    (WeakInt, &[Typed(DType::U8), Typed(DType::I8), Typed(DType::I4), Typed(DType::U4)]),
    (Typed(DType::I4), &[]),
    (Typed(DType::U4), &[]),
    (Typed(DType::U8), &[Typed(DType::I16), Typed(DType::U16)]),
    (Typed(DType::I8), &[Typed(DType::I16)]),
    (Typed(DType::U16), &[Typed(DType::I32), Typed(DType::U32)]),
    (Typed(DType::I16), &[Typed(DType::I32)]),
    (Typed(DType::U32), &[Typed(DType::I64), Typed(DType::U64)]),
    (Typed(DType::I32), &[Typed(DType::I64)]),
    (Typed(DType::U64), &[WeakFloat]),
    (Typed(DType::I64), &[WeakFloat]),
    (
        WeakFloat,
        &[
            Typed(DType::F8E4M3Fn),
            Typed(DType::F8E5M2),
            Typed(DType::BF16),
            Typed(DType::F16),
            WeakComplex,
        ],
    ),
    (Typed(DType::F8E4M3Fn), &[]),
    (Typed(DType::F8E5M2), &[]),
    (Typed(DType::BF16), &[Typed(DType::F32)]),
    (Typed(DType::F16), &[Typed(DType::F32)]),
    (Typed(DType::F32), &[Typed(DType::F64), Typed(DType::C64)]),
    (WeakComplex, &[Typed(DType::C64)]),
    (Typed(DType::F64), &[Typed(DType::C128)]),
    (Typed(DType::C64), &[Typed(DType::C128)]),
    (Typed(DType::C128), &[]),
];

const NODES: usize = LATTICE.len();

/// For each node a bit for itself and for every node above it.
const ABOVE: [u32; NODES] = {
    let mut above = [0u32; NODES];
    let mut i = NODES;
    while i > 0 {
        i -= 1;
        let (_, parents) = LATTICE[i];
        let mut set = 1 << i;
        let mut p = 0;
        while p < parents.len() {
            set |= above[place(parents[p])];
            p += 1;
        }
        above[i] = set;
    }
    above
};

const fn same(a: Node, b: Node) -> bool {
    match (a, b) {
        (Typed(a), Typed(b)) => a as u8 == b as u8,
        (WeakInt, WeakInt) | (WeakFloat, WeakFloat) | (WeakComplex, WeakComplex) => true,
        _ => false,
    }
}

/// The place of a node in the table; past its end for types that are not in the lattice.
const fn place(node: Node) -> usize {
    let mut i = 0;
    while i < NODES && !same(LATTICE[i].0, node) {
        i += 1;
    }
    i
}

fn node(dtype: DType, weak: bool) -> Node {
    match dtype {
        _ if !weak => Typed(dtype),
        dtype if dtype.is_integer() => WeakInt,
        dtype if dtype.is_float() => WeakFloat,
        dtype if dtype.is_complex() => WeakComplex,
        dtype => Typed(dtype),
    }
}

/// The least node above all those given.
fn least_upper_bound(function: &str, types: &[(DType, bool)]) -> Result<Node> {
    let mut common = u32::MAX;
    for &(dtype, weak) in types {
        common &= match place(node(dtype, weak)) {
            NODES => 0,
            at => ABOVE[at],
        };
    }
    (0..NODES)
        .find(|&at| common & 1 << at != 0 && ABOVE[at] == common)
        .map(|at| LATTICE[at].0)
        .ok_or_else(|| {
            let names: Vec<_> = types.iter().map(|(dtype, _)| format!("'{dtype}'")).collect();
            match types.iter().any(|(dtype, _)| dtype.is_opaque()) {
                true => Error::type_error(
                    function,
                    format!("does not accept dtypes {} together", names.join(", ")),
                ),
                false => {
                    Error::Promotion { function: function.to_string(), dtypes: names.join(", ") }
                }
            }
        })
}

/// The type of the result of an operation on operands of these types, each with its weakness.
///
/// # Errors
/// If the types have no common type, or there is none.
pub fn result_type(function: &str, types: &[(DType, bool)]) -> Result<(DType, bool)> {
    let Some((&first, rest)) = types.split_first() else {
        return Err(Error::value_error(function, "needs at least one array or dtype"));
    };
    if rest.iter().all(|other| *other == first) {
        return Ok((canonical(first.0), first.1));
    }
    if strict_promotion() && !meet_strictly(types) {
        let names: Vec<_> = types.iter().map(|(dtype, _)| format!("'{dtype}'")).collect();
        return Err(Error::StrictPromotion {
            function: function.to_string(),
            dtypes: names.join(", "),
        });
    }
    let all_weak = types.iter().all(|(_, weak)| *weak);
    if rest.iter().all(|(dtype, _)| *dtype == first.0) {
        return Ok((canonical(first.0), all_weak));
    }
    let strong: SmallVec<[(DType, bool); 4]>;
    let types = if all_weak {
        strong = types.iter().map(|(dtype, _)| (*dtype, false)).collect();
        &strong[..]
    } else {
        types
    };
    let (dtype, weak) = match least_upper_bound(function, types)? {
        Typed(dtype) => (dtype, false),
        WeakInt => (default_int(), true),
        WeakFloat => (default_float(), true),
        WeakComplex => (default_complex(), true),
    };
    Ok((canonical(dtype), (weak || all_weak) && dtype != DType::Bool))
}

/// The type of the result of an operation on these arrays, and its weakness.
///
/// # Errors
/// If the types have no common type.
pub fn result_type_of(function: &str, arrays: &[&Array]) -> Result<(DType, bool)> {
    let types: SmallVec<[(DType, bool); 4]> =
        arrays.iter().map(|array| (array.dtype(), array.is_weak())).collect();
    result_type(function, &types)
}

/// `x` as another type. A bare number is converted at once, also while programs are recorded.
///
/// # Errors
/// If one of the types holds no numbers.
pub fn to_type(x: &Array, dtype: DType, weak: bool) -> Result<Array> {
    if x.is_weak()
        && x.rank() == 0
        && let Some(tensor) = x.tensor()
    {
        let is_plain = |dtype| matches!(dtype, DType::I32 | DType::I64 | DType::F32 | DType::F64);
        if is_plain(tensor.dtype()) && is_plain(dtype) {
            return Ok(Array::with_weak(converted(tensor, dtype), weak));
        }
        return trace::with_current(None, || convert(x, dtype, weak));
    }
    convert(x, dtype, weak)
}

/// The arrays as arrays of one type.
///
/// # Errors
/// If the types have no common type.
pub fn promote_types(function: &str, arrays: &[&Array]) -> Result<SmallVec<[Array; 2]>> {
    let (dtype, weak) = result_type_of(function, arrays)?;
    arrays.iter().map(|array| to_type(array, dtype, weak)).collect()
}

/// The shape that arrays of these shapes are repeated to when they meet.
///
/// # Errors
/// If sizes that meet are neither equal nor 1.
pub fn broadcast_shapes(function: &str, shapes: &[&[usize]]) -> Result<Shape> {
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut result = Shape::from_elem(1, rank);
    for shape in shapes {
        let offset = rank - shape.len();
        for (axis, &size) in shape.iter().enumerate() {
            let slot = &mut result[offset + axis];
            match (*slot, size) {
                (a, b) if a == b => {}
                (1, size) => *slot = size,
                (_, 1) => {}
                _ => {
                    let other = shapes.iter().find(|other| {
                        let at = (offset + axis).checked_sub(rank - other.len());
                        at.is_some_and(|at| other[at] != 1 && other[at] != size)
                    });
                    return Err(Error::Broadcast {
                        function: function.to_string(),
                        lhs: other.map_or_else(Shape::new, |other| Shape::from_slice(other)),
                        rhs: Shape::from_slice(shape),
                    });
                }
            }
        }
    }
    Ok(result)
}

/// The error of shapes that do not broadcast, where they are those of operands of one operation.
fn in_operation(error: Error) -> Error {
    match error {
        Error::Broadcast { function, lhs, rhs } if lhs.len() == rhs.len() => {
            Error::Elementwise { function, lhs, rhs }
        }
        error => error,
    }
}

/// `x` with axes of size 1 put in front, up to `rank` of them.
///
/// # Errors
/// None, in practice.
pub fn to_rank(x: &Array, rank: usize) -> Result<Array> {
    let missing = rank.saturating_sub(x.rank());
    if missing == 0 {
        return Ok(x.clone());
    }
    let shape: Shape = std::iter::repeat_n(1, missing).chain(x.shape().iter().copied()).collect();
    broadcast_in_dim(x, &shape, &(missing..rank).collect::<Vec<_>>())
}

/// Warns of arrays of different ranks, or refuses them, as the settings say.
fn check_ranks(function: &str, shapes: &[&[usize]]) -> Result<()> {
    let mode = rank_promotion();
    if mode == RankPromotion::Allow {
        return Ok(());
    }
    let shapes: Vec<String> =
        shapes.iter().map(|shape| crate::aval::ShapeText(shape).to_string()).collect();
    let shapes = shapes.join(" ");
    match mode {
        RankPromotion::Raise => Err(Error::value_error(
            function,
            format!(
                "operands could not be broadcast together on shapes {shapes} and with the config \
                 option jax_numpy_rank_promotion='raise'"
            ),
        )),
        _ => warn(&format!(
            "Following NumPy automatic rank promotion for {function} on shapes {shapes}. Set the \
             jax_numpy_rank_promotion config option to 'allow' to disable this warning."
        )),
    }
}

/// Whether arrays of these types may meet where no type is chosen for the user: typed ones are
/// equal, and bare numbers are of no greater kind.
fn meet_strictly(types: &[(DType, bool)]) -> bool {
    let mut typed = types.iter().filter(|(_, weak)| !weak).map(|(dtype, _)| *dtype);
    let Some(first) = typed.next() else { return true };
    typed.all(|dtype| dtype == first)
        && types.iter().filter(|(_, weak)| *weak).all(|(weak, _)| match weak {
            weak if weak.is_integer() => first.is_integer() || first.is_inexact(),
            weak if weak.is_float() => first.is_inexact(),
            weak if weak.is_complex() => first.is_complex(),
            weak => *weak == first,
        })
}

/// The arrays with one rank. Scalars stay scalars, which every elementwise operation takes.
///
/// # Errors
/// If the shapes do not broadcast together.
pub fn promote_ranks(function: &str, arrays: &mut [Array]) -> Result<()> {
    let (Some(first), true) = (arrays.first(), arrays.len() > 1) else { return Ok(()) };
    if arrays[1..].iter().all(|array| same_shape(array.shape(), first.shape())) {
        return Ok(());
    }
    let rank = {
        let shapes: SmallVec<[&[usize]; 4]> = arrays.iter().map(Array::shape).collect();
        let rank = broadcast_shapes(function, &shapes).map_err(in_operation)?.len();
        if shapes.iter().any(|shape| !shape.is_empty() && shape.len() != rank) {
            check_ranks(function, &shapes)?;
        }
        rank
    };
    for array in arrays.iter_mut() {
        if array.rank() != 0 && array.rank() != rank {
            *array = to_rank(array, rank)?;
        }
    }
    Ok(())
}

/// Whether two arrays have one type and one shape already.
fn are_alike(x: &Array, y: &Array) -> bool {
    let dtype = x.dtype();
    (dtype, x.is_weak()) == (y.dtype(), y.is_weak())
        && canonical(dtype) == dtype
        && same_shape(x.shape(), y.shape())
}

/// Whether two shapes are equal, most often of rank 0, for which a call would cost more.
#[inline]
pub fn same_shape(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

/// The arrays as arrays of one type and one rank, as elementwise operations take them.
///
/// # Errors
/// If the types have no common type, or the shapes do not broadcast together.
pub fn promote(function: &str, arrays: &[&Array]) -> Result<SmallVec<[Array; 2]>> {
    if let [x, y] = arrays
        && are_alike(x, y)
    {
        return Ok(smallvec![(*x).clone(), (*y).clone()]);
    }
    let mut arrays = promote_types(function, arrays)?;
    promote_ranks(function, &mut arrays)?;
    Ok(arrays)
}

/// As [`promote`], where whole numbers and bools become real numbers.
///
/// # Errors
/// If the types have no common type, or the shapes do not broadcast together.
pub fn promote_inexact(function: &str, arrays: &[&Array]) -> Result<SmallVec<[Array; 2]>> {
    let (dtype, weak) = inexact_type(result_type_of(function, arrays)?);
    let mut arrays: SmallVec<[Array; 2]> =
        arrays.iter().map(|array| to_type(array, dtype, weak)).collect::<Result<_>>()?;
    promote_ranks(function, &mut arrays)?;
    Ok(arrays)
}

/// The floating or complex type for numbers of the type given.
pub fn inexact_type((dtype, weak): (DType, bool)) -> (DType, bool) {
    match dtype {
        DType::Bool => (default_float(), false),
        dtype if dtype.is_integer() => (default_float(), weak),
        dtype => (dtype, weak),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lub(x: (DType, bool), y: (DType, bool)) -> Option<(DType, bool)> {
        result_type("add", &[x, y]).ok()
    }

    #[test]
    fn types_meet_where_jax_has_them_meet() {
        use DType::*;
        assert_eq!(lub((I32, false), (F32, false)), Some((F32, false)));
        assert_eq!(lub((I64, false), (BF16, false)), Some((BF16, false)));
        assert_eq!(lub((BF16, false), (F16, false)), Some((F32, false)));
        assert_eq!(lub((U8, false), (I8, false)), Some((I16, false)));
        assert_eq!(lub((U32, false), (I8, false)), Some((I64, false)));
        assert_eq!(lub((U64, false), (I8, false)), Some((F32, true)));
        assert_eq!(lub((F64, false), (C64, false)), Some((C128, false)));
        assert_eq!(lub((Bool, false), (I32, true)), Some((I32, true)));
        assert_eq!(lub((F16, false), (F32, true)), Some((F16, false)));
        assert_eq!(lub((I32, false), (F32, true)), Some((F32, true)));
        assert_eq!(lub((I4, false), (I32, true)), Some((I4, false)));
        assert_eq!(lub((I4, false), (I8, false)), None);
        assert_eq!(lub((F8E5M2, false), (F32, false)), None);
        assert_eq!(lub((F8E5M2, false), (I32, false)), Some((F8E5M2, false)));
        assert_eq!(lub((KeyThreefry, false), (F32, false)), None);
    }

    #[test]
    fn shapes_that_do_not_meet_are_named() {
        assert_eq!(
            broadcast_shapes("add", &[&[2, 1], &[3]]).ok(),
            Some(Shape::from_slice(&[2, 3]))
        );
        assert_eq!(broadcast_shapes("add", &[&[0], &[1]]).ok(), Some(Shape::from_slice(&[0])));
        let error = broadcast_shapes("add", &[&[2, 4], &[3]]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "add: got incompatible shapes for broadcasting: (2, 4), (3,)"
        );
    }
}
