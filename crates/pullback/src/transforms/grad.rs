//! `grad` and `value_and_grad`.

use std::marker::PhantomData;
use std::rc::Rc;

use pullback_core::{Array, Result};

use super::{Chosen, called};
use crate::flat::{self, Differentiated};
use crate::function::{Function, Signature, Transformed};
use crate::pytree::{Argument, Arguments, Pytree};

/// Names the argument in place `I`.
///
/// ```
/// # use pullback::prelude::*;
/// let f = |x: &Array, y: &Array| x * y;
/// let df = grad(f).argnums::<At<1>>();
/// assert_eq!(df(&3.0.into(), &5.0.into()), 3.0);
/// ```
pub struct At<const I: usize>;

/// Arguments to differentiate with respect to: one [`At`], or a tuple of them.
pub trait Select<Args: Arguments> {
    /// Their types.
    type Picked: Pytree;
    /// Their places.
    const PLACES: &'static [usize];

    /// The arguments among all.
    fn pick(args: &Args) -> Self::Picked;
}

impl<const I: usize, Args: Arguments + Argument<I>> Select<Args> for At<I> {
    type Picked = <Args as Argument<I>>::Item;
    const PLACES: &'static [usize] = &[I];

    fn pick(args: &Args) -> Self::Picked {
        Argument::<I>::item(args.clone())
    }
}

macro_rules! selections {
    ($(($($place:ident),+);)*) => {
        $(impl<Args: Arguments $(+ Argument<$place>)+, $(const $place: usize),+> Select<Args>
            for ($(At<$place>,)+)
        {
            type Picked = ($(<Args as Argument<$place>>::Item,)+);
            const PLACES: &'static [usize] = &[$($place),+];

            fn pick(args: &Args) -> Self::Picked {
                ($(Argument::<$place>::item(args.clone()),)+)
            }
        })*
    };
}

selections! { (I); (I, J); (I, J, K); (I, J, K, L); }

/// What a function that has a gradient gives: a scalar, or a scalar and something else, which is
/// handed through and not differentiated.
///
/// ```
/// # use pullback::prelude::*;
/// let f = |x: &Array| (x.square().sum(), vec![x.max(), x.min()]);
/// let (dx, extremes) = grad(f)(&Array::from([1.0, 2.0]));
/// assert_eq!(dx, Array::from([2.0, 4.0]));
/// assert_eq!(extremes[0], 2.0);
/// ```
pub trait Objective: Pytree {
    /// The gradient, with what else the function gives.
    type Gradient<G: Pytree>: Pytree;
    /// The value and the gradient, with what else the function gives.
    type ValueAndGradient<G: Pytree>: Pytree;

    /// This in place of the function's value, with a gradient.
    fn with_gradient<G: Pytree>(self, gradient: G) -> Self::Gradient<G>;

    /// This as the function's value, with a gradient.
    fn and_gradient<G: Pytree>(self, gradient: G) -> Self::ValueAndGradient<G>;
}

impl Objective for Array {
    type Gradient<G: Pytree> = G;
    type ValueAndGradient<G: Pytree> = (Array, G);

    fn with_gradient<G: Pytree>(self, gradient: G) -> G {
        gradient
    }

    fn and_gradient<G: Pytree>(self, gradient: G) -> (Array, G) {
        (self, gradient)
    }
}

impl<Aux: Pytree> Objective for (Array, Aux) {
    type Gradient<G: Pytree> = (G, Aux);
    type ValueAndGradient<G: Pytree> = ((Array, Aux), G);

    fn with_gradient<G: Pytree>(self, gradient: G) -> (G, Aux) {
        (gradient, self.1)
    }

    fn and_gradient<G: Pytree>(self, gradient: G) -> ((Array, Aux), G) {
        (self, gradient)
    }
}

/// A function over all arguments.
pub(super) type Shared<'f, M, V> = Rc<dyn Fn(&<M as Signature>::Args) -> Result<V> + 'f>;

