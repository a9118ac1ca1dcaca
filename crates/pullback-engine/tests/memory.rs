//! The memory of arrays, counted and limited: what holds for a whole process, so alone in one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pullback_engine::kernels::Tensors;
use pullback_engine::plan::PlanBuilder;
use pullback_engine::tile::{ProgramBuilder, ScalarOp};
use pullback_engine::{Buffer, DType, Error, Tensor, memory};

const MB: usize = 1 << 20;

/// One test at a time, with nothing kept and no limit before and after it.
struct Alone(#[expect(dead_code, reason = "held while it lives")] MutexGuard<'static, ()>);

impl Alone {
    fn new() -> Alone {
        static ALONE: Mutex<()> = Mutex::new(());
        let held = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        memory::set_limit(None);
        memory::release();
        memory::reset_peak();
        Alone(held)
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        memory::set_limit(None);
        memory::release();
    }
}

fn buffer(bytes: usize) -> Result<Buffer, Error> {
    Buffer::new(DType::U8, bytes)
}

#[test]
fn bytes_in_use_and_kept_and_the_peak() {
    let _alone = Alone::new();
    let before = memory::stats();
    assert_eq!((before.kept, before.limit), (0, None));
    let (x, y) = (buffer(MB).unwrap(), buffer(4 * MB).unwrap());
    let held = memory::stats();
    assert_eq!(held.in_use - before.in_use, 5 * MB);
    assert_eq!(held.allocations - before.allocations, 2);
    drop(y);
    let kept = memory::stats();
    assert_eq!((kept.in_use - before.in_use, kept.kept), (MB, 4 * MB));
    // The next of its size is the same memory.
    let y = buffer(4 * MB).unwrap();
    assert_eq!(memory::stats().kept, 0);
    drop((x, y));
    let after = memory::stats();
    assert_eq!((after.in_use, after.kept), (before.in_use, 5 * MB));
    assert_eq!((after.peak - before.in_use, after.largest), (5 * MB, 4 * MB));
    assert_eq!(memory::release(), 5 * MB);
    assert_eq!(memory::release(), 0);
    assert_eq!(memory::stats().kept, 0);
    memory::reset_peak();
    assert_eq!((memory::stats().peak, memory::stats().largest), (before.in_use, 0));
}

#[test]
fn more_than_the_limit_is_an_error_and_what_is_kept_makes_room() {
    let _alone = Alone::new();
    let before = memory::stats().in_use;
    memory::set_limit(Some(before + 8 * MB));
    assert_eq!(memory::limit(), Some(before + 8 * MB));
    let x = buffer(4 * MB).unwrap();
    match buffer(6 * MB) {
        Err(Error::OutOfMemory { bytes, in_use, limit }) => {
            assert_eq!((bytes, in_use, limit), (6 * MB, before + 4 * MB, before + 8 * MB));
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
    // The failure took nothing, and what is kept is freed for another size.
    drop(x);
    assert_eq!(memory::stats().kept, 4 * MB);
    let y = buffer(6 * MB).unwrap();
    assert_eq!((memory::stats().kept, memory::stats().in_use), (0, before + 6 * MB));
    drop(y);
    memory::set_limit(Some(0));
    assert!(matches!(buffer(1), Err(Error::OutOfMemory { .. })));
    assert!(buffer(0).is_ok());
    memory::set_limit(None);
    assert!(buffer(16 * MB).is_ok());
}

#[test]
fn a_plan_that_needs_too_much_fails_and_runs_once_it_may() {
    let _alone = Alone::new();
    let mut program = ProgramBuilder::new();
    let x = program.input(DType::F32);
    let y = program.op(ScalarOp::Sin, &[x]);
    let program = program.finish(&[y]);
    let mut plan = PlanBuilder::new();
    let x = plan.input();
    let y = plan.elementwise(program, &[x], &[MB], 1)[0];
    let plan = plan.finish(&[y]);
    let x = Tensor::from_slice(&vec![1.0f32; MB], &[MB]).unwrap();
    let inputs = || -> Tensors { [x.clone()].into_iter().collect() };
    memory::set_limit(Some(memory::stats().in_use + MB));
    assert!(matches!(plan.run(inputs()), Err(Error::OutOfMemory { .. })));
    memory::set_limit(None);
    assert_eq!(plan.run(inputs()).unwrap()[0].count(), MB);
}

#[test]
fn a_full_pool_keeps_what_was_given_last() {
    let _alone = Alone::new();
    // More than the pool keeps; none of it is touched.
    let large: Vec<Buffer> = (0..3).map(|_| buffer(384 * MB).unwrap()).collect();
    drop(large);
    assert_eq!(memory::stats().kept, 768 * MB);
    drop(buffer(256 * MB).unwrap());
    assert_eq!(memory::stats().kept, 1024 * MB);
    drop(buffer(2 * MB).unwrap());
    let after = memory::stats();
    assert_eq!(after.kept, (384 + 256 + 2) * MB);
    // It comes from the pool: nothing else has as many bytes.
    let again = buffer(2 * MB).unwrap();
    assert_eq!(memory::stats().kept, after.kept - 2 * MB);
    drop(again);
}

#[test]
fn threads_never_hold_more_than_the_limit() {
    let _alone = Alone::new();
    let before = memory::stats().in_use;
    let limit = before + 12 * MB;
    memory::set_limit(Some(limit));
    let refused: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                scope.spawn(move || {
                    let mut refused = 0;
                    for round in 0..100 {
                        let bytes = [MB, 2 * MB, 3 * MB, 6 * MB][(thread + round) % 4];
                        match (buffer(bytes), buffer(bytes / 2)) {
                            (Ok(mut x), Ok(mut y)) => {
                                x.bytes_mut().fill(thread as u8);
                                y.bytes_mut().fill(thread as u8);
                                assert!(x.bytes()[..MB].iter().all(|&byte| byte == thread as u8));
                            }
                            _ => refused += 1,
                        }
                        let now = memory::stats();
                        assert!(now.in_use <= limit && now.kept <= limit, "{now:?}");
                    }
                    refused
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).sum()
    });
    let after = memory::stats();
    assert_eq!(after.in_use, before);
    assert!(after.peak <= limit && refused < 400, "{after:?} {refused}");
}

#[test]
fn borrowed_memory_is_not_counted_until_it_is_copied() {
    let _alone = Alone::new();
    let before = memory::stats().in_use;
    #[repr(C, align(64))]
    struct Bytes([u8; 8192]);
    impl AsRef<[u8]> for Bytes {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    let mut x = Buffer::borrowed(Box::new(Bytes([3; 8192]))).expect("whole lines");
    assert!(x.is_borrowed());
    assert_eq!(memory::stats().in_use, before);
    x.bytes_mut()[0] = 1;
    assert!(!x.is_borrowed());
    assert_eq!(memory::stats().in_use, before + 8192);
}
