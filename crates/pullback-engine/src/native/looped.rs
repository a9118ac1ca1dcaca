//! Loops over tensors of a few elements, as one function.
//!
//! A list is given to it: the addresses of what is scanned and collected, what is the same in all
//! iterations, what is carried, and room for what has no register.

use std::cell::RefCell;

use smallvec::SmallVec;

use super::code::is_available;
use super::emit;
use super::ir::{Accumulator, Base, Element, Id, Kernel, Kind, Loop, Node, Place, Unary};
use super::lower::{bits, element};
use super::memory::Executable;
use super::record::{self, add, record};
use super::unrolled::{Cut, Known, Origin, Unroll, Value, as_truth, as_word, largest, unrolled};
use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::error::Result;
use crate::interrupt;
use crate::isa::isa;
use crate::layout::{self, Shape};
use crate::plan::Plan;
use crate::profiler;
use crate::tensor::Tensor;

/// A compiled loop.
pub(crate) struct LoopCode {
    executable: Executable,
    /// Lanes of a vector.
    lanes: usize,
    /// How many constants there are, and how many of them are the condition's.
    consts: [usize; 2],
    /// What is computed before the loop from the constants of the condition, and of the body.
    before: [Plan; 2],
    /// What is the same in all iterations: whose it is, where it comes from, its place.
    fixed: Vec<(usize, Origin, Region)>,
    carry: Vec<Region>,
    scanned: Vec<Type>,
    collected: Vec<Type>,
    is_backward: bool,
    /// Where in the list the number of iterations is that were not done.
    left: usize,
    /// The size of the list, in lines of 64 bytes.
    lines: usize,
}

/// The type and shape of a tensor.
type Type = (DType, Shape);

/// A tensor within the list, as numbers of 64 bits each or as pieces of as many lanes as there
/// are.
#[derive(Clone, Debug)]
struct Region {
    dtype: DType,
    shape: Shape,
    /// Bytes from the beginning of the list.
    offset: usize,
}

/// 64 bytes of a list.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([u8; LINE]);
const LINE: usize = 64;

/// What a run of a loop leaves.
pub(crate) struct Iterated {
    pub carry: Vec<Tensor>,
    pub collected: Vec<Tensor>,
    /// Iterations that were not done, of those allowed.
    pub left: usize,
}

/// The code of a loop that ends when a condition does not hold.
///
/// The tensors are examples of the constants of the condition, those of the body, and of what is
/// carried: their types and shapes are those of all runs.
pub(crate) fn compile_while(
    cond: &Plan,
    body: &Plan,
    consts: [&[Tensor]; 2],
    carry: &[Tensor],
) -> Option<LoopCode> {
    compile(&Source { cond: Some(cond), body, consts, carry, scanned: &[], is_backward: false })
}

/// The code of a loop over the entries of arrays.
///
/// The tensors are examples of the constants, of what is carried, and of what is scanned.
pub(crate) fn compile_scan(
    body: &Plan,
    [consts, carry, scanned]: [&[Tensor]; 3],
    is_backward: bool,
) -> Option<LoopCode> {
    compile(&Source { cond: None, body, consts: [&[], consts], carry, scanned, is_backward })
}

/// A loop to be compiled, with examples of its inputs.
struct Source<'a> {
    cond: Option<&'a Plan>,
    body: &'a Plan,
    consts: [&'a [Tensor]; 2],
    carry: &'a [Tensor],
    scanned: &'a [Tensor],
    is_backward: bool,
}

/// Values of so few elements are numbers; more of them are lanes.
const FEW: usize = 8;
/// Iterations between looks at whether the loop is to be ended.
const PIECE: usize = 1 << 14;
/// Bytes of a list beyond which the nearest cache would not hold it.
const LARGEST: usize = 1 << 18;

