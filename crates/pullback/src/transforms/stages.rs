//! A compiled function on its way: traced, lowered, compiled.

use std::fmt;
use std::rc::Rc;

use pullback_core::engine::Cost;
use pullback_core::engine::plan::{Memory, Plan};
use pullback_core::jaxpr::Jaxpr;
use pullback_core::primitives::control::jit::jit as call_program;
use pullback_core::{Array, Aval, Error, Result, trace};

use super::jit::Program;
use super::staging::abstract_arrays;
use crate::pytree::{Pytree, emptied, structure_of};

/// A program for arguments of one kind; printed, it is the text of the program.
pub struct Traced<A, V> {
    name: Rc<str>,
    program: Program<V>,
    args: A,
    types: Vec<Aval>,
}

impl<A: Pytree, V: Pytree> Traced<A, V> {
    pub(super) fn new(name: &Rc<str>, program: Program<V>, args: &A) -> Self {
        let types = args.leaves().iter().map(Array::aval).collect();
        Traced { name: name.clone(), program, args: emptied(args), types }
    }

    /// The program.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let traced = jit(|x: &Array| x.sin().cos()).trace(&(Array::from(1.0),))?;
    /// assert_eq!(traced.jaxpr().eqns.len(), 2);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn jaxpr(&self) -> &Jaxpr {
        &self.program.jaxpr
    }

    /// What the value will be: its structure, with abstract arrays.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let stage = jit(|x: &Array| x.sum()).trace(&(Array::from([1.0, 2.0]),))?;
    /// assert_eq!((stage.out_info().rank(), stage.out_info().dtype()), (0, DType::F32));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn out_info(&self) -> V {
        self.program.tree.with_leaves(abstract_arrays(&self.program.jaxpr.output_avals()))
    }

    /// The next stage.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let traced = jit(|x: &Array| -x).trace(&(Array::from(1.0),))?;
    /// let text = traced.to_string();
    /// assert_eq!(traced.lower().as_text(), text);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn lower(self) -> Lowered<A, V> {
        Lowered(self)
    }
}

impl<A: Pytree, V: Pytree> fmt::Display for Traced<A, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.jaxpr(), f)
    }
}

/// A program about to be compiled.
pub struct Lowered<A, V>(Traced<A, V>);

impl<A: Pytree, V: Pytree> Lowered<A, V> {
    /// The text of the program.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let lowered = jit(|x: &Array| -x).lower(&(Array::from(1.0),))?;
    /// assert_eq!(lowered.as_text(), "{ lambda ; a:f32[]. let b:f32[] = neg a in (b,) }");
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn as_text(&self) -> String {
        self.0.to_string()
    }

    /// What the value will be: its structure, with abstract arrays.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let stage = jit(|x: &Array| x.sum()).lower(&(Array::from([1.0, 2.0]),))?;
    /// assert_eq!((stage.out_info().rank(), stage.out_info().dtype()), (0, DType::F32));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn out_info(&self) -> V {
        self.0.out_info()
    }

    /// Compiles the program: passes shrink it, and it becomes a plan.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let compiled = jit(|x: &Array| -x).lower(&(Array::from(1.0),))?.compile()?;
    /// assert_eq!(compiled.call(&(Array::from(2.0),))?, -2.0);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    ///
    /// # Errors
    /// If an operation cannot be compiled.
    pub fn compile(self) -> Result<Compiled<A, V>> {
        self.0.program.jaxpr.plan()?;
        Ok(Compiled(self.0))
    }
}

/// A compiled program.
pub struct Compiled<A, V>(Traced<A, V>);

impl<A: Pytree, V: Pytree> Compiled<A, V> {
    fn plan(&self) -> &Plan {
        self.0.program.jaxpr.plan().expect("the plan was made when this was")
    }

