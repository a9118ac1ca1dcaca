//! Products beside plain loops.

use half::bf16;

use super::convert::Convert;
use super::*;
use crate::dtype::{Bool, Element};
use crate::kernels::parts::tests::on_any_number_of_threads;

fn dot(
    a: &Tensor,
    b: &Tensor,
    contract: [&[usize]; 2],
    batch: [&[usize]; 2],
    out: DType,
) -> Tensor {
    let kernel = Dot {
        lhs_contract: contract[0].into(),
        rhs_contract: contract[1].into(),
        lhs_batch: batch[0].into(),
        rhs_batch: batch[1].into(),
        out,
    };
    kernel.run(smallvec![a.clone(), b.clone()]).unwrap().remove(0)
}

fn matmul(a: &Tensor, b: &Tensor) -> Tensor {
    dot(a, b, [&[1], &[0]], [&[], &[]], a.dtype())
}

fn ramp(n: usize, seed: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * 7919 + seed) % 101) as f64 / 16.0 - 3.0).collect()
}

/// Small multiples of 1/16, so that all sums are exact in f32.
fn matrix<T: Element + Convert>(rows: usize, columns: usize, seed: usize) -> Tensor {
    let values: Vec<T> =
        ramp(rows * columns, seed).iter().map(|&v| T::from_parts((v as i64, v, 0.0))).collect();
    Tensor::from_slice(&values, &[rows, columns]).unwrap()
}

fn plain<T: Number>(a: &[T], b: &[T], [m, k, n]: [usize; 3]) -> Vec<T> {
    let mut c = vec![T::ZERO; m * n];
    for i in 0..m {
        for p in 0..k {
            for j in 0..n {
                c[i * n + j] = c[i * n + j].plus(a[i * k + p].times(b[p * n + j]));
            }
        }
    }
    c
}

const SIZES: [[usize; 3]; 12] = [
    [1, 1, 1],
    [1, 300, 1],
    [1, 70, 33],
    [33, 70, 1],
    [5, 3, 2],
    [7, 9, 19],
    [4, 16, 16],
    [40, 33, 50],
    [100, 2, 100],
    [2, 100, 100],
    [3, 0, 2],
    [0, 3, 2],
];

fn agrees_with_plain_loops<T: Convert + Number>() {
    for [m, k, n] in SIZES {
        let (a, b) = (matrix::<T>(m, k, 1), matrix::<T>(k, n, 2));
        let expected = plain(&a.to_vec::<T>(), &b.to_vec::<T>(), [m, k, n]);
        let moved = |x: &Tensor| {
            x.transpose(&[1, 0]).unwrap().contiguous().unwrap().transpose(&[1, 0]).unwrap()
        };
        for a in [&a, &moved(&a)] {
            for b in [&b, &moved(&b)] {
                assert_eq!(matmul(a, b).to_vec::<T>(), expected, "{:?} {m} {k} {n}", T::DTYPE);
            }
        }
    }
}

#[test]
fn every_size_layout_and_type() {
    agrees_with_plain_loops::<f32>();
    agrees_with_plain_loops::<f64>();
    agrees_with_plain_loops::<Complex<f32>>();
    agrees_with_plain_loops::<Complex<f64>>();
    agrees_with_plain_loops::<i32>();
    agrees_with_plain_loops::<u64>();
    agrees_with_plain_loops::<i8>();
    agrees_with_plain_loops::<i16>();
    agrees_with_plain_loops::<u16>();
    agrees_with_plain_loops::<i64>();
    agrees_with_plain_loops::<Bool>();
}

#[test]
fn complex_products() {
    let a = Tensor::from_slice(&[Complex::new(1.0f32, 2.0)], &[1, 1]).unwrap();
    let b = Tensor::from_slice(&[Complex::new(3.0f32, -1.0)], &[1, 1]).unwrap();
    assert_eq!(matmul(&a, &b).to_vec::<Complex<f32>>(), [Complex::new(5.0, 5.0)]);
}

#[test]
fn batches_and_several_contractions() {
    let a = Tensor::from_slice(&ramp(2 * 3 * 4 * 5, 1), &[2, 3, 4, 5]).unwrap();
    let b = Tensor::from_slice(&ramp(4 * 2 * 5 * 3 * 7, 2), &[4, 2, 5, 3, 7]).unwrap();
    // Batch over 3, contract 2 and 5.
    let y = dot(&a, &b, [&[0, 3], &[1, 2]], [&[1], &[3]], DType::F64);
    assert_eq!(y.shape(), [3, 4, 4, 7]);
    let (av, bv, yv) = (a.to_vec::<f64>(), b.to_vec::<f64>(), y.to_vec::<f64>());
    for (z, &value) in yv.iter().enumerate() {
        let (n, m2, m, batch) = (z % 7, z / 7 % 4, z / 28 % 4, z / 112);
        let mut sum = 0.0;
        for p in 0..2 {
            for q in 0..5 {
                let from = ((p * 3 + batch) * 4 + m) * 5 + q;
                sum += av[from] * bv[(((m2 * 2 + p) * 5 + q) * 3 + batch) * 7 + n];
            }
        }
        assert_eq!(value, sum);
    }
}

