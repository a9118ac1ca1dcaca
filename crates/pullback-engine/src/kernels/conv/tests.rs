//! Every form of a convolution beside sums written out.

use smallvec::smallvec;

use super::*;
use crate::kernels::parts::tests::on_any_number_of_threads;

/// Whole numbers in no order, small enough that sums of products are exact.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|n| ((n * 7919 + seed * 31) % 13) as f32 - 6.0).collect()
}

struct Case {
    batch: usize,
    features: usize,
    outputs: usize,
    size: Vec<usize>,
    taps: Vec<usize>,
    conv: Conv,
}

fn conv(rank: usize) -> Conv {
    let spec: Shape = (0..rank + 2).collect();
    Conv {
        lhs_spec: spec.clone(),
        rhs_spec: spec.clone(),
        out_spec: spec,
        strides: Shape::from_elem(1, rank),
        padding: SmallVec::from_elem((0, 0), rank),
        lhs_dilation: Shape::from_elem(1, rank),
        rhs_dilation: Shape::from_elem(1, rank),
        feature_groups: 1,
        batch_groups: 1,
        out: DType::F32,
    }
}

impl Case {
    fn operands(&self) -> [Tensor; 2] {
        let lhs = [&[self.batch, self.features], &self.size[..]].concat();
        let inputs = self.features / self.conv.feature_groups;
        let rhs = [&[self.outputs, inputs], &self.taps[..]].concat();
        let tensor = |shape: &[usize], seed| {
            Tensor::from_slice(&numbers(layout::count(shape), seed), shape).unwrap()
        };
        [tensor(&lhs, 1), tensor(&rhs, 2)]
    }

    /// The result by its definition, for operands with leading batch and features.
    fn slow(&self) -> Tensor {
        let [lhs, rhs] = self.operands();
        let (x, w) = (lhs.to_vec::<f32>(), rhs.to_vec::<f32>());
        let axes = self.conv.axes(&lhs, &rhs);
        let places: Vec<usize> = axes.iter().map(|axis| axis.places).collect();
        let batch = self.batch / self.conv.batch_groups;
        let groups = self.conv.feature_groups * self.conv.batch_groups;
        let inputs = self.features / self.conv.feature_groups;
        let shape = [&[batch, self.outputs], &places[..]].concat();
        let mut out = vec![];
        for at in 0..layout::count(&shape) {
            let q = digits(at, &shape);
            let group = q[1] / (self.outputs / groups);
            let mut sum = 0.0;
            let taps: Vec<usize> = [&[inputs], &self.taps[..]].concat();
            for n in 0..layout::count(&taps) {
                let t = digits(n, &taps);
                let entry = if self.conv.batch_groups > 1 { group * batch + q[0] } else { q[0] };
                let from = if self.conv.feature_groups > 1 { group * inputs } else { 0 };
                let mut place = entry * self.features + from + t[0];
                let mut inside = true;
                for (axis, (&q, &t)) in axes.iter().zip(q[2..].iter().zip(&t[1..])) {
                    let at = axis.at(q, t);
                    inside &= at.is_some();
                    place = place * axis.size + at.unwrap_or(0);
                }
                if inside {
                    sum += x[place] * w[q[1] * layout::count(&taps) + n];
                }
            }
            out.push(sum);
        }
        Tensor::from_slice(&out, &shape).unwrap()
    }

    fn check(&self) {
        let [lhs, rhs] = self.operands();
        let expected = self.slow();
        let given = self.conv.run(smallvec![lhs.clone(), rhs.clone()]).unwrap().remove(0);
        assert_eq!(given.shape(), expected.shape(), "{:?}", self.conv);
        assert_eq!(given.to_vec::<f32>(), expected.to_vec::<f32>(), "{:?}", self.conv);
        // The same with channels last in all of them.
        let rank = self.size.len();
        let last: Shape = [0].into_iter().chain(2..rank + 2).chain([1]).collect();
        let spec: Shape = [0, rank + 1].into_iter().chain(1..rank + 1).collect();
        let turned = Conv {
            lhs_spec: spec.clone(),
            rhs_spec: spec.clone(),
            out_spec: spec,
            ..self.conv.clone()
        };
        let operands = [lhs, rhs].map(|x| x.transpose(&last).unwrap());
        let given = turned.run(operands.into_iter().collect()).unwrap().remove(0);
        let expected = expected.transpose(&last).unwrap();
        assert_eq!(given.to_vec::<f32>(), expected.to_vec::<f32>(), "{turned:?}");
    }
}

