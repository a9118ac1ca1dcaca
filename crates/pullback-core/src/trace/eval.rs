//! Evaluation: an operation on concrete arrays is computed at once.
//!
//! The operation is lowered to a plan of one step, which is kept for the next time the same
//! operation meets arrays of the same kind. Elementwise operations on scalars skip the plan.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};

use pullback_engine::memory;
use pullback_engine::tile::ScalarOp;
use pullback_engine::{DType, Tensor, tile};
use rustc_hash::{FxHashMap, FxHasher};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::config;
use crate::error::{Error, Result};
use crate::lower;
use crate::primitives::Op;
use crate::promote;

type Avals = SmallVec<[Aval; 4]>;

struct Ready {
    op: Op,
    avals: Avals,
    plan: Arc<pullback_engine::plan::Plan>,
    weak: SmallVec<[bool; 2]>,
}

/// Plans kept at most; a program has few distinct operations, so this is only a safeguard.
const CAPACITY: usize = 8192;

thread_local! {
    static PLANS: RefCell<Plans> = RefCell::default();
}

/// The plans that are kept, by a hash of the operation and of the types of its operands.
#[derive(Default)]
struct Plans(FxHashMap<u64, SmallVec<[Arc<Ready>; 1]>>);

impl Plans {
    /// The plan of an operation for operands of these types, if there is one. Types are compared
    /// where they are, without being copied.
    fn find(&self, op: &Op, inputs: &[&Array]) -> Option<Arc<Ready>> {
        let fits = |(aval, input): (&Aval, &&Array)| {
            aval.dtype == input.dtype()
                && aval.weak == input.is_weak()
                && promote::same_shape(&aval.shape, input.shape())
        };
        let found = self.0.get(&hash(op, inputs))?.iter().find(|ready| {
            ready.op == *op
                && ready.avals.len() == inputs.len()
                && ready.avals.iter().zip(inputs).all(fits)
        });
        found.cloned()
    }

    fn insert(&mut self, inputs: &[&Array], ready: Arc<Ready>) {
        if self.0.len() >= CAPACITY {
            self.0.clear();
        }
        self.0.entry(hash(&ready.op, inputs)).or_default().push(ready);
    }
}

fn hash(op: &Op, inputs: &[&Array]) -> u64 {
    let mut hasher = FxHasher::default();
    op.hash(&mut hasher);
    for input in inputs {
        (input.dtype(), input.is_weak()).hash(&mut hasher);
        input.shape().iter().for_each(|&size| hasher.write_usize(size));
    }
    hasher.finish()
}

pub(super) fn process(op: &Op, inputs: &[&Array]) -> Result<Arrays> {
    if op.primitive().is_eager() {
        return super::with_current(None, || op.primitive().eager(inputs));
    }
    let outputs = match scalar(op, inputs)? {
        Some(output) => smallvec![output],
        None => planned(op, inputs)?,
    };
    if config::debug_nans() {
        check_nans(op, &outputs)?;
    }
    Ok(outputs)
}

/// What an operation of arithmetic makes of two numbers of one type, or of a real number and a bare
/// whole one, where nothing is recorded; none if they are not such. It is what [`super::bind`] would
/// give, sooner.
pub fn of_numbers(op: ScalarOp, x: &Array, y: &Array) -> Option<Array> {
    let (a, b) = (x.tensor()?, y.tensor()?);
    if a.dtype() != b.dtype() {
        if let Some(y) = as_real(y, x) {
            return of_numbers(op, x, &y);
        }
        return of_numbers(op, &as_real(x, y)?, y);
    }
    let dtype = a.dtype();
    let is_plain =
        promote::canonical(dtype) == dtype && !super::is_current() && !config::debug_nans();
    if !is_plain {
        return None;
    }
    Some(Array::with_weak(tile::arithmetic(op, a, b)?, x.is_weak() && y.is_weak()))
}

/// A bare whole number as one of the type of a real number that is not bare.
fn as_real(bare: &Array, real: &Array) -> Option<Array> {
    let is_bare = bare.is_weak() && matches!(bare.dtype(), DType::I32 | DType::I64);
    let is_real = !real.is_weak() && matches!(real.dtype(), DType::F32 | DType::F64);
    let is_possible = is_bare && is_real && !config::strict_promotion();
    let tensor = bare.tensor().filter(|tensor| is_possible && tensor.rank() == 0)?;
    let number = tile::scalar(ScalarOp::Convert(real.dtype()), &[tensor]).ok()?;
    Some(Array::with_weak(number, true))
}

