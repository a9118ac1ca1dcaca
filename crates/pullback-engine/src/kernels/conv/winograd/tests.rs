//! Beside sums written out in f64, with values that tiles would spread.

use smallvec::smallvec;

use super::*;
use crate::dtype::{DType, Element};
use crate::kernels::Kernel;
use crate::kernels::conv::{Conv, Groups};
use crate::kernels::parts::tests::on_any_number_of_threads;
use crate::layout::Shape;
use crate::tensor::Tensor;

/// Numbers between -1 and 1 in no order.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        // Exact in f32.
        (state >> 42) as f64 / (1u64 << 21) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Images and either windows or slopes, with channels last.
struct Case {
    outer: usize,
    axes: Axes,
    inner: usize,
    features: usize,
    lhs: Vec<f64>,
    rhs: Vec<f64>,
    /// Whether the windows are the result.
    gathers: bool,
}

impl Case {
    fn new(
        outer: usize,
        size: [usize; 2],
        padding: [(i64, i64); 2],
        [inner, features]: [usize; 2],
        gathers: bool,
    ) -> Option<Case> {
        let axis = |n: usize| {
            let (low, high) = padding[n];
            let places = usize::try_from(size[n] as i64 + low + high - 2).ok()?;
            let axis =
                Axis { size: size[n], dilation: 1, low, places, stride: 1, taps: 3, step: 1 };
            (places > 0).then_some(axis)
        };
        let axes: Axes = smallvec![axis(0)?, axis(1)?];
        let lhs = numbers(outer * size[0] * size[1] * inner, 1);
        let places = axes[0].places * axes[1].places;
        let rhs = numbers(features * if gathers { outer * places } else { 9 * inner }, 2);
        Some(Case { outer, axes, inner, features, lhs, rhs, gathers })
    }

    /// The result, and the sums of sizes of products.
    fn expected(&self) -> (Vec<f64>, Vec<f64>) {
        let Case { outer, axes, inner, features, lhs, rhs, .. } = self;
        let [y_axis, x_axis] = [axes[0], axes[1]];
        let places = outer * y_axis.places * x_axis.places;
        let rows = if self.gathers { 9 * inner } else { places };
        let (mut sums, mut sizes) = (vec![0.0; rows * features], vec![0.0; rows * features]);
        for place in 0..places {
            let (line, x) = (place / x_axis.places, place % x_axis.places);
            let (entry, y) = (line / y_axis.places, line % y_axis.places);
            for tap in 0..9 {
                let (Some(row), Some(column)) = (y_axis.at(y, tap / 3), x_axis.at(x, tap % 3))
                else {
                    continue;
                };
                let at = ((entry * y_axis.size + row) * x_axis.size + column) * inner;
                for channel in 0..*inner {
                    let window = tap * inner + channel;
                    let (to, from) = if self.gathers { (window, place) } else { (place, window) };
                    for feature in 0..*features {
                        let product = lhs[at + channel] * rhs[from * features + feature];
                        sums[to * features + feature] += product;
                        sizes[to * features + feature] += product.abs();
                    }
                }
            }
        }
        (sums, sizes)
    }

    /// What the transforms give, with operands and results converted, and the channels that they
    /// tell are spoilt.
    fn given<T: Factor, const LANES: usize>(
        &self,
        to: fn(f64) -> T,
        from: fn(T) -> f64,
    ) -> (Vec<f64>, Vec<usize>) {
        let [lhs, rhs] =
            [&self.lhs, &self.rhs].map(|x| x.iter().map(|&x| to(x)).collect::<Vec<T>>());
        let &Case { outer, inner, features, .. } = self;
        let groups = Groups { feature: 1, batch: 1 };
        let operands = Operands { lhs: &lhs, rhs: &rhs, outer, inner, features, groups };
        let places = outer * self.axes[0].places * self.axes[1].places;
        let rows = if self.gathers { 9 * inner } else { places };
        let mut out = vec![to(7.0); rows * features];
        let spoilt = if self.gathers {
            gathered(&operands, &self.axes, &mut out)
        } else {
            sliding::<T, LANES>(&operands, &self.axes, &mut out);
            vec![]
        };
        (out.into_iter().map(from).collect(), spoilt)
    }

