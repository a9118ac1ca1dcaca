//! Programs: equations over typed variables, in order.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use pullback_engine::plan::Plan;
use smallvec::SmallVec;

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::primitives::Op;
use crate::trace::{self, AxisName, Trace, stage};

pub mod check;
mod derived;
mod eval;
mod layout;
pub mod parse;
pub mod print;
pub mod reference;

pub use check::check;
pub(crate) use derived::{Derivation, Derived};
pub use parse::parse;

/// Names a variable of one jaxpr.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct VarId(pub u32);

impl VarId {
    /// The position of the variable in tables over all variables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An operand of an equation.
#[derive(Clone, Debug)]
pub enum Atom {
    /// A variable of the program.
    Var(VarId),
    // An `Array`, not a `Tensor`: in `vmap(grad(f))` a residual is a tracer of the outer trace.
    /// A value from outside the program.
    Const(Array),
}

/// One line of a program.
#[derive(Clone, Debug)]
pub struct Eqn {
    /// The operation with its parameters.
    pub op: Op,
    /// What it is applied to.
    pub inputs: SmallVec<[Atom; 3]>,
    /// The variables that it defines.
    pub outputs: SmallVec<[VarId; 1]>,
}

/// A program.
#[derive(Default)]
pub struct Jaxpr {
    /// What is known of each variable.
    pub avals: Vec<Aval>,
    /// The variables that the caller gives.
    pub inputs: Vec<VarId>,
    /// The equations, each after those it depends on.
    pub eqns: Vec<Eqn>,
    /// The results.
    pub outputs: Vec<Atom>,
    /// The plan, once it has been needed.
    pub(crate) plan: OnceLock<Arc<Plan>>,
    /// Programs derived from this one, so that a loop differentiated twice is traced once.
    pub(crate) derived: Derived,
}

impl Clone for Jaxpr {
    fn clone(&self) -> Jaxpr {
        Jaxpr {
            avals: self.avals.clone(),
            inputs: self.inputs.clone(),
            eqns: self.eqns.clone(),
            outputs: self.outputs.clone(),
            plan: OnceLock::new(),
            derived: Derived::default(),
        }
    }
}

impl Jaxpr {
    /// A further variable.
    pub fn new_var(&mut self, aval: Aval) -> VarId {
        let var = VarId(self.avals.len() as u32);
        self.avals.push(aval);
        var
    }

    /// What is known of a variable.
    pub fn aval(&self, var: VarId) -> &Aval {
        &self.avals[var.index()]
    }

    /// What is known of an operand.
    pub fn atom_aval(&self, atom: &Atom) -> Aval {
        match atom {
            Atom::Var(var) => self.aval(*var).clone(),
            Atom::Const(value) => value.aval(),
        }
    }

    /// What is known of the inputs.
    pub fn input_avals(&self) -> Vec<Aval> {
        self.inputs.iter().map(|&var| self.aval(var).clone()).collect()
    }

    /// What is known of the results.
    pub fn output_avals(&self) -> Vec<Aval> {
        self.outputs.iter().map(|atom| self.atom_aval(atom)).collect()
    }

    /// Whether any equation, nested ones included, acts on the world.
    pub fn has_effects(&self) -> bool {
        self.eqns.iter().any(|eqn| eqn.op.primitive().has_effects())
    }

    /// Whether any equation, nested ones included, refers to the mapped axis `name`.
    pub fn uses_axis(&self, name: &AxisName) -> bool {
        self.eqns.iter().any(|eqn| eqn.op.primitive().uses_axis(name))
    }

    /// Applies the program to arrays, equation by equation, in the current trace.
    pub fn eval(&self, inputs: &[&Array]) -> Result<Vec<Array>> {
        eval::eval(self, inputs)
    }

    /// [`Jaxpr::eval`] on arrays held together.
    ///
    /// # Errors
    /// As [`Jaxpr::eval`].
    pub fn eval_all(&self, inputs: &[Array]) -> Result<Vec<Array>> {
        self.eval(&inputs.iter().collect::<SmallVec<[&Array; 8]>>())
    }

