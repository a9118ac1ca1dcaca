//! Products of vectors beside the sums that the module defines.

use smallvec::smallvec;

use super::super::{Dot, Factor};
use super::ROUNDS;
use crate::kernels::Kernel;
use crate::kernels::common::arch;
use crate::kernels::parts::tests::on_any_number_of_threads;
use crate::tensor::Tensor;

/// The sum of products, in the order that holds for every layout.
fn defined<T: Factor, const LANES: usize>(row: &[T], vector: &[T]) -> T {
    let fused = T::FUSES && !matches!(arch(), pulp::Arch::Scalar);
    let blocks = row.chunks(LANES * ROUNDS).zip(vector.chunks(LANES * ROUNDS));
    let sums = blocks.map(|(row, vector)| {
        let mut lanes = [T::ZERO; LANES];
        for (i, (&x, &y)) in row.iter().zip(vector).enumerate() {
            let lane = &mut lanes[i % LANES];
            *lane = match fused {
                true => lane.add_product::<true>(x, y),
                false => lane.add_product::<false>(x, y),
            };
        }
        let mut half = LANES / 2;
        while half > 0 {
            for lane in 0..half {
                lanes[lane] = lanes[lane].plus(lanes[lane + half]);
            }
            half /= 2;
        }
        lanes[0]
    });
    sums.reduce(|total, sum| total.plus(sum)).unwrap_or(T::ZERO)
}

fn as_defined<T: Factor, const LANES: usize>(number: impl Fn(usize) -> T) {
    let depths = [0, 1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100, 4101, 9000];
    let mut sizes: Vec<[usize; 2]> = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 20, 31, 33, 130]
        .into_iter()
        .flat_map(|rows| depths.map(|depth| [rows, depth]))
        .collect();
    // Whose depth, or whose rows, the threads divide.
    sizes.extend([[32, 10_000], [3, 70_001], [9000, 33], [1, 300_000]]);
    for [rows, depth] in sizes {
        let values: Vec<T> = (0..rows * depth).map(&number).collect();
        let factors: Vec<T> = (0..depth).map(|i| number(i * 31 + 7)).collect();
        let a = Tensor::from_slice(&values, &[rows, depth]).unwrap();
        let x = Tensor::from_slice(&factors, &[depth]).unwrap();
        let moved = a.transpose(&[1, 0]).unwrap().contiguous().unwrap();
        let backward = a.reverse(&[0]).unwrap().contiguous().unwrap().reverse(&[0]).unwrap();
        let dot = |a: &Tensor, axis: usize| {
            let kernel = Dot {
                lhs_contract: smallvec![axis],
                rhs_contract: smallvec![0],
                lhs_batch: smallvec![],
                rhs_batch: smallvec![],
                out: T::DTYPE,
            };
            kernel.run(smallvec![a.clone(), x.clone()]).unwrap()[0].to_vec::<T>()
        };
        let expected: Vec<T> = match depth {
            300_000 => dot(&a, 1),
            0 => vec![T::ZERO; rows],
            _ => values.chunks(depth).map(|row| defined::<T, LANES>(row, &factors)).collect(),
        };
        for (a, axis) in [(&a, 1), (&moved, 0), (&backward, 1)] {
            let sums = on_any_number_of_threads(|| dot(a, axis));
            assert!(sums == expected, "{:?} {rows}x{depth} along {axis}", T::DTYPE);
        }
    }
}

#[test]
fn sums_are_as_defined() {
    let sine = |i: usize| (i as f64 * 0.37).sin();
    as_defined::<f32, 32>(|i| sine(i) as f32);
    as_defined::<f64, 16>(sine);
    as_defined::<u32, 32>(|i| (i as u32).wrapping_mul(2_654_435_761));
    as_defined::<u64, 16>(|i| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
}
