//! Reductions over windows that move, and what their derivatives are made of.
//!
//! Axes at the end that the window does not move along are rows of elements side by side, to which
//! everything is done at once. Threads take entries of the axes in front that the window does not
//! move along either, or lines of the result where lines do not write into each other.

use smallvec::SmallVec;

use crate::layout::Shape;

mod plan;
mod reduce;
mod select;
#[cfg(test)]
mod tests;

/// A window over every axis of an array.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Window {
    pub dimensions: Shape,
    pub strides: Shape,
    /// Before and after each axis; negative takes away.
    pub padding: SmallVec<[(i64, i64); 4]>,
    /// The distance of the elements of the array.
    pub base_dilation: Shape,
    /// The distance of the taps.
    pub window_dilation: Shape,
}

impl Window {
    /// How many elements are under it.
    fn area(&self) -> usize {
        self.dimensions.iter().product()
    }
}

/// How the elements under a window become one; elements beyond the array leave it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum WindowOp {
    Sum,
    Max,
    Min,
}

/// The elements under the window at each place, as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct ReduceWindow {
    pub op: WindowOp,
    pub window: Window,
}

/// Of the first input the elements that lie where the largest (or smallest) of the second input
/// under the window does; the first of them, where several are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct SelectAndGather {
    pub smallest: bool,
    pub window: Window,
}

/// The first input, which has an element for each place of the window, added up where the largest
/// (or smallest) element of the second input under the window lies; zero elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct SelectAndScatter {
    pub smallest: bool,
    pub window: Window,
}