    /// Computes the results for concrete inputs, by the plan of the program.
    ///
    /// # Errors
    /// If an input is only being traced, and those of [`Jaxpr::plan`] and of the engine.
    pub fn run(&self, inputs: &[&Array]) -> Result<Arrays> {
        self.run_tensors(inputs.iter().map(|input| input.tensor().cloned().ok_or(*input)))
    }

    /// The text of the plan, with the time that each step takes on these inputs: the median of as
    /// many runs as asked for, after one that is not counted.
    ///
    /// # Errors
    /// As [`Jaxpr::run`].
    pub fn timed_text(&self, inputs: &[&Array], runs: usize) -> Result<String> {
        let plan = self.plan()?;
        let tensors = tensors(inputs.iter().map(|input| input.tensor().cloned().ok_or(*input)))?;
        plan.run(tensors.clone())?;
        let mut times: Vec<Vec<Duration>> = vec![];
        for _ in 0..runs.max(1) {
            times.push(plan.run_timed(tensors.clone())?.1);
        }
        let median = |step: usize| {
            let mut of: Vec<Duration> = times.iter().map(|run| run[step]).collect();
            of.sort_unstable();
            of[of.len() / 2]
        };
        let medians: Vec<Duration> = (0..times[0].len()).map(median).collect();
        Ok(plan.text(Some(&medians)))
    }

    /// [`Jaxpr::run`] of arrays that are given up: their memory may be used for what is computed,
    /// where nothing else refers to it.
    ///
    /// # Errors
    /// As [`Jaxpr::run`].
    pub fn run_owned(&self, inputs: Vec<Array>) -> Result<Arrays> {
        let traced = inputs.iter().find(|input| input.tensor().is_none()).cloned();
        if let Some(traced) = traced {
            return self.run_tensors(std::iter::once(Err(&traced)));
        }
        self.run_tensors(inputs.into_iter().filter_map(|input| input.into_tensor().map(Ok)))
    }

    fn run_tensors<'a>(
        &self,
        inputs: impl Iterator<Item = std::result::Result<pullback_engine::Tensor, &'a Array>>,
    ) -> Result<Arrays> {
        self.run_concrete(tensors(inputs)?)
    }

    /// [`Jaxpr::run`] of the elements of arrays, which may be overwritten where no one else holds
    /// them.
    ///
    /// # Errors
    /// Those of [`Jaxpr::plan`] and of the engine.
    pub fn run_concrete(&self, inputs: pullback_engine::kernels::Tensors) -> Result<Arrays> {
        let outputs = self.plan()?.run(inputs)?.into_iter().zip(self.weak_outputs());
        Ok(outputs.map(|(t, weak)| Array::with_weak(t, weak)).collect())
    }

    /// Whether each of the outputs has a weak type.
    pub fn weak_outputs(&self) -> impl Iterator<Item = bool> {
        self.outputs.iter().map(|atom| self.atom_is_weak(atom))
    }

    fn atom_is_weak(&self, atom: &Atom) -> bool {
        match atom {
            Atom::Var(var) => self.aval(*var).weak,
            Atom::Const(value) => value.is_weak(),
        }
    }

    /// The plan of the program, made when first asked for.
    ///
    /// # Errors
    /// If an operation has no lowering, or the program refers to arrays that are being traced.
    #[inline]
    pub fn plan(&self) -> Result<&Arc<Plan>> {
        if let Some(plan) = self.plan.get() {
            return Ok(plan);
        }
        let plan = Arc::new(crate::lower::lower_jaxpr(self)?);
        Ok(self.plan.get_or_init(|| plan))
    }
}

/// The inputs of a plan, if all are concrete.
fn tensors<'a>(
    inputs: impl Iterator<Item = std::result::Result<pullback_engine::Tensor, &'a Array>>,
) -> Result<pullback_engine::kernels::Tensors> {
    let concrete = |input: std::result::Result<_, &'a Array>| {
        input.map_err(|traced| crate::error::Error::UnexpectedTracer {
            function: "a compiled program".to_string(),
            aval: traced.aval(),
        })
    };
    inputs.map(concrete).collect()
}

/// A shared program as a parameter of an operation; two are equal if they are one.
#[derive(Clone)]
pub struct JaxprRef(pub Arc<Jaxpr>);

