//! Functions with derivatives of the user's own, and calls of host functions.
//!
//! What they hold are functions, not programs: evaluated, they run as they are, so that the host
//! language's control flow works; staged, their program is recorded, and the rules kept.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::array::Array;
use crate::error::Result;
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

/// The error for reading an operation that holds a function from text.
pub(crate) fn not_text(name: &str) -> crate::error::Error {
    crate::error::Error::Program {
        message: format!("'{name}' holds a function, and cannot be read from text"),
    }
}
