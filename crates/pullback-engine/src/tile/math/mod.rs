//! Functions of one element.
//!
//! Those of `single` and `double` are written over the numbers of `lane`, once for all engines;
//! every arithmetic step is one rounding that is the same on every processor, so results are too.

#[cfg(test)]
mod accuracy;
pub(crate) mod basic;
pub(crate) mod bessel;
pub(crate) mod complex;
pub(crate) mod double;
pub(crate) mod float;
pub(crate) mod gamma;
pub(crate) mod lane;
pub(crate) mod narrow;
#[cfg(test)]
mod reference;
pub(crate) mod single;
mod twofold;
