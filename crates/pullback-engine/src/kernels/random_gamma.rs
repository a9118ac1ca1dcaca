//! Samples of the gamma distribution, each from a key of its own; bit for bit those of JAX, as far
//! as logarithms and powers agree in the last place.

use smallvec::smallvec;

use super::common::{arch, build};
use super::parts::for_each_part;
use super::random::{BLOCK, keys_of};
use super::threefry::threefry;
use super::{Kernel, Tensors};
use crate::cost::{Cost, TensorType};
use crate::dtype::{DType, Element, Key};
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use crate::tile::math::{double, single};

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

    /// What a sample takes that is accepted at once, as nearly all are: two blocks of random bits,
    /// a normal sample and a test.
    fn cost(&self, _: &[TensorType], outputs: &[TensorType]) -> Cost {
        let count = outputs[0].count();
        Cost { transcendentals: 4.0 * count as f64, ..Cost::flops((2 * BLOCK + 20) * count) }
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let keys = keys_of(&inputs[0], self.name())?;
        let a = &inputs[1];
        let y = match a.dtype() {
            DType::F32 => self.sample(&keys, a, |draw: Draw<f32>| arch().dispatch(draw)),
            DType::F64 => self.sample(&keys, a, |draw: Draw<f64>| arch().dispatch(draw)),
            dtype => Err(Error::DType { operation: self.name(), dtype }),
        }?;
        Ok(smallvec![y])
    }
}

impl RandomGamma {
    fn sample<T: Element>(
        &self,
        keys: &[Key],
        a: &Tensor,
        draw: impl Fn(Draw<T>) + Sync,
    ) -> Result<Tensor> {
        let a = a.contiguous()?;
        let parameters = a.as_slice::<T>().unwrap_or_default();
        build::<T>(a.shape(), |out| {
            for_each_part(out, PART, |start, out| {
                let (keys, a) = (&keys[start..], &parameters[start..]);
                draw(Draw { keys, a, out, log: self.log_space, partitionable: self.partitionable });
            })
        })
    }
}

/// What a sample costs: words of a stream, and the logarithms and roots of a normal and of a uniform
/// number, for most samples once.
const SAMPLE: Cost = Cost { flops: (8 * BLOCK) as f64, transcendentals: 6.0, bytes: 0.0 };
/// Samples that a thread takes at a time: two parts, as lanes are idle at the end of one.
const PART: usize = (2 * SAMPLE.items_of_part()).next_multiple_of(LANES);
/// Samples drawn side by side.
const LANES: usize = 16;

/// Keys that single numbers are drawn with, side by side.
#[derive(Clone, Copy)]
struct Streams {
    k0: [u32; LANES],
    k1: [u32; LANES],
    partitionable: bool,
}

// All that is called here is inlined into what is compiled for the processor; so there are loops
// instead of closures.
impl Streams {
    #[inline(always)]
    fn block(&self, high: u32, low: u32) -> [[u32; LANES]; 2] {
        let (mut x0, mut x1) = ([high; LANES], [low; LANES]);
        threefry(self.k0, self.k1, &mut x0, &mut x1);
        [x0, x1]
    }

    /// The keys that a split makes.
    #[inline(always)]
    fn split<const N: usize>(&self) -> [Streams; N] {
        let mut streams = [*self; N];
        if self.partitionable {
            for (i, stream) in streams.iter_mut().enumerate() {
                [stream.k0, stream.k1] = self.block(0, i as u32);
            }
            return streams;
        }
        // 2 N words: the first ones of all blocks, then the second ones.
        let mut words = [[[0; LANES]; N]; 2];
        for i in 0..N {
            [words[0][i], words[1][i]] = self.block(i as u32, (i + N) as u32);
        }
        for (i, stream) in streams.iter_mut().enumerate() {
            let (first, second) = (2 * i, 2 * i + 1);
            stream.k0 = words[first / N][first % N];
            stream.k1 = words[second / N][second % N];
        }
        streams
    }

