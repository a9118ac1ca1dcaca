//! The Fourier transform as programs have it.

use pullback_core::primitives::signal::fft::FftKind;
use pullback_core::{Array, Error, Result};
use pullback_macros::api;

use crate::api::{ApiFn, Arg, Sizes};
use crate::numpy::common::shape_of;
use crate::numpy::fft::transformed;

/// The functions of this module.
pub(super) static FUNCTIONS: &[&ApiFn] = &[&FFT_API];

/// The discrete Fourier transform over the last axes, as many as there are lengths.
///
/// `fft_type` is "FFT", "IFFT", "RFFT" or "IRFFT", or the number of one in this order; the lengths
/// are those of the axes, of the real numbers where one side is real.
///
/// ```
/// # use pullback::{Array, api::Arg, lax, numpy as jnp};
/// let y = lax::fft(&Array::from([1.0, 2.0]), Arg::Str("RFFT".into()), &2.into())?;
/// assert_eq!(jnp::real(&y)?, Array::from([3.0, -1.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn fft(x: &Array, fft_type: Arg, fft_lengths: &Sizes) -> Result<Array> {
    let kind = match &fft_type {
        Arg::Str(name) => match name.as_str() {
            "fft" | "FFT" => FftKind::Forward,
            "ifft" | "IFFT" => FftKind::Inverse,
            "rfft" | "RFFT" => FftKind::RealForward,
            "irfft" | "IRFFT" => FftKind::RealInverse,
            _ => return Err(Error::value_error("fft", format!("unknown FFT type '{name}'"))),
        },
        Arg::Int(0) => FftKind::Forward,
        Arg::Int(1) => FftKind::Inverse,
        Arg::Int(2) => FftKind::RealForward,
        Arg::Int(3) => FftKind::RealInverse,
        other => {
            return Err(Error::type_error("fft", format!("unknown FFT type value {other:?}")));
        }
    };
    transformed(x, kind, &shape_of("fft", &fft_lengths.0)?)
}
