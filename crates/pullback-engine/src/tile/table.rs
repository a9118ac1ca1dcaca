//! The kernel of every operation and element type.

use bytemuck::Pod;
use num_complex::Complex;

use super::convert;
use super::division::Division;
use super::int::Int;
use super::kernel::{
    Binary, Kernel, Unary, inlined1, inlined2, map1, map2, map3, patched, plain1, plain2, with_op,
};
use super::math::complex;
use super::math::float::Float;
use super::op::ScalarOp;
use super::power::{self, Ring};
use super::widened::{self, Bf16, F16};
use crate::dtype::{Bool, DType};

type Found = Option<&'static dyn Kernel>;

/// The kernel of an operation on operands of the given type, if it is defined.
pub(crate) fn find(op: ScalarOp, dtype: DType) -> Found {
    match op {
        ScalarOp::Copy => copy(dtype),
        ScalarOp::Select => select(dtype),
        ScalarOp::Convert(to) => convert::find(dtype, to),
        ScalarOp::Bitcast(to) if is_cast(dtype, to) => copy(dtype),
        ScalarOp::Bitcast(_) => None,
        _ => match dtype {
            DType::Bool => truth(op),
            DType::I8 => int::<i8>(op),
            DType::I16 => int::<i16>(op),
            DType::I32 => int::<i32>(op),
            DType::I64 => int::<i64>(op),
            DType::U8 => int::<u8>(op),
            DType::U16 => int::<u16>(op),
            DType::U32 => int::<u32>(op),
            DType::U64 => int::<u64>(op),
            DType::BF16 => widened::find::<Bf16>(op),
            DType::F16 => widened::find::<F16>(op),
            DType::F32 => float::<f32>(op),
            DType::F64 => float::<f64>(op),
            DType::C64 => complex32(op),
            DType::C128 => complex64(op),
            _ => None,
        },
    }
}

/// Whether the bits of elements of one type are those of elements of another.
fn is_cast(from: DType, to: DType) -> bool {
    let is_number = |dtype: DType| dtype.is_integer() || dtype.is_float();
    is_number(from) && is_number(to) && from.bits() == to.bits() && from.size() == to.size()
}

/// Elements are moved by their size alone, whatever they mean.
fn copy(dtype: DType) -> Found {
    Some(match dtype.size() {
        1 => map1(|x: u8| x),
        2 => map1(|x: u16| x),
        4 => map1(|x: u32| x),
        8 => map1(|x: u64| x),
        16 => map1(|x: [u64; 2]| x),
        _ => return None,
    })
}

fn select(dtype: DType) -> Found {
    Some(match dtype.size() {
        1 => super::kernel::select::<u8>(),
        2 => super::kernel::select::<u16>(),
        4 => super::kernel::select::<u32>(),
        8 => super::kernel::select::<u64>(),
        16 => super::kernel::select::<[u64; 2]>(),
        _ => return None,
    })
}

/// Truth values: a sum is `or`, a product is `and`, and false comes before true.
fn truth(op: ScalarOp) -> Found {
    use ScalarOp::*;
    Some(match op {
        Not => map1(|x: Bool| Bool(x.0 ^ 1)),
        And | Mul | Min => map2(|x: Bool, y: Bool| Bool(x.0 & y.0)),
        Or | Add | Max => map2(|x: Bool, y: Bool| Bool(x.0 | y.0)),
        Xor | Ne => map2(|x: Bool, y: Bool| Bool(x.0 ^ y.0)),
        Eq | EqTo => map2(|x: Bool, y: Bool| Bool(x.0 ^ y.0 ^ 1)),
        Lt | LtTo => map2(|x: Bool, y: Bool| Bool(!x.0 & y.0)),
        Le | LeTo => map2(|x: Bool, y: Bool| Bool(x.0 ^ 1 | y.0)),
        Gt => map2(|x: Bool, y: Bool| Bool(x.0 & !y.0)),
        Ge => map2(|x: Bool, y: Bool| Bool(x.0 | y.0 ^ 1)),
        Clamp => map3(|low: Bool, x: Bool, high: Bool| Bool((low.0 | x.0) & high.0)),
        _ => return None,
    })
}

