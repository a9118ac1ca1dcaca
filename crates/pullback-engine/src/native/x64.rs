//! The encoder: instructions of x86-64 as bytes.
//!
//! Vector instructions are those of AVX-512 with lengths of 128 to 512 bits and those on masks, or
//! those of AVX2: most have the same opcode, behind another prefix (EVEX or VEX). Only what the
//! code generator emits is here; the tables of opcodes follow the processor manual, "Intel 64 and
//! IA-32 Architectures Software Developer's Manual", volume 2.

use crate::isa::Isa;

/// A general register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Gpr(pub u8);

pub(crate) const RAX: Gpr = Gpr(0);
pub(crate) const RCX: Gpr = Gpr(1);
pub(crate) const RDX: Gpr = Gpr(2);
pub(crate) const RBX: Gpr = Gpr(3);
pub(crate) const RSP: Gpr = Gpr(4);
pub(crate) const RBP: Gpr = Gpr(5);
pub(crate) const RSI: Gpr = Gpr(6);
pub(crate) const RDI: Gpr = Gpr(7);
pub(crate) const R8: Gpr = Gpr(8);
pub(crate) const R9: Gpr = Gpr(9);
pub(crate) const R10: Gpr = Gpr(10);
pub(crate) const R11: Gpr = Gpr(11);
pub(crate) const R12: Gpr = Gpr(12);
pub(crate) const R13: Gpr = Gpr(13);
pub(crate) const R14: Gpr = Gpr(14);
pub(crate) const R15: Gpr = Gpr(15);

/// A vector register, 0 to 31; of AVX2, 0 to 15.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Zmm(pub u8);

/// A mask register, 0 to 7.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mask(pub u8);

/// No mask: every lane takes part.
pub(crate) const ALL: Mask = Mask(0);

/// How much of a vector register takes part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Length {
    B16 = 0,
    B32 = 1,
    B64 = 2,
}

/// A place in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mem {
    /// At a register, and some bytes.
    At(Gpr, i32),
    /// At a register, an index times 1, 2, 4 or 8, and some bytes.
    Indexed(Gpr, Gpr, u8, i32),
    /// At a byte of the constants, which follow the code.
    Constant(u32),
}

/// The last operand of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rm {
    Reg(Zmm),
    Mem(Mem),
    /// One element in memory, for every lane.
    Broadcast(Mem),
}

impl From<Zmm> for Rm {
    fn from(reg: Zmm) -> Rm {
        Rm::Reg(reg)
    }
}

/// The escape bytes of an opcode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Map {
    M0F = 1,
    M0F38 = 2,
    M0F3A = 3,
}

/// The prefix that belongs to an opcode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Prefix {
    None = 0,
    P66 = 1,
    F3 = 2,
    F2 = 3,
}

/// A vector instruction without its operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Opcode {
    pub map: Map,
    pub prefix: Prefix,
    /// Whether elements have 64 bits.
    pub wide: bool,
    pub byte: u8,
}

impl Opcode {
    /// Whether the width of elements is part of the VEX prefix, and not of the opcode alone.
    fn tells_width(self) -> bool {
        match self.map {
            Map::M0F => false,
            // Shifts by variables, gathers, fused products.
            Map::M0F38 => matches!(self.byte, 0x45..=0x47 | 0x90..=0xbf),
            // Permutations and extractions of 64 bits.
            Map::M0F3A => matches!(self.byte, 0x00 | 0x01 | 0x16),
        }
    }
}

/// An instruction of the map and prefix given.
pub(crate) const fn op(map: Map, prefix: Prefix, wide: bool, byte: u8) -> Opcode {
    Opcode { map, prefix, wide, byte }
}

/// Which lanes an instruction writes, and whether the others become zero or stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Masking {
    pub mask: Mask,
    pub zero: bool,
}

/// All lanes.
pub(crate) const UNMASKED: Masking = Masking { mask: ALL, zero: false };

/// A conditional jump, by its condition code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Condition {
    Below = 2,
    AboveOrEqual = 3,
    Equal = 4,
    BelowOrEqual = 6,
    Above = 7,
}

/// A place in the code that jumps go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Label(usize);

/// Where an instruction has its constant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Immediate(usize);