    fn check(&self) {
        let (expected, sizes) = self.expected();
        // Few products are rounded to the size of those of their neighbours.
        let most = sizes.iter().copied().fold(0.0, f64::max);
        let sizes = vec![most; sizes.len()];
        let name = (self.outer, &self.axes, self.inner, self.features, self.gathers);
        let own = |n: usize| n / self.features % self.inner;
        let check = |given: &[f64], spoilt: &[usize], unit: f64| {
            // Sums of few products may be uneven; others are not.
            let places = self.outer * self.axes[0].places * self.axes[1].places;
            assert!(spoilt.is_empty() || places < 64 || self.features < 16, "{name:?}");
            let kept = (0..given.len()).filter(|&n| !self.gathers || !spoilt.contains(&own(n)));
            let of = |x: &[f64]| kept.clone().map(|n| x[n]).collect::<Vec<f64>>();
            assert_near(&of(given), &of(&expected), &of(&sizes), unit, &name);
        };
        let (single, spoilt) = self.given::<f32, 32>(|x| x as f32, |x| x as f64);
        check(&single, &spoilt, f32::EPSILON as f64);
        let (double, spoilt) = self.given::<f64, 16>(|x| x, |x| x);
        check(&double, &spoilt, f64::EPSILON);
    }
}

/// Within some units of the sums of sizes of products, and alike where they are not finite.
fn assert_near(
    given: &[f64],
    expected: &[f64],
    sizes: &[f64],
    unit: f64,
    name: &dyn std::fmt::Debug,
) {
    for (n, ((given, expected), size)) in given.iter().zip(expected).zip(sizes).enumerate() {
        let near = match expected.is_finite() {
            true => (given - expected).abs() <= 8.0 * unit * size,
            false => given == expected || given.is_nan() && expected.is_nan(),
        };
        assert!(near, "{given} for {expected} of {size} at {n} of {name:?}");
    }
}

const PADDINGS: [[(i64, i64); 2]; 5] =
    [[(0, 0); 2], [(1, 1); 2], [(2, 0), (0, 3)], [(-1, 2), (1, -1)], [(3, -2), (-2, 3)]];

