//! Laws of the tile machine, tried on every operation and element type.

use smallvec::smallvec;

use super::{Program, ProgramBuilder, ScalarOp, scalar};
use crate::buffer::Buffer;
use crate::dtype::{Bool, DType};
use crate::kernels::Tensors;
use crate::layout;
use crate::native::{Mode, set_mode};
use crate::tensor::Tensor;

pub(crate) const EVERY: &[DType] = &[
    DType::Bool,
    DType::I4,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U4,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::F8E4M3Fn,
    DType::F8E5M2,
    DType::BF16,
    DType::F16,
    DType::F32,
    DType::F64,
    DType::C64,
    DType::C128,
    DType::KeyThreefry,
];

pub(crate) fn every_op() -> Vec<ScalarOp> {
    use ScalarOp::*;
    let mut ops = vec![
        Copy,
        Neg,
        Abs,
        Sign,
        Floor,
        Ceil,
        RoundAwayFromZero,
        RoundToEven,
        Exp,
        Exp2,
        Expm1,
        Log,
        Log1p,
        Log2,
        Sqrt,
        Rsqrt,
        Cbrt,
        Sin,
        Cos,
        Tan,
        Asin,
        Acos,
        Atan,
        Sinh,
        Cosh,
        Tanh,
        Asinh,
        Acosh,
        Atanh,
        Logistic,
        Erf,
        Erfc,
        ErfInv,
        Lgamma,
        Digamma,
        BesselI0e,
        BesselI1e,
        Square,
        OneMinusSquare,
        Not,
        PopulationCount,
        Clz,
        IsFinite,
        Real,
        Imag,
        Conj,
        Add,
        Sub,
        Mul,
        Div,
        Rem,
        Max,
        Min,
        Pow,
        Atan2,
        Igamma,
        Igammac,
        IgammaGradA,
        RandomGammaGrad,
        Zeta,
        Polygamma,
        And,
        Or,
        Xor,
        ShiftLeft,
        ShiftRightArithmetic,
        ShiftRightLogical,
        Nextafter,
        Complex,
        MulHi,
        Eq,
        Ne,
        Lt,
        Le,
        Gt,
        Ge,
        EqTo,
        LtTo,
        LeTo,
        Select,
        Clamp,
    ];
    ops.extend([-3, -1, 0, 1, 2, 3, 10].map(IntegerPow));
    ops.push(ReducePrecision { exponent: 5, mantissa: 10 });
    ops.push(ReducePrecision { exponent: 8, mantissa: 7 });
    ops.extend(EVERY.iter().filter(|dtype| !dtype.is_opaque()).map(|&dtype| Convert(dtype)));
    ops.extend(
        [DType::U8, DType::F16, DType::I32, DType::F32, DType::U64, DType::F64].map(Bitcast),
    );
    ops
}

/// Pseudo-random bits.
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        // A linear congruence, and its better half twice.
        let mut half = || {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            self.0 >> 32
        };
        half() << 32 | half()
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// One element: special, of moderate size, or any bits at all.
pub(crate) fn element(dtype: DType, random: &mut Random) -> Tensor {
    let specials = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        2.0,
        -3.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e-40,
        1e30,
        100.0,
    ];
    match dtype {
        DType::Bool => Tensor::scalar(Bool(random.below(2) as u8)),
        DType::I4 => Tensor::scalar_from_bytes(dtype, &[(random.below(16) as i8 - 8) as u8]),
        DType::U4 => Tensor::scalar_from_bytes(dtype, &[random.below(16) as u8]),
        _ => match random.below(3) {
            0 => {
                let bytes: Vec<u8> = [random.next(), random.next()].map(u64::to_le_bytes).concat();
                Tensor::scalar_from_bytes(dtype, &bytes)
            }
            choice => {
                let mut part = || match choice {
                    1 => specials[random.below(specials.len())],
                    _ => random.below(20_001) as f64 / 1000.0 - 10.0,
                };
                let (re, im) = (Tensor::scalar(part()), Tensor::scalar(part()));
                let z = scalar(ScalarOp::Complex, &[&re, &im]).unwrap();
                let from = if dtype.is_complex() { z } else { re };
                match scalar(ScalarOp::Convert(dtype), &[&from]) {
                    Ok(value) => value,
                    Err(_) => {
                        Tensor::scalar_from_bytes(dtype, &random.next().to_le_bytes().repeat(2))
                    }
                }
            }
        },
    }
}