#[test]
fn broadcast_and_reversed_operands() {
    let a = Tensor::full(&[10, 20], &Tensor::scalar(2.0f32)).unwrap();
    let b = matrix::<f32>(20, 30, 3);
    let expected = plain(&a.to_vec::<f32>(), &b.to_vec::<f32>(), [10, 20, 30]);
    assert_eq!(matmul(&a, &b).to_vec::<f32>(), expected);
    let b = b.reverse(&[0, 1]).unwrap();
    let expected = plain(&a.to_vec::<f32>(), &b.to_vec::<f32>(), [10, 20, 30]);
    assert_eq!(matmul(&a, &b).to_vec::<f32>(), expected);
}

#[test]
fn a_vector_product_does_not_depend_on_strides() {
    let values: Vec<f32> = (0..700 * 130).map(|i| (i as f32 * 0.37).sin()).collect();
    let a = Tensor::from_slice(&values, &[130, 700]).unwrap();
    let x = Tensor::from_slice(&values[..700], &[700, 1]).unwrap();
    let moved = a.transpose(&[1, 0]).unwrap().contiguous().unwrap().transpose(&[1, 0]).unwrap();
    assert_eq!(matmul(&a, &x).to_vec::<f32>(), matmul(&moved, &x).to_vec::<f32>());
}

#[test]
fn half_precision_accumulates_in_f32_and_types_convert() {
    let ones = Tensor::full(&[1, 1000], &Tensor::scalar(bf16::ONE)).unwrap();
    let y = matmul(&ones, &ones.transpose(&[1, 0]).unwrap());
    assert_eq!(y.to_vec::<bf16>(), [bf16::from_f32(1000.0)]);
    let a = Tensor::from_slice(&[100i8, 100], &[1, 2]).unwrap();
    let b = Tensor::from_slice(&[2i8, 2], &[2, 1]).unwrap();
    assert_eq!(matmul(&a, &b).to_vec::<i8>(), [-112]);
    let y = dot(&a, &b, [&[1], &[0]], [&[], &[]], DType::I32);
    assert_eq!(y.to_vec::<i32>(), [400]);
    let y = dot(&ones, &ones, [&[1], &[1]], [&[], &[]], DType::F32);
    assert_eq!(y.to_vec::<f32>(), [1000.0]);
}

#[test]
fn scalars_and_outer_products() {
    let y =
        dot(&Tensor::scalar(2.0f32), &Tensor::scalar(3.0f32), [&[], &[]], [&[], &[]], DType::F32);
    assert_eq!(y.item::<f32>(), Some(6.0));
    let a = Tensor::from_slice(&[1i32, 2], &[2]).unwrap();
    let y = dot(&a, &a, [&[], &[]], [&[], &[]], DType::I32);
    assert_eq!(y.to_vec::<i32>(), [1, 2, 2, 4]);
    let y = dot(&a, &a, [&[], &[]], [&[0], &[0]], DType::I32);
    assert_eq!(y.to_vec::<i32>(), [1, 4]);
}

/// Sizes that are computed in each of the ways there are, and beyond the ends of tiles.
const WAYS: [[usize; 3]; 9] = [
    [129, 70, 131],
    [200, 1100, 90],
    [9, 40, 2500],
    [3, 3000, 2100],
    [20, 9001, 17],
    [1, 140_000, 1],
    [1, 2000, 700],
    [1500, 90, 1],
    [700, 1, 900],
];

fn sines<T: Convert + Element>(shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let values: Vec<T> =
        (0..count).map(|i| T::from_parts((0, (i as f64 * 0.37).sin(), 0.5))).collect();
    Tensor::from_slice(&values, shape).unwrap()
}

fn same_bits_and_close<T: Convert + Element>() {
    for [m, k, n] in WAYS {
        let (a, b) = (sines::<T>(&[m, k]), sines::<T>(&[k, n]));
        let turned = |x: &Tensor| {
            let x = x.transpose(&[1, 0]).unwrap().contiguous().unwrap();
            x.transpose(&[1, 0]).unwrap()
        };
        let expected = on_any_number_of_threads(|| matmul(&a, &b).to_vec::<T>());
        let other = matmul(&turned(&a), &turned(&b)).to_vec::<T>();
        assert!(other == expected, "{:?} {m} {k} {n}", T::DTYPE);
        // A few elements, by a sum in double precision.
        let (a, b) = (a.to_vec::<T>(), b.to_vec::<T>());
        for at in (0..m * n).step_by((m * n / 37).max(1)).chain([m * n - 1]) {
            let (mut re, mut im) = (0.0, 0.0);
            for p in 0..k {
                let (x, y) = (a[at / n * k + p].parts(), b[p * n + at % n].parts());
                re += x.1 * y.1 - x.2 * y.2;
                im += x.1 * y.2 + x.2 * y.1;
            }
            let found = expected[at].parts();
            assert!((found.1 - re).hypot(found.2 - im) < 1e-3 * (k as f64).sqrt().max(1.0));
        }
    }
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    same_bits_and_close::<f32>();
    same_bits_and_close::<f64>();
    same_bits_and_close::<Complex<f32>>();
    same_bits_and_close::<Complex<f64>>();
}

