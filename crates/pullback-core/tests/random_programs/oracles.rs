//! What has to agree for every program, however it was made.

use pullback_core::engine::native::{Mode, mode, set_mode};
use pullback_core::jaxpr::{check, parse, reference::eval_reference, stage};
use pullback_core::primitives::control::jit::jit;
use pullback_core::primitives::rules::{concatenate, expand_dims, reduce_sum, zeros_like};
use pullback_core::trace::{AxisData, Tangent};
use pullback_core::transforms::{jvp, linearize, vmap};
use pullback_core::{Array, Aval, Error};

use crate::generator::{self, Choices};

type Outcome = Result<(), String>;

fn say(error: Error) -> String {
    error.to_string()
}

/// Numbers between -2 and 2 that look random.
fn arrays(avals: &[Aval], seed: u64) -> Vec<Array> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 51) as f64 - 2.0
    };
    let fill = |aval: &Aval| {
        let values: Vec<f64> = (0..aval.shape.iter().product()).map(|_| next()).collect();
        Array::from_slice(&values, &aval.shape).expect("a small array")
    };
    avals.iter().map(fill).collect()
}

fn numbers(x: &Array) -> Vec<f64> {
    x.to_vec::<f64>().expect("an array of type f64")
}

fn dot(x: &[Array], y: &[Array]) -> f64 {
    let pairs = x.iter().zip(y);
    pairs.flat_map(|(x, y)| numbers(x).into_iter().zip(numbers(y))).map(|(a, b)| a * b).sum()
}

fn close(what: &str, a: &[Array], b: &[Array], tolerance: f64) -> Outcome {
    for (x, y) in a.iter().zip(b) {
        if x.aval() != y.aval() {
            return Err(format!("{what}: {} and {}", x.aval(), y.aval()));
        }
        for (p, q) in numbers(x).into_iter().zip(numbers(y)) {
            let same = p == q || p.is_nan() && q.is_nan();
            let bound = tolerance * (1.0 + p.abs().max(q.abs()));
            // NaN is beyond every bound.
            let within = (p - q).abs() <= bound;
            if !same && !within {
                return Err(format!("{what}: {x:?} and {y:?}"));
            }
        }
    }
    match a.len() == b.len() {
        true => Ok(()),
        false => Err(format!("{what}: {} and {} results", a.len(), b.len())),
    }
}

/// Tries everything on the program that the bytes make.
pub fn agree(bytes: &[u8]) -> Outcome {
    let mut choices = Choices::new(bytes);
    let avals = generator::inputs(&mut choices);
    let f = |x: &[Array]| {
        let mut choices = Choices::new(bytes);
        generator::inputs(&mut choices);
        generator::play(&mut choices, x)
    };
    let seed = bytes.iter().fold(1u64, |seed, &byte| seed.wrapping_mul(31) + byte as u64);
    let x = arrays(&avals, seed);
    let y = generator::play(&mut choices, &x).map_err(say)?;
    let Choices { smooth, precision, .. } = choices;

    let staged = stage(&avals, f).map_err(say)?;
    if !staged.captured.is_empty() {
        return Err("the program refers to arrays that are not its own".into());
    }
    let jaxpr = staged.jaxpr;
    check(&jaxpr).map_err(say)?;
    let text = jaxpr.to_string();
    let explain = |error: String| format!("{error}\n{text}");
    // Constants that have a name in the text become inputs, and so cannot be read back.
    if text.split("lambda").skip(1).all(|part| part.starts_with(" ;")) {
        let again = parse(&text).map_err(say).map_err(explain)?;
        check(&again).map_err(say).map_err(explain)?;
        if again.to_string() != text {
            return Err(format!("{text}\nis read as\n{again}"));
        }
    }
    let operands: Vec<&Array> = x.iter().collect();
    let reference = eval_reference(&jaxpr, &operands).map_err(say)?;
    close("eager and the reference", &y, &reference, 0.0).map_err(explain)?;
    let program = jaxpr.into();
    let compiled = |x: &[Array]| {
        let operands: Vec<&Array> = x.iter().collect();
        Ok(jit("f", &program, &operands)?.into_vec())
    };
    close("eager and compiled", &y, &compiled(&x).map_err(say)?, 0.0).map_err(explain)?;

    many(&f, &avals, seed).map_err(explain)?;
    let other = arrays(&avals, seed + 1);
    mapped(&f, &x, &other, &y, 1e-12).map_err(explain)?;
    derivatives(&f, &compiled, &x, &y, &other, smooth, precision).map_err(explain)
}

