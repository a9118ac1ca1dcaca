//! Functions that can be transformed, and what transforming them gives.
//!
//! Closures take their arguments by reference, `|w: &Params, x: &Array| ...`, one to eight of
//! them, or a single array by value, `|x: Array| ...`. What comes out is called like a closure of
//! the same kind; for a single array by value that includes plain numbers, as in `df(3.0)`. A
//! result can be transformed again, to any depth.
//!
//! Stable Rust lets no type of ours be called. It does look through `Deref` for something that can
//! be, so [`Transformed`] holds a boxed closure and dereferences to it.

use std::marker::PhantomData;
use std::ops::Deref;
use std::rc::Rc;

use pullback_core::{Array, Result};

use crate::pytree::{Arguments, Pytree};

/// How a function takes its arguments.
pub trait Signature: 'static {
    /// The arguments.
    type Args: Arguments;
    /// A closure that takes them so.
    type Callable<'f, Out: 'f>: ?Sized;

    /// A function of all arguments as such a closure.
    fn callable<'f, Out: 'f>(
        f: Rc<dyn Fn(&Self::Args) -> Out + 'f>,
    ) -> Box<Self::Callable<'f, Out>>;
}

/// Arguments by reference.
pub struct ByRef<T>(PhantomData<T>);
/// One array by value, made from what the result is called with.
pub struct ByValue<T>(PhantomData<T>);
/// As the transformed function that is transformed again.
pub struct Nested<M>(PhantomData<M>);
/// As [`ByValue`], for a transformed function that is transformed again.
pub struct Again<T>(PhantomData<T>);

impl<M: Signature> Signature for Nested<M> {
    type Args = M::Args;
    type Callable<'f, Out: 'f> = M::Callable<'f, Out>;

    fn callable<'f, Out: 'f>(
        f: Rc<dyn Fn(&Self::Args) -> Out + 'f>,
    ) -> Box<Self::Callable<'f, Out>> {
        M::callable(f)
    }
}

impl<T: Into<Array> + 'static> Signature for ByValue<T> {
    type Args = (Array,);
    type Callable<'f, Out: 'f> = dyn Fn(T) -> Out + 'f;

    fn callable<'f, Out: 'f>(
        f: Rc<dyn Fn(&Self::Args) -> Out + 'f>,
    ) -> Box<Self::Callable<'f, Out>> {
        Box::new(move |x: T| f(&(x.into(),)))
    }
}

impl<T: Into<Array> + 'static> Signature for Again<T> {
    type Args = (Array,);
    type Callable<'f, Out: 'f> = dyn Fn(T) -> Out + 'f;

    fn callable<'f, Out: 'f>(
        f: Rc<dyn Fn(&Self::Args) -> Out + 'f>,
    ) -> Box<Self::Callable<'f, Out>> {
        ByValue::<T>::callable(f)
    }
}

/// What a function gives: a value, or a value or an error.
pub trait Outcome {
    /// The value.
    type Value: Pytree;

    /// The value, or the error.
    ///
    /// # Errors
    /// If it is one.
    fn into_result(self) -> Result<Self::Value>;
}

impl<T: Pytree> Outcome for T {
    type Value = T;

    fn into_result(self) -> Result<T> {
        Ok(self)
    }
}

impl<T: Pytree> Outcome for Result<T> {
    type Value = T;

    fn into_result(self) -> Result<T> {
        self
    }
}

/// A function that can be transformed. `M` says how it takes its arguments, and is inferred.
pub trait Function<M: Signature> {
    /// What it gives.
    type Value: Pytree;

    /// Calls it.
    ///
    /// # Errors
    /// Its own.
    fn call(&self, args: &M::Args) -> Result<Self::Value>;
}

