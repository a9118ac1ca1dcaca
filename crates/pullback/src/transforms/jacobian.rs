//! Matrices of derivatives: `jacfwd`, `jacrev` and `hessian`, over trees.

use std::collections::{BTreeMap, HashMap};
use std::marker::PhantomData;
use std::rc::Rc;

use pullback_core::{Array, Error, Result};

use super::grad::{At, Select, Shared};
use super::{Chosen, called};
use crate::flat::{self, Differentiated};
use crate::function::{Function, Signature, Transformed};
use crate::pytree::Pytree;

/// What a function with a Jacobian gives: an array, or a container of such. `X` is the tree of the
/// arguments that it is differentiated with respect to.
///
/// The Jacobian has a tree of arguments in place of each array of the results. Structs of the
/// user's own are no results in this sense, since their fields are arrays; as arguments they are
/// as good as any tree.
///
/// ```
/// # use pullback::prelude::*;
/// let f = |x: &Array| (x.square(), x.sum());
/// let (squares, sum) = jacrev(f)(&Array::from([1.0, 2.0]));
/// assert_eq!(squares, Array::from([[2.0, 0.0], [0.0, 4.0]]));
/// assert_eq!(sum, Array::from([1.0, 1.0]));
/// ```
pub trait Results<X: Pytree>: Pytree {
    /// The Jacobian.
    type Jacobian: Pytree;

    /// The container with the next trees of `blocks` in place of its arrays; `None` if there are
    /// too few.
    fn jacobian(&self, blocks: &mut dyn Iterator<Item = X>) -> Option<Self::Jacobian>;
}

impl<X: Pytree> Results<X> for Array {
    type Jacobian = X;

    fn jacobian(&self, blocks: &mut dyn Iterator<Item = X>) -> Option<X> {
        blocks.next()
    }
}

impl<X: Pytree, Y: Results<X>> Results<X> for Vec<Y> {
    type Jacobian = Vec<Y::Jacobian>;

    fn jacobian(&self, blocks: &mut dyn Iterator<Item = X>) -> Option<Self::Jacobian> {
        self.iter().map(|y| y.jacobian(blocks)).collect()
    }
}

impl<X: Pytree, Y: Results<X>, const N: usize> Results<X> for [Y; N] {
    type Jacobian = [Y::Jacobian; N];

    fn jacobian(&self, blocks: &mut dyn Iterator<Item = X>) -> Option<Self::Jacobian> {
        let rows: Option<Vec<_>> = self.iter().map(|y| y.jacobian(blocks)).collect();
        rows?.try_into().ok()
    }
}

impl<X: Pytree, Y: Results<X>> Results<X> for Option<Y> {
    type Jacobian = Option<Y::Jacobian>;

    fn jacobian(&self, blocks: &mut dyn Iterator<Item = X>) -> Option<Self::Jacobian> {
        match self {
            Some(y) => y.jacobian(blocks).map(Some),
            None => Some(None),
        }
    }
}

impl<X: Pytree, Y: Results<X>> Results<X> for BTreeMap<String, Y> {
    type Jacobian = BTreeMap<String, Y::Jacobian>;

    fn jacobian(&self, blocks: &mut dyn Iterator<Item = X>) -> Option<Self::Jacobian> {
        self.iter().map(|(name, y)| Some((name.clone(), y.jacobian(blocks)?))).collect()
    }
}

impl<X: Pytree, Y: Results<X>> Results<X> for HashMap<String, Y> {
    type Jacobian = HashMap<String, Y::Jacobian>;

    fn jacobian(&self, blocks: &mut dyn Iterator<Item = X>) -> Option<Self::Jacobian> {
        let entries = crate::pytree::sorted(self).into_iter();
        entries.map(|(name, y)| Some((name.clone(), y.jacobian(blocks)?))).collect()
    }
}

macro_rules! tuples {
    ($(($($name:ident $place:tt),+);)*) => {
        $(impl<X: Pytree, $($name: Results<X>),+> Results<X> for ($($name,)+) {
            type Jacobian = ($($name::Jacobian,)+);

            fn jacobian(&self, blocks: &mut dyn Iterator<Item = X>) -> Option<Self::Jacobian> {
                Some(($(self.$place.jacobian(blocks)?,)+))
            }
        })*
    };
}

tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
}

/// Which way a Jacobian is computed.
#[derive(Clone, Copy)]
enum Mode {
    Forward,
    Reverse,
}

