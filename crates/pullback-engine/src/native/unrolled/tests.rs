//! Loops over small tensors give what the kernels give, bit for bit.

use std::sync::Arc;

use smallvec::smallvec;

use crate::dtype::DType;
use crate::isa::forced;
use crate::kernels::dot::Dot;
use crate::kernels::reduce::{Reduce, ReduceOp};
use crate::kernels::structural::Concatenate;
use crate::kernels::view::View;
use crate::kernels::{Kernel, Tensors};
use crate::layout::{self, Shape};
use crate::native::{Mode, compile_scan, set_mode};
use crate::plan::{PlanBuilder, Scan, ScanLength, Slot};
use crate::tensor::Tensor;
use crate::tile::laws::{Random, dense, elements, program_of, same};
use crate::tile::{ProgramBuilder, ScalarOp};

/// A slot of a plan, and what it holds.
#[derive(Clone)]
struct Typed {
    slot: Slot,
    dtype: DType,
    shape: Shape,
}

/// A random body of a loop, of the types given.
struct Body<'a> {
    plan: PlanBuilder,
    values: Vec<Typed>,
    random: &'a mut Random,
}

impl Body<'_> {
    fn any(&mut self) -> Typed {
        let at = self.random.below(self.values.len());
        self.values[at].clone()
    }

    fn like(&mut self, other: &Typed) -> Typed {
        let same = |x: &&Typed| (x.dtype, &x.shape) == (other.dtype, &other.shape);
        let all: Vec<Typed> = self.values.iter().filter(same).cloned().collect();
        all[self.random.below(all.len())].clone()
    }

    fn push(&mut self, slot: Slot, dtype: DType, shape: impl Into<Shape>) {
        self.values.push(Typed { slot, dtype, shape: shape.into() });
    }

    fn elementwise(&mut self, op: ScalarOp, operands: &[&Typed]) {
        let dtypes: Vec<DType> = operands.iter().map(|x| x.dtype).collect();
        let program = program_of(op, &dtypes);
        let dtype = program.outputs()[0];
        let shape = operands.iter().max_by_key(|x| x.shape.len()).unwrap().shape.clone();
        let slots: Vec<Slot> = operands.iter().map(|x| x.slot).collect();
        let slot = self.plan.elementwise(program, &slots, &shape, 1)[0];
        self.push(slot, dtype, shape);
    }

    fn kernel(&mut self, kernel: impl Kernel + 'static, inputs: &[&Typed], shape: Shape) {
        let slots: Vec<Slot> = inputs.iter().map(|x| x.slot).collect();
        let slot = self.plan.kernel1(kernel, &slots);
        self.push(slot, inputs[0].dtype, shape);
    }

    fn step(&mut self) {
        let x = self.any();
        let is_number = !matches!(x.dtype, DType::Bool);
        match self.random.below(12) {
            0..=2 if is_number => {
                let y = self.like(&x);
                let ops = [ScalarOp::Add, ScalarOp::Mul, ScalarOp::Max, ScalarOp::Lt];
                let op = ops[self.random.below(4)];
                self.elementwise(op, &[&x, &y]);
            }
            3 if x.dtype.is_float() => {
                let op = [ScalarOp::Tanh, ScalarOp::Sin, ScalarOp::Abs][self.random.below(3)];
                self.elementwise(op, &[&x]);
            }
            3 if x.dtype == DType::Bool => {
                let y = self.any();
                let choice = self.like(&y);
                if y.shape == x.shape {
                    self.elementwise(ScalarOp::Select, &[&x, &y, &choice]);
                }
            }
            4 => {
                let order: Shape = (0..x.shape.len()).rev().collect();
                let shape = order.iter().map(|&axis| x.shape[axis]).collect();
                self.kernel(View::Transpose(order), &[&x], shape);
            }
            5 if !x.shape.is_empty() => {
                let shape: Shape = smallvec![layout::count(&x.shape)];
                self.kernel(View::Reshape(shape.clone()), &[&x], shape);
            }
            6 if !x.shape.is_empty() => {
                let start: Shape = x.shape.iter().map(|&n| self.random.below(n)).collect();
                let limit: Shape = x.shape.clone();
                let step: Shape = x.shape.iter().map(|_| 1 + self.random.below(2)).collect();
                let shape = (0..x.shape.len())
                    .map(|axis| (limit[axis] - start[axis]).div_ceil(step[axis]))
                    .collect();
                self.kernel(View::Slice { start, limit, step }, &[&x], shape);
            }
            7 if !x.shape.is_empty() => {
                let y = self.like(&x);
                let axis = self.random.below(x.shape.len());
                let mut shape = x.shape.clone();
                shape[axis] *= 2;
                if layout::count(&shape) <= 400 {
                    self.kernel(Concatenate { axis }, &[&x, &y], shape);
                }
            }
            8 => {
                let size = 1 + self.random.below(5);
                let mut shape = x.shape.clone();
                shape.insert(0, size);
                let axes: Shape = (1..shape.len()).collect();
                if layout::count(&shape) <= 400 {
                    self.kernel(View::Broadcast { shape: shape.clone(), axes }, &[&x], shape);
                }
            }
            9 if !x.shape.is_empty() => {
                let axes: Shape =
                    (0..x.shape.len()).filter(|_| self.random.below(2) == 0).collect();
                let shape = (0..x.shape.len()).filter(|axis| !axes.contains(axis));
                let shape: Shape = shape.map(|axis| x.shape[axis]).collect();
                let ops = match x.dtype {
                    DType::F32 | DType::F64 => [ReduceOp::Sum, ReduceOp::Max],
                    DType::Bool => [ReduceOp::And, ReduceOp::Or],
                    _ => [ReduceOp::Sum, ReduceOp::Min],
                };
                let op = ops[self.random.below(2)];
                self.kernel(Reduce { op, axes }, &[&x], shape);
            }
            10 | 11 if is_number => {
                let y = self.any();
                let free = |x: &Typed, contract: &[usize]| -> Shape {
                    let axes = (0..x.shape.len()).filter(|axis| !contract.contains(axis));
                    axes.map(|axis| x.shape[axis]).collect()
                };
                let mut pairs = vec![];
                for (a, &m) in x.shape.iter().enumerate() {
                    for (b, &n) in y.shape.iter().enumerate() {
                        if m == n {
                            pairs.push((a, b));
                        }
                    }
                }
                if y.dtype != x.dtype || pairs.is_empty() {
                    return;
                }
                let (a, b) = pairs[self.random.below(pairs.len())];
                let mut shape = free(&x, &[a]);
                shape.extend(free(&y, &[b]));
                if layout::count(&shape) > 400 {
                    return;
                }
                let dot = Dot {
                    lhs_contract: smallvec![a],
                    rhs_contract: smallvec![b],
                    lhs_batch: smallvec![],
                    rhs_batch: smallvec![],
                    out: x.dtype,
                };
                self.kernel(dot, &[&x, &y], shape);
            }
            _ => {}
        }
    }
}

