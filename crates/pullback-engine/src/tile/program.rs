//! Programs: elementwise operations in order, over registers that hold a tile each.
//!
//! A program is in single assignment form: every instruction defines one register. When it is
//! finished, instructions that no output needs are dropped and registers are assigned to as few
//! places as their lifetimes allow, so that the working set stays in the first-level cache.

use std::fmt;

use smallvec::SmallVec;

use super::kernel::Kernel;
use super::op::ScalarOp;
use super::table;
use super::{bounds, machine, oracle};
use crate::cost::Cost;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::Tensors;
use crate::native::{self, Codes, Mode, Target};
use crate::tensor::Tensor;

/// Names a value of one program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reg(pub u32);

impl fmt::Debug for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// Where a running program finds the current tile of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Input(usize),
    Constant(usize),
    /// A tile of the scratch memory.
    Slot(usize),
    /// The tile of an output, in the output's own buffer.
    Output(usize),
}

/// One operation of a finished program, with places for registers.
pub(crate) struct Instruction {
    pub op: ScalarOp,
    pub kernel: &'static dyn Kernel,
    /// Where each operand is, and the bytes that one of its elements takes.
    pub operands: SmallVec<[(Place, usize); 3]>,
    /// A slot or an output.
    pub target: Place,
    /// Bytes that one element of the result takes.
    pub size: usize,
}

/// A finished elementwise program.
pub struct Program {
    pub(crate) inputs: Vec<DType>,
    pub(crate) constants: Vec<Tensor>,
    pub(crate) outputs: Vec<DType>,
    pub(crate) instructions: Vec<Instruction>,
    /// The number of scratch tiles.
    pub(crate) slots: usize,
    /// Bytes of the widest element.
    pub(crate) widest: usize,
    /// Elements that a thread takes at a time.
    pub(crate) part: usize,
    /// An operation that is not defined; such a program does not run.
    error: Option<Error>,
    /// The operations before they were given places.
    pub(crate) values: Vec<(DType, Definition)>,
    /// The values that are outputs.
    pub(crate) results: Vec<Reg>,
    /// What has been compiled.
    pub(crate) codes: Codes,
}

impl Program {
    /// Whether the outputs are the inputs, in order.
    pub(crate) fn is_identity(&self) -> bool {
        let is_input = |(n, reg): (usize, &Reg)| {
            let Definition::Op(ScalarOp::Copy, of) = &self.values[reg.0 as usize].1 else {
                return false;
            };
            matches!(self.values[of[0].0 as usize].1, Definition::Input(input) if input == n)
        };
        self.results.len() == self.inputs.len() && self.results.iter().enumerate().all(is_input)
    }

