//! Derivatives: gradients, products with tangents and cotangents, Jacobians, Hessians.

use std::marker::PhantomData;
use std::rc::Rc;

use pullback_core::primitives::Cotangent;
use pullback_core::primitives::rules as lax;
use pullback_core::trace::{AxisData, Tangent};
use pullback_core::{Array, Error, Result, Shape, transforms};

use crate::function::{Function, Signature, Transformed};
use crate::numpy::creation::eye;
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

/// Which leaves belong to the arguments in the places given.
fn active_leaves<Args: Arguments>(args: &Args, places: &[usize]) -> Vec<bool> {
    args.counts()
        .into_iter()
        .enumerate()
        .flat_map(|(place, count)| std::iter::repeat_n(places.contains(&place), count))
        .collect()
}

/// A function over trees as one over lists of arrays; the tree of its results is kept aside.
fn flat<'a, M: Signature, V: Pytree>(
    f: impl Fn(&M::Args) -> Result<V> + 'a,
    args: &'a M::Args,
    tree: &'a mut Option<V>,
) -> impl FnOnce(&[Array]) -> Result<Vec<Array>> + 'a {
    move |leaves| {
        let value = f(&args.with_leaves(leaves.to_vec()))?;
        let leaves = value.leaves();
        *tree = Some(value);
        Ok(leaves)
    }
}

fn rebuilt<V: Pytree>(tree: Option<V>, leaves: Vec<Array>) -> Result<V> {
    match tree {
        Some(tree) => Ok(tree.with_leaves(leaves)),
        None => Err(Error::Program { message: "a function was not called".into() }),
    }
}

/// The value of a function of real value, and its gradient with respect to the arguments that
/// `S` selects.
fn evaluate<M: Signature, S: Select<M::Args>>(
    f: &dyn Fn(&M::Args) -> Result<Array>,
    args: &M::Args,
) -> Result<(Array, S::Picked)> {
    let leaves = args.leaves();
    let active = active_leaves(args, S::PLACES);
    for (leaf, _) in leaves.iter().zip(&active).filter(|(_, active)| **active) {
        if !leaf.dtype().is_inexact() {
            return Err(Error::type_error(
                "grad",
                format!(
                    "requires real- or complex-valued inputs (input dtype that is a sub-dtype \
                     of np.inexact), but got {}",
                    leaf.dtype()
                ),
            ));
        }
    }
    let mut tree = None;
    let (values, pullback) = transforms::vjp(flat::<M, _>(f, args, &mut tree), &leaves, &active)?;
    let value = &values[0];
    if value.rank() != 0 || !value.dtype().is_float() {
        return Err(Error::type_error(
            "grad",
            format!(
                "only defined for scalar-output functions of real value; output had type {}",
                value.aval()
            ),
        ));
    }
    let gradients = pullback(&[Some(lax::number(1.0, value))])?;
    let gradients = leaves
        .iter()
        .zip(gradients)
        .zip(&active)
        .map(|((leaf, gradient), active)| match (gradient, active) {
            (Some(gradient), true) => Ok(gradient),
            (None, true) => lax::zeros_like(leaf),
            (_, false) => Ok(leaf.clone()),
        })
        .collect::<Result<Vec<_>>>()?;
    Ok((value.clone(), S::pick(&args.with_leaves(gradients))))
}

/// The function that a gradient is taken of, kept for [`argnums`](Transformed::argnums).
pub struct Gradient<'f, M: Signature> {
    f: Rc<dyn Fn(&M::Args) -> Result<Array> + 'f>,
    signature: PhantomData<M>,
}

/// The same, where the value is wanted too.
pub struct ValueAndGradient<'f, M: Signature>(Gradient<'f, M>);

type First<M> = <At<0> as Select<<M as Signature>::Args>>::Picked;

fn gradient<'f, M: Signature, S: Select<M::Args> + 'f>(
    f: Rc<dyn Fn(&M::Args) -> Result<Array> + 'f>,
) -> Transformed<'f, M, S::Picked, Gradient<'f, M>> {
    let state = Gradient { f: f.clone(), signature: PhantomData };
    Transformed::new(move |args| Ok(evaluate::<M, S>(&*f, args)?.1), state)
}

fn value_and_gradient<'f, M: Signature, S: Select<M::Args> + 'f>(
    f: Rc<dyn Fn(&M::Args) -> Result<Array> + 'f>,
) -> Transformed<'f, M, (Array, S::Picked), ValueAndGradient<'f, M>> {
    let state = ValueAndGradient(Gradient { f: f.clone(), signature: PhantomData });
    Transformed::new(move |args| evaluate::<M, S>(&*f, args), state)
}

