//! Tests of decompositions: of shapes, and of large matrices beside `pullback-linalg`.

use super::*;
use crate::kernels::parts::tests::on_any_number_of_threads;

fn tensor(elements: &[f64], shape: &[usize]) -> Tensor {
    Tensor::from_slice(elements, shape).unwrap()
}

#[test]
fn outputs_have_the_batch_axes_of_the_input() {
    let identity = tensor(&[1.0, 0.0, 0.0, 1.0].repeat(6), &[2, 3, 2, 2]);
    let shapes = |kernel: &dyn Kernel, x: Tensor| -> Vec<Vec<usize>> {
        kernel.run(smallvec![x]).unwrap().iter().map(|y| y.shape().to_vec()).collect()
    };
    assert_eq!(shapes(&Cholesky, identity.clone()), [[2, 3, 2, 2]]);
    assert_eq!(shapes(&Eigh { vectors: true }, identity.clone()), [&[2, 3, 2, 2][..], &[2, 3, 2]]);
    assert_eq!(shapes(&Lu, identity), [&[2, 3, 2, 2][..], &[2, 3, 2], &[2, 3, 2]]);
    let tall = tensor(&[1.0; 18], &[3, 3, 2]);
    assert_eq!(shapes(&Qr { full: true, q: true }, tall.clone()), [[3, 3, 3], [3, 3, 2]]);
    assert_eq!(shapes(&Qr { full: false, q: true }, tall.clone()), [[3, 3, 2], [3, 2, 2]]);
    let alone = Svd { full: false, compute_uv: false };
    assert_eq!(shapes(&alone, tall.clone()), [[3, 2]]);
    let thin = Svd { full: false, compute_uv: true };
    assert_eq!(shapes(&thin, tall), [&[3, 2][..], &[3, 3, 2], &[3, 2, 2]]);
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let elements: Vec<f32> = (0..300 * 64).map(|i| (i as f32 * 0.7).sin()).collect();
    let x = Tensor::from_slice(&elements, &[300, 8, 8]).unwrap();
    let one = Tensor::from_slice(&elements[..90 * 90], &[90, 90]).unwrap();
    let how = Triangular {
        left_side: true,
        lower: true,
        transpose: false,
        conjugate: false,
        unit_diagonal: false,
    };
    let kernels: [(&dyn Kernel, usize); 7] = [
        (&Cholesky, 1),
        (&Eigh { vectors: true }, 1),
        (&Lu, 1),
        (&Qr { full: false, q: true }, 1),
        (&Svd { full: true, compute_uv: true }, 1),
        (&Svd { full: false, compute_uv: false }, 1),
        (&TriangularSolve(how), 2),
    ];
    for (kernel, operands) in kernels {
        for x in [&x, &one] {
            on_any_number_of_threads(|| -> Vec<Vec<u8>> {
                let inputs = std::iter::repeat_n(x.clone(), operands).collect();
                let results = kernel.run(inputs).unwrap();
                results.iter().map(|y| y.bytes().unwrap().to_vec()).collect()
            });
        }
    }
}

#[test]
fn empty_matrices() {
    let none = tensor(&[], &[2, 0, 0]);
    assert_eq!(Cholesky.run(smallvec![none.clone()]).unwrap()[0].shape(), [2, 0, 0]);
    assert_eq!(Eigh { vectors: false }.run(smallvec![none.clone()]).unwrap()[0].shape(), [2, 0]);
    assert_eq!(Lu.run(smallvec![tensor(&[], &[2, 0, 3])]).unwrap()[1].shape(), [2, 0]);
    let how = Triangular {
        left_side: true,
        lower: true,
        transpose: false,
        conjugate: false,
        unit_diagonal: false,
    };
    let b = tensor(&[], &[2, 0, 3]);
    let x = TriangularSolve(how).run(smallvec![none, b]).unwrap();
    assert_eq!(x[0].shape(), [2, 0, 3]);
}

