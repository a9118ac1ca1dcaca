//! What the derivative of a [checkpointed](crate::checkpoint) function may keep, instead of
//! computing it again.
//!
//! ```
//! # use pullback::{checkpoint_policies, prelude::*};
//! let layer = |w: &Array, x: &Array| w.matmul(x).sin().sum();
//! let light = checkpoint(layer).policy(checkpoint_policies::dots_saveable());
//! let (w, x) = (Array::from([[1.0, 2.0]]), Array::from([[3.0], [4.0]]));
//! assert_eq!(grad(light)(&w, &x), grad(layer)(&w, &x));
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use pullback_core::jaxpr::Eqn;
use pullback_core::primitives::Op;
use pullback_core::primitives::control::remat;
use pullback_core::primitives::custom::name;
use pullback_core::{Array, Result};

use crate::pytree::Pytree;

/// Which results may be kept: those of the equations that a function accepts.
///
/// ```
/// # use pullback::{checkpoint_policies::Policy, prelude::*};
/// let sines = Policy::new("sines", |eqn| eqn.op.primitive().name() == "sin");
/// let f = checkpoint(|x: &Array| x.sin().sin()).policy(sines);
/// assert_eq!(grad(f)(&0.0.into()), 1.0);
/// ```
#[derive(Clone, Debug)]
pub struct Policy(pub(crate) remat::Policy);

impl Policy {
    /// A policy under the name that programs show for it.
    ///
    /// ```
    /// # use pullback::{checkpoint_policies::Policy, prelude::*};
    /// let all = Policy::new("all", |_| true);
    /// let f = checkpoint(|x: &Array| x.sin()).policy(all);
    /// assert!(make_jaxpr(f)(&0.0.into()).to_string().contains("policy=all"));
    /// ```
    pub fn new(name: &str, saves: impl Fn(&Eqn) -> bool + Send + Sync + 'static) -> Policy {
        Policy(remat::Policy { name: name.into(), saves: Arc::new(saves) })
    }

    /// Whether the results of an equation may be kept.
    ///
    /// ```
    /// # use pullback::{checkpoint_policies, prelude::*};
    /// let program = make_jaxpr(|x: &Array| x.sin())(&1.0.into());
    /// assert!(checkpoint_policies::everything_saveable().saves(&program.eqns[0]));
    /// assert!(!checkpoint_policies::nothing_saveable().saves(&program.eqns[0]));
    /// ```
    pub fn saves(&self, eqn: &Eqn) -> bool {
        (self.0.saves)(eqn)
    }
}

/// Keeps everything, as without a checkpoint.
///
/// ```
/// # use pullback::{checkpoint_policies::*, prelude::*};
/// let f = |x: &Array| x.sin().sin();
/// let light = checkpoint(f).policy(everything_saveable());
/// assert_eq!(grad(light)(&0.5.into()), grad(f)(&0.5.into()));
/// ```
pub fn everything_saveable() -> Policy {
    Policy::new("everything_saveable", |_| true)
}

/// Keeps nothing but the arguments, as a checkpoint without a policy.
///
/// ```
/// # use pullback::{checkpoint_policies::*, prelude::*};
/// let f = |x: &Array| x.sin().sin();
/// let light = checkpoint(f).policy(nothing_saveable());
/// assert_eq!(grad(light)(&0.5.into()), grad(f)(&0.5.into()));
/// ```
pub fn nothing_saveable() -> Policy {
    Policy::new("nothing_saveable", |_| false)
}

/// Keeps products of matrices, which take longest to compute again.
///
/// ```
/// # use pullback::{checkpoint_policies::*, prelude::*};
/// let f = |x: &Array| x.sin().sin();
/// let light = checkpoint(f).policy(dots_saveable());
/// assert_eq!(grad(light)(&0.5.into()), grad(f)(&0.5.into()));
/// ```
pub fn dots_saveable() -> Policy {
    Policy::new("dots_saveable", |eqn| matches!(eqn.op, Op::DotGeneral(_)))
}

