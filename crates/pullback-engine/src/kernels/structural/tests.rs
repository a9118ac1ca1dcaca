use super::*;
use crate::kernels::parts::tests::on_any_number_of_threads;

fn run(kernel: impl Kernel, inputs: Tensors) -> Tensor {
    kernel.run(inputs).unwrap().remove(0)
}

#[test]
fn concatenation_of_strided_and_empty_parts() {
    let a = Tensor::from_slice(&[1i32, 2, 3, 4], &[2, 2]).unwrap();
    let t = a.transpose(&[1, 0]).unwrap();
    let none = Tensor::zeros(DType::I32, &[2, 0]).unwrap();
    let y = run(Concatenate { axis: 1 }, smallvec![a.clone(), none, t.clone()]);
    assert_eq!(y.to_vec::<i32>(), [1, 2, 1, 3, 3, 4, 2, 4]);
    let y = run(Concatenate { axis: 0 }, smallvec![t, a]);
    assert_eq!(y.to_vec::<i32>(), [1, 3, 2, 4, 1, 2, 3, 4]);
}

#[test]
fn concatenation_of_long_runs() {
    for (outer, lengths) in [(1, [70_001, 0, 90_000]), (333, [40, 65, 17]), (2, [0, 0, 0])] {
        let part = |n: usize| {
            let values: Vec<u16> = (0..outer * lengths[n]).map(|i| (i * 31 + n) as u16).collect();
            Tensor::from_slice(&values, &[outer, lengths[n]]).unwrap()
        };
        let parts = [part(0), part(1), part(2)];
        let y = on_any_number_of_threads(|| {
            run(Concatenate { axis: 1 }, parts.iter().cloned().collect()).to_vec::<u16>()
        });
        let mut expected = vec![];
        for row in 0..outer {
            for (part, length) in parts.iter().zip(lengths) {
                expected.extend(&part.to_vec::<u16>()[row * length..][..length]);
            }
        }
        assert_eq!(y, expected);
    }
}

fn pad(x: &[f32], value: f32, low: i64, high: i64, interior: usize) -> Vec<f32> {
    let x = Tensor::from_slice(x, &[x.len()]).unwrap();
    let kernel = Pad { low: smallvec![low], high: smallvec![high], interior: smallvec![interior] };
    run(kernel, smallvec![x, Tensor::scalar(value)]).to_vec()
}

#[test]
fn padding_adds_and_crops() {
    let ramp = [0.0, 1.0, 2.0, 3.0, 4.0];
    assert_eq!(pad(&ramp[..3], 9.0, -1, 2, 1), [9.0, 1.0, 9.0, 2.0, 9.0, 9.0]);
    assert_eq!(pad(&ramp, 9.0, -3, -3, 1), [9.0, 2.0, 9.0]);
    assert_eq!(pad(&[], 9.0, 1, 2, 3), [9.0; 3]);
    assert_eq!(pad(&ramp, 9.0, -7, 2, 0), []);
    assert_eq!(pad(&ramp, 9.0, 3, -7, 0), [9.0]);
    assert_eq!(pad(&ramp, 9.0, -1, -1, 0), [1.0, 2.0, 3.0]);
}

#[test]
fn padding_in_two_dimensions() {
    let x = Tensor::from_slice(&[1u8, 2, 3, 4], &[2, 2]).unwrap();
    let kernel = Pad { low: smallvec![0, 1], high: smallvec![1, 0], interior: smallvec![1, 0] };
    let y = run(kernel, smallvec![x.transpose(&[1, 0]).unwrap(), Tensor::scalar(0u8)]);
    assert_eq!(y.shape(), [4, 3]);
    assert_eq!(y.to_vec::<u8>(), [0, 1, 3, 0, 0, 0, 0, 2, 4, 0, 0, 0]);
}

