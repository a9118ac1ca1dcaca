//! Control flow and host functions: kernels whose work is another plan, or the caller's code.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use super::Plan;
use crate::dtype::{Bool, DType};
use crate::error::{HostError, Result};
use crate::kernels::structural::Concatenate;
use crate::kernels::{Kernel, Tensors};
use crate::layout::Shape;
use crate::tensor::Tensor;

/// Runs the branch whose number the first input holds, clamped to those there are.
#[derive(Debug)]
pub struct Cond {
    /// The branches; all take the remaining inputs.
    pub branches: Vec<Arc<Plan>>,
}

impl Kernel for Cond {
    fn name(&self) -> &'static str {
        "cond"
    }

    fn run(&self, mut inputs: Tensors) -> Result<Tensors> {
        let which = inputs.remove(0);
        let which = which.item::<i32>().expect("the index of a branch is an i32 scalar");
        let last = self.branches.len() as i32 - 1;
        self.branches[which.clamp(0, last) as usize].run(inputs)
    }
}

/// Repeats `body` while `cond` holds.
///
/// Inputs: constants of `cond`, constants of `body`, carry. Outputs: carry. The body may return
/// more than the carry; with `record`, each further value is collected in a stack, one entry an
/// iteration, and the stacks follow the carry in the outputs.
#[derive(Debug)]
pub struct While {
    /// From its constants and the carry to a bool scalar.
    pub cond: Arc<Plan>,
    /// From its constants and the carry to the next carry.
    pub body: Arc<Plan>,
    /// How many of the inputs are constants of `cond`.
    pub cond_consts: usize,
    /// How many are constants of `body`.
    pub body_consts: usize,
    /// How many values beyond the carry are collected.
    pub record: usize,
}

impl Kernel for While {
    fn name(&self) -> &'static str {
        "while"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let mut inputs = inputs.into_iter();
        let cond_consts: Tensors = inputs.by_ref().take(self.cond_consts).collect();
        let body_consts: Tensors = inputs.by_ref().take(self.body_consts).collect();
        let mut carry: Tensors = inputs.collect();
        let mut stacks: SmallVec<[Vec<Tensor>; 4]> = SmallVec::new();
        stacks.resize(self.record, Vec::new());
        loop {
            let holds = self.cond.run(cond_consts.iter().chain(&carry).cloned().collect())?;
            if !bool::from(holds[0].item::<Bool>().expect("a condition is a bool scalar")) {
                break;
            }
            let size = carry.len();
            let operands = body_consts.iter().cloned().chain(carry).collect();
            let mut results = self.body.run(operands)?;
            for (stack, value) in stacks.iter_mut().zip(results.drain(size..)) {
                stack.push(value);
            }
            carry = results;
        }
        carry.extend(stacks.into_iter().map(Tensor::stack));
        Ok(carry)
    }
}

/// How often a scan runs its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScanLength {
    /// This often; what is scanned are arrays with a leading axis of this size, or stacks with
    /// as many entries, where these are stacks themselves.
    Fixed(usize),
    /// As often as the scanned stacks have entries; all scanned and collected values are stacks.
    /// The first scanned input gives the length.
    Stacks,
}

/// Runs `body` over the leading axis of arrays, or over the entries of stacks.
///
/// Inputs: constants, carry, scanned. Outputs: carry, collected.
#[derive(Debug)]
pub struct Scan {
    /// From constants, carry and one entry of each scanned input to the next carry and one entry
    /// of each collected output.
    pub body: Arc<Plan>,
    /// How many of the inputs are constants.
    pub consts: usize,
    /// How many are the carry.
    pub carry: usize,
    /// How often the body runs.
    pub length: ScanLength,
    /// Whether to go from the last entry to the first.
    pub reverse: bool,
    /// Shape and type of one entry of each collected output.
    pub collected: Vec<(Shape, DType)>,
}

impl Kernel for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let mut inputs = inputs.into_iter();
        let consts: Tensors = inputs.by_ref().take(self.consts).collect();
        let mut carry: Tensors = inputs.by_ref().take(self.carry).collect();
        let scanned: Tensors = inputs.collect();
        let length = match self.length {
            ScanLength::Fixed(length) => length,
            ScanLength::Stacks => scanned
                .first()
                .and_then(Tensor::stack_entries)
                .expect("a scan over stacks has a stack to scan")
                .len(),
        };
        let mut collected: SmallVec<[Vec<Tensor>; 4]> = SmallVec::new();
        collected.resize(self.collected.len(), Vec::new());
        for step in 0..length {
            let at = if self.reverse { length - 1 - step } else { step };
            let mut operands: Tensors = consts.clone();
            operands.extend(carry.drain(..));
            for x in &scanned {
                operands.push(match x.stack_entries() {
                    Some(entries) => entries[at].clone(),
                    None => x.index(0, at)?,
                });
            }
            let mut results = self.body.run(operands)?;
            for (list, value) in collected.iter_mut().zip(results.drain(self.carry..)) {
                list.push(value);
            }
            carry = results;
        }
        for (mut list, (shape, dtype)) in collected.into_iter().zip(&self.collected) {
            if self.reverse {
                list.reverse();
            }
            carry.push(match self.length {
                ScanLength::Stacks => Tensor::stack(list),
                ScanLength::Fixed(_) => stacked(list, shape, *dtype)?,
            });
        }
        Ok(carry)
    }
}

/// Entries of one shape along a new leading axis; stacks, on a stack.
fn stacked(entries: Vec<Tensor>, shape: &[usize], dtype: DType) -> Result<Tensor> {
    if dtype == DType::Stack {
        return Ok(Tensor::stack(entries));
    }
    let mut row: Shape = SmallVec::from_slice(&[1]);
    row.extend_from_slice(shape);
    if entries.is_empty() {
        row[0] = 0;
        return Tensor::zeros(dtype, &row);
    }
    let rows = entries.iter().map(|entry| entry.reshape(&row)).collect::<Result<Tensors>>()?;
    Ok(Concatenate { axis: 0 }.run(rows)?.remove(0))
}

/// A function of the host program.
pub type HostFn = dyn Fn(Tensors) -> std::result::Result<Tensors, HostError> + Send + Sync;

/// Calls a function of the host program.
#[derive(Clone)]
pub struct Host {
    /// What to show for it.
    pub name: &'static str,
    /// The function.
    pub function: Arc<HostFn>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({})", self.name)
    }
}

impl Kernel for Host {
    fn name(&self) -> &'static str {
        "host"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        (self.function)(inputs).map_err(crate::error::Error::Host)
    }
}

/// Runs another plan as one step.
#[derive(Debug)]
pub struct Call(pub Arc<Plan>);

impl Kernel for Call {
    fn name(&self) -> &'static str {
        "call"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        self.0.run(inputs)
    }
}
