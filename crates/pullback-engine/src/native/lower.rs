//! From the operations of a tile program to the steps that the code generator compiles.
//!
//! What is not here runs on the tile machine, and a program with such an operation does as a
//! whole.

use super::ir::{
    Accumulator, Binary, Convert, Element, Id, Kernel, Kind, Logic, Node, Place, Predicate, Unary,
};
use super::division;
use super::record::{self, F32, F64, I32, Truth, add};
use super::unrolled::{lanes_as_one, values_as_one};
use crate::dtype::DType;
use super::Form;
use crate::kernels::reduce::{ReduceOp, lanes_of};
use crate::tensor::Tensor;
use crate::tile::ScalarOp;
use crate::tile::math::lane::{Double, Real, Single};
use crate::tile::math::{basic, bessel, double, single};
use crate::tile::program::{Definition, Program};

/// The kernel of a program, some of whose outputs are reduced as `folds` says; none if an
/// operation or a type has no steps.
///
/// If that is done by column, each of those outputs is an input too, after the program's own of all
/// rows that are combined at a time. Outputs that are kept are those of a single row.
pub(crate) fn kernel(
    program: &Program,
    form: Form,
    folds: &[Option<ReduceOp>],
) -> Option<Kernel> {
    if form.row > 0 {
        return short_rows(program, form, folds);
    }
    let own = program.inputs().len();
    let rows = form.by_column.max(1) as usize;
    let inputs = rows * own;
    let bit = |bits: u64, n: usize| n < inputs && n % own < 64 && bits >> (n % own) & 1 != 0;
    let is_scalar = |n: usize| bit(form.scalars, n);
    let (graph, recorded) = record::record(|| {
        let mut rare = None;
        let mut values = vec![];
        for row in 0..rows {
            let inputs = program.inputs().iter().enumerate().map(|(n, dtype)| {
                let (element, n) = (element(*dtype)?, row * own + n);
                let node = match is_scalar(n) {
                    true => Node::Scalar(n as u16, element),
                    false => Node::Input(n as u16, element),
                };
                Some(add(node, element.kind()))
            });
            values.push(steps(program, &inputs.collect::<Option<Vec<_>>>()?, &mut rare)?);
        }
        let mut combined_with = inputs..;
        let (mut outputs, mut accumulators) = (vec![], vec![]);
        for (n, reg) in program.results.iter().enumerate() {
            let (dtype, _) = program.values[reg.0 as usize];
            let mut own = values.iter().map(|values| values[reg.0 as usize]);
            match folds.get(n).copied().flatten() {
                Some(op) if form.by_column > 0 => {
                    let element = element(dtype)?;
                    let before = combined_with.next()? as u16;
                    let before = add(Node::Input(before, element), element.kind());
                    let result =
                        own.try_fold(before, |acc, value| Some(combined(op, dtype, acc, value?)?.1));
                    outputs.push((result?, element));
                }
                Some(op) => accumulators.push(folded(op, dtype, own.next()??, accumulators.len())?),
                None => outputs.push((owned(own.next()??), element(dtype)?)),
            }
        }
        Some((outputs, accumulators, rare, combined_with.start))
    });
    let (outputs, accumulators, rare, all) = recorded?;
    let places = (0..all).map(|n| match (is_scalar(n), bit(form.pairs, n)) {
        (true, _) => Place::in_list(n),
        (_, true) => Place { every: 2, ..Place::listed(n) },
        _ => Place::listed(n),
    });
    let placed = |(n, (id, element))| (id, element, Place::listed(all + n));
    Some(Kernel {
        graph,
        inputs: places.collect(),
        outputs: outputs.into_iter().enumerate().map(placed).collect(),
        rare: rare.map(|rare| rare.0),
        accumulators,
        arguments: all,
        per_row: (0..inputs).filter(|&n| bit(form.per_row, n)).collect(),
    })
}