/// Code under construction.
pub(crate) struct Assembler {
    isa: Isa,
    code: Vec<u8>,
    constants: Vec<u8>,
    /// Where a constant's distance is to be written, from where it counts, and the constant.
    constant_uses: Vec<(usize, usize, u32)>,
    labels: Vec<Option<usize>>,
    jumps: Vec<(usize, Label)>,
}

impl Assembler {
    /// Code for processors with an instruction set, of which vector instructions are taken.
    pub fn new(isa: Isa) -> Assembler {
        Assembler {
            isa,
            code: vec![],
            constants: vec![],
            constant_uses: vec![],
            labels: vec![],
            jumps: vec![],
        }
    }

    /// The code, followed by its constants.
    pub fn finish(mut self) -> Vec<u8> {
        for (at, label) in std::mem::take(&mut self.jumps) {
            let target = self.labels[label.0].expect("a label that is jumped to is placed");
            self.patch(at, target as i64 - (at as i64 + 4));
        }
        // Constants are aligned, so that none crosses a cache line.
        self.code.resize(self.code.len().next_multiple_of(64), 0xcc);
        let start = self.code.len();
        for (at, from, constant) in std::mem::take(&mut self.constant_uses) {
            self.patch(at, (start + constant as usize) as i64 - from as i64);
        }
        self.code.extend_from_slice(&self.constants);
        self.code
    }

    fn patch(&mut self, at: usize, distance: i64) {
        let distance = i32::try_from(distance).expect("code is smaller than 2 GiB");
        self.code[at..at + 4].copy_from_slice(&distance.to_le_bytes());
    }

    /// Where bytes of the constants are: shared with others that are equal.
    pub fn constant(&mut self, bytes: &[u8]) -> Mem {
        let size = bytes.len();
        let found = self.constants.chunks_exact(size).position(|chunk| chunk == bytes);
        let at = found.map_or_else(
            || {
                self.constants.resize(self.constants.len().next_multiple_of(size), 0);
                self.constants.extend_from_slice(bytes);
                self.constants.len() - size
            },
            |chunk| chunk * size,
        );
        Mem::Constant(at as u32)
    }

    /// A label, to be placed.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Places a label here.
    pub fn place(&mut self, label: Label) {
        self.labels[label.0] = Some(self.code.len());
    }

    fn byte(&mut self, byte: u8) {
        self.code.push(byte);
    }

    fn four(&mut self, value: i32) {
        self.code.extend_from_slice(&value.to_le_bytes());
    }

    /// The bytes that name the operands; `after` bytes of the instruction follow them.
    fn modrm(&mut self, reg: u8, rm: Operand, after: usize) {
        let reg = (reg & 7) << 3;
        match rm {
            Operand::Reg(rm) => self.byte(0xc0 | reg | rm & 7),
            Operand::Mem(Mem::At(base, displacement)) => {
                let short = displacement == 0 && base.0 & 7 != 5;
                self.byte(if short { 0 } else { 0x80 } | reg | base.0 & 7);
                if base.0 & 7 == 4 {
                    self.byte(0x24);
                }
                if !short {
                    self.four(displacement);
                }
            }
            Operand::Mem(Mem::Indexed(base, index, scale, displacement)) => {
                // A base of the form of rbp has a displacement always.
                let short = displacement == 0 && base.0 & 7 != 5;
                self.byte(if short { 0x04 } else { 0x84 } | reg);
                let scale = scale.trailing_zeros() as u8;
                self.byte(scale << 6 | (index.0 & 7) << 3 | base.0 & 7);
                if !short {
                    self.four(displacement);
                }
            }
            Operand::Mem(Mem::Constant(constant)) => {
                self.byte(0x05 | reg);
                let at = self.code.len();
                self.constant_uses.push((at, at + 4 + after, constant));
                self.four(0);
            }
        }
    }