#[test]
fn all_sizes() {
    for gathers in [false, true] {
        for size in [[1, 1], [2, 3], [5, 4], [9, 7], [6, 21]] {
            for padding in PADDINGS {
                for channels in [[1, 1], [5, 3], [16, 33], [67, 16], [17, 70]] {
                    for outer in [1, 3] {
                        if let Some(case) = Case::new(outer, size, padding, channels, gathers) {
                            case.check();
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn many_blocks_groups_and_runs() {
    for gathers in [false, true] {
        for (size, channels) in [([40, 33], [20, 18]), ([12, 13], [150, 140])] {
            Case::new(3, size, [(1, 1); 2], channels, gathers).unwrap().check();
        }
    }
}

#[test]
fn what_is_infinite_no_number_or_huge_does_not_reach_its_neighbours() {
    let values = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 3e38, 1e25, 1e12, 1e5];
    for value in values {
        for at in [0, 5 * 16 + 3, 60 * 16, 120 * 16 + 15] {
            let mut case = Case::new(2, [9, 11], PADDINGS[1], [16, 20], false).unwrap();
            // Away from overflow of the sums themselves.
            case.rhs.iter_mut().for_each(|x| *x /= 64.0);
            case.lhs[at] = value;
            let (expected, sizes) = case.expected();
            let (given, _) = case.given::<f32, 32>(|x| x as f32, |x| x as f64);
            // Places that see the value are exact to its size; a place may lose six digits to what
            // the others of its tile see.
            let least = sizes.iter().map(|&size| if size.is_nan() { size } else { size.max(1.0) });
            let sizes: Vec<f64> = least.map(|size| size * 64.0).collect();
            assert_near(&given, &expected, &sizes, f32::EPSILON as f64, &(value, at));
        }
    }
    // In the window.
    for value in [f64::INFINITY, f64::NAN] {
        let mut case = Case::new(1, [9, 11], PADDINGS[1], [16, 20], false).unwrap();
        case.rhs[4 * 16 * 20 + 7] = value;
        let (expected, sizes) = case.expected();
        let (given, _) = case.given::<f32, 32>(|x| x as f32, |x| x as f64);
        assert_near(&given, &expected, &sizes, f32::EPSILON as f64, &value);
    }
}

#[test]
fn sums_on_the_way_may_overflow() {
    let mut case = Case::new(1, [9, 11], PADDINGS[1], [16, 20], false).unwrap();
    case.lhs.iter_mut().for_each(|x| *x = x.signum() * 3e38);
    case.rhs.iter_mut().for_each(|x| *x /= 1024.0);
    let (expected, sizes) = case.expected();
    let (given, _) = case.given::<f32, 32>(|x| x as f32, |x| x as f64);
    assert_near(&given, &expected, &sizes, f32::EPSILON as f64, &"huge");
    // Windows whose taps overflow when they are added.
    let mut case = Case::new(1, [9, 11], PADDINGS[1], [16, 20], false).unwrap();
    case.rhs.iter_mut().for_each(|x| *x = x.signum() * 3e38);
    case.lhs.iter_mut().for_each(|x| *x /= 1024.0);
    let (expected, sizes) = case.expected();
    let (given, _) = case.given::<f32, 32>(|x| x as f32, |x| x as f64);
    assert_near(&given, &expected, &sizes, f32::EPSILON as f64, &"huge");
}

#[test]
fn gradients_of_windows_tell_what_spoils_them() {
    for value in [f64::INFINITY, f64::NAN, 3e38] {
        for in_slopes in [false, true] {
            let mut case = Case::new(2, [9, 11], PADDINGS[0], [16, 20], true).unwrap();
            // In a corner, which one tap alone sees.
            let target = if in_slopes { &mut case.rhs } else { &mut case.lhs };
            target[0] = value;
            let (_, spoilt) = case.given::<f32, 32>(|x| x as f32, |x| x as f64);
            let expected = if in_slopes { (0..16).collect() } else { vec![0] };
            assert_eq!(spoilt, expected, "{value} {in_slopes}");
        }
    }
}

fn of(rank_specs: [[usize; 4]; 3], padding: (i64, i64), out: DType) -> Conv {
    let [lhs_spec, rhs_spec, out_spec] = rank_specs.map(|spec| Shape::from_slice(&spec));
    Conv {
        lhs_spec,
        rhs_spec,
        out_spec,
        strides: smallvec![1, 1],
        padding: smallvec![padding; 2],
        lhs_dilation: smallvec![1, 1],
        rhs_dilation: smallvec![1, 1],
        feature_groups: 1,
        batch_groups: 1,
        out,
    }
}

fn tensor<T: Element>(values: &[f64], shape: &[usize], to: fn(f64) -> T) -> Tensor {
    let values: Vec<T> = values.iter().map(|&x| to(x)).collect();
    Tensor::from_slice(&values, shape).unwrap()
}

/// Images, windows and slopes large enough for the transforms, as a convolution is given them.
#[test]
fn convolutions_of_any_layout() {
    let case = Case::new(3, [15, 14], PADDINGS[1], [24, 33], false).unwrap();
    let (expected, sizes) = case.expected();
    let (lhs, rhs) = (
        tensor(&case.lhs, &[3, 15, 14, 24], |x| x as f32),
        tensor(&case.rhs, &[3, 3, 24, 33], |x| x as f32),
    );
    let last = [[0, 3, 1, 2], [3, 2, 0, 1], [0, 3, 1, 2]];
    let first = [[0, 1, 2, 3]; 3];
    // Windows as those of the gradient with respect to images: a view, reversed and transposed.
    let reversed = rhs.reverse(&[0, 1]).unwrap().contiguous().unwrap().reverse(&[0, 1]).unwrap();
    let turned = |x: &Tensor, order: &[usize]| x.transpose(order).unwrap();
    let leading = [turned(&lhs, &[0, 3, 1, 2]), turned(&rhs, &[3, 2, 0, 1])];
    let runs = [
        (last, lhs.clone(), rhs.clone()),
        (last, lhs.clone(), reversed),
        (first, leading[0].clone(), leading[1].clone()),
        (first, leading[0].contiguous().unwrap(), leading[1].contiguous().unwrap()),
    ];
    for (specs, lhs, rhs) in runs {
        let y = of(specs, (1, 1), DType::F32).run(smallvec![lhs, rhs]).unwrap().remove(0);
        let y = if specs == first { turned(&y, &[0, 2, 3, 1]) } else { y };
        let given: Vec<f64> = y.to_vec::<f32>().into_iter().map(f64::from).collect();
        assert_near(&given, &expected, &sizes, f32::EPSILON as f64, &specs);
    }

    // Of windows: as they are, with a channel that is computed again, and with all of them.
    let mut case = Case::new(3, [15, 14], PADDINGS[1], [24, 33], true).unwrap();
    let (_, sizes) = case.expected();
    let specs = [[3, 0, 1, 2], [3, 0, 1, 2], [2, 3, 0, 1]];
    for spoilt in 0..3 {
        match spoilt {
            0 => {}
            1 => case.lhs[5] = f64::NAN,
            // All taps see a point here: beside padding it would be multiplied with zeros.
            _ => case.rhs[(14 + 1) * 33 + 3] = f64::INFINITY,
        }
        let lhs = tensor(&case.lhs, &[3, 15, 14, 24], |x| x);
        let rhs = tensor(&case.rhs, &[3, 15, 14, 33], |x| x);
        let y = of(specs, (1, 1), DType::F64).run(smallvec![lhs, rhs]).unwrap().remove(0);
        assert_near(&y.to_vec::<f64>(), &case.expected().0, &sizes, f64::EPSILON, &spoilt);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for gathers in [false, true] {
        let mut case = Case::new(3, [20, 21], PADDINGS[1], [40, 48], gathers).unwrap();
        case.lhs[4567] = f64::INFINITY;
        on_any_number_of_threads(|| {
            let (y, spoilt) = case.given::<f32, 32>(|x| x as f32, |x| x as f64);
            (y.into_iter().map(f64::to_bits).collect::<Vec<_>>(), spoilt)
        });
    }
}

#[test]
fn only_plain_and_large_ones_of_floats() {
    fn applies_to<T: Factor>(outer: usize, axis: Axis, inner: usize, groups: Groups) -> bool {
        let operands = Operands::<T> { lhs: &[], rhs: &[], outer, inner, features: 32, groups };
        applies(&operands, &smallvec![axis; 2])
    }
    let alone = Groups { feature: 1, batch: 1 };
    let plain = Axis { size: 28, dilation: 1, low: 1, places: 28, stride: 1, taps: 3, step: 1 };
    assert!(applies_to::<f32>(8, plain, 32, alone));
    assert!(applies_to::<f64>(8, plain, 32, alone));
    assert!(!applies_to::<u32>(8, plain, 32, alone));
    assert!(!applies_to::<num_complex::Complex<f32>>(8, plain, 32, alone));
    assert!(!applies_to::<f32>(8, plain, 1, alone));
    assert!(!applies_to::<f32>(8, plain, 32, Groups { feature: 2, batch: 1 }));
    assert!(!applies_to::<f32>(8, plain, 32, Groups { feature: 1, batch: 2 }));
    for other in [
        Axis { dilation: 2, ..plain },
        Axis { stride: 2, ..plain },
        Axis { step: 2, ..plain },
        Axis { taps: 5, ..plain },
        Axis { places: 1, ..plain },
        Axis { places: 3, ..plain },
    ] {
        assert!(!applies_to::<f32>(8, other, 32, alone), "{other:?}");
    }
}
