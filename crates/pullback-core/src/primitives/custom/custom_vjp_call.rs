//! `custom_vjp_call`: a function with a reverse derivative of the user's own.

use std::sync::Arc;

use pullback_engine::plan::Slot;
use smallvec::SmallVec;

use super::custom_jvp_call::batched;
use super::custom_lin::CustomLin;
use super::{Fun, Recorded, Shared};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::JaxprRef;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::reduce_sum;
use crate::primitives::{Avals, Cotangent, Listed, Op, Primitive, Sample, Slots};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};
use crate::transforms::vmap;

/// From residuals and the cotangents of the results to the cotangents of the operands.
pub type Bwd = dyn Fn(&[Array], &[Cotangent]) -> Result<Vec<Cotangent>> + Send + Sync;
/// From the operands, and whether each is differentiated, to the results and the residuals.
pub type Fwd = dyn Fn(&[Array], &[bool]) -> Result<(Vec<Array>, Vec<Array>)> + Send + Sync;

/// A function, the two halves of its derivative, and its program once it has been staged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomVjpCall {
    /// The function.
    pub fun: Shared<Fun>,
    /// The function with residuals.
    pub fwd: Shared<Fwd>,
    /// From residuals and cotangents of the results to those of the operands.
    pub bwd: Shared<Bwd>,
    /// Its program.
    pub jaxpr: Option<JaxprRef>,
}

/// Applies a function whose reverse derivative is `fwd` then `bwd`.
///
/// # Errors
/// Those of the function.
pub fn custom_vjp_call(
    fun: Shared<Fun>,
    fwd: Shared<Fwd>,
    bwd: Shared<Bwd>,
    x: &[&Array],
) -> Result<Arrays> {
    bind(CustomVjpCall { fun, fwd, bwd, jaxpr: None }, x)
}

/// `bwd` of mapped operands: residuals and cotangents have the mapped axis in front, and
/// cotangents of operands without one are summed over it.
pub(crate) fn batched_bwd(bwd: Arc<Bwd>, axes: Vec<BatchAxis>, axis: AxisData) -> Arc<Bwd> {
    Arc::new(move |residuals: &[Array], ct: &[Cotangent]| {
        let count = residuals.len();
        let inputs: Vec<Array> =
            residuals.iter().cloned().chain(ct.iter().flatten().cloned()).collect();
        let places: Vec<BatchAxis> = inputs.iter().map(|_| Some(0)).collect();
        let present: Vec<bool> = ct.iter().map(Option::is_some).collect();
        let mut given = vec![];
        let (outputs, at) = vmap(
            |inputs| {
                let (residuals, rest) = inputs.split_at(count);
                let mut rest = rest.iter().cloned();
                let ct: Vec<Cotangent> =
                    present.iter().map(|present| present.then(|| rest.next()).flatten()).collect();
                let results = bwd(residuals, &ct)?;
                given = results.iter().map(Option::is_some).collect();
                Ok(results.into_iter().flatten().collect())
            },
            &inputs,
            &places,
            axis.clone(),
        )?;
        let mut outputs = outputs.iter().zip(at);
        given
            .iter()
            .zip(&axes)
            .map(|(&given, &to)| {
                let Some((ct, at)) = given.then(|| outputs.next()).flatten() else {
                    return Ok(None);
                };
                let ct = at_axis(ct, at, axis.size, to.unwrap_or(0))?;
                match to {
                    Some(_) => Ok(Some(ct)),
                    None => reduce_sum(&ct, &[0]).map(Some),
                }
            })
            .collect()
    })
}

impl Primitive for CustomVjpCall {
    fn name(&self) -> &str {
        "custom_vjp_call"
    }

    fn params(&self) -> Params {
        let mut params =
            vec![("name", Param::word(&*self.fun.name)), ("bwd", Param::word(&*self.bwd.name))];
        if let Some(jaxpr) = &self.jaxpr {
            params.push(("call_jaxpr", Param::Jaxpr(jaxpr.0.clone())));
        }
        params.push(("fwd", Param::word(&*self.fwd.name)));
        params.push(("symbolic_zeros", Param::Bool(false)));
        params
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        match &self.jaxpr {
            Some(jaxpr) => super::staged_types(&self.fun, jaxpr, inputs),
            None => Err(self.missing("the shape rule, before it is staged,")),
        }
    }

