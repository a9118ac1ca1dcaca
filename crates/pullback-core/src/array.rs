//! Arrays as users hold them: concrete, or traced.

use std::fmt;
use std::sync::Arc;

use num_complex::Complex;
use pullback_engine::{Bool, DType, Element, Tensor};

use crate::aval::{Aval, Shape};
use crate::error::{Error, Need, Result};
use crate::trace::Tracer;

/// An array: concrete, with its elements in memory, or traced by a transformation.
///
/// Cheap to clone; never changes.
#[derive(Clone)]
pub struct Array(Repr);

#[derive(Clone)]
enum Repr {
    Concrete { tensor: Tensor, weak: bool },
    Traced(Arc<Tracer>),
}

/// Several arrays, most often one.
pub type Arrays = smallvec::SmallVec<[Array; 2]>;

impl Array {
    /// A concrete array.
    #[inline]
    pub fn new(tensor: Tensor) -> Array {
        Array(Repr::Concrete { tensor, weak: false })
    }

    /// A concrete array whose type is weak if `weak` says so.
    #[inline]
    pub fn with_weak(tensor: Tensor, weak: bool) -> Array {
        Array(Repr::Concrete { tensor, weak })
    }

    /// A scalar of the given type.
    #[inline]
    pub fn scalar<T: Element>(value: T) -> Array {
        Array::new(Tensor::scalar(value))
    }

    /// A number of the host language: a scalar of the given type, weak.
    #[inline]
    pub fn weak_scalar<T: Element>(value: T) -> Array {
        Array::with_weak(Tensor::scalar(value), true)
    }

    /// The number `value` as a scalar of type `dtype`, strong.
    pub fn constant(value: f64, dtype: DType) -> Array {
        Array::new(number(value, dtype))
    }

    /// The number `value`, of the type and weakness of `aval`, as a scalar.
    pub fn constant_like(value: f64, aval: &Aval) -> Array {
        Array::with_weak(number(value, aval.dtype), aval.weak)
    }

    /// An array with the given elements in row-major order.
    ///
    /// # Errors
    /// If there is no memory for them.
    ///
    /// # Panics
    /// If `shape` does not hold exactly `values.len()` elements.
    pub fn from_slice<T: Element>(values: &[T], shape: &[usize]) -> Result<Array> {
        Ok(Array::new(Tensor::from_slice(values, shape)?))
    }

    pub(crate) fn traced(tracer: Tracer) -> Array {
        Array(Repr::Traced(Arc::new(tracer)))
    }

    /// What is known of the array without its contents.
    pub fn aval(&self) -> Aval {
        match &self.0 {
            Repr::Concrete { tensor, weak } => Aval {
                shape: Shape::from_slice(tensor.shape()),
                dtype: tensor.dtype(),
                weak: *weak,
            },
            Repr::Traced(tracer) => tracer.aval.clone(),
        }
    }

