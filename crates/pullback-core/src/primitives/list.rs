//! The list of primitives, and what is made from it.
//!
//! A row is `family Type in module;`, for a primitive of no family `own Type in module: "name";`.
//! A type that stands for several primitives has all their names: `"one" | "other"`.

use super::*;

macro_rules! primitives {
    ($($family:ident $type:ident in $($module:ident)::+ $(: $($name:literal)|+)?;)*) => {
        /// Any operation, with its parameters.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum Op {
            $($type(stored! { $family, $($module)::+::$type }),)*
            /// A user's own.
            Custom(Custom),
        }

        impl Op {
            /// The rules of the operation.
            pub fn primitive(&self) -> &dyn Primitive {
                match self {
                    $(Op::$type(op) => of_stored!($family, op),)*
                    Op::Custom(op) => &*op.0,
                }
            }
        }

        $(impl From<$($module)::+::$type> for Op {
            fn from(op: $($module)::+::$type) -> Op {
                Op::$type(op.into())
            }
        })*

        $(family_rules! { $family, $($module)::+::$type })*

        /// The operation of the given name and parameters.
        ///
        /// # Errors
        /// If there is none of that name, or a parameter is missing or invalid.
        pub fn from_params(name: &str, params: &ParamReader, outputs: &[Aval]) -> Result<Op> {
            $(if primitive_names!($family, $($module)::+::$type $(, $($name)|+)?).contains(&name) {
                return <$($module)::+::$type as Listed>::from_params(name, params, outputs)
                    .map(Op::from);
            })*
            Err(Error::Program { message: format!("there is no primitive '{name}'") })
        }

        /// Uses of every primitive, for the laws: name, and samples.
        pub fn samples() -> Vec<(&'static str, Vec<Sample>)> {
            let mut rows = vec![];
            $({
                let samples = <$($module)::+::$type as Listed>::samples();
                for name in primitive_names!($family, $($module)::+::$type $(, $($name)|+)?) {
                    let own = samples.iter().filter(|x| x.op.primitive().name() == name);
                    rows.push((name, own.cloned().collect()));
                }
            })*
            rows
        }
    };
}

/// How an operation is kept: those with many parameters at the end of a pointer, so that equations,
/// which passes move, are small.
macro_rules! stored {
    (boxed, $type:ty) => { Box<$type> };
    ($family:ident, $type:ty) => { $type };
}

macro_rules! of_stored {
    (boxed, $op:ident) => {
        &**$op
    };
    ($family:ident, $op:ident) => {
        $op
    };
}

macro_rules! primitive_names {
    (unary, $type:ty) => {
        [<$type as unary::Unary>::NAME]
    };
    (binary, $type:ty) => {
        [<$type as binary::Binary>::NAME]
    };
    ($family:ident, $type:ty, $($name:literal)|+) => {
        [$($name),+]
    };
}

/// What a family supplies for each of its members.
macro_rules! family_rules {
    (own, $type:ty) => {};
    (boxed, $type:ty) => {};
    (unary, $type:path) => {
        family_rules! { @elementwise unary, unary::Unary, $type }
    };
    (binary, $type:path) => {
        family_rules! { @elementwise binary, binary::Binary, $type }
    };
    (@elementwise $family:ident, $trait:path, $type:path) => {
        impl Primitive for $type {
            fn name(&self) -> &str {
                <$type as $trait>::NAME
            }

            fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
                $family::infer(self, inputs)
            }

            fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
                $family::jvp(self, x, dx)
            }

            fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
                $family::transpose(self, ct, inputs)
            }

            fn batch(
                &self,
                x: &[&Array],
                axes: &[BatchAxis],
                axis: &AxisData,
            ) -> Result<(Arrays, BatchAxes)> {
                $family::batch(self, x, axes, axis)
            }

            fn lower(
                &self,
                plan: &mut Lowering,
                x: &[Slot],
                inputs: &[Aval],
                outputs: &[Aval],
            ) -> Result<Slots> {
                $family::lower::<$type>(plan, x, inputs, outputs)
            }

            fn scalar_op(&self) -> Option<ScalarOp> {
                Some(<$type as $trait>::KERNEL)
            }

            fn accepts(&self, dtype: DType) -> bool {
                <$type as $trait>::ACCEPTS.has(dtype)
            }
        }

        impl Listed for $type {
            fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
                use $type as member;
                Ok(member)
            }

            fn samples() -> Vec<Sample> {
                use $type as member;
                $family::samples(member)
            }
        }
    };
}