/// `vmap` of two entries is two calls, and of one is one.
fn mapped(
    f: &dyn Fn(&[Array]) -> pullback_core::Result<Vec<Array>>,
    x: &[Array],
    other: &[Array],
    y: &[Array],
    tolerance: f64,
) -> Outcome {
    let expected = f(other).map_err(say)?;
    for size in [1, 2] {
        let stacked: pullback_core::Result<Vec<Array>> = x
            .iter()
            .zip(other)
            .map(|(a, b)| {
                let (a, b) = (expand_dims(a, &[0])?, expand_dims(b, &[0])?);
                if size == 1 { Ok(a) } else { concatenate(&[&a, &b], 0) }
            })
            .collect();
        let axis = AxisData { name: None, size };
        let axes = vec![Some(0); x.len()];
        let (results, at) = vmap(f, &stacked.map_err(say)?, &axes, axis).map_err(say)?;
        for (entry, expected) in [y, &expected][..size].iter().enumerate() {
            let one = results.iter().zip(&at).map(|(result, at)| match at {
                None => Ok(result.clone()),
                Some(axis) => result
                    .tensor()
                    .expect("a concrete array")
                    .index(*axis, entry)
                    .map(Array::new)
                    .map_err(Error::from),
            });
            let one = one.collect::<Result<Vec<_>, _>>().map_err(say)?;
            close(&format!("entry {entry} of {size}"), &one, expected, tolerance)?;
        }
    }
    Ok(())
}

/// Over many entries, with sums over all of them, machine code gives the bits of the tile machine.
fn many(
    f: &dyn Fn(&[Array]) -> pullback_core::Result<Vec<Array>>,
    avals: &[Aval],
    seed: u64,
) -> Outcome {
    const ENTRIES: usize = 37;
    let own = |aval: &Aval| {
        let shape: Vec<usize> = [ENTRIES].into_iter().chain(aval.shape.iter().copied()).collect();
        Aval::new(&shape, aval.dtype)
    };
    let avals: Vec<Aval> = avals.iter().map(own).collect();
    let all = |x: &[Array]| {
        let axis = AxisData { name: None, size: ENTRIES };
        let (mut results, at) = vmap(f, x, &vec![Some(0); x.len()], axis)?;
        for (n, at) in at.into_iter().enumerate() {
            if let Some(at) = at {
                results.push(reduce_sum(&results[n], &[at])?);
            }
        }
        Ok(results)
    };
    let x = arrays(&avals, seed);
    let operands: Vec<&Array> = x.iter().collect();
    let program = stage(&avals, all).map_err(say)?.jaxpr.into();
    let before = mode();
    let run = |mode| {
        set_mode(mode);
        jit("many", &program, &operands).map(|results| results.into_vec()).map_err(say)
    };
    let (tile, code) = (run(Mode::Tile), run(Mode::Native));
    set_mode(before);
    close("tiles and code over many entries", &tile?, &code?, 0.0)
}

