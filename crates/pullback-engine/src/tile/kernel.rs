//! Kernels: one operation over the elements of a tile.
//!
//! A kernel is one function of elements in a loop over slices, compiled for each kind of
//! processor and chosen when it runs. The same kernel serves tiles and, with slices of one
//! element, scalars, so both give the same bits.

use std::marker::PhantomData;

use bytemuck::{Pod, cast_slice, cast_slice_mut};
use pulp::{Simd, WithSimd};

use super::op::ScalarOp;
use crate::isa::arch;

/// One operation over slices of elements, given as bytes.
pub(crate) trait Kernel: Send + Sync {
    /// Computes `out` from as many elements of each operand.
    fn run(&self, op: ScalarOp, operands: &[&[u8]], out: &mut [u8]);
}

/// Runs a loop compiled for this processor.
#[inline(always)]
pub(crate) fn dispatch<L: WithSimd<Output = ()>>(body: L) {
    arch().dispatch(body);
}

/// A kernel without state, as a reference that costs nothing to make.
pub(crate) fn stateless<K: Kernel + 'static>(kernel: K) -> &'static dyn Kernel {
    const { assert!(size_of::<K>() == 0, "a kernel has no state") };
    // A box of a type without size allocates nothing, so nothing is leaked.
    Box::leak(Box::new(kernel))
}

/// A function of one element as a type.
///
/// A large function must be inlined into its loop to be vectorised, and to be compiled for the
/// processor at all, which the compiler does for a method marked so, but not for a closure.
pub(crate) trait Unary<A>: Copy + Send + Sync + 'static {
    type Result: Pod;
    fn apply(self, x: A) -> Self::Result;
}

/// A function of two elements as a type.
pub(crate) trait Binary<A>: Copy + Send + Sync + 'static {
    type Result: Pod;
    fn apply(self, x: A, y: A) -> Self::Result;
}

/// A closure, which should be small.
#[derive(Clone, Copy)]
struct Closure<F, R>(F, PhantomData<fn() -> R>);

impl<A, R: Pod, F: Fn(A) -> R + Copy + Send + Sync + 'static> Unary<A> for Closure<F, R> {
    type Result = R;
    #[inline(always)]
    fn apply(self, x: A) -> R {
        (self.0)(x)
    }
}

impl<A, R: Pod, F: Fn(A, A) -> R + Copy + Send + Sync + 'static> Binary<A> for Closure<F, R> {
    type Result = R;
    #[inline(always)]
    fn apply(self, x: A, y: A) -> R {
        (self.0)(x, y)
    }
}

/// A function of one element, in a loop for this processor.
pub(crate) fn inlined1<A: Pod, F: Unary<A>>(f: F) -> &'static dyn Kernel {
    stateless(Map1(f, PhantomData::<fn(A)>))
}

/// A function of two elements, in a loop for this processor.
pub(crate) fn inlined2<A: Pod, F: Binary<A>>(f: F) -> &'static dyn Kernel {
    stateless(Map2(f, PhantomData::<fn(A)>))
}

/// A small function of one element, in a loop for this processor.
pub(crate) fn map1<A: Pod, R: Pod, F>(f: F) -> &'static dyn Kernel
where
    F: Fn(A) -> R + Copy + Send + Sync + 'static,
{
    inlined1::<A, _>(Closure(f, PhantomData))
}

/// A small function of two elements, in a loop for this processor.
pub(crate) fn map2<A: Pod, R: Pod, F>(f: F) -> &'static dyn Kernel
where
    F: Fn(A, A) -> R + Copy + Send + Sync + 'static,
{
    inlined2::<A, _>(Closure(f, PhantomData))
}

/// A small function of three elements, in a loop for this processor.
pub(crate) fn map3<A: Pod, R: Pod, F>(f: F) -> &'static dyn Kernel
where
    F: Fn(A, A, A) -> R + Copy + Send + Sync + 'static,
{
    stateless(Map3(f, PhantomData))
}

/// A function of one element that does not gain from vector instructions.
pub(crate) fn plain1<A: Pod, R: Pod, F>(f: F) -> &'static dyn Kernel
where
    F: Fn(A) -> R + Copy + Send + Sync + 'static,
{
    stateless(Plain1(f, PhantomData))
}

/// A function of two elements that does not gain from vector instructions.
pub(crate) fn plain2<A: Pod, R: Pod, F>(f: F) -> &'static dyn Kernel
where
    F: Fn(A, A) -> R + Copy + Send + Sync + 'static,
{
    stateless(Plain2(f, PhantomData))
}

/// A function of one element that is slow or wrong for a few arguments: those are found by
/// `is_rare`, after the vector loop, and computed again by `rare`.
pub(crate) fn patched<A: Pod, F, P, G>(f: F, is_rare: P, rare: G) -> &'static dyn Kernel
where
    F: Unary<A>,
    P: Fn(A) -> bool + Copy + Send + Sync + 'static,
    G: Fn(A) -> F::Result + Copy + Send + Sync + 'static,
{
    stateless(Patched { f, is_rare, rare, types: PhantomData::<fn(A)> })
}

/// A function of the operation and one element, for operations with parameters.
pub(crate) fn with_op<A: Pod, R: Pod, F>(f: F) -> &'static dyn Kernel
where
    F: Fn(ScalarOp, A) -> R + Copy + Send + Sync + 'static,
{
    stateless(WithOp(f, PhantomData))
}

struct Map1<A, F>(F, PhantomData<fn(A)>);

