//! linalg.

use super::{Kernel, Tensors};
use crate::error::{Error, Result};


#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Cholesky;

impl Kernel for Cholesky {
    fn name(&self) -> &'static str {
        "cholesky"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let dtype = inputs.first().map_or(crate::dtype::DType::Float0, |x| x.dtype());
        Err(Error::DType { operation: self.name(), dtype })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Lu;

impl Kernel for Lu {
    fn name(&self) -> &'static str {
        "lu"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let dtype = inputs.first().map_or(crate::dtype::DType::Float0, |x| x.dtype());
        Err(Error::DType { operation: self.name(), dtype })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Qr {
    pub full: bool,
}

impl Kernel for Qr {
    fn name(&self) -> &'static str {
        "qr"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let dtype = inputs.first().map_or(crate::dtype::DType::Float0, |x| x.dtype());
        Err(Error::DType { operation: self.name(), dtype })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Svd {
    pub full: bool,
    pub compute_uv: bool,
}

impl Kernel for Svd {
    fn name(&self) -> &'static str {
        "svd"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let dtype = inputs.first().map_or(crate::dtype::DType::Float0, |x| x.dtype());
        Err(Error::DType { operation: self.name(), dtype })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Eigh;

impl Kernel for Eigh {
    fn name(&self) -> &'static str {
        "eigh"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let dtype = inputs.first().map_or(crate::dtype::DType::Float0, |x| x.dtype());
        Err(Error::DType { operation: self.name(), dtype })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct TriangularSolve {
    pub left_side: bool,
    pub lower: bool,
    pub transpose: bool,
    pub conjugate: bool,
    pub unit_diagonal: bool,
}

impl Kernel for TriangularSolve {
    fn name(&self) -> &'static str {
        "triangular_solve"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let dtype = inputs.first().map_or(crate::dtype::DType::Float0, |x| x.dtype());
        Err(Error::DType { operation: self.name(), dtype })
    }
}
