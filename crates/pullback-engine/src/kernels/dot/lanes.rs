//! The numbers that register tiles are made of, as vectors of any instruction set.

use pulp::{MemMask, Simd};

use crate::kernels::common::Number;

/// A number that vectors are there for. Integers are unsigned: their products are, bit for bit,
/// those of signed ones.
pub(in crate::kernels) trait Real: Number {
    /// A vector of these.
    type Vector<S: Simd>: bytemuck::Pod;
    /// Which lanes of a vector to load or store.
    type Mask<S: Simd>: Copy;

    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    fn sum<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    fn difference<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a * b + sum`, rounded once where the instruction set has that.
    fn accumulate<S: Simd>(
        simd: S,
        sum: Self::Vector<S>,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// The mask of the first lanes.
    fn first<S: Simd>(simd: S, lanes: usize) -> Self::Mask<S>;
    /// Loads the lanes of a mask, and zeros for the others.
    ///
    /// # Safety
    /// The lanes of the mask must be there to be read.
    unsafe fn load<S: Simd>(simd: S, mask: Self::Mask<S>, from: *const Self) -> Self::Vector<S>;
    /// Stores the lanes of a mask.
    ///
    /// # Safety
    /// The lanes of the mask must be there to be written.
    unsafe fn store<S: Simd>(simd: S, mask: Self::Mask<S>, to: *mut Self, value: Self::Vector<S>);

    /// The numbers in a vector.
    #[inline(always)]
    fn lanes<S: Simd>() -> usize {
        size_of::<Self::Vector<S>>() / size_of::<Self>()
    }
}

macro_rules! reals {
    ($($T:ty, $Vector:ident, $Mask:ident, $Count:ty, $splat:ident, $add:ident, $sub:ident, $first:ident,
       $load:ident, $store:ident, |$simd:ident, $sum:ident, $a:ident, $b:ident| $product:expr;)*)
    => {$(
        impl Real for $T {
            type Vector<S: Simd> = S::$Vector;
            type Mask<S: Simd> = MemMask<S::$Mask>;

            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> S::$Vector {
                simd.$splat(value)
            }
            #[inline(always)]
            fn sum<S: Simd>(simd: S, a: S::$Vector, b: S::$Vector) -> S::$Vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn difference<S: Simd>(simd: S, a: S::$Vector, b: S::$Vector) -> S::$Vector {
                simd.$sub(a, b)
            }
            #[inline(always)]
            fn accumulate<S: Simd>(
                $simd: S,
                $sum: S::$Vector,
                $a: S::$Vector,
                $b: S::$Vector,
            ) -> S::$Vector {
                $product
            }
            #[inline(always)]
            fn first<S: Simd>(simd: S, lanes: usize) -> MemMask<S::$Mask> {
                simd.$first(0, lanes as $Count)
            }
            #[inline(always)]
            unsafe fn load<S: Simd>(
                simd: S,
                mask: MemMask<S::$Mask>,
                from: *const Self,
            ) -> S::$Vector {
                // Without the functions that a mask may come with: the instruction is faster.
                let mask = MemMask::new(mask.mask());
                // SAFETY: the caller answers for the lanes of the mask.
                unsafe { simd.$load(mask, from) }
            }
            #[inline(always)]
            unsafe fn store<S: Simd>(
                simd: S,
                mask: MemMask<S::$Mask>,
                to: *mut Self,
                value: S::$Vector,
            ) {
                // As for loads, but for narrower vectors the instruction is slower.
                let mask = if size_of::<S::$Vector>() == 64 { MemMask::new(mask.mask()) } else { mask };
                // SAFETY: the caller answers for the lanes of the mask.
                unsafe { simd.$store(mask, to, value) }
            }
        }
    )*};
}
reals! {
    f32, f32s, m32s, u32, splat_f32s, add_f32s, sub_f32s, mask_between_m32s, mask_load_ptr_f32s,
        mask_store_ptr_f32s, |simd, sum, a, b| simd.mul_add_e_f32s(a, b, sum);
    f64, f64s, m64s, u64, splat_f64s, add_f64s, sub_f64s, mask_between_m64s, mask_load_ptr_f64s,
        mask_store_ptr_f64s, |simd, sum, a, b| simd.mul_add_e_f64s(a, b, sum);
    u32, u32s, m32s, u32, splat_u32s, add_u32s, sub_u32s, mask_between_m32s, mask_load_ptr_u32s,
        mask_store_ptr_u32s, |simd, sum, a, b| simd.add_u32s(sum, each_product::<u32, _>(a, b));
    u64, u64s, m64s, u64, splat_u64s, add_u64s, sub_u64s, mask_between_m64s, mask_load_ptr_u64s,
        mask_store_ptr_u64s, |simd, sum, a, b| simd.add_u64s(sum, each_product::<u64, _>(a, b));
}

/// The products of integers lane by lane, of which the compiler makes one instruction.
#[inline(always)]
fn each_product<T: Number, V: bytemuck::Pod>(mut a: V, b: V) -> V {
    let factors: &[T] = bytemuck::cast_slice(std::slice::from_ref(&b));
    let products: &mut [T] = bytemuck::cast_slice_mut(std::slice::from_mut(&mut a));
    for (slot, &factor) in products.iter_mut().zip(factors) {
        *slot = slot.times(factor);
    }
    a
}
