//! `custom_lin`: a linear map that is known by its transpose, the `bwd` of a user's derivative.

use pullback_engine::plan::Slot;

use super::Shared;
use super::custom_vjp_call::{Bwd, batched_bwd};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::jaxpr::{Staged, stage};
use crate::lower::Lowering;
use crate::primitives::structure::zeros;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Listed, Op, Operand, Primitive, Sample, Slots,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind;
use crate::transforms::backward;

/// Operands: residuals, then the tangents of the active operands of the function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomLin {
    /// From residuals and cotangents of the results to cotangents of the function's operands.
    pub bwd: Shared<Bwd>,
    /// How many operands are residuals.
    pub residuals: usize,
    /// Which operands of the function have tangents.
    pub active: Vec<bool>,
    /// What is known of the tangents of the results.
    pub outputs: Vec<Aval>,
}

impl CustomLin {
    /// The map itself, as the transpose of `bwd`.
    fn forward(&self, residuals: &[Array], dx: &[Array]) -> Result<Vec<Array>> {
        let floating: Vec<bool> = self.outputs.iter().map(Aval::is_differentiable).collect();
        let avals: Vec<Aval> =
            self.outputs.iter().filter(|aval| aval.is_differentiable()).cloned().collect();
        let mut given = vec![];
        let Staged { jaxpr, captured } = stage(&avals, |ct| {
            let mut ct = ct.iter().cloned();
            let ct: Vec<Cotangent> =
                floating.iter().map(|on| on.then(|| ct.next()).flatten()).collect();
            let results = (self.bwd.function)(residuals, &ct)?;
            let active = results.into_iter().zip(&self.active).filter(|(_, on)| **on);
            let active: Vec<Cotangent> = active.map(|(ct, _)| ct).collect();
            given = active.iter().map(Option::is_some).collect();
            Ok(active.into_iter().flatten().collect())
        })?;
        let linear: Vec<bool> = (0..jaxpr.inputs.len()).map(|at| at >= captured.len()).collect();
        let seeds: Vec<Cotangent> = dx
            .iter()
            .zip(&given)
            .filter(|(_, given)| **given)
            .map(|(dx, _)| Some(dx.clone()))
            .collect();
        let mut tangents = backward(&jaxpr, &linear, &captured, &seeds)?.into_iter();
        self.outputs
            .iter()
            .zip(&floating)
            .map(|(aval, on)| match on.then(|| tangents.next()).flatten().flatten() {
                Some(tangent) => Ok(tangent),
                None => zeros(aval),
            })
            .collect()
    }
}

impl Primitive for CustomLin {
    fn name(&self) -> &str {
        "custom_lin"
    }

    fn params(&self) -> Params {
        vec![
            ("bwd", Param::word(&*self.bwd.name)),
            ("num_res", Param::Int(self.residuals as i64)),
            ("symbolic_zeros", Param::Bool(false)),
        ]
    }

    fn infer(&self, _: &[Aval]) -> Result<Avals> {
        Ok(self.outputs.clone().into())
    }

    fn is_eager(&self) -> bool {
        true
    }

    fn eager(&self, x: &[&Array]) -> Result<Arrays> {
        let x: Vec<Array> = x.iter().copied().cloned().collect();
        let (residuals, dx) = x.split_at(self.residuals);
        Ok(self.forward(residuals, dx)?.into())
    }

    fn jvp(
        &self,
        x: &[&Array],
        dx: &[crate::trace::Tangent],
    ) -> Result<(Arrays, crate::trace::jvp::Tangents)> {
        // The map is a program of its own, which knows how to be differentiated.
        let primals: Vec<Array> = x.iter().copied().cloned().collect();
        let (y, dy) = crate::transforms::jvp(
            |x| {
                let (residuals, dx) = x.split_at(self.residuals);
                self.forward(residuals, dx)
            },
            &primals,
            dx.to_vec(),
        )?;
        Ok((y.into(), dy.into()))
    }

    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let residuals: Option<Vec<Array>> =
            inputs[..self.residuals].iter().map(|input| input.known().cloned()).collect();
        let Some(residuals) = residuals else {
            return Err(Error::NotLinear { primitive: "custom_lin".into() });
        };
        let results = (self.bwd.function)(&residuals, ct)?;
        let mut cotangents: Cotangents = residuals.iter().map(|_| None).collect();
        let active = results.into_iter().zip(&self.active).filter(|(_, on)| **on);
        cotangents.extend(active.map(|(ct, _)| ct));
        Ok(cotangents)
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let operands = x
            .iter()
            .zip(axes)
            .map(|(x, a)| at_axis(x, *a, axis.size, 0))
            .collect::<Result<Vec<_>>>()?;
        let places = vec![Some(0); self.active.len()];
        let bwd = batched_bwd(self.bwd.function.clone(), places, axis.clone());
        let add_axis = |aval: &Aval| {
            let mut aval = aval.clone();
            aval.shape.insert(0, axis.size);
            aval
        };
        let op = CustomLin {
            bwd: Shared::new(&self.bwd.name, bwd),
            outputs: self.outputs.iter().map(add_axis).collect(),
            ..self.clone()
        };
        let outputs = bind(op, &operands.iter().collect::<Vec<_>>())?;
        let axes = outputs.iter().map(|_| Some(0)).collect();
        Ok((outputs, axes))
    }

    /// Staged, the map is kept as it is: most often it is transposed, and never needed itself.
    fn staged(&self, _: &[&Array]) -> Result<Option<(Op, Vec<Array>)>> {
        Ok(None)
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], i: &[Aval], _: &[Aval]) -> Result<Slots> {
        let jaxpr = crate::jaxpr::stage_closed(i, |x| {
            let (residuals, dx) = x.split_at(self.residuals);
            self.forward(residuals, dx)
        })?;
        plan.inlined(&jaxpr, x)
    }
}

impl Listed for CustomLin {
    fn from_params(name: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Err(super::not_text(name))
    }

    fn samples() -> Vec<Sample> {
        vec![]
    }
}
