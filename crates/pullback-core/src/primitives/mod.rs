//! The operations: each one a module with everything that is known of it.
//!
//! A family supplies what its members share, so that a module says only what is particular.
//! One row in the list below names a primitive and its family; `enum Op`, the law tests and the
//! reference page come from the list.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use pullback_engine::DType;
use pullback_engine::kernels::reduce::ReduceOp;
use pullback_engine::plan::Slot;
use pullback_engine::tile::{ProgramBuilder, Reg, ScalarOp};
use smallvec::SmallVec;

use crate::Shape;
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::JaxprRef;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::Params;
use crate::lower::Lowering;
use crate::trace::batch::{BatchAxes, BatchAxis};
use crate::trace::jvp::{Tangent, Tangents};
use crate::trace::{AxisData, AxisName};

pub mod binary;
pub mod collective;
pub mod control;
pub mod custom;
pub mod indexing;
pub mod linalg;
pub mod nary;
pub mod random;
pub mod reduction;
pub mod rules;
pub mod sample;
pub mod signal;
pub mod sorting;
pub mod structure;
pub mod unary;

mod list;

pub use list::{Op, from_params, samples};
pub use sample::{Domain, Input, Sample};

/// What is known of several arrays, most often of one.
pub type Avals = SmallVec<[Aval; 2]>;
/// Several slots of a plan, most often one.
pub type Slots = SmallVec<[Slot; 2]>;
/// The cotangent of one operand; `None` is zero.
pub type Cotangent = Option<Array>;
/// Several cotangents, most often one or two.
pub type Cotangents = SmallVec<[Cotangent; 2]>;

/// An operand of a linear operation that is to be transposed.
pub enum Operand {
    /// What the operation is linear in; only its type is known.
    Linear(Aval),
    /// Any other operand, with its value.
    Known(Array),
}

impl Operand {
    /// The value of an operand that is not linear.
    pub fn known(&self) -> Option<&Array> {
        match self {
            Operand::Linear(_) => None,
            Operand::Known(value) => Some(value),
        }
    }

    /// Whether the operation is to be transposed with respect to this operand.
    pub fn is_linear(&self) -> bool {
        matches!(self, Operand::Linear(_))
    }

    /// What is known of the operand without its contents.
    pub fn aval(&self) -> Aval {
        match self {
            Operand::Linear(aval) => aval.clone(),
            Operand::Known(value) => value.aval(),
        }
    }
}

/// An operation: its types, its derivative, its transpose, its batching and its lowering.
///
/// The rules call primitives as a user would. They must work for arrays of every trace.
pub trait Primitive: fmt::Debug + Send + Sync {
    /// The name in the text of programs.
    fn name(&self) -> &str;

    /// The parameters in the text of programs, sorted by name.
    fn params(&self) -> Params {
        vec![]
    }

    /// The types of the results, from the types of the operands.
    fn infer(&self, inputs: &[Aval]) -> Result<Avals>;