    /// The sizes of the axes.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        match &self.0 {
            Repr::Concrete { tensor, .. } => tensor.shape(),
            Repr::Traced(tracer) => &tracer.aval.shape,
        }
    }

    /// The number of axes.
    #[inline]
    pub fn rank(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements.
    #[inline]
    pub fn count(&self) -> usize {
        self.shape().iter().product()
    }

    /// The type of the elements.
    #[inline]
    pub fn dtype(&self) -> DType {
        match &self.0 {
            Repr::Concrete { tensor, .. } => tensor.dtype(),
            Repr::Traced(tracer) => tracer.aval.dtype,
        }
    }

    /// Whether the type came from a bare number, and yields to others.
    #[inline]
    pub fn is_weak(&self) -> bool {
        match &self.0 {
            Repr::Concrete { weak, .. } => *weak,
            Repr::Traced(tracer) => tracer.aval.weak,
        }
    }

    /// The elements, if the array is concrete.
    #[inline]
    pub fn tensor(&self) -> Option<&Tensor> {
        match &self.0 {
            Repr::Concrete { tensor, .. } => Some(tensor),
            Repr::Traced(_) => None,
        }
    }

    /// The elements, moved out, if the array is concrete.
    #[inline]
    pub fn into_tensor(self) -> Option<Tensor> {
        match self.0 {
            Repr::Concrete { tensor, .. } => Some(tensor),
            Repr::Traced(_) => None,
        }
    }

    /// The tracer, if the array is traced.
    #[inline]
    pub fn tracer(&self) -> Option<&Arc<Tracer>> {
        match &self.0 {
            Repr::Concrete { .. } => None,
            Repr::Traced(tracer) => Some(tracer),
        }
    }

    /// The elements, looking through transformations that keep them (`grad`, `jvp`).
    ///
    /// # Errors
    /// [`Error::Concretization`] if the array is only being traced; `need` and `what` say what
    /// the contents were wanted for.
    pub fn concrete(&self, need: Need, what: impl Into<String>) -> Result<Tensor> {
        match &self.0 {
            Repr::Concrete { tensor, .. } => Ok(tensor.clone()),
            Repr::Traced(tracer) => match tracer.known_value() {
                Some(value) => value.concrete(need, what),
                None => Err(Error::concretization(need, what, self.aval())),
            },
        }
    }

    /// The one element of an array of one element, as a truth value: whether it is not zero.
    ///
    /// # Errors
    /// If the array is only being traced, or does not have exactly one element.
    pub fn to_bool(&self) -> Result<bool> {
        let tensor = self.concrete(Need::Bool, "a condition")?;
        match complex_item(&tensor) {
            Some(value) => Ok(value != Complex::new(0.0, 0.0)),
            None => Err(self.not_a_scalar("the truth value of an array")),
        }
    }

    /// The one element of an array of one element, as a number.
    ///
    /// # Errors
    /// If the array is only being traced, is complex, or does not have exactly one element.
    pub fn to_f64(&self) -> Result<f64> {
        let tensor = self.concrete(Need::Value, "a number")?;
        match complex_item(&tensor) {
            Some(value) if !self.dtype().is_complex() => Ok(value.re),
            _ => Err(self.not_a_scalar("a conversion to a number")),
        }
    }

    /// The one element of an integer array of one element.
    ///
    /// # Errors
    /// If the array is only being traced, is not of an integer type, or does not have exactly
    /// one element.
    pub fn to_i64(&self) -> Result<i64> {
        let tensor = self.concrete(Need::Integer, "an integer")?;
        integer_item(&tensor)
            .and_then(|value| i64::try_from(value).ok())
            .ok_or_else(|| self.not_a_scalar("a conversion to an integer"))
    }

    /// The elements in row-major order.
    ///
    /// # Errors
    /// If the array is only being traced, or its elements are not of type `T`.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        let tensor = self.concrete(Need::Array, "a vector")?;
        if T::DTYPE != tensor.dtype() {
            return Err(Error::type_error(
                "to_vec",
                format!("an array of {} cannot be read as {}", tensor.dtype(), T::DTYPE),
            ));
        }
        Ok(tensor.to_vec())
    }

    fn not_a_scalar(&self, function: &str) -> Error {
        Error::type_error(
            function,
            format!("needs an array of one real element, got {}", self.aval()),
        )
    }
}

/// A number as a scalar of any arithmetic type.
pub fn number(value: f64, dtype: DType) -> Tensor {
    use half::{bf16, f16};
    match dtype {
        DType::Bool => Tensor::scalar(Bool::from(value != 0.0)),
        DType::I8 => Tensor::scalar(value as i8),
        DType::I16 => Tensor::scalar(value as i16),
        DType::I32 => Tensor::scalar(value as i32),
        DType::I64 => Tensor::scalar(value as i64),
        DType::U8 => Tensor::scalar(value as u8),
        DType::U16 => Tensor::scalar(value as u16),
        DType::U32 => Tensor::scalar(value as u32),
        DType::U64 => Tensor::scalar(value as u64),
        DType::BF16 => Tensor::scalar(bf16::from_f64(value)),
        DType::F16 => Tensor::scalar(f16::from_f64(value)),
        DType::F32 => Tensor::scalar(value as f32),
        DType::F64 => Tensor::scalar(value),
        DType::C64 => Tensor::scalar(Complex::new(value as f32, 0.0)),
        DType::C128 => Tensor::scalar(Complex::new(value, 0.0)),
        DType::I4 | DType::U4 | DType::F8E4M3Fn | DType::F8E5M2 => {
            converted(&Tensor::scalar(value), dtype)
        }
        // These hold no numbers.
        DType::Float0 | DType::KeyThreefry | DType::Stack => {
            Tensor::scalar_from_bytes(dtype, &[0; 16])
        }
    }
}

/// A scalar as another type, both of numbers.
pub(crate) fn converted(scalar: &Tensor, dtype: DType) -> Tensor {
    use pullback_engine::tile;
    let result = tile::scalar(tile::ScalarOp::Convert(dtype), &[scalar]);
    result.expect("conversion is defined between all types of numbers")
}

