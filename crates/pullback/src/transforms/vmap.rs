//! Vectorisation of functions over trees.

use std::rc::Rc;

use pullback_core::trace::batch::{BatchAxis, at_axis};
use pullback_core::trace::{AxisData, AxisName};
use pullback_core::{Array, Error, Result, transforms};

use super::{over_leaves, rebuilt};
use crate::function::{Function, Signature, Transformed};
use crate::pytree::{Arguments, Pytree};

/// What [`vmap`] does besides: kept with the function, so that it can be said after it.
#[derive(Clone, Debug, Default)]
struct Options {
    in_axes: Vec<Option<usize>>,
    out_axis: usize,
    name: Option<AxisName>,
    size: Option<usize>,
}

/// The function that is mapped, kept for [`in_axes`](Transformed::in_axes) and the like.
pub struct Mapped<F> {
    f: Rc<F>,
    options: Options,
}

/// The function on every entry of its arguments along their first axis, with the results
/// one below the other.
///
/// ```
/// use pullback::prelude::*;
/// let rows = Array::from([[1.0f32, 2.0], [3.0, 4.0]]);
/// let sums = vmap(|row: &Array| row.sum());
/// assert_eq!(sums(&rows), Array::from([3.0f32, 7.0]));
/// assert_eq!(sums.in_axes(&[Some(1)])(&rows), Array::from([4.0f32, 6.0]));
/// ```
pub fn vmap<'f, F, M>(f: F) -> Transformed<'f, M, F::Value, Mapped<F>>
where
    M: Signature,
    F: Function<M> + 'f,
{
    with_options(Rc::new(f), Options::default())
}

fn with_options<'f, F, M>(f: Rc<F>, options: Options) -> Transformed<'f, M, F::Value, Mapped<F>>
where
    M: Signature,
    F: Function<M> + 'f,
{
    let kept = Mapped { f: f.clone(), options: options.clone() };
    Transformed::new(move |args: &M::Args| mapped::<F, M>(&f, args, &options), kept)
}

impl<'f, F, M> Transformed<'f, M, F::Value, Mapped<F>>
where
    M: Signature,
    F: Function<M> + 'f,
{
    fn changed(self, change: impl FnOnce(&mut Options)) -> Self {
        let Mapped { f, mut options } = self.state;
        change(&mut options);
        with_options(f, options)
    }

    /// Says for each argument which axis is mapped; `None` is none of them. Arguments beyond the
    /// end of the list are mapped along their first axis.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let f = vmap(|x: &Array, y: &Array| x * y).in_axes(&[Some(0), None]);
    /// assert_eq!(f(&Array::from([1, 2]), &Array::from(10)), Array::from([10, 20]));
    /// ```
    pub fn in_axes(self, axes: &[Option<usize>]) -> Self {
        self.changed(|options| options.in_axes = axes.to_vec())
    }

    /// Says along which axis of the results the entries are laid.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let f = vmap(|row: &Array| row + 1).out_axis(1);
    /// assert_eq!(f(&Array::from([[1, 2], [3, 4]])), Array::from([[2, 4], [3, 5]]));
    /// ```
    pub fn out_axis(self, axis: usize) -> Self {
        self.changed(|options| options.out_axis = axis)
    }

    /// Names the mapped axis, for [collectives](crate::lax::collective).
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let f = vmap(|x: &Array| pullback::lax::collective::psum(x, "i")).axis_name("i");
    /// assert_eq!(f(&Array::from([1, 2])), Array::from([3, 3]));
    /// ```
    pub fn axis_name(self, name: &str) -> Self {
        self.changed(|options| options.name = Some(AxisName(name.into())))
    }

    /// Says how many entries there are, which is needed where no argument is mapped.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let f = vmap(|x: &Array| x + 1).in_axes(&[None]).axis_size(3);
    /// assert_eq!(f(&Array::from(1)), Array::from([2, 2, 2]));
    /// ```
    pub fn axis_size(self, size: usize) -> Self {
        self.changed(|options| options.size = Some(size))
    }
}

fn mapped<F: Function<M>, M: Signature>(
    f: &F,
    args: &M::Args,
    options: &Options,
) -> Result<F::Value> {
    let leaves = args.leaves();
    let places: Vec<BatchAxis> = args
        .counts()
        .into_iter()
        .enumerate()
        .flat_map(|(at, count)| {
            std::iter::repeat_n(options.in_axes.get(at).copied().unwrap_or(Some(0)), count)
        })
        .collect();
    let mut size = options.size;
    for (leaf, place) in leaves.iter().zip(&places) {
        let Some(axis) = place else { continue };
        let Some(&own) = leaf.shape().get(*axis) else {
            return Err(Error::value_error(
                "vmap",
                format!("an array of type {} has no axis {axis} to map over", leaf.aval()),
            ));
        };
        let size = *size.get_or_insert(own);
        if size != own {
            return Err(Error::value_error(
                "vmap",
                format!("got inconsistent sizes for array axes to be mapped: {size} and {own}"),
            ));
        }
    }
    let Some(size) = size else {
        return Err(Error::value_error(
            "vmap",
            "must have at least one mapped argument, or an axis_size",
        ));
    };
    let mut tree = None;
    let axis = AxisData { name: options.name.clone(), size };
    let call = over_leaves(|args| f.call(args), args, &mut tree);
    let (outputs, at) = transforms::vmap(call, &leaves, &places, axis)?;
    let laid = |(y, at): (&Array, BatchAxis)| {
        let to = options.out_axis;
        match to <= y.rank() - usize::from(at.is_some()) {
            true => at_axis(y, at, size, to),
            false => Err(Error::value_error(
                "vmap",
                format!(
                    "the entries cannot be laid along axis {to} of a result with {} axes",
                    y.rank() - usize::from(at.is_some())
                ),
            )),
        }
    };
    let outputs = outputs.iter().zip(at).map(laid).collect::<Result<Vec<_>>>()?;
    rebuilt(tree, outputs)
}
