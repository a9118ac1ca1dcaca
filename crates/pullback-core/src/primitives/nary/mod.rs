//! Elementwise operations with parameters, or with more operands than two.

pub mod betainc;
pub mod clamp;
pub mod convert_element_type;
pub mod integer_pow;
pub mod reduce_precision;
pub mod round;
pub mod select_n;
