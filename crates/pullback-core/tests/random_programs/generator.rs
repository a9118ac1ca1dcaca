//! Programs made from bytes: each byte is a choice, and every sequence of bytes is a program.
//!
//! A program is not text but a function that is played: on arrays, on tracers, under any
//! transformation, the same bytes make the same choices, which depend besides only on shapes and
//! element types. Values are kept between about -4 and 4, so that differences say something.

use pullback_core::engine::plan::ScanLength;
use pullback_core::jaxpr::{JaxprRef, stage};
use pullback_core::primitives::control::{cond, jit, remat, scan, while_loop};
use pullback_core::primitives::reduction::dot_general::DotDims;
use pullback_core::primitives::rules::*;
use pullback_core::{Array, Aval, DType, Result};

/// Choices, one byte each; when they are used up, every choice is the first.
pub struct Choices<'a> {
    bytes: &'a [u8],
    depth: usize,
    /// Whether nothing has been used so far that jumps or has a kink.
    pub smooth: bool,
    /// The precision of the coarsest type that was used.
    pub precision: f64,
}

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Choices<'a> {
        Choices { bytes, depth: 0, smooth: true, precision: f64::EPSILON }
    }

    fn below(&mut self, n: usize) -> usize {
        match self.bytes.split_first() {
            Some((&byte, rest)) => {
                self.bytes = rest;
                byte as usize % n.max(1)
            }
            None => 0,
        }
    }

    fn pick<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.below(values.len())]
    }
}

/// The types of the inputs of the program that the bytes make; they use up some.
pub fn inputs(choices: &mut Choices) -> Vec<Aval> {
    let count = 1 + choices.below(3);
    (0..count)
        .map(|_| {
            let rank = choices.below(3);
            let shape: Vec<usize> = (0..rank).map(|_| *choices.pick(&[2, 3, 1, 4])).collect();
            Aval::new(&shape, DType::F64)
        })
        .collect()
}

/// Plays the program: everything that was computed and not used any more.
pub fn play(choices: &mut Choices, inputs: &[Array]) -> Result<Vec<Array>> {
    let mut pool = inputs.to_vec();
    let steps = 1 + choices.below(if choices.depth == 0 { 12 } else { 4 });
    for _ in 0..steps {
        let x = choices.pick(&pool).clone();
        let y = step(choices, &x, &pool)?;
        if count(&y) <= 64 && y.rank() <= 4 {
            pool.push(y);
        }
    }
    let last = pool.len() - 1;
    let other = choices.below(pool.len());
    Ok(vec![pool[last].clone(), pool[other].clone()])
}

fn count(x: &Array) -> usize {
    x.shape().iter().product()
}

/// Keeps values small.
fn tamed(x: &Array) -> Result<Array> {
    mul(&number(2.0, x), &sin(x)?)
}

fn step(choices: &mut Choices, x: &Array, pool: &[Array]) -> Result<Array> {
    let rank = x.rank();
    let axis = choices.below(rank);
    match choices.below(30) {
        0 => sin(x),
        1 => tanh(x),
        2 => exp(&sin(x)?),
        3 => log1p(&square(x)?),
        4 => neg(&cos(x)?),
        5 => sqrt(&add(&square(x)?, &number(0.5, x))?),
        6 => tamed(&integer_pow(x, 3)?),
        7..=9 => {
            let y = pool.iter().filter(|y| y.shape() == x.shape() || y.rank() == 0);
            let y = choices.pick(&y.collect::<Vec<_>>()).to_owned().clone();
            match choices.below(5) {
                0 => add(x, &y).and_then(|z| tamed(&z)),
                1 => mul(x, &y).and_then(|z| tamed(&z)),
                2 => sub(x, &y).and_then(|z| tamed(&z)),
                3 => div(x, &add(&square(&y)?, &number(1.0, &y))?),
                _ => {
                    choices.smooth = false;
                    max(x, &y)
                }
            }
        }
        10 if rank > 0 => tamed(&reduce_sum(x, &[axis])?),
        11 if rank > 0 => {
            choices.smooth = false;
            reduce_max(x, &[axis])
        }
        12 if rank > 0 => tamed(&reduce_prod(x, &[axis])?),
        13 if rank > 0 => tamed(&cumsum(x, axis, choices.below(2) == 1)?),
        14 if rank > 1 => {
            let mut order: Vec<usize> = (0..rank).collect();
            order.rotate_left(1 + choices.below(rank - 1));
            transpose(x, &order)
        }
        15 if rank > 0 => reshape(x, &[count(x)]),
        16 => {
            let size = *choices.pick(&[2, 1, 3]);
            let mut shape = x.shape().to_vec();
            let at = choices.below(rank + 1);
            shape.insert(at, size);
            let axes: Vec<usize> = (0..=rank).filter(|&axis| axis != at).collect();
            broadcast_in_dim(x, &shape, &axes)
        }
        17 if rank > 0 => rev(x, &[axis]),
        18 if rank > 0 => concatenate(&[x, &cos(x)?], axis),
        19 if rank > 0 && x.shape()[axis] > 1 => {
            let (mut start, limit) = (vec![0; rank], x.shape().to_vec());
            start[axis] = 1;
            slice(x, &start, &limit, None)
        }
        20 if rank > 0 && count(x) > 0 => {
            let index = number(choices.below(5) as f64 - 1.0, x);
            let index = convert_element_type(&index, DType::I32)?;
            let zero = Array::scalar(0i32);
            let start: Vec<&Array> =
                (0..rank).map(|at| if at == axis { &index } else { &zero }).collect();
            let mut sizes = x.shape().to_vec();
            sizes[axis] = 1;
            dynamic_slice(x, &start, &sizes)
        }
        21 => {
            choices.smooth = false;
            select_negative(x, &sin(x)?, &square(&cos(x)?)?)
        }
        22 if rank > 0 => {
            choices.smooth = false;
            Ok(sort(&[x], axis, true, 1)?.remove(0))
        }
        23 if rank > 0 => {
            let dims = DotDims {
                lhs_contract: [axis][..].into(),
                rhs_contract: [axis][..].into(),
                ..DotDims::default()
            };
            tamed(&dot_general(x, x, dims, None)?)
        }
        24 => {
            // f32 is too coarse for differences.
            choices.smooth = false;
            choices.precision = f32::EPSILON as f64;
            convert_element_type(&sin(&convert_element_type(x, DType::F32)?)?, DType::F64)
        }
        25.. if choices.depth < 2 => {
            choices.depth += 1;
            let y = nested(choices, x);
            choices.depth -= 1;
            y
        }
        _ => tamed(x),
    }
}

