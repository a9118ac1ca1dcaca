//! Going through all samples, and looking into arrays.

use std::panic::{AssertUnwindSafe, catch_unwind};

use num_complex::Complex;
use pullback_core::primitives::{Sample, samples};
use pullback_core::trace::bind;
use pullback_core::{Array, Aval, DType, Error, Result, Tensor};
use pullback_engine::Buffer;

/// Primitives without samples, and why.
pub const WITHOUT_SAMPLES: &[(&str, &str)] = &[
    ("custom_jvp_call", "its rule is a function of the host language; see its own tests"),
    ("custom_vjp_call", "its rule is a function of the host language; see its own tests"),
    ("custom_lin", "arises only while a custom_vjp_call is differentiated"),
    ("axis_index", "collectives need a mapped axis; see their own tests"),
    ("all_gather", "collectives need a mapped axis; see their own tests"),
    ("reduce_scatter", "collectives need a mapped axis; see their own tests"),
    ("ppermute", "collectives need a mapped axis; see their own tests"),
    ("all_to_all", "collectives need a mapped axis; see their own tests"),
    ("pure_callback", "it calls a function of the host language; see its own tests"),
];

/// What a law found.
pub enum Outcome {
    /// The law was tried, and holds.
    Holds,
    /// The law says nothing of this sample.
    Silent,
}

/// Tries a law on every sample; fails with all that do not obey.
pub fn for_each_sample(law: impl Fn(&Sample) -> std::result::Result<Outcome, String>) {
    let (mut tried, mut failures) = (0, vec![]);
    for (name, samples) in samples() {
        for sample in &samples {
            let outcome = catch_unwind(AssertUnwindSafe(|| law(sample)));
            let message = match outcome {
                Ok(Ok(Outcome::Holds)) => {
                    tried += 1;
                    continue;
                }
                Ok(Ok(Outcome::Silent)) => continue,
                Ok(Err(message)) => message,
                Err(panic) => {
                    let text = panic.downcast_ref::<String>().cloned();
                    let text =
                        text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
                    format!("panicked: {}", text.unwrap_or_default())
                }
            };
            failures.push(format!(
                "{name} {:?} on {:?}:\n    {message}",
                sample.op,
                sample.avals()
            ));
        }
    }
    assert!(tried > 0, "the law was tried on nothing");
    let shown = failures.len().min(40);
    assert!(
        failures.is_empty(),
        "{} of {} samples fail:\n{}",
        failures.len(),
        failures.len() + tried,
        failures[..shown].join("\n")
    );
}

/// The message of an error.
pub fn say(error: Error) -> String {
    error.to_string()
}

/// The results of the operation of a sample.
pub fn apply(sample: &Sample, inputs: &[Array]) -> Result<Vec<Array>> {
    let operands: Vec<&Array> = inputs.iter().collect();
    Ok(bind(sample.op.clone(), &operands)?.into_vec())
}

/// The elements as complex numbers; keys as their words.
pub fn values(array: &Array) -> Vec<Complex<f64>> {
    use half::{bf16, f16};
    let tensor = array.tensor().expect("a concrete array");
    let real = |v: f64| Complex::new(v, 0.0);
    match tensor.dtype() {
        DType::Bool => {
            tensor.to_vec::<pullback_core::Bool>().iter().map(|v| real(v.0 as f64)).collect()
        }
        DType::I8 => tensor.to_vec::<i8>().iter().map(|&v| real(v as f64)).collect(),
        DType::I16 => tensor.to_vec::<i16>().iter().map(|&v| real(v as f64)).collect(),
        DType::I32 => tensor.to_vec::<i32>().iter().map(|&v| real(v as f64)).collect(),
        DType::I64 => tensor.to_vec::<i64>().iter().map(|&v| real(v as f64)).collect(),
        DType::U8 => tensor.to_vec::<u8>().iter().map(|&v| real(v as f64)).collect(),
        DType::U16 => tensor.to_vec::<u16>().iter().map(|&v| real(v as f64)).collect(),
        DType::U32 => tensor.to_vec::<u32>().iter().map(|&v| real(v as f64)).collect(),
        DType::U64 => tensor.to_vec::<u64>().iter().map(|&v| real(v as f64)).collect(),
        DType::BF16 => tensor.to_vec::<bf16>().iter().map(|&v| real(v.to_f64())).collect(),
        DType::F16 => tensor.to_vec::<f16>().iter().map(|&v| real(v.to_f64())).collect(),
        DType::F32 => tensor.to_vec::<f32>().iter().map(|&v| real(v as f64)).collect(),
        DType::F64 => tensor.to_vec::<f64>().iter().map(|&v| real(v)).collect(),
        DType::C64 => {
            let values = tensor.to_vec::<Complex<f32>>();
            values.iter().map(|v| Complex::new(v.re as f64, v.im as f64)).collect()
        }
        DType::C128 => tensor.to_vec::<Complex<f64>>(),
        DType::KeyThreefry => {
            let keys = tensor.to_vec::<pullback_core::Key>();
            keys.iter().map(|key| Complex::new(key.0[0] as f64, key.0[1] as f64)).collect()
        }
        _ => vec![],
    }
}

