//! Code gives what the tile machine gives, bit for bit.

use std::sync::Arc;

use super::code::{Argument, Code, is_available};
use crate::dtype::DType;
use crate::kernels::Tensors;
use crate::native::lower;
use crate::tensor::Tensor;
use crate::tile::laws::{
    EVERY, Random, dense, element, elements, every_op, operand_types, program_of, same,
};
use crate::tile::{Program, ProgramBuilder, Reg, ScalarOp, scalar};

const TYPES: [DType; 7] =
    [DType::Bool, DType::I32, DType::U32, DType::I64, DType::U64, DType::F32, DType::F64];

/// What the code gives for inputs of one axis or scalars; none if it says that it failed.
fn run(program: &Program, code: &Code, inputs: &[Tensor], count: usize) -> Option<Vec<Tensor>> {
    let arguments: Vec<Argument> = inputs
        .iter()
        .map(|input| match input.rank() {
            0 => Argument::Scalar(input),
            _ => Argument::Elements(input.bytes().unwrap()),
        })
        .collect();
    // What lies behind the last element must stay.
    let mut buffers: Vec<Vec<u8>> =
        program.outputs().iter().map(|dtype| vec![0xa5; (count + 64) * dtype.size()]).collect();
    let mut outputs: Vec<&mut [u8]> = buffers.iter_mut().map(|buffer| &mut buffer[..]).collect();
    let done = code.run(count, &arguments, &mut outputs, &mut []);
    let outputs = buffers.iter().zip(program.outputs()).map(|(buffer, &dtype)| {
        let (written, rest) = buffer.split_at(count * dtype.size());
        assert!(rest.iter().all(|&byte| byte == 0xa5), "written beyond the end");
        let mut output = crate::Buffer::new(dtype, count).unwrap();
        output.bytes_mut().copy_from_slice(written);
        Tensor::from_buffer(dtype, &[count], output)
    });
    done.then(|| outputs.collect())
}

fn scalars_of(inputs: &[Tensor]) -> u64 {
    let ranks = inputs.iter().enumerate();
    ranks.fold(0, |all, (n, input)| all | ((input.rank() == 0) as u64) << n)
}

fn check(program: &Program, inputs: &[Tensor], count: usize) {
    let code = Code::compile(program, &[], scalars_of(inputs)).expect("the program has code");
    let Some(outputs) = run(program, &code, inputs, count) else {
        assert!(code.may_fail, "{program}");
        return;
    };
    let operands: Tensors = inputs.iter().cloned().collect();
    let expected = program.run(operands, &[count]).unwrap();
    for (n, (output, expected)) in outputs.iter().zip(&expected).enumerate() {
        for (i, (x, y)) in elements(output).iter().zip(&elements(expected)).enumerate() {
            assert!(
                same(x, y),
                "output {n} at {i} of {count}: {:x?} is not {:x?}; inputs {:x?}\n{program}",
                x.buffer_bytes(),
                y.buffer_bytes(),
                inputs
                    .iter()
                    .map(|input| match input.rank() {
                        0 => input.buffer_bytes().to_vec(),
                        _ => elements(input)[i].buffer_bytes().to_vec(),
                    })
                    .collect::<Vec<_>>(),
            );
        }
    }
}

#[test]
fn every_operation_agrees_with_the_tile_machine() {
    if !is_available() {
        return;
    }
    let mut random = Random(7);
    let mut compiled = 0;
    for op in every_op() {
        for &dtype in EVERY {
            if !op.is_defined(dtype) {
                continue;
            }
            let dtypes = operand_types(op, dtype);
            let program = program_of(op, &dtypes);
            if lower::kernel(&program, 0, &[]).is_none() {
                continue;
            }
            compiled += 1;
            for count in [1, 7, 8, 9, 16, 17, 100, 500] {
                let inputs: Vec<Tensor> = dtypes
                    .iter()
                    .map(|&dtype| match random.below(4) {
                        0 => element(dtype, &mut random),
                        _ => dense(dtype, &[count], &mut random),
                    })
                    .collect();
                check(&program, &inputs, count);
            }
        }
    }
    assert!(compiled > 250, "{compiled}");
}