/// The direct path for elementwise operations on scalars of one type.
fn scalar(op: &Op, inputs: &[&Array]) -> Result<Option<Array>> {
    let Some(scalar_op) = op.primitive().scalar_op() else { return Ok(None) };
    let mut operands: SmallVec<[&Tensor; 3]> = SmallVec::new();
    let mut weak = true;
    for input in inputs {
        let Some(tensor) = input.tensor() else { return Ok(None) };
        // Mixed types are left to the shape rule, which knows what to say about them.
        if tensor.rank() != 0
            || tensor.dtype() != inputs[0].dtype()
            || tensor.dtype().widened().is_some()
            || !op.primitive().accepts(tensor.dtype())
        {
            return Ok(None);
        }
        weak &= input.is_weak();
        operands.push(tensor);
    }
    if operands.len() != scalar_op.arity() {
        return Ok(None);
    }
    let output = tile::scalar(scalar_op, &operands)?;
    Ok(Some(Array::with_weak(output, weak)))
}

fn planned(op: &Op, inputs: &[&Array]) -> Result<Arrays> {
    let mut tensors: pullback_engine::kernels::Tensors = SmallVec::new();
    for input in inputs {
        match input.tensor() {
            Some(tensor) => tensors.push(tensor.clone()),
            None => {
                return Err(Error::UnexpectedTracer {
                    function: op.primitive().name().to_string(),
                    aval: input.aval(),
                });
            }
        }
    }
    let ready = match PLANS.with_borrow(|plans| plans.find(op, inputs)) {
        Some(ready) => ready,
        None => {
            let avals: Avals = inputs.iter().map(|input| input.aval()).collect();
            let outputs = op.primitive().infer(&avals)?;
            outputs.iter().try_for_each(|aval| check_size(op, aval))?;
            let weak = outputs.iter().map(|aval| aval.weak).collect();
            let plan = Arc::new(lower::lower_op(op, &avals, &outputs)?);
            let ready = Arc::new(Ready { op: op.clone(), avals, plan, weak });
            PLANS.with_borrow_mut(|plans| plans.insert(inputs, ready.clone()));
            ready
        }
    };
    let mut outputs = pullback_engine::kernels::Tensors::new();
    if !ready.plan.run_few(&tensors, &mut outputs)? {
        outputs = ready.plan.run(tensors)?;
    }
    Ok(outputs.into_iter().zip(&ready.weak).map(|(t, &weak)| Array::with_weak(t, weak)).collect())
}

/// An error, if an array would not fit in memory. One repeated along its axes is a view that takes
/// no memory, but nothing that could be done with it would end.
fn check_size(op: &Op, aval: &Aval) -> Result<()> {
    let elements = aval.shape.iter().fold(1u128, |all, &size| all.saturating_mul(size as u128));
    match elements.saturating_mul(aval.dtype.size() as u128) > u128::from(memory::installed()) {
        true => Err(Error::TooLarge {
            function: op.primitive().name().to_string(),
            elements,
            dtype: aval.dtype,
        }),
        false => Ok(()),
    }
}

fn check_nans(op: &Op, outputs: &[Array]) -> Result<()> {
    let has_nan = |array: &Array| array.tensor().is_some_and(lower::has_nan);
    if outputs.iter().any(has_nan) {
        return Err(Error::NotANumber { primitive: op.primitive().name().to_string() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::rules;

    #[test]
    fn numbers_are_computed_as_arrays_are() {
        let values = [Array::scalar(3.5f32), Array::weak_scalar(-2f32), Array::scalar(0f32)];
        for x in &values {
            for y in &values {
                let [like, other] = promote::promote("add", &[x, y]).unwrap().into_inner().unwrap();
                let cases = [
                    (ScalarOp::Add, rules::add(&like, &other)),
                    (ScalarOp::Sub, rules::sub(&like, &other)),
                    (ScalarOp::Mul, rules::mul(&like, &other)),
                    (ScalarOp::Div, rules::div(&like, &other)),
                ];
                for (op, expected) in cases {
                    let (result, expected) = (of_numbers(op, x, y).unwrap(), expected.unwrap());
                    assert_eq!(result.aval(), expected.aval());
                    let bits = |x: &Array| x.tensor().unwrap().item::<f32>().unwrap().to_bits();
                    let is_nan = |x: &Array| f32::from_bits(bits(x)).is_nan();
                    assert!(
                        bits(&result) == bits(&expected) || is_nan(&result) && is_nan(&expected)
                    );
                }
            }
        }
    }

    #[test]
    fn only_numbers_of_one_type_are_computed_at_once() {
        let [x, y] = [Array::scalar(2f32), Array::scalar(2i32)];
        assert!(of_numbers(ScalarOp::Add, &x, &y).is_none());
        assert!(of_numbers(ScalarOp::Div, &y, &y).is_none());
        let line = Array::new(Tensor::from_slice(&[1f32, 2.0], &[2]).unwrap());
        assert!(of_numbers(ScalarOp::Add, &x, &line).is_none());
        let recorded = crate::trace::with_current(crate::trace::evaluation(), || {
            of_numbers(ScalarOp::Add, &x, &x).is_none()
        });
        assert!(recorded);
    }
}
