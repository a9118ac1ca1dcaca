use smallvec::smallvec;

use super::*;
use crate::DType;
use crate::cost::Cost;
use crate::kernels::dot::Dot;
use crate::kernels::fold::Fold;
use crate::kernels::reduce::ReduceOp;
use crate::kernels::view::View;
use crate::native::{Mode, mode, set_mode};
use crate::profiler;
use crate::threads;
use crate::tile::{ProgramBuilder, ScalarOp};

/// `sin(x) * x`, of one element type.
fn program() -> Program {
    let mut program = ProgramBuilder::new();
    let x = program.input(DType::F32);
    let sine = program.op(ScalarOp::Sin, &[x]);
    let y = program.op(ScalarOp::Mul, &[sine, x]);
    program.finish(&[y])
}

/// The product of two matrices.
fn dot() -> Dot {
    Dot {
        lhs_contract: smallvec![1],
        rhs_contract: smallvec![0],
        lhs_batch: smallvec![],
        rhs_batch: smallvec![],
        out: DType::F32,
    }
}

/// `sum(sin(x w) * (x w))`, with the product transposed in between.
fn plan() -> Plan {
    let mut plan = PlanBuilder::new();
    let (x, w) = (plan.input(), plan.input());
    plan.describe(x, TensorType::new(DType::F32, &[10, 20]));
    plan.describe(w, TensorType::new(DType::F32, &[20, 5]));
    let product = plan.kernel1(dot(), &[x, w]);
    let turned = plan.kernel1(View::Transpose(smallvec![1, 0]), &[product]);
    let y = plan.elementwise(program(), &[turned], &[5, 10], 1)[0];
    let mut copy = ProgramBuilder::new();
    let of = copy.input(DType::F32);
    let fold =
        Fold::new(copy.finish(&[of]), smallvec![5, 10], smallvec![0, 1], vec![Some(ReduceOp::Sum)]);
    let sum = plan.kernel1(fold, &[y]);
    plan.finish(&[sum, turned])
}

