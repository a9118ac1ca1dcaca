//! Functions with derivatives of the user's own, and calls of host functions.
//!
//! What they hold are functions, not programs: evaluated, they run as they are, so that the host
//! language's control flow works; staged, their program is recorded, and the rules kept.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::array::Array;
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::{JaxprRef, Staged, stage};
use crate::primitives::Avals;
use crate::primitives::control::check_operands;
use crate::trace::Tangent;

pub mod callback;
pub mod custom_jvp_call;
pub mod custom_lin;
pub mod custom_vjp_call;
pub mod name;
pub mod stop_gradient;

/// A function over arrays.
pub type Fun = dyn Fn(&[Array]) -> Result<Vec<Array>> + Send + Sync;
/// From primals and tangents to results and their tangents.
pub type JvpRule = dyn Fn(&[Array], &[Tangent]) -> Result<(Vec<Array>, Vec<Tangent>)> + Send + Sync;

/// A shared function with a name, equal to itself only.
pub struct Shared<F: ?Sized> {
    /// What to show for it.
    pub name: Arc<str>,
    /// The function.
    pub function: Arc<F>,
}

impl<F: ?Sized> Shared<F> {
    /// A function under the name given.
    pub fn new(name: &str, function: Arc<F>) -> Shared<F> {
        Shared { name: name.into(), function }
    }
}

impl<F: ?Sized> Clone for Shared<F> {
    fn clone(&self) -> Self {
        Shared { name: self.name.clone(), function: self.function.clone() }
    }
}

impl<F: ?Sized> fmt::Debug for Shared<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl<F: ?Sized> PartialEq for Shared<F> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.function), Arc::as_ptr(&other.function))
    }
}

impl<F: ?Sized> Eq for Shared<F> {}

impl<F: ?Sized> Hash for Shared<F> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.function).cast::<()>().hash(state);
    }
}

/// A function of the user's that has been staged.
struct Recorded {
    /// Its program, which takes what the function closes over, then its operands.
    program: JaxprRef,
    /// The program as a function.
    fun: Shared<Fun>,
    /// How many arrays the function closes over.
    captured: usize,
    /// What it closes over, then its operands.
    operands: Vec<Array>,
}

/// Records a function; its rules are kept beside it, and skip what it closes over.
fn recorded(fun: &Shared<Fun>, x: &[&Array]) -> Result<Recorded> {
    let avals: Vec<Aval> = x.iter().map(|x| x.aval()).collect();
    let Staged { jaxpr, captured } = stage(&avals, |x| (fun.function)(x))?;
    let program = JaxprRef::from(jaxpr);
    let inner = program.clone();
    let function: Arc<Fun> = Arc::new(move |x: &[Array]| inner.eval_all(x));
    Ok(Recorded {
        program,
        fun: Shared::new(&fun.name, function),
        captured: captured.len(),
        operands: captured.into_iter().chain(x.iter().copied().cloned()).collect(),
    })
}

/// The types of the results of a function, which are known once it has been staged.
fn staged_types(fun: &Shared<Fun>, program: &JaxprRef, inputs: &[Aval]) -> Result<Avals> {
    check_operands(&fun.name, program, inputs)?;
    Ok(program.output_avals().into())
}

/// The error for a rule that is asked for a derivative with respect to what its function closes
/// over.
fn closes_over(function: &str) -> Error {
    Error::type_error(
        function,
        "a function with a derivative of its own was differentiated with respect to a value that \
         it closes over; pass the value as an argument",
    )
}

/// The error for reading an operation that holds a function from text.
pub(crate) fn not_text(name: &str) -> Error {
    Error::Program { message: format!("'{name}' holds a function, and cannot be read from text") }
}