fn compile(source: &Source) -> Option<LoopCode> {
    if !is_available() {
        return None;
    }
    let _span = profiler::span("compile", "code of a loop");
    let entries = source.scanned.iter().map(|x| layout::count(x.shape().get(1..).unwrap_or(&[])));
    let most = source.carry.iter().map(Tensor::count).chain(entries).max().unwrap_or(0);
    let most = most.max(largest(source.body));
    if most <= FEW
        && let Some(code) = compile_with(source, 1)
    {
        return Some(code);
    }
    if most <= 1 {
        return None;
    }
    // Half as many lanes where there are elements of 64 bits.
    let [narrow, wide] = [false, true].map(|has_wide| emit::vector_lanes(isa(), has_wide));
    compile_with(source, narrow).or_else(|| compile_with(source, wide))
}

/// The list of a function that is being written.
#[derive(Default)]
struct Layout {
    bytes: usize,
    inputs: Vec<Place>,
    lanes: usize,
}

impl Layout {
    /// Room for a tensor.
    fn region(&mut self, dtype: DType, shape: &[usize]) -> Region {
        let cut = Cut::new(shape, self.lanes);
        let size = match cut.lanes {
            1 => 8 * cut.rows,
            lanes => {
                self.bytes = self.bytes.next_multiple_of(LINE);
                // Truth values are read sixteen at a time.
                (cut.pieces() * lanes * dtype.size()).next_multiple_of(LINE)
            }
        };
        let region = Region { dtype, shape: shape.into(), offset: self.bytes };
        self.bytes += size;
        region
    }

    /// An input at a place.
    fn input(&mut self, place: Place) -> u16 {
        self.inputs.push(place);
        (self.inputs.len() - 1) as u16
    }

    /// What is in a region from the beginning on.
    fn fixed(&mut self, region: &Region) -> Option<Value> {
        let element = element(region.dtype)?;
        let cut = Cut::new(&region.shape, self.lanes);
        let mut parts = vec![];
        for at in 0..cut.pieces() {
            let node = if cut.lanes == 1 {
                let offset = (region.offset + 8 * at) as i32;
                let place = Place { base: Base::List, offset, lanes: None, every: 1 };
                Node::Scalar(self.input(place), element)
            } else {
                let offset = region.offset + at * cut.lanes * region.dtype.size();
                let lanes = Some(cut.lanes as u8);
                let place = Place { base: Base::List, offset: offset as i32, lanes, every: 1 };
                Node::Input(self.input(place), element)
            };
            parts.push(add(node, element.kind()));
        }
        let shape = region.shape.clone();
        Some(Value { dtype: region.dtype, shape, parts, lanes: cut.lanes })
    }

    /// Where the parts of an entry are, of a line that the list has the address of.
    fn entry(&self, line: usize, dtype: DType, shape: &[usize]) -> Vec<Place> {
        let cut = Cut::new(shape, self.lanes);
        let place = |piece| {
            let (start, count) = cut.elements(piece);
            let lanes = (self.lanes > 1).then_some(count as u8);
            let offset = (start * dtype.size()) as i32;
            Place { base: Base::Listed(line as u16), offset, lanes, every: 1 }
        };
        (0..cut.pieces()).map(place).collect()
    }

    /// The entry of an iteration.
    fn scanned(&mut self, line: usize, dtype: DType, shape: &[usize]) -> Option<Value> {
        let element = element(dtype)?;
        let cut = Cut::new(shape, self.lanes);
        let mut parts = vec![];
        for place in self.entry(line, dtype, shape) {
            let input = self.input(place);
            let piece = add(Node::Input(input, element), element.kind());
            if cut.lanes > 1 || self.lanes == 1 {
                parts.push(piece);
                continue;
            }
            // A number is in every lane.
            let piece =
                Value { dtype, shape: [2][..].into(), parts: vec![piece], lanes: self.lanes };
            parts.push(piece.element(0)?);
        }
        Some(Value { dtype, shape: shape.into(), parts, lanes: cut.lanes })
    }
}

