//! Control flow and host functions: kernels whose work is another plan, or the caller's code.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use smallvec::SmallVec;

use super::Plan;
use crate::cost::{Cost, STEP, TensorType};
use crate::dtype::{Bool, DType};
use crate::error::{HostError, Result};
use crate::interrupt;
use crate::kernels::structural::Concatenate;
use crate::kernels::{Kernel, Tensors};
use crate::layout::Shape;
use crate::native::{self, LoopCode, Mode, compile_scan, compile_while};
use crate::sync::OnceLock;
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

    /// That of the branch that costs most.
    fn cost(&self, _: &[TensorType], _: &[TensorType]) -> Cost {
        self.branches.iter().map(|branch| branch.cost()).fold(Cost::default(), Cost::max)
    }

    fn plans(&self) -> Vec<(String, &Plan)> {
        let branches = self.branches.iter().enumerate();
        branches.map(|(n, branch)| (format!("branch {n}"), &**branch)).collect()
    }

    fn code_bytes(&self) -> usize {
        self.branches.iter().map(|branch| branch.code_bytes()).sum()
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
    /// What has been compiled of it.
    pub code: LoopCodes,
}

/// The code of a loop, once it has run for a while.
#[derive(Default)]
pub struct LoopCodes {
    /// Iterations that were done without code.
    iterated: AtomicUsize,
    /// Iterations from which on making code pays.
    pays_after: OnceLock<usize>,
    code: OnceLock<Option<LoopCode>>,
}

impl fmt::Debug for LoopCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoopCodes")
    }
}

/// Iterations of code between two looks at whether to stop.
const BETWEEN_CHECKS: usize = 1 << 20;

impl LoopCodes {
    /// The bytes of the code that there is.
    fn bytes(&self) -> usize {
        self.code.get().and_then(Option::as_ref).map_or(0, LoopCode::bytes)
    }

    /// Whether it is known if there is code.
    fn is_settled(&self) -> bool {
        self.code.get().is_some()
    }

    /// The code of the loop, if there can be and compiling it pays for so many more iterations of
    /// some plans.
    fn get(
        &self,
        more: usize,
        plans: &[&Plan],
        compile: impl FnOnce() -> Option<LoopCode>,
    ) -> Option<&LoopCode> {
        let mode = native::mode();
        if !mode.has_code() {
            return None;
        }
        let done = self.iterated.fetch_add(more, Ordering::Relaxed).saturating_add(more);
        let pays_after = || {
            let seconds: f64 = plans.iter().map(|plan| plan.interpreted()).sum();
            let cost: Cost = plans.iter().map(|plan| plan.cost()).sum();
            (cost.compiling() / seconds.max(STEP)) as usize
        };
        if self.code.get().is_none()
            && mode == Mode::Auto
            && done < *self.pays_after.get_or_init(pays_after)
        {
            return None;
        }
        self.code.get_or_init(compile).as_ref()
    }
}

impl Kernel for While {
    fn name(&self) -> &'static str {
        "while"
    }

    /// That of one iteration: how many there are is not known.
    fn cost(&self, _: &[TensorType], _: &[TensorType]) -> Cost {
        self.cond.cost() + self.body.cost()
    }

    fn plans(&self) -> Vec<(String, &Plan)> {
        vec![("condition".into(), &self.cond), ("body".into(), &self.body)]
    }

    fn code_bytes(&self) -> usize {
        self.code.bytes() + self.cond.code_bytes() + self.body.code_bytes()
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let mut inputs = inputs.into_iter();
        let cond_consts: Tensors = inputs.by_ref().take(self.cond_consts).collect();
        let body_consts: Tensors = inputs.by_ref().take(self.body_consts).collect();
        let mut carry: Tensors = inputs.collect();
        let mut stacks: SmallVec<[Vec<Tensor>; 4]> = SmallVec::new();
        stacks.resize(self.record, Vec::new());
        let mut may_run_code = self.record == 0;
        loop {
            if may_run_code {
                if let Some(carry) = self.run_code(&cond_consts, &body_consts, &carry)? {
                    return Ok(carry);
                }
                // What failed once would fail again.
                may_run_code = !self.code.is_settled();
            }
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

impl While {
    /// What is carried after all further iterations, by code; none if there is none, or not yet.
    fn run_code(
        &self,
        cond_consts: &Tensors,
        body_consts: &Tensors,
        carry: &Tensors,
    ) -> Result<Option<Tensors>> {
        let compile = || compile_while(&self.cond, &self.body, [cond_consts, body_consts], carry);
        let Some(code) = self.code.get(1, &[&self.cond, &self.body], compile) else {
            return Ok(None);
        };
        let consts: Tensors = cond_consts.iter().chain(body_consts).cloned().collect();
        let mut carry: Vec<Tensor> = carry.to_vec();
        loop {
            let Some(iterated) = code.run(&consts, &carry, &[], BETWEEN_CHECKS)? else {
                return Ok(None);
            };
            carry = iterated.carry;
            if iterated.left > 0 {
                return Ok(Some(carry.into()));
            }
            interrupt::poll()?;
        }
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
    /// What has been compiled of it.
    pub code: LoopCodes,
}

impl Kernel for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    /// That of all iterations, or of one where their number is not known.
    fn cost(&self, _: &[TensorType], _: &[TensorType]) -> Cost {
        let times = match self.length {
            ScanLength::Fixed(length) => length,
            ScanLength::Stacks => 1,
        };
        self.body.cost() * times as f64
    }

    fn plans(&self) -> Vec<(String, &Plan)> {
        let times = match self.length {
            ScanLength::Fixed(length) => format!("body, {length} times"),
            ScanLength::Stacks => "body".into(),
        };
        vec![(times, &self.body)]
    }

    fn code_bytes(&self) -> usize {
        self.code.bytes() + self.body.code_bytes()
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
        if let ScanLength::Fixed(length) = self.length
            && let Some(results) = self.run_code(&consts, &carry, &scanned, length)?
        {
            return Ok(results);
        }
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

impl Scan {
    /// The results by code; none if there is none, or not yet.
    fn run_code(
        &self,
        consts: &Tensors,
        carry: &Tensors,
        scanned: &Tensors,
        length: usize,
    ) -> Result<Option<Tensors>> {
        let compile = || compile_scan(&self.body, [consts, carry, scanned], self.reverse);
        let Some(code) = self.code.get(length, &[&self.body], compile) else { return Ok(None) };
        // Entries are numbered from the first, so a long loop is not cut in parts.
        let Some(iterated) = code.run(consts, carry, scanned, length)? else { return Ok(None) };
        let mut results: Tensors = iterated.carry.into();
        results.extend(iterated.collected);
        Ok(Some(results))
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

    fn cost(&self, _: &[TensorType], _: &[TensorType]) -> Cost {
        self.0.cost()
    }

    fn plans(&self) -> Vec<(String, &Plan)> {
        vec![("plan".into(), &self.0)]
    }

    fn code_bytes(&self) -> usize {
        self.0.code_bytes()
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        self.0.run(inputs)
    }
}