fn int<T: Division + Ring>(op: ScalarOp) -> Found {
    use ScalarOp::*;
    Some(match op {
        Neg => map1(T::neg),
        Abs => map1(T::abs),
        Sign => map1(T::sign),
        Not => map1(<T as Int>::not),
        PopulationCount => map1(T::count_ones),
        Clz => map1(T::leading_zeros),
        Square => map1(|x: T| Int::mul(x, x)),
        OneMinusSquare => map1(|x: T| Int::sub(<T as Ring>::ONE, Int::mul(x, x))),
        IntegerPow(_) => power::find::<T>(),
        Add => map2(<T as Int>::add),
        Sub => map2(<T as Int>::sub),
        Mul => map2(<T as Int>::mul),
        Div => T::quotients(),
        Rem => T::remainders(),
        Max => map2(|x: T, y: T| if x > y { x } else { y }),
        Min => map2(|x: T, y: T| if x < y { x } else { y }),
        Pow => plain2(<T as Int>::pow),
        And => map2(T::and),
        Or => map2(T::or),
        Xor => map2(T::xor),
        ShiftLeft => map2(T::shift_left),
        ShiftRightArithmetic => map2(T::shift_right_arithmetic),
        ShiftRightLogical => map2(T::shift_right_logical),
        MulHi => map2(T::mul_hi),
        LtTo => compare(|x: T, y: T| x < y),
        LeTo => compare(|x: T, y: T| x <= y),
        Clamp => map3(|low: T, x: T, high: T| {
            let x = if x > low { x } else { low };
            if x < high { x } else { high }
        }),
        _ => return ordered::<T>(op),
    })
}