fn compile_with(source: &Source, lanes: usize) -> Option<LoopCode> {
    let entries = source.scanned.iter().map(|x| Some((x.dtype(), x.shape().get(1..)?.into())));
    let scanned: Vec<Type> = entries.collect::<Option<_>>()?;
    if lanes == 1 && scanned.iter().any(|(dtype, _)| *dtype == DType::Bool) {
        return None;
    }
    let (graph, recorded) = record(|| written(source, lanes, &scanned));
    let Written { layout, accumulators, outputs, rare, condition, fixed, before, carry, collected } =
        recorded?;
    let has_wide = graph.nodes.iter().any(|(_, kind)| *kind == Kind::Double);
    if has_wide && lanes > emit::vector_lanes(isa(), true) || layout.bytes > LARGEST {
        return None;
    }
    let left = scanned.len() + collected.len();
    let step = |(line, (dtype, shape)): (usize, &Type)| {
        let bytes = (layout::count(shape) * dtype.size()) as i32;
        (line as u16, if source.is_backward { -bytes } else { bytes })
    };
    let offsets = carry.iter().flat_map(|region| {
        let cut = Cut::new(&region.shape, lanes);
        let step = if cut.lanes == 1 { 8 } else { cut.lanes * carried_size(region.dtype) };
        (0..cut.pieces()).map(move |at| (region.offset + at * step) as i32)
    });
    let spills = layout.bytes.next_multiple_of(LINE);
    let looped = Loop {
        carried: offsets.collect(),
        kernel: Kernel { graph, inputs: layout.inputs, arguments: 0, outputs, rare, accumulators, per_row: vec![] },
        lanes,
        condition,
        advances: scanned.iter().chain(&collected).enumerate().map(step).collect(),
        left: left as i32 * 8,
        spills: spills as i32,
    };
    let (code, spilled) = emit::compile_loop(&looped)?;
    Some(LoopCode {
        executable: Executable::new(&code)?,
        lanes,
        consts: [source.consts[0].len() + source.consts[1].len(), source.consts[0].len()],
        before,
        fixed,
        carry,
        scanned,
        collected,
        is_backward: source.is_backward,
        left,
        lines: spills / LINE + spilled,
    })
}

/// A loop as steps of a graph.
struct Written {
    layout: Layout,
    accumulators: Vec<Accumulator>,
    outputs: Vec<(Id, Element, Place)>,
    rare: Option<Id>,
    condition: Option<(Id, usize)>,
    fixed: Vec<(usize, Origin, Region)>,
    before: [Plan; 2],
    carry: Vec<Region>,
    collected: Vec<Type>,
}

