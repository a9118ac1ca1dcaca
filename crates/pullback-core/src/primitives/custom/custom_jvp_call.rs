//! `custom_jvp_call`: a function with a forward derivative of the user's own.

use std::sync::Arc;

use pullback_engine::plan::Slot;

use super::{Fun, JvpRule, Recorded, Shared};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::JaxprRef;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::{Avals, Listed, Op, Primitive, Sample, Slots};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};
use crate::transforms::vmap;

/// A function, its derivative, and its program once it has been staged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomJvpCall {
    /// The function.
    pub fun: Shared<Fun>,
    /// Its derivative.
    pub jvp: Shared<JvpRule>,
    /// Its program.
    pub jaxpr: Option<JaxprRef>,
}

/// Applies a function whose forward derivative is `jvp`.
///
/// # Errors
/// Those of the function.
pub fn custom_jvp_call(fun: Shared<Fun>, jvp: Shared<JvpRule>, x: &[&Array]) -> Result<Arrays> {
    bind(CustomJvpCall { fun, jvp, jaxpr: None }, x)
}

/// Inputs and their mapped axes, as one function over the inputs: each result has the mapped
/// axis in front.
pub(crate) fn batched(fun: Arc<Fun>, axes: Vec<BatchAxis>, axis: AxisData) -> Arc<Fun> {
    Arc::new(move |x: &[Array]| {
        let (outputs, places) = vmap(|x| fun(x), x, &axes, axis.clone())?;
        outputs.iter().zip(places).map(|(y, at)| at_axis(y, at, axis.size, 0)).collect()
    })
}

impl Primitive for CustomJvpCall {
    fn name(&self) -> &str {
        "custom_jvp_call"
    }

    fn params(&self) -> Params {
        let mut params = vec![("name", Param::word(&*self.fun.name))];
        if let Some(jaxpr) = &self.jaxpr {
            params.push(("call_jaxpr", Param::Jaxpr(jaxpr.0.clone())));
        }
        params.push(("jvp", Param::word(&*self.jvp.name)));
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
        let rule = self.jvp.function.clone();
        let jvp: Arc<JvpRule> = Arc::new(move |x: &[Array], dx: &[Tangent]| {
            if dx[..skip].iter().any(|dx| !dx.is_zero()) {
                return Err(super::closes_over("custom_jvp"));
            }
            rule(&x[skip..], &dx[skip..])
        });
        let op = CustomJvpCall { fun, jvp: Shared::new(&self.jvp.name, jvp), jaxpr: Some(program) };
        Ok(Some((op.into(), operands)))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let x: Vec<Array> = x.iter().copied().cloned().collect();
        let (y, dy) = (self.jvp.function)(&x, dx)?;
        Ok((y.into(), dy.into()))
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let fun = batched(self.fun.function.clone(), axes.to_vec(), axis.clone());
        let rule = self.jvp.function.clone();
        let (places, data) = (axes.to_vec(), axis.clone());
        let jvp: Arc<JvpRule> = Arc::new(move |x: &[Array], dx: &[Tangent]| {
            // A tangent lies as its primal does; one of a primal without the axis may lack it too.
            let inputs: Vec<Array> =
                x.iter().cloned().chain(dx.iter().filter_map(|dx| dx.value().cloned())).collect();
            let mut input_axes = places.clone();
            for (dx, &at) in dx.iter().zip(&places) {
                if dx.value().is_some() {
                    input_axes.push(at);
                }
            }
            let zero: Vec<bool> = dx.iter().map(Tangent::is_zero).collect();
            let mut given = vec![];
            let count = x.len();
            let (outputs, at) = vmap(
                |inputs| {
                    let (x, rest) = inputs.split_at(count);
                    let mut rest = rest.iter();
                    let dx: Vec<Tangent> = x
                        .iter()
                        .zip(&zero)
                        .map(|(x, zero)| match rest_value(*zero, &mut rest) {
                            Some(dx) => Tangent::Value(dx),
                            None => Tangent::zero(x),
                        })
                        .collect();
                    let (mut y, dy) = rule(x, &dx)?;
                    for dy in dy {
                        given.push(!dy.is_zero());
                        y.extend(dy.value().cloned());
                    }
                    Ok(y)
                },
                &inputs,
                &input_axes,
                data.clone(),
            )?;
            let mut outputs = outputs
                .iter()
                .zip(at)
                .map(|(y, at)| at_axis(y, at, data.size, 0))
                .collect::<Result<Vec<_>>>()?;
            let tangents = outputs.split_off(given.len());
            let dy = super::super::control::tangents_of(&outputs, &given, tangents.into_iter());
            Ok((outputs, dy.into_vec()))
        });
        let op = CustomJvpCall {
            fun: Shared::new(&self.fun.name, fun),
            jvp: Shared::new(&self.jvp.name, jvp),
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

fn rest_value<'a>(zero: bool, rest: &mut impl Iterator<Item = &'a Array>) -> Option<Array> {
    if zero { None } else { rest.next().cloned() }
}

impl Listed for CustomJvpCall {
    fn from_params(name: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Err(super::not_text(name))
    }

    fn samples() -> Vec<Sample> {
        vec![]
    }
}