    /// Runs the program on inputs of shape `shape`, with any strides, or of rank 0, which stand
    /// for every element. There is one output of shape `shape` for each output register.
    ///
    /// The buffers of inputs that no one else holds may become those of outputs.
    pub fn run(&self, inputs: Tensors, shape: &[usize]) -> Result<Tensors> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        match native::mode() {
            Mode::Oracle => oracle::run(self, &inputs, shape),
            _ => machine::run(self, inputs, shape),
        }
    }

    /// Runs the program as [`Program::run`] does, if it is over so few elements that they are
    /// computed at once; the results are added to `results`. Otherwise false, and nothing is done.
    #[inline]
    pub(crate) fn run_few(
        &self,
        inputs: &[Tensor],
        shape: &[usize],
        results: &mut Tensors,
    ) -> Result<bool> {
        if self.error.is_some() || native::mode() == Mode::Oracle {
            return Ok(false);
        }
        machine::run_few(self, inputs, shape, results)
    }

    /// What one element costs; what is moved depends on the inputs.
    pub fn cost(&self) -> Cost {
        self.instructions.iter().map(|instruction| instruction.op.cost()).sum()
    }

    /// Whether there are quotients or remainders of integers of 64 bits, which code has no steps
    /// for.
    pub(crate) fn divides_wide_integers(&self) -> bool {
        self.values.iter().any(|(dtype, definition)| {
            let divides = matches!(definition, Definition::Op(ScalarOp::Div | ScalarOp::Rem, _));
            divides && matches!(dtype, DType::I64 | DType::U64)
        })
    }

    /// The names of the operations, in order.
    pub fn names(&self) -> Vec<&'static str> {
        self.instructions.iter().map(|instruction| instruction.op.name()).collect()
    }

    /// Runs the program into outputs of as many elements as the shape has; see [`Program::run`].
    pub(crate) fn run_into(
        &self,
        inputs: Tensors,
        shape: &[usize],
        outputs: SmallVec<[&mut [u8]; 4]>,
    ) -> Result<()> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        if native::mode() != Mode::Oracle {
            return machine::run_into(self, inputs, shape, outputs);
        }
        let results = oracle::run(self, &inputs, shape)?;
        results.iter().zip(outputs).for_each(|(result, output)| result.copy_to(output));
        Ok(())
    }

    /// Runs the program into rows of larger arrays, all axes but the last being one there. False if
    /// that cannot be done with inputs that lie like these.
    ///
    /// # Safety
    /// The targets are memory that may be written, and that nothing else reads or writes meanwhile.
    pub(crate) unsafe fn run_rows_into(
        &self,
        inputs: &Tensors,
        shape: &[usize],
        targets: &[Target],
    ) -> bool {
        // SAFETY: the caller says so of the targets.
        self.error.is_none()
            && native::mode().has_code()
            && unsafe { machine::run_rows_into(self, inputs, shape, targets) }
    }

    /// The element types of the inputs.
    pub fn inputs(&self) -> &[DType] {
        &self.inputs
    }

    /// The element types of the outputs.
    pub fn outputs(&self) -> &[DType] {
        &self.outputs
    }
}

/// One line for each instruction, and one for the outputs.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (dtype, definition)) in self.values.iter().enumerate() {
            match definition {
                Definition::Input(n) => writeln!(f, "r{i}:{dtype:?} = input {n}")?,
                Definition::Constant(n) => {
                    let bytes = self.constants[*n].bytes().unwrap_or_default();
                    writeln!(f, "r{i}:{dtype:?} = constant {bytes:02x?}")?;
                }
                Definition::Op(op, operands) => {
                    writeln!(f, "r{i}:{dtype:?} = {op:?} {operands:?}")?;
                }
            }
        }
        write!(f, "outputs {:?}", self.results)
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What defines a register.
pub(crate) enum Definition {
    Input(usize),
    Constant(usize),
    Op(ScalarOp, SmallVec<[Reg; 3]>),
}

/// Collects the operations of a program.
#[derive(Default)]
pub struct ProgramBuilder {
    inputs: Vec<DType>,
    constants: Vec<Tensor>,
    values: Vec<(DType, Definition)>,
}

impl ProgramBuilder {
    /// An empty program.
    pub fn new() -> ProgramBuilder {
        ProgramBuilder::default()
    }

    fn define(&mut self, dtype: DType, definition: Definition) -> Reg {
        self.values.push((dtype, definition));
        Reg(self.values.len() as u32 - 1)
    }

    /// The next input.
    pub fn input(&mut self, dtype: DType) -> Reg {
        self.inputs.push(dtype);
        self.define(dtype, Definition::Input(self.inputs.len() - 1))
    }

    /// The value of a tensor of rank 0.
    ///
    /// # Panics
    /// If the tensor has axes.
    pub fn constant(&mut self, value: &Tensor) -> Reg {
        assert_eq!(value.rank(), 0, "constants of a tile program have rank 0");
        self.constants.push(value.clone());
        self.define(value.dtype(), Definition::Constant(self.constants.len() - 1))
    }

    /// The result of an operation. Where it is not defined for the operands, running the program
    /// is an error.
    ///
    /// # Panics
    /// If the number of operands is not the arity of the operation.
    pub fn op(&mut self, op: ScalarOp, operands: &[Reg]) -> Reg {
        assert_eq!(operands.len(), op.arity(), "operands of {}", op.name());
        let dtypes: SmallVec<[DType; 3]> = operands.iter().map(|&reg| self.dtype(reg)).collect();
        self.define(op.result(&dtypes), Definition::Op(op, operands.into()))
    }

    /// The element type of a register.
    pub fn dtype(&self, reg: Reg) -> DType {
        self.values[reg.0 as usize].0
    }

