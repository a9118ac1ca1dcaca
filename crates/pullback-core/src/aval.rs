//! What is known of an array before it is computed.

use std::fmt;

use pullback_engine::DType;
pub use pullback_engine::Shape;

/// Shape, element type and weakness of an array.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Aval {
    /// Sizes of the axes.
    pub shape: Shape,
    /// Type of the elements.
    pub dtype: DType,
    /// Whether the type came from a bare number of the host language, and so yields to others.
    pub weak: bool,
}

impl Aval {
    /// An array of the given shape and type, not weak.
    pub fn new(shape: &[usize], dtype: DType) -> Aval {
        Aval { shape: shape.into(), dtype, weak: false }
    }

    /// A scalar of the given type, not weak.
    pub fn scalar(dtype: DType) -> Aval {
        Aval::new(&[], dtype)
    }

    /// The same with another weakness.
    pub fn with_weak(mut self, weak: bool) -> Aval {
        self.weak = weak;
        self
    }

    /// The same with another element type.
    pub fn with_dtype(&self, dtype: DType) -> Aval {
        Aval { dtype, ..self.clone() }
    }

    /// The same with another shape.
    pub fn with_shape(&self, shape: &[usize]) -> Aval {
        Aval { shape: shape.into(), ..self.clone() }
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// The type of a tangent of such an array: the same, or `float0` where there is no derivative.
    pub fn tangent(&self) -> Aval {
        match self.dtype {
            dtype if dtype.is_inexact() => self.clone(),
            // What a loop recorded has as tangent what the loop of tangents recorded.
            DType::Stack => self.clone(),
            _ => Aval { dtype: DType::Float0, weak: false, shape: self.shape.clone() },
        }
    }

    /// Whether arrays of this kind have derivatives.
    pub fn is_differentiable(&self) -> bool {
        self.dtype.is_inexact() || self.dtype == DType::Stack
    }

    /// Whether shape and dtype agree, whatever the weakness.
    pub fn same_type(&self, other: &Aval) -> bool {
        self.dtype == other.dtype && self.shape == other.shape
    }

    /// As in the text of programs: `f32[2,3]`.
    pub fn short(&self) -> String {
        format!("{}[{}]", self.dtype.short_name(), self.sizes())
    }

    fn sizes(&self) -> String {
        let sizes: Vec<_> = self.shape.iter().map(ToString::to_string).collect();
        sizes.join(",")
    }
}

/// As a user names the type: `float32[2,3]`.
impl fmt::Display for Aval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.dtype.name(), self.sizes())
    }
}

impl fmt::Debug for Aval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}{}", if self.weak { "*" } else { "" })
    }
}

/// A shape as Python writes a tuple.
pub struct ShapeText<'a>(pub &'a [usize]);

impl fmt::Display for ShapeText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [size] => write!(f, "({size},)"),
            sizes => {
                let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
                write!(f, "({})", sizes.join(", "))
            }
        }
    }
}