fn written(source: &Source, lanes: usize, scanned: &[Type]) -> Option<Written> {
    let layout = RefCell::new(Layout { lanes, ..Layout::default() });
    // Addresses come first: of what is scanned, and of what is collected.
    let collected = source.body.outputs.len().checked_sub(source.carry.len())?;
    layout.borrow_mut().bytes = (scanned.len() + collected + 1) * 8;
    let carry: Vec<Region> = source
        .carry
        .iter()
        .map(|x| {
            element(x.dtype())?;
            // Truth values are carried as numbers.
            let stored = if x.dtype() == DType::Bool { DType::U32 } else { x.dtype() };
            let region = layout.borrow_mut().region(stored, x.shape());
            Some(Region { dtype: x.dtype(), ..region })
        })
        .collect::<Option<_>>()?;
    let mut count = 0;
    let carried: Vec<Value> =
        carry.iter().map(|region| carried(region, lanes, &mut count)).collect::<Option<_>>()?;

    let mut fixed = vec![];
    let mut place = |whose: usize, origin: Origin, tensor: &Tensor| {
        element(tensor.dtype())?;
        let mut layout = layout.borrow_mut();
        let region = layout.region(tensor.dtype(), tensor.shape());
        if layout.bytes > LARGEST {
            return None;
        }
        let value = layout.fixed(&region);
        fixed.push((whose, origin, region));
        value
    };
    let mut rare = None;
    let mut run = |plan: &Plan, whose: usize, varying: &[Value]| {
        let consts = source.consts[whose].iter().cloned().map(Known::Fixed);
        let inputs: Vec<Known> =
            consts.chain(varying.iter().cloned().map(Known::Varying)).collect();
        if inputs.len() != plan.inputs.len() {
            return None;
        }
        let mut place = |origin: Origin, tensor: &Tensor| place(whose, origin, tensor);
        let mut unroll = Unroll { lanes, rare, place: &mut place };
        let results = unrolled(plan, inputs, &mut unroll);
        rare = unroll.rare;
        // A condition that may be wrong could end the loop at the wrong place.
        results.filter(|_| whose == 1 || rare.is_none())
    };
    let mut before_cond = Plan::default();
    let mut condition = None;
    if let Some(cond) = source.cond {
        let (outputs, before) = run(cond, 0, &carried)?;
        before_cond = before;
        let holds = outputs.first().filter(|holds| holds.dtype == DType::Bool)?;
        condition = Some((holds.element(0)?, record::length()));
    }
    let mut varying = carried;
    for (line, (dtype, shape)) in scanned.iter().enumerate() {
        varying.push(layout.borrow_mut().scanned(line, *dtype, shape)?);
    }
    let (results, before_body) = run(source.body, 1, &varying)?;
    let (next, entries) = results.split_at_checked(carry.len())?;

    let mut accumulators = vec![];
    for (value, region) in next.iter().zip(&carry) {
        if (value.dtype, &value.shape) != (region.dtype, &region.shape) {
            return None;
        }
        for &part in &value.parts {
            let next = to_carry(accumulators.len(), part, value)?;
            accumulators.push(Accumulator { identity: 0, next, lanes: value.lanes, fold: None });
        }
    }
    let mut outputs = vec![];
    for (n, value) in entries.iter().enumerate() {
        let places = layout.borrow().entry(scanned.len() + n, value.dtype, &value.shape);
        for (&part, place) in value.parts.iter().zip(places) {
            outputs.push((part, element(value.dtype)?, place));
        }
    }
    Some(Written {
        accumulators,
        outputs,
        rare: rare.map(|rare| rare.0),
        condition,
        before: [before_cond, before_body],
        carry,
        collected: entries.iter().map(|value| (value.dtype, value.shape.clone())).collect(),
        fixed,
        layout: layout.into_inner(),
    })
}

/// Bytes of an element that is carried.
fn carried_size(dtype: DType) -> usize {
    if dtype == DType::Bool { 4 } else { dtype.size() }
}

/// What is carried, as its type has it: a truth value is carried as a number that is not zero.
fn carried(region: &Region, lanes: usize, count: &mut usize) -> Option<Value> {
    let element = element(region.dtype)?;
    let kind = if element == Element::Bool { Kind::Word } else { element.kind() };
    let cut = Cut::new(&region.shape, lanes);
    let mut parts = vec![];
    for _ in 0..cut.pieces() {
        let part = add(Node::Accumulator(u16::try_from(*count).ok()?), kind);
        *count += 1;
        parts.push(if element == Element::Bool { as_truth(part) } else { part });
    }
    Some(Value { dtype: region.dtype, shape: region.shape.clone(), parts, lanes: cut.lanes })
}

/// A part in the form in which it is carried, and in no place of another one.
fn to_carry(n: usize, id: Id, value: &Value) -> Option<Id> {
    let kind = element(value.dtype)?.kind();
    if kind == Kind::Mask {
        return Some(as_word(id));
    }
    let copied = match record::node(id) {
        Node::Accumulator(other) => other as usize != n,
        Node::Lane(..) | Node::Input(..) => true,
        _ => false,
    };
    Some(if copied { add(Node::Unary(Unary::Copy, id), kind) } else { id })
}

impl LoopCode {
    /// The bytes of the code.
    pub fn bytes(&self) -> usize {
        self.executable.bytes()
    }

