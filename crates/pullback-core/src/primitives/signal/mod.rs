//! Fourier transforms, convolutions, and reductions over windows that move.

pub mod fft;