#[test]
fn padding_agrees_with_a_plain_loop() {
    for [height, width] in [[3, 4], [1, 7], [300, 280], [0, 2]] {
        let values: Vec<u16> = (0..height * width).map(|i| (i % 60_000) as u16 + 1).collect();
        let x = Tensor::from_slice(&values, &[height, width]).unwrap();
        let t = x.transpose(&[1, 0]).unwrap();
        for x in [x, t] {
            let [height, width] = [x.shape()[0] as i64, x.shape()[1] as i64];
            let dense = x.to_vec::<u16>();
            for (low, high, interior) in
                [([1, 2], [3, 0], [0, 0]), ([-1, 0], [2, -1], [1, 2]), ([0, 5], [0, 1], [0, 3])]
            {
                let kernel = Pad {
                    low: low.as_slice().into(),
                    high: high.as_slice().into(),
                    interior: interior.as_slice().into(),
                };
                let y = on_any_number_of_threads(|| {
                    let y = run(kernel.clone(), smallvec![x.clone(), Tensor::scalar(0u16)]);
                    (Shape::from(y.shape()), y.to_vec::<u16>())
                });
                let columns = y.0[1] as i64;
                for (i, &got) in y.1.iter().enumerate() {
                    let [r, c] = [i as i64 / columns - low[0], i as i64 % columns - low[1]];
                    let [down, across] = interior.map(|n| n as i64 + 1);
                    let whole = r >= 0 && c >= 0 && r % down == 0 && c % across == 0;
                    let inside = whole && r / down < height && c / across < width;
                    let expected =
                        if inside { dense[(r / down * width + c / across) as usize] } else { 0 };
                    assert_eq!(got, expected, "{height} {width} {low:?} {i}");
                }
            }
        }
    }
}

#[test]
fn two_columns_in_turn() {
    let column = |start: u32| {
        let values: Vec<u32> = (start..start + 40_000).collect();
        Tensor::from_slice(&values, &[40_000, 1]).unwrap()
    };
    let y = on_any_number_of_threads(|| {
        run(Concatenate { axis: 1 }, smallvec![column(0), column(7)]).to_vec::<u32>()
    });
    assert!(y.iter().enumerate().all(|(i, &v)| v as usize == i / 2 + 7 * (i % 2)));
}

#[test]
fn iota_counts_along_its_axis() {
    let y = run(Iota { dtype: DType::F32, shape: smallvec![2, 3], axis: 1 }, smallvec![]);
    assert_eq!(y.to_vec::<f32>(), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
    let y = run(Iota { dtype: DType::U8, shape: smallvec![2, 0], axis: 0 }, smallvec![]);
    assert_eq!(y.count(), 0);
}

#[test]
fn dynamic_slices_are_clamped() {
    let x = Tensor::from_slice(&[0i32, 1, 2, 3, 4, 5], &[2, 3]).unwrap();
    let at = |i: i64, j: u8| smallvec![x.clone(), Tensor::scalar(i), Tensor::scalar(j)];
    let slice = DynamicSlice { sizes: smallvec![1, 2] };
    assert_eq!(run(slice.clone(), at(1, 0)).to_vec::<i32>(), [3, 4]);
    assert_eq!(run(slice.clone(), at(-5, 200)).to_vec::<i32>(), [1, 2]);
    assert_eq!(run(slice, at(i64::MAX, 1)).to_vec::<i32>(), [4, 5]);
}

#[test]
fn updates_happen_in_place_only_when_unshared() {
    let x = Tensor::from_slice(&[0.0f32; 6], &[2, 3]).unwrap();
    let update = Tensor::from_slice(&[1.0f32, 2.0], &[2, 1]).unwrap();
    let inputs: Tensors =
        smallvec![x.clone(), update.clone(), Tensor::scalar(0i32), Tensor::scalar(9i32)];
    let y = run(DynamicUpdateSlice, inputs);
    assert_eq!(y.to_vec::<f32>(), [0.0, 0.0, 1.0, 0.0, 0.0, 2.0]);
    assert_eq!(x.to_vec::<f32>(), [0.0; 6]);
    let place = y.buffer_bytes().as_ptr();
    let y =
        run(DynamicUpdateSlice, smallvec![y, update, Tensor::scalar(0i32), Tensor::scalar(-1i32)]);
    assert_eq!(y.buffer_bytes().as_ptr(), place);
    assert_eq!(y.to_vec::<f32>(), [1.0, 0.0, 1.0, 2.0, 0.0, 2.0]);
}
