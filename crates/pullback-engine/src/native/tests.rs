//! Code gives what the tile machine gives, bit for bit.

use std::sync::Arc;

use super::code::{Argument, Code};
use crate::dtype::DType;
use crate::isa::{Isa, forced};
use crate::kernels::reduce::ReduceOp;
use crate::kernels::{Kernel, Tensors};
use crate::native::{Form, Mode, Target, emit, lower, set_mode};
use crate::plan::{Plan, PlanBuilder, Scan, ScanLength, While, Work};
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
            _ => Argument::Elements(input.bytes().unwrap(), 0),
        })
        .collect();
    // What lies behind the last element must stay.
    let mut buffers: Vec<Vec<u8>> =
        program.outputs().iter().map(|dtype| vec![0xa5; (count + 64) * dtype.size()]).collect();
    let targets: Vec<Target> = buffers.iter_mut().map(|buffer| Target::row(buffer)).collect();
    // SAFETY: each target is a buffer of its own.
    let done = unsafe { code.run([1, count], &arguments, &targets) };
    let outputs = buffers.iter().zip(program.outputs()).map(|(buffer, &dtype)| {
        let (written, rest) = buffer.split_at(count * dtype.size());
        assert!(rest.iter().all(|&byte| byte == 0xa5), "written beyond the end");
        let mut output = crate::Buffer::new(dtype, count).unwrap();
        output.bytes_mut().copy_from_slice(written);
        Tensor::from_buffer(dtype, &[count], output)
    });
    done.then(|| outputs.collect())
}

