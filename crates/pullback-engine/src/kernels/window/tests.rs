use smallvec::smallvec;

use super::*;
use crate::dtype::Element;
use crate::kernels::Kernel;
use crate::kernels::parts::tests::on_any_number_of_threads;
use crate::layout;
use crate::tensor::Tensor;

fn window(dimensions: &[usize], strides: &[usize], padding: &[(i64, i64)]) -> Window {
    Window {
        dimensions: dimensions.into(),
        strides: strides.into(),
        padding: padding.into(),
        base_dilation: Shape::from_elem(1, dimensions.len()),
        window_dilation: Shape::from_elem(1, dimensions.len()),
    }
}

fn tensor(values: &[f32], shape: &[usize]) -> Tensor {
    Tensor::from_slice(values, shape).unwrap()
}

#[test]
fn sums_and_extremes() {
    let x = tensor(&[1.0, 5.0, 2.0, 4.0, 3.0], &[5]);
    let reduce = |op, window: Window| {
        ReduceWindow { op, window }.run(smallvec![x.clone()]).unwrap()[0].to_vec::<f32>()
    };
    assert_eq!(reduce(WindowOp::Sum, window(&[2], &[1], &[(0, 0)])), [6.0, 7.0, 6.0, 7.0]);
    assert_eq!(reduce(WindowOp::Max, window(&[3], &[2], &[(1, 1)])), [5.0, 5.0, 4.0]);
    let wide = Window { window_dilation: smallvec![3], ..window(&[2], &[1], &[(0, 0)]) };
    assert_eq!(reduce(WindowOp::Min, wide), [1.0, 3.0]);
    let holes = Window { base_dilation: smallvec![2], ..window(&[2], &[3], &[(0, 0)]) };
    assert_eq!(reduce(WindowOp::Sum, holes), [1.0, 2.0, 4.0]);
}

#[test]
fn selections_take_the_first_of_equals() {
    let x = tensor(&[1.0, 3.0, 3.0, 2.0, 0.0, 2.0], &[1, 6]);
    let values = tensor(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1, 6]);
    for (strides, count) in [(3, 2), (1, 4)] {
        let window = window(&[1, 3], &[1, strides], &[(0, 0), (0, 0)]);
        let gather = SelectAndGather { smallest: false, window: window.clone() };
        let y = gather.run(smallvec![values.clone(), x.clone()]).unwrap()[0].to_vec::<f32>();
        let scatter = SelectAndScatter { smallest: false, window };
        let ones = Tensor::full(&[1, count], &Tensor::scalar(1.0f32)).unwrap();
        let z = scatter.run(smallvec![ones, x.clone()]).unwrap()[0].to_vec::<f32>();
        match strides {
            3 => assert_eq!((y, z), (vec![2.0, 4.0], vec![0.0, 1.0, 0.0, 1.0, 0.0, 0.0])),
            _ => assert_eq!((y, z), (vec![2.0, 2.0, 3.0, 4.0], vec![0.0, 2.0, 1.0, 1.0, 0.0, 0.0])),
        }
    }
}

#[test]
fn planes_of_channels_beside_lines_written_out() {
    let shape = [2, 7, 5, 3];
    let values: Vec<f32> = (0..210).map(|n| ((n * 37) % 101) as f32).collect();
    let x = tensor(&values, &shape);
    for (taps, strides, pad) in [([1, 2, 2, 1], [1, 2, 2, 1], 0), ([1, 3, 2, 1], [1, 1, 1, 1], 1)] {
        let window = window(&taps, &strides, &[(0, 0), (pad, 0), (0, pad), (0, 0)]);
        let places = window.places(&shape);
        let count = layout::count(&places);
        let source = tensor(&(0..count).map(|n| n as f32).collect::<Vec<_>>(), &places);
        let scatter = SelectAndScatter { smallest: true, window: window.clone() };
        let gather = SelectAndGather { smallest: true, window };
        let z = on_any_number_of_threads(|| {
            scatter.run(smallvec![source.clone(), x.clone()]).unwrap()[0].to_vec::<f32>()
        });
        // One is the transpose of the other.
        let y = gather.run(smallvec![x.clone(), x.clone()]).unwrap()[0].to_vec::<f32>();
        let product = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(&a, &b)| a as f64 * b as f64).sum()
        };
        assert_eq!(product(&z, &values), product(&y, &source.to_vec::<f32>()));
    }
}