pub(crate) fn dense(dtype: DType, shape: &[usize], random: &mut Random) -> Tensor {
    let count = layout::count(shape);
    let mut buffer = Buffer::new(dtype, count).unwrap();
    let size = dtype.size();
    for i in 0..count {
        let value = element(dtype, random);
        buffer.bytes_mut()[i * size..(i + 1) * size].copy_from_slice(value.buffer_bytes());
    }
    Tensor::from_buffer(dtype, shape, buffer)
}

/// A tensor of a shape, with a random layout.
pub(crate) fn any_layout(dtype: DType, shape: &[usize], random: &mut Random) -> Tensor {
    let rank = shape.len();
    let axes: Vec<usize> = (0..rank).collect();
    match random.below(6) {
        0 => element(dtype, random),
        1 => {
            let reversed: Vec<usize> = axes.iter().rev().copied().collect();
            let turned: Vec<usize> = shape.iter().rev().copied().collect();
            dense(dtype, &turned, random).transpose(&reversed).unwrap()
        }
        2 => {
            // Repeated along some of the axes.
            let kept: Vec<usize> = axes.iter().copied().filter(|_| random.below(2) == 0).collect();
            let sizes: Vec<usize> = kept.iter().map(|&axis| shape[axis]).collect();
            dense(dtype, &sizes, random).broadcast(shape, &kept).unwrap()
        }
        3 => {
            let chosen: Vec<usize> =
                axes.iter().copied().filter(|_| random.below(2) == 0).collect();
            dense(dtype, shape, random).reverse(&chosen).unwrap()
        }
        4 => {
            // Every other element of a larger one.
            let start = vec![1; rank];
            let limit: Vec<usize> = shape.iter().map(|&size| 2 * size + 1).collect();
            let larger = dense(dtype, &limit, random);
            larger.slice(&start, &limit, &vec![2; rank]).unwrap()
        }
        _ => dense(dtype, shape, random),
    }
}

/// The elements of a tensor, each of rank 0.
pub(crate) fn elements(tensor: &Tensor) -> Vec<Tensor> {
    let tensor = tensor.contiguous().unwrap();
    let bytes = tensor.bytes().unwrap();
    let size = tensor.dtype().size();
    bytes.chunks_exact(size).map(|bytes| Tensor::scalar_from_bytes(tensor.dtype(), bytes)).collect()
}

/// The same bits, where one NaN is like another.
pub(crate) fn same(x: &Tensor, y: &Tensor) -> bool {
    let to = match x.dtype() {
        dtype if dtype.is_float() => DType::F64,
        dtype if dtype.is_complex() => DType::C128,
        _ => return x.buffer_bytes() == y.buffer_bytes(),
    };
    let part = |op, x: &Tensor| {
        let wide = scalar(ScalarOp::Convert(to), &[x]).unwrap();
        let part = if to == DType::C128 { scalar(op, &[&wide]).unwrap() } else { wide };
        part.item::<f64>().unwrap()
    };
    [ScalarOp::Real, ScalarOp::Imag].into_iter().all(|op| {
        let (x, y) = (part(op, x), part(op, y));
        x.to_bits() == y.to_bits() || (x.is_nan() && y.is_nan())
    })
}

pub(crate) fn program_of(op: ScalarOp, dtypes: &[DType]) -> Program {
    let mut builder = ProgramBuilder::new();
    let operands: Vec<_> = dtypes.iter().map(|&dtype| builder.input(dtype)).collect();
    let result = builder.op(op, &operands);
    builder.finish(&[result])
}