/// The kernel of a program that runs over short rows, one in each lane.
fn short_rows(program: &Program, form: Form, folds: &[Option<ReduceOp>]) -> Option<Kernel> {
    let own = program.inputs().len();
    let length = form.row as usize;
    let mut places = vec![];
    let (graph, recorded) = record::record(|| {
        let mut rare = None;
        // For each output, its values along a row.
        let mut values: Vec<Vec<Id>> = vec![vec![]; program.results.len()];
        for at in 0..length {
            let mut inputs = vec![];
            for (n, dtype) in program.inputs().iter().enumerate() {
                let element = element(*dtype)?;
                let bit = |bits: u64| n < 64 && bits >> n & 1 != 0;
                let place = match (bit(form.scalars), bit(form.per_row)) {
                    (true, _) => Place::in_list(n),
                    (_, true) => Place::listed(n),
                    // Truth values cannot be gathered.
                    _ if element == Element::Bool => return None,
                    _ => Place {
                        offset: (at * dtype.size()) as i32,
                        every: form.row,
                        ..Place::listed(n)
                    },
                };
                let known = places.iter().position(|other| *other == place);
                let input = known.unwrap_or_else(|| {
                    places.push(place);
                    places.len() - 1
                }) as u16;
                let node = match bit(form.scalars) {
                    true => Node::Scalar(input, element),
                    false => Node::Input(input, element),
                };
                inputs.push(add(node, element.kind()));
            }
            let results = steps(program, &inputs, &mut rare)?;
            for (values, reg) in values.iter_mut().zip(&program.results) {
                values.push(results[reg.0 as usize]?);
            }
            if record::length() > LONGEST_ROW {
                return None;
            }
        }
        let mut outputs = vec![];
        for ((values, reg), fold) in values.iter().zip(&program.results).zip(folds) {
            let (dtype, _) = program.values[reg.0 as usize];
            outputs.push((values_as_one((*fold)?, dtype, values)?, element(dtype)?));
        }
        Some((outputs, rare))
    });
    let (outputs, rare) = recorded?;
    let placed = |(n, (id, element))| (id, element, Place::listed(own + n));
    Some(Kernel {
        graph,
        inputs: places,
        arguments: own,
        outputs: outputs.into_iter().enumerate().map(placed).collect(),
        rare: rare.map(|rare| rare.0),
        accumulators: vec![],
        per_row: vec![],
    })
}

/// Steps beyond which short rows are not worth compiling.
const LONGEST_ROW: usize = 1000;

/// A value that does not have to be read again from an input, which another output may have
/// overwritten by then.
fn owned(value: Id) -> Id {
    match record::node(value) {
        Node::Input(_, Element::Bool) => add(Node::Logic(Logic::Or, value, value), Kind::Mask),
        Node::Input(_, element) => add(Node::Unary(Unary::Copy, value), element.kind()),
        _ => value,
    }
}

/// The accumulator of a reduction of values.
pub(super) fn folded(op: ReduceOp, dtype: DType, value: Id, n: usize) -> Option<Accumulator> {
    let kind = element(dtype)?.kind();
    let acc = add(Node::Accumulator(n as u16), kind);
    let (identity, next) = combined(op, dtype, acc, value)?;
    Some(Accumulator { identity, next, lanes: lanes_of(dtype), fold: Some((op, dtype)) })
}

/// The identity of a reduction of numbers, and what two of them become.
pub(super) fn combined(op: ReduceOp, dtype: DType, acc: Id, value: Id) -> Option<(u64, Id)> {
    let kind = element(dtype)?.kind();
    Some(match dtype {
        DType::F32 => {
            let (identity, next) = folded_float(op, F32(acc), F32(value))?;
            (identity.to_bits() as u64, next.0)
        }
        DType::F64 => {
            let (identity, next) = folded_float(op, F64(acc), F64(value))?;
            ((identity as f64).to_bits(), next.0)
        }
        DType::I32 | DType::U32 | DType::I64 | DType::U64 => {
            let signed = matches!(dtype, DType::I32 | DType::I64);
            let largest = u64::MAX >> (64 - 8 * dtype.size());
            let (op, identity) = match op {
                ReduceOp::Sum => (ScalarOp::Add, 0),
                ReduceOp::Prod => (ScalarOp::Mul, 1),
                ReduceOp::Max => (ScalarOp::Max, if signed { (largest >> 1) + 1 } else { 0 }),
                ReduceOp::Min => (ScalarOp::Min, if signed { largest >> 1 } else { largest }),
                ReduceOp::And => (ScalarOp::And, largest),
                ReduceOp::Or => (ScalarOp::Or, 0),
                ReduceOp::Xor => (ScalarOp::Xor, 0),
            };
            (identity, integer(op, kind, &[acc, value], signed)?)
        }
        _ => return None,
    })
}