impl Deref for JaxprRef {
    type Target = Jaxpr;

    fn deref(&self) -> &Jaxpr {
        &self.0
    }
}

impl PartialEq for JaxprRef {
    fn eq(&self, other: &JaxprRef) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for JaxprRef {}

impl Hash for JaxprRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl fmt::Debug for JaxprRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<Jaxpr> for JaxprRef {
    fn from(jaxpr: Jaxpr) -> JaxprRef {
        JaxprRef(Arc::new(jaxpr))
    }
}

/// The program of a function, and the traced arrays it uses from outside.
pub struct Staged {
    /// Takes `captured`, then the arguments.
    pub jaxpr: Jaxpr,
    /// Arrays of enclosing traces that the function refers to.
    pub captured: Vec<Array>,
}

/// Records `f` on arrays of which only `avals` are known.
pub fn stage(avals: &[Aval], f: impl FnOnce(&[Array]) -> Result<Vec<Array>>) -> Result<Staged> {
    let _span = pullback_engine::profiler::span("compile", "trace");
    let trace = stage::new_stage(trace::current());
    stage_in(&trace, avals, f)
}

fn stage_in(
    trace: &Arc<Trace>,
    avals: &[Aval],
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>>,
) -> Result<Staged> {
    let inputs: Arrays = avals.iter().map(|aval| stage::new_input(trace, aval.clone())).collect();
    let outputs = trace::with_current(Some(trace.clone()), || f(&inputs))?;
    let atoms = outputs.iter().map(|output| stage::atom_of(trace, output)).collect();
    let jaxpr = stage::finish(trace, atoms);
    Ok(capture(jaxpr))
}

/// Turns the traced constants of a program into leading inputs.
pub(crate) fn capture(mut jaxpr: Jaxpr) -> Staged {
    let mut captured: Vec<Array> = vec![];
    let mut vars: Vec<VarId> = vec![];
    let avals = &mut jaxpr.avals;
    let mut replace = |atom: &mut Atom| {
        let Atom::Const(value) = atom else { return };
        let Some(tracer) = value.tracer() else { return };
        let same = |other: &Array| other.tracer().is_some_and(|other| same_tracer(other, tracer));
        let at = captured.iter().position(same).unwrap_or_else(|| {
            captured.push(value.clone());
            vars.push(VarId(avals.len() as u32));
            avals.push(value.aval());
            vars.len() - 1
        });
        *atom = Atom::Var(vars[at]);
    };
    for eqn in &mut jaxpr.eqns {
        eqn.inputs.iter_mut().for_each(&mut replace);
    }
    jaxpr.outputs.iter_mut().for_each(&mut replace);
    jaxpr.inputs.splice(0..0, vars);
    Staged { jaxpr, captured }
}

/// Whether two arrays are one, and not only equal.
pub fn same(x: &Array, y: &Array) -> bool {
    match (x.tensor(), y.tensor(), x.tracer(), y.tracer()) {
        (Some(x), Some(y), ..) => {
            std::ptr::eq(x.buffer_bytes(), y.buffer_bytes())
                && x.layout() == y.layout()
                && x.dtype() == y.dtype()
        }
        (.., Some(x), Some(y)) => same_tracer(x, y),
        _ => false,
    }
}

/// Whether two tracers stand for one value.
fn same_tracer(x: &Arc<trace::Tracer>, y: &Arc<trace::Tracer>) -> bool {
    use trace::Payload::Staged;
    let same_var = match (&x.payload, &y.payload) {
        (Staged(a), Staged(b)) => a == b && x.trace().is(y.trace()),
        _ => false,
    };
    same_var || Arc::ptr_eq(x, y)
}

/// Records `f`, which uses no traced arrays from outside.
pub(crate) fn stage_closed(
    avals: &[Aval],
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>>,
) -> Result<Jaxpr> {
    let staged = stage(avals, f)?;
    if !staged.captured.is_empty() {
        return Err(crate::error::Error::UnexpectedTracer {
            function: "a nested program".into(),
            aval: staged.captured[0].aval(),
        });
    }
    Ok(staged.jaxpr)
}
