//! Programs by code and by tiles.

use crate::dtype::DType;
use crate::kernels::Tensors;
use crate::native::{Mode, set_mode};
use crate::tensor::Tensor;
use crate::tile::{ProgramBuilder, ScalarOp};

fn waves(shape: &[usize], dtype: DType) -> Tensor {
    let values = (0..shape.iter().product()).map(|n| (n as f64 * 0.37).sin());
    match dtype {
        DType::F64 => Tensor::from_slice(&values.collect::<Vec<_>>(), shape),
        _ => Tensor::from_slice(&values.map(|x| x as f32).collect::<Vec<_>>(), shape),
    }
    .unwrap()
}

/// The bytes of the results of two inputs, by code and without.
fn by_code_and_tiles(ops: [ScalarOp; 2], inputs: [Tensor; 2]) -> [Vec<u8>; 2] {
    let mut program = ProgramBuilder::new();
    let [x, y] = [0, 1].map(|n| program.input(inputs[n].dtype()));
    let first = program.op(ops[0], &[x, y]);
    let result = program.op(ops[1], &[first]);
    let program = program.finish(&[result]);
    let shape = inputs[1].shape().to_vec();
    [Mode::Native, Mode::Tile].map(|mode| {
        set_mode(mode);
        let inputs: Tensors = inputs.iter().cloned().collect();
        let result = program.run(inputs, &shape).unwrap().remove(0);
        set_mode(Mode::Auto);
        result.bytes().unwrap().to_vec()
    })
}

#[test]
fn every_second_element_is_read_where_it_lies() {
    for dtype in [DType::F32, DType::F64] {
        for length in [32, 33, 47, 48, 100, 1000, 40_000] {
            let x = waves(&[2 * length], dtype);
            for first in [0, 1] {
                let odd = x.slice(&[first], &[2 * length - 1 + first], &[2]).unwrap();
                let plain = waves(&[length], dtype);
                let [code, tiles] =
                    by_code_and_tiles([ScalarOp::Sub, ScalarOp::Square], [odd.clone(), plain]);
                assert_eq!(code, tiles, "{dtype:?} {length} from {first}");
                let both = [odd.clone(), odd];
                let [code, tiles] = by_code_and_tiles([ScalarOp::Mul, ScalarOp::Neg], both);
                assert_eq!(code, tiles, "{dtype:?} {length} from {first}");
            }
        }
        // Rows of a matrix, of which each has its own.
        let x = waves(&[37, 90], dtype);
        let columns = x.slice(&[0, 3], &[37, 90], &[1, 2]).unwrap();
        let plain = waves(columns.shape(), dtype);
        let [code, tiles] = by_code_and_tiles([ScalarOp::Add, ScalarOp::Abs], [columns, plain]);
        assert_eq!(code, tiles, "{dtype:?}");
    }
}

#[test]
fn what_code_does_not_get_right_is_computed_by_tiles() {
    // Angles so large are rare.
    let large = Tensor::from_slice(&[1e30f32; 40], &[40, 1]).unwrap();
    let large = large.broadcast(&[40, 64], &[0, 1]).unwrap();
    let y = waves(&[40, 64], DType::F32);
    let [code, tiles] = by_code_and_tiles([ScalarOp::Mul, ScalarOp::Sin], [large, y]);
    assert_eq!(code, tiles);
    let x = Tensor::from_slice(&[3e35f32; 200], &[200]).unwrap();
    let odd = x.slice(&[1], &[200], &[2]).unwrap();
    let y = waves(&[100], DType::F32);
    let [code, tiles] = by_code_and_tiles([ScalarOp::Mul, ScalarOp::Cos], [odd, y]);
    assert_eq!(code, tiles);
}