    /// The results and their tangents. At least one tangent is not zero.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let _ = (x, dx);
        Err(self.missing("the forward derivative"))
    }

    /// As `jvp`, where operations on tangents are recorded and all others computed.
    ///
    /// Only an operation that holds programs needs one of its own, so that its results do not
    /// become part of the recording.
    fn linearize(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        self.jvp(x, dx)
    }

    /// The cotangents of the operands, from those of the results, of which one at least is there.
    /// Only those of linear operands are looked at.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let _ = (ct, inputs);
        Err(Error::NotLinear { primitive: self.name().to_string() })
    }

    /// The operation on arrays of which at least one has a further, mapped axis.
    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let _ = (x, axes, axis);
        Err(self.missing("the batching rule"))
    }

    /// The operation where the mapped axis is the one it refers to by name.
    fn batch_collective(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        self.batch(x, axes, axis)
    }

    /// Whether the operation refers to the mapped axis `name`.
    fn uses_axis(&self, name: &AxisName) -> bool {
        self.jaxprs().iter().any(|jaxpr| jaxpr.uses_axis(name))
    }

    /// The steps of a plan that compute the results.
    fn lower(
        &self,
        plan: &mut Lowering,
        x: &[Slot],
        inputs: &[Aval],
        outputs: &[Aval],
    ) -> Result<Slots>;

    /// The operation of one element, for elementwise operations of operands of one type.
    fn scalar_op(&self) -> Option<ScalarOp> {
        None
    }

    /// Whether each element of the one result depends on one element of each operand, and `emit`
    /// says how.
    fn is_elementwise(&self) -> bool {
        self.scalar_op().is_some()
    }

    /// How the one operand is reduced, and over which axes, where that is all that is done.
    fn reduction(&self) -> Option<(ReduceOp, &[usize])> {
        None
    }

    /// The operation where the first `lead` axes have size 1, if it computes every entry along them
    /// from the same entry of its operands alone. Operands of rank 0 belong to every entry.
    ///
    /// Elementwise operations need none: they are the same for one entry.
    fn for_one_entry(&self, lead: usize, inputs: &[Aval], outputs: &[Aval]) -> Option<Op> {
        let _ = (lead, inputs, outputs);
        None
    }

    /// The operation of one element in an elementwise program.
    fn emit(&self, program: &mut ProgramBuilder, x: &[Reg], inputs: &[Aval]) -> Option<Reg> {
        let _ = inputs;
        self.scalar_op().map(|op| program.op(op, x))
    }

    /// Whether the results for a type that is only stored, such as those of eight bits, are those
    /// for a wider type, rounded. Operations that move elements or look at their bits say no.
    fn widens(&self) -> bool {
        use ScalarOp::{Clz, MulHi, Nextafter, PopulationCount, ShiftRightLogical};
        !matches!(
            self.scalar_op(),
            None | Some(Clz | MulHi | Nextafter | PopulationCount | ShiftRightLogical)
        )
    }

    /// Whether an elementwise operation takes elements of this type.
    fn accepts(&self, dtype: DType) -> bool {
        let _ = dtype;
        true
    }

    /// Whether evaluation calls `eager` instead of running a plan.
    fn is_eager(&self) -> bool {
        false
    }

    /// The results, for operations that evaluation hands over to.
    fn eager(&self, x: &[&Array]) -> Result<Arrays> {
        let _ = x;
        Err(self.missing("evaluation"))
    }

    /// Whether the operation, applied to tangents, is recorded as what it is made of: a derivative
    /// of its own is of no use to what is linear already.
    fn is_expanded(&self) -> bool {
        false
    }

    /// What a staging trace records in place of this operation and its operands, if not them.
    fn staged(&self, x: &[&Array]) -> Result<Option<(Op, Vec<Array>)>> {
        let _ = x;
        Ok(None)
    }

    /// The programs among the parameters.
    fn jaxprs(&self) -> Vec<&JaxprRef> {
        vec![]
    }

    /// The operation with other programs, of the same types, in place of those of `jaxprs`.
    fn with_jaxprs(&self, jaxprs: Vec<JaxprRef>) -> Option<Op> {
        let _ = jaxprs;
        None
    }

    /// Whether the operation acts on the world, and so has to be kept, in order.
    fn has_effects(&self) -> bool {
        self.jaxprs().iter().any(|jaxpr| jaxpr.has_effects())
    }

    /// The error for a rule that is not there.
    fn missing(&self, rule: &'static str) -> Error {
        Error::MissingRule { primitive: self.name().to_string(), rule }
    }
}

/// What every primitive in the list provides besides its rules.
pub trait Listed: Primitive + Sized + Into<Op> {
    /// The operation with the parameters read from the text of a program.
    fn from_params(name: &str, params: &ParamReader, outputs: &[Aval]) -> Result<Self>;

    /// Uses of the operation that the laws are tried on.
    fn samples() -> Vec<Sample>;
}

/// A user's own operation.
#[derive(Clone, Debug)]
pub struct Custom(pub Arc<dyn Primitive>);

impl PartialEq for Custom {
    fn eq(&self, other: &Custom) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Custom {}

impl Hash for Custom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).cast::<()>().hash(state);
    }
}

/// The sum of two tangents or cotangents of one type.
pub fn add_any(x: &Array, y: &Array) -> Result<Array> {
    if x.dtype() == DType::Float0 {
        return Ok(x.clone());
    }
    crate::trace::bind1(binary::add_any::AddAny, &[x, y])
}

/// The error for a wrong number of operands.
pub(crate) fn operand_count(primitive: &str, expected: usize, given: usize) -> Error {
    Error::type_error(primitive, format!("takes {expected} operands, got {given}"))
}

/// A shape whose first `lead` axes have size 1 instead.
pub(crate) fn with_one_entry(shape: &[usize], lead: usize) -> Shape {
    shape.iter().enumerate().map(|(axis, &size)| if axis < lead { 1 } else { size }).collect()
}

/// One result.
pub(crate) fn one<T>(value: T) -> SmallVec<[T; 2]> {
    let mut values = SmallVec::new();
    values.push(value);
    values
}
