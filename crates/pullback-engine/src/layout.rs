//! Where the elements of a tensor lie in its buffer.

use smallvec::{SmallVec, smallvec};

/// Sizes of the axes of a tensor.
pub type Shape = SmallVec<[usize; 4]>;
/// Steps between neighbours along each axis, in elements; may be zero or negative.
pub type Strides = SmallVec<[isize; 4]>;

/// The number of elements in a shape.
#[inline]
pub fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// The number of elements, if it can be addressed at all.
pub fn checked_count(shape: &[usize]) -> Option<usize> {
    // A zero anywhere makes the whole empty, however large the rest.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).filter(|&n| n <= isize::MAX as usize)
}

/// The strides of a shape stored row by row.
#[inline]
pub fn row_major(shape: &[usize]) -> Strides {
    if shape.len() == 1 {
        return smallvec![1];
    }
    let mut strides: Strides = SmallVec::from_elem(1, shape.len());
    for axis in (0..shape.len().saturating_sub(1)).rev() {
        strides[axis] = strides[axis + 1] * shape[axis + 1].max(1) as isize;
    }
    strides
}

/// Merges neighbouring axes that all the strides walk as one, and drops axes of size 1.
/// The result has at least one axis.
pub(crate) fn merge_axes(shape: &[usize], strides: &mut [&mut Strides]) -> Shape {
    let mut sizes = Shape::new();
    let mut merged: SmallVec<[Strides; 4]> = strides.iter().map(|_| Strides::new()).collect();
    for axis in 0..shape.len() {
        let size = shape[axis];
        if size == 1 {
            continue;
        }
        let continues = |(old, new): (&&mut Strides, &Strides)| {
            new.last().is_some_and(|&outer| outer == old[axis] * size as isize)
        };
        if !sizes.is_empty() && strides.iter().zip(&merged).all(continues) {
            *sizes.last_mut().expect("not empty") *= size;
            for (old, new) in strides.iter().zip(&mut merged) {
                *new.last_mut().expect("as long as sizes") = old[axis];
            }
        } else {
            sizes.push(size);
            for (old, new) in strides.iter().zip(&mut merged) {
                new.push(old[axis]);
            }
        }
    }
    if sizes.is_empty() {
        sizes.push(1);
        merged.iter_mut().for_each(|new| new.push(0));
    }
    for (old, new) in strides.iter_mut().zip(merged) {
        **old = new;
    }
    sizes
}

/// Shape, strides and the position of the first element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Sizes of the axes.
    pub shape: Shape,
    /// Steps along the axes, in elements.
    pub strides: Strides,
    /// Position of the first element.
    pub offset: usize,
}

impl Layout {
    /// Elements of `shape` one after another, from the start of the buffer.
    pub fn contiguous(shape: &[usize]) -> Layout {
        Layout { shape: shape.into(), strides: row_major(shape), offset: 0 }
    }

    /// The number of elements.
    #[inline]
    pub fn count(&self) -> usize {
        count(&self.shape)
    }

    /// Whether the elements lie one after another in row-major order.
    #[inline]
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (&size, &stride) in self.shape.iter().zip(&self.strides).rev() {
            if size != 1 && stride != expected {
                return self.count() == 0;
            }
            expected *= size as isize;
        }
        true
    }

    /// The axes in the order given by `permutation`.
    pub fn transpose(&self, permutation: &[usize]) -> Layout {
        Layout {
            shape: permutation.iter().map(|&axis| self.shape[axis]).collect(),
            strides: permutation.iter().map(|&axis| self.strides[axis]).collect(),
            offset: self.offset,
        }
    }

    /// Axis `i` becomes axis `axes[i]` of `shape`; new axes, and axes of size 1, are repeated.
    pub fn broadcast(&self, shape: &[usize], axes: &[usize]) -> Layout {
        let mut strides: Strides = SmallVec::from_elem(0, shape.len());
        for (from, &to) in axes.iter().enumerate() {
            if self.shape[from] == shape[to] {
                strides[to] = self.strides[from];
            }
        }
        Layout { shape: shape.into(), strides, offset: self.offset }
    }

    /// Elements `start..limit` of every axis, in steps of `step`.
    pub fn slice(&self, start: &[usize], limit: &[usize], step: &[usize]) -> Layout {
        let mut layout = self.clone();
        for axis in 0..self.shape.len() {
            let size = limit[axis].saturating_sub(start[axis]).div_ceil(step[axis]);
            if size > 0 {
                layout.offset =
                    (layout.offset as isize + start[axis] as isize * self.strides[axis]) as usize;
            }
            layout.shape[axis] = size;
            layout.strides[axis] = self.strides[axis] * step[axis] as isize;
        }
        if layout.count() == 0 {
            layout.offset = 0;
        }
        layout
    }

    /// The given axes, reversed.
    pub fn reverse(&self, axes: &[usize]) -> Layout {
        let mut layout = self.clone();
        for &axis in axes {
            let last = self.shape[axis].saturating_sub(1) as isize;
            layout.offset = (layout.offset as isize + last * self.strides[axis]) as usize;
            layout.strides[axis] = -self.strides[axis];
        }
        if layout.count() == 0 {
            layout.offset = 0;
        }
        layout
    }

    /// The same elements in the same order under another shape, where no element has to move.
    pub fn reshape(&self, shape: &[usize]) -> Option<Layout> {
        if self.count() == 0 || self.is_contiguous() {
            return Some(Layout {
                shape: shape.into(),
                strides: row_major(shape),
                offset: if self.count() == 0 { 0 } else { self.offset },
            });
        }
        // Adding or dropping axes of size 1 never moves anything.
        let mut strides: Strides = SmallVec::from_elem(0, shape.len());
        let mut old = (0..self.shape.len()).filter(|&axis| self.shape[axis] != 1);
        for (axis, &size) in shape.iter().enumerate() {
            if size != 1 {
                let from = old.next().filter(|&from| self.shape[from] == size)?;
                strides[axis] = self.strides[from];
            }
        }
        old.next().is_none().then(|| Layout { shape: shape.into(), strides, offset: self.offset })
    }

    /// Calls `f` with the position of the first element of every innermost row, in order.
    /// A tensor of rank 0 has one row of one element.
    pub fn for_each_row(&self, mut f: impl FnMut(usize)) {
        let Some((&row, outer)) = self.shape.split_last() else { return f(self.offset) };
        if row == 0 || outer.contains(&0) {
            return;
        }
        let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, outer.len());
        let mut at = self.offset as isize;
        loop {
            f(at as usize);
            let mut axis = outer.len();
            loop {
                if axis == 0 {
                    return;
                }
                axis -= 1;
                index[axis] += 1;
                at += self.strides[axis];
                if index[axis] < outer[axis] {
                    break;
                }
                at -= self.strides[axis] * outer[axis] as isize;
                index[axis] = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_axes_come_and_go_without_a_copy() {
        let layout = Layout::contiguous(&[2, 1, 3]).transpose(&[2, 1, 0]);
        let reshaped = layout.reshape(&[3, 2, 1]).unwrap();
        assert_eq!(reshaped.strides[..2], [1, 3]);
        assert!(layout.reshape(&[6]).is_none());
    }

    #[test]
    fn rows_follow_the_strides() {
        let mut seen = vec![];
        Layout::contiguous(&[2, 3]).transpose(&[1, 0]).for_each_row(|at| seen.push(at));
        assert_eq!(seen, [0, 1, 2]);
    }
}
