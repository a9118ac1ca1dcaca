//! Functions of ours whose derivatives are better than those of what they are made of.

use std::sync::Arc;

use pullback_core::primitives::custom::Shared;
use pullback_core::primitives::custom::custom_jvp_call::custom_jvp_call;
use pullback_core::trace::Tangent;
use pullback_core::{Array, Result};

/// The results of `fun`, whose derivative is `jvp`: from primals and tangents to results and
/// their tangents.
pub(crate) fn with_jvp(
    name: &str,
    x: &[&Array],
    fun: impl Fn(&[Array]) -> Result<Vec<Array>> + Send + Sync + 'static,
    jvp: impl Fn(&[Array], &[Tangent]) -> Result<(Vec<Array>, Vec<Tangent>)> + Send + Sync + 'static,
) -> Result<Vec<Array>> {
    let (fun, jvp) = (Shared::new(name, Arc::new(fun) as _), Shared::new(name, Arc::new(jvp) as _));
    Ok(custom_jvp_call(fun, jvp, x)?.into_vec())
}