    /// Uniform numbers from zero to one.
    #[inline(always)]
    fn uniform_f32(&self) -> [f32; LANES] {
        let [high, low] = self.block(0, 0);
        let mut u = [0.0; LANES];
        for lane in 0..LANES {
            let word = if self.partitionable { high[lane] ^ low[lane] } else { high[lane] };
            u[lane] = f32::from_bits(word >> 9 | 0x3F80_0000) - 1.0;
        }
        u
    }

    #[inline(always)]
    fn uniform_f64(&self) -> [f64; LANES] {
        // In the original layout the counters are 0 and 1.
        let [high, low] = self.block(0, u32::from(!self.partitionable));
        let mut u = [0.0; LANES];
        for lane in 0..LANES {
            let long = (high[lane] as u64) << 32 | low[lane] as u64;
            u[lane] = f64::from_bits(long >> 12 | 0x3FF0_0000_0000_0000) - 1.0;
        }
        u
    }
}

/// A sample for each key and the parameter at its place.
struct Draw<'a, T> {
    keys: &'a [Key],
    a: &'a [T],
    out: &'a mut [T],
    log: bool,
    partitionable: bool,
}

#[inline(always)]
fn any(lanes: &[bool; LANES]) -> bool {
    let mut any = false;
    for &lane in lanes {
        any |= lane;
    }
    any
}

/// The method of G. Marsaglia and W. Tsang 2000, "A simple method for generating gamma variables":
/// normal numbers are tried until one is accepted. A parameter below one is raised by one, and the
/// sample multiplied by a power of a uniform number. Lanes that have their sample wait for the
/// others.
macro_rules! gamma_sampler {
    ($float:ident, $math:ident, $uniform:ident) => {
        impl pulp::NullaryFnOnce for Draw<'_, $float> {
            type Output = ();

            #[inline(always)]
            fn call(self) {
                let Draw { keys, a, out, log, partitionable } = self;
                for (n, out) in out.chunks_mut(LANES).enumerate() {
                    let mut parameters = [1.0; LANES];
                    let [mut k0, mut k1] = [[0; LANES]; 2];
                    for lane in 0..out.len() {
                        parameters[lane] = a[n * LANES + lane];
                        [k0[lane], k1[lane]] = keys[n * LANES + lane].0;
                    }
                    let samples = Streams { k0, k1, partitionable }.gamma(&parameters, log);
                    out.copy_from_slice(&samples[..out.len()]);
                }
            }
        }

        impl Gamma<$float> for Streams {
            #[inline(always)]
            fn gamma(&self, a: &[$float; LANES], log: bool) -> [$float; LANES] {
                const ROOT: $float = std::f64::consts::SQRT_2 as $float;
                const THIRD: $float = (1.0f64 / 3.0) as $float;
                const LOW: $float = -1.0 + $float::EPSILON / 2.0;
                let [mut c, mut d] = [[0.0; LANES]; 2];
                for lane in 0..LANES {
                    let raised = if a[lane] >= 1.0 { a[lane] } else { a[lane] + 1.0 };
                    d[lane] = raised - THIRD;
                    c[lane] = THIRD / d[lane].sqrt();
                }
                let [mut streams, last] = self.split();
                let (mut square, mut cube) = ([0.0; LANES], [1.0; LANES]);
                // A parameter that is no number is not accepted, nor is anything else.
                let mut rejected = [false; LANES];
                for lane in 0..LANES {
                    rejected[lane] = !d[lane].is_nan();
                }
                while any(&rejected) {
                    let [next, mut x_streams, u_streams] = streams.split();
                    let (mut x, mut v) = ([0.0; LANES], [0.0; LANES]);
                    let mut waiting = rejected;
                    while any(&waiting) {
                        let [x_next, own] = x_streams.split();
                        let drawn = own.$uniform();
                        for lane in 0..LANES {
                            let u = drawn[lane] * (1.0 - LOW) + LOW;
                            let u = if u > LOW { u } else { LOW };
                            let tried = ROOT * $math::erf_inv(u);
                            x[lane] = if waiting[lane] { tried } else { x[lane] };
                            v[lane] = if waiting[lane] { 1.0 + tried * c[lane] } else { v[lane] };
                            waiting[lane] &= v[lane] <= 0.0;
                        }
                        x_streams = x_next;
                    }
                    let u = u_streams.$uniform();
                    for lane in 0..LANES {
                        let tried = (x[lane] * x[lane], v[lane] * v[lane] * v[lane]);
                        square[lane] = if rejected[lane] { tried.0 } else { square[lane] };
                        cube[lane] = if rejected[lane] { tried.1 } else { cube[lane] };
                        let (square, cube) = (square[lane], cube[lane]);
                        let bound = square * 0.5 + d[lane] * ((1.0 - cube) + $math::log(cube));
                        rejected[lane] &= (u[lane] >= 1.0 - 0.0331 * (square * square))
                            & ($math::log(u[lane]) >= bound);
                    }
                    streams = next;
                }
                let last = last.$uniform();
                let mut samples = [0.0; LANES];
                if log {
                    for lane in 0..LANES {
                        let log = $math::log1p(-last[lane]);
                        let raised = a[lane] >= 1.0 || log == 0.0;
                        let boost = if raised { 0.0 } else { log * (1.0 / a[lane]) };
                        samples[lane] = ($math::log(d[lane]) + $math::log(cube[lane])) + boost;
                    }
                } else {
                    for lane in 0..LANES {
                        let own = a[lane] >= 1.0;
                        let boost = if own { 1.0 } else { (1.0 - last[lane]).powf(1.0 / a[lane]) };
                        samples[lane] = (d[lane] * cube[lane]) * boost;
                    }
                }
                samples
            }
        }
    };
}

