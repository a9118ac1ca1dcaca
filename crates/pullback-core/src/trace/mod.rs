//! Interpreters of primitives, and the door to them: `bind`.
//!
//! Each thread has one current trace. A trace knows its parent; evaluation, at the root, is the
//! absence of a trace. An array of another trace than the current one is a constant to it.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::VarId;
use crate::jaxpr::print::scalar_text;
use crate::primitives::Op;

pub mod batch;
pub mod eval;
pub mod jvp;
pub mod stage;

pub use batch::{AxisData, AxisName};
pub use jvp::Tangent;
pub use stage::Builder;

/// An interpreter of primitives.
pub struct Trace {
    id: u64,
    parent: TraceRef,
    kind: TraceKind,
}

/// A trace, or evaluation.
pub type TraceRef = Option<Arc<Trace>>;

pub(crate) enum TraceKind {
    /// Carries tangents. With a tape, tangents are recorded there instead of computed.
    Jvp { tape: Option<Arc<Trace>> },
    /// Records what depends on its tracers, and leaves the rest to its parent.
    Tape(Builder),
    /// Carries a mapped axis.
    Batch(AxisData),
    /// Records everything.
    Stage(Builder),
    /// Evaluates what is concrete, and leaves the rest to its parent.
    Evaluate,
}

/// What a trace knows of one array.
pub struct Tracer {
    pub(crate) trace: Arc<Trace>,
    pub(crate) aval: Aval,
    pub(crate) payload: Payload,
}

pub(crate) enum Payload {
    Jvp { primal: Array, tangent: Array },
    Batch { value: Array, axis: usize },
    Staged(VarId),
}

