//! The order in which lanes and blocks become one: halves of lanes, and pairs of blocks.

use super::Combine;

/// The lanes of a block as one value.
#[inline(always)]
pub(super) fn halves<A: Copy, O: Combine<A>, const LANES: usize>(mut acc: [A; LANES]) -> A {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            acc[lane] = O::combine(acc[lane], acc[lane + half]);
        }
        half /= 2;
    }
    acc[0]
}

/// The lanes of a block of columns as one row, the first.
#[inline(always)]
fn column_halves<A: Copy, O: Combine<A>>(block: &mut [A], width: usize) {
    let mut half = block.len() / width / 2;
    while half > 0 {
        let (low, high) = block[..2 * half * width].split_at_mut(half * width);
        for (a, &b) in low.iter_mut().zip(high.iter()) {
            *a = O::combine(*a, b);
        }
        half /= 2;
    }
}

/// Combines what comes before with what comes after it.
#[inline(always)]
fn join<A: Copy, O: Combine<A>>(after: &mut [A], before: &[A]) {
    for (a, &b) in after.iter_mut().zip(before) {
        *a = O::combine(b, *a);
    }
}

/// Blocks of columns, combined in pairs, pairs in pairs, and so on, as they come.
pub(in crate::kernels) struct Columns<A> {
    partial: Vec<Vec<A>>,
    count: usize,
}

impl<A> Default for Columns<A> {
    fn default() -> Columns<A> {
        Columns { partial: vec![], count: 0 }
    }
}

impl<A: Copy> Columns<A> {
    /// Takes a block, the first row of which is what all of them come to if this is the last.
    #[inline(always)]
    pub(super) fn push<O: Combine<A>>(&mut self, block: &mut [A], width: usize, is_last: bool) {
        column_halves::<A, O>(block, width);
        let block = &mut block[..width];
        let merges = self.count.trailing_ones() as usize;
        for level in &self.partial[..merges] {
            join::<A, O>(block, level);
        }
        self.count += 1;
        if is_last {
            // Those before it that have not met others of their size.
            for level in (merges + 1..self.partial.len()).filter(|n| self.count >> n & 1 == 1) {
                join::<A, O>(block, &self.partial[level]);
            }
            return;
        }
        if self.partial.len() == merges {
            self.partial.push(Vec::new());
        }
        self.partial[merges].clear();
        self.partial[merges].extend_from_slice(block);
    }
}

/// Combines values in pairs, pairs in pairs, and so on, as they come.
pub(super) struct Pairs<A> {
    partial: [A; 64],
    count: u64,
}

impl<A: Copy> Pairs<A> {
    pub(super) fn new(nothing: A) -> Pairs<A> {
        Pairs { partial: [nothing; 64], count: 0 }
    }

    #[inline(always)]
    pub(super) fn push<O: Combine<A>>(&mut self, mut value: A) {
        let levels = self.count.trailing_ones() as usize;
        for level in 0..levels {
            value = O::combine(self.partial[level], value);
        }
        self.partial[levels] = value;
        self.count += 1;
    }

    #[inline(always)]
    pub(super) fn finish<O: Combine<A>>(&self) -> A {
        let mut result = None;
        for level in (0..64).filter(|level| self.count >> level & 1 == 1) {
            let value = self.partial[level];
            result = Some(result.map_or(value, |rest| O::combine(value, rest)));
        }
        result.unwrap_or(O::IDENTITY)
    }
}