fn agree(random: &mut Random, dtype: DType, shapes: &[&[usize]]) -> bool {
    let types: Vec<(DType, Shape)> = (0..4)
        .map(|_| {
            let shape = shapes[random.below(shapes.len())];
            (dtype, Shape::from(shape))
        })
        .collect();
    // One that is the same in all iterations, two that are carried, one that is scanned.
    let mut body = Body { plan: PlanBuilder::new(), values: vec![], random };
    for (dtype, shape) in &types {
        let slot = body.plan.input();
        body.push(slot, *dtype, shape.clone());
    }
    for _ in 0..25 {
        body.step();
    }
    let carried = [body.like(&body.values[1].clone()), body.like(&body.values[2].clone())];
    let collected = [body.any(), body.any()];
    let outputs: Vec<Slot> = carried.iter().chain(&collected).map(|x| x.slot).collect();
    let entries: Vec<(Shape, DType)> =
        collected.iter().map(|x| (x.shape.clone(), x.dtype)).collect();
    let body = Arc::new(body.plan.finish(&outputs));
    let length = 3;
    let reverse = random.below(2) == 0;
    let scan = Scan {
        body,
        consts: 1,
        carry: 2,
        length: ScanLength::Fixed(length),
        reverse,
        collected: entries,
        code: Default::default(),
    };
    let mut inputs: Tensors =
        types[..3].iter().map(|(dtype, shape)| dense(*dtype, shape, random)).collect();
    let mut shape = types[3].1.clone();
    shape.insert(0, length);
    inputs.push(dense(types[3].0, &shape, random));
    let compiled = compile_scan(&scan.body, [&inputs[..1], &inputs[1..3], &inputs[3..]], reverse);
    set_mode(Mode::Native);
    let code = scan.run(inputs.clone()).unwrap();
    set_mode(Mode::Tile);
    let expected = scan.run(inputs).unwrap();
    set_mode(Mode::Auto);
    for (n, (x, y)) in code.iter().zip(&expected).enumerate() {
        assert_eq!((x.shape(), x.dtype()), (y.shape(), y.dtype()));
        for (i, (x, y)) in elements(x).iter().zip(&elements(y)).enumerate() {
            assert!(
                same(x, y),
                "result {n} at {i}: {:x?} is not {:x?}\n{scan:?}",
                x.buffer_bytes(),
                y.buffer_bytes()
            );
        }
    }
    compiled.is_some()
}