    fn is_eager(&self) -> bool {
        true
    }

    fn is_expanded(&self) -> bool {
        true
    }

    fn eager(&self, x: &[&Array]) -> Result<Arrays> {
        let x: Vec<Array> = x.iter().copied().cloned().collect();
        Ok((self.fun.function)(&x)?.into())
    }

    fn staged(&self, x: &[&Array]) -> Result<Option<(Op, Vec<Array>)>> {
        if self.jaxpr.is_some() {
            return Ok(None);
        }
        let Recorded { program, fun, captured: skip, operands } = super::recorded(&self.fun, x)?;
        let (fwd, bwd) = (self.fwd.function.clone(), self.bwd.function.clone());
        let fwd: Arc<Fwd> = Arc::new(move |x: &[Array], active: &[bool]| {
            if active[..skip].contains(&true) {
                return Err(super::closes_over("custom_vjp"));
            }
            fwd(&x[skip..], &active[skip..])
        });
        let bwd: Arc<Bwd> = Arc::new(move |residuals: &[Array], ct: &[Cotangent]| {
            let mut results: Vec<Cotangent> = vec![None; skip];
            results.extend(bwd(residuals, ct)?);
            Ok(results)
        });
        let op = CustomVjpCall {
            fun,
            fwd: Shared::new(&self.fwd.name, fwd),
            bwd: Shared::new(&self.bwd.name, bwd),
            jaxpr: Some(program),
        };
        Ok(Some((op.into(), operands)))
    }

    /// `fwd` computes the results; the tangents are those of the map that `bwd` transposes.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let x: Vec<Array> = x.iter().copied().cloned().collect();
        let active: Vec<bool> = dx.iter().map(|dx| !dx.is_zero()).collect();
        let (y, residuals) = (self.fwd.function)(&x, &active)?;
        let op = CustomLin {
            bwd: self.bwd.clone(),
            residuals: residuals.len(),
            active: active.clone(),
            outputs: y.iter().map(|y| y.aval().tangent()).collect(),
        };
        let dx: Vec<Array> = dx.iter().filter_map(|dx| dx.value().cloned()).collect();
        let operands: Vec<&Array> = residuals.iter().chain(&dx).collect();
        let mut values = bind(op, &operands)?.into_iter();
        let dy: SmallVec<_> = y
            .iter()
            .map(|y| match values.next() {
                Some(dy) if y.aval().is_differentiable() => Tangent::Value(dy),
                _ => Tangent::zero(y),
            })
            .collect();
        Ok((y.into(), dy))
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let fun = batched(self.fun.function.clone(), axes.to_vec(), axis.clone());
        let fwd = self.fwd.function.clone();
        let (places, data) = (axes.to_vec(), axis.clone());
        let fwd: Arc<Fwd> = Arc::new(move |x: &[Array], active: &[bool]| {
            let mut results = 0;
            let (outputs, at) = vmap(
                |x| {
                    let (mut y, residuals) = fwd(x, active)?;
                    results = y.len();
                    y.extend(residuals);
                    Ok(y)
                },
                x,
                &places,
                data.clone(),
            )?;
            let mut outputs = outputs
                .iter()
                .zip(at)
                .map(|(y, at)| at_axis(y, at, data.size, 0))
                .collect::<Result<Vec<_>>>()?;
            let residuals = outputs.split_off(results);
            Ok((outputs, residuals))
        });
        let bwd = batched_bwd(self.bwd.function.clone(), axes.to_vec(), axis.clone());
        let op = CustomVjpCall {
            fun: Shared::new(&self.fun.name, fun),
            fwd: Shared::new(&self.fwd.name, fwd),
            bwd: Shared::new(&self.bwd.name, bwd),
            jaxpr: None,
        };
        let outputs = bind(op, x)?;
        let axes = outputs.iter().map(|_| Some(0)).collect();
        Ok((outputs, axes))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        match &self.jaxpr {
            Some(jaxpr) => plan.inlined(jaxpr, x),
            None => Err(self.missing("the lowering, before it is staged,")),
        }
    }

    fn jaxprs(&self) -> Vec<&JaxprRef> {
        self.jaxpr.iter().collect()
    }
}

impl Listed for CustomVjpCall {
    fn from_params(name: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Err(super::not_text(name))
    }

    fn samples() -> Vec<Sample> {
        vec![]
    }
}