    /// What is run, a line a step: results with type and bytes, what is done to which operands
    /// (`!`: for the last time), the operations and bytes that takes, and how long it should take.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let x = Array::from([1.0, 2.0]);
    /// let text = jit(|x: &Array| (x + 1.0).sin()).lower(&(x,))?.compile()?.as_text();
    /// assert!(text.starts_with("plan(%0: f32[2] 8 B)"));
    /// assert!(text.contains("elementwise add sin %0!  # 2 flops, 2 transcendentals, 16 B moved"));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn as_text(&self) -> String {
        self.plan().text(None)
    }

    /// [`as_text`](Compiled::as_text), and how long each step takes on these arguments: the median
    /// of as many runs as asked for.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let x = (Array::from([1.0, 2.0]),);
    /// let compiled = jit(|x: &Array| (x + 1.0).sin()).lower(&x)?.compile()?;
    /// assert!(compiled.as_timed_text(&x, 3)?.contains("measured"));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the arguments are not of the structure, shapes and types that it is for, or traced.
    pub fn as_timed_text(&self, args: &A, runs: usize) -> Result<String> {
        let leaves = self.checked(args)?;
        let inputs: Vec<&Array> = self.0.program.captured.iter().chain(&leaves).collect();
        self.0.program.jaxpr.timed_text(&inputs, runs)
    }

    /// What a run computes and moves: operations as XLA counts them, and bytes. Loops count as
    /// often as they run where that is known, and else once; of branches, the one that costs most.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let x = Array::from([1.0, 2.0]);
    /// let cost = jit(|x: &Array| (x + 1.0).sin()).lower(&(x,))?.compile()?.cost_analysis();
    /// assert_eq!((cost.flops, cost.transcendentals, cost.bytes), (2.0, 2.0, 16.0));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn cost_analysis(&self) -> Cost {
        self.plan().cost()
    }

    /// The memory that a run takes.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let x = Array::from([1.0, 2.0]);
    /// let memory = jit(|x: &Array| (x + 1.0).sin()).lower(&(x,))?.compile()?.memory_analysis();
    /// assert_eq!((memory.arguments, memory.outputs, memory.peak), (8, 8, 16));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn memory_analysis(&self) -> Memory {
        self.plan().memory()
    }

    /// What the value will be: its structure, with abstract arrays.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let stage = jit(|x: &Array| x.sum()).lower(&(Array::from([1.0, 2.0]),))?.compile()?;
    /// assert_eq!((stage.out_info().rank(), stage.out_info().dtype()), (0, DType::F32));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn out_info(&self) -> V {
        self.0.out_info()
    }

    /// Runs the program.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let compiled = jit(|x: &Array| -x).lower(&(Array::from(1.0),))?.compile()?;
    /// assert_eq!(compiled.call(&(Array::from(2.0),))?, -2.0);
    /// assert!(compiled.call(&(Array::from([2.0]),)).is_err());
    /// # Ok::<(), pullback::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the arguments are not of the structure, shapes and types that it is for.
    pub fn call(&self, args: &A) -> Result<V> {
        let leaves = self.checked(args)?;
        let Traced { name, program, .. } = &self.0;
        let inputs: Vec<&Array> = program.captured.iter().chain(&leaves).collect();
        let outputs = match trace::current() {
            None => program.jaxpr.run(&inputs)?,
            Some(_) => call_program(name, &program.jaxpr, &inputs)?,
        };
        Ok(program.tree.with_leaves(outputs.into_vec()))
    }

    /// The arrays of arguments that it is for.
    fn checked(&self, args: &A) -> Result<Vec<Array>> {
        let Traced { name, args: expected, types, .. } = &self.0;
        if structure_of(args) != structure_of(expected) {
            return Err(Error::Structure {
                function: name.to_string(),
                message: "a compiled function was called with arguments of another structure than \
                          it was compiled for"
                    .into(),
            });
        }
        let leaves = args.leaves();
        for (leaf, aval) in leaves.iter().zip(types) {
            if !leaf.aval().same_type(aval) {
                return Err(Error::type_error(
                    &**name,
                    format!(
                        "argument types differ from the types for which this computation was \
                         compiled: compiled with {aval} and called with {}",
                        leaf.aval()
                    ),
                ));
            }
        }
        Ok(leaves)
    }
}