fn digits(mut n: usize, shape: &[usize]) -> Vec<usize> {
    let mut digits: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let digit = n % size;
            n /= size;
            digit
        })
        .collect();
    digits.reverse();
    digits
}

/// Batch, features and outputs with the groups of both kinds.
const GROUPS: [[usize; 5]; 8] = [
    [2, 21, 3, 1, 1],
    [2, 3, 5, 1, 1],
    [2, 4, 6, 2, 1],
    [1, 18, 18, 18, 1],
    [1, 3, 6, 3, 1],
    [4, 2, 6, 1, 2],
    [70, 2, 70, 1, 70],
    [1, 70, 70, 70, 1],
];

#[test]
fn lines() {
    for [batch, features, outputs, feature_groups, batch_groups] in GROUPS {
        for (size, taps) in [(9, 3), (4, 7), (7, 1), (20, 17)] {
            for (stride, low, high) in [(1, 0, 0), (2, 3, 1), (3, -1, 8)] {
                for (lhs_dilation, rhs_dilation) in [(1, 1), (2, 1), (1, 3), (3, 2), (2, 4)] {
                    let conv = Conv {
                        strides: smallvec![stride],
                        padding: smallvec![(low, high)],
                        lhs_dilation: smallvec![lhs_dilation],
                        rhs_dilation: smallvec![rhs_dilation],
                        feature_groups,
                        batch_groups,
                        ..conv(1)
                    };
                    let (size, taps) = (vec![size], vec![taps]);
                    Case { batch, features, outputs, size, taps, conv }.check();
                }
            }
        }
    }
}

#[test]
fn planes_and_volumes() {
    for [batch, features, outputs, feature_groups, batch_groups] in GROUPS {
        let conv2 = Conv {
            strides: smallvec![1, 2],
            padding: smallvec![(1, 1), (2, 0)],
            lhs_dilation: smallvec![2, 1],
            feature_groups,
            batch_groups,
            ..conv(2)
        };
        let (size, taps) = (vec![6, 5], vec![3, 2]);
        Case { batch, features, outputs, size, taps, conv: conv2.clone() }.check();
        let (size, taps) = (vec![5, 6], vec![6, 5]);
        Case { batch, features, outputs, size, taps, conv: conv2 }.check();
        let conv3 = Conv { feature_groups, batch_groups, ..conv(3) };
        let (size, taps) = (vec![3, 4, 2], vec![2, 2, 1]);
        Case { batch, features, outputs, size, taps, conv: conv3 }.check();
        let conv0 = Conv { feature_groups, batch_groups, ..conv(0) };
        Case { batch, features, outputs, size: vec![], taps: vec![], conv: conv0 }.check();
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for taps in [3, 40] {
        let tensor = |shape: &[usize]| {
            let values: Vec<f32> =
                (0..layout::count(shape)).map(|n| (n as f32 * 0.37).sin()).collect();
            Tensor::from_slice(&values, shape).unwrap()
        };
        let operands: Tensors = smallvec![tensor(&[3, 20, 41, 43]), tensor(&[8, 20, taps, taps])];
        on_any_number_of_threads(|| {
            let mut y = vec![0; 3 * 8 * (42 - taps) * (44 - taps) * 4];
            conv(2).run(operands.clone()).unwrap()[0].copy_to(&mut y);
            y
        });
    }
}

#[test]
fn narrow_types_are_summed_in_wider_ones() {
    let ones = Tensor::full(&[1, 1, 300], &Tensor::scalar(1i8)).unwrap();
    let conv = Conv { out: DType::I32, ..conv(1) };
    let y = conv.run(smallvec![ones.clone(), ones]).unwrap().remove(0);
    assert_eq!(y.to_vec::<i32>(), [300]);
}