/// The kernel that makes one number of the accumulators of a reduction, and writes it to places.
pub(super) fn finished(
    op: ReduceOp,
    dtype: DType,
    registers: usize,
    lanes: usize,
    places: &[Place],
) -> Option<Kernel> {
    let element = element(dtype)?;
    let (graph, result) = record::record(|| {
        let turn = |n: usize| add(Node::Accumulator(n as u16), element.kind());
        let parts: Vec<Id> = (0..registers).map(turn).collect();
        lanes_as_one(op, dtype, &parts, lanes)
    });
    let result = result?;
    Some(Kernel {
        graph,
        inputs: vec![],
        arguments: 0,
        outputs: places.iter().map(|&place| (result, element, place)).collect(),
        rare: None,
        accumulators: vec![],
        per_row: vec![],
    })
}

/// The kernel that makes one number of those in the list from an index on, which blocks came to: in
/// pairs, as `reduce` does.
pub(super) fn blocks_as_one(
    op: ReduceOp,
    dtype: DType,
    first: usize,
    blocks: usize,
    places: &[Place],
) -> Option<Kernel> {
    let element = element(dtype)?;
    let (graph, result) = record::record(|| {
        let combine = |a: Id, b: Id| Some(combined(op, dtype, a, b)?.1);
        // The number of blocks that each partial result is of is a power of two.
        let mut partial: Vec<(usize, Id)> = vec![];
        for block in 0..blocks {
            let mut value = add(Node::Scalar(block as u16, element), element.kind());
            let mut size = 1;
            while let Some((_, before)) = partial.pop_if(|(other, _)| *other == size) {
                value = combine(before, value)?;
                size *= 2;
            }
            partial.push((size, value));
        }
        let (_, last) = partial.pop()?;
        partial.iter().rev().try_fold(last, |rest, &(_, before)| combine(before, rest))
    });
    let result = result?;
    Some(Kernel {
        graph,
        inputs: (0..blocks).map(|block| Place::in_list(first + block)).collect(),
        outputs: places.iter().map(|&place| (result, element, place)).collect(),
        ..Kernel::default()
    })
}

fn folded_float<R: Real>(op: ReduceOp, acc: R, value: R) -> Option<(f32, R)> {
    Some(match op {
        ReduceOp::Sum => (0.0, acc + value),
        ReduceOp::Prod => (1.0, acc * value),
        ReduceOp::Max => (f32::NEG_INFINITY, acc.larger(value)),
        ReduceOp::Min => (f32::INFINITY, acc.smaller(value)),
        ReduceOp::And | ReduceOp::Or | ReduceOp::Xor => return None,
    })
}

/// How elements lie in memory, of types that can be computed with.
pub(crate) fn element(dtype: DType) -> Option<Element> {
    Some(match dtype {
        DType::Bool => Element::Bool,
        DType::I32 | DType::U32 | DType::F32 => Element::Word,
        DType::I64 | DType::U64 | DType::F64 => Element::Double,
        _ => return None,
    })
}

/// The bits of a scalar, as constants and the lists of arguments have them.
pub(crate) fn bits(value: &Tensor) -> u64 {
    let mut bytes = [0; 8];
    let source = value.bytes().expect("a tensor of one element is contiguous");
    bytes[..source.len().min(8)].copy_from_slice(&source[..source.len().min(8)]);
    match value.dtype() {
        DType::Bool if bytes[0] != 0 => 0xffff,
        _ => u64::from_le_bytes(bytes),
    }
}

/// The values of a program for inputs that are recorded; lanes whose results are not right are
/// added to `rare`.
pub(super) fn steps(
    program: &Program,
    inputs: &[Id],
    rare: &mut Option<Truth>,
) -> Option<Vec<Option<Id>>> {
    let mut values: Vec<Option<Id>> = Vec::with_capacity(program.values.len());
    for (dtype, definition) in &program.values {
        let element = element(*dtype)?;
        let id = match definition {
            Definition::Input(n) => *inputs.get(*n)?,
            Definition::Constant(n) => {
                add(Node::Constant(bits(&program.constants[*n])), element.kind())
            }
            Definition::Op(op, operands) => {
                let x: smallvec::SmallVec<[(Id, DType); 3]> = operands
                    .iter()
                    .map(|reg| {
                        let at = reg.0 as usize;
                        Some((values[at]?, program.values[at].0))
                    })
                    .collect::<Option<_>>()?;
                operation(*op, &x, rare)?
            }
        };
        values.push(Some(id));
    }
    Some(values)
}