    /// The program that computes the given registers.
    pub fn finish(mut self, outputs: &[Reg]) -> Program {
        let same = bounds::same(&self.values, &self.constants);
        for (_, definition) in &mut self.values {
            if let Definition::Op(_, operands) = definition {
                operands.iter_mut().for_each(|operand| *operand = same[operand.0 as usize]);
            }
        }
        let outputs: Vec<Reg> = outputs.iter().map(|output| same[output.0 as usize]).collect();
        let outputs = self.distinct(&outputs);
        let needed = self.needed(&outputs);
        let mut error = None;
        let mut instructions = Vec::new();
        let mut widest = 1;
        // Of those, tiles are filled even where no output needs them.
        let constants = self.constants.iter().map(Tensor::dtype);
        for dtype in self.inputs.iter().copied().chain(constants) {
            widest = widest.max(dtype.size());
        }

        let last_use = self.last_uses(&needed);
        let mut places: Vec<Option<Place>> = vec![None; self.values.len()];
        for (i, &output) in outputs.iter().enumerate() {
            places[output.0 as usize] = Some(Place::Output(i));
        }
        let mut free: Vec<usize> = Vec::new();
        let mut slots = 0;
        for (i, (dtype, definition)) in self.values.iter().enumerate() {
            if !needed[i] {
                continue;
            }
            widest = widest.max(dtype.size());
            let (op, operands) = match definition {
                Definition::Input(n) => {
                    places[i] = Some(Place::Input(*n));
                    continue;
                }
                Definition::Constant(n) => {
                    places[i] = Some(Place::Constant(*n));
                    continue;
                }
                Definition::Op(op, operands) => (*op, operands),
            };
            let dtypes: SmallVec<[DType; 3]> = operands.iter().map(|&r| self.dtype(r)).collect();
            let Some(kernel) = find(op, &dtypes) else {
                error = Some(Error::DType { operation: op.name(), dtype: op.key(&dtypes) });
                break;
            };
            // The target is chosen before the operands are freed: a kernel never writes to a
            // tile that it reads.
            let target = places[i].unwrap_or_else(|| {
                Place::Slot(free.pop().unwrap_or_else(|| {
                    slots += 1;
                    slots - 1
                }))
            });
            places[i] = Some(target);
            let place = |r: &Reg| places[r.0 as usize].expect("defined before use");
            let operand_places =
                operands.iter().map(|r| (place(r), self.dtype(*r).size())).collect();
            for &Reg(operand) in operands {
                if last_use[operand as usize] == i
                    && let Some(Place::Slot(slot)) = places[operand as usize]
                    && !free.contains(&slot)
                {
                    free.push(slot);
                }
            }
            instructions.push(Instruction {
                op,
                kernel,
                operands: operand_places,
                target,
                size: dtype.size(),
            });
        }
        let outputs_of = outputs.iter().map(|&reg| self.dtype(reg));
        let moved: usize = self.inputs.iter().copied().chain(outputs_of).map(DType::size).sum();
        let cost: Cost = instructions.iter().map(|instruction| instruction.op.cost()).sum();
        Program {
            part: (cost + Cost::bytes(moved)).items_of_part(),
            outputs: outputs.iter().map(|&reg| self.dtype(reg)).collect(),
            inputs: self.inputs,
            constants: self.constants,
            instructions,
            slots,
            widest,
            error,
            values: self.values,
            results: outputs,
            codes: Codes::default(),
        }
    }

    /// The outputs as distinct results of operations: copies stand for what is not.
    fn distinct(&mut self, outputs: &[Reg]) -> Vec<Reg> {
        let mut distinct: Vec<Reg> = Vec::with_capacity(outputs.len());
        for &output in outputs {
            let own = matches!(self.values[output.0 as usize].1, Definition::Op(..))
                && !distinct.contains(&output);
            distinct.push(if own { output } else { self.op(ScalarOp::Copy, &[output]) });
        }
        distinct
    }

    /// Which values the outputs depend on.
    fn needed(&self, outputs: &[Reg]) -> Vec<bool> {
        let mut needed = vec![false; self.values.len()];
        for output in outputs {
            needed[output.0 as usize] = true;
        }
        for i in (0..self.values.len()).rev() {
            if let (true, (_, Definition::Op(_, operands))) = (needed[i], &self.values[i]) {
                for operand in operands {
                    needed[operand.0 as usize] = true;
                }
            }
        }
        needed
    }