    /// Runs the loop, for so many iterations at most.
    ///
    /// None if that failed and has to be done otherwise, or if the tensors are not of the types
    /// that the code was compiled for.
    pub fn run(
        &self,
        consts: &[Tensor],
        carry: &[Tensor],
        scanned: &[Tensor],
        iterations: usize,
    ) -> Result<Option<Iterated>> {
        let carry_fits = |(x, region): (&Tensor, &Region)| {
            (x.dtype(), x.shape()) == (region.dtype, &region.shape[..])
        };
        let scanned_fits = |(x, (dtype, shape)): (&Tensor, &Type)| {
            x.dtype() == *dtype && x.shape().split_first() == Some((&iterations, &shape[..]))
        };
        let fits = consts.len() == self.consts[0]
            && (carry.len(), scanned.len()) == (self.carry.len(), self.scanned.len())
            && carry.iter().zip(&self.carry).all(carry_fits)
            && scanned.iter().zip(&self.scanned).all(scanned_fits);
        if !fits {
            return Ok(None);
        }
        let mut lines: SmallVec<[Line; 16]> = SmallVec::new();
        lines.resize(self.lines.max(1), Line([0; LINE]));
        let list: &mut [u8] = bytemuck::cast_slice_mut(&mut lines);
        if !self.fill(list, consts)? {
            return Ok(None);
        }
        for (x, region) in carry.iter().zip(&self.carry) {
            region.write(list, &x.contiguous()?, self.lanes, true);
        }
        let mut addresses: SmallVec<[u64; 8]> = SmallVec::new();
        let first = if self.is_backward { iterations.saturating_sub(1) } else { 0 };
        let sources: SmallVec<[Tensor; 4]> =
            scanned.iter().map(Tensor::contiguous).collect::<Result<_>>()?;
        for (source, (dtype, shape)) in sources.iter().zip(&self.scanned) {
            let bytes = source.bytes().expect("a contiguous tensor has its bytes in order");
            let size = layout::count(shape) * dtype.size();
            assert!(bytes.len() >= iterations * size);
            addresses.push(bytes.as_ptr().wrapping_add(first * size) as u64);
        }
        let mut collected: SmallVec<[Buffer; 4]> = SmallVec::new();
        for (dtype, shape) in &self.collected {
            let count = layout::count(shape);
            let mut buffer = Buffer::new(*dtype, iterations * count)?;
            let start = buffer.bytes_mut().as_mut_ptr();
            addresses.push(start.wrapping_add(first * count * dtype.size()) as u64);
            collected.push(buffer);
        }
        // In pieces, so that a signal can end the loop between them.
        let mut left = iterations;
        loop {
            list[..addresses.len() * 8].copy_from_slice(bytemuck::cast_slice(&addresses));
            let piece = left.min(PIECE);
            // SAFETY: the code is a function of this type, made by `emit`. It reads and writes the
            // list within its size, reads an entry of each scanned tensor and writes one of each
            // buffer in each iteration, of which there are as many as entries are left, or fewer.
            let failed = unsafe {
                let run: extern "sysv64" fn(*mut u8, usize) -> u64 =
                    std::mem::transmute(self.executable.start());
                run(list.as_mut_ptr(), piece) != 0
            };
            if failed {
                return Ok(None);
            }
            let not_done: [u8; 8] = list[self.left * 8..][..8].try_into().expect("eight bytes");
            let not_done = u64::from_le_bytes(not_done) as usize;
            let done = piece - not_done;
            left -= done;
            if not_done > 0 || left == 0 {
                break;
            }
            interrupt::poll()?;
            for (address, (dtype, shape)) in
                addresses.iter_mut().zip(self.scanned.iter().chain(&self.collected))
            {
                let bytes = (done * layout::count(shape) * dtype.size()) as u64;
                *address = match self.is_backward {
                    true => address.wrapping_sub(bytes),
                    false => address.wrapping_add(bytes),
                };
            }
        }
        let carry = self.carry.iter().map(|region| region.read(list, self.lanes));
        let collected =
            collected.into_iter().zip(&self.collected).map(|(buffer, (dtype, shape))| {
                let shape: Shape =
                    std::iter::once(iterations).chain(shape.iter().copied()).collect();
                Tensor::from_buffer(*dtype, &shape, buffer)
            });
        Ok(Some(Iterated {
            carry: carry.collect::<Result<_>>()?,
            collected: collected.collect(),
            left,
        }))
    }

