//! Samples of the gamma distribution, each from a key of its own; bit for bit those of JAX, as far
//! as logarithms and powers agree in the last place.

use smallvec::smallvec;

use super::common::build;
use super::parts::for_each_part;
use super::random::keys_of;
use super::threefry::threefry;
use super::{Kernel, Tensors};
use crate::dtype::{DType, Element, Key};
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use crate::tile::math::{double, single, special};

/// A sample of the gamma distribution, or its logarithm, for each key of the first input and the
/// parameter at its place in the second, of dtype f32 or f64.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomGamma {
    /// Whether the logarithm is wanted.
    pub log_space: bool,
    /// Which layout the streams have.
    pub partitionable: bool,
}

impl Kernel for RandomGamma {
    fn name(&self) -> &'static str {
        "random_gamma"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let keys = keys_of(&inputs[0], self.name())?;
        let a = &inputs[1];
        fn each<T: Element>(
            keys: &[Key],
            a: &Tensor,
            sample: impl Fn(Key, T) -> T + Sync,
        ) -> Result<Tensor> {
            let parameters = a.to_vec::<T>();
            build::<T>(a.shape(), |out| {
                for_each_part(out, PART, |start, out| {
                    let given = keys[start..].iter().zip(&parameters[start..]);
                    for (slot, (&key, &a)) in out.iter_mut().zip(given) {
                        *slot = sample(key, a);
                    }
                })
            })
        }
        let y = match a.dtype() {
            DType::F32 => each(&keys, a, |key, a| self.sample_f32(Stream::new(key, self), a)),
            DType::F64 => each(&keys, a, |key, a| self.sample_f64(Stream::new(key, self), a)),
            dtype => Err(Error::DType { operation: self.name(), dtype }),
        }?;
        Ok(smallvec![y])
    }
}

/// Samples that a thread takes at once: some hundred microseconds of work.
const PART: usize = 512;

/// A key that single numbers are drawn with.
#[derive(Clone, Copy)]
struct Stream {
    key: Key,
    partitionable: bool,
}

impl Stream {
    fn new(key: Key, op: &RandomGamma) -> Stream {
        Stream { key, partitionable: op.partitionable }
    }

    /// The blocks of several counters, side by side.
    fn blocks<const N: usize>(self, mut high: [u32; N], mut low: [u32; N]) -> [[u32; N]; 2] {
        threefry(self.key.0[0], self.key.0[1], &mut high, &mut low);
        [high, low]
    }

    fn block(self, high: u32, low: u32) -> [u32; 2] {
        let [[high], [low]] = self.blocks([high], [low]);
        [high, low]
    }

    /// The keys that a split makes.
    fn split<const N: usize>(self) -> [Stream; N] {
        let number = std::array::from_fn(|i| i as u32);
        if self.partitionable {
            let [high, low] = self.blocks([0; N], number);
            return std::array::from_fn(|i| Stream { key: Key([high[i], low[i]]), ..self });
        }
        // 2 N words: the first ones of all blocks, then the second ones.
        let [first, second] = self.blocks(number, number.map(|i| i + N as u32));
        let word = |at: usize| if at < N { first[at] } else { second[at - N] };
        std::array::from_fn(|i| Stream { key: Key([word(2 * i), word(2 * i + 1)]), ..self })
    }

    fn word(self) -> u32 {
        let [high, low] = self.block(0, 0);
        if self.partitionable { high ^ low } else { high }
    }

    fn long(self) -> u64 {
        // In the original layout the counters are 0 and 1.
        let [high, low] = self.block(0, u32::from(!self.partitionable));
        (high as u64) << 32 | low as u64
    }
}

/// The method of G. Marsaglia and W. Tsang 2000, "A simple method for generating gamma variables":
/// normal numbers are tried until one is accepted. A parameter below one is raised by one, and the
/// sample multiplied by a power of a uniform number.
macro_rules! gamma_sampler {
    ($name:ident, $float:ident, $math:ident, $erf_inv:path, $log1p:path, $uniform:expr) => {
        impl RandomGamma {
            fn $name(&self, stream: Stream, a: $float) -> $float {
                const ROOT: $float = std::f64::consts::SQRT_2 as $float;
                let uniform: fn(Stream) -> $float = $uniform;
                let normal = |stream: Stream| {
                    let low = -1.0 + $float::EPSILON / 2.0;
                    let u = (uniform(stream) * (1.0 - low) + low).max(low);
                    ROOT * $erf_inv(u)
                };
                let raised = if a >= 1.0 { a } else { a + 1.0 };
                let third = (1.0f64 / 3.0) as $float;
                let d = raised - third;
                let c = third / d.sqrt();
                let [mut stream, last] = stream.split();
                let (mut square, mut cube, mut u) = (0.0, 1.0, 2.0);
                let rejected = |square: $float, cube: $float, u: $float| {
                    u >= 1.0 - 0.0331 * (square * square)
                        && $math::log(u) >= square * 0.5 + d * ((1.0 - cube) + $math::log(cube))
                };
                // A parameter that is no number is not accepted, nor is anything else.
                while rejected(square, cube, u) {
                    let [next, mut x_stream, u_stream] = stream.split();
                    let (mut x, mut v) = (0.0, -1.0);
                    while v <= 0.0 {
                        let [next, own] = x_stream.split();
                        x = normal(own);
                        v = 1.0 + x * c;
                        x_stream = next;
                    }
                    square = x * x;
                    cube = v * v * v;
                    u = uniform(u_stream);
                    stream = next;
                }
                if self.log_space {
                    let log = $log1p(-uniform(last));
                    let boost = if a >= 1.0 || log == 0.0 { 0.0 } else { log * (1.0 / a) };
                    ($math::log(d) + $math::log(cube)) + boost
                } else {
                    let sample = 1.0 - uniform(last);
                    let boost = if a >= 1.0 { 1.0 } else { sample.powf(1.0 / a) };
                    (d * cube) * boost
                }
            }
        }
    };
}

gamma_sampler! { sample_f32, f32, single, single::erf_inv, single::log1p, |stream| {
    f32::from_bits(stream.word() >> 9 | 0x3F80_0000) - 1.0
} }
gamma_sampler! { sample_f64, f64, double, special::erf_inv, f64::ln_1p, |stream| {
    f64::from_bits(stream.long() >> 12 | 0x3FF0_0000_0000_0000) - 1.0
} }