macro_rules! by_reference {
    ($(($($name:ident $place:tt),+);)*) => {
        $(impl<$($name: Pytree),+> Signature for ByRef<($($name,)+)> {
            type Args = ($($name,)+);
            type Callable<'f, Out: 'f> = dyn Fn($(&$name),+) -> Out + 'f;

            #[allow(non_snake_case)]
            fn callable<'f, Out: 'f>(
                f: Rc<dyn Fn(&Self::Args) -> Out + 'f>,
            ) -> Box<Self::Callable<'f, Out>> {
                Box::new(move |$($name: &$name),+| f(&($($name.clone(),)+)))
            }
        }

        impl<Closure, Out, $($name),+> Function<ByRef<($($name,)+)>> for Closure
        where
            Closure: Fn($(&$name),+) -> Out,
            Out: Outcome,
            $($name: Pytree),+
        {
            type Value = Out::Value;

            fn call(&self, args: &($($name,)+)) -> Result<Out::Value> {
                self($(&args.$place),+).into_result()
            }
        })*
    };
}

by_reference! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
}

impl<Closure, Out, T> Function<ByValue<T>> for Closure
where
    Closure: Fn(Array) -> Out,
    Out: Outcome,
    T: Into<Array> + 'static,
{
    type Value = Out::Value;

    fn call(&self, args: &(Array,)) -> Result<Out::Value> {
        self(args.0.clone()).into_result()
    }
}

/// What transforming a function gives. It is called like a closure.
///
/// Called so, it panics with the complete message of an error; [`Transformed::try_call`] gives
/// the error.
pub struct Transformed<'f, M: Signature, Out: 'f, State = ()> {
    call: Rc<dyn Fn(&M::Args) -> Result<Out> + 'f>,
    callable: Box<M::Callable<'f, Out>>,
    pub(crate) state: State,
}

impl<'f, M: Signature, Out: 'f, State> Transformed<'f, M, Out, State> {
    pub(crate) fn new(
        call: impl Fn(&M::Args) -> Result<Out> + 'f,
        state: State,
    ) -> Transformed<'f, M, Out, State> {
        let call: Rc<dyn Fn(&M::Args) -> Result<Out> + 'f> = Rc::new(call);
        let inner = call.clone();
        let callable = M::callable(Rc::new(move |args: &M::Args| match inner(args) {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }));
        Transformed { call, callable, state }
    }

    /// Calls the function with a tuple of its arguments.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let f = vmap(|x: &Array| x + 1);
    /// assert_eq!(f.try_call(&(Array::from([1, 2]),))?, Array::from([2, 3]));
    /// // A scalar has no axis to map over.
    /// assert!(f.try_call(&(Array::from(1),)).is_err());
    /// # Ok::<(), pullback::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the function, and of the transformation.
    pub fn try_call(&self, args: &M::Args) -> Result<Out> {
        (self.call)(args)
    }
}

impl<'f, M: Signature, Out: 'f, State> Deref for Transformed<'f, M, Out, State> {
    type Target = M::Callable<'f, Out>;

    fn deref(&self) -> &Self::Target {
        &self.callable
    }
}

macro_rules! transformed_again {
    ($([$($generics:tt)*] $own:ty => $marker:ty;)*) => {
        $(impl<$($generics)* Out: Pytree, State> Function<$marker>
            for Transformed<'_, $own, Out, State>
        {
            type Value = Out;

            fn call(&self, args: &<$own as Signature>::Args) -> Result<Out> {
                self.try_call(args)
            }
        })*
    };
}

impl<T: 'static, Out: Pytree, State> Function<Nested<ByRef<T>>>
    for Transformed<'_, ByRef<T>, Out, State>
where
    ByRef<T>: Signature,
{
    type Value = Out;

    fn call(&self, args: &<ByRef<T> as Signature>::Args) -> Result<Out> {
        self.try_call(args)
    }
}

transformed_again! {
    [M: Signature,] Nested<M> => Nested<Nested<M>>;
    [T: Into<Array> + 'static,] ByValue<Array> => Again<T>;
    [T: Into<Array> + 'static,] Again<Array> => Again<T>;
}
