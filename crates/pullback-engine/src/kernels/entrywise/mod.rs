//! Plans that compute every entry along leading axes from the same entry of their inputs alone.
//!
//! Step after step such a plan would pass over memory for each. Where there is code, it goes entry
//! by entry. Entries of a few elements are what `vmap` makes of a function of a few numbers: slices,
//! products, sums and paddings; a lane computes an entry, whose elements are values in registers
//! (`lanes`). Longer entries are rows that are reduced and normalised: code goes over a row again
//! and again while it is in the nearest cache (`rows`). Where there is no code, the steps run. The
//! results are the same.

mod lanes;
mod rows;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError};

use smallvec::SmallVec;

use super::reduce::ReduceOp;
use super::{Form, Kernel, Tensors};
use crate::cost::{Cost, Spent, TensorType, TensorTypes};
use crate::error::Result;
use crate::layout::{self, Shape, Strides};
use crate::native::{self, EntryCode, Mode, Reach, RowCode};
use crate::plan::Plan;
use crate::sync::Mutex;
use crate::tensor::Tensor;

/// A plan, and what it is for one entry.
pub struct Entrywise {
    /// Computes all entries.
    pub whole: Plan,
    /// Computes one: all leading axes have size 1. What is reduced over leading axes is not yet.
    pub entry: Plan,
    /// The leading axes. Those of inputs have these sizes, or 1; inputs of rank 0 stand for all.
    pub lead: Shape,
    /// If entries are rows of elements that are reduced, how many elements these have: then all
    /// entries have as many, or one.
    pub row: Option<usize>,
    /// For each result how it is reduced over the last `reduced` of the leading axes, if it is.
    pub folds: Vec<Option<ReduceOp>>,
    /// How many leading axes are reduced; none if entries are rows.
    pub reduced: usize,
    /// How long a run takes without code, and making the code.
    seconds: [f64; 2],
    lanes: Codes<(SmallVec<[Reach; 8]>, bool), EntryCode>,
    rows: Codes<SmallVec<[Reach; 8]>, RowCode>,
}

impl Entrywise {
    /// A kernel without code yet.
    pub fn new(
        [whole, entry]: [Plan; 2],
        lead: Shape,
        row: Option<usize>,
        folds: Vec<Option<ReduceOp>>,
        reduced: usize,
    ) -> Entrywise {
        let (lanes, rows) = (Codes::default(), Codes::default());
        // A row of elements is computed by a loop, and so has the code of one element.
        let elements = row.unwrap_or(1) as f64;
        let seconds = [whole.interpreted(), (entry.cost() * (1.0 / elements)).compiling()];
        Entrywise { whole, entry, lead, row, folds, reduced, seconds, lanes, rows }
    }
}

impl std::fmt::Debug for Entrywise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plan = self.entry.to_string().replace('\n', "\n      ");
        write!(f, "entrywise{:?} {:?} {{ {plan} }}", &self.lead[..], self.folds)
    }
}

impl Kernel for Entrywise {
    fn name(&self) -> &'static str {
        "entrywise"
    }

    fn form(&self) -> Form<'_> {
        Form::Plan(&self.whole)
    }

    fn cost(&self, _: &[TensorType], _: &[TensorType]) -> Cost {
        Cost { bytes: 0.0, ..self.whole.cost() }
    }

    fn infer(&self, _: &[TensorType]) -> Option<TensorTypes> {
        self.whole.output_types()
    }

    fn code_bytes(&self) -> usize {
        let lanes = self.lanes.sum(EntryCode::bytes);
        lanes + self.rows.sum(RowCode::bytes) + self.whole.code_bytes()
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        match self.run_code(&inputs)? {
            Some(results) => Ok(results),
            None => self.whole.run(inputs),
        }
    }
}

/// What has been compiled, by what it was compiled for.
struct Codes<K, C>(Mutex<Vec<(K, State<C>)>>);

enum State<C> {
    /// There was no code so far.
    Waiting(Spent),
    Compiled(Arc<C>),
    /// There is no code.
    Impossible,
}

impl<K, C> Default for Codes<K, C> {
    fn default() -> Codes<K, C> {
        Codes(Mutex::default())
    }
}

impl<K, C> Codes<K, C> {
    /// The sum of something over all code that there is.
    fn sum(&self, of: impl Fn(&C) -> usize) -> usize {
        let codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let each = codes.iter().map(|(_, state)| match state {
            State::Compiled(code) => of(code),
            _ => 0,
        });
        each.sum()
    }
}