fn operation(op: ScalarOp, x: &[(Id, DType)], rare: &mut Option<Truth>) -> Option<Id> {
    let ids: smallvec::SmallVec<[Id; 3]> = x.iter().map(|(id, _)| *id).collect();
    let dtype = x[(op == ScalarOp::Select) as usize].1;
    let kind = element(dtype)?.kind();
    match (op, ids.as_slice()) {
        (ScalarOp::Copy, &[x]) => return Some(x),
        (ScalarOp::Bitcast(to), &[x]) => return (element(to)?.kind() == kind).then_some(x),
        (ScalarOp::Select, &[mask, yes, no]) => {
            let mask = Truth(mask);
            return Some(match kind {
                Kind::Mask => ((mask & Truth(yes)) | (!mask & Truth(no))).0,
                _ => mask.choose(kind, yes, no),
            });
        }
        (ScalarOp::Convert(to), &[x]) => return converted(x, dtype, to),
        _ => {}
    }
    match dtype {
        DType::Bool => truth(op, &ids.iter().map(|&id| Truth(id)).collect::<Vec<_>>()),
        DType::F32 => {
            let x: Vec<F32> = ids.iter().map(|&id| F32(id)).collect();
            any_float(op, &x, F32::id).or_else(|| narrow_float(op, &x, rare))
        }
        DType::F64 => {
            let x: Vec<F64> = ids.iter().map(|&id| F64(id)).collect();
            any_float(op, &x, F64::id).or_else(|| wide_float(op, &x, rare))
        }
        DType::I32 | DType::I64 => integer(op, kind, &ids, true),
        DType::U32 | DType::U64 => integer(op, kind, &ids, false),
        _ => None,
    }
}

/// The operations that both widths define alike.
fn any_float<R: Real<Mask = Truth>>(op: ScalarOp, x: &[R], id: fn(R) -> Id) -> Option<Id> {
    use ScalarOp::*;
    Some(match (op, x) {
        (Neg, &[x]) => id(-x),
        (Abs, &[x]) => id(x.abs()),
        (Sign, &[x]) => id(basic::sign(x)),
        (Floor, &[x]) => id(x.floor()),
        (Ceil, &[x]) => id(x.ceil()),
        (RoundAwayFromZero, &[x]) => id(basic::round_away(x)),
        (RoundToEven, &[x]) => id(x.round_ties_even()),
        (Sqrt, &[x]) => id(x.sqrt()),
        (Rsqrt, &[x]) => id(basic::rsqrt(x)),
        (Square, &[x]) => id(x * x),
        (OneMinusSquare, &[x]) => id(basic::one_minus_square(x)),
        (IntegerPow(exponent), &[x]) => id(basic::integer_power(x, exponent)),
        (IsFinite, &[x]) => basic::is_finite(x).0,
        (Add, &[x, y]) => id(x + y),
        (Sub, &[x, y]) => id(x - y),
        (Mul, &[x, y]) => id(x * y),
        (Div, &[x, y]) => id(x / y),
        (Max, &[x, y]) => id(x.larger(y)),
        (Min, &[x, y]) => id(x.smaller(y)),
        (Clamp, &[low, x, high]) => id(low.larger(x).smaller(high)),
        (Eq, &[x, y]) => x.eq(y).0,
        (Ne, &[x, y]) => (!x.eq(y)).0,
        (Lt, &[x, y]) => x.lt(y).0,
        (Le, &[x, y]) => x.le(y).0,
        (Gt, &[x, y]) => x.gt(y).0,
        (Ge, &[x, y]) => x.ge(y).0,
        (EqTo, &[x, y]) => basic::eq_to(x, y).0,
        (LtTo, &[x, y]) => basic::lt_to(x, y).0,
        (LeTo, &[x, y]) => (!basic::lt_to(y, x)).0,
        _ => return None,
    })
}

