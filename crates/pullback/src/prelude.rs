//! What most programs use.

pub use crate::numpy::indexing::Index;
pub use crate::{
    Array, ArrayExt, At, DType, Error, Pytree, Result, check_grads, grad, hessian, jacfwd, jacrev,
    jit, jvp, value_and_grad, vjp, vmap,
};
