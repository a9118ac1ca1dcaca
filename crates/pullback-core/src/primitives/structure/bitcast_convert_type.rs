//! `bitcast_convert_type`: the same bits read as another type.

use pullback_engine::DType;
use pullback_engine::kernels::view::View;
use pullback_engine::plan::Slot;
use pullback_engine::tile::{ProgramBuilder, Reg, ScalarOp};

use super::move_axis;
use crate::array::{Array, Arrays};
use crate::aval::{Aval, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// The type to read the bits as. A narrower one adds a last axis, a wider one takes it away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BitcastConvertType {
    /// The new type.
    pub dtype: DType,
}

/// The bits of `x` read as elements of another type.
///
/// # Errors
/// If one of the types is bool or complex and they differ, or the last axis does not hold just
/// the elements that make one of the new type.
pub fn bitcast_convert_type(x: &Array, dtype: DType) -> Result<Array> {
    bind1(BitcastConvertType { dtype }, &[x])
}

impl Primitive for BitcastConvertType {
    fn name(&self) -> &str {
        "bitcast_convert_type"
    }

    fn params(&self) -> Params {
        vec![("new_dtype", Param::DType(self.dtype))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        let (old, new) = (x.dtype, self.dtype);
        let castable = |dtype: DType| dtype.is_integer() || dtype.is_float();
        if old != new && !(castable(old) && castable(new)) {
            return Err(Error::type_error(
                self.name(),
                format!(
                    "does not support bool or complex values unless the operand and destination \
                     types match, got operand dtype {old} and new dtype {new}"
                ),
            ));
        }
        let mut shape = x.shape.clone();
        // Elements of 4 bits lie in a byte each, and so are of no use as parts of others.
        let packed = |dtype: DType| dtype.bits() == 8 * dtype.size();
        let (from, to) = (old.bits(), new.bits());
        let fits = match from.cmp(&to) {
            _ if old == new => true,
            std::cmp::Ordering::Equal => true,
            _ if !packed(old) || !packed(new) => false,
            std::cmp::Ordering::Greater => {
                shape.push(from / to);
                true
            }
            std::cmp::Ordering::Less => shape.pop() == Some(to / from),
        };
        if !fits {
            return Err(Error::value_error(
                self.name(),
                format!(
                    "an array of shape {} cannot be read from {old}, of {from} bits, as {new}, of \
                     {to} bits",
                    ShapeText(&x.shape)
                ),
            ));
        }
        Ok(one(Aval::new(&shape, new)))
    }

    /// Bits have no derivative.
    fn jvp(&self, x: &[&Array], _: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), x)?;
        let dy = Tangent::zero(&y);
        Ok((one(y), one(dy)))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        // The last axis may come or go, so the mapped one must not be it.
        let x = move_axis(x[0], axes[0].unwrap_or(0), 0)?;
        Ok((one(bitcast_convert_type(&x, self.dtype)?), one(Some(0))))
    }

    /// Of types of the same width.
    fn emit(&self, program: &mut ProgramBuilder, x: &[Reg], inputs: &[Aval]) -> Option<Reg> {
        match inputs[0].dtype == self.dtype {
            true => Some(x[0]),
            false => Some(program.op(ScalarOp::Bitcast(self.dtype), x)),
        }
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], y: &[Aval]) -> Result<Slots> {
        let view = View::Reinterpret { dtype: self.dtype, shape: y[0].shape.clone() };
        Ok(one(plan.view(view, x[0])))
    }
}

impl Listed for BitcastConvertType {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(BitcastConvertType { dtype: params.dtype("new_dtype")? })
    }

    fn samples() -> Vec<Sample> {
        let castable = |dtype: &&DType| dtype.is_integer() || dtype.is_float();
        let mut samples = vec![];
        for &from in DType::NUMERIC.iter().filter(castable) {
            for &to in DType::NUMERIC.iter().filter(castable) {
                for shape in [&[][..], &[3], &[2, 0]] {
                    let mut shape = shape.to_vec();
                    if to.bits() > from.bits() {
                        shape.push(to.bits() / from.bits());
                    }
                    let op = BitcastConvertType { dtype: to };
                    samples.push(Sample::new(op, [Input::real(&shape, from)]).jumping());
                }
            }
        }
        for dtype in [DType::Bool, DType::C64] {
            let op = BitcastConvertType { dtype };
            samples.push(Sample::new(op, [Input::real(&[2, 1], dtype)]).jumping());
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_significant_part_comes_first() {
        let x = Array::from_slice(&[0x01020304u32], &[1]).unwrap();
        let bytes = bitcast_convert_type(&x, DType::U8).unwrap();
        assert_eq!((bytes.shape(), bytes.to_vec::<u8>().unwrap()), (&[1, 4][..], vec![4, 3, 2, 1]));
        let back = bitcast_convert_type(&bytes, DType::U32).unwrap();
        assert_eq!((back.shape(), back.to_vec::<u32>().unwrap()), (&[1][..], vec![0x01020304]));
        assert!(bitcast_convert_type(&x, DType::U64).is_err());
        assert!(bitcast_convert_type(&x, DType::C64).is_err());
    }
}