pub(crate) fn operand_types(op: ScalarOp, dtype: DType) -> Vec<DType> {
    let mut dtypes = vec![dtype; op.arity()];
    if op == ScalarOp::Select {
        dtypes[0] = DType::Bool;
    }
    dtypes
}

#[test]
fn a_run_gives_what_scalars_give() {
    // First by the tile machine, then by code; the results of other tests do not depend on it.
    for mode in [Mode::Tile, Mode::Native] {
        set_mode(mode);
        runs_give_what_scalars_give();
    }
    set_mode(Mode::Auto);
}

fn runs_give_what_scalars_give() {
    let shapes: [&[usize]; 6] = [&[], &[1], &[3, 0], &[5, 7], &[3, 1, 90], &[2, 300]];
    let mut random = Random(1);
    for op in every_op() {
        for &dtype in EVERY {
            if !op.is_defined(dtype) {
                continue;
            }
            let dtypes = operand_types(op, dtype);
            let program = program_of(op, &dtypes);
            for shape in shapes {
                let inputs: Tensors =
                    dtypes.iter().map(|&dtype| any_layout(dtype, shape, &mut random)).collect();
                let columns: Vec<Vec<Tensor>> = inputs
                    .iter()
                    .map(|x| match x.rank() {
                        0 => vec![x.clone(); layout::count(shape)],
                        _ => elements(x),
                    })
                    .collect();
                let output = program.run(inputs, shape).unwrap().remove(0);
                assert_eq!(output.shape(), shape);
                assert_eq!(output.dtype(), op.result(&dtypes));
                for (i, y) in elements(&output).iter().enumerate() {
                    let operands: Vec<&Tensor> = columns.iter().map(|column| &column[i]).collect();
                    let expected = scalar(op, &operands).unwrap();
                    assert!(
                        same(y, &expected),
                        "{op:?} {dtype:?} {shape:?} at {i}: {:x?} gives {:x?}, alone {:x?}",
                        operands.iter().map(|x| x.buffer_bytes()).collect::<Vec<_>>(),
                        y.buffer_bytes(),
                        expected.buffer_bytes(),
                    );
                }
            }
        }
    }
}

#[test]
fn every_operation_is_defined_for_some_type() {
    for op in every_op() {
        assert!(EVERY.iter().any(|&dtype| op.is_defined(dtype)), "{op:?}");
    }
    for op in [ScalarOp::Add, ScalarOp::Mul, ScalarOp::Max, ScalarOp::Eq, ScalarOp::Clamp] {
        assert!(DType::NUMERIC.iter().all(|&dtype| op.is_defined(dtype)), "{op:?}");
    }
}

/// tanh(x y + c), and its square, of every size around that of a tile.
#[test]
fn sizes_around_a_tile() {
    let mut builder = ProgramBuilder::new();
    let (x, y) = (builder.input(DType::F32), builder.input(DType::F32));
    let c = builder.constant(&Tensor::scalar(0.25f32));
    let product = builder.op(ScalarOp::Mul, &[x, y]);
    let sum = builder.op(ScalarOp::Add, &[product, c]);
    let tanh = builder.op(ScalarOp::Tanh, &[sum]);
    let square = builder.op(ScalarOp::Square, &[tanh]);
    let program = builder.finish(&[tanh, square, tanh, x, c]);
    // What is an output twice, or no result of an operation, is copied.
    assert_eq!(program.to_string().lines().count(), 8 + 3);
    for count in [0, 1, 2, 511, 512, 513, 5000, 512 * 32 * 3 + 17] {
        let xs: Vec<f32> = (0..count).map(|i| i as f32 / 100.0 - 2.0).collect();
        let x = Tensor::from_slice(&xs, &[count]).unwrap();
        let y = Tensor::scalar(0.5f32);
        let outputs = program.run(smallvec![x, y], &[count]).unwrap();
        let outputs: Vec<Vec<f32>> = outputs.iter().map(|tensor| tensor.to_vec()).collect();
        for i in 0..count {
            let tanh = super::math::single::tanh(xs[i] * 0.5 + 0.25);
            assert_eq!(
                outputs.iter().map(|output| output[i]).collect::<Vec<_>>(),
                [tanh, tanh * tanh, tanh, xs[i], 0.25]
            );
        }
    }
}

