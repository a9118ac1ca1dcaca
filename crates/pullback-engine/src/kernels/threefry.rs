//! The counter-based generator Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random
//! numbers: as easy as 1, 2, 3"), and the streams that JAX makes of it, bit for bit.
//!
//! A stream has two layouts. In the *partitionable* one every element is a function of its own
//! 64-bit position; the *original* one splits a list of 32-bit counters into halves.

use super::common::arch;
use super::parts::{for_each_item, for_each_part};
use super::random::BLOCK;
use crate::cost::Cost;
use crate::dtype::{Element, Key};

/// Blocks computed side by side in long streams: so many that the steps of one hide the latency
/// of another.
pub(super) const MANY: usize = 128;
/// Blocks computed side by side in short streams and at the end of long ones.
const FEW: usize = 16;
/// Elements that a thread takes at a time, whole streams of `MANY` blocks.
const PART: usize = Cost::flops(BLOCK).items_of_part().next_multiple_of(MANY);

/// The words of `N` keys, or of one for all.
pub(super) trait Words: Copy {
    fn word(&self, lane: usize) -> u32;
}

impl Words for u32 {
    #[inline(always)]
    fn word(&self, _: usize) -> u32 {
        *self
    }
}

impl<const N: usize> Words for [u32; N] {
    #[inline(always)]
    fn word(&self, lane: usize) -> u32 {
        self[lane]
    }
}

/// The block function of `N` counters. Each step is a loop of its own over all lanes, which is
/// what the compiler makes one vector operation of.
#[inline(always)]
pub(super) fn threefry<K: Words, const N: usize>(
    k0: K,
    k1: K,
    x0: &mut [u32; N],
    x1: &mut [u32; N],
) {
    const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
    const PARITY: u32 = 0x1bd1_1bda;
    #[inline(always)]
    fn word<K: Words>(k0: &K, k1: &K, which: usize, lane: usize) -> u32 {
        match which % 3 {
            0 => k0.word(lane),
            1 => k1.word(lane),
            _ => PARITY ^ k0.word(lane) ^ k1.word(lane),
        }
    }
    for lane in 0..N {
        x0[lane] = x0[lane].wrapping_add(k0.word(lane));
    }
    for lane in 0..N {
        x1[lane] = x1[lane].wrapping_add(k1.word(lane));
    }
    for group in 0..5 {
        for rotation in ROTATIONS[group % 2] {
            for lane in 0..N {
                x0[lane] = x0[lane].wrapping_add(x1[lane]);
            }
            for lane in 0..N {
                x1[lane] = x1[lane].rotate_left(rotation);
            }
            for lane in 0..N {
                x1[lane] ^= x0[lane];
            }
        }
        for lane in 0..N {
            x0[lane] = x0[lane].wrapping_add(word(&k0, &k1, group + 1, lane));
        }
        for lane in 0..N {
            let key = word(&k0, &k1, group + 2, lane).wrapping_add(group as u32 + 1);
            x1[lane] = x1[lane].wrapping_add(key);
        }
    }
}

/// What an element of a stream is made of: the two words of a block.
pub(super) trait Drawn: Element {
    fn join(high: u32, low: u32) -> Self;
}

macro_rules! drawn {
    ($($T:ty: |$high:ident, $low:ident| $join:expr;)*) => {$(
        impl Drawn for $T {
            #[inline(always)]
            fn join($high: u32, $low: u32) -> $T { $join }
        }
    )*};
}
drawn! {
    u8: |high, low| (high ^ low) as u8;
    u16: |high, low| (high ^ low) as u16;
    u32: |high, low| high ^ low;
    u64: |high, low| (high as u64) << 32 | low as u64;
    Key: |high, low| Key([high, low]);
}

/// The first `count` elements of the partitionable stream of each key.
pub(super) fn draw<T: Drawn>(keys: &[Key], count: usize, out: &mut [T]) {
    for_each_part(out, PART, |start, out| draw_part(keys, count, start, out));
}

/// The elements from `start` on of the streams of all keys, of each of which the first `count`
/// elements are taken.
pub(super) fn draw_part<T: Drawn>(keys: &[Key], count: usize, start: usize, out: &mut [T]) {
    if count < FEW {
        return arch().dispatch(Mixed { keys, count, start, out });
    }
    let (mut rest, mut at) = (out, start);
    while !rest.is_empty() {
        let first = at % count;
        let (out, later) = rest.split_at_mut((count - first).min(rest.len()));
        at += out.len();
        arch().dispatch(ByPosition { key: keys[(at - 1) / count], first, out });
        rest = later;
    }
}

/// Element `i` of the partitionable stream is made of the block with counter `i`: the elements
/// from `first` on.
struct ByPosition<'a, T> {
    key: Key,
    first: usize,
    out: &'a mut [T],
}