trait Gamma<T> {
    fn gamma(&self, a: &[T; LANES], log: bool) -> [T; LANES];
}

gamma_sampler! { f32, single, uniform_f32 }
gamma_sampler! { f64, double, uniform_f64 }

#[cfg(test)]
mod tests {
    use super::super::parts::tests::on_any_number_of_threads;
    use super::*;

    /// Samples of many parameters, which are those of each parameter alone.
    fn check<T: Element + PartialEq + std::fmt::Debug>(convert: impl Fn(f64) -> T) {
        let count = 1300;
        let keys: Vec<Key> = (0..count).map(|i| Key([i, 3 * i + 1])).collect();
        let a: Vec<T> = (0..count).map(|i| convert(0.05 + (i % 97) as f64 * 0.1)).collect();
        for (log_space, partitionable) in
            [(false, true), (true, true), (false, false), (true, false)]
        {
            let kernel = RandomGamma { log_space, partitionable };
            let draw = |keys: &[Key], a: &[T]| {
                let keys = Tensor::from_slice(keys, &[keys.len()]).unwrap();
                let a = Tensor::from_slice(a, &[a.len()]).unwrap();
                kernel.run(smallvec![keys, a]).unwrap().remove(0).to_vec::<T>()
            };
            let all = on_any_number_of_threads(|| draw(&keys, &a));
            for i in (0..count as usize).step_by(41) {
                assert_eq!(draw(&keys[i..=i], &a[i..=i]), all[i..=i]);
            }
        }
    }

    #[test]
    fn a_sample_does_not_depend_on_its_neighbours() {
        check(|a| a as f32);
        check(|a| a);
    }

    #[test]
    fn no_number_and_the_mean_of_many() {
        let kernel = RandomGamma { log_space: false, partitionable: true };
        let count = 20_000;
        let keys: Vec<Key> = (0..count as u32).map(|i| Key([7, i])).collect();
        let keys = Tensor::from_slice(&keys, &[count]).unwrap();
        let draw = |a: f64| {
            let a = Tensor::full(&[count], &Tensor::scalar(a)).unwrap();
            kernel.run(smallvec![keys.clone(), a]).unwrap().remove(0).to_vec::<f64>()
        };
        assert!(draw(f64::NAN).iter().all(|v| v.is_nan()));
        for a in [0.3, 1.0, 4.5] {
            let mean = draw(a).iter().sum::<f64>() / count as f64;
            assert!((mean - a).abs() < 5.0 * (a / count as f64).sqrt(), "{a}: {mean}");
        }
    }
}
