//! Kernels: one operation over the elements of a tile.
//!
//! A kernel is one function of elements in a loop over slices, compiled for each kind of
//! processor and chosen when it runs. The same kernel serves tiles and, with slices of one
//! element, scalars, so both give the same bits.

use std::marker::PhantomData;
use std::sync::LazyLock;

use bytemuck::{Pod, cast_slice, cast_slice_mut};
use pulp::{Arch, Simd, WithSimd};

use super::op::ScalarOp;

/// One operation over slices of elements, given as bytes.
pub(crate) trait Kernel: Send + Sync {
    /// Computes `out` from as many elements of each operand.
    fn run(&self, op: ScalarOp, operands: &[&[u8]], out: &mut [u8]);
}

/// The processor's instruction set, detected once.
static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Runs a loop compiled for this processor.
#[inline(always)]
pub(crate) fn dispatch<L: WithSimd<Output = ()>>(body: L) {
    ARCH.dispatch(body);
}

/// A kernel without state, as a reference that costs nothing to make.
pub(crate) fn stateless<K: Kernel + 'static>(kernel: K) -> &'static dyn Kernel {
    const { assert!(size_of::<K>() == 0, "a kernel has no state") };
    // A box of a type without size allocates nothing, so nothing is leaked.
    Box::leak(Box::new(kernel))
}

/// A function of one element, in a loop for this processor.
pub(crate) fn map1<A: Pod, R: Pod, F>(f: F) -> &'static dyn Kernel
where
    F: Fn(A) -> R + Copy + Send + Sync + 'static,
{
    stateless(Map1(f, PhantomData))
}

/// A function of two elements, in a loop for this processor.
pub(crate) fn map2<A: Pod, R: Pod, F>(f: F) -> &'static dyn Kernel
where
    F: Fn(A, A) -> R + Copy + Send + Sync + 'static,
{
    stateless(Map2(f, PhantomData))
}

/// A function of three elements, in a loop for this processor.
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
pub(crate) fn patched<A: Pod, R: Pod, F, P, G>(f: F, is_rare: P, rare: G) -> &'static dyn Kernel
where
    F: Fn(A) -> R + Copy + Send + Sync + 'static,
    P: Fn(A) -> bool + Copy + Send + Sync + 'static,
    G: Fn(A) -> R + Copy + Send + Sync + 'static,
{
    stateless(Patched { f, is_rare, rare, types: PhantomData })
}

/// A function of the operation and one element, for operations with parameters.
pub(crate) fn with_op<A: Pod, R: Pod, F>(f: F) -> &'static dyn Kernel
where
    F: Fn(ScalarOp, A) -> R + Copy + Send + Sync + 'static,
{
    stateless(WithOp(f, PhantomData))
}

struct Map1<A, R, F>(F, PhantomData<fn(A) -> R>);

impl<A: Pod, R: Pod, F: Fn(A) -> R + Copy + Send + Sync> Kernel for Map1<A, R, F> {
    fn run(&self, _op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let x = cast_slice(operands[0]);
        dispatch(Loop1 { f: self.0, x, out: cast_slice_mut(out) });
    }
}

struct Map2<A, R, F>(F, PhantomData<fn(A) -> R>);

impl<A: Pod, R: Pod, F: Fn(A, A) -> R + Copy + Send + Sync> Kernel for Map2<A, R, F> {
    fn run(&self, _op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let (x, y) = (cast_slice(operands[0]), cast_slice(operands[1]));
        dispatch(Loop2 { f: self.0, x, y, out: cast_slice_mut(out) });
    }
}

struct Map3<A, R, F>(F, PhantomData<fn(A) -> R>);

impl<A: Pod, R: Pod, F: Fn(A, A, A) -> R + Copy + Send + Sync> Kernel for Map3<A, R, F> {
    fn run(&self, _op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let (x, y, z) =
            (cast_slice(operands[0]), cast_slice(operands[1]), cast_slice(operands[2]));
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

struct Patched<A, R, F, P, G> {
    f: F,
    is_rare: P,
    rare: G,
    types: PhantomData<fn(A) -> R>,
}

impl<A: Pod, R: Pod, F, P, G> Kernel for Patched<A, R, F, P, G>
where
    F: Fn(A) -> R + Copy + Send + Sync,
    P: Fn(A) -> bool + Copy + Send + Sync,
    G: Fn(A) -> R + Copy + Send + Sync,
{
    fn run(&self, _op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let x: &[A] = cast_slice(operands[0]);
        let out: &mut [R] = cast_slice_mut(out);
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
    F: Fn(ScalarOp, A) -> R + Copy + Send + Sync,
{
    fn run(&self, op: ScalarOp, operands: &[&[u8]], out: &mut [u8]) {
        let f = self.0;
        dispatch(Loop1 {
            f: |x: A| f(op, x),
            x: cast_slice(operands[0]),
            out: cast_slice_mut(out),
        });
    }
}

struct Loop1<'a, A, R, F> {
    f: F,
    x: &'a [A],
    out: &'a mut [R],
}

impl<A: Pod, R: Pod, F: Fn(A) -> R> WithSimd for Loop1<'_, A, R, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Loop1 { f, x, out } = self;
        for (out, &x) in out.iter_mut().zip(x) {
            *out = f(x);
        }
    }
}

struct Loop2<'a, A, R, F> {
    f: F,
    x: &'a [A],
    y: &'a [A],
    out: &'a mut [R],
}

impl<A: Pod, R: Pod, F: Fn(A, A) -> R> WithSimd for Loop2<'_, A, R, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Loop2 { f, x, y, out } = self;
        for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
            *out = f(x, y);
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