/// A program of many operations of several types, whose values live long.
fn random_program(random: &mut Random) -> Program {
    let mut builder = ProgramBuilder::new();
    let mut values: Vec<Reg> = vec![];
    let inputs = 1 + random.below(12);
    for _ in 0..inputs {
        values.push(builder.input(TYPES[random.below(TYPES.len())]));
    }
    for _ in 0..random.below(4) {
        let dtype = TYPES[random.below(TYPES.len())];
        let value = element(dtype, random);
        values.push(builder.constant(&value));
    }
    let ops = every_op();
    let wanted = 1 + random.below(90);
    let mut tries = 0;
    while values.len() < inputs + wanted && tries < 5000 {
        tries += 1;
        let op = ops[random.below(ops.len())];
        let operands: Vec<Reg> =
            (0..op.arity()).map(|_| values[random.below(values.len())]).collect();
        let dtypes: Vec<DType> = operands.iter().map(|&reg| builder.dtype(reg)).collect();
        let key = dtypes[(op == ScalarOp::Select) as usize];
        if dtypes != operand_types(op, key) || !op.is_defined(key) {
            continue;
        }
        if lower::kernel(&program_of(op, &dtypes), 0, &[]).is_none() {
            continue;
        }
        values.push(builder.op(op, &operands));
    }
    let outputs: Vec<Reg> =
        (0..1 + random.below(6)).map(|_| values[random.below(values.len())]).collect();
    builder.finish(&outputs)
}

#[test]
fn random_programs_agree_with_the_tile_machine() {
    if !is_available() {
        return;
    }
    let mut random = Random(11);
    for _ in 0..300 {
        let program = random_program(&mut random);
        let count = [1, 15, 16, 40, 129][random.below(5)];
        let inputs: Vec<Tensor> = program
            .inputs()
            .iter()
            .map(|&dtype| match random.below(4) {
                0 => element(dtype, &mut random),
                _ => dense(dtype, &[count], &mut random),
            })
            .collect();
        check(&program, &inputs, count);
    }
}

#[test]
fn an_output_may_overwrite_an_input() {
    if !is_available() {
        return;
    }
    // y = x - reversed roles of two inputs that are both overwritten.
    let mut builder = ProgramBuilder::new();
    let (x, y) = (builder.input(DType::F32), builder.input(DType::F32));
    let difference = builder.op(ScalarOp::Sub, &[x, y]);
    let quotient = builder.op(ScalarOp::Div, &[x, difference]);
    let program = builder.finish(&[quotient, difference]);
    let code = Code::compile(&program, &[], 0).unwrap();
    let mut a: Vec<f32> = (0..77).map(|i| i as f32 * 0.5 + 1.0).collect();
    let mut b: Vec<f32> = (0..77).map(|i| 9.0 - i as f32).collect();
    let expected: Vec<(f32, f32)> = a.iter().zip(&b).map(|(x, y)| (x / (x - y), x - y)).collect();
    let mut outputs: [&mut [u8]; 2] =
        [bytemuck::cast_slice_mut(&mut b), bytemuck::cast_slice_mut(&mut a)];
    assert!(code.run(77, &[Argument::InPlace(1), Argument::InPlace(0)], &mut outputs, &mut []));
    for (i, &(quotient, difference)) in expected.iter().enumerate() {
        assert_eq!((b[i].to_bits(), a[i].to_bits()), (quotient.to_bits(), difference.to_bits()));
    }
}

#[test]
fn rare_lanes_are_reported() {
    if !is_available() {
        return;
    }
    let program = program_of(ScalarOp::Sin, &[DType::F32]);
    let code = Code::compile(&program, &[], 0).unwrap();
    let mut values = vec![1.0f32; 100];
    let at = |values: &[f32]| {
        let input = Tensor::from_slice(values, &[values.len()]).unwrap();
        run(&program, &code, &[input], values.len()).is_some()
    };
    assert!(at(&values));
    values[97] = 1e30;
    assert!(!at(&values));
    // The machine computes what the code could not.
    let input = Tensor::from_slice(&values, &[100]).unwrap();
    let output = program.run([input].into_iter().collect(), &[100]).unwrap().remove(0);
    let exact = scalar(ScalarOp::Sin, &[&Tensor::scalar(1e30f32)]).unwrap();
    assert_eq!(output.to_vec::<f32>()[97], exact.item::<f32>().unwrap());
}

#[test]
fn code_is_freed_with_its_program_on_any_thread() {
    if !is_available() {
        return;
    }
    std::thread::scope(|scope| {
        for seed in 0..4 {
            scope.spawn(move || {
                let mut random = Random(100 + seed);
                for _ in 0..30 {
                    let program = random_program(&mut random);
                    if let Some(code) = Code::compile(&program, &[], 0) {
                        let shared = Arc::new(code);
                        let other = shared.clone();
                        scope.spawn(move || drop(other));
                    }
                }
            });
        }
    });
}