impl<T: Drawn> pulp::NullaryFnOnce for ByPosition<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let ByPosition { key, first, out } = self;
        let (many, few) = out.split_at_mut(out.len() / MANY * MANY);
        by_position::<T, MANY>(key, first as u64, many);
        by_position::<T, FEW>(key, (first + many.len()) as u64, few);
    }
}

#[inline(always)]
fn by_position<T: Drawn, const N: usize>(key: Key, first: u64, out: &mut [T]) {
    let (whole, rest) = out.as_chunks_mut::<N>();
    for (n, out) in whole.iter_mut().enumerate() {
        let [x0, x1] = at_positions::<N>(key, first + (n * N) as u64);
        for lane in 0..N {
            out[lane] = T::join(x0[lane], x1[lane]);
        }
    }
    if !rest.is_empty() {
        let [x0, x1] = at_positions::<N>(key, first + (whole.len() * N) as u64);
        for (lane, slot) in rest.iter_mut().enumerate() {
            *slot = T::join(x0[lane], x1[lane]);
        }
    }
}

/// The words of the blocks with counters from `first` on.
#[inline(always)]
fn at_positions<const N: usize>(key: Key, first: u64) -> [[u32; N]; 2] {
    let (mut x0, mut x1) = ([0; N], [0; N]);
    for lane in 0..N {
        x1[lane] = (first as u32).wrapping_add(lane as u32);
    }
    let high = (first >> 32) as u32;
    if (first as u32).checked_add(N as u32).is_some() {
        x0 = [high; N];
    } else {
        for lane in 0..N {
            // A low word that is less than the first has run over.
            x0[lane] = high.wrapping_add((x1[lane] < first as u32) as u32);
        }
    }
    threefry(key.0[0], key.0[1], &mut x0, &mut x1);
    [x0, x1]
}

/// Short streams of many keys, side by side: the elements from `start` on of all of them.
struct Mixed<'a, T> {
    keys: &'a [Key],
    count: usize,
    start: usize,
    out: &'a mut [T],
}

impl<T: Drawn> pulp::NullaryFnOnce for Mixed<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Mixed { keys, count, start, out } = self;
        if count == 0 {
            return;
        }
        let (mut of, mut position) = (start / count, start % count);
        for out in out.chunks_mut(FEW) {
            let [mut k0, mut k1, mut x0, mut x1] = [[0; FEW]; 4];
            for lane in 0..out.len() {
                [k0[lane], k1[lane]] = keys[of].0;
                x1[lane] = position as u32;
                position += 1;
                if position == count {
                    (of, position) = (of + 1, 0);
                }
            }
            threefry(k0, k1, &mut x0, &mut x1);
            for (lane, slot) in out.iter_mut().enumerate() {
                *slot = T::join(x0[lane], x1[lane]);
            }
        }
    }
}

/// A key from each key and the number at its place.
pub(super) fn fold_in(keys: &[Key], data: &[u32], out: &mut [Key]) {
    for_each_part(out, PART, |start, out| arch().dispatch(FoldIn { keys, data, start, out }));
}

struct FoldIn<'a> {
    keys: &'a [Key],
    data: &'a [u32],
    start: usize,
    out: &'a mut [Key],
}

impl pulp::NullaryFnOnce for FoldIn<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let FoldIn { keys, data, start, out } = self;
        for (n, out) in out.chunks_mut(FEW).enumerate() {
            let at = start + n * FEW;
            let [mut k0, mut k1, mut x0, mut x1] = [[0; FEW]; 4];
            for lane in 0..out.len() {
                [k0[lane], k1[lane]] = keys[at + lane].0;
                x1[lane] = data[at + lane];
            }
            threefry(k0, k1, &mut x0, &mut x1);
            for (lane, slot) in out.iter_mut().enumerate() {
                *slot = Key([x0[lane], x1[lane]]);
            }
        }
    }
}

/// The block function over whole slices: the words of keys, the words of counters.
pub(super) fn blocks(words: [&[u32]; 4], first: &mut [u32], second: &mut [u32]) {
    let items = first.chunks_mut(PART).zip(second.chunks_mut(PART)).enumerate();
    for_each_item(items, |(n, (first, second))| {
        let words = words.map(|words| &words[n * PART..][..first.len()]);
        arch().dispatch(Blocks { words, first, second });
    });
}

struct Blocks<'a> {
    words: [&'a [u32]; 4],
    first: &'a mut [u32],
    second: &'a mut [u32],
}

impl pulp::NullaryFnOnce for Blocks<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        const LANES: usize = 2 * FEW;
        let Blocks { words, first, second } = self;
        for i in (0..first.len()).step_by(LANES) {
            let n = (first.len() - i).min(LANES);
            let mut lanes = [[0; LANES]; 4];
            for (lanes, words) in lanes.iter_mut().zip(words) {
                lanes[..n].copy_from_slice(&words[i..i + n]);
            }
            let [k0, k1, mut x0, mut x1] = lanes;
            threefry(k0, k1, &mut x0, &mut x1);
            first[i..i + n].copy_from_slice(&x0[..n]);
            second[i..i + n].copy_from_slice(&x1[..n]);
        }
    }
}

