//! Times of matrix products and decompositions, without the layers above the engine.

// The macro of criterion writes a public function without a comment.
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use num_complex::Complex;
use pullback_engine::kernels::dot::Dot;
use pullback_engine::kernels::{Kernel, linalg};
use pullback_engine::{Element, Tensor};
use smallvec::smallvec;

/// Numbers that look random, in [-1, 1).
fn numbers(count: usize) -> impl Iterator<Item = f64> {
    let mut state = 7u64;
    (0..count).map(move |_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    })
}

fn tensor<T: Element>(shape: &[usize], from: impl Fn(f64) -> T) -> Tensor {
    let values: Vec<T> = numbers(shape.iter().product()).map(from).collect();
    Tensor::from_slice(&values, shape).expect("memory for operands")
}

/// The product of matrices, stack by stack, each of which may be transposed.
fn matmul(x: &Tensor, y: &Tensor, transposed: [bool; 2]) -> Tensor {
    let rank = x.rank();
    let stack = (0..rank - 2).collect::<smallvec::SmallVec<[usize; 6]>>();
    let contract = |rank: usize, first: bool| [if first { rank - 2 } else { rank - 1 }][..].into();
    let dot = Dot {
        lhs_contract: contract(rank, transposed[0]),
        rhs_contract: contract(y.rank(), !transposed[1]),
        lhs_batch: stack[..].into(),
        rhs_batch: stack[..].into(),
        out: x.dtype(),
    };
    dot.run(smallvec![x.clone(), y.clone()]).expect("a product").remove(0)
}

fn products(c: &mut Criterion) {
    let mut group = c.benchmark_group("products");
    let single = |shape: &[usize]| tensor(shape, |x| x as f32);
    let mut row = |name: &str, x: Tensor, y: Tensor, transposed: [bool; 2]| {
        let shape = matmul(&x, &y, transposed).count();
        let depth = x.shape()[x.rank() - if transposed[0] { 2 } else { 1 }];
        group.throughput(Throughput::Elements(2 * (shape * depth) as u64));
        group.bench_function(name, |b| b.iter(|| matmul(black_box(&x), &y, transposed)));
    };
    for n in [8, 16, 32, 64, 128, 256, 512, 1024, 2048] {
        row(&format!("{n} f32"), single(&[n, n]), single(&[n, n]), [false; 2]);
    }
    for n in [8, 64, 256, 1024] {
        let double = tensor(&[n, n], |x| x);
        row(&format!("{n} f64"), double.clone(), double, [false; 2]);
    }
    for transposed in [[true, false], [false, true], [true, true]] {
        let name = format!("512 transposed {transposed:?}");
        row(&name, single(&[512, 512]), single(&[512, 512]), transposed);
    }
    for (m, k, n) in
        [(1000, 8, 1000), (10_000, 64, 64), (64, 10_000, 64), (1000, 1, 1000), (8, 512, 8192)]
    {
        row(&format!("{m}x{k} {k}x{n}"), single(&[m, k]), single(&[k, n]), [false; 2]);
    }
    for (count, n) in [(1000, 8), (1000, 16), (100, 64), (16, 256)] {
        let x = single(&[count, n, n]);
        row(&format!("{count}x{n}x{n}"), x.clone(), x.clone(), [false; 2]);
        row(&format!("{count}x{n}x{n} transposed"), x.clone(), x, [false, true]);
    }
    for n in [100, 1000] {
        row(&format!("matrix times vector {n}"), single(&[n, n]), single(&[n, 1]), [false; 2]);
        row(&format!("vector times matrix {n}"), single(&[1, n]), single(&[n, n]), [false; 2]);
    }
    row("vector times vector", single(&[1, 1_000_000]), single(&[1_000_000, 1]), [false; 2]);
    let integers = tensor(&[256, 256], |x| (x * 100.0) as i32);
    row("256 i32", integers.clone(), integers, [false; 2]);
    let halves = tensor(&[256, 256], half::bf16::from_f64);
    row("256 bf16", halves.clone(), halves, [false; 2]);
    for n in [4, 256] {
        let complex = tensor(&[n, n], |x| Complex::new(x as f32, 0.5 - x as f32));
        row(&format!("{n} c64"), complex.clone(), complex, [false; 2]);
    }
}

fn decompositions(c: &mut Criterion) {
    let mut group = c.benchmark_group("decompositions");
    for shape in [&[1000, 8, 8][..], &[64, 64], &[256, 256], &[512, 512]] {
        let x = tensor(shape, |x| x as f32);
        let n = shape[shape.len() - 1];
        let mut positive = matmul(&x, &x, [false, true]).to_vec::<f32>();
        for (at, x) in positive.iter_mut().enumerate() {
            *x += if at / n % n == at % n { n as f32 } else { 0.0 };
        }
        let positive = Tensor::from_slice(&positive, shape).expect("memory for operands");
        let how = linalg::Triangular {
            left_side: true,
            lower: true,
            transpose: false,
            conjugate: false,
            unit_diagonal: false,
        };
        let mut row = |name: &str, kernel: &dyn Kernel, inputs: &[&Tensor]| {
            let name = format!("{name} {shape:?}");
            group.bench_function(name, |b| {
                b.iter(|| {
                    let inputs = inputs.iter().map(|&x| black_box(x).clone()).collect();
                    kernel.run(inputs).expect("a decomposition")
                })
            });
        };
        row("cholesky", &linalg::Cholesky, &[&positive]);
        row("lu", &linalg::Lu, &[&x]);
        row("triangular_solve", &linalg::TriangularSolve(how), &[&positive, &x]);
        row("qr", &linalg::Qr { full: false, q: true }, &[&x]);
        row("qr, R only", &linalg::Qr { full: false, q: false }, &[&x]);
        row("svd values", &linalg::Svd { full: false, compute_uv: false }, &[&x]);
        row("svd", &linalg::Svd { full: false, compute_uv: true }, &[&x]);
        row("eigh", &linalg::Eigh { vectors: true }, &[&positive]);
        row("eigh values", &linalg::Eigh { vectors: false }, &[&positive]);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300));
    targets = products, decompositions
}
criterion_main!(benches);