/// Keeps products of matrices that have no batch axes.
///
/// ```
/// # use pullback::{checkpoint_policies::*, prelude::*};
/// let f = |x: &Array| x.sin().sin();
/// let light = checkpoint(f).policy(dots_with_no_batch_dims_saveable());
/// assert_eq!(grad(light)(&0.5.into()), grad(f)(&0.5.into()));
/// ```
pub fn dots_with_no_batch_dims_saveable() -> Policy {
    Policy::new(
        "dots_with_no_batch_dims_saveable",
        |eqn| matches!(&eqn.op, Op::DotGeneral(dot) if dot.dims.lhs_batch.is_empty()),
    )
}

/// Keeps what either policy keeps.
///
/// ```
/// # use pullback::checkpoint_policies::*;
/// # use pullback::prelude::*;
/// let both = save_from_both_policies(dots_saveable(), save_only_these_names(&["hidden"]));
/// let program = make_jaxpr(|x: &Array| checkpoint_name(x, "hidden"))(&1.0.into());
/// assert!(both.saves(&program.eqns[0]));
/// ```
pub fn save_from_both_policies(first: Policy, second: Policy) -> Policy {
    Policy::new("save_from_both_policies", move |eqn| first.saves(eqn) || second.saves(eqn))
}

/// Keeps values that [`checkpoint_name`] gave one of these names.
///
/// ```
/// # use pullback::{checkpoint_policies::*, prelude::*};
/// let f = |x: &Array| Ok(checkpoint_name(&x.sin(), "hidden")?.sin());
/// let light = checkpoint(f).policy(save_only_these_names(&["hidden"]));
/// assert_eq!(grad(light)(&0.0.into()), 1.0);
/// ```
pub fn save_only_these_names(names: &[&str]) -> Policy {
    let names = owned(names);
    let saves = move |eqn: &Eqn| name_of(eqn).is_some_and(|name| names.contains(name));
    Policy::new("save_only_these_names", saves)
}

/// Keeps values that [`checkpoint_name`] gave a name other than these.
///
/// ```
/// # use pullback::{checkpoint_policies::*, prelude::*};
/// let f = |x: &Array| Ok(checkpoint_name(&x.sin(), "hidden")?.sin());
/// let light = checkpoint(f).policy(save_any_names_but_these(&["other"]));
/// assert_eq!(grad(light)(&0.5.into()), grad(f)(&0.5.into()));
/// ```
pub fn save_any_names_but_these(names: &[&str]) -> Policy {
    let names = owned(names);
    let saves = move |eqn: &Eqn| name_of(eqn).is_some_and(|name| !names.contains(name));
    Policy::new("save_any_names_but_these", saves)
}

/// Keeps everything but values that [`checkpoint_name`] gave one of these names.
///
/// ```
/// # use pullback::{checkpoint_policies::*, prelude::*};
/// let f = |x: &Array| Ok(checkpoint_name(&x.sin(), "hidden")?.sin());
/// let light = checkpoint(f).policy(save_anything_except_these_names(&["hidden"]));
/// assert_eq!(grad(light)(&0.5.into()), grad(f)(&0.5.into()));
/// ```
pub fn save_anything_except_these_names(names: &[&str]) -> Policy {
    let names = owned(names);
    let saves = move |eqn: &Eqn| name_of(eqn).is_none_or(|name| !names.contains(name));
    Policy::new("save_anything_except_these_names", saves)
}

fn owned(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

fn name_of(eqn: &Eqn) -> Option<&str> {
    match &eqn.op {
        Op::Name(op) => Some(&op.name),
        _ => None,
    }
}

/// The tree itself, under a name that policies know.
///
/// ```
/// # use pullback::{checkpoint_policies::checkpoint_name, prelude::*};
/// assert_eq!(checkpoint_name(&Array::from(2), "two")?, 2);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If an array in it belongs to a transformation that has ended.
pub fn checkpoint_name<T: Pytree>(tree: &T, label: &str) -> Result<T> {
    let named: Vec<Array> =
        tree.leaves().iter().map(|leaf| name::name(leaf, label)).collect::<Result<_>>()?;
    Ok(tree.with_leaves(named))
}