/// Compares with every tap of every place looked up for itself.
fn check_reduced<T: Element + PartialEq + std::fmt::Debug>(
    window: &Window,
    values: &[T],
    shape: &[usize],
    op: WindowOp,
    nothing: T,
    fold: impl Fn(T, T) -> T,
) {
    let places = window.places(shape);
    let x = Tensor::from_slice(values, shape).unwrap();
    let y = on_any_number_of_threads(|| {
        let kernel = ReduceWindow { op, window: window.clone() };
        kernel.run(smallvec![x.clone()]).unwrap()[0].to_vec::<T>()
    });
    let index = |mut at: usize, shape: &[usize]| {
        let mut index = Shape::from_elem(0, shape.len());
        for axis in (0..shape.len()).rev() {
            index[axis] = at % shape[axis];
            at /= shape[axis];
        }
        index
    };
    assert_eq!(y.len(), layout::count(&places));
    for (n, &got) in y.iter().enumerate() {
        let place = index(n, &places);
        let mut expected = None;
        for tap in 0..layout::count(&window.dimensions) {
            let tap = index(tap, &window.dimensions);
            let mut at = Some(0);
            for axis in 0..shape.len() {
                let spread = (place[axis] * window.strides[axis]
                    + tap[axis] * window.window_dilation[axis]) as i64
                    - window.padding[axis].0;
                let base = window.base_dilation[axis] as i64;
                let inside =
                    spread >= 0 && spread % base == 0 && spread / base < shape[axis] as i64;
                at = at.filter(|_| inside).map(|at| at * shape[axis] + (spread / base) as usize);
            }
            if let Some(at) = at {
                let value = values[at];
                expected = Some(expected.map_or(value, |before| fold(before, value)));
            }
        }
        assert_eq!(got, expected.unwrap_or(nothing), "{window:?} at {place:?}");
    }
}

#[test]
fn windows_of_all_kinds_agree_with_a_plain_loop() {
    let all = [
        // Planes of channels, one channel, and lines.
        (vec![2, 9, 8, 40], window(&[1, 2, 2, 1], &[1, 2, 2, 1], &[(0, 0); 4])),
        (vec![2, 9, 8, 3], window(&[1, 3, 3, 1], &[1, 1, 2, 1], &[(0, 0), (1, 1), (2, 0), (0, 0)])),
        (vec![3, 12, 75], window(&[1, 3, 5], &[1, 1, 1], &[(0, 0), (1, 1), (2, 2)])),
        (vec![5, 130], window(&[2, 1], &[3, 1], &[(1, 2), (0, 0)])),
        (vec![300], window(&[7], &[1], &[(-3, 5)])),
        (vec![300], window(&[3], &[4], &[(9, 1)])),
        (vec![2, 3], window(&[1, 1], &[1, 1], &[(0, 0); 2])),
        (vec![4, 0, 3], window(&[1, 2, 1], &[1, 1, 1], &[(0, 0), (2, 1), (0, 0)])),
    ];
    for (shape, window) in all {
        for (base, taps) in [(1, 1), (2, 1), (1, 2), (3, 2)] {
            let moves = |n: usize| window.dimensions[n] > 1;
            let spread = |by| (0..shape.len()).map(|n| if moves(n) { by } else { 1 }).collect();
            let window = Window {
                base_dilation: spread(base),
                window_dilation: spread(taps),
                ..window.clone()
            };
            let count = layout::count(&shape);
            let values: Vec<i32> = (0..count as i32).map(|n| n * 7919 % 1009 - 500).collect();
            check_reduced(&window, &values, &shape, WindowOp::Sum, 0, |x, y| x + y);
            check_reduced(&window, &values, &shape, WindowOp::Max, i32::MIN, Ord::max);
            let floats: Vec<f64> = values.iter().map(|&v| f64::from(v) * 0.37).collect();
            check_reduced(&window, &floats, &shape, WindowOp::Sum, 0.0, |x, y| x + y);
            check_reduced(&window, &floats, &shape, WindowOp::Min, f64::INFINITY, f64::min);
        }
    }
}
