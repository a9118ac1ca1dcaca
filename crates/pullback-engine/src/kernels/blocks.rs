//! Plans that compute blocks of their results from the same blocks of their inputs alone.
//!
//! Step after step such a plan would pass over memory for each. Run block by block, what the steps
//! hand to each other stays in the cache of the thread that computes the block. Blocks are the
//! entries along leading axes, or some columns of the last axis; the results are the same.

use smallvec::SmallVec;

use super::parts::{Shared, try_for_each};
use super::{Form, Kernel, Tensors};
use crate::buffer::Buffer;
use crate::cost::{Cost, TensorType, TensorTypes};
use crate::error::Result;
use crate::layout::{self, Shape};
use crate::native::{self, Mode, Target};
use crate::plan::Plan;
use crate::tensor::Tensor;

/// What blocks are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cut {
    /// Entries along these leading axes. Inputs have them too, or size 1 instead, or rank 0.
    Leading(Shape),
    /// So many columns of all there are. Inputs whose last axis has another size are not cut.
    Columns {
        /// The size of the last axis.
        all: usize,
        /// How many a block has, but for the last, which may have fewer.
        some: usize,
    },
}

/// A plan, and what it is for one block.
#[derive(Debug)]
pub struct Blocks {
    /// Computes everything.
    pub whole: Plan,
    /// Computes one block.
    pub block: Plan,
    /// Computes the last block, if it has fewer columns than the others.
    pub last: Option<Plan>,
    /// What blocks are.
    pub cut: Cut,
}

impl Kernel for Blocks {
    fn name(&self) -> &'static str {
        "blocks"
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
        let last = self.last.as_ref().map_or(0, Plan::code_bytes);
        self.whole.code_bytes() + self.block.code_bytes() + last
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        // The oracle shares as little with the others as it can.
        let is_cut = self.cut.count() > 1 && native::mode() != Mode::Oracle;
        let (Some(types), true) = (self.whole.output_types(), is_cut) else {
            return self.whole.run(inputs);
        };
        let mut buffers: SmallVec<[Buffer; 4]> = SmallVec::new();
        for known in &types {
            buffers.push(Buffer::new(known.dtype, layout::count(&known.shape))?);
        }
        let targets: SmallVec<[Shared<u8>; 4]> =
            buffers.iter_mut().map(|buffer| Shared::new(buffer.bytes_mut())).collect();
        try_for_each(self.cut.count(), |n| self.block(n, &inputs, &types, &targets))?;
        drop(targets);
        let results = types.iter().zip(buffers);
        Ok(results
            .map(|(known, buffer)| Tensor::from_buffer(known.dtype, &known.shape, buffer))
            .collect())
    }
}

impl Blocks {
    /// Computes a block of the results, and writes it to where it belongs.
    fn block(
        &self,
        n: usize,
        inputs: &Tensors,
        types: &TensorTypes,
        targets: &[Shared<u8>],
    ) -> Result<()> {
        let own: Result<Tensors> = inputs.iter().map(|input| self.cut.of(n, input)).collect();
        let plan = match &self.last {
            Some(last) if n + 1 == self.cut.count() => last,
            _ => &self.block,
        };
        let rows: SmallVec<[Target; 4]> = types
            .iter()
            .zip(targets)
            .map(|(known, target)| {
                let (at, step) = self.cut.place(n, known);
                let bytes = known.bytes() - at;
                Target { start: target.pointer(at, bytes), bytes, stride: step }
            })
            .collect();
        // SAFETY: each block is written once, and blocks have no elements in common.
        if let Some(results) = unsafe { plan.run_rows_into(own?, &rows)? } {
            for ((result, known), target) in results.iter().zip(types).zip(targets) {
                self.cut.write(n, result, known, target)?;
            }
        }
        Ok(())
    }
}

impl Cut {
    /// How many blocks there are.
    pub fn count(&self) -> usize {
        match self {
            Cut::Leading(lead) => layout::count(lead),
            Cut::Columns { all, some } => all.div_ceil(*some),
        }
    }

    /// The ranges of a block along the axes of an array, where it is cut.
    fn range(&self, n: usize, shape: &[usize]) -> [Shape; 2] {
        let (mut start, mut limit) = (Shape::from_elem(0, shape.len()), Shape::from(shape));
        match self {
            Cut::Leading(lead) if shape.len() >= lead.len() => {
                let mut rest = n;
                for axis in (0..lead.len()).rev() {
                    if shape[axis] != 1 {
                        start[axis] = rest % lead[axis];
                        limit[axis] = start[axis] + 1;
                    }
                    rest /= lead[axis];
                }
            }
            Cut::Columns { all, some } if shape.last() == Some(all) => {
                let axis = shape.len() - 1;
                start[axis] = n * some;
                limit[axis] = (n * some + some).min(*all);
            }
            _ => {}
        }
        [start, limit]
    }

    /// The block of an input.
    fn of(&self, n: usize, input: &Tensor) -> Result<Tensor> {
        let shape = input.shape();
        let [start, limit] = self.range(n, shape);
        if limit[..] == *shape && start.iter().all(|&at| at == 0) {
            return Ok(input.clone());
        }
        input.slice(&start, &limit, &Shape::from_elem(1, shape.len()))
    }

    /// Where a block of a result begins, and from one row of it to the next, in bytes.
    fn place(&self, n: usize, known: &TensorType) -> (usize, usize) {
        let [start, _] = self.range(n, &known.shape);
        let (size, strides) = (known.dtype.size(), layout::row_major(&known.shape));
        let at: usize = start.iter().zip(&strides).map(|(&at, &step)| at * step as usize).sum();
        (at * size, known.shape.last().map_or(0, |row| row * size))
    }