#[test]
fn steps_are_counted_and_described() {
    let plan = plan();
    assert!(plan.is_described());
    let cost = plan.cost();
    let bytes = (200 + 100 + 50) * 4 + (50 + 50) * 4 + (50 + 1) * 4;
    assert_eq!(
        cost,
        Cost { flops: 2.0 * 50.0 * 20.0 + 50.0 + 49.0, transcendentals: 50.0, bytes: bytes as f64 }
    );
    let text = plan.text(None);
    for part in [
        "plan(%0: f32[10,20] 800 B, %1: f32[20,5] 400 B)",
        "%2: f32[10,5] 200 B = dot_general %0! %1!  # 2000 flops, 1400 B moved, about ",
        "%4: f32[5,10] 200 B = elementwise sin mul %3  # 50 flops, 50 transcendentals, ",
        "%5: f32[] 4 B = fold copy reduce_sum %4!",
        "return %5, %3  # 2099 flops",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert_eq!(text.lines().count(), 6);
}

#[test]
fn memory_is_that_of_values_that_live_at_once() {
    let memory = plan().memory();
    assert_eq!((memory.arguments, memory.outputs), (1200, 204));
    assert_eq!((memory.temporaries, memory.aliased), (200, 0));
    assert_eq!(memory.peak, 1200 + 200 + 200 + 4);
    // What is returned twice takes its memory once, and inputs take none.
    let mut plan = PlanBuilder::new();
    let x = plan.input();
    plan.describe(x, TensorType::new(DType::F32, &[100]));
    let y = plan.elementwise(program(), &[x], &[100], 1)[0];
    let z = plan.elementwise(program(), &[y], &[100], 1)[0];
    let plan = plan.finish(&[z, z, x]);
    let memory = plan.memory();
    assert_eq!((memory.outputs, memory.aliased), (1200, 800));
    assert_eq!((memory.temporaries, memory.peak), (400, 800));
}

#[test]
fn loops_count_their_iterations_where_they_are_known() {
    let mut body = PlanBuilder::new();
    let x = body.input();
    body.describe(x, TensorType::new(DType::F32, &[10]));
    let y = body.elementwise(program(), &[x], &[10], 1)[0];
    let body = Arc::new(body.finish(&[y]));
    let scan = |length| Scan {
        body: body.clone(),
        consts: 0,
        carry: 1,
        length,
        reverse: false,
        collected: vec![],
        code: LoopCodes::default(),
    };
    for (length, times) in [(ScanLength::Fixed(7), 7.0), (ScanLength::Stacks, 1.0)] {
        let mut plan = PlanBuilder::new();
        let x = plan.input();
        plan.describe(x, TensorType::new(DType::F32, &[10]));
        let y = plan.kernel1(scan(length), &[x]);
        plan.describe(y, TensorType::new(DType::F32, &[10]));
        let plan = plan.finish(&[y]);
        assert!(plan.is_described());
        let each = Cost { flops: 10.0, transcendentals: 10.0, bytes: 80.0 };
        assert_eq!(plan.cost(), each * times);
        assert!(plan.text(None).contains("body"), "{plan}");
    }
}

fn inputs() -> Tensors {
    let x: Vec<f32> = (0..200).map(|n| (n as f32 * 0.37).sin()).collect();
    let w: Vec<f32> = (0..100).map(|n| (n as f32 * 0.73).cos()).collect();
    smallvec![Tensor::from_slice(&x, &[10, 20]).unwrap(), Tensor::from_slice(&w, &[20, 5]).unwrap()]
}

#[test]
fn timed_steps_give_the_same() {
    let plan = plan();
    let (outputs, times) = plan.run_timed(inputs()).unwrap();
    assert_eq!(times.len(), 4);
    let expected = plan.run(inputs()).unwrap();
    for (x, y) in outputs.iter().zip(&expected) {
        assert_eq!(x.to_vec::<f32>(), y.to_vec::<f32>());
    }
    assert_eq!(plan.text(Some(&times)).matches("measured").count(), 4);
}

#[test]
fn the_oracle_agrees_bit_for_bit() {
    // The oracle is on one thread, and other tests count on more.
    let _held = threads::SETTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let plan = plan();
    let run = |engine| {
        set_mode(engine);
        let outputs = plan.run(inputs()).unwrap();
        set_mode(Mode::Auto);
        outputs.iter().map(|y| y.to_vec::<f32>()).collect::<Vec<_>>()
    };
    let expected = run(Mode::Oracle);
    assert_eq!(run(Mode::Tile), expected);
    assert_eq!(run(Mode::Native), expected);
    assert_eq!(mode(), Mode::Auto);
}

#[test]
fn steps_are_recorded_with_what_they_cost() {
    let _held = profiler::RECORDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    assert!(profiler::start());
    plan().run(inputs()).unwrap();
    let trace = profiler::stop().expect("it was on");
    let dot = trace.events.iter().find(|event| event.name == "dot_general").expect("a step");
    let said = |key: &str| &dot.arguments.iter().find(|(name, _)| name == key).unwrap().1;
    assert_eq!(*said("inputs"), profiler::Argument::Text("f32[10,20] f32[20,5]".into()));
    assert_eq!(*said("outputs"), profiler::Argument::Text("f32[10,5]".into()));
    assert_eq!(*said("flops"), profiler::Argument::Number(2000.0));
    assert_eq!(*said("bytes"), profiler::Argument::Number(1400.0));
}

#[test]
fn steps_over_what_nothing_is_known_of_cost_nothing() {
    let mut plan = PlanBuilder::new();
    let (x, y) = (plan.input(), plan.input());
    let z = plan.kernel1(dot(), &[x, y]);
    assert_eq!(plan.finish(&[z]).cost(), Cost::default());
}