/// The gradient of a function of real value, with respect to its first argument.
///
/// The gradient has the structure of the argument.
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
pub fn grad<'f, F, M>(f: F) -> Transformed<'f, M, First<M>, Gradient<'f, M>>
where
    M: Signature,
    F: Function<M, Value = Array> + 'f,
    At<0>: Select<M::Args>,
{
    gradient::<M, At<0>>(Rc::new(move |args: &M::Args| f.call(args)))
}

/// The value of a function of real value, and its gradient with respect to the first argument.
///
/// ```
/// # use pullback::prelude::*;
/// let f = value_and_grad(|x: &Array| x.square().sum());
/// let (y, dx) = f(&Array::from([1.0, 2.0]));
/// assert_eq!(y, 5.0);
/// assert_eq!(dx, Array::from([2.0, 4.0]));
/// ```
pub fn value_and_grad<'f, F, M>(
    f: F,
) -> Transformed<'f, M, (Array, First<M>), ValueAndGradient<'f, M>>
where
    M: Signature,
    F: Function<M, Value = Array> + 'f,
    At<0>: Select<M::Args>,
{
    value_and_gradient::<M, At<0>>(Rc::new(move |args: &M::Args| f.call(args)))
}

impl<'f, M: Signature, Out: 'f> Transformed<'f, M, Out, Gradient<'f, M>> {
    /// The gradient with respect to other arguments: `.argnums::<(At<0>, At<1>)>()`.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let df = grad(|x: &Array, y: &Array| x * y).argnums::<(At<0>, At<1>)>();
    /// let (dx, dy) = df(&3.0.into(), &5.0.into());
    /// assert_eq!((dx.to_f64()?, dy.to_f64()?), (5.0, 3.0));
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn argnums<S: Select<M::Args> + 'f>(
        self,
    ) -> Transformed<'f, M, S::Picked, Gradient<'f, M>> {
        gradient::<M, S>(self.state.f)
    }
}

impl<'f, M: Signature, Out: 'f> Transformed<'f, M, Out, ValueAndGradient<'f, M>> {
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
    pub fn argnums<S: Select<M::Args> + 'f>(
        self,
    ) -> Transformed<'f, M, (Array, S::Picked), ValueAndGradient<'f, M>> {
        value_and_gradient::<M, S>(self.state.0.f)
    }
}

/// The value of a function, and its tangent when the arguments move along `tangents`.
///
/// ```
/// # use pullback::prelude::*;
/// let f = |x: &Array| x.powi(3);
/// let (y, dy) = jvp(f, &(Array::from(2.0),), &(Array::from(1.0),))?;
/// assert_eq!((y.to_f64()?, dy.to_f64()?), (8.0, 12.0));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// Those of the function, and a missing derivative of an operation that it uses.
pub fn jvp<M: Signature, F: Function<M>>(
    f: F,
    args: &M::Args,
    tangents: &M::Args,
) -> Result<(F::Value, F::Value)> {
    let dx = tangents
        .leaves()
        .into_iter()
        .map(|dx| match dx.dtype().is_inexact() {
            true => Tangent::Value(dx),
            false => Tangent::zero(&dx),
        })
        .collect();
    let mut tree = None;
    let call = |args: &M::Args| f.call(args);
    let (y, dy) = transforms::jvp(flat::<M, _>(call, args, &mut tree), &args.leaves(), dx)?;
    let dy = dy.iter().map(Tangent::instantiate).collect::<Result<Vec<_>>>()?;
    let tangent = rebuilt(tree.clone(), dy)?;
    Ok((rebuilt(tree, y)?, tangent))
}

/// The value of a function, and the function from a cotangent of it to those of the arguments.
///
/// ```
/// # use pullback::prelude::*;
/// let f = |x: &Array, y: &Array| x * y;
/// let (value, pullback) = vjp(f, &(Array::from(3.0), Array::from(5.0)))?;
/// assert_eq!(value, 15.0);
/// let (dx, dy) = pullback(&Array::from(2.0))?;
/// assert_eq!((dx.to_f64()?, dy.to_f64()?), (10.0, 6.0));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// Those of the function, and a missing derivative of an operation that it uses.
pub fn vjp<M: Signature, F: Function<M>>(
    f: F,
    args: &M::Args,
) -> Result<(F::Value, impl Fn(&F::Value) -> Result<M::Args> + use<M, F>)> {
    let leaves = args.leaves();
    let active: Vec<bool> = leaves.iter().map(|leaf| leaf.dtype().is_inexact()).collect();
    let mut tree = None;
    let call = |args: &M::Args| f.call(args);
    let (y, linear) = transforms::linearize(flat::<M, _>(call, args, &mut tree), &leaves, &active)?;
    let args = args.clone();
    let pullback = move |ct: &F::Value| -> Result<M::Args> {
        let seeds: Vec<Cotangent> = ct.leaves().into_iter().map(Some).collect();
        let dx = linear.transpose(&seeds)?;
        let dx = leaves.iter().zip(dx).map(|(leaf, dx)| match dx {
            Some(dx) => Ok(dx),
            None => lax::zeros_like(leaf),
        });
        Ok(args.with_leaves(dx.collect::<Result<Vec<_>>>()?))
    };
    Ok((rebuilt(tree, y)?, pullback))
}