    /// Writes a block of a result to where it belongs.
    fn write(
        &self,
        n: usize,
        block: &Tensor,
        known: &TensorType,
        target: &Shared<u8>,
    ) -> Result<()> {
        let (at, step) = self.place(n, known);
        let block = block.contiguous()?;
        let bytes = block.bytes().unwrap_or_default();
        // Entries follow each other, and so do the columns of a row.
        let row = match self {
            Cut::Leading(_) => bytes.len(),
            Cut::Columns { .. } => block.shape().last().map_or(1, |row| row * known.dtype.size()),
        };
        for (i, bytes) in bytes.chunks_exact(row.max(1)).enumerate() {
            // SAFETY: each block is written once, and blocks have no elements in common.
            unsafe { target.part(at + i * step, row) }.copy_from_slice(bytes);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::kernels::fold::Fold;
    use crate::kernels::parts::tests::on_any_number_of_threads;
    use crate::kernels::reduce::ReduceOp;
    use crate::kernels::view::View;
    use crate::plan::PlanBuilder;
    use crate::tile::{ProgramBuilder, ScalarOp};

    fn waves(shape: &[usize]) -> Tensor {
        let values: Vec<f32> = (0..layout::count(shape)).map(|n| (n as f32 * 0.37).sin()).collect();
        Tensor::from_slice(&values, shape).unwrap()
    }

    /// `x * y / sum(x * y)` along an axis, and perhaps the sums, with `y` of rank 0.
    fn shares(shape: &[usize], axis: usize, keeps: bool) -> Plan {
        let mut plan = PlanBuilder::new();
        let inputs = [plan.input(), plan.input()];
        let mut program = ProgramBuilder::new();
        let operands = [program.input(DType::F32), program.input(DType::F32)];
        let product = program.op(ScalarOp::Mul, &operands);
        let ops = vec![None, Some(ReduceOp::Sum)];
        let own = Shape::from(shape);
        let program = program.finish(&[product, product]);
        let fold = Fold::new(program, own.clone(), [axis][..].into(), ops);
        let folded = plan.kernel(fold, &inputs, 2);
        let axes = (0..shape.len()).filter(|&other| other != axis).collect();
        let sums = plan.kernel1(View::Broadcast { shape: own.clone(), axes }, &[folded[1]]);
        let mut program = ProgramBuilder::new();
        let operands = [program.input(DType::F32), program.input(DType::F32)];
        let quotient = program.op(ScalarOp::Div, &operands);
        let result = plan.elementwise(program.finish(&[quotient]), &[folded[0], sums], &own, 1);
        let mut plan = plan;
        for (slot, known) in inputs
            .into_iter()
            .zip([TensorType::new(DType::F32, shape), TensorType::new(DType::F32, &[])])
        {
            plan.describe(slot, known);
        }
        plan.describe(sums, TensorType::new(DType::F32, shape));
        let outputs = [result[0], folded[1]];
        plan.finish(&outputs[..1 + keeps as usize])
    }

    #[test]
    fn blocks_are_what_the_whole_is() {
        let cases: [(&[usize], Cut, usize); 5] = [
            (&[3, 4, 5, 6], Cut::Leading([3, 4][..].into()), 2),
            (&[1, 5, 70], Cut::Leading([1, 5][..].into()), 2),
            (&[30, 100], Cut::Columns { all: 100, some: 32 }, 0),
            (&[2, 30, 64], Cut::Columns { all: 64, some: 16 }, 1),
            (&[9, 10], Cut::Columns { all: 10, some: 10 }, 0),
        ];
        for ((shape, cut, axis), keeps) in
            cases.iter().flat_map(|case| [(case, true), (case, false)])
        {
            let (shape, axis) = (*shape, *axis);
            let sized = |some: usize| -> Shape {
                let mut own = Shape::from(shape);
                match cut {
                    Cut::Leading(lead) => own[..lead.len()].fill(1),
                    Cut::Columns { .. } => own[shape.len() - 1] = some,
                }
                own
            };
            let (block, last) = match cut {
                Cut::Columns { all, some } => (sized(*some), all % some),
                Cut::Leading(_) => (sized(0), 0),
            };
            let kernel = Blocks {
                whole: shares(shape, axis, keeps),
                block: shares(&block, axis, keeps),
                last: (last > 0).then(|| shares(&sized(last), axis, keeps)),
                cut: cut.clone(),
            };
            let x = waves(shape);
            let order: Shape = (0..shape.len()).rev().collect();
            let turned = x.transpose(&order).unwrap().contiguous().unwrap();
            for x in [x.clone(), turned.transpose(&order).unwrap()] {
                let inputs: Tensors = [x, Tensor::scalar(3.0f32)].into_iter().collect();
                let bytes = |results: Tensors| -> Vec<Vec<u8>> {
                    results.iter().map(|y| y.bytes().unwrap().to_vec()).collect()
                };
                for mode in [Mode::Tile, Mode::Native] {
                    native::set_mode(mode);
                    let blocks =
                        on_any_number_of_threads(|| bytes(kernel.run(inputs.clone()).unwrap()));
                    let whole = bytes(kernel.whole.run(inputs.clone()).unwrap());
                    assert_eq!(blocks, whole, "{shape:?} {cut:?} {mode:?}");
                }
                native::set_mode(Mode::Auto);
            }
        }
    }
}
