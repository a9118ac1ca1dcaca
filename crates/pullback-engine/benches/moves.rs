//! Kernels that move, sort, scan and draw: `cargo bench -p pullback-engine --bench moves`.

// Criterion's macro defines a function without documentation.
#![allow(missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use pullback_engine::kernels::arg_reduce::ArgReduce;
use pullback_engine::kernels::cumulative::{Cumulative, CumulativeOp};
use pullback_engine::kernels::gather::{Gather, IndexMode};
use pullback_engine::kernels::random::{RandomBits, RandomSeed};
use pullback_engine::kernels::random_gamma::RandomGamma;
use pullback_engine::kernels::scatter::{Scatter, ScatterOp};
use pullback_engine::kernels::sort::{Sort, TopK};
use pullback_engine::kernels::structural::{Concatenate, Iota, Pad};
use pullback_engine::kernels::{Kernel, Tensors};
use pullback_engine::{DType, Element, Shape, Tensor};
use smallvec::smallvec;

const MILLION: usize = 1_000_000;

/// Whole numbers below `limit` in no order.
fn whole(count: usize, limit: u64) -> impl Iterator<Item = u64> {
    let next = |state: &u64| {
        Some(state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407))
    };
    std::iter::successors(Some(1u64), next).skip(1).take(count).map(move |v| (v >> 33) % limit)
}

fn tensor<T: Element>(shape: &[usize], value: impl Fn(u64) -> T) -> Tensor {
    let count = shape.iter().product();
    let values: Vec<T> = whole(count, 1 << 24).map(value).collect();
    Tensor::from_slice(&values, shape).expect("memory for the operands")
}

fn floats(shape: &[usize]) -> Tensor {
    tensor(shape, |v| v as f32 / (1 << 24) as f32 - 0.5)
}

fn indices(count: usize, limit: u64) -> Tensor {
    let values: Vec<i32> = whole(count, limit).map(|v| v as i32).collect();
    Tensor::from_slice(&values, &[count, 1]).expect("memory for the operands")
}

fn bench(c: &mut Criterion, name: &str, kernel: impl Kernel, inputs: Tensors) {
    c.bench_function(name, |b| {
        b.iter(|| kernel.run(inputs.clone()).expect("operands that fit the kernel"))
    });
}

fn copies(c: &mut Criterion) {
    let mut transpose = |name: &str, x: Tensor, axes: &[usize]| {
        let view = x.transpose(axes).expect("a view");
        c.bench_function(name, |b| b.iter(|| view.contiguous().expect("memory for a copy")));
    };
    transpose("transpose 1000x1000 f32", floats(&[1000, 1000]), &[1, 0]);
    transpose("transpose 2048x2048 f32", floats(&[2048, 2048]), &[1, 0]);
    transpose("transpose 1000x1000 f64", tensor(&[1000, 1000], |v| v as f64), &[1, 0]);
    transpose("transpose 1000x1000 u16", tensor(&[1000, 1000], |v| v as u16), &[1, 0]);
    transpose("transpose 1000x1000 u8", tensor(&[1000, 1000], |v| v as u8), &[1, 0]);
    transpose("transpose 32x128x256 to 0, 2, 1", floats(&[32, 128, 256]), &[0, 2, 1]);
    transpose("transpose 100x100x100 to 2, 1, 0", floats(&[100, 100, 100]), &[2, 1, 0]);
    let half = || floats(&[1000, 500]);
    bench(c, "concatenate axis 0", Concatenate { axis: 0 }, smallvec![half(), half()]);
    bench(c, "concatenate axis 1", Concatenate { axis: 1 }, smallvec![half(), half()]);
    let pad = |interior: usize| Pad {
        low: smallvec![1, 1],
        high: smallvec![1, 1],
        interior: smallvec![interior, interior],
    };
    bench(c, "pad", pad(0), smallvec![floats(&[1000, 1000]), Tensor::scalar(0.0f32)]);
    bench(c, "pad between", pad(1), smallvec![floats(&[500, 500]), Tensor::scalar(0.0f32)]);
    bench(c, "iota", Iota { dtype: DType::F32, shape: smallvec![MILLION], axis: 0 }, smallvec![]);
}