fn compare<T: Pod>(f: impl Fn(T, T) -> bool + Copy + Send + Sync + 'static) -> &'static dyn Kernel {
    map2(move |x: T, y: T| Bool::from(f(x, y)))
}

/// The comparisons, as Rust has them.
fn ordered<T: Pod + PartialOrd>(op: ScalarOp) -> Found {
    use ScalarOp::*;
    Some(match op {
        Eq | EqTo => compare(|x: T, y: T| x == y),
        Ne => compare(|x: T, y: T| x != y),
        Lt => compare(|x: T, y: T| x < y),
        Le => compare(|x: T, y: T| x <= y),
        Gt => compare(|x: T, y: T| x > y),
        Ge => compare(|x: T, y: T| x >= y),
        _ => return None,
    })
}

/// A method of [`Float`] as a type.
macro_rules! method {
    ($method:ident) => {{
        #[derive(Clone, Copy)]
        struct Method;
        impl<T: Float> Unary<T> for Method {
            type Result = T;
            #[inline(always)]
            fn apply(self, x: T) -> T {
                x.$method()
            }
        }
        Method
    }};
}

/// A method of [`Float`] of two numbers as a type.
macro_rules! method2 {
    ($method:ident) => {{
        #[derive(Clone, Copy)]
        struct Method;
        impl<T: Float> Binary<T> for Method {
            type Result = T;
            #[inline(always)]
            fn apply(self, x: T, y: T) -> T {
                x.$method(y)
            }
        }
        Method
    }};
}

fn float<T: Float + Ring>(op: ScalarOp) -> Found {
    use ScalarOp::*;
    Some(match op {
        Neg => map1(T::neg),
        Abs => map1(T::abs),
        Sign => map1(T::sign),
        Floor => map1(T::floor),
        Ceil => map1(T::ceil),
        RoundAwayFromZero => map1(T::round),
        RoundToEven => map1(T::round_ties_even),
        Exp => inlined1::<T, _>(method!(exp)),
        Exp2 => inlined1::<T, _>(method!(exp2)),
        Expm1 => inlined1::<T, _>(method!(expm1)),
        Log => inlined1::<T, _>(method!(log)),
        Log1p => inlined1::<T, _>(method!(log1p)),
        Log2 => inlined1::<T, _>(method!(log2)),
        Sqrt => map1(T::sqrt),
        Rsqrt => map1(T::rsqrt),
        Cbrt => inlined1::<T, _>(method!(cbrt)),
        Sin => patched::<T, _, _, _>(method!(sin), T::is_large_angle, T::sin_large),
        Cos => patched::<T, _, _, _>(method!(cos), T::is_large_angle, T::cos_large),
        Tan => patched::<T, _, _, _>(method!(tan), T::is_large_angle, T::tan_large),
        Asin => inlined1::<T, _>(method!(asin)),
        Acos => inlined1::<T, _>(method!(acos)),
        Atan => inlined1::<T, _>(method!(atan)),
        Sinh => inlined1::<T, _>(method!(sinh)),
        Cosh => inlined1::<T, _>(method!(cosh)),
        Tanh => inlined1::<T, _>(method!(tanh)),
        Asinh => inlined1::<T, _>(method!(asinh)),
        Acosh => inlined1::<T, _>(method!(acosh)),
        Atanh => inlined1::<T, _>(method!(atanh)),
        Logistic => inlined1::<T, _>(method!(logistic)),
        Erf => inlined1::<T, _>(method!(erf)),
        Erfc => inlined1::<T, _>(method!(erfc)),
        ErfInv => inlined1::<T, _>(method!(erf_inv)),
        Lgamma => inlined1::<T, _>(method!(lgamma)),
        Digamma => inlined1::<T, _>(method!(digamma)),
        BesselI0e => inlined1::<T, _>(method!(i0e)),
        BesselI1e => inlined1::<T, _>(method!(i1e)),
        Square => map1(|x: T| Float::mul(x, x)),
        OneMinusSquare => map1(|x: T| Float::sub(<T as Ring>::ONE, Float::mul(x, x))),
        IntegerPow(_) => power::find::<T>(),
        IsFinite => map1(|x: T| Bool::from(x.is_finite())),
        ReducePrecision { .. } => with_op(|op, x: T| match op {
            ReducePrecision { exponent, mantissa } => x.reduce_precision(exponent, mantissa),
            _ => x,
        }),
        Add => map2(<T as Float>::add),
        Sub => map2(<T as Float>::sub),
        Mul => map2(<T as Float>::mul),
        Div => map2(<T as Float>::div),
        Rem => plain2(<T as Float>::rem),
        Max => map2(T::max),
        Min => map2(T::min),
        Pow => inlined2::<T, _>(method2!(pow)),
        Atan2 => inlined2::<T, _>(method2!(atan2)),
        Nextafter => map2(T::nextafter),
        Igamma => plain2(T::igamma),
        Igammac => plain2(T::igammac),
        IgammaGradA => plain2(T::igamma_grad_a),
        RandomGammaGrad => plain2(T::random_gamma_grad),
        Zeta => plain2(T::zeta),
        Polygamma => plain2(T::polygamma),
        Betainc => map3(T::betainc),
        Complex => map2(|re: T, im: T| num_complex::Complex { re, im }),
        EqTo => compare(T::eq_to),
        LtTo => compare(T::lt_to),
        LeTo => compare(T::le_to),
        Clamp => map3(|low: T, x: T, high: T| low.max(x).min(high)),
        _ => return ordered::<T>(op),
    })
}

/// What complex numbers of either width do in their own precision.
fn complex_basics<T: Float>(op: ScalarOp) -> Found
where
    Complex<T>: Pod + Ring,
{
    use ScalarOp::*;
    type C<T> = num_complex::Complex<T>;
    fn max<T: Float>(x: C<T>, y: C<T>) -> C<T> {
        if complex::lt(y, x) { x } else { y }
    }
    fn min<T: Float>(x: C<T>, y: C<T>) -> C<T> {
        if complex::lt(x, y) { x } else { y }
    }
    fn le<T: Float>(x: C<T>, y: C<T>) -> bool {
        complex::lt(x, y) | (x == y)
    }
    Some(match op {
        Neg => map1(|z: C<T>| C { re: z.re.neg(), im: z.im.neg() }),
        Real => map1(|z: C<T>| z.re),
        Imag => map1(|z: C<T>| z.im),
        Conj => map1(|z: C<T>| C { re: z.re, im: z.im.neg() }),
        Square => map1(|z: C<T>| C {
            re: z.re.sub(z.im).mul(z.re.add(z.im)),
            im: z.re.mul(z.im).add(z.re.mul(z.im)),
        }),
        OneMinusSquare => map1(|z: C<T>| {
            let one = <C<T> as Ring>::ONE;
            C {
                re: one.re.sub(z.re.sub(z.im).mul(z.re.add(z.im))),
                im: one.im.sub(z.re.mul(z.im).add(z.re.mul(z.im))),
            }
        }),
        IntegerPow(_) => power::find::<C<T>>(),
        Add => map2(|x: C<T>, y: C<T>| C { re: x.re.add(y.re), im: x.im.add(y.im) }),
        Sub => map2(|x: C<T>, y: C<T>| C { re: x.re.sub(y.re), im: x.im.sub(y.im) }),
        Mul => map2(complex::mul::<T>),
        Max => map2(max::<T>),
        Min => map2(min::<T>),
        Eq => compare(|x: C<T>, y: C<T>| x == y),
        Ne => compare(|x: C<T>, y: C<T>| x != y),
        Lt => compare(complex::lt::<T>),
        Le => compare(le::<T>),
        Gt => compare(|x: C<T>, y: C<T>| complex::lt(y, x)),
        Ge => compare(|x: C<T>, y: C<T>| le(y, x)),
        Clamp => map3(|low: C<T>, x: C<T>, high: C<T>| min(max(low, x), high)),
        _ => return None,
    })
}

fn complex32(op: ScalarOp) -> Found {
    match op {
        ScalarOp::Abs => {
            Some(map1(|z: Complex<f32>| {
                let (re, im) = (z.re as f64, z.im as f64);
                // The squares of floats neither overflow nor vanish in doubles.
                let norm = (re * re + im * im).sqrt();
                (if re.is_infinite() | im.is_infinite() { f64::INFINITY } else { norm }) as f32
            }))
        }
        _ => complex_basics::<f32>(op).or_else(|| widened::find::<Complex<f32>>(op)),
    }
}

fn complex64(op: ScalarOp) -> Found {
    use ScalarOp::*;
    Some(match op {
        Abs => plain1(|z: num_complex::Complex<f64>| z.re.hypot(z.im)),
        Sign => plain1(complex::sign),
        Exp => plain1(complex::exp),
        Exp2 => plain1(complex::exp2),
        Expm1 => plain1(complex::expm1),
        Log => plain1(complex::log),
        Log1p => plain1(complex::log1p),
        Log2 => plain1(complex::log2),
        Sqrt => plain1(complex::sqrt),
        Rsqrt => plain1(complex::rsqrt),
        Sin => plain1(complex::sin),
        Cos => plain1(complex::cos),
        Tan => plain1(complex::tan),
        Asin => plain1(complex::asin),
        Acos => plain1(complex::acos),
        Atan => plain1(complex::atan),
        Sinh => plain1(complex::sinh),
        Cosh => plain1(complex::cosh),
        Tanh => plain1(complex::tanh),
        Asinh => plain1(complex::asinh),
        Acosh => plain1(complex::acosh),
        Atanh => plain1(complex::atanh),
        Logistic => plain1(complex::logistic),
        Div => plain2(complex::div),
        Pow => plain2(complex::pow),
        _ => return complex_basics::<f64>(op),
    })
}
