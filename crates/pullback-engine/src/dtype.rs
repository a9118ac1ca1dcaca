//! Element types, and what a Rust type must be to be an element.

use std::fmt;

use bytemuck::Pod;
use half::{bf16, f16};
use num_complex::Complex;

/// The type of a tensor's elements.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum DType {
    Bool,
    I4,
    I8,
    I16,
    I32,
    I64,
    U4,
    U8,
    U16,
    U32,
    U64,
    F8E4M3Fn,
    F8E5M2,
    BF16,
    F16,
    F32,
    F64,
    C64,
    C128,
    /// The tangent type of values that have no derivative; it holds nothing.
    Float0,
    /// A key of the threefry random bit generator: two 32-bit words, moved as one element.
    KeyThreefry,
    /// A growing list of tensors, as recorded by a loop of unknown length. Always of rank 0.
    Stack,
}

/// Families of element types, as far as rules tell them apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Kind {
    Bool,
    Signed,
    Unsigned,
    Float,
    Complex,
    /// Float0, keys and stacks: no arithmetic.
    Opaque,
}

impl DType {
    /// Every element type that arithmetic is defined for.
    pub const NUMERIC: &'static [DType] = &[
        DType::Bool,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::U8,
        DType::U16,
        DType::U32,
        DType::U64,
        DType::BF16,
        DType::F16,
        DType::F32,
        DType::F64,
        DType::C64,
        DType::C128,
    ];

    /// The family this type belongs to.
    pub const fn kind(self) -> Kind {
        use DType::*;
        match self {
            Bool => Kind::Bool,
            I4 | I8 | I16 | I32 | I64 => Kind::Signed,
            U4 | U8 | U16 | U32 | U64 => Kind::Unsigned,
            F8E4M3Fn | F8E5M2 | BF16 | F16 | F32 | F64 => Kind::Float,
            C64 | C128 => Kind::Complex,
            Float0 | KeyThreefry | Stack => Kind::Opaque,
        }
    }

    /// Bytes that one element takes in a buffer.
    pub const fn size(self) -> usize {
        use DType::*;
        match self {
            Float0 | Stack => 0,
            Bool | I4 | I8 | U4 | U8 | F8E4M3Fn | F8E5M2 => 1,
            I16 | U16 | BF16 | F16 => 2,
            I32 | U32 | F32 => 4,
            I64 | U64 | F64 | C64 | KeyThreefry => 8,
            C128 => 16,
        }
    }

    /// The type that arithmetic is done in for a type that is only stored; `None` for all others.
    pub const fn widened(self) -> Option<DType> {
        match self {
            DType::I4 => Some(DType::I8),
            DType::U4 => Some(DType::U8),
            DType::F8E4M3Fn | DType::F8E5M2 => Some(DType::F32),
            _ => None,
        }
    }

    /// Bits of precision that one element carries.
    pub const fn bits(self) -> usize {
        match self {
            DType::I4 | DType::U4 => 4,
            DType::Bool => 1,
            other => other.size() * 8,
        }
    }

    /// The name that programs are printed with, such as `f32`.
    pub const fn short_name(self) -> &'static str {
        use DType::*;
        match self {
            Bool => "bool",
            I4 => "i4",
            I8 => "i8",
            I16 => "i16",
            I32 => "i32",
            I64 => "i64",
            U4 => "u4",
            U8 => "u8",
            U16 => "u16",
            U32 => "u32",
            U64 => "u64",
            F8E4M3Fn => "f8_e4m3fn",
            F8E5M2 => "f8_e5m2",
            BF16 => "bf16",
            F16 => "f16",
            F32 => "f32",
            F64 => "f64",
            C64 => "c64",
            C128 => "c128",
            Float0 => "float0",
            KeyThreefry => "key<fry>",
            Stack => "stack",
        }
    }

    /// The name that NumPy knows the type by, such as `float32`.
    pub const fn name(self) -> &'static str {
        use DType::*;
        match self {
            Bool => "bool",
            I4 => "int4",
            I8 => "int8",
            I16 => "int16",
            I32 => "int32",
            I64 => "int64",
            U4 => "uint4",
            U8 => "uint8",
            U16 => "uint16",
            U32 => "uint32",
            U64 => "uint64",
            F8E4M3Fn => "float8_e4m3fn",
            F8E5M2 => "float8_e5m2",
            BF16 => "bfloat16",
            F16 => "float16",
            F32 => "float32",
            F64 => "float64",
            C64 => "complex64",
            C128 => "complex128",
            Float0 => "float0",
            KeyThreefry => "key<fry>",
            Stack => "stack",
        }
    }

    /// The type of a name in either spelling.
    pub fn from_name(name: &str) -> Option<DType> {
        use DType::*;
        const ALL: &[DType] = &[
            Bool,
            I4,
            I8,
            I16,
            I32,
            I64,
            U4,
            U8,
            U16,
            U32,
            U64,
            F8E4M3Fn,
            F8E5M2,
            BF16,
            F16,
            F32,
            F64,
            C64,
            C128,
            Float0,
            KeyThreefry,
            Stack,
        ];
        ALL.iter().copied().find(|dtype| dtype.name() == name || dtype.short_name() == name)
    }

    /// Whether the type is a floating point type.
    pub const fn is_float(self) -> bool {
        matches!(self.kind(), Kind::Float)
    }

    /// Whether the type is a complex type.
    pub const fn is_complex(self) -> bool {
        matches!(self.kind(), Kind::Complex)
    }

    /// Whether the type is floating or complex, and so has derivatives.
    pub const fn is_inexact(self) -> bool {
        matches!(self.kind(), Kind::Float | Kind::Complex)
    }

    /// Whether the type is a signed or unsigned integer.
    pub const fn is_integer(self) -> bool {
        matches!(self.kind(), Kind::Signed | Kind::Unsigned)
    }

    /// Whether the type holds no numbers: float0, keys and stacks.
    pub const fn is_opaque(self) -> bool {
        matches!(self.kind(), Kind::Opaque)
    }

    /// The type of the real and imaginary part; a real type is its own.
    pub const fn real(self) -> DType {
        match self {
            DType::C64 => DType::F32,
            DType::C128 => DType::F64,
            other => other,
        }
    }

    /// The complex type whose parts have this type.
    pub const fn complex(self) -> DType {
        match self {
            DType::F64 | DType::C128 => DType::C128,
            _ => DType::C64,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short_name())
    }
}

/// One random key, opaque to arithmetic.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Key(pub [u32; 2]);

/// A truth value as it lies in a buffer: a byte that is 0 or 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Bool(pub u8);

impl From<bool> for Bool {
    fn from(value: bool) -> Bool {
        Bool(value as u8)
    }
}

impl From<Bool> for bool {
    fn from(value: Bool) -> bool {
        value.0 != 0
    }
}

/// A Rust type that elements of some `DType` are stored as.
pub trait Element: Pod + Send + Sync + PartialEq + fmt::Debug {
    /// The element type that this Rust type stores.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($rust:ty => $dtype:ident),* $(,)?) => {
        $(impl Element for $rust {
            const DTYPE: DType = DType::$dtype;
        })*
    };
}

elements! {
    Bool => Bool, i8 => I8, i16 => I16, i32 => I32, i64 => I64,
    u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    bf16 => BF16, f16 => F16, f32 => F32, f64 => F64,
    Complex<f32> => C64, Complex<f64> => C128, Key => KeyThreefry,
}