    /// Puts what is the same in all iterations where it belongs. False if shapes are others.
    fn fill(&self, list: &mut [u8], consts: &[Tensor]) -> Result<bool> {
        let (of_cond, of_body) = consts.split_at(self.consts[1]);
        let own = [of_cond, of_body];
        let mut computed = [SmallVec::<[Tensor; 4]>::new(), SmallVec::new()];
        for ((computed, before), consts) in computed.iter_mut().zip(&self.before).zip(own) {
            if !before.outputs.is_empty() {
                *computed = before.run(consts.iter().cloned().collect())?;
            }
        }
        for (whose, origin, region) in &self.fixed {
            let tensor = match origin {
                Origin::Input(n) => &own[*whose][*n],
                Origin::Constant(tensor) => tensor,
                Origin::Computed(n) => &computed[*whose][*n],
            };
            if (tensor.dtype(), tensor.shape()) != (region.dtype, &region.shape[..]) {
                return Ok(false);
            }
            region.write(list, &tensor.contiguous()?, self.lanes, false);
        }
        Ok(true)
    }
}

impl Region {
    /// Writes the elements of a contiguous tensor, truth values as what is carried for them or as
    /// what is read.
    fn write(&self, list: &mut [u8], tensor: &Tensor, lanes: usize, is_carried: bool) {
        let own = &mut list[self.offset..];
        let size = self.dtype.size();
        let bytes = tensor.bytes().unwrap_or_default();
        let cut = Cut::new(&self.shape, lanes);
        if cut.lanes == 1 {
            if cut.rows == 1 && (self.dtype != DType::Bool || !is_carried) {
                own[..8].copy_from_slice(&bits(tensor).to_le_bytes());
                return;
            }
            for (slot, element) in own.chunks_exact_mut(8).zip(bytes.chunks_exact(size)) {
                let mut number = [0; 8];
                number[..size].copy_from_slice(element);
                if self.dtype == DType::Bool && !is_carried && element[0] != 0 {
                    number = 0xffffu64.to_le_bytes();
                }
                slot.copy_from_slice(&number);
            }
            return;
        }
        for piece in 0..cut.pieces() {
            let (start, count) = cut.elements(piece);
            if self.dtype == DType::Bool && is_carried {
                let slots = own[piece * lanes * 4..].chunks_exact_mut(4);
                for (slot, &truth) in slots.zip(&bytes[start..start + count]) {
                    slot.copy_from_slice(&(truth as u32).to_le_bytes());
                }
                continue;
            }
            own[piece * lanes * size..][..count * size]
                .copy_from_slice(&bytes[start * size..][..count * size]);
        }
    }

    /// What is carried.
    fn read(&self, list: &[u8], lanes: usize) -> Result<Tensor> {
        let own = &list[self.offset..];
        let size = self.dtype.size();
        let cut = Cut::new(&self.shape, lanes);
        if self.shape.is_empty() && self.dtype != DType::Bool {
            return Ok(Tensor::scalar_from_bytes(self.dtype, &own[..size]));
        }
        let mut buffer = Buffer::new(self.dtype, layout::count(&self.shape))?;
        let bytes = buffer.bytes_mut();
        let stored = carried_size(self.dtype);
        let (step, per_piece) = if cut.lanes == 1 { (8, 8) } else { (stored, lanes * stored) };
        for piece in 0..cut.pieces() {
            let (start, count) = cut.elements(piece);
            let source = &own[piece * per_piece..];
            if stored == size && cut.lanes > 1 {
                bytes[start * size..][..count * size].copy_from_slice(&source[..count * size]);
                continue;
            }
            for n in 0..count {
                let element = &source[n * step..][..stored];
                match self.dtype {
                    DType::Bool => bytes[start + n] = (element != [0; 4]) as u8,
                    _ => bytes[(start + n) * size..][..size].copy_from_slice(element),
                }
            }
        }
        Ok(Tensor::from_buffer(self.dtype, &self.shape, buffer))
    }
}
