//! What most programs use.

pub use crate::numpy::indexing::Index;
pub use crate::{
    Array, ArrayExt, At, DType, Error, Pytree, Result, check_grads, checkpoint, closure_convert,
    custom_jvp, custom_vjp, disable_jit, ensure_compile_time_eval, eval_shape, grad, hessian,
    jacfwd, jacrev, jit, jvp, linear_transpose, linearize, make_jaxpr, named_call, named_scope,
    shape_dtype_struct, value_and_grad, vjp, vmap,
};