/// A program that keeps the type of its argument.
fn body(choices: &mut Choices, x: &Array) -> Result<Array> {
    for y in play(choices, std::slice::from_ref(x))? {
        if y.aval() == x.aval() {
            return tamed(&add(x, &y)?);
        }
    }
    tanh(x)
}

/// The program of `f` on an array like `x`, and what it refers to besides.
fn staged(
    avals: &[Aval],
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>>,
) -> Result<(JaxprRef, Vec<Array>)> {
    let staged = stage(avals, f)?;
    Ok((staged.jaxpr.into(), staged.captured))
}

fn nested(choices: &mut Choices, x: &Array) -> Result<Array> {
    let aval = Aval::new(x.shape(), x.dtype());
    match choices.below(5) {
        0 => {
            let (program, captured) = staged(&[aval], |x| Ok(vec![body(choices, &x[0])?]))?;
            let operands: Vec<&Array> = captured.iter().chain([x]).collect();
            Ok(jit::jit("f", &program, &operands)?.remove(0))
        }
        1 => {
            let (program, captured) = staged(&[aval], |x| Ok(vec![body(choices, &x[0])?]))?;
            assert!(captured.is_empty());
            let op = remat::Remat {
                jaxpr: program,
                policy: None,
                differentiated: false,
                prevent_cse: true,
            };
            Ok(pullback_core::trace::bind(op, &[x])?.remove(0))
        }
        2 => {
            choices.smooth = false;
            let (first, _) =
                staged(std::slice::from_ref(&aval), |x| Ok(vec![body(choices, &x[0])?]))?;
            let (second, _) = staged(&[aval], |x| Ok(vec![body(choices, &x[0])?]))?;
            let all: Vec<usize> = (0..x.rank()).collect();
            let index = gt(&reduce_sum(x, &all)?, &number(0.0, x))?;
            let index = convert_element_type(&index, DType::I32)?;
            Ok(cond::cond(&index, &[first, second], &[x])?.remove(0))
        }
        3 => {
            let entry = Aval::scalar(DType::F64);
            let (program, _) = staged(&[aval, entry], |x| {
                let next = body(choices, &add(&x[0], &x[1])?)?;
                Ok(vec![next.clone(), sin(&next)?])
            })?;
            let length = *choices.pick(&[3, 1, 0]);
            let op = scan::Scan {
                jaxpr: program,
                consts: 0,
                carry: 1,
                length: ScanLength::Fixed(length),
                reverse: choices.below(2) == 1,
            };
            let steps: Vec<f64> = (0..length).map(|i| i as f64 / 4.0).collect();
            let steps = Array::from_slice(&steps, &[length])?;
            let outputs = scan::scan(op, &[x, &steps])?;
            let collected = choices.below(2) == 1;
            if collected { tamed(&reduce_sum(&outputs[1], &[0])?) } else { Ok(outputs[0].clone()) }
        }
        _ => {
            // How often it runs depends on the values.
            choices.smooth = false;
            let counter = Aval::scalar(DType::I32);
            let (test, _) = staged(&[counter.clone(), aval.clone()], |x| {
                let all: Vec<usize> = (0..x[1].rank()).collect();
                let size = number(count(&x[1]) as f64 * 2.0, &x[1]);
                let small = lt(&reduce_sum(&x[1], &all)?, &size)?;
                Ok(vec![and(&small, &lt(&x[0], &Array::scalar(4i32))?)?])
            })?;
            let (program, _) = staged(&[counter, aval], |x| {
                let next = add(&body(choices, &x[1])?, &number(0.5, &x[1]))?;
                Ok(vec![add(&x[0], &Array::scalar(1i32))?, next])
            })?;
            let op = while_loop::While {
                cond: test,
                body: program,
                cond_consts: 0,
                body_consts: 0,
                record: 0,
            };
            Ok(while_loop::while_loop(op, &[&Array::scalar(0i32), x])?.remove(1))
        }
    }
}