impl<A: Pod, F: Unary<A>> Kernel for Map1<A, F> {
    fn run(&self, _op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let x = cast_slice(operands[0]);
        dispatch(Loop1 { f: self.0, x, out: cast_slice_mut(out) });
    }
}

struct Map2<A, F>(F, PhantomData<fn(A)>);

impl<A: Pod, F: Binary<A>> Kernel for Map2<A, F> {
    fn run(&self, _op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let (x, y) = (cast_slice(operands[0]), cast_slice(operands[1]));
        dispatch(Loop2 { f: self.0, x, y, out: cast_slice_mut(out) });
    }
}

struct Map3<A, R, F>(F, PhantomData<fn(A) -> R>);

impl<A: Pod, R: Pod, F: Fn(A, A, A) -> R + Copy + Send + Sync> Kernel for Map3<A, R, F> {
    fn run(&self, _op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let (x, y, z) = (cast_slice(operands[0]), cast_slice(operands[1]), cast_slice(operands[2]));
        dispatch(Loop3 { f: self.0, x, y, z, out: cast_slice_mut(out) });
    }
}

struct Plain1<A, R, F>(F, PhantomData<fn(A) -> R>);

impl<A: Pod, R: Pod, F: Fn(A) -> R + Send + Sync> Kernel for Plain1<A, R, F> {
    fn run(&self, _op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let x: &[A] = cast_slice(operands[0]);
        for (out, &x) in cast_slice_mut(out).iter_mut().zip(x) {
            *out = (self.0)(x);
        }
    }
}

struct Plain2<A, R, F>(F, PhantomData<fn(A) -> R>);

impl<A: Pod, R: Pod, F: Fn(A, A) -> R + Send + Sync> Kernel for Plain2<A, R, F> {
    fn run(&self, _op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let (x, y): (&[A], &[A]) = (cast_slice(operands[0]), cast_slice(operands[1]));
        for ((out, &x), &y) in cast_slice_mut(out).iter_mut().zip(x).zip(y) {
            *out = (self.0)(x, y);
        }
    }
}

struct Patched<A, F, P, G> {
    f: F,
    is_rare: P,
    rare: G,
    types: PhantomData<fn(A)>,
}

impl<A: Pod, F, P, G> Kernel for Patched<A, F, P, G>
where
    F: Unary<A>,
    P: Fn(A) -> bool + Copy + Send + Sync,
    G: Fn(A) -> F::Result + Copy + Send + Sync,
{
    fn run(&self, _op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let x: &[A] = cast_slice(operands[0]);
        let out: &mut [F::Result] = cast_slice_mut(out);
        dispatch(Loop1 { f: self.f, x, out });
        let mut any = false;
        for &x in x {
            any |= (self.is_rare)(x);
        }
        if any {
            for (out, &x) in out.iter_mut().zip(x) {
                if (self.is_rare)(x) {
                    *out = (self.rare)(x);
                }
            }
        }
    }
}

struct WithOp<A, R, F>(F, PhantomData<fn(A) -> R>);

impl<A: Pod, R: Pod, F> Kernel for WithOp<A, R, F>
where
    F: Fn(ScalarOp, A) -> R + Copy + Send + Sync + 'static,
{
    fn run(&self, op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let f = self.0;
        let f = Closure(move |x: A| f(op, x), PhantomData);
        dispatch(Loop1 { f, x: cast_slice(operands[0]), out: cast_slice_mut(out) });
    }
}

struct Loop1<'a, A, F: Unary<A>> {
    f: F,
    x: &'a [A],
    out: &'a mut [F::Result],
}

impl<A: Pod, F: Unary<A>> WithSimd for Loop1<'_, A, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Loop1 { f, x, out } = self;
        for (out, &x) in out.iter_mut().zip(x) {
            *out = f.apply(x);
        }
    }
}

struct Loop2<'a, A, F: Binary<A>> {
    f: F,
    x: &'a [A],
    y: &'a [A],
    out: &'a mut [F::Result],
}

impl<A: Pod, F: Binary<A>> WithSimd for Loop2<'_, A, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Loop2 { f, x, y, out } = self;
        for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
            *out = f.apply(x, y);
        }
    }
}

struct Loop3<'a, A, R, F> {
    f: F,
    x: &'a [A],
    y: &'a [A],
    z: &'a [A],
    out: &'a mut [R],
}

impl<A: Pod, R: Pod, F: Fn(A, A, A) -> R> WithSimd for Loop3<'_, A, R, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Loop3 { f, x, y, z, out } = self;
        for (((out, &x), &y), &z) in out.iter_mut().zip(x).zip(y).zip(z) {
            *out = f(x, y, z);
        }
    }
}

/// A choice by a truth value, of elements that need only be moved.
pub(crate) fn select<T: Pod + Send + Sync>() -> &'static dyn Kernel {
    stateless(Select::<T>(PhantomData))
}

struct Select<T>(PhantomData<fn(T) -> T>);

impl<T: Pod + Send + Sync> Kernel for Select<T> {
    fn run(&self, _op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let (x, y) = (cast_slice(operands[1]), cast_slice(operands[2]));
        dispatch(SelectLoop::<T> { predicate: operands[0], x, y, out: cast_slice_mut(out) });
    }
}

struct SelectLoop<'a, T> {
    predicate: &'a [u8],
    x: &'a [T],
    y: &'a [T],
    out: &'a mut [T],
}

impl<T: Pod> WithSimd for SelectLoop<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let SelectLoop { predicate, x, y, out } = self;
        for (((out, &predicate), &x), &y) in out.iter_mut().zip(predicate).zip(x).zip(y) {
            *out = if predicate != 0 { x } else { y };
        }
    }
}