/// The functions of one width, by the module that defines them.
macro_rules! functions {
    ($name:ident, $Number:ident, $module:ident, $i0e:expr, $i1e:expr) => {
        fn $name(op: ScalarOp, x: &[$Number], rare: &mut Option<Truth>) -> Option<Id> {
            use ScalarOp::*;
            let mut by_angle = |f: fn($Number) -> $Number, x: $Number| {
                let large = $module::is_large_angle(x);
                *rare = Some(rare.map_or(large, |rare| rare | large));
                f(x)
            };
            let y = match (op, x) {
                (Exp, &[x]) => $module::exp(x),
                (Exp2, &[x]) => $module::exp2(x),
                (Expm1, &[x]) => $module::expm1(x),
                (Log, &[x]) => $module::log(x),
                (Log1p, &[x]) => $module::log1p(x),
                (Log2, &[x]) => $module::log2(x),
                (Cbrt, &[x]) => $module::cbrt(x),
                (Sin, &[x]) => by_angle($module::sin, x),
                (Cos, &[x]) => by_angle($module::cos, x),
                (Tan, &[x]) => by_angle($module::tan, x),
                (Asin, &[x]) => $module::asin(x),
                (Acos, &[x]) => $module::acos(x),
                (Atan, &[x]) => $module::atan(x),
                (Sinh, &[x]) => $module::sinh(x),
                (Cosh, &[x]) => $module::cosh(x),
                (Tanh, &[x]) => $module::tanh(x),
                (Asinh, &[x]) => $module::asinh(x),
                (Acosh, &[x]) => $module::acosh(x),
                (Atanh, &[x]) => $module::atanh(x),
                (Logistic, &[x]) => $module::logistic(x),
                (Erf, &[x]) => $module::erf(x),
                (Erfc, &[x]) => $module::erfc(x),
                (ErfInv, &[x]) => $module::erf_inv(x),
                (Lgamma, &[x]) => $module::lgamma(x),
                (Digamma, &[x]) => $module::digamma(x),
                (BesselI0e, &[x]) => $i0e(x),
                (BesselI1e, &[x]) => $i1e(x),
                (Pow, &[x, y]) => $module::pow(x, y),
                (Atan2, &[y, x]) => $module::atan2(y, x),
                _ => return None,
            };
            Some(y.0)
        }
    };
}

functions!(narrow_float, F32, single, bessel::i0e_single, bessel::i1e_single);
functions!(wide_float, F64, double, bessel::i0e, bessel::i1e);

/// Truth values: a sum is `or`, a product is `and`, and false comes before true.
fn truth(op: ScalarOp, x: &[Truth]) -> Option<Id> {
    use ScalarOp::*;
    let xor = |x: Truth, y: Truth| Truth::logic(Logic::Xor, x, y);
    Some(
        match (op, x) {
            (Not, &[x]) => !x,
            (And | Mul | Min, &[x, y]) => x & y,
            (Or | Add | Max, &[x, y]) => x | y,
            (Xor | Ne, &[x, y]) => xor(x, y),
            (Eq | EqTo, &[x, y]) => !xor(x, y),
            (Lt | LtTo, &[x, y]) => !x & y,
            (Le | LeTo, &[x, y]) => !x | y,
            (Gt, &[x, y]) => x & !y,
            (Ge, &[x, y]) => x | !y,
            (Clamp, &[low, x, high]) => (low | x) & high,
            _ => return None,
        }
        .0,
    )
}

/// Integers wrap.
fn integer(op: ScalarOp, kind: Kind, x: &[Id], signed: bool) -> Option<Id> {
    use ScalarOp::*;
    let width = if kind == Kind::Double { 64 } else { 32 };
    let constant = |value: i64| {
        let bits = if width == 64 { value as u64 } else { value as u32 as u64 };
        add(Node::Constant(bits), kind)
    };
    let binary = |binary, x, y| add(Node::Binary(binary, x, y), kind);
    let less = if signed { Predicate::LtSigned } else { Predicate::LtUnsigned };
    let at_most = if signed { Predicate::LeSigned } else { Predicate::LeUnsigned };
    let (smaller, larger) = match signed {
        true => (Binary::MinSigned, Binary::MaxSigned),
        false => (Binary::MinUnsigned, Binary::MaxUnsigned),
    };
    let compare = |predicate, x, y| Truth::compare(predicate, x, y).0;
    Some(match (op, x) {
        (Neg, &[x]) => binary(Binary::Sub, constant(0), x),
        (Abs, &[x]) if signed => binary(Binary::MaxSigned, x, binary(Binary::Sub, constant(0), x)),
        (Abs, &[x]) => x,
        (Sign, &[x]) => {
            let zero = constant(0);
            let positive = !Truth::compare(Predicate::Eq, x, zero);
            let sign = positive.choose(kind, constant(1), zero);
            match signed {
                true => Truth::compare(less, x, zero).choose(kind, constant(-1), sign),
                false => sign,
            }
        }
        (Not, &[x]) => binary(Binary::Xor, x, constant(-1)),
        (Div, &[x, y]) if width == 32 => division::quotient(x, y, signed),
        (Rem, &[x, y]) if width == 32 => division::remainder(x, y, signed),
        (Square, &[x]) => binary(Binary::Mul, x, x),
        (OneMinusSquare, &[x]) => binary(Binary::Sub, constant(1), binary(Binary::Mul, x, x)),
        (Add, &[x, y]) => binary(Binary::Add, x, y),
        (Sub, &[x, y]) => binary(Binary::Sub, x, y),
        (Mul, &[x, y]) => binary(Binary::Mul, x, y),
        (Max, &[x, y]) => binary(larger, x, y),
        (Min, &[x, y]) => binary(smaller, x, y),
        (Clamp, &[low, x, high]) => binary(smaller, binary(larger, x, low), high),
        (And, &[x, y]) => binary(Binary::And, x, y),
        (Or, &[x, y]) => binary(Binary::Or, x, y),
        (Xor, &[x, y]) => binary(Binary::Xor, x, y),
        (ShiftLeft, &[x, y]) => binary(Binary::ShiftLeft, x, y),
        (ShiftRightArithmetic, &[x, y]) => binary(Binary::ShiftRightSigned, x, y),
        (ShiftRightLogical, &[x, y]) => binary(Binary::ShiftRight, x, y),
        (Eq | EqTo, &[x, y]) => compare(Predicate::Eq, x, y),
        (Ne, &[x, y]) => (!Truth::compare(Predicate::Eq, x, y)).0,
        (Lt | LtTo, &[x, y]) => compare(less, x, y),
        (Le | LeTo, &[x, y]) => compare(at_most, x, y),
        (Gt, &[x, y]) => compare(less, y, x),
        (Ge, &[x, y]) => compare(at_most, y, x),
        _ => return None,
    })
}