/// `(x * x, s + sum(x))` over rows and over columns.
#[test]
fn sums_of_more_than_a_block_are_those_of_the_kernels() {
    forced::for_each(|_| {
    let mut random = Random(7);
    let cases: [(&[usize], &[usize]); 6] = [
        (&[1100], &[0]),
        (&[3300], &[0]),
        (&[40, 40], &[0, 1]),
        (&[1030, 2], &[0]),
        (&[2, 1025], &[1]),
        (&[2100], &[0]),
    ];
    for dtype in [DType::F32, DType::F64] {
        for (shape, axes) in cases {
            let mut program = ProgramBuilder::new();
            let x = program.input(dtype);
            let square = program.op(ScalarOp::Mul, &[x, x]);
            let square = program.finish(&[square]);
            let mut program = ProgramBuilder::new();
            let (s, y) = (program.input(dtype), program.input(dtype));
            let sum = program.op(ScalarOp::Add, &[s, y]);
            let sum = program.finish(&[sum]);
            let kept: Shape = (0..shape.len())
                .filter(|axis| !axes.contains(axis))
                .map(|axis| shape[axis])
                .collect();
            let mut body = PlanBuilder::new();
            let (x, s) = (body.input(), body.input());
            let y = body.kernel1(Reduce { op: ReduceOp::Sum, axes: axes.into() }, &[x]);
            let squared = body.elementwise(square, &[x], shape, 1)[0];
            let s = body.elementwise(sum, &[s, y], &kept, 1)[0];
            let scan = Scan {
                body: Arc::new(body.finish(&[squared, s])),
                consts: 0,
                carry: 2,
                length: ScanLength::Fixed(3),
                reverse: false,
                collected: vec![],
                code: Default::default(),
            };
            let inputs: Tensors =
                [dense(dtype, shape, &mut random), dense(dtype, &kept, &mut random)]
                    .into_iter()
                    .collect();
            set_mode(Mode::Native);
            let code = scan.run(inputs.clone()).unwrap();
            set_mode(Mode::Tile);
            let expected = scan.run(inputs).unwrap();
            set_mode(Mode::Auto);
            for (x, y) in elements(&code[1]).iter().zip(&elements(&expected[1])) {
                assert!(same(x, y), "{dtype:?} {shape:?}: {x:?} is not {y:?}");
            }
        }
    }
    });
}

#[test]
fn loops_over_small_tensors_agree_with_the_kernels() {
    forced::for_each(|_| {
    let few: &[&[usize]] = &[&[], &[1], &[2], &[3], &[2, 2], &[2, 3], &[3, 1]];
    let more: &[&[usize]] =
        &[&[], &[5], &[16], &[17], &[40], &[4, 4], &[3, 16], &[16, 16], &[9, 1], &[2, 3, 7]];
    let mut compiled = 0;
    let mut random = Random(41);
    for dtype in [DType::F32, DType::F64, DType::I32, DType::I64] {
        for shapes in [few, more] {
            for _ in 0..150 {
                compiled += agree(&mut random, dtype, shapes) as usize;
            }
        }
    }
    assert!(compiled > 600, "{compiled}");
    });
}

#[test]
fn a_carry_beyond_the_registers_stays_in_memory() {
    forced::for_each(|_| {
    let mut random = Random(43);
    for dtype in [DType::F32, DType::F64] {
        let shape: &[usize] = &[20, 24];
        let mut program = ProgramBuilder::new();
        let (x, y) = (program.input(dtype), program.input(dtype));
        let half = program.constant(&match dtype {
            DType::F32 => Tensor::scalar(0.5f32),
            _ => Tensor::scalar(0.5f64),
        });
        let product = program.op(ScalarOp::Mul, &[x, half]);
        let sum = program.op(ScalarOp::Add, &[product, y]);
        let program = program.finish(&[sum]);
        let mut plan = PlanBuilder::new();
        let (state, entry) = (plan.input(), plan.input());
        let all = View::Broadcast { shape: shape.into(), axes: smallvec![1] };
        let entries = plan.kernel1(all, &[entry]);
        let next = plan.elementwise(program, &[state, entries], shape, 1)[0];
        let scan = Scan {
            body: Arc::new(plan.finish(&[next])),
            consts: 0,
            carry: 1,
            length: ScanLength::Fixed(5),
            reverse: false,
            collected: vec![],
            code: Default::default(),
        };
        let inputs: Tensors =
            smallvec![dense(dtype, shape, &mut random), dense(dtype, &[5, 24], &mut random)];
        let is_compiled = compile_scan(&scan.body, [&[], &inputs[..1], &inputs[1..]], false);
        assert!(is_compiled.is_some());
        set_mode(Mode::Native);
        let code = scan.run(inputs.clone()).unwrap().remove(0);
        set_mode(Mode::Tile);
        let expected = scan.run(inputs).unwrap().remove(0);
        set_mode(Mode::Auto);
        for (x, y) in elements(&code).iter().zip(&elements(&expected)) {
            assert!(same(x, y), "{x:?} is not {y:?}");
        }
    }
    });
}
