//! Compilation: a function is traced once for each kind of arguments, and run as one program.

use std::cell::RefCell;
use std::rc::Rc;

use pullback_core::jaxpr::{JaxprRef, stage};
use pullback_core::primitives::control::jit::jit as call_program;
use pullback_core::trace::{self, AxisName};
use pullback_core::{Array, Aval, Result};
use rustc_hash::FxHashMap;

use super::stages::{Lowered, Traced};
use super::{called, over_leaves};
use crate::config;
use crate::function::{Function, Signature, Transformed};
use crate::pytree::{Pytree, emptied, structure_of};

/// What a program depends on: types and structure of the arguments, and the named axes around.
type Key = (Vec<Aval>, Vec<u64>, Vec<(AxisName, usize)>);

/// A recorded function. The tree is that of its results, without arrays.
pub(super) struct Program<V> {
    pub(super) jaxpr: JaxprRef,
    pub(super) captured: Vec<Array>,
    pub(super) tree: V,
}

impl<V: Pytree> Clone for Program<V> {
    fn clone(&self) -> Self {
        Program {
            jaxpr: self.jaxpr.clone(),
            captured: self.captured.clone(),
            tree: self.tree.clone(),
        }
    }
}

#[derive(Clone)]
struct Options {
    name: Rc<str>,
    inline: bool,
}

/// A function with its programs, kept for [`lower`](Transformed::lower) and the like.
pub struct Compiled<F, V> {
    f: Rc<F>,
    programs: Rc<RefCell<FxHashMap<Key, Program<V>>>>,
    options: Options,
}

impl<F, V: Pytree> Compiled<F, V> {
    /// The program for these arguments, recorded now if there is none.
    fn program<M>(&self, args: &M::Args) -> Result<Program<V>>
    where
        M: Signature,
        F: Function<M, Value = V>,
    {
        let avals: Vec<Aval> = args.leaves().iter().map(Array::aval).collect();
        let key = (avals, structure_of(args), trace::axis_environment());
        if let Some(program) = self.programs.borrow().get(&key) {
            return Ok(program.clone());
        }
        let mut tree = None;
        let staged = stage(&key.0, over_leaves(|args| self.f.call(args), args, &mut tree))?;
        let program = Program {
            jaxpr: staged.jaxpr.into(),
            captured: staged.captured,
            tree: emptied(&called(tree)?),
        };
        // A program that uses arrays of enclosing traces is good for this call only.
        if program.captured.is_empty() {
            self.programs.borrow_mut().insert(key, program.clone());
        }
        Ok(program)
    }

    fn call<M>(&self, args: &M::Args) -> Result<V>
    where
        M: Signature,
        F: Function<M, Value = V>,
    {
        if config::jit_disabled() {
            return self.f.call(args);
        }
        let program = self.program::<M>(args)?;
        let leaves = args.leaves();
        let inputs: Vec<&Array> = program.captured.iter().chain(&leaves).collect();
        let outputs = match self.options.inline && trace::is_staging() {
            true => program.jaxpr.eval(&inputs)?,
            false => call_program(&self.options.name, &program.jaxpr, &inputs)?.into_vec(),
        };
        Ok(program.tree.with_leaves(outputs))
    }

    fn changed(self, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = self.options;
        change(&mut options);
        Compiled { options, ..self }
    }
}

/// What `jit` gives.
type Jit<'f, M, F, V> = Transformed<'f, M, V, Rc<Compiled<F, V>>>;

fn transformed<'f, F, M>(compiled: Compiled<F, F::Value>) -> Jit<'f, M, F, F::Value>
where
    M: Signature,
    F: Function<M> + 'f,
{
    let compiled = Rc::new(compiled);
    let state = compiled.clone();
    Transformed::new(move |args: &M::Args| compiled.call::<M>(args), state)
}

/// The function, traced when it is first called with arguments of a kind, and run as a program
/// from then on. Only what it does with arrays is part of the program.
///
/// What the function depends on besides, it closes over; arguments that it does not use cost
/// nothing.
///
/// ```
/// # use pullback::prelude::*;
/// let traces = std::cell::Cell::new(0);
/// let f = jit(|x: &Array| {
///     traces.set(traces.get() + 1);
///     x.exp().sum()
/// });
/// assert_eq!(f(&Array::from([0.0, 0.0])), 2.0);
/// assert_eq!(f(&Array::from([0.0, 0.0])), 2.0);
/// assert_eq!(traces.get(), 1);
/// ```
pub fn jit<'f, F, M>(f: F) -> Jit<'f, M, F, F::Value>
where
    M: Signature,
    F: Function<M> + 'f,
{
    let options = Options { name: "f".into(), inline: false };
    transformed(Compiled { f: Rc::new(f), programs: Rc::default(), options })
}