fn evaluate<M, V, S>(
    mode: Mode,
    f: &dyn Fn(&M::Args) -> Result<V>,
    options: Differentiated,
    args: &M::Args,
) -> Result<V::Jacobian>
where
    M: Signature,
    S: Select<M::Args>,
    V: Results<S::Picked>,
{
    let chosen = Chosen::new(args, S::PLACES);
    let mut tree = None;
    let call = |x: &[Array]| {
        let value = f(&args.with_leaves(chosen.with(x)))?;
        let leaves = value.leaves();
        tree = Some(value);
        Ok((leaves, vec![]))
    };
    let inputs = chosen.inputs();
    let result = match mode {
        Mode::Forward => flat::jacfwd(options, call, &inputs)?,
        Mode::Reverse => flat::jacrev(options, call, &inputs)?,
    };
    let rows = result.blocks.iter().map(|row| S::pick(&args.with_leaves(chosen.with(row))));
    let jacobian = called(tree)?.jacobian(&mut rows.into_iter());
    jacobian.ok_or_else(|| Error::Program { message: "a Jacobian has too few rows".into() })
}

/// What a Jacobian is taken of and how, kept for [`argnums`](Transformed::argnums) and the like.
pub struct Differential<'f, M: Signature, V, S> {
    f: Shared<'f, M, V>,
    options: Differentiated,
    mode: Mode,
    selected: PhantomData<fn() -> S>,
}

/// The same for second derivatives.
pub struct SecondDifferential<'f, M: Signature, V, S>(Differential<'f, M, V, S>);

type Picked<M, S> = <S as Select<<M as Signature>::Args>>::Picked;
/// The Jacobian of a value `V`.
type JacobianOf<M, V, S> = <V as Results<Picked<M, S>>>::Jacobian;
/// What `jacfwd` and `jacrev` give.
type Jacobian<'f, M, V, S> = Transformed<'f, M, JacobianOf<M, V, S>, Differential<'f, M, V, S>>;
/// What `hessian` gives.
type Hessian<'f, M, V, S> =
    Transformed<'f, M, JacobianOf<M, JacobianOf<M, V, S>, S>, SecondDifferential<'f, M, V, S>>;

impl<'f, M, V, S> Differential<'f, M, V, S>
where
    M: Signature,
    S: Select<M::Args> + 'f,
    V: Results<S::Picked>,
{
    fn new(f: Shared<'f, M, V>, options: Differentiated, mode: Mode) -> Self {
        Differential { f, options, mode, selected: PhantomData }
    }

    fn jacobian(self) -> Jacobian<'f, M, V, S> {
        let (f, options, mode) = (self.f.clone(), self.options, self.mode);
        Transformed::new(move |args| evaluate::<M, V, S>(mode, &*f, options, args), self)
    }

    fn hessian(self) -> Hessian<'f, M, V, S>
    where
        V::Jacobian: Results<S::Picked>,
    {
        let (f, options) = (self.f.clone(), self.options);
        let call = move |args: &M::Args| {
            let rows = |args: &M::Args| evaluate::<M, V, S>(Mode::Reverse, &*f, options, args);
            evaluate::<M, V::Jacobian, S>(Mode::Forward, &rows, options, args)
        };
        Transformed::new(call, SecondDifferential(self))
    }
}

/// The matrix of derivatives of a function, a column at a time: by forward mode.
///
/// The result has the structure of the value, with the first argument in place of each array; the
/// arrays have the axes of the value, then those of the argument.
///
/// ```
/// # use pullback::prelude::*;
/// let df = jacfwd(|x: &Array| x.square());
/// assert_eq!(df(&Array::from([1.0, 2.0])), Array::from([[2.0, 0.0], [0.0, 4.0]]));
/// ```
///
/// Called, it fails if the argument is not real.
pub fn jacfwd<'f, F, M>(f: F) -> Jacobian<'f, M, F::Value, At<0>>
where
    M: Signature,
    F: Function<M> + 'f,
    At<0>: Select<M::Args>,
    F::Value: Results<Picked<M, At<0>>>,
{
    let f: Shared<'f, M, F::Value> = Rc::new(move |args: &M::Args| f.call(args));
    Differential::new(f, Differentiated::default(), Mode::Forward).jacobian()
}

/// The matrix of derivatives of a function, a row at a time: by reverse mode.
///
/// The result is that of [`jacfwd`]; it is found faster where there are fewer results than
/// arguments.
///
/// ```
/// # use pullback::prelude::*;
/// let df = jacrev(|x: &Array, y: &Array| x * y).argnums::<(At<0>, At<1>)>();
/// let (dx, dy) = df(&Array::from([1.0, 2.0]), &Array::from([3.0, 4.0]));
/// assert_eq!(dx, Array::from([[3.0, 0.0], [0.0, 4.0]]));
/// assert_eq!(dy, Array::from([[1.0, 0.0], [0.0, 2.0]]));
/// ```
///
/// Called, it fails if the argument is not of an inexact type, or the value not real.
pub fn jacrev<'f, F, M>(f: F) -> Jacobian<'f, M, F::Value, At<0>>
where
    M: Signature,
    F: Function<M> + 'f,
    At<0>: Select<M::Args>,
    F::Value: Results<Picked<M, At<0>>>,
{
    let f: Shared<'f, M, F::Value> = Rc::new(move |args: &M::Args| f.call(args));
    Differential::new(f, Differentiated::default(), Mode::Reverse).jacobian()
}