/// The value in another type.
pub(super) fn converted(x: Id, from: DType, to: DType) -> Option<Id> {
    use DType::*;
    let (source, target) = (element(from)?.kind(), element(to)?.kind());
    let convert = |convert, x, kind| add(Node::Convert(convert, x), kind);
    let float = |unary, x, kind| add(Node::Unary(unary, x), kind);
    Some(match (from, to) {
        _ if from == to => x,
        (Bool, _) => {
            let one = match to {
                F32 => 1f32.to_bits() as u64,
                F64 => 1f64.to_bits(),
                _ => 1,
            };
            let constant = |bits| add(Node::Constant(bits), target);
            Truth(x).choose(target, constant(one), constant(0))
        }
        (_, Bool) => {
            let zero = add(Node::Constant(0), source);
            let predicate = if from.is_float() { Predicate::EqF } else { Predicate::Eq };
            (!Truth::compare(predicate, x, zero)).0
        }
        (F32, F64) => convert(Convert::Widen, x, target),
        (F64, F32) => convert(Convert::Narrow, x, target),
        (F32, I32 | U32) => saturated(record::F32(x).widen(), to == I32).0,
        (F64, I32 | U32) => saturated(record::F64(x), to == I32).0,
        (I32, F32) | (I64, F64) => float(Unary::SignedToFloat, x, target),
        (U32, F32) | (U64, F64) => float(Unary::UnsignedToFloat, x, target),
        (I32, F64) => {
            let wide = convert(Convert::SignExtend, x, Kind::Double);
            float(Unary::SignedToFloat, wide, target)
        }
        (U32, F64) => {
            let wide = convert(Convert::ZeroExtend, x, Kind::Double);
            float(Unary::SignedToFloat, wide, target)
        }
        (I32, I64 | U64) => convert(Convert::SignExtend, x, target),
        (U32, I64 | U64) => convert(Convert::ZeroExtend, x, target),
        (I64 | U64, I32 | U32) => convert(Convert::Truncate, x, target),
        (I32, U32) | (U32, I32) | (I64, U64) | (U64, I64) => x,
        _ => return None,
    })
}

/// A number as an integer of 32 bits: truncated, within the bounds of the type, and NaN as zero.
fn saturated(x: F64, signed: bool) -> I32 {
    // The sum has the integer in its low bits.
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    let (low, high) = match signed {
        true => (i32::MIN as f64, i32::MAX as f64),
        false => (0.0, u32::MAX as f64),
    };
    let x = x.trunc().at_least(F64::of(low)).at_most(F64::of(high));
    let x = F64::choose(x.is_nan(), F64::of(0.0), x);
    (x + F64::of(MAGIC)).low_bits()
}

impl F32 {
    fn id(self) -> Id {
        self.0
    }
}

impl F64 {
    fn id(self) -> Id {
        self.0
    }
}