/// The one element of a tensor of one integer or bool.
pub fn integer_item(tensor: &Tensor) -> Option<i128> {
    if tensor.count() != 1 {
        return None;
    }
    match tensor.dtype() {
        DType::Bool => tensor.item::<Bool>().map(|v| v.0 as i128),
        DType::I8 => tensor.item::<i8>().map(i128::from),
        DType::I16 => tensor.item::<i16>().map(i128::from),
        DType::I32 => tensor.item::<i32>().map(i128::from),
        DType::I64 => tensor.item::<i64>().map(i128::from),
        DType::U8 => tensor.item::<u8>().map(i128::from),
        DType::U16 => tensor.item::<u16>().map(i128::from),
        DType::U32 => tensor.item::<u32>().map(i128::from),
        DType::U64 => tensor.item::<u64>().map(i128::from),
        dtype if tensor.rank() == 0 && dtype.is_integer() => {
            integer_item(&converted(tensor, dtype.widened()?))
        }
        _ => None,
    }
}

/// The one element of a tensor of one number, as a complex number.
pub fn complex_item(tensor: &Tensor) -> Option<Complex<f64>> {
    use half::{bf16, f16};
    if tensor.count() != 1 {
        return None;
    }
    let real = match tensor.dtype() {
        DType::F32 => tensor.item::<f32>()? as f64,
        DType::F64 => tensor.item::<f64>()?,
        DType::F16 => tensor.item::<f16>()?.to_f64(),
        DType::BF16 => tensor.item::<bf16>()?.to_f64(),
        DType::C64 => {
            let value = tensor.item::<Complex<f32>>()?;
            return Some(Complex::new(value.re as f64, value.im as f64));
        }
        DType::C128 => return tensor.item::<Complex<f64>>(),
        dtype if tensor.rank() == 0 && dtype.is_float() => {
            return complex_item(&converted(tensor, dtype.widened()?));
        }
        _ => integer_item(tensor)? as f64,
    };
    Some(Complex::new(real, 0.0))
}

// Bare numbers are weak, and have the default width, as in the Python front end.

impl From<f64> for Array {
    fn from(value: f64) -> Array {
        match crate::promote::default_float() {
            DType::F64 => Array::weak_scalar(value),
            _ => Array::weak_scalar(value as f32),
        }
    }
}

impl From<f32> for Array {
    fn from(value: f32) -> Array {
        Array::weak_scalar(value)
    }
}

impl From<i32> for Array {
    fn from(value: i32) -> Array {
        Array::weak_scalar(value)
    }
}

impl From<bool> for Array {
    fn from(value: bool) -> Array {
        Array::scalar(Bool::from(value))
    }
}

macro_rules! rows_of_numbers {
    ($($rust:ty => $wide:expr),* $(,)?) => {
        $(impl<const N: usize> From<[$rust; N]> for Array {
            fn from(values: [$rust; N]) -> Array {
                small(&values.map($wide), &[N])
            }
        }

        impl<const N: usize, const M: usize> From<[[$rust; M]; N]> for Array {
            fn from(rows: [[$rust; M]; N]) -> Array {
                small(rows.map(|row| row.map($wide)).as_flattened(), &[N, M])
            }
        })*
    };
}

// Written out in a program, so of the default width; as elements of an array, they are not weak.
rows_of_numbers! {
    f64 => |v: f64| v as f32,
    f32 => |v: f32| v,
    i32 => |v: i32| v,
    bool => Bool::from,
}

/// An array of values that are in memory already, and so fit there once more.
fn small<T: Element>(values: &[T], shape: &[usize]) -> Array {
    match Array::from_slice(values, shape) {
        Ok(array) => array,
        Err(error) => panic!("{error}"),
    }
}

impl From<&Array> for Array {
    fn from(value: &Array) -> Array {
        value.clone()
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Concrete { tensor, .. } => {
                write!(f, "{}", crate::text::ArrayText { tensor, style: crate::text::Style::Repr })
            }
            Repr::Traced(tracer) => write!(f, "{tracer:?}"),
        }
    }
}

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Concrete { tensor, .. } => {
                write!(f, "{}", crate::text::ArrayText { tensor, style: crate::text::Style::Str })
            }
            Repr::Traced(tracer) => write!(f, "{tracer:?}"),
        }
    }
}