    /// The last needed value that is computed from each value.
    fn last_uses(&self, needed: &[bool]) -> Vec<usize> {
        let mut last = vec![usize::MAX; self.values.len()];
        for (i, (_, definition)) in self.values.iter().enumerate() {
            if let (true, Definition::Op(_, operands)) = (needed[i], definition) {
                for operand in operands {
                    last[operand.0 as usize] = i;
                }
            }
        }
        last
    }
}

/// The kernel for operands of the given types.
pub(crate) fn find(op: ScalarOp, dtypes: &[DType]) -> Option<&'static dyn Kernel> {
    let key = op.key(dtypes);
    let uniform = match op {
        ScalarOp::Select => dtypes[0] == DType::Bool && dtypes[2] == key,
        _ => dtypes.iter().all(|&dtype| dtype == key),
    };
    if uniform { table::find(op, key) } else { None }
}

/// One operation on tensors of rank 0: what [`Program::run`] gives, without building a program.
pub fn scalar(op: ScalarOp, operands: &[&Tensor]) -> Result<Tensor> {
    let undefined = |dtype| Err(Error::DType { operation: op.name(), dtype });
    if operands.len() != op.arity() {
        return undefined(DType::Float0);
    }
    let key = operands[(op == ScalarOp::Select) as usize].dtype();
    let Some(kernel) = table::find(op, key) else { return undefined(key) };
    let result = op.result_of(key);
    let mut out = Element([0; 2]);
    let target = &mut bytemuck::bytes_of_mut(&mut out)[..result.size()];
    match *operands {
        [x] => kernel.run(op, &[x.buffer_bytes()], target),
        [x, y] => {
            if y.dtype() != key {
                return undefined(y.dtype());
            }
            kernel.run(op, &[x.buffer_bytes(), y.buffer_bytes()], target);
        }
        [x, y, z] => {
            let first = if op == ScalarOp::Select { DType::Bool } else { key };
            if x.dtype() != first || y.dtype() != key || z.dtype() != key {
                return undefined(z.dtype());
            }
            kernel.run(op, &[x.buffer_bytes(), y.buffer_bytes(), z.buffer_bytes()], target);
        }
        _ => return undefined(key),
    }
    Ok(out.tensor(result))
}

/// The sum, difference, product or quotient of two tensors of rank 0, as [`scalar`] gives it, for
/// the types and operations that are most common; none for any other.
#[inline]
pub fn arithmetic(op: ScalarOp, x: &Tensor, y: &Tensor) -> Option<Tensor> {
    macro_rules! real {
        ($T:ty) => {{
            let (x, y) = (x.item::<$T>()?, y.item::<$T>()?);
            Tensor::scalar(match op {
                ScalarOp::Add => x + y,
                ScalarOp::Sub => x - y,
                ScalarOp::Mul => x * y,
                ScalarOp::Div => x / y,
                _ => return None,
            })
        }};
    }
    macro_rules! whole {
        ($T:ty) => {{
            let (x, y) = (x.item::<$T>()?, y.item::<$T>()?);
            Tensor::scalar(match op {
                ScalarOp::Add => x.wrapping_add(y),
                ScalarOp::Sub => x.wrapping_sub(y),
                ScalarOp::Mul => x.wrapping_mul(y),
                _ => return None,
            })
        }};
    }
    if x.rank() + y.rank() > 0 {
        return None;
    }
    Some(match x.dtype() {
        DType::F32 => real!(f32),
        DType::F64 => real!(f64),
        DType::I32 => whole!(i32),
        DType::I64 => whole!(i64),
        DType::U32 => whole!(u32),
        DType::U64 => whole!(u64),
        _ => return None,
    })
}

/// Room for one element of any type, which starts at the lowest byte.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(16))]
pub(super) struct Element(pub(super) [u64; 2]);

impl Element {
    /// The element as a tensor.
    #[inline(always)]
    pub(super) fn tensor(&self, dtype: DType) -> Tensor {
        Tensor::scalar_in(dtype, bytemuck::cast(*self))
    }
}
