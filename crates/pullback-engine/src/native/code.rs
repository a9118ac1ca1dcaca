//! Compiled programs, and calling them.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::memory::Executable;
use super::{Mode, emit, lower};
use crate::kernels::reduce::ReduceOp;
use crate::tensor::Tensor;
use crate::tile::program::Program;

/// An input of a call.
#[derive(Clone, Copy)]
pub(crate) enum Argument<'a> {
    /// The elements, as many as the call computes.
    Elements(&'a [u8]),
    /// One element for all; a tensor of rank 0.
    Scalar(&'a Tensor),
    /// The elements of the output of this number, which overwrites them.
    InPlace(usize),
}

/// The lanes of an accumulator.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Lanes(pub [u8; 128]);

/// A program compiled for certain inputs being scalars.
pub(crate) struct Code {
    executable: Executable,
    /// Bytes of an element of each input, none for scalars, and of each output.
    inputs: Vec<Option<usize>>,
    outputs: Vec<usize>,
    /// How many outputs are accumulated.
    accumulators: usize,
    /// Whether the results of a call may be wrong, which it says.
    pub may_fail: bool,
}

/// The compiled forms of one program, by the inputs that are scalars.
#[derive(Default)]
pub(crate) struct Codes(Mutex<Vec<Form>>);

struct Form {
    scalars: u64,
    state: State,
}

enum State {
    /// So many elements were computed without code.
    Waiting(usize),
    Compiled(Arc<Code>),
    /// There is no code.
    Impossible,
}

/// Compiling takes as long as computing some thousand elements without code, and so pays once
/// as many have been.
const PAYS_AFTER: usize = 1 << 13;

/// Whether this processor has the instructions, and code may be used.
pub(crate) fn is_available() -> bool {
    static AVAILABLE: LazyLock<bool> = LazyLock::new(|| {
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("bmi2")
    });
    *AVAILABLE
}

impl Codes {
    /// The code for a run over `count` elements with the inputs named by `scalars` being scalars,
    /// and with the outputs accumulated that `folds` says how to.
    ///
    /// `folds` is the same for all runs of a program.
    ///
    /// None if there is none for this program, processor or system, or compiling does not pay
    /// yet.
    pub fn get(
        &self,
        program: &Program,
        folds: &[Option<ReduceOp>],
        scalars: u64,
        count: usize,
    ) -> Option<Arc<Code>> {
        let mode = super::mode();
        if mode == Mode::Tile {
            return None;
        }
        let mut forms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = forms.iter().position(|form| form.scalars == scalars);
        let at = known.unwrap_or_else(|| {
            let possible = is_available() && program.inputs().len() <= 64;
            let state = if possible { State::Waiting(0) } else { State::Impossible };
            forms.push(Form { scalars, state });
            forms.len() - 1
        });
        let state = &mut forms[at].state;
        if let State::Waiting(computed) = state {
            *computed = computed.saturating_add(count);
            if *computed < PAYS_AFTER && mode == Mode::Auto {
                return None;
            }
            *state = match Code::compile(program, folds, scalars) {
                Some(code) => State::Compiled(Arc::new(code)),
                None => State::Impossible,
            };
        }
        match state {
            State::Compiled(code) => Some(code.clone()),
            _ => None,
        }
    }
}

impl Code {
    pub fn compile(program: &Program, folds: &[Option<ReduceOp>], scalars: u64) -> Option<Code> {
        let kernel = lower::kernel(program, scalars, folds)?;
        let executable = Executable::new(&emit::compile(&kernel)?)?;
        let inputs = program.inputs().iter().enumerate();
        let size =
            |(n, dtype): (usize, &crate::DType)| (scalars >> n & 1 == 0).then_some(dtype.size());
        Some(Code {
            executable,
            inputs: inputs.map(size).collect(),
            outputs: kernel.outputs.iter().map(|(_, element, _)| element.size() as usize).collect(),
            accumulators: kernel.accumulators.len(),
            may_fail: kernel.rare.is_some(),
        })
    }

    /// Computes `count` elements of each output, and writes to `accumulated` what is accumulated,
    /// lane by lane, in some order.
    ///
    /// False if some are not right, as may be if `may_fail` says so.
    ///
    /// # Panics
    /// If the arguments are not those that the code was compiled for, or too short.
    pub fn run(
        &self,
        count: usize,
        inputs: &[Argument],
        outputs: &mut [&mut [u8]],
        accumulated: &mut [Lanes],
    ) -> bool {
        assert_eq!((inputs.len(), outputs.len()), (self.inputs.len(), self.outputs.len()));
        assert_eq!(accumulated.len(), self.accumulators);
        let mut arguments: smallvec::SmallVec<[u64; 16]> = smallvec::SmallVec::new();
        for (input, size) in inputs.iter().zip(&self.inputs) {
            arguments.push(match (*input, *size) {
                (Argument::Elements(bytes), Some(size)) => {
                    assert!(bytes.len() >= count * size, "an input is too short");
                    bytes.as_ptr() as u64
                }
                (Argument::InPlace(output), Some(size)) => {
                    assert_eq!(self.outputs[output], size, "elements of an output in place");
                    outputs[output].as_mut_ptr() as u64
                }
                (Argument::Scalar(value), None) => lower::bits(value),
                _ => panic!("an input is a scalar that was compiled as elements, or the reverse"),
            });
        }
        for (output, size) in outputs.iter_mut().zip(&self.outputs) {
            assert!(output.len() >= count * size, "an output is too short");
            arguments.push(output.as_mut_ptr() as u64);
        }
        for lanes in accumulated {
            arguments.push(lanes.0.as_mut_ptr() as u64);
        }
        // SAFETY: the code is a function of this type, made by `emit`. It reads and writes
        // `count` elements at each address in the list, which the slices checked above have, and
        // the lanes of an accumulator, which are as many bytes as `Lanes` has;
        // outputs are distinct, and an element of an input that lies in one is read before the
        // output's is written.
        unsafe {
            let run: extern "sysv64" fn(*const u64, usize) -> u64 =
                std::mem::transmute(self.executable.start());
            run(arguments.as_ptr(), count) == 0
        }
    }
}
