//! The interface of the code generator on processors and systems that it does not know.

use std::convert::Infallible;
use std::sync::Arc;

use super::{Form, Reach, Target};
use crate::dtype::DType;
use crate::error::Result;
use crate::kernels::reduce::ReduceOp;
use crate::layout::Shape;
use crate::plan::Plan;
use crate::tensor::Tensor;
use crate::tile::program::Program;

/// An input of a call.
#[derive(Clone, Copy)]
#[allow(dead_code)]
pub(crate) enum Argument<'a> {
    Elements(&'a [u8], usize),
    Scalar(&'a Tensor),
    PerRow(&'a [u8], usize),
    InPlace(usize),
}

/// There is none.
pub(crate) struct Code {
    pub may_fail: bool,
    never: Infallible,
}

/// No compiled forms of a program.
#[derive(Default)]
pub(crate) struct Codes;

impl Codes {
    pub fn bytes(&self) -> usize {
        0
    }

    pub fn made(&self, _form: Form) -> Option<&Arc<Code>> {
        None
    }

    pub fn get(
        &self,
        _program: &Program,
        _folds: &[Option<ReduceOp>],
        _form: Form,
        _count: usize,
    ) -> Option<Arc<Code>> {
        None
    }
}

impl Code {
    /// # Safety
    /// There is no code that could do harm.
    pub unsafe fn run(&self, _: [usize; 2], _inputs: &[Argument], _targets: &[Target]) -> bool {
        match self.never {}
    }
}

/// There is no code for a loop.
pub(crate) struct LoopCode {
    never: Infallible,
}

impl LoopCode {
    pub fn bytes(&self) -> usize {
        match self.never {}
    }

    pub fn run(
        &self,
        _consts: &[Tensor],
        _carry: &[Tensor],
        _scanned: &[Tensor],
        _iterations: usize,
    ) -> Result<Option<Iterated>> {
        match self.never {}
    }
}

/// What a run of a loop leaves.
pub(crate) struct Iterated {
    pub carry: Vec<Tensor>,
    pub collected: Vec<Tensor>,
    pub left: usize,
}

pub(crate) fn compile_while(
    _: &Plan,
    _: &Plan,
    _: [&[Tensor]; 2],
    _: &[Tensor],
) -> Option<LoopCode> {
    None
}

pub(crate) fn compile_scan(_: &Plan, _: [&[Tensor]; 3], _: bool) -> Option<LoopCode> {
    None
}

/// An input of a call.
#[allow(dead_code)]
pub(crate) struct Entries<'a> {
    pub bytes: &'a [u8],
    pub stride: usize,
}

/// What would be compiled.
#[allow(dead_code)]
pub(crate) struct EntryPlan<'a> {
    pub plan: &'a Plan,
    pub inputs: &'a [(DType, Shape, Reach)],
    pub folds: &'a [Option<ReduceOp>],
    pub by_columns: bool,
    pub lead: usize,
}

/// How a result would be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(dead_code)]
pub(crate) enum Written {
    Entries(usize),
    Columns(usize),
    Sums(usize),
}

/// There is no code for a plan.
pub(crate) struct EntryCode {
    pub steps: usize,
    never: Infallible,
}

impl EntryCode {
    pub fn bytes(&self) -> usize {
        match self.never {}
    }

    pub fn compile(_: &EntryPlan) -> Option<EntryCode> {
        None
    }

    pub fn outputs(&self) -> impl Iterator<Item = (DType, &Shape, Written)> {
        std::iter::empty()
    }

    /// # Safety
    /// There is no code that could do harm.
    pub unsafe fn run(&self, _: [usize; 2], _: &[Entries], _: &[Target]) -> bool {
        match self.never {}
    }
}

/// There is no code for a plan.
pub(crate) struct RowCode {
    pub steps: usize,
    never: Infallible,
}

impl RowCode {
    pub fn bytes(&self) -> usize {
        match self.never {}
    }

    pub fn compile(_: &Plan, _: &[(DType, Shape, Reach)], _: usize) -> Option<RowCode> {
        None
    }

    pub fn outputs(&self) -> &[(DType, bool)] {
        &[]
    }

    pub fn shapes(&self) -> &[Shape] {
        &[]
    }

    /// # Safety
    /// There is no code that could do harm.
    pub unsafe fn run(&self, _: usize, _: &[Entries], _: &[Target]) -> bool {
        match self.never {}
    }
}
