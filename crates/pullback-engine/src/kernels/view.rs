//! Views: other layouts over the same buffer. Only a reshape may have to copy.

use smallvec::smallvec;

use super::{Form, Kernel, Tensors};
use crate::cost::{TensorType, TensorTypes};
use crate::dtype::DType;
use crate::error::Result;
use crate::layout::Shape;

/// Another reading of one tensor; see the methods of the same names on `Tensor`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum View {
    Transpose(Shape),
    Broadcast { shape: Shape, axes: Shape },
    Reshape(Shape),
    Slice { start: Shape, limit: Shape, step: Shape },
    Reverse(Shape),
    Reinterpret { dtype: DType, shape: Shape },
}

impl Kernel for View {
    fn name(&self) -> &'static str {
        match self {
            View::Transpose(_) => "transpose",
            View::Broadcast { .. } => "broadcast",
            View::Reshape(_) => "reshape",
            View::Slice { .. } => "slice",
            View::Reverse(_) => "reverse",
            View::Reinterpret { .. } => "reinterpret",
        }
    }

    fn form(&self) -> Form<'_> {
        match self {
            View::Reinterpret { .. } => Form::Opaque,
            _ => Form::Rearrangement,
        }
    }

    fn infer(&self, inputs: &[TensorType]) -> Option<TensorTypes> {
        let TensorType { dtype, shape } = &inputs[0];
        let (dtype, shape) = match self {
            View::Transpose(axes) => (*dtype, axes.iter().map(|&axis| shape[axis]).collect()),
            View::Broadcast { shape, .. } | View::Reshape(shape) => (*dtype, shape.clone()),
            View::Slice { start, limit, step } => {
                let bounds = start.iter().zip(limit).zip(step);
                let sizes = bounds
                    .map(|((&start, &limit), &step)| limit.saturating_sub(start).div_ceil(step));
                (*dtype, sizes.collect())
            }
            View::Reverse(_) => (*dtype, shape.clone()),
            View::Reinterpret { dtype, shape } => (*dtype, shape.clone()),
        };
        Some(smallvec![TensorType { dtype, shape }])
    }

    fn is_view(&self) -> bool {
        true
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = &inputs[0];
        let y = match self {
            View::Transpose(permutation) => x.transpose(permutation),
            View::Broadcast { shape, axes } => x.broadcast(shape, axes),
            View::Reshape(shape) => x.reshape(shape),
            View::Slice { start, limit, step } => x.slice(start, limit, step),
            View::Reverse(axes) => x.reverse(axes),
            View::Reinterpret { dtype, shape } => x.reinterpret(*dtype, shape),
        }?;
        Ok(smallvec![y])
    }
}
