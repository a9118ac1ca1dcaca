//! Reductions agree, however they are computed.

use super::*;
use crate::kernels::parts::tests::on_any_number_of_threads;
use crate::native::set_mode;
use crate::tile::laws::{Random, any_layout, elements, same};
use crate::tile::{ProgramBuilder, ScalarOp};

/// Reductions of (x - y)² and of |x|, perhaps with x - y, which is kept.
fn fold(dtype: DType, op: ReduceOp, shape: &[usize], axes: &[usize], keeps: bool) -> Fold {
    let mut program = ProgramBuilder::new();
    let (x, y) = (program.input(dtype), program.input(dtype));
    let difference = program.op(ScalarOp::Sub, &[x, y]);
    let square = program.op(ScalarOp::Square, &[difference]);
    let size = program.op(ScalarOp::Abs, &[x]);
    let (results, mut ops) = ([square, size, difference], vec![Some(op), Some(op), None]);
    ops.truncate(2 + keeps as usize);
    Fold::new(program.finish(&results[..ops.len()]), shape.into(), axes.into(), ops)
}

#[test]
fn what_is_only_reduced_has_code_too() {
    if !native::is_available() {
        return;
    }
    let mut program = ProgramBuilder::new();
    let x = program.input(DType::F32);
    let sum = vec![Some(ReduceOp::Sum)];
    let fold = Fold::new(program.finish(&[x]), [1 << 16][..].into(), [0][..].into(), sum);
    let x = Tensor::zeros(DType::F32, &[1 << 16]).unwrap().contiguous().unwrap();
    let is_done = |_| {
        fold.run([x.clone()].into_iter().collect()).unwrap();
        fold.code_bytes() > 0
    };
    assert!((0..100).any(is_done), "a sum that is computed again and again");
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let cases: [(&[usize], &[usize]); 5] = [
        (&[200_000], &[0]),
        (&[300, 700], &[1]),
        (&[300, 700], &[0]),
        (&[50_000, 3], &[1]),
        (&[3, 2000, 40], &[1]),
    ];
    for dtype in [DType::F32, DType::F64] {
        for (shape, axes) in cases {
            let fold = fold(dtype, ReduceOp::Sum, shape, axes, axes.len() == shape.len());
            let count = layout::count(shape);
            let waves: Vec<f64> = (0..count).map(|n| (n as f64 * 0.37).sin()).collect();
            let x = Tensor::from_slice(&waves, shape).unwrap();
            let x = if dtype == DType::F64 {
                x
            } else {
                let halves: Vec<f32> = waves.iter().map(|&x| x as f32).collect();
                Tensor::from_slice(&halves, shape).unwrap()
            };
            on_any_number_of_threads(|| {
                let inputs = [x.clone(), x.clone()].into_iter().collect();
                let results = fold.run(inputs).unwrap();
                results.iter().map(|y| y.bytes().unwrap().to_vec()).collect::<Vec<_>>()
            });
        }
    }
}

#[test]
fn code_reduces_as_the_kernels_do() {
    let mut random = Random(3);
    let cases: [(&[usize], &[usize]); 18] = [
        (&[50, 3], &[1]),
        (&[7, 16], &[1]),
        (&[2, 30, 8], &[2]),
        (&[1, 2], &[0, 1]),
        (&[40, 3], &[0]),
        (&[70, 700], &[0]),
        (&[2, 1500, 30], &[1]),
        (&[3, 5, 2, 9], &[1, 2]),
        (&[1100, 5], &[0]),
        (&[2, 3, 4, 100], &[1]),
        (&[300, 17], &[1]),
        (&[17], &[0]),
        (&[1000], &[0]),
        (&[5, 33], &[1]),
        (&[3, 2, 1500], &[2]),
        (&[2, 3, 40], &[1, 2]),
        (&[4, 1, 70], &[1, 2]),
        (&[70000], &[0]),
    ];
    for dtype in [DType::F32, DType::F64, DType::I32, DType::U32, DType::I64, DType::U64] {
        for op in [ReduceOp::Sum, ReduceOp::Prod, ReduceOp::Max, ReduceOp::Min] {
            for (shape, axes) in cases {
                for keeps in [true, false, false] {
                    let fold = fold(dtype, op, shape, axes, keeps);
                    let inputs: Tensors =
                        (0..2).map(|_| any_layout(dtype, shape, &mut random)).collect();
                    set_mode(Mode::Native);
                    let code = fold.run(inputs.clone()).unwrap();
                    set_mode(Mode::Tile);
                    let expected = fold.run(inputs).unwrap();
                    set_mode(Mode::Auto);
                    for (x, y) in code.iter().zip(&expected) {
                        assert_eq!(x.shape(), y.shape());
                        for (x, y) in elements(x).iter().zip(&elements(y)) {
                            assert!(
                                same(x, y),
                                "{dtype:?} {op:?} {shape:?}: {:x?} {:x?}",
                                x.buffer_bytes(),
                                y.buffer_bytes()
                            );
                        }
                    }
                }
            }
        }
    }
}
