//! Plans that compute every entry along leading axes from the entries of their inputs alone, as
//! one function: a lane has an entry, whose few elements are values of their own.

use smallvec::SmallVec;

use super::code::is_available;
use super::emit::{self, List};
use super::ir::{Element, Kernel, Node, Place};
use super::lower::{bits, element, folded};
use super::memory::Executable;
use super::record::{add, record};
use super::unrolled::{Known, Unroll, Value, unrolled};
use super::{Reach, Target};
use crate::dtype::DType;
use crate::kernels::reduce::ReduceOp;
use crate::layout::{self, Shape};
use crate::plan::Plan;
use crate::tensor::Tensor;

/// An input of a call.
pub(crate) struct Entries<'a> {
    /// The elements, from those of the first entry on.
    pub bytes: &'a [u8],
    /// Bytes from row to row of entries.
    pub stride: usize,
}

/// What is to be compiled.
pub(crate) struct EntryPlan<'a> {
    /// Computes one entry: the leading axes have size 1.
    pub plan: &'a Plan,
    /// The type and the shape of each input, and how its entries lie.
    pub inputs: &'a [(DType, Shape, Reach)],
    /// How the results are reduced along rows of entries, those that are.
    pub folds: &'a [Option<ReduceOp>],
    /// Whether the elements of results that are reduced are written, each for itself, and not
    /// accumulated.
    pub by_columns: bool,
    /// How many leading axes there are.
    pub lead: usize,
}

/// A compiled plan.
pub(crate) struct EntryCode {
    executable: Executable,
    list: List,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    /// The number of steps.
    pub steps: usize,
}

/// A result.
struct Output {
    dtype: DType,
    /// The shape of an entry, without leading axes.
    entry: Shape,
    written: Written,
}

struct Input {
    dtype: DType,
    reach: Reach,
    /// Elements of an entry.
    width: usize,
    /// Where in the list its address is, or its scalars are.
    argument: usize,
}

/// How a result is written, and to which address in the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    /// Entry after entry.
    Entries(usize),
    /// Each element of all entries for itself.
    Columns(usize),
    /// A number for each row of entries and each element.
    Sums(usize),
}

/// The most elements from entry to entry.
const WIDEST: usize = u8::MAX as usize;

impl EntryCode {
    /// The bytes of the code.
    pub fn bytes(&self) -> usize {
        self.executable.bytes()
    }

    /// The code of a plan, if all its steps have code.
    pub fn compile(entry: &EntryPlan) -> Option<EntryCode> {
        if !is_available() {
            return None;
        }
        let mut arguments = 0;
        let mut inputs = vec![];
        for (dtype, shape, reach) in entry.inputs {
            let width = layout::count(shape);
            let element = element(*dtype)?;
            // Truth values are neither gathered nor read one for a row.
            let is_possible = element != Element::Bool
                || *reach == Reach::All
                || *reach == Reach::Entry && width == 1;
            if !(1..=WIDEST).contains(&width) || !is_possible {
                return None;
            }
            let argument = arguments;
            arguments += if *reach == Reach::Entry { 1 } else { width };
            inputs.push(Input { dtype: *dtype, reach: *reach, width, argument });
        }
        let mut places: Vec<Place> = vec![];
        for input in &inputs {
            match input.reach {
                Reach::Entry => places.push(place(input.argument, 0, input.width, input.dtype)),
                _ => places
                    .extend((0..input.width).map(|n| Place::in_list(input.argument + n))),
            }
        }
        let mut values = vec![];
        let (graph, recorded) = record(|| {
            for (input, (dtype, shape, _)) in inputs.iter().zip(entry.inputs) {
                let element = element(*dtype)?;
                let part = |n: usize| {
                    let node = match (input.reach, n) {
                        (Reach::Entry, 0) => Node::Input(input.argument as u16, element),
                        (Reach::Entry, _) => {
                            places.push(place(input.argument, n, input.width, *dtype));
                            Node::Input(places.len() as u16 - 1, element)
                        }
                        _ => Node::Scalar((input.argument + n) as u16, element),
                    };
                    add(node, element.kind())
                };
                let parts = (0..input.width).map(part).collect();
                let value = Value { dtype: *dtype, shape: shape.clone(), parts, lanes: 1 };
                values.push(Known::Varying(value));
            }
            let mut constants = |_, tensor: &Tensor| constants_of(tensor);
            let mut unroll = Unroll { lanes: 1, rare: None, place: &mut constants };
            let (results, _) = unrolled(entry.plan, std::mem::take(&mut values), &mut unroll)?;
            let (mut outputs, mut accumulators, mut all) = (vec![], vec![], vec![]);
            for (n, result) in results.iter().enumerate() {
                let width = result.parts.len();
                let element = element(result.dtype)?;
                let fold = entry.folds.get(n).copied().flatten();
                let shape = result.shape.get(entry.lead..)?.into();
                let push =
                    |written| all.push(Output { dtype: result.dtype, entry: shape, written });
                if let Some(op) = fold.filter(|_| !entry.by_columns) {
                    push(Written::Sums(accumulators.len()));
                    for &part in &result.parts {
                        accumulators.push(folded(op, result.dtype, part, accumulators.len())?);
                    }
                    continue;
                }
                let first = arguments + outputs.len();
                let is_column = fold.is_some();
                push(if is_column { Written::Columns(first) } else { Written::Entries(first) });
                if width > WIDEST || element == Element::Bool && width > 1 && !is_column {
                    return None;
                }
                for (at, &part) in result.parts.iter().enumerate() {
                    let place = match is_column {
                        true => place(first + at, 0, 1, result.dtype),
                        false => place(first, at, width, result.dtype),
                    };
                    outputs.push((part, element, place));
                }
            }
            Some((outputs, accumulators, all, unroll.rare))
        });
        let (outputs, accumulators, mut all, rare) = recorded?;
        for output in &mut all {
            if let Written::Sums(at) = &mut output.written {
                *at += arguments + outputs.len();
            }
        }
        let per_row = inputs.iter().filter(|input| input.reach == Reach::Row);
        let kernel = Kernel {
            graph,
            inputs: places,
            arguments,
            outputs,
            rare: rare.map(|rare| rare.0),
            accumulators,
            per_row: per_row.flat_map(|input| input.argument..input.argument + input.width).collect(),
        };
        Some(EntryCode {
            executable: Executable::new(&emit::compile(&kernel)?)?,
            list: List::new(&kernel),
            inputs,
            outputs: all,
            steps: kernel.graph.nodes.len(),
        })
    }

