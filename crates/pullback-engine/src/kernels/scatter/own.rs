//! Single elements, of which those are applied that go to a part of a target.
//!
//! Which ones these are cannot be foreseen, and so nothing branches on it: they are moved together
//! first. Where vectors can do that, looking at all of them is quick.

use bytemuck::Pod;

use super::updates::repeats;
use crate::kernels::places::{BLOCK, Line};

/// Places and values that go to a part of a target, and room for those of a vector more.
struct Own<T> {
    places: [u32; BLOCK + VECTOR],
    values: [T; BLOCK + VECTOR],
    count: usize,
}

/// Places that vectors move at once.
const VECTOR: usize = 16;

/// Applies the elements whose places are within a target that begins at element `start`.
pub(super) fn apply<T: Pod>(
    places: &[usize],
    values: &[T],
    start: usize,
    target: &mut [T],
    combine: impl Fn(T, T) -> T,
) {
    let (mut own, mut new, mut count) = ([0; BLOCK], [T::zeroed(); BLOCK], 0);
    for (&place, &value) in places.iter().zip(values) {
        let to = place.wrapping_sub(start);
        (own[count], new[count]) = (to, value);
        count += usize::from(to < target.len());
    }
    apply_all(&own[..count], &new, target, combine, |at| at);
}

/// [`apply`] with indices along a line that begins with the whole target; see [`is_quick`].
pub(super) fn apply_indices<T: Pod>(
    indices: Indices,
    values: &[T],
    start: usize,
    target: &mut [T],
    combine: impl Fn(T, T) -> T,
) {
    let mut own =
        Own { places: [0; BLOCK + VECTOR], values: [T::zeroed(); BLOCK + VECTOR], count: 0 };
    vectors::collect(&mut own, indices, values, start, target.len());
    apply_all(&own.places[..own.count], &own.values, target, combine, |at| at as usize);
}

/// Some indices along a line, and whether they are moved to where they fit.
#[derive(Clone, Copy)]
pub(super) struct Indices<'a> {
    pub starts: &'a [i32],
    pub line: Line,
    pub clip: bool,
}

/// Applies elements one after the other. Where many places repeat the one before, what is combined
/// stays in a register.
#[inline(always)]
fn apply_all<T: Pod, P: Copy + PartialEq>(
    places: &[P],
    values: &[T],
    target: &mut [T],
    combine: impl Fn(T, T) -> T,
    at: impl Fn(P) -> usize,
) {
    let Some(&first) = places.first() else { return };
    if !repeats(places) {
        for (&place, &value) in places.iter().zip(values) {
            let slot = &mut target[at(place)];
            *slot = combine(*slot, value);
        }
        return;
    }
    let mut before = first;
    let mut now = target[at(before)];
    for (&place, &value) in places.iter().zip(values) {
        if place != before {
            target[at(before)] = now;
            before = place;
            now = target[at(before)];
        }
        now = combine(now, value);
    }
    target[at(before)] = now;
}

/// Whether [`apply_indices`] can be used for elements of a type and a line, and looks at indices in
/// far less time than applying takes.
pub(super) fn is_quick<T>(line: &Line) -> bool {
    matches!(size_of::<T>(), 4 | 8) && line.is_short() && line.base == 0 && vectors::are_there()
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    use std::arch::x86_64::*;

    use bytemuck::Pod;
    use pulp::x86::V4;

    use super::{BLOCK, Indices, Own, VECTOR};
    use crate::isa::{Isa, isa};
    use crate::kernels::places::Start;

    pub(super) fn are_there() -> bool {
        isa() == Isa::Avx512
    }

    /// Collects the elements whose places are from `start` on, below `start + length`.
    pub(super) fn collect<T: Pod>(
        own: &mut Own<T>,
        indices: Indices,
        values: &[T],
        start: usize,
        length: usize,
    ) {
        let simd = V4::try_new().expect("a processor that was seen to have these vectors");
        simd.vectorize(Collect { simd, own, indices, values, start, length });
    }

    struct Collect<'a, T> {
        simd: V4,
        own: &'a mut Own<T>,
        indices: Indices<'a>,
        values: &'a [T],
        start: usize,
        length: usize,
    }

    impl<T: Pod> pulp::NullaryFnOnce for Collect<'_, T> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let Collect { simd, own, indices, values, start, length } = self;
            let Indices { starts, line, clip } = indices;
            assert!(starts.len() <= BLOCK && values.len() >= starts.len());
            let avx = simd.avx512f;
            let all = |value: usize| avx._mm512_set1_epi32(value as i32);
            let (first, count) = (all(start), all(length));
            let (back, last, zero) = (all(line.back), all(line.last), all(0));
            let whole = starts.len() / VECTOR * VECTOR;
            for at in (0..whole).step_by(VECTOR) {
                // SAFETY: there are as many indices and values from here on as fill a register, or
                // two. What is written is within the arrays, as no more elements have been
                // collected than looked at, and there is room for a register behind these.
                unsafe {
                    let index = _mm512_loadu_si512(starts.as_ptr().add(at).cast());
                    let sign = avx._mm512_srai_epi32::<31>(index);
                    let place = avx._mm512_add_epi32(index, avx._mm512_and_si512(back, sign));
                    let place = match clip {
                        true => avx._mm512_min_epi32(avx._mm512_max_epi32(place, zero), last),
                        false => place,
                    };
                    // Places that are not there are larger than any as numbers without sign.
                    let to = avx._mm512_sub_epi32(place, first);
                    let inside = avx._mm512_cmplt_epu32_mask(to, count);
                    let target = own.places.as_mut_ptr().add(own.count).cast();
                    _mm512_storeu_si512(target, avx._mm512_maskz_compress_epi32(inside, to));
                    let target = own.values.as_mut_ptr().add(own.count);
                    let value = values.as_ptr().add(at);
                    if size_of::<T>() == 4 {
                        let value = _mm512_loadu_si512(value.cast());
                        let packed = avx._mm512_maskz_compress_epi32(inside, value);
                        _mm512_storeu_si512(target.cast(), packed);
                    } else {
                        let (low, high) = (inside as u8, (inside >> 8) as u8);
                        let front = _mm512_loadu_si512(value.cast());
                        let back = _mm512_loadu_si512(value.add(VECTOR / 2).cast());
                        let front = avx._mm512_maskz_compress_epi64(low, front);
                        let back = avx._mm512_maskz_compress_epi64(high, back);
                        _mm512_storeu_si512(target.cast(), front);
                        let behind = target.add(low.count_ones() as usize);
                        _mm512_storeu_si512(behind.cast(), back);
                    }
                    own.count += inside.count_ones() as usize;
                }
            }
            for (&index, &value) in starts[whole..].iter().zip(&values[whole..]) {
                let place = match clip {
                    true => line.counted(index).clamp(0, line.last as i64) as usize,
                    false => i32::at(index.place(line.back)),
                };
                let to = place.wrapping_sub(start);
                (own.places[own.count], own.values[own.count]) = (to as u32, value);
                own.count += usize::from(to < length);
            }
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod vectors {
    use super::{Indices, Own};

    pub(super) fn are_there() -> bool {
        false
    }

    pub(super) fn collect<T>(_: &mut Own<T>, _: Indices, _: &[T], _: usize, _: usize) {
        unreachable!("only where these vectors are there");
    }
}
