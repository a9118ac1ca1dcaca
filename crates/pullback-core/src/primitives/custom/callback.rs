//! Calls of host functions: `pure_callback`, `io_callback` and `debug_callback`.

use std::sync::Arc;

use pullback_engine::kernels::Tensors;
use pullback_engine::plan::{Host, HostFn, Slot};
use pullback_engine::{HostError, Tensor};

use super::Shared;
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::concatenate;
use crate::primitives::structure::{expand_dims, zeros};
use crate::primitives::{Avals, Listed, Primitive, Sample, Slots};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};

/// What a call of a host function may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallbackKind {
    /// Nothing but compute: it may be called once, often, or never.
    Pure,
    /// Act on the world: it is called exactly when the program gets there.
    Io,
    /// Show something: as `Io`, and derivatives pass it by.
    Debug,
}

/// How a pure function is called for mapped operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VmapMethod {
    /// Not at all: an error.
    None,
    /// Once for each entry.
    Sequential,
    /// Once, where operands without the mapped axis get one of size 1.
    ExpandDims,
    /// Once, where operands without the mapped axis are repeated.
    BroadcastAll,
}

/// A host function and the types of its results.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Callback {
    /// The function.
    pub function: Shared<HostFn>,
    /// What it may do.
    pub kind: CallbackKind,
    /// What it returns.
    pub outputs: Vec<Aval>,
    /// How it is called for mapped operands.
    pub vmap: VmapMethod,
}

/// Calls a host function.
///
/// # Errors
/// Those of the function.
pub fn callback(op: Callback, x: &[&Array]) -> Result<Arrays> {
    bind(op, x)
}

impl Callback {
    fn check(&self, results: &Tensors) -> Result<()> {
        let fits = results.len() == self.outputs.len()
            && results.iter().zip(&self.outputs).all(|(result, aval)| {
                result.shape() == &aval.shape[..] && result.dtype() == aval.dtype
            });
        match fits {
            true => Ok(()),
            false => Err(Error::type_error(
                self.name(),
                format!("the function was to return {:?}, but returned {results:?}", self.outputs),
            )),
        }
    }
}

impl Primitive for Callback {
    fn name(&self) -> &str {
        match self.kind {
            CallbackKind::Pure => "pure_callback",
            CallbackKind::Io => "io_callback",
            CallbackKind::Debug => "debug_callback",
        }
    }

    fn params(&self) -> Params {
        vec![("callback", Param::word(&*self.function.name))]
    }

    fn infer(&self, _: &[Aval]) -> Result<Avals> {
        Ok(self.outputs.clone().into())
    }

    fn jvp(&self, x: &[&Array], _: &[Tangent]) -> Result<(Arrays, Tangents)> {
        if self.kind != CallbackKind::Debug {
            return Err(self.missing("the forward derivative"));
        }
        let y = bind(self.clone(), x)?;
        let dy = y.iter().map(Tangent::zero).collect();
        Ok((y, dy))
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        if self.kind == CallbackKind::Pure && self.vmap == VmapMethod::None {
            return Err(self.missing("the batching rule, without a vmap_method,"));
        }
        let whole = matches!(self.vmap, VmapMethod::ExpandDims | VmapMethod::BroadcastAll);
        if self.kind == CallbackKind::Pure && whole {
            let operands = x
                .iter()
                .zip(axes)
                .map(|(x, a)| match (a, self.vmap) {
                    (None, VmapMethod::ExpandDims) => expand_dims(x, &[0]),
                    _ => at_axis(x, *a, axis.size, 0),
                })
                .collect::<Result<Vec<_>>>()?;
            let mut op = self.clone();
            for aval in &mut op.outputs {
                aval.shape.insert(0, axis.size);
            }
            let outputs = bind(op, &operands.iter().collect::<Vec<_>>())?;
            let axes = outputs.iter().map(|_| Some(0)).collect();
            return Ok((outputs, axes));
        }
        // One call for each entry, in order.
        let mut entries: Vec<Arrays> = vec![];
        for at in 0..axis.size {
            let operands = x
                .iter()
                .zip(axes)
                .map(|(x, a)| match a {
                    None => Ok(Array::clone(x)),
                    Some(a) => entry(x, *a, at),
                })
                .collect::<Result<Vec<_>>>()?;
            entries.push(bind(self.clone(), &operands.iter().collect::<Vec<_>>())?);
        }
        let mut outputs = Arrays::new();
        for (result, aval) in self.outputs.iter().enumerate() {
            let rows = entries
                .iter()
                .map(|entry| expand_dims(&entry[result], &[0]))
                .collect::<Result<Vec<_>>>()?;
            outputs.push(match rows.is_empty() {
                false => concatenate(&rows.iter().collect::<Vec<_>>(), 0)?,
                true => {
                    let mut empty = aval.clone();
                    empty.shape.insert(0, 0);
                    zeros(&empty)?
                }
            });
        }
        let axes = outputs.iter().map(|_| Some(0)).collect();
        Ok((outputs, axes))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], y: &[Aval]) -> Result<Slots> {
        let op = self.clone();
        let function = move |inputs: Tensors| -> std::result::Result<Tensors, HostError> {
            let results = (op.function.function)(inputs)?;
            op.check(&results).map_err(Error::into_host)?;
            Ok(results)
        };
        let name = match self.kind {
            CallbackKind::Pure => "pure_callback",
            CallbackKind::Io => "io_callback",
            CallbackKind::Debug => "debug_callback",
        };
        Ok(plan.kernel_many(Host { name, function: Arc::new(function) }, x, y.len()))
    }

    fn has_effects(&self) -> bool {
        self.kind != CallbackKind::Pure
    }
}

/// Entry `at` of `x` along `axis`.
fn entry(x: &Array, axis: usize, at: usize) -> Result<Array> {
    let (mut low, mut high) = (crate::Shape::from_elem(0, x.rank()), crate::Shape::from(x.shape()));
    low[axis] = at;
    high[axis] = at + 1;
    let row = crate::primitives::rules::slice(x, &low, &high, None)?;
    crate::primitives::rules::squeeze(&row, &[axis])
}

/// A host function over arrays, as the engine calls it.
pub fn host_function(
    f: impl Fn(&[Tensor]) -> std::result::Result<Vec<Tensor>, HostError> + Send + Sync + 'static,
) -> Arc<HostFn> {
    Arc::new(move |inputs: Tensors| Ok(f(&inputs)?.into()))
}

impl Listed for Callback {
    fn from_params(name: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Err(super::not_text(name))
    }

    fn samples() -> Vec<Sample> {
        vec![]
    }
}