#[test]
fn operands_that_run_across_the_rows() {
    fn check<T: crate::dtype::Element + PartialEq + std::fmt::Debug>(value: impl Fn(usize) -> T) {
        let program = program_of(ScalarOp::Max, &[T::DTYPE, T::DTYPE]);
        for shape in [[1, 15, 40], [1, 16, 17], [1, 70, 300], [3, 40, 50], [2, 300, 90]] {
            let [batch, columns, rows] = shape;
            let values: Vec<T> = (0..batch * columns * rows).map(&value).collect();
            let x = Tensor::from_slice(&values, &shape).unwrap();
            let plain = x.reshape(&[batch, rows, columns]).unwrap();
            let crossed = x.transpose(&[0, 2, 1]).unwrap();
            let reversed = crossed.reverse(&[0, 2]).unwrap();
            let shape = [batch, rows, columns];
            for y in [crossed, reversed] {
                let dense = Tensor::from_slice(&y.to_vec::<T>(), &shape).unwrap();
                let run = |y: &Tensor| {
                    let inputs = smallvec![y.clone(), plain.clone()];
                    program.run(inputs, &shape).unwrap().remove(0).to_vec::<T>()
                };
                assert_eq!(run(&y), run(&dense), "{shape:?}");
            }
        }
    }
    check(|i| (i * 7919) as u8);
    check(|i| (i * 7919) as i16);
    check(|i| (i * 7919 % 1009) as f32);
    check(|i| (i * 7919 % 1009) as f64);
}

#[test]
fn a_buffer_no_one_holds_is_used_again() {
    let program = program_of(ScalarOp::Sub, &[DType::F32, DType::F32]);
    // More than are run at once, and by the machine whatever mode other tests ask for meanwhile.
    let count = 30_000;
    let numbers = |k: f32| (0..count).map(|i| i as f32 * k).collect::<Vec<f32>>();
    let x = Tensor::from_slice(&numbers(3.0), &[count]).unwrap();
    let y = Tensor::from_slice(&numbers(2.0), &[count]).unwrap();
    let held = x.clone();
    let address = y.buffer_bytes().as_ptr();
    let output = super::machine::run(&program, smallvec![x, y], &[count]).unwrap().remove(0);
    assert_eq!(output.buffer_bytes().as_ptr(), address);
    assert_eq!(output.to_vec::<f32>(), numbers(1.0));
    assert_eq!(held.to_vec::<f32>(), numbers(3.0));
}

#[test]
fn an_undefined_operation_is_an_error() {
    let program = program_of(ScalarOp::Sin, &[DType::I32]);
    assert!(program.run(smallvec![Tensor::scalar(1i32)], &[]).is_err());
    assert!(scalar(ScalarOp::Sin, &[&Tensor::scalar(1i32)]).is_err());
    assert!(scalar(ScalarOp::Add, &[&Tensor::scalar(1i32), &Tensor::scalar(1f32)]).is_err());
}