/// A unit tangent for each element of an array, one below the other.
fn basis(x: &Array) -> Result<Array> {
    let rows = eye(x.count() as i64, None, 0, Some(x.dtype()))?;
    let shape: Shape = [x.count()].into_iter().chain(x.shape().iter().copied()).collect();
    lax::reshape(&rows, &shape)
}

/// `f` of every entry of `x` along its first axis, with the results one below the other.
fn each(x: &Array, f: impl FnOnce(&Array) -> Result<Array>) -> Result<Array> {
    let axis = AxisData { name: None, size: x.shape()[0] };
    let (y, at) = transforms::vmap(
        |x| Ok(vec![f(&x[0])?]),
        std::slice::from_ref(x),
        &[Some(0)],
        axis.clone(),
    )?;
    pullback_core::trace::batch::at_axis(&y[0], at[0], axis.size, 0)
}

/// The matrix of derivatives of a function of one array, a column at a time: by forward mode.
///
/// The result has the axes of the value, then those of the argument.
///
/// ```
/// # use pullback::prelude::*;
/// let df = jacfwd(|x: &Array| x.square());
/// assert_eq!(df(&Array::from([1.0, 2.0])), Array::from([[2.0, 0.0], [0.0, 4.0]]));
/// ```
pub fn jacfwd<'f, F, M>(f: F) -> Transformed<'f, M, Array>
where
    M: Signature<Args = (Array,)>,
    F: Function<M, Value = Array> + 'f,
{
    Transformed::new(
        move |args: &(Array,)| {
            let columns = each(&basis(&args.0)?, |dx| {
                Ok(jvp::<M, _>(FunctionRef(&f), args, &(dx.clone(),))?.1)
            })?;
            let moved: Vec<usize> = (1..columns.rank()).chain([0]).collect();
            let last = lax::transpose(&columns, &moved)?;
            let shape: Shape =
                last.shape()[..last.rank() - 1].iter().chain(args.0.shape()).copied().collect();
            lax::reshape(&last, &shape)
        },
        (),
    )
}

/// The matrix of derivatives of a function of one array, a row at a time: by reverse mode.
///
/// The result has the axes of the value, then those of the argument.
///
/// ```
/// # use pullback::prelude::*;
/// let df = jacrev(|x: &Array| x.square());
/// assert_eq!(df(&Array::from([1.0, 2.0])), Array::from([[2.0, 0.0], [0.0, 4.0]]));
/// ```
pub fn jacrev<'f, F, M>(f: F) -> Transformed<'f, M, Array>
where
    M: Signature<Args = (Array,)>,
    F: Function<M, Value = Array> + 'f,
{
    Transformed::new(
        move |args: &(Array,)| {
            let (y, pullback) = vjp::<M, _>(FunctionRef(&f), args)?;
            let rows = each(&basis(&y)?, |ct| Ok(pullback(ct)?.0))?;
            let shape: Shape = y.shape().iter().chain(args.0.shape()).copied().collect();
            lax::reshape(&rows, &shape)
        },
        (),
    )
}

/// The matrix of second derivatives of a function of one array: forward over reverse mode.
///
/// ```
/// # use pullback::prelude::*;
/// let ddf = hessian(|x: &Array| x.powi(3).sum());
/// assert_eq!(ddf(&Array::from([1.0, 2.0])), Array::from([[6.0, 0.0], [0.0, 12.0]]));
/// ```
pub fn hessian<'f, F, M>(f: F) -> Transformed<'f, M, Array>
where
    M: Signature<Args = (Array,)>,
    F: Function<M, Value = Array> + 'f,
{
    let rows = jacrev(f);
    Transformed::new(
        move |args: &(Array,)| {
            let call = |args: &(Array,)| rows.try_call(args);
            let columns = each(&basis(&args.0)?, |dx| {
                let mut tree = None;
                let dx = vec![Tangent::Value(dx.clone())];
                let x = args.leaves();
                let (_, dy) = transforms::jvp(flat::<M, _>(call, args, &mut tree), &x, dx)?;
                dy[0].instantiate()
            })?;
            let shape: Shape = args.0.shape().iter().chain(args.0.shape()).copied().collect();
            // Second derivatives are symmetric, so that rows are columns.
            lax::reshape(&columns, &shape)
        },
        (),
    )
}