impl<'f, M, F> Jit<'f, M, F, F::Value>
where
    M: Signature,
    F: Function<M> + 'f,
{
    fn with(self, change: impl FnOnce(&mut Options)) -> Self {
        let Compiled { f, programs, options } = &*self.state;
        let (f, programs) = (f.clone(), programs.clone());
        let compiled = Compiled { f, programs, options: options.clone() };
        transformed(compiled.changed(change))
    }

    /// Where a program around is being recorded, the equations of this one become part of it,
    /// rather than one equation that holds them.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let f = jit(|x: &Array| x.sin()).inline();
    /// let text = make_jaxpr(|x: &Array| f(x))(&Array::from(1.0)).to_string();
    /// assert!(!text.contains("jit"));
    /// ```
    pub fn inline(self) -> Self {
        self.with(|options| options.inline = true)
    }

    /// What the program is called in the text of programs around.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let f = jit(|x: &Array| x.sin()).named("wave");
    /// let text = make_jaxpr(|x: &Array| f(x))(&Array::from(1.0)).to_string();
    /// assert!(text.contains("name=wave"));
    /// ```
    pub fn named(self, name: &str) -> Self {
        self.with(|options| options.name = name.into())
    }

    /// Calls the function with arguments that are given up: their memory is used for results and
    /// intermediate values where it fits and nothing else refers to it.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let step = jit(|x: &Array| x * 0.5 + 1.0);
    /// let mut x = Array::from([1.0, 2.0]);
    /// for _ in 0..3 {
    ///     x = step.call_donated((x,))?;
    /// }
    /// assert_eq!(x, Array::from([1.875, 2.0]));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the function.
    pub fn call_donated(&self, args: M::Args) -> Result<F::Value> {
        let compiled = &self.state;
        let concrete = args.leaves().iter().all(|leaf| leaf.tensor().is_some());
        if config::jit_disabled() || trace::current().is_some() || !concrete {
            return compiled.call::<M>(&args);
        }
        let program = compiled.program::<M>(&args)?;
        let leaves = args.leaves();
        drop(args);
        Ok(program.tree.with_leaves(program.jaxpr.run_owned(leaves)?.into_vec()))
    }

    /// The program for arguments of these structures, shapes and types.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let traced = jit(|x: &Array| x + 1.0).trace(&(shape_dtype_struct(&[2], DType::F32),))?;
    /// assert_eq!(
    ///     traced.jaxpr().to_string(),
    ///     "{ lambda ; a:f32[2]. let b:f32[2] = add a 1.0:f32[] in (b,) }"
    /// );
    /// # Ok::<(), pullback::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the function.
    pub fn trace(&self, args: &M::Args) -> Result<Traced<M::Args, F::Value>> {
        let program = self.state.program::<M>(args)?;
        Ok(Traced::new(&self.state.options.name, program, args))
    }

    /// [`trace`](Transformed::trace) and the step after it.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let compiled = jit(|x: &Array| x + 1.0).lower(&(Array::from([1.0, 2.0]),))?.compile()?;
    /// assert_eq!(compiled.call(&(Array::from([3.0, 4.0]),))?, Array::from([4.0, 5.0]));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the function.
    pub fn lower(&self, args: &M::Args) -> Result<Lowered<M::Args, F::Value>> {
        Ok(self.trace(args)?.lower())
    }

    /// What the value will be for arguments of these structures, shapes and types: see
    /// [`eval_shape`](crate::eval_shape).
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let y = jit(|x: &Array| x.sum()).eval_shape(&(shape_dtype_struct(&[9], DType::F16),))?;
    /// assert_eq!((y.rank(), y.dtype()), (0, DType::F16));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the function.
    pub fn eval_shape(&self, args: &M::Args) -> Result<F::Value> {
        Ok(self.trace(args)?.out_info())
    }
}