#[test]
fn special_values() {
    use ScalarOp::*;
    let f = |op, operands: &[f64]| {
        let tensors: Vec<Tensor> = operands.iter().map(|&x| Tensor::scalar(x)).collect();
        let y = scalar(op, &tensors.iter().collect::<Vec<_>>()).unwrap();
        y.item::<f64>().unwrap()
    };
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    assert!(f(Max, &[nan, 1.0]).is_nan() && f(Max, &[1.0, nan]).is_nan());
    assert!(f(Min, &[nan, 1.0]).is_nan() && f(Min, &[1.0, nan]).is_nan());
    assert!(f(Max, &[-0.0, 0.0]).is_sign_positive() && f(Max, &[0.0, -0.0]).is_sign_positive());
    assert!(f(Min, &[-0.0, 0.0]).is_sign_negative() && f(Min, &[0.0, -0.0]).is_sign_negative());
    for at in 0..3 {
        let mut operands = [0.0, 1.0, 2.0];
        operands[at] = nan;
        assert!(f(Clamp, &operands).is_nan());
    }
    assert_eq!(f(Clamp, &[2.0, 5.0, 1.0]), 1.0);
    assert!(f(Sign, &[nan]).is_nan() && f(Sign, &[-0.0]).is_sign_negative());
    assert_eq!((f(Rem, &[-5.5, 2.0]), f(RoundAwayFromZero, &[-2.5])), (-1.5, -3.0));
    assert_eq!([0.5, 1.5, -2.5].map(|x| f(RoundToEven, &[x])), [0.0, 2.0, -2.0]);
    assert_eq!(f(RoundAwayFromZero, &[0.49999999999999994]), 0.0);
    assert_eq!(f(Nextafter, &[0.0, 1.0]), f64::from_bits(1));
    assert_eq!(
        (f(Nextafter, &[inf, 0.0]), f(Nextafter, &[-1.0, -2.0])),
        (f64::MAX, -1.0 - f64::EPSILON)
    );
    assert_eq!((f(Lgamma, &[0.0]), f(Lgamma, &[-inf])), (inf, inf));
    let rp = ReducePrecision { exponent: 5, mantissa: 10 };
    let values = [3.3, 1e38, 65520.0, 65519.0, 6e-8, 6.1e-5, -0.0, inf].map(|x| f(rp, &[x]));
    assert_eq!(values, [3.30078125, inf, inf, 65504.0, 0.0, 0.0, 0.0, inf]);
    let rounded = ReducePrecision { exponent: 8, mantissa: 0 };
    assert_eq!([3.3, 1.5].map(|x| f(rounded, &[x])), [4.0, 2.0]);
}

#[test]
fn conversions_saturate_and_wrap() {
    let convert = |x: &Tensor, to| scalar(ScalarOp::Convert(to), &[x]).unwrap();
    let floats = [f32::NAN, f32::INFINITY, 3e9, -3e9, -1.5, 300.7].map(Tensor::scalar);
    let to_i8 = floats.each_ref().map(|x| convert(x, DType::I8).item::<i8>().unwrap());
    assert_eq!(to_i8, [0, 127, 127, -128, -1, 127]);
    let to_u32 = floats.each_ref().map(|x| convert(x, DType::U32).item::<u32>().unwrap());
    assert_eq!(to_u32, [0, u32::MAX, 3_000_000_000, 0, 0, 300]);
    let to_i4 = floats.each_ref().map(|x| convert(x, DType::I4).buffer_bytes()[0] as i8);
    assert_eq!(to_i4, [0, 7, 7, -8, -1, 7]);
    let ints = [300, -5, 7, 127, -8, 15, 16].map(Tensor::scalar::<i32>);
    let to_i8 = ints.each_ref().map(|x| convert(x, DType::I8).item::<i8>().unwrap());
    assert_eq!(to_i8, [44, -5, 7, 127, -8, 15, 16]);
    let to_i4 = ints.each_ref().map(|x| convert(x, DType::I4).buffer_bytes()[0] as i8);
    assert_eq!(to_i4, [-4, -5, 7, -1, -8, -1, 0]);
    let to_u4 = ints.each_ref().map(|x| convert(x, DType::U4).buffer_bytes()[0]);
    assert_eq!(to_u4, [12, 11, 7, 15, 8, 15, 0]);
    let z = scalar(ScalarOp::Complex, &[&Tensor::scalar(0f32), &Tensor::scalar(3f32)]).unwrap();
    assert_eq!(convert(&z, DType::Bool).item(), Some(Bool(1)));
    assert_eq!(convert(&z, DType::I32).item(), Some(0));
}
