//! Arrays of the `ndarray` crate, with the feature of that name.

use ndarray::{ArrayBase, ArrayD, Data, Dimension, IxDyn};
use pullback_engine::Element;

use crate::array::Array;
use crate::error::{Error, Result};

/// A copy, in row-major order.
///
/// # Errors
/// If there is no memory for it.
///
/// ```
/// # use pullback_core::Array;
/// let x = ndarray::array![[1.0f32, 2.0], [3.0, 4.0]];
/// let y = Array::try_from(&x).unwrap();
/// assert_eq!(y.shape(), [2, 2]);
/// assert_eq!(ndarray::ArrayD::<f32>::try_from(&y).unwrap(), x.into_dyn());
/// ```
impl<T: Element, S: Data<Elem = T>, D: Dimension> TryFrom<&ArrayBase<S, D>> for Array {
    type Error = Error;

    fn try_from(array: &ArrayBase<S, D>) -> Result<Array> {
        let elements: Vec<T> = array.iter().copied().collect();
        Array::from_slice(&elements, array.shape())
    }
}

/// A copy, in row-major order.
///
/// # Errors
/// If the array is only being traced, or its elements are not of type `T`.
impl<T: Element> TryFrom<&Array> for ArrayD<T> {
    type Error = Error;

    fn try_from(array: &Array) -> Result<ArrayD<T>> {
        let elements = array.to_vec::<T>()?;
        ArrayD::from_shape_vec(IxDyn(array.shape()), elements)
            .map_err(|error| Error::value_error("ndarray", error.to_string()))
    }
}
