//! The reference evaluator: each equation computed on its own, without passes or fusion.

use super::Jaxpr;
use crate::array::Array;
use crate::error::Result;
use crate::trace::with_current;

/// Evaluates a program on concrete arrays, equation by equation.
///
/// # Errors
/// What the equations give, and [`crate::Error::UnexpectedTracer`] for traced arrays.
pub fn eval_reference(jaxpr: &Jaxpr, inputs: &[&Array]) -> Result<Vec<Array>> {
    with_current(None, || jaxpr.eval(inputs))
}