/// A function by reference.
struct FunctionRef<'a, F>(&'a F);

impl<M: Signature, F: Function<M>> Function<M> for FunctionRef<'_, F> {
    type Value = F::Value;

    fn call(&self, args: &M::Args) -> Result<F::Value> {
        self.0.call(args)
    }
}

/// An error, unless the derivatives of a function agree with differences and with each other.
///
/// The derivative along a fixed direction is compared with a central difference, and the
/// transpose with the derivative; for an `order` above 1, then both are checked as functions of
/// the same arguments.
///
/// ```
/// # use pullback::prelude::*;
/// check_grads(|x: &Array| x.sin(), &(Array::from([0.5, 1.0]),), 2, 1e-2)?;
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If they differ by more than `tolerance`, and the function's own.
pub fn check_grads<M: Signature, F: Function<M>>(
    f: F,
    args: &M::Args,
    order: usize,
    tolerance: f64,
) -> Result<()> {
    let leaves = args.leaves();
    let moves = |leaf: &&Array| leaf.dtype().is_inexact();
    let call = |x: &[Array]| {
        let mut x = x.iter().cloned();
        let fixed_or_next = |leaf: &Array| if moves(&leaf) { x.next() } else { None };
        let all = leaves.iter().map(fixed_or_next).zip(&leaves);
        let all = all.map(|(next, leaf)| next.unwrap_or_else(|| leaf.clone())).collect();
        Ok(f.call(&args.with_leaves(all))?.leaves())
    };
    let x: Vec<Array> = leaves.iter().filter(moves).cloned().collect();
    check_flat(&call, &x, order, tolerance)
}

/// A function of lists of arrays.
type Flat<'a> = dyn Fn(&[Array]) -> Result<Vec<Array>> + 'a;

fn check_flat(f: &Flat<'_>, x: &[Array], order: usize, tolerance: f64) -> Result<()> {
    let step = 1e-3;
    let dx = x.iter().map(direction).collect::<Result<Vec<_>>>()?;
    let forward = |x: &[Array]| -> Result<Vec<Array>> {
        let dx = dx.iter().cloned().map(Tangent::Value).collect();
        let (_, dy) = transforms::jvp(f, x, dx)?;
        dy.iter().map(Tangent::instantiate).collect()
    };
    let y = f(x)?;
    let ct = y.iter().map(direction).collect::<Result<Vec<_>>>()?;
    let backward = |x: &[Array]| -> Result<Vec<Array>> {
        let (_, pullback) = transforms::vjp(f, x, &vec![true; x.len()])?;
        let seeds: Vec<Cotangent> = ct.iter().cloned().map(Some).collect();
        let dx = pullback(&seeds)?.into_iter().zip(x);
        dx.map(|(dx, x)| dx.map_or_else(|| lax::zeros_like(x), Ok)).collect()
    };
    let moved = |by: f64| -> Result<Vec<Array>> {
        let pairs = x.iter().zip(&dx);
        pairs.map(|(x, dx)| lax::add(x, &lax::mul(dx, &lax::number(by, dx))?)).collect()
    };
    let differ = |what: &str, got: f64, expected: f64| match (got - expected).abs()
        <= tolerance * (1.0 + expected.abs())
    {
        true => Ok(()),
        false => Err(Error::value_error(
            "check_grads",
            format!("{what}: got {got}, expected {expected}"),
        )),
    };
    let along = dot(&ct, &forward(x)?)?;
    let difference = dot(&ct, &f(&moved(step)?)?)? - dot(&ct, &f(&moved(-step)?)?)?;
    differ("the derivative differs from the difference", along, difference / (2.0 * step))?;
    differ("the transpose differs from the derivative", dot(&backward(x)?, &dx)?, along)?;
    if order > 1 {
        check_flat(&forward, x, order - 1, tolerance)?;
        check_flat(&backward, x, order - 1, tolerance)?;
    }
    Ok(())
}

/// A fixed direction in the space of `x`, with no two equal entries.
fn direction(x: &Array) -> Result<Array> {
    let count = lax::iota(x.dtype(), &[x.count()], 0)?;
    let wave = lax::cos(&lax::add(&count, &lax::number(0.3, &count))?)?;
    lax::reshape(&wave, x.shape())
}

/// The sum of the products of all elements.
fn dot(x: &[Array], y: &[Array]) -> Result<f64> {
    let mut total = 0.0;
    for (x, y) in x.iter().zip(y) {
        let product = lax::mul(x, y)?;
        total += lax::reduce_sum(&product, &(0..product.rank()).collect::<Vec<_>>())?.to_f64()?;
    }
    Ok(total)
}
