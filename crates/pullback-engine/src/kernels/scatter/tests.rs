use super::*;
use crate::dtype::DType;
use crate::kernels::parts::tests::on_any_number_of_threads;

fn scatter(op: ScatterOp, window: bool, mode: IndexMode) -> Scatter {
    Scatter {
        op,
        update_window_dims: if window { smallvec![1] } else { smallvec![] },
        inserted_window_dims: if window { smallvec![] } else { smallvec![0] },
        scatter_dims_to_operand_dims: smallvec![0],
        operand_batching_dims: smallvec![],
        scatter_indices_batching_dims: smallvec![],
        mode,
        from_end: false,
    }
}

fn run(kernel: &Scatter, x: Tensor, indices: &[i32], updates: Tensor) -> Tensor {
    let indices = Tensor::from_slice(indices, &[indices.len(), 1]).unwrap();
    kernel.run(smallvec![x, indices, updates]).unwrap().remove(0)
}

#[test]
fn windows_out_of_bounds() {
    let x = Tensor::zeros(DType::F32, &[5]).unwrap();
    let updates: Vec<f32> = (1..10).map(|v| v as f32).collect();
    let updates = Tensor::from_slice(&updates, &[3, 3]).unwrap();
    let case = |op, mode, indices: &[i32]| {
        run(&scatter(op, true, mode), x.clone(), indices, updates.clone()).to_vec::<f32>()
    };
    let replaced = case(ScatterOp::Replace, IndexMode::Clip, &[3, -1, 9]);
    assert_eq!(replaced, [4.0, 5.0, 7.0, 8.0, 9.0]);
    let added = case(ScatterOp::Add, IndexMode::Clip, &[3, -1, 1]);
    assert_eq!(added, [4.0, 12.0, 15.0, 11.0, 3.0]);
    for mode in [IndexMode::Fill, IndexMode::PromiseInBounds] {
        assert_eq!(case(ScatterOp::Add, mode, &[3, -1, 1]), [0.0, 7.0, 8.0, 9.0, 0.0]);
        assert_eq!(case(ScatterOp::Replace, mode, &[3, -1, 9]), [0.0; 5]);
    }
}

#[test]
fn every_operation_and_repeated_positions() {
    let x = || Tensor::from_slice(&[5i32, 5], &[2]).unwrap();
    let updates = Tensor::from_slice(&[2i32, 7, 3], &[3]).unwrap();
    for (op, expected) in [
        (ScatterOp::Replace, 3),
        (ScatterOp::Add, 17),
        (ScatterOp::Sub, -7),
        (ScatterOp::Mul, 210),
        (ScatterOp::Min, 2),
        (ScatterOp::Max, 7),
    ] {
        let y = run(&scatter(op, false, IndexMode::Fill), x(), &[1, 1, 1], updates.clone());
        assert_eq!(y.to_vec::<i32>(), [5, expected]);
    }
}

#[test]
fn nan_wins() {
    let x = Tensor::from_slice(&[f32::NAN, 1.0, 2.0], &[3]).unwrap();
    let updates = Tensor::from_slice(&[5.0, f32::NAN, 1.0], &[3]).unwrap();
    let kernel = scatter(ScatterOp::Max, false, IndexMode::Fill);
    let y = run(&kernel, x, &[0, 1, 2], updates).to_vec::<f32>();
    assert!(y[0].is_nan() && y[1].is_nan() && y[2] == 2.0);
}

#[test]
fn rows_of_a_matrix_in_place() {
    let x = Tensor::from_slice(&[0u8; 6], &[2, 3]).unwrap();
    let place = x.buffer_bytes().as_ptr();
    let kernel = Scatter {
        inserted_window_dims: smallvec![0],
        ..scatter(ScatterOp::Replace, true, IndexMode::Fill)
    };
    // The updates are a transposed view.
    let updates = Tensor::from_slice(&[1u8, 4, 2, 5, 3, 6], &[3, 2]).unwrap();
    let y = run(&kernel, x, &[1, 0], updates.transpose(&[1, 0]).unwrap());
    assert_eq!(y.to_vec::<u8>(), [4, 5, 6, 1, 2, 3]);
    assert_eq!(y.buffer_bytes().as_ptr(), place);
}

const OPS: [ScatterOp; 6] = [
    ScatterOp::Replace,
    ScatterOp::Add,
    ScatterOp::Sub,
    ScatterOp::Mul,
    ScatterOp::Min,
    ScatterOp::Max,
];

#[test]
fn many_updates_agree_with_a_plain_loop() {
    let count = 100_000;
    let scrambled = |i: usize, limit: usize| i.wrapping_mul(2_654_435_761) % 1_000_003 % limit;
    for (size, sorted) in [(50, false), (50, true), (3000, true), (200_000, false)] {
        let mut at: Vec<i32> =
            (0..count).map(|i| scrambled(i, size + size / 10) as i32 - 2).collect();
        if sorted {
            at.sort();
        }
        let updates: Vec<i64> = (0..count as i64).map(|i| i * i % 1009 - 500).collect();
        let x: Vec<i64> = (0..size as i64).collect();
        for op in OPS {
            for mode in [IndexMode::Fill, IndexMode::Clip] {
                let y = on_any_number_of_threads(|| {
                    let x = Tensor::from_slice(&x, &[size]).unwrap();
                    let updates = Tensor::from_slice(&updates, &[count]).unwrap();
                    run(&scatter(op, false, mode), x, &at, updates).to_vec::<i64>()
                });
                let mut expected = x.clone();
                for (&at, &new) in at.iter().zip(&updates) {
                    let clamped = at.clamp(0, size as i32 - 1);
                    if mode == IndexMode::Clip || at == clamped {
                        let slot = &mut expected[clamped as usize];
                        *slot = match op {
                            ScatterOp::Replace => new,
                            ScatterOp::Add => slot.wrapping_add(new),
                            ScatterOp::Sub => slot.wrapping_sub(new),
                            ScatterOp::Mul => slot.wrapping_mul(new),
                            ScatterOp::Min => new.min(*slot),
                            ScatterOp::Max => new.max(*slot),
                        };
                    }
                }
                assert_eq!(y, expected, "{op:?} {mode:?} {size}");
            }
        }
    }
}