#[test]
fn integers_have_no_decompositions() {
    let x = Tensor::from_slice(&[1i32], &[1, 1]).unwrap();
    assert!(matches!(Cholesky.run(smallvec![x]), Err(Error::DType { .. })));
}

/// Numbers that look random, between -1 and 1.
fn sample(count: usize) -> impl Iterator<Item = f64> {
    let mut state = 7u64;
    (0..count).map(move |_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    })
}

fn numbers<T: bytemuck::Pod>(bytes: &[u8]) -> Vec<T> {
    bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()
}

fn assert_close<T: Into<f64> + Copy>(a: &[T], b: &[T], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = b.iter().fold(1.0f64, |most, &x| most.max(x.into().abs()));
    for (at, (&a, &b)) in a.iter().zip(b).enumerate() {
        let (a, b): (f64, f64) = (a.into(), b.into());
        let same = (a - b).abs() <= tolerance * scale || (a.is_nan() && b.is_nan());
        assert!(same, "{what}: {a} is not {b}, element {at}");
    }
}

/// Tests of large matrices of one type, whose elements are found to a tolerance.
macro_rules! large {
    ($T:ty, $tolerance:expr) => {
        #[test]
        fn large_lu() {
            for (m, n) in [(128, 128), (130, 129), (161, 161), (300, 128), (128, 300), (333, 257)] {
                let a: Vec<$T> = sample(2 * m * n).map(|x| x as $T).collect();
                let x = Tensor::from_slice(&a, &[2, m, n]).unwrap();
                let results = on_any_number_of_threads(|| -> Vec<Vec<u8>> {
                    let results = Lu.run(smallvec![x.clone()]).unwrap();
                    results.iter().map(|y| y.bytes().unwrap().to_vec()).collect()
                });
                let of = Matrices { count: 2, rows: m, columns: n };
                let mut factors = vec![0.0; a.len()];
                let mut exchanges = vec![0; 2 * of.size()];
                let mut permutations = vec![0; 2 * m];
                <$T>::lu(of, &a, &mut factors, &mut exchanges, &mut permutations);
                let what = format!("{m} by {n}");
                let ours: Vec<$T> = numbers(&results[0]);
                assert_close(&ours, &factors, $tolerance, &what);
                let pivots: Vec<i32> = numbers(&results[1]);
                assert_eq!(pivots, exchanges, "{what}");
                let rows: Vec<i32> = numbers(&results[2]);
                assert_eq!(rows, permutations, "{what}");
            }
        }

        #[test]
        fn large_and_small_cholesky() {
            for n in [1, 2, 5, 8, 16, 128, 129, 160, 191, 257] {
                let mut a: Vec<$T> = sample(3 * n * n).map(|x| x as $T).collect();
                for (at, x) in a.iter_mut().enumerate() {
                    let (i, j) = (at / n % n, at % n);
                    if i == j {
                        *x += n as $T;
                    } else if i < j {
                        // Above the diagonal nothing is read.
                        *x = <$T>::NAN;
                    }
                }
                // The second has no factor.
                a[n * n + n * n - 1] = -1.0;
                let x = Tensor::from_slice(&a, &[3, n, n]).unwrap();
                let l = on_any_number_of_threads(|| {
                    Cholesky.run(smallvec![x.clone()]).unwrap()[0].bytes().unwrap().to_vec()
                });
                let mut expected = vec![0.0; a.len()];
                <$T>::cholesky(Matrices { count: 3, rows: n, columns: n }, &a, &mut expected);
                let l: Vec<$T> = numbers(&l);
                assert_close(&l, &expected, $tolerance, &n.to_string());
            }
        }

        #[test]
        fn large_triangular_systems() {
            for (n, sides) in [(128, 16), (130, 70), (161, 64), (150, 32), (200, 129)] {
                let mut a: Vec<$T> = sample(n * n).map(|x| x as $T / n as $T).collect();
                (0..n).for_each(|i| a[i * n + i] += 2.0);
                let b: Vec<$T> = sample(n * sides).map(|x| x as $T).collect();
                for flags in 0..16u32 {
                    let flag = |at: u32| flags >> at & 1 == 1;
                    let how = Triangular {
                        left_side: flag(0),
                        lower: flag(1),
                        transpose: flag(2),
                        conjugate: false,
                        unit_diagonal: flag(3),
                    };
                    let (rows, columns) = if how.left_side { (n, sides) } else { (sides, n) };
                    let inputs = [
                        Tensor::from_slice(&a, &[n, n]).unwrap(),
                        Tensor::from_slice(&b, &[rows, columns]).unwrap(),
                    ];
                    let x = on_any_number_of_threads(|| {
                        let inputs = inputs.iter().cloned().collect();
                        let x = TriangularSolve(how).run(inputs).unwrap();
                        x[0].bytes().unwrap().to_vec()
                    });
                    let mut expected = b.clone();
                    let of = Matrices { count: 1, rows, columns };
                    <$T>::triangular_solve(of, how, &a, &mut expected);
                    let x: Vec<$T> = numbers(&x);
                    assert_close(&x, &expected, $tolerance, &format!("{how:?} {n} {sides}"));
                }
            }
        }

        #[test]
        fn large_matrices_without_factors() {
            let n = 140;
            let lu = |a: &[$T]| -> (Vec<$T>, Vec<i32>) {
                let results = Lu.run(smallvec![Tensor::from_slice(a, &[n, n]).unwrap()]).unwrap();
                (results[0].to_vec(), results[1].to_vec())
            };
            let identity: Vec<i32> = (0..n as i32).collect();
            assert_eq!(lu(&vec![0.0; n * n]), (vec![0.0; n * n], identity.clone()));
            let mut a = vec![1.0; n * n];
            let (factors, pivots) = lu(&a);
            assert_eq!(pivots, identity);
            assert!(
                factors
                    .iter()
                    .enumerate()
                    .all(|(at, &x)| { x == if at < n || at % n == 0 { 1.0 } else { 0.0 } })
            );
            a[77] = <$T>::INFINITY;
            let (factors, pivots) = lu(&a);
            assert!(factors.iter().all(|x| x.is_nan()));
            assert_eq!(pivots, identity);
        }
    };
}