#[test]
fn stacks_of_products() {
    for (count, m, k, n) in [(1000, 8, 8, 8), (7, 60, 33, 50), (3, 1, 40, 30), (2, 300, 200, 300)] {
        let (a, b) = (sines::<f32>(&[count, m, k]), sines::<f32>(&[count, k, n]));
        let [contract, batch]: [[&[usize]; 2]; 2] = [[&[2], &[1]], [&[0], &[0]]];
        let y = dot(&a, &b, contract, batch, DType::F32);
        let of_turned = b.transpose(&[0, 2, 1]).unwrap().contiguous().unwrap();
        let again = dot(&a, &of_turned, [&[2], &[2]], batch, DType::F32);
        assert!(y.to_vec::<f32>() == again.to_vec::<f32>());
        for i in [0, count / 2, count - 1] {
            let one = matmul(&a.index(0, i).unwrap(), &b.index(0, i).unwrap());
            let same = y.index(0, i).unwrap().to_vec::<f32>() == one.to_vec::<f32>();
            assert!(same, "{count} {m} {k} {n}");
        }
    }
}

#[test]
fn products_of_halves() {
    let turned = |x: &Tensor| {
        x.transpose(&[1, 0]).unwrap().contiguous().unwrap().transpose(&[1, 0]).unwrap()
    };
    // The last is divided into several steps of the depth.
    for [m, k, n] in [[64, 64, 65], [65, 131, 33], [9, 301, 500], [300, 2, 700], [40, 1501, 17]] {
        let (a, b) = (matrix::<bf16>(m, k, 1), matrix::<bf16>(k, n, 2));
        let values =
            |x: &Tensor| -> Vec<f32> { x.to_vec::<bf16>().iter().map(|x| x.to_f32()).collect() };
        let expected = plain(&values(&a), &values(&b), [m, k, n]);
        let rounded: Vec<bf16> = expected.iter().map(|&x| bf16::from_f32(x)).collect();
        for a in [&a, &turned(&a)] {
            for b in [&b, &turned(&b)] {
                let y = on_any_number_of_threads(|| {
                    dot(a, b, [&[1], &[0]], [&[], &[]], DType::F32).to_vec::<f32>()
                });
                assert!(y == expected, "{m} {k} {n}");
                assert!(matmul(a, b).to_vec::<bf16>() == rounded, "{m} {k} {n}");
            }
        }
        let stacked = |x: &Tensor| {
            let all = [x.to_vec::<bf16>(), x.reverse(&[0]).unwrap().to_vec::<bf16>()].concat();
            Tensor::from_slice(&all, &[2, x.shape()[0], x.shape()[1]]).unwrap()
        };
        let y = dot(&stacked(&a), &stacked(&b), [&[2], &[1]], [&[0], &[0]], DType::F32);
        let other = plain(
            &values(&a.reverse(&[0]).unwrap()),
            &values(&b.reverse(&[0]).unwrap()),
            [m, k, n],
        );
        assert!(y.to_vec::<f32>() == [expected, other].concat(), "{m} {k} {n}");
    }
}

#[test]
fn halves_are_converted_as_one_by_one() {
    let edges = [0.0, -0.0, 1.0, 257.0 / 256.0, 259.0 / 256.0, -3.4e38, 1e-41, 65520.0, 6e-8];
    let mut values: Vec<f32> = edges.to_vec();
    values.extend([f32::NAN, -f32::NAN, f32::INFINITY, f32::from_bits(0x7f80_0001)]);
    values.extend((0..100_000u32).map(|i| f32::from_bits(i.wrapping_mul(2_654_435_761))));
    let x = Tensor::from_slice(&values, &[values.len()]).unwrap();
    let narrow = convert(&x, DType::BF16).unwrap();
    let wide = convert(&narrow, DType::F32).unwrap().to_vec::<f32>();
    for ((x, y), back) in values.iter().zip(narrow.to_vec::<bf16>()).zip(wide) {
        assert_eq!(y.to_bits(), bf16::from_f32(*x).to_bits(), "{x}");
        assert_eq!(back.to_bits(), y.to_f32().to_bits(), "{x}");
    }
    let narrow = convert(&x, DType::F16).unwrap();
    let wide = convert(&narrow, DType::F32).unwrap().to_vec::<f32>();
    for ((x, y), back) in values.iter().zip(narrow.to_vec::<half::f16>()).zip(wide) {
        assert!(y == half::f16::from_f32(*x) || x.is_nan() && y.is_nan(), "{x}");
        assert!(back == y.to_f32() || back.is_nan() && y.is_nan(), "{x}");
    }
}