/// The matrix of second derivatives of a function: forward over reverse mode.
///
/// ```
/// # use pullback::prelude::*;
/// let ddf = hessian(|x: &Array| x.powi(3).sum());
/// assert_eq!(ddf(&Array::from([1.0, 2.0])), Array::from([[6.0, 0.0], [0.0, 12.0]]));
/// let ddf = hessian(|p: &(Array, Array)| (&p.0 * &p.1).sum());
/// let ((aa, ab), _) = ddf(&(Array::from(2.0), Array::from(3.0)));
/// assert_eq!((aa.to_f64()?, ab.to_f64()?), (0.0, 1.0));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// Called, it fails if argument or value are not real.
pub fn hessian<'f, F, M>(f: F) -> Hessian<'f, M, F::Value, At<0>>
where
    M: Signature,
    F: Function<M> + 'f,
    At<0>: Select<M::Args>,
    F::Value: Results<Picked<M, At<0>>>,
    JacobianOf<M, F::Value, At<0>>: Results<Picked<M, At<0>>>,
{
    let f: Shared<'f, M, F::Value> = Rc::new(move |args: &M::Args| f.call(args));
    Differential::new(f, Differentiated::default(), Mode::Reverse).hessian()
}

impl<'f, M, V, S, Out> Transformed<'f, M, Out, Differential<'f, M, V, S>>
where
    M: Signature,
    S: Select<M::Args> + 'f,
    V: Results<S::Picked>,
{
    /// The derivatives with respect to other arguments: `.argnums::<(At<0>, At<1>)>()`.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let df = jacfwd(|x: &Array, y: &Array| x * y).argnums::<At<1>>();
    /// assert_eq!(df(&3.0.into(), &5.0.into()), 3.0);
    /// ```
    pub fn argnums<T>(self) -> Jacobian<'f, M, V, T>
    where
        T: Select<M::Args> + 'f,
        V: Results<T::Picked>,
    {
        let Differential { f, options, mode, .. } = self.state;
        Differential::new(f, options, mode).jacobian()
    }

    /// The complex derivatives of a holomorphic function: arguments and value are complex.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let z = Array::constant(3.0, DType::C64);
    /// let df = jacfwd(|z: &Array| z.square()).holomorphic();
    /// assert_eq!(df(&z), Array::constant(6.0, DType::C64));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn holomorphic(mut self) -> Jacobian<'f, M, V, S> {
        self.state.options.holomorphic = true;
        self.state.jacobian()
    }

    /// Takes whole numbers too, by reverse mode: their derivatives are zeros.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let df = jacrev(|n: &Array| n * 2.0).allow_int();
    /// assert_eq!(df(&Array::from([1, 2])), Array::from([[0, 0], [0, 0]]));
    /// ```
    pub fn allow_int(mut self) -> Jacobian<'f, M, V, S> {
        self.state.options.allow_int = true;
        self.state.jacobian()
    }
}

impl<'f, M, V, S, Out> Transformed<'f, M, Out, SecondDifferential<'f, M, V, S>>
where
    M: Signature,
    S: Select<M::Args> + 'f,
    V: Results<S::Picked>,
{
    /// The second derivatives with respect to other arguments: `.argnums::<(At<0>, At<1>)>()`.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let ddf = hessian(|x: &Array, y: &Array| x * y.powi(2)).argnums::<At<1>>();
    /// assert_eq!(ddf(&3.0.into(), &5.0.into()), 6.0);
    /// ```
    pub fn argnums<T>(self) -> Hessian<'f, M, V, T>
    where
        T: Select<M::Args> + 'f,
        V: Results<T::Picked>,
        JacobianOf<M, V, T>: Results<T::Picked>,
    {
        let Differential { f, options, mode, .. } = self.state.0;
        Differential::new(f, options, mode).hessian()
    }

    /// The complex second derivatives of a holomorphic function.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let z = Array::constant(3.0, DType::C64);
    /// let ddf = hessian(|z: &Array| z.powi(3)).holomorphic();
    /// assert_eq!(ddf(&z), Array::constant(18.0, DType::C64));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn holomorphic(mut self) -> Hessian<'f, M, V, S>
    where
        V::Jacobian: Results<S::Picked>,
    {
        self.state.0.options.holomorphic = true;
        self.state.0.hessian()
    }
}
