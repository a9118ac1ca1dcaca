//! Compiled programs, and calling them.

use std::sync::{Arc, PoisonError};

use super::memory::Executable;
use super::{Form, Mode, Target, emit, lower};
use crate::cost::{Cost, Spent};
use crate::isa::{Isa, isa};
use crate::kernels::reduce::ReduceOp;
use crate::profiler;
use crate::sync::{Mutex, OnceLock};
use crate::tensor::Tensor;
use crate::tile::program::Program;

/// An input of a call.
#[derive(Clone, Copy)]
pub(crate) enum Argument<'a> {
    /// The elements from those of the first row on, perhaps every second one, and the bytes from
    /// row to row.
    Elements(&'a [u8], usize),
    /// One element for all; a tensor of rank 0.
    Scalar(&'a Tensor),
    /// An element for each row, and the bytes from one to the next.
    PerRow(&'a [u8], usize),
    /// The elements of the output of this number, which overwrites them.
    InPlace(usize),
}

/// A program compiled for certain inputs being scalars.
pub(crate) struct Code {
    executable: Executable,
    list: emit::List,
    form: Form,
    /// Inputs of the program, which come again for each row that is combined at a time.
    own: usize,
    /// Bytes of an element of each input, or of a short row, and of each output; the latter are
    /// those that are kept or combined, then those that are accumulated.
    inputs: Vec<usize>,
    outputs: Vec<usize>,
    /// How many outputs are accumulated.
    accumulators: usize,
    /// Whether the results of a call may be wrong, which it says.
    pub may_fail: bool,
}

/// The compiled forms of one program.
#[derive(Default)]
pub(crate) struct Codes {
    forms: Mutex<Vec<(Form, State)>>,
    /// The form that was compiled first, which most runs need, to be had without the lock.
    first: OnceLock<(Form, Arc<Code>)>,
}

enum State {
    /// There was no code so far.
    Waiting(Spent),
    Compiled(Arc<Code>),
    /// There is no code.
    Impossible,
}

/// Whether this processor has the instructions, and code may be used.
pub(crate) fn is_available() -> bool {
    isa() >= Isa::Avx2
}

impl Codes {
    /// The bytes of the code that there is.
    pub fn bytes(&self) -> usize {
        let forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        let compiled = forms.iter().filter_map(|(_, state)| match state {
            State::Compiled(code) => Some(code.executable.bytes()),
            _ => None,
        });
        compiled.sum()
    }

    /// The code for inputs of a form, if it is the first that was made, as it most often is; what
    /// was spent without is not counted.
    #[inline]
    pub fn made(&self, form: Form) -> Option<&Arc<Code>> {
        let (_, code) = self.first.get().filter(|(known, _)| *known == form)?;
        super::mode().has_code().then_some(code)
    }

    /// The code of a form for a run over `count` elements, with the outputs reduced that `folds`
    /// says how to.
    ///
    /// `folds` is the same for all runs of a program.
    ///
    /// None if there is none for this program, processor or system, or compiling does not pay
    /// yet.
    pub fn get(
        &self,
        program: &Program,
        folds: &[Option<ReduceOp>],
        form: Form,
        count: usize,
    ) -> Option<Arc<Code>> {
        if let Some(code) = self.made(form) {
            return Some(code.clone());
        }
        let mode = super::mode();
        if !mode.has_code() {
            return None;
        }
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        let known = forms.iter().position(|(other, _)| *other == form);
        let at = known.unwrap_or_else(|| {
            let possible = is_available() && program.inputs().len() <= 64;
            forms.push((form, if possible { State::Waiting(Spent::default()) } else { State::Impossible }));
            forms.len() - 1
        });
        let state = &mut forms[at].1;
        if let State::Waiting(spent) = state {
            // What is only copied or reduced has its results for operations.
            let cost = program.cost() + Cost::flops(program.outputs().len());
            let pays = spent.pays(cost.interpreted_over(count), cost.compiling());
            if !pays && mode == Mode::Auto {
                return None;
            }
            *state = match Code::compile(program, folds, form).map(Arc::new) {
                Some(code) => {
                    self.first.get_or_init(|| (form, code.clone()));
                    State::Compiled(code)
                }
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
    pub fn compile(program: &Program, folds: &[Option<ReduceOp>], form: Form) -> Option<Code> {
        let _span = profiler::span("compile", "code of a program");
        let kernel = lower::kernel(program, form, folds)?;
        let executable = Executable::new(&emit::compile(&kernel)?)?;
        let outputs = program.outputs().iter().enumerate();
        let (mut kept, mut accumulated) = (vec![], vec![]);
        for (n, dtype) in outputs {
            let is_combined = form.by_column > 0 || form.row > 0;
            let is_accumulated = !is_combined && folds.get(n).is_some_and(Option::is_some);
            if is_accumulated { &mut accumulated } else { &mut kept }.push(dtype.size());
        }
        let accumulators = accumulated.len();
        kept.extend(accumulated);
        let size = |(n, dtype): (usize, &crate::DType)| {
            let is_row = form.row > 0 && (n >= 64 || form.per_row >> n & 1 == 0);
            if is_row { dtype.size() * form.row as usize } else { dtype.size() }
        };
        let own = program.inputs().len();
        let mut inputs: Vec<usize> = program.inputs().iter().enumerate().map(size).collect();
        if form.by_column > 0 {
            inputs = inputs.repeat(form.by_column as usize);
            let combined = program.outputs().iter().enumerate();
            let combined = combined.filter(|(n, _)| folds.get(*n).is_some_and(Option::is_some));
            inputs.extend(combined.map(|(_, dtype)| dtype.size()));
        }
        debug_assert_eq!(inputs.len(), kernel.arguments);
        Some(Code {
            executable,
            list: emit::List::new(&kernel),
            form,
            own,
            inputs,
            outputs: kept,
            accumulators,
            may_fail: kernel.rare.is_some(),
        })
    }

    /// Computes rows of `length` elements of each output, and the number that each row of those
    /// that are accumulated comes to. The targets are those of the former, then of the latter.
    ///
    /// False if some results are not right, as may be if `may_fail` says so.
    ///
    /// # Panics
    /// If the arguments are not those that the code was compiled for, or too short.
    ///
    /// # Safety
    /// The targets are memory that may be written, and that nothing else reads or writes
    /// meanwhile; where their rows overlap, what is written last stays.
    pub unsafe fn run(
        &self,
        [rows, length]: [usize; 2],
        inputs: &[Argument],
        targets: &[Target],
    ) -> bool {
        assert_eq!((inputs.len(), targets.len()), (self.inputs.len(), self.outputs.len()));
        if rows == 0 || length == 0 {
            return true;
        }
        let holds = |bytes: usize, stride: usize, row: usize| {
            let before = (rows - 1).checked_mul(stride);
            before.and_then(|before| before.checked_add(row)).is_some_and(|end| end <= bytes)
        };
        let mut list: smallvec::SmallVec<[u64; 32]> = smallvec::SmallVec::new();
        list.resize(self.list.size(), 0);
        list[self.list.rows()] = rows as u64;
        list[self.list.length()] = length as u64;
        for (n, (input, &size)) in inputs.iter().zip(&self.inputs).enumerate() {
            let own = if self.own > 0 && n < self.own * self.form.by_column.max(1) as usize {
                n % self.own
            } else {
                64
            };
            let bit = |bits: u64| own < 64 && bits >> own & 1 != 0;
            let is_per_row = bit(self.form.per_row) && self.form.row == 0;
            let is_scalar = bit(self.form.scalars);
            match *input {
                Argument::Elements(bytes, stride) if !is_scalar => {
                    let reach = if bit(self.form.pairs) { 2 * length - 1 } else { length };
                    assert!(holds(bytes.len(), stride, reach * size), "an input is too short");
                    list[n] = bytes.as_ptr() as u64;
                    list[self.list.stride(n)] = stride as u64;
                }
                Argument::InPlace(output) if !is_scalar => {
                    assert_eq!(self.outputs[output], size, "elements of an output in place");
                    list[n] = targets[output].start as u64;
                    list[self.list.stride(n)] = targets[output].stride as u64;
                }
                Argument::Scalar(value) if is_scalar && !is_per_row => list[n] = lower::bits(value),
                Argument::PerRow(bytes, stride) if is_per_row => {
                    assert!(holds(bytes.len(), stride, size) && size >= 4, "scalars of rows");
                    list[self.list.scalar(n)] = bytes.as_ptr() as u64;
                    list[self.list.stride(n)] = stride as u64;
                }
                _ => panic!("an input is a scalar that was compiled as elements, or the reverse"),
            }
        }
        let kept = self.outputs.len() - self.accumulators;
        for (n, (target, size)) in targets.iter().zip(&self.outputs).enumerate() {
            let row = if n < kept { length * size } else { *size };
            assert!(holds(target.bytes, target.stride, row), "an output is too short");
            list[inputs.len() + n] = target.start as u64;
            list[self.list.stride(inputs.len() + n)] = target.stride as u64;
        }
        // SAFETY: the code is a function of this type, made by `emit`. It reads and writes
        // `length` elements in each row at each address in the list, or one for those that are
        // accumulated, which the slices and targets checked above have; an element of an input
        // that lies in an output is read before that is written.
        unsafe {
            let run: extern "sysv64" fn(*mut u64) -> u64 =
                std::mem::transmute(self.executable.start());
            run(list.as_mut_ptr()) == 0
        }
    }
}