fn scalars_of(inputs: &[Tensor]) -> Form {
    let ranks = inputs.iter().enumerate();
    let scalars = ranks.fold(0, |all, (n, input)| all | ((input.rank() == 0) as u64) << n);
    Form { scalars, ..Form::default() }
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
    forced::for_each(|_| {
    let mut random = Random(7);
    let mut compiled = 0;
    for op in every_op() {
        for &dtype in EVERY {
            if !op.is_defined(dtype) {
                continue;
            }
            let dtypes = operand_types(op, dtype);
            let program = program_of(op, &dtypes);
            if lower::kernel(&program, Form::default(), &[]).is_none() {
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
    });
}

/// Numbers near products of others, for which an inverse that is a little wrong gives wrong
/// quotients, and their negatives.
fn near_products() -> Vec<u32> {
    let few = [0u32, 1, 2, 3, 5, 7, 255, 1000, 32767, 40503, 65535, 65536, 999_999_937];
    let near = |n: u32| [n.wrapping_sub(1), n, n.wrapping_add(1), n.wrapping_neg()];
    let products = few.into_iter().flat_map(|a| few.map(|b| a.wrapping_mul(b)));
    let mut all: Vec<u32> = products.chain([1 << 31, 3 << 30]).flat_map(near).collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn integers_are_divided_exactly() {
    forced::for_each(|_| {
        let numbers = near_products();
        let count = numbers.len();
        let unsigned = |n: &[u32]| Tensor::from_slice(n, &[count]).unwrap();
        let signed = |n: &[u32]| {
            Tensor::from_slice(bytemuck::cast_slice::<u32, i32>(n), &[count]).unwrap()
        };
        for tensor in [&unsigned as &dyn Fn(&[u32]) -> Tensor, &signed] {
            let x = tensor(&numbers);
            for op in [ScalarOp::Div, ScalarOp::Rem] {
                let program = program_of(op, &[x.dtype(); 2]);
                for (n, by) in elements(&x).into_iter().enumerate() {
                    // All by one number, and each by another.
                    let mut turned = numbers.clone();
                    turned.rotate_left(n);
                    check(&program, &[x.clone(), by], count);
                    check(&program, &[x.clone(), tensor(&turned)], count);
                }
            }
        }
    });
}

#[test]
fn the_larger_of_a_number_and_a_constant() {
    fn all<T: crate::dtype::Element>(numbers: &[T]) {
        let x = Tensor::from_slice(numbers, &[numbers.len()]).unwrap();
        for op in [ScalarOp::Max, ScalarOp::Min] {
            for constant in elements(&x) {
                let mut builder = ProgramBuilder::new();
                let input = builder.input(x.dtype());
                let constant = builder.constant(&constant);
                let results = [[input, constant], [constant, input]];
                let results = results.map(|operands| builder.op(op, &operands));
                check(&builder.finish(&results), std::slice::from_ref(&x), numbers.len());
            }
        }
    }
    forced::for_each(|_| {
        let numbers = [0.0, -0.0, 1.5, -1.5, f32::INFINITY, -f32::INFINITY, f32::NAN, 1e-40, -1e-40];
        all(&numbers);
        all(&numbers.map(f64::from));
    });
}

#[test]
fn what_is_known_before_a_loop_is_there_in_it() {
    forced::for_each(|_| {
        // More values of two scalars than there are registers, some of them truth values.
        let mut builder = ProgramBuilder::new();
        let [x, a, b] = [DType::F32; 3].map(|dtype| builder.input(dtype));
        let mut known = vec![builder.op(ScalarOp::Sin, &[a]), b];
        for n in 0..40 {
            let (last, before) = (known[n + 1], known[n]);
            let op = [ScalarOp::Add, ScalarOp::Mul, ScalarOp::Max, ScalarOp::Sub][n % 4];
            let value = builder.op(op, &[last, before]);
            let less = builder.op(ScalarOp::Lt, &[value, last]);
            known.push(builder.op(ScalarOp::Select, &[less, before, value]));
        }
        let mut sum = x;
        for &value in &known {
            let product = builder.op(ScalarOp::Mul, &[sum, value]);
            sum = builder.op(ScalarOp::Sub, &[value, product]);
        }
        let less = builder.op(ScalarOp::Lt, &[known[7], known[9]]);
        let program = builder.finish(&[sum, less, known[20], x]);
        let mut random = Random(3);
        for count in [1, 15, 64, 129] {
            let x = dense(DType::F32, &[count], &mut random);
            check(&program, &[x, Tensor::scalar(0.5f32), Tensor::scalar(0.75f32)], count);
        }
    });
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
        // Which NaN a result is may differ; its bits say, and so does the total order.
        if matches!(
            op,
            ScalarOp::Bitcast(_) | ScalarOp::EqTo | ScalarOp::LtTo | ScalarOp::LeTo
        ) {
            continue;
        }
        let operands: Vec<Reg> =
            (0..op.arity()).map(|_| values[random.below(values.len())]).collect();
        let dtypes: Vec<DType> = operands.iter().map(|&reg| builder.dtype(reg)).collect();
        let key = dtypes[(op == ScalarOp::Select) as usize];
        if dtypes != operand_types(op, key) || !op.is_defined(key) {
            continue;
        }
        if lower::kernel(&program_of(op, &dtypes), Form::default(), &[]).is_none() {
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
    forced::for_each(|_| {
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
    });
}

#[test]
fn an_output_may_overwrite_an_input() {
    forced::for_each(|_| {
    // y = x - reversed roles of two inputs that are both overwritten.
    let mut builder = ProgramBuilder::new();
    let (x, y) = (builder.input(DType::F32), builder.input(DType::F32));
    let difference = builder.op(ScalarOp::Sub, &[x, y]);
    let quotient = builder.op(ScalarOp::Div, &[x, difference]);
    let program = builder.finish(&[quotient, difference]);
    let code = Code::compile(&program, &[], Form::default()).unwrap();
    let mut a: Vec<f32> = (0..77).map(|i| i as f32 * 0.5 + 1.0).collect();
    let mut b: Vec<f32> = (0..77).map(|i| 9.0 - i as f32).collect();
    let expected: Vec<(f32, f32)> = a.iter().zip(&b).map(|(x, y)| (x / (x - y), x - y)).collect();
    let targets = [
        Target::row(bytemuck::cast_slice_mut(&mut b)),
        Target::row(bytemuck::cast_slice_mut(&mut a)),
    ];
    // SAFETY: each target is an array of its own.
    assert!(unsafe {
        code.run([1, 77], &[Argument::InPlace(1), Argument::InPlace(0)], &targets)
    });
    for (i, &(quotient, difference)) in expected.iter().enumerate() {
        assert_eq!((b[i].to_bits(), a[i].to_bits()), (quotient.to_bits(), difference.to_bits()));
    }
    });
}

#[test]
fn an_input_that_is_an_output_survives_being_overwritten() {
    forced::for_each(|_| {
    let mut builder = ProgramBuilder::new();
    let (x, y) = (builder.input(DType::F32), builder.input(DType::Bool));
    let (square, not) = (builder.op(ScalarOp::Square, &[x]), builder.op(ScalarOp::Not, &[y]));
    let program = builder.finish(&[square, not, x, y]);
    let code = Code::compile(&program, &[], Form::default()).unwrap();
    let (mut a, mut b) = ([3.0f32; 20], [1u8; 20]);
    let (mut c, mut d) = ([0.0f32; 20], [7u8; 20]);
    let targets = [
        Target::row(bytemuck::cast_slice_mut(&mut a)),
        Target::row(&mut b),
        Target::row(bytemuck::cast_slice_mut(&mut c)),
        Target::row(&mut d),
    ];
    let inputs = [Argument::InPlace(0), Argument::InPlace(1)];
    // SAFETY: each target is an array of its own.
    assert!(unsafe { code.run([1, 20], &inputs, &targets) });
    assert_eq!((a, b, c, d), ([9.0; 20], [0; 20], [3.0; 20], [1; 20]));
    });
}

#[test]
fn rare_lanes_are_reported() {
    forced::for_each(|_| {
    let program = program_of(ScalarOp::Sin, &[DType::F32]);
    let code = Code::compile(&program, &[], Form::default()).unwrap();
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
    });
}

#[test]
fn code_is_freed_with_its_program_on_any_thread() {
    forced::for_each(|_| {
    std::thread::scope(|scope| {
        for seed in 0..4 {
            scope.spawn(move || {
                let mut random = Random(100 + seed);
                for _ in 0..30 {
                    let program = random_program(&mut random);
                    if let Some(code) = Code::compile(&program, &[], Form::default()) {
                        let shared = Arc::new(code);
                        let other = shared.clone();
                        scope.spawn(move || drop(other));
                    }
                }
            });
        }
    });
    });
}

/// The instructions of a program's code, as a disassembler reads them.
fn disassembly(program: &Program, folds: &[Option<ReduceOp>]) -> Vec<String> {
    use iced_x86::{Decoder, DecoderOptions, FlowControl, Formatter, NasmFormatter};
    let kernel = lower::kernel(program, Form::default(), folds).expect("the program has steps");
    let code = emit::compile(&kernel).expect("registers suffice");
    let mut decoder = Decoder::with_ip(64, &code, 0, DecoderOptions::NONE);
    let mut formatter = NasmFormatter::new();
    let mut lines = vec![];
    loop {
        let instruction = decoder.decode();
        assert!(!instruction.is_invalid(), "at {:#x} after {lines:#?}", instruction.ip());
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        lines.push(line);
        if instruction.flow_control() == FlowControl::Return {
            break;
        }
    }
    // Only constants and what aligns them follow.
    assert!(code.len() - decoder.position() < 64 + 64 * lines.len());
    lines
}

/// The mnemonics that the body of an operation consists of: of the loop over vectors that are
/// whole, with the instructions that go on to the next.
fn body(op: ScalarOp, dtype: DType) -> String {
    let lines = disassembly(&program_of(op, &operand_types(op, dtype)), &[]);
    let end = lines.iter().position(|line| line.starts_with("add rax")).expect("the end");
    let start = lines[..end].iter().rposition(|line| line.starts_with("j")).expect("the loop");
    // Two vectors are computed at a time.
    let lines: Vec<&String> =
        lines[start + 1..end].iter().filter(|line| !line.contains("edx")).collect();
    let mnemonic = |line: &&String| line.split(' ').next().unwrap_or_default().to_string();
    lines.iter().take(lines.len() / 2).map(mnemonic).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_encoder_writes_the_instructions_it_means() {
    use ScalarOp::*;
    // Of processors with masks, and of those without.
    let cases = [
        (Add, DType::F32, "vmovups vaddps vmovups", "="),
        (Sub, DType::F64, "vmovups vsubpd vmovups", "="),
        (Mul, DType::I32, "vmovups vpmulld vmovups", "="),
        (
            Mul,
            DType::I64,
            "vmovups vpmullq vmovups",
            "vmovups vpsrlq vmovups vpsrlq vpmuludq vpmuludq vpmuludq vpaddq vpsllq vpaddq vmovups",
        ),
        (Max, DType::U32, "vmovups vpmaxud vmovups", "="),
        (
            Min,
            DType::I64,
            "vmovups vpminsq vmovups",
            "vmovups vmovups vpcmpgtq vblendvpd vmovups",
        ),
        (ShiftLeft, DType::U32, "vmovups vpsllvd vmovups", "="),
        (
            ShiftRightArithmetic,
            DType::I64,
            "vmovups vpsravq vmovups",
            "vpbroadcastq vmovups vpcmpgtq vpand vpxor vpsrlvq vpxor vmovups",
        ),
        (ShiftRightLogical, DType::I32, "vmovups vpsrlvd vmovups", "="),
        (Sqrt, DType::F32, "vmovups vsqrtps vmovups", "="),
        (Floor, DType::F64, "vmovups vrndscalepd vmovups", "vmovups vroundpd vmovups"),
        (Abs, DType::F32, "vpbroadcastd vpandd vmovups", "vpbroadcastd vpand vmovups"),
        (Neg, DType::F64, "vpbroadcastq vpxorq vmovups", "vpbroadcastq vpxor vmovups"),
        (
            Lt,
            DType::F32,
            "vmovups vcmpgt_oqps vmovdqu8 vmovdqu8",
            "vmovups vcmpgt_oqps vextracti128 vpackssdw vpacksswb vpand vmovq",
        ),
        (
            Le,
            DType::U64,
            "vmovups vpcmpnltuq vmovdqu8 vmovdqu8",
            "vpbroadcastq vpxor vpxor vpcmpgtq vpxor vextracti128 vshufps vpackssdw vpacksswb \
             vpand vmovd",
        ),
        (
            Select,
            DType::F32,
            "vmovdqu8 vptestmb vmovups vpblendmd vmovups",
            "vpmovsxbd vpcmpgtd vmovups vblendvps vmovups",
        ),
        (
            And,
            DType::Bool,
            "vmovdqu8 vptestmb vmovdqu8 vptestmb kandw vmovdqu8 vmovdqu8",
            "vpmovsxbd vpcmpgtd vpmovsxbd vpcmpgtd vpand vextracti128 vpackssdw vpacksswb vpand \
             vmovq",
        ),
        (Convert(DType::F64), DType::F32, "vmovups vcvtps2pd vmovups", "="),
        (Convert(DType::F32), DType::F64, "vmovups vcvtpd2ps vmovups", "="),
        (
            Convert(DType::F32),
            DType::U32,
            "vmovups vcvtudq2ps vmovups",
            "vmovups vpand vpor vpsrld vpor vsubps vaddps vmovups",
        ),
        (
            Convert(DType::F64),
            DType::I64,
            "vmovups vcvtqq2pd vmovups",
            "vmovups vpand vpor vpsrlq vpxor vpor vsubpd vaddpd vmovups",
        ),
        (Convert(DType::I64), DType::I32, "vmovups vpmovsxdq vmovups", "="),
        (
            Convert(DType::I32),
            DType::U64,
            "vmovups vpmovqd vmovups",
            "vmovups vextracti128 vshufps vmovups",
        ),
    ];
    forced::for_each(|isa| {
        for (op, dtype, by_masks, by_vectors) in cases {
            let expected =
                if isa == Isa::Avx512 || by_vectors == "=" { by_masks } else { by_vectors };
            assert_eq!(body(op, dtype), expected, "{op:?} {dtype:?} {isa:?}");
        }
    });
}

#[test]
fn a_disassembler_reads_random_programs() {
    forced::for_each(|_| {
    let mut random = Random(23);
    for _ in 0..200 {
        let program = random_program(&mut random);
        let folds = program.outputs().iter().map(|dtype| match dtype {
            DType::Bool => None,
            _ => (random.below(2) == 0).then_some(ReduceOp::Sum),
        });
        let folds: Vec<_> = folds.collect();
        // Sums of one width take as many registers as there may be accumulators.
        let kernel = lower::kernel(&program, Form::default(), &folds).unwrap();
        if emit::compile(&kernel).is_some() {
            disassembly(&program, &folds);
        }
    }
    });
}

/// A random body of a loop: results of the types of `carry`, then some others.
fn random_body(
    random: &mut Random,
    consts: &[DType],
    carry: &[DType],
    scanned: &[DType],
    collected: usize,
) -> (Plan, Vec<DType>) {
    let mut builder = ProgramBuilder::new();
    let types: Vec<DType> = [consts, carry, scanned].concat();
    let mut values: Vec<Reg> = types.iter().map(|&dtype| builder.input(dtype)).collect();
    let ops = every_op();
    for _ in 0..random.below(200) {
        let op = ops[random.below(ops.len())];
        let operands: Vec<Reg> =
            (0..op.arity()).map(|_| values[random.below(values.len())]).collect();
        let dtypes: Vec<DType> = operands.iter().map(|&reg| builder.dtype(reg)).collect();
        let key = dtypes[(op == ScalarOp::Select) as usize];
        let is_possible = dtypes == operand_types(op, key)
            && op.is_defined(key)
            && lower::kernel(&program_of(op, &dtypes), Form::default(), &[]).is_some();
        if is_possible {
            values.push(builder.op(op, &operands));
        }
    }
    // Some values are carried on unchanged, or in another place.
    let mut results: Vec<Reg> = carry
        .iter()
        .map(|&dtype| {
            let like: Vec<Reg> =
                values.iter().copied().filter(|&reg| builder.dtype(reg) == dtype).collect();
            like[random.below(like.len())]
        })
        .collect();
    results.extend((0..collected).map(|_| values[random.below(values.len())]));
    let dtypes = results[carry.len()..].iter().map(|&reg| builder.dtype(reg)).collect();
    let program = builder.finish(&results);
    let mut plan = PlanBuilder::new();
    let inputs: Vec<_> = types.iter().map(|_| plan.input()).collect();
    let outputs = plan.elementwise(program, &inputs, &[], results.len());
    (plan.finish(&outputs), dtypes)
}

fn random_types(random: &mut Random, most: usize, from: &[DType]) -> Vec<DType> {
    (0..random.below(most + 1)).map(|_| from[random.below(from.len())]).collect()
}

fn agree(kernel: &dyn Kernel, inputs: &Tensors) {
    set_mode(Mode::Native);
    let code = kernel.run(inputs.clone()).unwrap();
    set_mode(Mode::Tile);
    let expected = kernel.run(inputs.clone()).unwrap();
    set_mode(Mode::Auto);
    assert_eq!(code.len(), expected.len());
    for (n, (x, y)) in code.iter().zip(&expected).enumerate() {
        assert_eq!((x.shape(), x.dtype()), (y.shape(), y.dtype()));
        for (i, (x, y)) in elements(x).iter().zip(&elements(y)).enumerate() {
            assert!(same(x, y), "result {n} at {i}: {x:?} is not {y:?}\n{kernel:?}");
        }
    }
}

#[test]
fn loops_over_entries_agree_with_the_interpreter() {
    forced::for_each(|_| {
    let mut random = Random(31);
    for _ in 0..300 {
        let consts = random_types(&mut random, 3, &TYPES);
        let carry = random_types(&mut random, 6, &TYPES);
        let scanned = random_types(&mut random, 3, &TYPES[1..]);
        if consts.len() + carry.len() + scanned.len() == 0 {
            continue;
        }
        let count = random.below(4);
        let (body, collected) = random_body(&mut random, &consts, &carry, &scanned, count);
        let length = [0, 1, 2, 30][random.below(4)];
        let scan = Scan {
            body: Arc::new(body),
            consts: consts.len(),
            carry: carry.len(),
            length: ScanLength::Fixed(length),
            reverse: random.below(2) == 0,
            collected: collected.iter().map(|&dtype| (Default::default(), dtype)).collect(),
            code: Default::default(),
        };
        let scalars = consts.iter().chain(&carry).map(|&dtype| element(dtype, &mut random));
        let mut inputs: Tensors = scalars.collect();
        inputs.extend(scanned.iter().map(|&dtype| dense(dtype, &[length], &mut random)));
        agree(&scan, &inputs);
    }
    });
}

#[test]
fn loops_with_a_condition_agree_with_the_interpreter() {
    forced::for_each(|_| {
    let mut random = Random(37);
    for _ in 0..200 {
        // The condition: a number that counts up to a constant.
        let mut program = ProgramBuilder::new();
        let (limit, at) = (program.input(DType::I32), program.input(DType::I32));
        let holds = program.op(ScalarOp::Lt, &[at, limit]);
        let program = program.finish(&[holds]);
        let carry = random_types(&mut random, 6, &TYPES);
        let mut cond = PlanBuilder::new();
        let inputs: Vec<_> = (0..carry.len() + 2).map(|_| cond.input()).collect();
        let outputs = cond.elementwise(program, &inputs[..2], &[], 1);
        let cond = cond.finish(&outputs);

        let (rest, _) = random_body(&mut random, &[DType::I32], &carry, &[], 0);
        let mut next = ProgramBuilder::new();
        let at = next.input(DType::I32);
        let one = next.constant(&Tensor::scalar(1i32));
        let sum = next.op(ScalarOp::Add, &[at, one]);
        let next = next.finish(&[sum]);
        let mut body = PlanBuilder::new();
        let inputs: Vec<_> = (0..carry.len() + 1).map(|_| body.input()).collect();
        let mut outputs = body.elementwise(next, &inputs[..1], &[], 1);
        let Work::Tile { program, .. } = &rest.steps[0].work else { unreachable!() };
        let rest = Arc::clone(program);
        outputs.extend(body.shared(rest, &inputs, &[], carry.len()));
        let looped = While {
            cond: Arc::new(cond),
            body: Arc::new(body.finish(&outputs)),
            cond_consts: 1,
            body_consts: 0,
            record: 0,
            code: Default::default(),
        };
        let limit = [0, 1, 7, 40][random.below(4)];
        let mut inputs: Tensors =
            [Tensor::scalar(limit), Tensor::scalar(0i32)].into_iter().collect();
        inputs.extend(carry.iter().map(|&dtype| element(dtype, &mut random)));
        agree(&looped, &inputs);
    }
    });
}

#[test]
fn rows_and_columns_are_repeated_where_they_lie() {
    forced::for_each(|_| {
    let mut random = Random(47);
    let shapes: [&[usize]; 4] = [&[70, 33], &[5, 40, 64], &[600, 100], &[3, 1, 2000]];
    for dtype in [DType::F32, DType::F64, DType::I32, DType::Bool] {
        for shape in shapes {
            let mut builder = ProgramBuilder::new();
            let inputs: Vec<Reg> = (0..4).map(|_| builder.input(dtype)).collect();
            let op = if dtype == DType::Bool { ScalarOp::Xor } else { ScalarOp::Sub };
            let sum = inputs.iter().skip(1).fold(inputs[0], |sum, &x| builder.op(op, &[sum, x]));
            let program = builder.finish(&[sum]);
            for _ in 0..12 {
                // Each input has some of the axes, and the same elements along the others.
                let inputs: Tensors = (0..4)
                    .map(|_| {
                        let own: Vec<usize> = shape
                            .iter()
                            .map(|&size| if random.below(2) == 0 { 1 } else { size })
                            .collect();
                        let axes: Vec<usize> = (0..shape.len()).collect();
                        let x = dense(dtype, &own, &mut random);
                        let flip = random.below(4) == 0;
                        let x = if flip { x.reverse(&[0]).unwrap() } else { x };
                        x.broadcast(shape, &axes).unwrap()
                    })
                    .collect();
                set_mode(Mode::Native);
                let code = program.run(inputs.clone(), shape).unwrap().remove(0);
                set_mode(Mode::Tile);
                let expected = program.run(inputs, shape).unwrap().remove(0);
                set_mode(Mode::Auto);
                for (x, y) in elements(&code).iter().zip(&elements(&expected)) {
                    assert!(same(x, y), "{dtype:?} {shape:?}: {x:?} is not {y:?}");
                }
            }
        }
    }
    });
}