    /// A vector instruction: `reg` and `rm` are in the last bytes, `second` in the prefix.
    pub fn vector(
        &mut self,
        opcode: Opcode,
        length: Length,
        masking: Masking,
        reg: u8,
        second: u8,
        rm: Rm,
        immediate: Option<u8>,
    ) {
        let (operand, broadcast) = match rm {
            Rm::Reg(reg) => (Operand::Reg(reg.0), false),
            Rm::Mem(mem) => (Operand::Mem(mem), false),
            Rm::Broadcast(mem) => (Operand::Mem(mem), true),
        };
        // Registers have five bits; in an address two of them belong to base and index.
        let (x, b) = match operand {
            Operand::Reg(rm) => (rm >> 4 & 1, rm >> 3 & 1),
            Operand::Mem(Mem::At(base, _)) => (0, base.0 >> 3 & 1),
            Operand::Mem(Mem::Indexed(base, index, ..)) => (index.0 >> 3 & 1, base.0 >> 3 & 1),
            Operand::Mem(Mem::Constant(_)) => (0, 0),
        };
        let (r, r2) = (reg >> 3 & 1, reg >> 4 & 1);
        if self.isa < Isa::Avx512 {
            debug_assert!(masking == UNMASKED && !broadcast && length != Length::B64);
            debug_assert!(reg < 16 && second < 16 && !matches!(operand, Operand::Reg(16..)));
            let wide = opcode.wide && opcode.tells_width();
            self.vex([r, x, b], opcode, wide, second, length);
            self.modrm(reg, operand, immediate.is_some() as usize);
            self.code.extend(immediate);
            return;
        }
        self.byte(0x62);
        self.byte((r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (r2 ^ 1) << 4 | opcode.map as u8);
        let second_low = !second & 15;
        self.byte((opcode.wide as u8) << 7 | second_low << 3 | 4 | opcode.prefix as u8);
        let second_high = (second >> 4 & 1) ^ 1;
        self.byte(
            (masking.zero as u8) << 7
                | (length as u8) << 5
                | (broadcast as u8) << 4
                | second_high << 3
                | masking.mask.0,
        );
        self.byte(opcode.byte);
        self.modrm(reg, operand, immediate.is_some() as usize);
        self.code.extend(immediate);
    }

    /// The prefix of an instruction of AVX2, and its opcode.
    fn vex(&mut self, [r, x, b]: [u8; 3], opcode: Opcode, wide: bool, second: u8, length: Length) {
        self.byte(0xc4);
        self.byte((r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | opcode.map as u8);
        let second = !second & 15;
        self.byte((wide as u8) << 7 | second << 3 | (length as u8) << 2 | opcode.prefix as u8);
        self.byte(opcode.byte);
    }

    /// vgatherdps or vgatherdpd of AVX2, whose mask is a vector: as `gather`.
    pub fn gather_by_vector(
        &mut self,
        wide: bool,
        length: Length,
        mask: Zmm,
        to: Zmm,
        (base, index): (Gpr, Zmm),
        displacement: i32,
    ) {
        let high = [to.0, index.0, base.0].map(|reg| reg >> 3 & 1);
        let opcode = op(Map::M0F38, Prefix::P66, wide, 0x92);
        self.vex(high, opcode, wide, mask.0, length);
        self.scattered_address(wide, to, (base, index), displacement);
    }

    /// vgatherdps or vgatherqpd of AVX2: elements at a register, plus each lane of an index of as
    /// many bits times the size of an element.
    pub fn gather_by_lane(
        &mut self,
        wide: bool,
        length: Length,
        mask: Zmm,
        to: Zmm,
        (base, index): (Gpr, Zmm),
    ) {
        let high = [to.0, index.0, base.0].map(|reg| reg >> 3 & 1);
        let opcode = op(Map::M0F38, Prefix::P66, wide, 0x92 + wide as u8);
        self.vex(high, opcode, wide, mask.0, length);
        self.scattered_address(wide, to, (base, index), 0);
    }

    /// vgatherdps or vgatherdpd: elements at a register, plus each lane of an index times the size
    /// of an element, plus some bytes.
    pub fn gather(
        &mut self,
        wide: bool,
        length: Length,
        mask: Mask,
        to: Zmm,
        from: (Gpr, Zmm),
        displacement: i32,
    ) {
        self.scattered(0x92, wide, length, mask, to, from, displacement);
    }

    /// vscatterdps or vscatterdpd: as `gather`, in the other direction.
    pub fn scatter(
        &mut self,
        wide: bool,
        length: Length,
        mask: Mask,
        from: Zmm,
        to: (Gpr, Zmm),
        displacement: i32,
    ) {
        self.scattered(0xa2, wide, length, mask, from, to, displacement);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one instruction")]
    fn scattered(
        &mut self,
        opcode: u8,
        wide: bool,
        length: Length,
        mask: Mask,
        reg: Zmm,
        (base, index): (Gpr, Zmm),
        displacement: i32,
    ) {
        let (r, r2) = (reg.0 >> 3 & 1, reg.0 >> 4 & 1);
        let (x, b) = (index.0 >> 3 & 1, base.0 >> 3 & 1);
        self.byte(0x62);
        self.byte((r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (r2 ^ 1) << 4 | Map::M0F38 as u8);
        self.byte((wide as u8) << 7 | 0x78 | 4 | Prefix::P66 as u8);
        self.byte((length as u8) << 5 | ((index.0 >> 4 & 1) ^ 1) << 3 | mask.0);
        self.byte(opcode);
        self.scattered_address(wide, reg, (base, index), displacement);
    }

    /// The bytes that name a register and addresses in a vector.
    fn scattered_address(
        &mut self,
        wide: bool,
        reg: Zmm,
        (base, index): (Gpr, Zmm),
        displacement: i32,
    ) {
        self.byte(0x84 | (reg.0 & 7) << 3);
        let scale = if wide { 3 } else { 2 };
        self.byte(scale << 6 | (index.0 & 7) << 3 | base.0 & 7);
        self.four(displacement);
    }

    /// The product of a register and a constant.
    pub fn multiply(&mut self, to: Gpr, from: Gpr, value: i32) {
        self.general(0x69, to.0, Operand::Reg(from.0));
        self.four(value);
    }

    /// An instruction on mask registers of 16 bits.
    fn mask_op(&mut self, long: bool, byte: u8, reg: u8, second: u8, rm: Operand) {
        self.byte(0xc5);
        self.byte(0x80 | (!second & 15) << 3 | (long as u8) << 2);
        self.byte(byte);
        self.modrm(reg, rm, 0);
    }

    pub fn kand(&mut self, to: Mask, a: Mask, b: Mask) {
        self.mask_op(true, 0x41, to.0, a.0, Operand::Reg(b.0));
    }

    /// `!a & b`.
    pub fn kandn(&mut self, to: Mask, a: Mask, b: Mask) {
        self.mask_op(true, 0x42, to.0, a.0, Operand::Reg(b.0));
    }

    pub fn kor(&mut self, to: Mask, a: Mask, b: Mask) {
        self.mask_op(true, 0x45, to.0, a.0, Operand::Reg(b.0));
    }

    pub fn kxor(&mut self, to: Mask, a: Mask, b: Mask) {
        self.mask_op(true, 0x47, to.0, a.0, Operand::Reg(b.0));
    }

    pub fn knot(&mut self, to: Mask, a: Mask) {
        self.mask_op(false, 0x44, to.0, 0, Operand::Reg(a.0));
    }

    /// A mask of the low bits of a register.
    pub fn kmov_from(&mut self, to: Mask, from: Gpr) {
        self.mask_op(false, 0x92, to.0, 0, Operand::Reg(from.0));
    }

    /// The bits of a mask.
    pub fn kmov_to(&mut self, to: Gpr, from: Mask) {
        self.mask_op(false, 0x93, to.0, 0, Operand::Reg(from.0));
    }

    pub fn kload(&mut self, to: Mask, from: Mem) {
        self.mask_op(false, 0x90, to.0, 0, Operand::Mem(from));
    }

    pub fn kstore(&mut self, to: Mem, from: Mask) {
        self.mask_op(false, 0x91, from.0, 0, Operand::Mem(to));
    }

    /// An instruction on whole general registers.
    fn general(&mut self, byte: u8, reg: u8, rm: Operand) {
        let b = match rm {
            Operand::Reg(rm) => rm >> 3,
            Operand::Mem(Mem::At(base, _) | Mem::Indexed(base, ..)) => base.0 >> 3,
            Operand::Mem(Mem::Constant(_)) => 0,
        };
        self.byte(0x48 | (reg >> 3) << 2 | b);
        self.byte(byte);
        self.modrm(reg, rm, 0);
    }

    pub fn mov(&mut self, to: Gpr, from: Gpr) {
        self.general(0x89, from.0, Operand::Reg(to.0));
    }

    pub fn load(&mut self, to: Gpr, from: Mem) {
        self.general(0x8b, to.0, Operand::Mem(from));
    }

    /// lea: where something lies in memory.
    pub fn address(&mut self, to: Gpr, of: Mem) {
        self.general(0x8d, to.0, Operand::Mem(of));
    }

    /// The 32 bits in memory, and zeros above; first eight registers.
    pub fn load_word(&mut self, to: Gpr, from: Mem) {
        debug_assert!(to.0 < 8);
        match from {
            Mem::At(base, _) if base.0 < 8 => {}
            _ => unreachable!("an address that needs no prefix"),
        }
        self.byte(0x8b);
        self.modrm(to.0, Operand::Mem(from), 0);
    }

    pub fn store(&mut self, to: Mem, from: Gpr) {
        self.general(0x89, from.0, Operand::Mem(to));
    }

    pub fn zero(&mut self, to: Gpr) {
        self.general(0x31, to.0, Operand::Reg(to.0));
    }

    pub fn or(&mut self, to: Gpr, from: Gpr) {
        self.general(0x09, from.0, Operand::Reg(to.0));
    }

    pub fn and_with(&mut self, to: Gpr, from: Gpr) {
        self.general(0x21, from.0, Operand::Reg(to.0));
    }

    pub fn test(&mut self, a: Gpr, b: Gpr) {
        self.general(0x85, b.0, Operand::Reg(a.0));
    }

    pub fn add_register(&mut self, to: Gpr, from: Gpr) {
        self.general(0x03, to.0, Operand::Reg(from.0));
    }

    /// Adds a register to a number in memory.
    pub fn add_register_to(&mut self, to: Mem, from: Gpr) {
        self.general(0x01, from.0, Operand::Mem(to));
    }

    /// Adds a number in memory to a register.
    pub fn add_memory(&mut self, to: Gpr, from: Mem) {
        self.general(0x03, to.0, Operand::Mem(from));
    }

    /// Adds a constant to a number in memory.
    pub fn add_to(&mut self, to: Mem, value: i32) {
        self.general(0x81, 0, Operand::Mem(to));
        self.four(value);
    }

    fn with_immediate(&mut self, extension: u8, to: Gpr, value: i32) -> Immediate {
        self.general(0x81, extension, Operand::Reg(to.0));
        self.four(value);
        Immediate(self.code.len() - 4)
    }

    /// Changes a constant within an instruction.
    pub fn set_immediate(&mut self, immediate: Immediate, value: i32) {
        self.code[immediate.0..immediate.0 + 4].copy_from_slice(&value.to_le_bytes());
    }

    pub fn add(&mut self, to: Gpr, value: i32) {
        self.with_immediate(0, to, value);
    }

    pub fn and(&mut self, to: Gpr, value: i32) {
        self.with_immediate(4, to, value);
    }

    pub fn sub(&mut self, to: Gpr, value: i32) -> Immediate {
        self.with_immediate(5, to, value)
    }

    pub fn cmp(&mut self, a: Gpr, value: i32) {
        self.with_immediate(7, a, value);
    }

    /// A constant of 32 bits, for one of the first eight registers.
    pub fn set(&mut self, to: Gpr, value: u32) {
        debug_assert!(to.0 < 8);
        self.byte(0xb8 | to.0);
        self.four(value as i32);
    }

    /// The low bits of `from`, as many as the low byte of `bits` says; first eight registers.
    pub fn bzhi(&mut self, to: Gpr, from: Gpr, bits: Gpr) {
        debug_assert!(to.0 < 8 && from.0 < 8 && bits.0 < 8);
        self.byte(0xc4);
        self.byte(0xe2);
        self.byte((!bits.0 & 15) << 3);
        self.byte(0xf5);
        self.modrm(to.0, Operand::Reg(from.0), 0);
    }

    pub fn push(&mut self, reg: Gpr) {
        if reg.0 >= 8 {
            self.byte(0x41);
        }
        self.byte(0x50 | reg.0 & 7);
    }

    pub fn pop(&mut self, reg: Gpr) {
        if reg.0 >= 8 {
            self.byte(0x41);
        }
        self.byte(0x58 | reg.0 & 7);
    }

    pub fn jump_if(&mut self, condition: Condition, to: Label) {
        self.byte(0x0f);
        self.byte(0x80 | condition as u8);
        self.jumps.push((self.code.len(), to));
        self.four(0);
    }

    pub fn vzeroupper(&mut self) {
        self.code.extend([0xc5, 0xf8, 0x77]);
    }

    pub fn ret(&mut self) {
        self.byte(0xc3);
    }
}

/// What the last bytes of an instruction name.
#[derive(Clone, Copy)]
enum Operand {
    Reg(u8),
    Mem(Mem),
}
