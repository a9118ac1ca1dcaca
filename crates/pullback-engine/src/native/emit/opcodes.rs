//! The instructions of steps.

use crate::native::ir::{Binary, Kind, Predicate};
use crate::native::x64::{Map, Opcode, Prefix, op};

/// vpbroadcastd or vpbroadcastq, from memory.
pub(super) fn broadcast(wide: bool) -> Opcode {
    op(Map::M0F38, Prefix::P66, wide, if wide { 0x59 } else { 0x58 })
}

/// vmovaps or vmovapd between registers.
pub(super) fn moved(wide: bool) -> Opcode {
    op(Map::M0F, if wide { Prefix::P66 } else { Prefix::None }, wide, 0x28)
}

pub(super) fn binary_opcode(binary: Binary, kind: Kind) -> Opcode {
    use Map::*;
    let wide = kind == Kind::Double;
    let float = |byte| op(M0F, if wide { Prefix::P66 } else { Prefix::None }, wide, byte);
    let plain = |word, double| op(M0F, Prefix::P66, wide, if wide { double } else { word });
    let newer = |byte| op(M0F38, Prefix::P66, wide, byte);
    match binary {
        Binary::AddF => float(0x58),
        Binary::MulF => float(0x59),
        Binary::SubF => float(0x5c),
        Binary::MinF => float(0x5d),
        Binary::DivF => float(0x5e),
        Binary::MaxF => float(0x5f),
        // vpmuludq.
        Binary::MulHalves => op(M0F, Prefix::P66, true, 0xf4),
        // vscalefps or vscalefpd.
        Binary::Scale => newer(0x2c),
        // vrangeps or vrangepd.
        Binary::SmallerF | Binary::LargerF => op(M0F3A, Prefix::P66, wide, 0x50),
        Binary::Add => plain(0xfe, 0xd4),
        Binary::Sub => plain(0xfa, 0xfb),
        Binary::Mul => newer(0x40),
        Binary::MinSigned => newer(0x39),
        Binary::MinUnsigned => newer(0x3b),
        Binary::MaxSigned => newer(0x3d),
        Binary::MaxUnsigned => newer(0x3f),
        Binary::And => plain(0xdb, 0xdb),
        Binary::Or => plain(0xeb, 0xeb),
        Binary::Xor => plain(0xef, 0xef),
        Binary::ShiftRight => newer(0x45),
        Binary::ShiftRightSigned => newer(0x46),
        Binary::ShiftLeft => newer(0x47),
    }
}

/// The instruction that compares, and its code, perhaps for exchanged operands.
pub(super) fn compare_opcode(predicate: Predicate, kind: Kind, exchanged: bool) -> (Opcode, u8) {
    let wide = kind == Kind::Double;
    let float = op(Map::M0F, if wide { Prefix::P66 } else { Prefix::None }, wide, 0xc2);
    let signed = op(Map::M0F3A, Prefix::P66, wide, 0x1f);
    let unsigned = op(Map::M0F3A, Prefix::P66, wide, 0x1e);
    let (opcode, straight, turned) = match predicate {
        Predicate::EqF => (float, 0x00, 0x00),
        Predicate::UnorderedF => (float, 0x03, 0x03),
        Predicate::LtF => (float, 0x11, 0x1e),
        Predicate::LeF => (float, 0x12, 0x1d),
        Predicate::Eq => (signed, 0, 0),
        Predicate::LtSigned => (signed, 1, 6),
        Predicate::LeSigned => (signed, 2, 5),
        Predicate::LtUnsigned => (unsigned, 1, 6),
        Predicate::LeUnsigned => (unsigned, 2, 5),
    };
    (opcode, if exchanged { turned } else { straight })
}

/// vmovups: all lanes from memory.
pub(super) const LOAD: Opcode = op(Map::M0F, Prefix::None, false, 0x10);