impl<K: PartialEq, C> Codes<K, C> {
    /// The code for a key, if there is one, and compiling it has paid: how long a run takes
    /// without, and compiling.
    fn get(
        &self,
        key: K,
        [seconds, compiling]: [f64; 2],
        compile: impl FnOnce(&K) -> Option<C>,
    ) -> Option<Arc<C>> {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = codes.iter().position(|(other, _)| *other == key);
        let at = known.unwrap_or_else(|| {
            codes.push((key, State::Waiting(Spent::default())));
            codes.len() - 1
        });
        let (key, state) = &mut codes[at];
        if let State::Waiting(spent) = state {
            if !spent.pays(seconds, compiling) && native::mode() == Mode::Auto {
                return None;
            }
            let code = compile(key);
            *state = code.map_or(State::Impossible, |code| State::Compiled(Arc::new(code)));
        }
        match state {
            State::Compiled(code) => Some(code.clone()),
            _ => None,
        }
    }
}

/// An input, and how its entries are walked.
struct Source {
    x: Tensor,
    /// The shape of an entry, without leading axes.
    entry: Shape,
    /// Steps along the leading axes, in elements.
    steps: Strides,
}

/// How entries are walked: the axes that all inputs can take as one are one.
struct Walk {
    sizes: Shape,
    /// Steps along those axes, for each input.
    steps: Vec<Strides>,
}

impl Entrywise {
    /// The results by code; none if there is none for these inputs, or it failed.
    fn run_code(&self, inputs: &Tensors) -> Result<Option<Tensors>> {
        if layout::count(&self.lead) == 0 || !native::mode().has_code() {
            return Ok(None);
        }
        let sources = inputs.iter().map(|input| self.source(input)).collect::<Result<Vec<_>>>()?;
        match self.row {
            Some(length) => self.run_rows(&sources, length),
            None => self.run_lanes(&sources),
        }
    }

    /// How the entries of an input lie: those that code cannot read are copied.
    fn source(&self, input: &Tensor) -> Result<Source> {
        let rank = self.lead.len();
        if input.rank() == 0 {
            let steps = Strides::from_elem(0, rank);
            return Ok(Source { x: input.clone(), entry: Shape::new(), steps });
        }
        let shape = input.shape();
        let entry = Shape::from(&shape[rank..]);
        let width = layout::count(&entry) as isize;
        let steps_of = |x: &Tensor| -> Strides {
            let strides = x.layout().strides;
            let sizes = shape[..rank].iter().zip(&strides);
            sizes.map(|(&size, &stride)| if size == 1 { 0 } else { stride }).collect()
        };
        let steps = steps_of(input);
        let row_major = layout::row_major(&entry);
        let own = &input.layout().strides[rank..];
        let is_packed =
            (0..entry.len()).all(|axis| entry[axis] == 1 || own[axis] == row_major[axis]);
        // Of short entries, the next begins where one ends.
        let last = (0..rank).rev().find(|&axis| shape[axis] != 1);
        let follows =
            self.row.is_some() || last.is_none_or(|axis| steps[axis] == 0 || steps[axis] == width);
        if is_packed && follows && steps.iter().all(|&step| step >= 0) {
            return Ok(Source { x: input.clone(), entry, steps });
        }
        // Axes along which all entries are the same stay so.
        let limit: Shape = shape
            .iter()
            .enumerate()
            .map(|(axis, &size)| if axis < rank && steps[axis] == 0 { size.min(1) } else { size })
            .collect();
        let zeros = Shape::from_elem(0, shape.len());
        let ones = Shape::from_elem(1, shape.len());
        let copy = input.slice(&zeros, &limit, &ones)?.contiguous()?;
        let x = copy.broadcast(shape, &(0..shape.len()).collect::<Shape>())?;
        let steps = steps_of(&x);
        Ok(Source { x, entry, steps })
    }

    /// The walk over entries that takes as many axes as one as possible.
    fn walk(&self, sources: &[Source]) -> Walk {
        merge(&self.lead, sources.iter().map(|source| source.steps.clone()).collect())
    }

    /// The type of an input, the shape of an entry of it, and how entries lie.
    fn entry_of(&self, source: &Source, reach: Reach) -> (crate::DType, Shape, Reach) {
        let shape = match source.x.rank() {
            0 => Shape::new(),
            _ => std::iter::repeat_n(1, self.lead.len()).chain(source.entry.clone()).collect(),
        };
        (source.x.dtype(), shape, reach)
    }
}

/// Neighbouring axes as one, as far as all inputs can take them so.
fn merge(shape: &[usize], mut steps: Vec<Strides>) -> Walk {
    let sizes = layout::merge_axes(shape, &mut steps.iter_mut().collect::<Vec<_>>());
    Walk { sizes, steps }
}

impl Walk {
    /// The position of an entry along all axes but the last, which are counted as one, of an input.
    fn start(&self, source: &Source, steps: &Strides, mut index: usize) -> usize {
        let mut at = source.x.layout().offset as isize;
        for axis in (0..self.sizes.len() - 1).rev() {
            at += (index % self.sizes[axis]) as isize * steps[axis];
            index /= self.sizes[axis];
        }
        at as usize
    }
}