fn indexed(c: &mut Criterion) {
    let gather = |sizes: &[usize]| Gather {
        offset_dims: (1..sizes.len()).collect(),
        collapsed_slice_dims: smallvec![0],
        start_index_map: smallvec![0],
        operand_batching_dims: Shape::new(),
        start_indices_batching_dims: Shape::new(),
        slice_sizes: sizes.into(),
        mode: IndexMode::PromiseInBounds,
        from_end: false,
        fill: None,
    };
    let [some, many] = [1000, MILLION as u64].map(|limit| indices(MILLION, limit));
    bench(c, "gather from 1e3", gather(&[1]), smallvec![floats(&[1000]), some.clone()]);
    bench(c, "gather from 1e6", gather(&[1]), smallvec![floats(&[MILLION]), many.clone()]);
    let rows = indices(20_000, 1000);
    bench(c, "gather rows of 64", gather(&[1, 64]), smallvec![floats(&[1000, 64]), rows.clone()]);

    let scatter = |op, window: &[usize]| Scatter {
        op,
        update_window_dims: window.into(),
        inserted_window_dims: smallvec![0],
        scatter_dims_to_operand_dims: smallvec![0],
        operand_batching_dims: Shape::new(),
        scatter_indices_batching_dims: Shape::new(),
        mode: IndexMode::Fill,
        from_end: false,
    };
    let zeros = |shape: &[usize]| Tensor::zeros(DType::F32, shape).expect("memory for a scalar");
    for (name, op) in
        [("add", ScatterOp::Add), ("max", ScatterOp::Max), ("set", ScatterOp::Replace)]
    {
        for (to, indices) in [(1000, &some), (MILLION, &many)] {
            let inputs = smallvec![zeros(&[to]), indices.clone(), floats(&[MILLION])];
            bench(c, &format!("scatter-{name} into {to:e}"), scatter(op, &[]), inputs);
        }
    }
    let inputs = smallvec![zeros(&[1000, 64]), rows, floats(&[20_000, 64])];
    bench(c, "scatter-add rows of 64", scatter(ScatterOp::Add, &[1]), inputs);
}

fn ordered(c: &mut Criterion) {
    let (line, matrix) = (floats(&[MILLION]), floats(&[1000, 1000]));
    let sort = |axis| Sort { axis, num_keys: 1, stable: true };
    bench(c, "sort 1e6", sort(0), smallvec![line.clone()]);
    bench(c, "sort columns", sort(0), smallvec![matrix.clone()]);
    bench(c, "sort rows", sort(1), smallvec![matrix.clone()]);
    let positions = tensor(&[MILLION], |v| v as i32);
    bench(c, "argsort 1e6", sort(0), smallvec![line.clone(), positions]);
    let top_k = |axis| TopK { k: 10, axis, index_dtype: DType::I32 };
    bench(c, "top_k 1e6", top_k(0), smallvec![line.clone()]);
    bench(c, "top_k rows", top_k(1), smallvec![matrix.clone()]);
    let argmax = |axis| ArgReduce { max: true, axis, index_dtype: DType::I32 };
    bench(c, "argmax 1e6", argmax(0), smallvec![line.clone()]);
    bench(c, "argmax columns", argmax(0), smallvec![matrix.clone()]);
    bench(c, "argmax rows", argmax(1), smallvec![matrix.clone()]);
    for (name, op) in [("cumsum", CumulativeOp::Sum), ("cummax", CumulativeOp::Max)] {
        let run = |axis| Cumulative { op, axis, reverse: false };
        bench(c, &format!("{name} 1e6"), run(0), smallvec![line.clone()]);
        bench(c, &format!("{name} columns"), run(0), smallvec![matrix.clone()]);
        bench(c, &format!("{name} rows"), run(1), smallvec![matrix.clone()]);
    }
}

fn drawn(c: &mut Criterion) {
    let key = RandomSeed.run(smallvec![Tensor::scalar(42i64)]).expect("a seed");
    for bits in [8, 32, 64] {
        for partitionable in [true, false] {
            let stream = if partitionable { "" } else { ", original" };
            let kernel = RandomBits { bits, shape: smallvec![MILLION], partitionable };
            bench(c, &format!("{bits} bits 1e6{stream}"), kernel, key.clone());
        }
    }
    let split = pullback_engine::kernels::random::RandomSplit {
        shape: smallvec![10_000],
        partitionable: true,
    };
    let keys = split.run(key).expect("a key").remove(0);
    let gamma = RandomGamma { log_space: false, partitionable: true };
    let a = Tensor::full(&[10_000], &Tensor::scalar(2.5f32)).expect("memory for a scalar");
    bench(c, "gamma 1e4", gamma, smallvec![keys, a]);
}

criterion_group!(benches, copies, indexed, ordered, drawn);
criterion_main!(benches);