/// The bytes of the elements in row-major order.
pub fn bytes(array: &Array) -> Vec<u8> {
    let tensor = array.tensor().expect("a concrete array");
    let mut bytes = vec![0; tensor.count() * tensor.dtype().size()];
    tensor.copy_to(&mut bytes);
    bytes
}

/// An array of type f64 or c128 from complex numbers.
pub fn array(values: &[Complex<f64>], aval: &Aval) -> Result<Array> {
    let mut buffer = Buffer::new(aval.dtype, values.len())?;
    let bytes: Vec<u8> = match aval.dtype {
        DType::C128 => {
            values.iter().flat_map(|v| [v.re.to_ne_bytes(), v.im.to_ne_bytes()]).flatten().collect()
        }
        _ => values.iter().flat_map(|v| v.re.to_ne_bytes()).collect(),
    };
    buffer.bytes_mut().copy_from_slice(&bytes);
    Ok(Array::new(Tensor::from_buffer(aval.dtype, &aval.shape, buffer)))
}

/// Whether a type is one that differences can be taken of.
pub fn is_double(dtype: DType) -> bool {
    matches!(dtype, DType::F64 | DType::C128)
}

/// As [`close`], where `expected` is finite: elsewhere there are no differences to compare with.
pub fn close_where_finite(
    what: &str,
    given: &[Complex<f64>],
    expected: &[Complex<f64>],
    tolerance: f64,
) -> std::result::Result<(), String> {
    if given.len() != expected.len() {
        return Err(format!("{what}: got {given:?}, expected {expected:?}"));
    }
    let finite = |(_, v): &(&Complex<f64>, &Complex<f64>)| v.re.is_finite() && v.im.is_finite();
    let (given, expected): (Vec<_>, Vec<_>) = given.iter().zip(expected).filter(finite).unzip();
    close(what, &given, &expected, tolerance)
}

/// Whether two arrays are equal but for rounding, `tolerance` relative to the largest element.
pub fn close(
    what: &str,
    given: &[Complex<f64>],
    expected: &[Complex<f64>],
    tolerance: f64,
) -> std::result::Result<(), String> {
    let finite = |v: &&Complex<f64>| v.re.is_finite() && v.im.is_finite();
    let scale = expected.iter().filter(finite).map(|v| v.norm()).fold(1.0, f64::max);
    let apart = |(x, y): (&Complex<f64>, &Complex<f64>)| {
        let both_nan = (x.re.is_nan() || x.im.is_nan()) && (y.re.is_nan() || y.im.is_nan());
        !both_nan
            && x != y
            && (x - y).norm().partial_cmp(&(tolerance * scale)).is_none_or(|o| o.is_gt())
    };
    if given.len() != expected.len() || given.iter().zip(expected).any(apart) {
        return Err(format!("{what}: got {given:?}, expected {expected:?}"));
    }
    Ok(())
}

/// Every primitive has samples, unless there is a reason.
#[test]
fn every_primitive_has_samples() {
    let bare: Vec<_> = samples()
        .into_iter()
        .filter(|(name, samples)| {
            samples.is_empty() && !WITHOUT_SAMPLES.iter().any(|(other, _)| other == name)
        })
        .map(|(name, _)| name)
        .collect();
    assert!(bare.is_empty(), "without samples: {bare:?}");
}

/// The samples have every type that the operation takes.
#[test]
fn samples_have_every_type() {
    let mut missing = vec![];
    for (name, samples) in samples() {
        let sampled: Vec<DType> = samples
            .iter()
            .filter_map(|sample| sample.inputs.first().map(|input| input.dtype))
            .collect();
        for &dtype in DType::NUMERIC {
            let takes = |sample: &Sample| {
                let first = sample.inputs.first().map(|input| input.dtype);
                let avals: Vec<Aval> = sample
                    .avals()
                    .into_iter()
                    .map(|aval| match Some(aval.dtype) == first {
                        true => aval.with_dtype(dtype),
                        false => aval,
                    })
                    .collect();
                !avals.is_empty() && sample.op.primitive().infer(&avals).is_ok()
            };
            if !sampled.contains(&dtype) && samples.iter().any(takes) {
                missing.push(format!("{name} of {dtype}"));
            }
        }
    }
    assert!(missing.is_empty(), "samples lack: {missing:?}");
}

/// The samples have operands with an axis of size zero, and with one of size one.
#[test]
fn samples_have_the_least_sizes() {
    let mut missing = vec![];
    for (name, samples) in samples() {
        for size in [0, 1] {
            let sized = samples.iter().any(|s| s.inputs.iter().any(|x| x.shape.contains(&size)));
            let ranked = samples.iter().any(|s| s.inputs.iter().any(|x| !x.shape.is_empty()));
            if ranked && !sized {
                missing.push(format!("{name} of size {size}"));
            }
        }
    }
    assert!(missing.is_empty(), "samples lack: {missing:?}");
}