    /// The results: type, the shape of an entry, and how they are written.
    pub fn outputs(&self) -> impl Iterator<Item = (DType, &Shape, Written)> {
        self.outputs.iter().map(|output| (output.dtype, &output.entry, output.written))
    }

    /// Computes rows of `length` entries. The targets are those of the results, in order: where
    /// the first row begins; for what is written by columns, and for sums, one an element.
    ///
    /// False if some results are not right.
    ///
    /// # Panics
    /// If there are not as many inputs and targets as the code was compiled for, or they are too
    /// short.
    ///
    /// # Safety
    /// The targets are memory that may be written, and that nothing else reads or writes
    /// meanwhile.
    pub unsafe fn run(
        &self,
        [rows, length]: [usize; 2],
        inputs: &[Entries],
        targets: &[Target],
    ) -> bool {
        assert_eq!(inputs.len(), self.inputs.len());
        if rows == 0 || length == 0 {
            return true;
        }
        let holds = |bytes: usize, stride: usize, row: usize| {
            let before = (rows - 1).checked_mul(stride);
            before.and_then(|before| before.checked_add(row)).is_some_and(|end| end <= bytes)
        };
        let mut list: SmallVec<[u64; 64]> = SmallVec::new();
        list.resize(self.list.size(), 0);
        list[self.list.rows()] = rows as u64;
        list[self.list.length()] = length as u64;
        for (given, input) in inputs.iter().zip(&self.inputs) {
            let Input { width, argument, .. } = *input;
            let size = input.dtype.size();
            let start = given.bytes.as_ptr();
            let entries = if input.reach == Reach::Entry { length } else { 1 };
            let stride = if input.reach == Reach::All { 0 } else { given.stride };
            assert!(holds(given.bytes.len(), stride, entries * width * size), "an input is too short");
            for n in 0..width {
                let at = argument + n;
                match input.reach {
                    Reach::Entry if n > 0 => break,
                    Reach::Entry => {
                        list[at] = start as u64;
                        list[self.list.stride(at)] = given.stride as u64;
                    }
                    Reach::Row => {
                        list[self.list.scalar(at)] = start.wrapping_add(n * size) as u64;
                        list[self.list.stride(at)] = given.stride as u64;
                    }
                    Reach::All => {
                        let element = &given.bytes[n * size..][..size];
                        list[at] = bits(&Tensor::scalar_from_bytes(input.dtype, element));
                    }
                }
            }
        }
        let mut targets = targets.iter();
        for (dtype, entry, written) in self.outputs() {
            let (size, width) = (dtype.size(), layout::count(entry));
            let (first, count, row) = match written {
                Written::Entries(first) => (first, 1, length * width * size),
                Written::Columns(first) => (first, width, length * size),
                Written::Sums(first) => (first, width, size),
            };
            for at in first..first + count {
                let target = targets.next().expect("a target for each result");
                assert!(holds(target.bytes, target.stride, row), "an output is too short");
                list[at] = target.start as u64;
                list[self.list.stride(at)] = target.stride as u64;
            }
        }
        assert!(targets.next().is_none(), "more targets than results");
        // SAFETY: the code is a function of this type, made by `emit`. It reads `length` entries
        // in each row at the address of each input, or one, and writes as many of each result, or
        // a number, all of which the slices and targets checked above have.
        unsafe {
            let run: extern "sysv64" fn(*mut u64) -> u64 =
                std::mem::transmute(self.executable.start());
            run(list.as_mut_ptr()) == 0
        }
    }
}

/// Where element `n` of entries of so many elements lies.
fn place(argument: usize, n: usize, width: usize, dtype: DType) -> Place {
    let offset = (n * dtype.size()) as i32;
    Place { offset, every: width as u8, ..Place::listed(argument) }
}

/// A tensor of constants.
fn constants_of(tensor: &Tensor) -> Option<Value> {
    let dtype = tensor.dtype();
    let element = element(dtype)?;
    let tensor = tensor.contiguous().ok()?;
    let parts = tensor.bytes()?.chunks_exact(dtype.size()).map(|bytes| {
        let bits = bits(&Tensor::scalar_from_bytes(dtype, bytes));
        add(Node::Constant(bits), element.kind())
    });
    Some(Value { dtype, shape: tensor.shape().into(), parts: parts.collect(), lanes: 1 })
}