/// The value of a function, and its gradient with respect to the arguments that `S` selects.
fn evaluate<M: Signature, V: Objective, S: Select<M::Args>>(
    name: &str,
    f: &Shared<'_, M, V>,
    options: Differentiated,
    args: &M::Args,
) -> Result<(V, S::Picked)> {
    let chosen = Chosen::new(args, S::PLACES);
    let mut tree = None;
    let call = |x: &[Array]| {
        let value = f(&args.with_leaves(chosen.with(x)))?;
        let leaves = value.leaves();
        tree = Some(value);
        Ok(leaves)
    };
    let result = flat::value_and_grad(name, options, call, &chosen.inputs())?;
    let leaves = std::iter::once(result.value).chain(result.aux).collect();
    let value = called(tree)?.with_leaves(leaves);
    Ok((value, S::pick(&args.with_leaves(chosen.with(&result.gradients)))))
}

/// What a gradient is taken of and how, kept for [`argnums`](Transformed::argnums) and the like.
pub struct Gradient<'f, M: Signature, V, S> {
    f: Shared<'f, M, V>,
    options: Differentiated,
    selected: PhantomData<fn() -> S>,
}

/// The same, where the value is wanted too.
pub struct ValueAndGradient<'f, M: Signature, V, S>(Gradient<'f, M, V, S>);

type Picked<M, S> = <S as Select<<M as Signature>::Args>>::Picked;
/// What `grad` gives.
type Grad<'f, M, V, S> =
    Transformed<'f, M, <V as Objective>::Gradient<Picked<M, S>>, Gradient<'f, M, V, S>>;
/// What `value_and_grad` gives.
type ValueAndGrad<'f, M, V, S> = Transformed<
    'f,
    M,
    <V as Objective>::ValueAndGradient<Picked<M, S>>,
    ValueAndGradient<'f, M, V, S>,
>;

fn gradient<'f, M, V, S>(f: Shared<'f, M, V>, options: Differentiated) -> Grad<'f, M, V, S>
where
    M: Signature,
    V: Objective,
    S: Select<M::Args> + 'f,
{
    let state = Gradient { f: f.clone(), options, selected: PhantomData };
    let call = move |args: &M::Args| {
        let (value, gradient) = evaluate::<M, V, S>("grad", &f, options, args)?;
        Ok(value.with_gradient(gradient))
    };
    Transformed::new(call, state)
}

fn value_and_gradient<'f, M, V, S>(
    f: Shared<'f, M, V>,
    options: Differentiated,
) -> ValueAndGrad<'f, M, V, S>
where
    M: Signature,
    V: Objective,
    S: Select<M::Args> + 'f,
{
    let state = ValueAndGradient(Gradient { f: f.clone(), options, selected: PhantomData });
    let call = move |args: &M::Args| {
        let (value, gradient) = evaluate::<M, V, S>("value_and_grad", &f, options, args)?;
        Ok(value.and_gradient(gradient))
    };
    Transformed::new(call, state)
}

/// The gradient of a function of real value, with respect to its first argument.
///
/// The gradient has the structure of the argument. A function that gives a pair has the first of
/// it differentiated and the second, auxiliary one given with the gradient: see [`Objective`].
///
/// ```
/// use pullback::prelude::*;
///
/// let f = |x: Array| 3.0 * x.powi(2) + 4.0 * &x - 3.0;
/// let df = grad(f);
/// assert_eq!(df(3.0).to_f64()?, 22.0);
/// let ddf = grad(grad(f));
/// assert_eq!(ddf(3.0).to_f64()?, 6.0);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// Called, it fails if the value is not a real scalar, or the argument is not of an inexact type.
pub fn grad<'f, F, M>(f: F) -> Grad<'f, M, F::Value, At<0>>
where
    M: Signature,
    F: Function<M> + 'f,
    F::Value: Objective,
    At<0>: Select<M::Args>,
{
    gradient(Rc::new(move |args: &M::Args| f.call(args)), Differentiated::default())
}

