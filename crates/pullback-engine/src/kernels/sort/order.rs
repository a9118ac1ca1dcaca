//! The order of rows: by radix where they are long, by comparisons where they are short.

use super::super::common::with_number;
use super::keys::{Key, Ordered};
use crate::error::Result;
use crate::tensor::Tensor;

/// Rows shorter than this are sorted by comparisons.
const RADIX: usize = 384;

/// Sorts keys; equal ones cannot be told apart, so any order of them will do.
pub(super) fn sort_keys<K: Key>(keys: &mut Vec<K>, spare: &mut Vec<K>) {
    if keys.len() < RADIX || K::BYTES > 8 {
        keys.sort_unstable();
    } else {
        radix_sort(keys, spare, 0..K::BYTES);
    }
}

/// Sorts by the given bytes of the keys, the last of them most significant; stable.
fn radix_sort<K: Key>(keys: &mut Vec<K>, spare: &mut Vec<K>, bytes: std::ops::Range<usize>) {
    let mut counts = vec![[0usize; 256]; bytes.len()];
    for &key in keys.iter() {
        for (count, at) in counts.iter_mut().zip(bytes.clone()) {
            count[key.byte(at)] += 1;
        }
    }
    spare.clear();
    spare.resize(keys.len(), K::default());
    for (count, at) in counts.iter_mut().zip(bytes) {
        // A byte that all keys share sorts nothing.
        if count.contains(&keys.len()) {
            continue;
        }
        let mut next = 0;
        for slot in count.iter_mut() {
            let begin = next;
            next += *slot;
            *slot = begin;
        }
        for &key in keys.iter() {
            let slot = &mut count[key.byte(at)];
            spare[*slot] = key;
            *slot += 1;
        }
        std::mem::swap(keys, spare);
    }
}

/// Finds the order of a row by one or several keys.
#[derive(Default)]
pub(super) struct Sorter {
    /// The keys of the row, one list for each operand that is compared.
    keys: Vec<Vec<u128>>,
    /// Whether there is one operand to compare, and its keys fit 32 bits. They are then in
    /// `short`, above the positions.
    narrow: bool,
    short: Vec<u64>,
    spare_short: Vec<u64>,
    long: Vec<u128>,
    spare_long: Vec<u128>,
    order: Vec<u32>,
}

impl Sorter {
    pub(super) fn new(inputs: &[Tensor]) -> Sorter {
        let narrow = matches!(inputs, [x] if x.dtype().size() <= 4);
        Sorter { narrow, ..Sorter::default() }
    }

    /// The positions of the elements of a row, which begins at `start`, in rising order.
    pub(super) fn order(
        &mut self,
        inputs: &[Tensor],
        start: usize,
        length: usize,
    ) -> Result<&[u32]> {
        self.keys.clear();
        self.short.clear();
        self.long.clear();
        for x in inputs {
            self.add_keys(x, start, length)?;
        }
        Ok(self.sorted(length))
    }

    fn add_keys(&mut self, x: &Tensor, start: usize, length: usize) -> Result<()> {
        with_number!(x.dtype(), "sort", T => {
            let row = &x.as_slice::<T>().unwrap_or_default()[start..start + length];
            let keys = row.iter().map(|value| value.key().wide());
            if self.narrow {
                let words = keys.enumerate().map(|(i, key)| (key as u64) << 32 | i as u64);
                self.short.extend(words);
            } else {
                self.keys.push(keys.collect());
            }
            Ok(())
        })
    }

    fn sorted(&mut self, length: usize) -> &[u32] {
        self.order.clear();
        if self.narrow {
            // Key and position share a word, and positions are distinct and rising.
            if length < RADIX {
                self.short.sort_unstable();
            } else {
                radix_sort(&mut self.short, &mut self.spare_short, 4..8);
            }
            self.order.extend(self.short.iter().map(|&word| word as u32));
        } else if let [keys] = &self.keys[..]
            && keys.iter().all(|&key| key >> 64 == 0)
        {
            self.long.extend(keys.iter().enumerate().map(|(i, &key)| key << 32 | i as u128));
            if length < RADIX {
                self.long.sort_unstable();
            } else {
                radix_sort(&mut self.long, &mut self.spare_long, 4..12);
            }
            self.order.extend(self.long.iter().map(|&word| word as u32));
        } else {
            self.order.extend(0..length as u32);
            let keys = &self.keys;
            self.order.sort_unstable_by(|&a, &b| {
                let of = |at: u32| keys.iter().map(move |keys| keys[at as usize]);
                of(a).cmp(of(b)).then(a.cmp(&b))
            });
        }
        &self.order
    }
}
