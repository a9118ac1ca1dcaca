//! `checkpoint`: a function whose derivative computes again what it needs, instead of keeping it.

use std::rc::Rc;

use pullback_core::jaxpr::{Staged, stage};
use pullback_core::primitives::control::remat::Remat;
use pullback_core::trace::bind;
use pullback_core::{Array, Aval, Result};

use super::{over_leaves, rebuilt};
use crate::checkpoint_policies::Policy;
use crate::function::{Function, Signature, Transformed};
use crate::pytree::Pytree;

/// A function and what its derivative may keep, for [`policy`](Transformed::policy) and the like.
pub struct Checkpoint<F> {
    f: Rc<F>,
    policy: Option<Policy>,
    prevent_cse: bool,
}

/// What `checkpoint` gives.
type Checkpointed<'f, M, F, V> = Transformed<'f, M, V, Checkpoint<F>>;

/// The function, whose derivative keeps the arguments alone and computes everything else again:
/// less memory for more time.
///
/// ```
/// # use pullback::prelude::*;
/// let f = |x: &Array| x.sin().sin().sin();
/// let x = Array::from(0.7);
/// assert_eq!(grad(checkpoint(f))(&x), grad(f)(&x));
/// ```
///
/// Called, it fails where the function does.
pub fn checkpoint<'f, F, M>(f: F) -> Checkpointed<'f, M, F, F::Value>
where
    M: Signature,
    F: Function<M> + 'f,
{
    transformed(Checkpoint { f: Rc::new(f), policy: None, prevent_cse: true })
}

fn transformed<'f, F, M>(state: Checkpoint<F>) -> Checkpointed<'f, M, F, F::Value>
where
    M: Signature,
    F: Function<M> + 'f,
{
    let (f, prevent_cse) = (state.f.clone(), state.prevent_cse);
    let policy = state.policy.as_ref().map(|policy| policy.0.clone());
    let call = move |args: &M::Args| -> Result<F::Value> {
        let leaves = args.leaves();
        let types: Vec<Aval> = leaves.iter().map(Array::aval).collect();
        let mut tree = None;
        let call = over_leaves(|args| f.call(args), args, &mut tree);
        let Staged { jaxpr, captured } = stage(&types, call)?;
        let policy = policy.clone();
        let op = Remat { jaxpr: jaxpr.into(), policy, differentiated: false, prevent_cse };
        let inputs: Vec<&Array> = captured.iter().chain(&leaves).collect();
        rebuilt(tree, bind(op, &inputs)?.into_vec())
    };
    Transformed::new(call, state)
}

impl<'f, M, F> Checkpointed<'f, M, F, F::Value>
where
    M: Signature,
    F: Function<M> + 'f,
{
    /// Says what the derivative may keep.
    ///
    /// ```
    /// # use pullback::{checkpoint_policies, prelude::*};
    /// let f = |x: &Array| x.sin().sin();
    /// let kept = checkpoint(f).policy(checkpoint_policies::everything_saveable());
    /// assert_eq!(grad(kept)(&0.5.into()), grad(f)(&0.5.into()));
    /// ```
    pub fn policy(self, policy: Policy) -> Self {
        transformed(Checkpoint { policy: Some(policy), ..self.state })
    }

    /// Says whether the second computation is kept from being merged with the first, as it is
    /// unless said otherwise.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let f = checkpoint(|x: &Array| x.sin()).prevent_cse(false);
    /// let text = make_jaxpr(|x: &Array| f(x))(&1.0.into()).to_string();
    /// assert!(text.contains("prevent_cse=False"));
    /// ```
    pub fn prevent_cse(self, on: bool) -> Self {
        transformed(Checkpoint { prevent_cse: on, ..self.state })
    }
}