#[test]
fn sums_have_the_same_bits_on_any_number_of_threads() {
    let count = 150_000;
    let updates: Vec<f32> = (0..count).map(|i| (i as f32).sin()).collect();
    let at: Vec<i32> = (0..count as i32).map(|i| i * 31 % 97).collect();
    for op in OPS {
        let y = on_any_number_of_threads(|| {
            let x = Tensor::full(&[100], &Tensor::scalar(-0.0f32)).unwrap();
            let updates = Tensor::from_slice(&updates, &[count]).unwrap();
            let y = run(&scatter(op, false, IndexMode::Fill), x, &at, updates).to_vec::<f32>();
            y.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        });
        // What no update meets stays as it is.
        assert_eq!(y[97..], [(-0.0f32).to_bits(); 3]);
    }
}

#[test]
fn many_rows_agree_with_a_plain_loop() {
    // Few rows are summed in tables, many are shared by the threads.
    for rows in [300, 3000] {
        let (width, count) = (40, 5000);
        let at: Vec<i32> = (0..count).map(|i| i * 7919 % (rows + 10) - 4).collect();
        let updates: Vec<f32> = (0..count * width).map(|i| (i % 17) as f32).collect();
        let mut expected = vec![1.0f32; (rows * width) as usize];
        for (&at, update) in at.iter().zip(updates.chunks(width as usize)) {
            if (0..rows).contains(&at) {
                let row = &mut expected[(at * width) as usize..][..width as usize];
                row.iter_mut().zip(update).for_each(|(slot, &new)| *slot += new);
            }
        }
        let kernel = Scatter {
            inserted_window_dims: smallvec![0],
            ..scatter(ScatterOp::Add, true, IndexMode::Fill)
        };
        let y = on_any_number_of_threads(|| {
            let shape = [rows as usize, width as usize];
            let x = Tensor::full(&shape, &Tensor::scalar(1.0f32)).unwrap();
            let updates = Tensor::from_slice(&updates, &[count as usize, shape[1]]).unwrap();
            run(&kernel, x, &at, updates).to_vec::<f32>()
        });
        assert!(y == expected, "{rows} rows");
    }
}

#[test]
fn empty_updates_change_nothing() {
    let x = Tensor::from_slice(&[1u8, 2], &[2]).unwrap();
    let none = Tensor::zeros(DType::U8, &[0]).unwrap();
    let kernel = scatter(ScatterOp::Add, false, IndexMode::Fill);
    assert_eq!(run(&kernel, x, &[], none).to_vec::<u8>(), [1, 2]);
}

#[test]
fn negative_indices_count_from_the_end() {
    for (size, count) in [(50, 200), (70_000, 100_000)] {
        let at: Vec<i32> = (0..count).map(|i| (i * 7919) % (3 * size) - size - size / 2).collect();
        let updates: Vec<i64> = (0..i64::from(count)).collect();
        for mode in [IndexMode::Fill, IndexMode::Clip] {
            let kernel = Scatter { from_end: true, ..scatter(ScatterOp::Add, false, mode) };
            let y = on_any_number_of_threads(|| {
                let x = Tensor::zeros(DType::I64, &[size as usize]).unwrap();
                let updates = Tensor::from_slice(&updates, &[count as usize]).unwrap();
                run(&kernel, x, &at, updates).to_vec::<i64>()
            });
            let mut expected = vec![0; size as usize];
            for (&at, &new) in at.iter().zip(&updates) {
                let counted = if at < 0 { at + size } else { at };
                let clamped = counted.clamp(0, size - 1);
                if mode == IndexMode::Clip || counted == clamped {
                    expected[clamped as usize] += new;
                }
            }
            assert!(y == expected, "{mode:?} {size}");
        }
    }
}

#[test]
fn extremes_of_zeros_and_what_is_not_a_number() {
    let at: Vec<i32> = (0..100_000).map(|i| i % 4).collect();
    let value = |i: usize| match i % 12 {
        4 => -0.0,
        5 => f32::NAN,
        6 => -1.0,
        8 => 0.0,
        9 => 3.0,
        _ => -2.0,
    };
    let updates: Vec<f32> = (0..at.len()).map(value).collect();
    let y = on_any_number_of_threads(|| {
        let x = Tensor::from_slice(&[-0.0f32, 1.0, -5.0, -9.0], &[4]).unwrap();
        let updates = Tensor::from_slice(&updates, &[updates.len()]).unwrap();
        let kernel = scatter(ScatterOp::Max, false, IndexMode::Fill);
        run(&kernel, x, &at, updates)
            .to_vec::<f32>()
            .iter()
            .map(|v| v.to_bits())
            .collect::<Vec<_>>()
    });
    assert_eq!(y[0], 0.0f32.to_bits());
    assert!(f32::from_bits(y[1]).is_nan());
    assert_eq!(y[2..], [(-1.0f32).to_bits(), (-2.0f32).to_bits()]);
}