thread_local! {
    static CURRENT: RefCell<TraceRef> = const { RefCell::new(None) };
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// The trace that operations are bound to now.
pub fn current() -> TraceRef {
    CURRENT.with_borrow(Clone::clone)
}

/// Whether operations are bound to a trace now, and not evaluated.
#[inline]
pub fn is_current() -> bool {
    CURRENT.with_borrow(Option::is_some)
}

/// Calls `f` with another current trace.
pub fn with_current<R>(trace: TraceRef, f: impl FnOnce() -> R) -> R {
    struct Restore(TraceRef);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    let _restore = Restore(CURRENT.replace(trace));
    f()
}

/// Makes another trace the current one, and gives the one before. For scopes that are not a call,
/// such as a `with` block of Python; [`with_current`] cannot be left without restoring.
pub fn replace_current(trace: TraceRef) -> TraceRef {
    CURRENT.replace(trace)
}

/// A trace in which operations on concrete arrays are evaluated, even where everything is being
/// recorded; all others are left to the current trace.
pub fn evaluation() -> TraceRef {
    Some(Trace::new(current(), TraceKind::Evaluate))
}

/// Applies an operation to arrays, in the current trace.
pub fn bind(op: impl Into<Op>, inputs: &[&Array]) -> Result<Arrays> {
    bind_in(&current(), &op.into(), inputs)
}

/// Applies an operation with one result.
pub fn bind1(op: impl Into<Op>, inputs: &[&Array]) -> Result<Array> {
    let mut outputs = bind(op, inputs)?;
    debug_assert_eq!(outputs.len(), 1);
    Ok(outputs.swap_remove(0))
}

/// Applies an operation in the trace given.
pub fn bind_in(trace: &TraceRef, op: &Op, inputs: &[&Array]) -> Result<Arrays> {
    match trace {
        None => eval::process(op, inputs),
        Some(trace) => match &trace.kind {
            TraceKind::Jvp { tape } => jvp::process(trace, tape.as_ref(), op, inputs),
            TraceKind::Tape(builder) => stage::process_tape(trace, builder, op, inputs),
            TraceKind::Batch(axis) => batch::process(trace, axis, op, inputs),
            TraceKind::Stage(builder) => stage::process(trace, builder, op, inputs),
            TraceKind::Evaluate if inputs.iter().all(|x| x.tensor().is_some()) => {
                eval::process(op, inputs)
            }
            TraceKind::Evaluate => bind_in(&trace.parent, op, inputs),
        },
    }
}

impl Trace {
    pub(crate) fn new(parent: TraceRef, kind: TraceKind) -> Arc<Trace> {
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        Arc::new(Trace { id, parent, kind })
    }

    pub(crate) fn kind(&self) -> &TraceKind {
        &self.kind
    }

    /// The trace around this one.
    pub fn parent(&self) -> &TraceRef {
        &self.parent
    }

    /// Whether `other` is this trace or one around it.
    pub(crate) fn is_within(&self, other: &Trace) -> bool {
        let mut trace = self;
        loop {
            if trace.id == other.id {
                return true;
            }
            match &trace.parent {
                Some(parent) => trace = parent,
                None => return false,
            }
        }
    }

    pub(crate) fn is(&self, other: &Trace) -> bool {
        self.id == other.id
    }
}

/// The mapped axis of the given name in the traces around here, if there is one.
pub fn find_axis(name: &AxisName) -> Option<AxisData> {
    let mut trace = current();
    while let Some(inner) = trace {
        if let TraceKind::Batch(axis) = &inner.kind
            && axis.name.as_ref() == Some(name)
        {
            return Some(axis.clone());
        }
        trace = inner.parent.clone();
    }
    None
}

/// The named axes around here and their sizes, innermost first.
pub fn axis_environment() -> Vec<(AxisName, usize)> {
    let mut axes = vec![];
    let mut trace = current();
    while let Some(inner) = trace {
        if let TraceKind::Batch(AxisData { name: Some(name), size }) = &inner.kind {
            axes.push((name.clone(), *size));
        }
        trace = inner.parent.clone();
    }
    axes
}

/// Calls `f` where axes of these names and sizes count as mapped, the last one innermost.
pub fn with_axes<R>(axes: &[(AxisName, usize)], f: impl FnOnce() -> R) -> R {
    let trace = axes.iter().fold(current(), |parent, (name, size)| {
        Some(batch::new_trace(parent, AxisData { name: Some(name.clone()), size: *size }))
    });
    with_current(trace, f)
}

/// Whether operations are being recorded now, rather than computed.
pub fn is_staging() -> bool {
    let mut trace = current();
    while let Some(inner) = trace {
        match &inner.kind {
            TraceKind::Stage(_) => return true,
            TraceKind::Evaluate => return false,
            TraceKind::Jvp { .. } | TraceKind::Tape(_) | TraceKind::Batch(_) => {}
        }
        trace = inner.parent.clone();
    }
    false
}

impl Tracer {
    /// The array inside, for traces that keep one whose contents are those of the traced array.
    pub(crate) fn known_value(&self) -> Option<&Array> {
        match &self.payload {
            Payload::Jvp { primal, .. } => Some(primal),
            Payload::Batch { .. } | Payload::Staged(_) => None,
        }
    }

    /// The trace that made this.
    pub fn trace(&self) -> &Arc<Trace> {
        &self.trace
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.payload, &self.trace.kind) {
            (Payload::Jvp { primal, tangent }, TraceKind::Jvp { tape: None }) => {
                write!(f, "JVPTracer(primal={primal}, tangent={tangent})")
            }
            (Payload::Jvp { primal, .. }, _) => {
                let tangent = self.aval.tangent();
                let primal = match primal.tensor() {
                    Some(tensor) if tensor.rank() == 0 => scalar_text(tensor),
                    _ => primal.to_string(),
                };
                write!(f, "GradTracer(primal={primal}, typeof(tangent)={})", tangent.short())
            }
            (Payload::Batch { value, .. }, _) => {
                write!(f, "VmapTracer(aval={}, batched={})", self.aval, value.aval())
            }
            (Payload::Staged(_), _) => {
                write!(f, "JitTracer({}{})", if self.aval.weak { "~" } else { "" }, self.aval)
            }
        }
    }
}