primitives! {
    unary Sin in unary::sin;
    unary Cos in unary::cos;
    unary Tan in unary::tan;
    unary Asin in unary::asin;
    unary Acos in unary::acos;
    unary Atan in unary::atan;
    unary Sinh in unary::sinh;
    unary Cosh in unary::cosh;
    unary Tanh in unary::tanh;
    unary Asinh in unary::asinh;
    unary Acosh in unary::acosh;
    unary Atanh in unary::atanh;
    unary Exp in unary::exp;
    unary Exp2 in unary::exp2;
    unary Expm1 in unary::expm1;
    unary Log in unary::log;
    unary Log2 in unary::log2;
    unary Log1p in unary::log1p;
    unary Sqrt in unary::sqrt;
    unary Rsqrt in unary::rsqrt;
    unary Cbrt in unary::cbrt;
    unary Logistic in unary::logistic;
    unary Square in unary::square;
    unary OneMinusSquare in unary::one_minus_square;
    unary Erf in unary::erf;
    unary Erfc in unary::erfc;
    unary ErfInv in unary::erf_inv;
    unary Lgamma in unary::lgamma;
    unary Digamma in unary::digamma;
    unary BesselI0e in unary::bessel_i0e;
    unary BesselI1e in unary::bessel_i1e;
    unary Neg in unary::neg;
    unary Conj in unary::conj;
    unary Real in unary::real;
    unary Imag in unary::imag;
    unary Copy in unary::copy;
    unary Abs in unary::abs;
    unary Sign in unary::sign;
    unary Floor in unary::floor;
    unary Ceil in unary::ceil;
    unary Not in unary::not;
    unary PopulationCount in unary::population_count;
    unary Clz in unary::clz;
    unary IsFinite in unary::is_finite;
    binary Add in binary::add;
    binary Sub in binary::sub;
    binary Mul in binary::mul;
    binary Div in binary::div;
    binary Rem in binary::rem;
    binary Pow in binary::pow;
    binary Atan2 in binary::atan2;
    binary Max in binary::max;
    binary Min in binary::min;
    binary Nextafter in binary::nextafter;
    binary Complex in binary::complex;
    binary And in binary::and;
    binary Or in binary::or;
    binary Xor in binary::xor;
    binary ShiftLeft in binary::shift_left;
    binary ShiftRightArithmetic in binary::shift_right_arithmetic;
    binary ShiftRightLogical in binary::shift_right_logical;
    binary Mulhi in binary::mulhi;
    binary Eq in binary::eq;
    binary Ne in binary::ne;
    binary Lt in binary::lt;
    binary Le in binary::le;
    binary Gt in binary::gt;
    binary Ge in binary::ge;
    binary EqTo in binary::eq_to;
    binary LtTo in binary::lt_to;
    binary LeTo in binary::le_to;
    binary AddAny in binary::add_any;
    binary Igamma in binary::igamma;
    binary Igammac in binary::igammac;
    binary IgammaGradA in binary::igamma_grad_a;
    binary RandomGammaGrad in binary::random_gamma_grad;
    binary Zeta in binary::zeta;
    binary Polygamma in binary::polygamma;
    own ConvertElementType in nary::convert_element_type: "convert_element_type";
    own IntegerPow in nary::integer_pow: "integer_pow";
    own Round in nary::round: "round";
    own SelectN in nary::select_n: "select_n";
    own Clamp in nary::clamp: "clamp";
    own Betainc in nary::betainc: "regularized_incomplete_beta";
    own ReducePrecision in nary::reduce_precision: "reduce_precision";
    own Jit in control::jit: "jit";
    own Cond in control::cond: "cond";
    own Scan in control::scan: "scan";
    own While in control::while_loop: "while";
    own Remat in control::remat: "remat2";
    own CustomJvpCall in custom::custom_jvp_call: "custom_jvp_call";
    boxed CustomVjpCall in custom::custom_vjp_call: "custom_vjp_call";
    own CustomLin in custom::custom_lin: "custom_lin";
    own Callback in custom::callback: "pure_callback";
    own Name in custom::name: "name";
    own StopGradient in custom::stop_gradient: "stop_gradient";
    own ReduceSum in reduction::reduce_sum: "reduce_sum";
    own Reduce in reduction::reduce:
        "reduce_max" | "reduce_min" | "reduce_prod" | "reduce_and" | "reduce_or" | "reduce_xor";
    own ArgReduce in reduction::arg_reduce: "argmax" | "argmin";
    own Cumulative in reduction::cumulative:
        "cumsum" | "cumprod" | "cummax" | "cummin" | "cumlogsumexp";
    boxed DotGeneral in reduction::dot_general: "dot_general";
    own BitcastConvertType in structure::bitcast_convert_type: "bitcast_convert_type";
    own BroadcastInDim in structure::broadcast_in_dim: "broadcast_in_dim";
    own Concatenate in structure::concatenate: "concatenate";
    own DynamicSlice in structure::dynamic_slice: "dynamic_slice";
    own DynamicUpdateSlice in structure::dynamic_update_slice: "dynamic_update_slice";
    own Iota in structure::iota: "iota";
    boxed Pad in structure::pad: "pad";
    own Reshape in structure::reshape: "reshape";
    own Rev in structure::rev: "rev";
    boxed Slice in structure::slice: "slice";
    own Split in structure::split: "split";
    own Squeeze in structure::squeeze: "squeeze";
    own Transpose in structure::transpose: "transpose";
    boxed Gather in indexing::gather: "gather";
    boxed Scatter in indexing::scatter:
        "scatter" | "scatter-add" | "scatter-sub" | "scatter-mul" | "scatter-min" | "scatter-max";
    own SearchSorted in sorting::searchsorted: "searchsorted";
    own Sort in sorting::sort: "sort";
    own TopK in sorting::top_k: "top_k";
    boxed ConvGeneralDilated in signal::conv_general_dilated: "conv_general_dilated";
    boxed ReduceWindow in signal::reduce_window:
        "reduce_window_sum" | "reduce_window_max" | "reduce_window_min";
    boxed SelectAndGatherAdd in signal::select_and_gather_add: "select_and_gather_add";
    boxed SelectAndScatterAdd in signal::select_and_scatter_add: "select_and_scatter_add";
    own Fft in signal::fft: "fft";
    own RandomSeed in random::random_seed: "random_seed";
    own RandomSplit in random::random_split: "random_split";
    own RandomFoldIn in random::random_fold_in: "random_fold_in";
    own RandomBits in random::random_bits: "random_bits";
    own RandomGamma in random::random_gamma: "random_gamma";
    own RandomWrap in random::random_wrap: "random_wrap";
    own RandomUnwrap in random::random_unwrap: "random_unwrap";
    own Threefry2x32 in random::threefry2x32: "threefry2x32";
    own Cholesky in linalg::cholesky: "cholesky";
    own Lu in linalg::lu: "lu";
    own Qr in linalg::qr: "qr";
    own Svd in linalg::svd: "svd";
    own Eigh in linalg::eigh: "eigh";
    own Psum in collective::psum: "psum";
    own PExtremum in collective::pextremum: "pmax" | "pmin";
    own AxisIndex in collective::axis_index: "axis_index";
    own AllGather in collective::all_gather: "all_gather";
    own ReduceScatter in collective::reduce_scatter: "reduce_scatter";
    own PPermute in collective::ppermute: "ppermute";
    own AllToAll in collective::all_to_all: "all_to_all";
    own TriangularSolve in linalg::triangular_solve: "triangular_solve";
}