/// The words of the original stream: counters `0..n`, with a zero at the end if `n` is odd, are
/// halved; block `i` has word `i` of both halves, before and after.
pub(super) fn draw_original(key: Key, out: &mut [u32]) {
    let count = out.len();
    let half = count.div_ceil(2);
    let (firsts, seconds) = out.split_at_mut(half);
    // The last block of an odd number of words has its second word dropped.
    let seconds = seconds.chunks_mut(PART).chain(std::iter::once(&mut [][..]));
    let items = firsts.chunks_mut(PART).zip(seconds).enumerate();
    for_each_item(items, |(n, (firsts, seconds))| {
        let start = n * PART;
        arch().dispatch(Original { key, count, start, firsts, seconds });
    });
}

/// Blocks of the original stream of `count` words, from block `start` on.
struct Original<'a> {
    key: Key,
    count: usize,
    start: usize,
    firsts: &'a mut [u32],
    seconds: &'a mut [u32],
}

impl pulp::NullaryFnOnce for Original<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Original { key, count, start, firsts, seconds } = self;
        let half = count.div_ceil(2);
        for at in (0..firsts.len()).step_by(MANY) {
            let block = start + at;
            let (mut x0, mut x1) = ([0; MANY], [0; MANY]);
            for lane in 0..MANY {
                x0[lane] = (block as u32).wrapping_add(lane as u32);
            }
            for lane in 0..MANY {
                x1[lane] = ((block + half) as u32).wrapping_add(lane as u32);
            }
            if count % 2 == 1 && half - block <= MANY {
                x1[half - 1 - block] = 0;
            }
            threefry(key.0[0], key.0[1], &mut x0, &mut x1);
            let end = (at + MANY).min(firsts.len());
            firsts[at..end].copy_from_slice(&x0[..end - at]);
            let end = (at + MANY).min(seconds.len());
            if at < end {
                seconds[at..end].copy_from_slice(&x1[..end - at]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parts::tests::on_any_number_of_threads;
    use super::*;

    /// One element of the partitionable stream, computed alone.
    fn alone<T: Drawn>(key: Key, position: u64) -> T {
        let (mut x0, mut x1) = ([(position >> 32) as u32], [position as u32]);
        threefry(key.0[0], key.0[1], &mut x0, &mut x1);
        T::join(x0[0], x1[0])
    }

    #[test]
    fn streams_of_every_length_and_number_of_keys() {
        fn check<T: Drawn + PartialEq + std::fmt::Debug + Default>() {
            for (count, of) in [(1, 40), (3, 7), (15, 1), (16, 3), (129, 2), (1000, 3), (50_001, 1)]
            {
                let keys: Vec<Key> = (0..of).map(|i| Key([i, 7 * i + 1])).collect();
                let drawn = on_any_number_of_threads(|| {
                    let mut out = vec![T::default(); count * of as usize];
                    draw(&keys, count, &mut out);
                    out
                });
                for (i, &value) in drawn.iter().enumerate() {
                    assert_eq!(value, alone(keys[i / count], (i % count) as u64));
                }
            }
        }
        check::<u8>();
        check::<u16>();
        check::<u32>();
        check::<u64>();
        check::<Key>();
    }

    #[test]
    fn positions_run_over_32_bits() {
        let (key, first) = (Key([1, 2]), (1u64 << 32) - 100);
        let mut out = [0u64; 300];
        pulp::NullaryFnOnce::call(ByPosition { key, first: first as usize, out: &mut out });
        for (i, &value) in out.iter().enumerate() {
            assert_eq!(value, alone(key, first + i as u64));
        }
    }

    #[test]
    fn the_original_stream_does_not_depend_on_threads() {
        for count in [0, 1, 2, 255, 256, 257, 2 * PART - 1, 4 * PART, 4 * PART + 1] {
            on_any_number_of_threads(|| {
                let mut words = vec![0; count];
                draw_original(Key([5, 6]), &mut words);
                words
            });
        }
    }

    #[test]
    fn folding_is_the_block_function() {
        let keys: Vec<Key> = (0..50).map(|i| Key([i, 3])).collect();
        let data: Vec<u32> = (0..50).map(|i| i * i).collect();
        let mut folded = vec![Key::default(); 50];
        fold_in(&keys, &data, &mut folded);
        let columns = |f: &dyn Fn(usize) -> u32| (0..50).map(f).collect::<Vec<u32>>();
        let [k0, k1] = [0, 1].map(|word| columns(&|i| keys[i].0[word]));
        let (zero, mut first, mut second) = (vec![0; 50], vec![0; 50], vec![0; 50]);
        blocks([&k0, &k1, &zero, &data], &mut first, &mut second);
        assert_eq!(columns(&|i| folded[i].0[0]), first);
        assert_eq!(columns(&|i| folded[i].0[1]), second);
    }
}