/// Central differences of all results, in one direction.
fn differences(
    f: &dyn Fn(&[Array]) -> pullback_core::Result<Vec<Array>>,
    x: &[Array],
    dx: &[Array],
    step: f64,
) -> Result<Vec<f64>, String> {
    let moved = |step: f64| {
        let pairs = x.iter().zip(dx);
        let x: Vec<Array> = pairs
            .map(|(x, dx)| {
                let pairs = numbers(x).into_iter().zip(numbers(dx));
                let values: Vec<f64> = pairs.map(|(x, dx)| x + step * dx).collect();
                Array::from_slice(&values, x.shape()).expect("a small array")
            })
            .collect();
        f(&x).map_err(say)
    };
    let (above, below) = (moved(step)?, moved(-step)?);
    let pairs = above.iter().flat_map(numbers).zip(below.iter().flat_map(numbers));
    Ok(pairs.map(|(a, b)| (a - b) / (2.0 * step)).collect())
}

fn derivatives(
    f: &dyn Fn(&[Array]) -> pullback_core::Result<Vec<Array>>,
    compiled: &dyn Fn(&[Array]) -> pullback_core::Result<Vec<Array>>,
    x: &[Array],
    y: &[Array],
    other: &[Array],
    smooth: bool,
    precision: f64,
) -> Outcome {
    let avals: Vec<Aval> = x.iter().map(Array::aval).collect();
    let dx = arrays(&avals, 77);
    let tangents = || dx.iter().cloned().map(Tangent::Value).collect();
    let values = |tangents: Vec<Tangent>| {
        tangents.iter().map(Tangent::instantiate).collect::<Result<Vec<_>, _>>().map_err(say)
    };
    let (primal, dy) = jvp(f, x, tangents()).map_err(say)?;
    let dy = values(dy)?;
    close("the primal results of jvp", &primal, y, 1e-14)?;
    let (_, dy_compiled) = jvp(compiled, x, tangents()).map_err(say)?;
    close("jvp of eager and compiled", &dy, &values(dy_compiled)?, 1e-10)?;
    if smooth {
        let coarse = differences(f, x, &dx, 2e-6)?;
        let fine = differences(f, x, &dx, 1e-6)?;
        for ((coarse, fine), dy) in coarse.iter().zip(&fine).zip(dy.iter().flat_map(numbers)) {
            // Where the two are far apart, the function is too steep for either.
            let scale = 1.0 + dy.abs();
            if (coarse - fine).abs() < 1e-6 * scale && (fine - dy).abs() > 1e-4 * scale {
                return Err(format!("jvp {dy}, differences {fine}"));
            }
        }
    }
    let avals: Vec<Aval> = y.iter().map(Array::aval).collect();
    let ct = arrays(&avals, 99);
    let seeds: Vec<Option<Array>> = ct.iter().cloned().map(Some).collect();
    let gradient = |x: &[Array]| -> pullback_core::Result<Vec<Array>> {
        let (_, linear) = linearize(f, x, &vec![true; x.len()])?;
        let back = linear.transpose(&seeds)?;
        back.into_iter().zip(x).map(|(ct, x)| ct.map_or_else(|| zeros_like(x), Ok)).collect()
    };
    let back = gradient(x).map_err(say)?;
    mapped(&gradient, x, other, &back, 1e6 * precision)
        .map_err(|error| format!("gradient: {error}"))?;
    for f in [f, compiled] {
        let (_, linear) = linearize(f, x, &vec![true; x.len()]).map_err(say)?;
        let back = linear.transpose(&seeds).map_err(say)?;
        let pairs = back.iter().zip(&dx).filter_map(|(ct, dx)| Some((ct.clone()?, dx.clone())));
        let (back, dx): (Vec<_>, Vec<_>) = pairs.unzip();
        let (forward, backward) = (dot(&ct, &dy), dot(&back, &dx));
        let scale = 1.0 + forward.abs() + dy.iter().flat_map(numbers).fold(0.0, |a, b| a + b.abs());
        let within = (forward - backward).abs() <= 1e6 * precision * scale;
        if !within && !forward.is_nan() {
            return Err(format!("forward {forward}, backward {backward}"));
        }
    }
    Ok(())
}