mod single {
    use super::*;
    large!(f32, 2e-4);
}

mod double {
    use super::*;
    large!(f64, 1e-10);
}

#[test]
fn small_matrices_without_factors() {
    let n = 3;
    let mut a = vec![0.0f32; 40 * n * n];
    for (i, a) in a.chunks_exact_mut(n * n).enumerate() {
        a.copy_from_slice(&[4.0, f32::NAN, f32::NAN, 2.0, 5.0, f32::NAN, 0.0, 4.0, 5.0]);
        match i {
            7 => a[0] = 0.0,
            11 => a[3] = f32::NAN,
            21 => a[6] = f32::INFINITY,
            33 => a[8] = 4.0,
            _ => {}
        }
    }
    let x = Tensor::from_slice(&a, &[40, n, n]).unwrap();
    let l = on_any_number_of_threads(|| {
        let l = Cholesky.run(smallvec![x.clone()]).unwrap()[0].to_vec::<f32>();
        l.into_iter().map(f32::to_bits).collect::<Vec<_>>()
    });
    for (i, l) in l.chunks_exact(n * n).enumerate() {
        let l: Vec<f32> = l.iter().map(|&bits| f32::from_bits(bits)).collect();
        if [7, 11, 21, 33].contains(&i) {
            assert!([0, 3, 4, 6, 7, 8].iter().all(|&at| l[at].is_nan()), "{i}");
            assert!([1, 2, 5].iter().all(|&at| l[at] == 0.0), "{i}");
        } else {
            assert_eq!(l, [2.0, 0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 2.0, 1.0], "{i}");
        }
    }
}