/// The value of a function of real value, and its gradient with respect to the first argument.
///
/// ```
/// # use pullback::prelude::*;
/// let f = value_and_grad(|x: &Array| x.square().sum());
/// let (y, dx) = f(&Array::from([1.0, 2.0]));
/// assert_eq!(y, 5.0);
/// assert_eq!(dx, Array::from([2.0, 4.0]));
/// let f = value_and_grad(|x: &Array| (x.square().sum(), x.max()));
/// let ((y, largest), _) = f(&Array::from([1.0, 2.0]));
/// assert_eq!((y.to_f64()?, largest.to_f64()?), (5.0, 2.0));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// Called, it fails as [`grad`] does.
pub fn value_and_grad<'f, F, M>(f: F) -> ValueAndGrad<'f, M, F::Value, At<0>>
where
    M: Signature,
    F: Function<M> + 'f,
    F::Value: Objective,
    At<0>: Select<M::Args>,
{
    value_and_gradient(Rc::new(move |args: &M::Args| f.call(args)), Differentiated::default())
}

impl<'f, M, V, S, Out> Transformed<'f, M, Out, Gradient<'f, M, V, S>>
where
    M: Signature,
    V: Objective,
    S: Select<M::Args> + 'f,
{
    /// The gradient with respect to other arguments: `.argnums::<(At<0>, At<1>)>()`.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let df = grad(|x: &Array, y: &Array| x * y).argnums::<(At<0>, At<1>)>();
    /// let (dx, dy) = df(&3.0.into(), &5.0.into());
    /// assert_eq!((dx.to_f64()?, dy.to_f64()?), (5.0, 3.0));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn argnums<T: Select<M::Args> + 'f>(self) -> Grad<'f, M, V, T> {
        gradient(self.state.f, self.state.options)
    }

    /// The complex derivative of a holomorphic function: arguments and value are complex.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let z = Array::constant(2.0, DType::C64);
    /// let df = grad(|z: &Array| z.square()).holomorphic();
    /// assert_eq!(df(&z), Array::constant(4.0, DType::C64));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn holomorphic(self) -> Grad<'f, M, V, S> {
        gradient(self.state.f, Differentiated { holomorphic: true, ..self.state.options })
    }

    /// Takes whole numbers too: their derivatives are zeros of type `float0`.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let df = grad(|n: &Array| n * 2.0).allow_int();
    /// assert_eq!(df(&Array::from(3)).dtype(), DType::Float0);
    /// ```
    pub fn allow_int(self) -> Grad<'f, M, V, S> {
        gradient(self.state.f, Differentiated { allow_int: true, ..self.state.options })
    }
}

impl<'f, M, V, S, Out> Transformed<'f, M, Out, ValueAndGradient<'f, M, V, S>>
where
    M: Signature,
    V: Objective,
    S: Select<M::Args> + 'f,
{
    /// The value, and the gradient with respect to other arguments:
    /// `.argnums::<(At<0>, At<1>)>()`.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let f = value_and_grad(|x: &Array, y: &Array| x * y).argnums::<At<1>>();
    /// let (value, dy) = f(&3.0.into(), &5.0.into());
    /// assert_eq!((value.to_f64()?, dy.to_f64()?), (15.0, 3.0));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn argnums<T: Select<M::Args> + 'f>(self) -> ValueAndGrad<'f, M, V, T> {
        value_and_gradient(self.state.0.f, self.state.0.options)
    }

    /// The complex derivative of a holomorphic function: arguments and value are complex.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let z = Array::constant(2.0, DType::C64);
    /// let (value, dz) = value_and_grad(|z: &Array| z.square()).holomorphic()(&z);
    /// assert_eq!(value, dz);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn holomorphic(self) -> ValueAndGrad<'f, M, V, S> {
        let options = Differentiated { holomorphic: true, ..self.state.0.options };
        value_and_gradient(self.state.0.f, options)
    }

    /// Takes whole numbers too: their derivatives are zeros of type `float0`.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let (value, dn) = value_and_grad(|n: &Array| n * 2.0).allow_int()(&Array::from(3));
    /// assert_eq!((value.to_f64()?, dn.dtype()), (6.0, DType::Float0));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn allow_int(self) -> ValueAndGrad<'f, M, V, S> {
        let options = Differentiated { allow_int: true, ..self.state.0.options };
        value_and_gradient(self.state.0.f, options)
    }
}
