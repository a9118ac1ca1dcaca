use super::*;
use crate::dtype::Element;
use crate::kernels::parts::tests::on_any_number_of_threads;

fn rows(mode: IndexMode) -> Gather {
    Gather {
        offset_dims: smallvec![1],
        collapsed_slice_dims: smallvec![],
        start_index_map: smallvec![0],
        operand_batching_dims: smallvec![],
        start_indices_batching_dims: smallvec![],
        slice_sizes: smallvec![3],
        mode,
        from_end: false,
        fill: None,
    }
}

fn run(gather: &Gather, x: &Tensor, indices: Tensor) -> Tensor {
    gather.run(smallvec![x.clone(), indices]).unwrap().remove(0)
}

#[test]
fn windows_out_of_bounds() {
    let x = Tensor::from_slice(&[0.0f32, 1.0, 2.0, 3.0, 4.0], &[5]).unwrap();
    let indices = Tensor::from_slice(&[3i32, -1, 9, 1], &[4, 1]).unwrap();
    let clipped = [2.0, 3.0, 4.0, 0.0, 1.0, 2.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0];
    for mode in [IndexMode::Clip, IndexMode::PromiseInBounds] {
        assert_eq!(run(&rows(mode), &x, indices.clone()).to_vec::<f32>(), clipped);
    }
    let filled = run(&rows(IndexMode::Fill), &x, indices.clone()).to_vec::<f32>();
    assert!(filled[..9].iter().all(|v| v.is_nan()));
    assert_eq!(filled[9..], [1.0, 2.0, 3.0]);
    let mut fill = [0; 16];
    fill[..4].copy_from_slice(&7.0f32.to_ne_bytes());
    let gather = Gather { fill: Some(fill), ..rows(IndexMode::Fill) };
    assert_eq!(run(&gather, &x, indices).to_vec::<f32>()[..9], [7.0; 9]);
}

#[test]
fn rows_of_a_strided_matrix() {
    let x = Tensor::from_slice(&[0i16, 1, 2, 3, 4, 5], &[2, 3]).unwrap();
    let gather = |slice_sizes: [usize; 2], collapsed: usize, map: usize| Gather {
        offset_dims: smallvec![1],
        collapsed_slice_dims: smallvec![collapsed],
        start_index_map: smallvec![map],
        operand_batching_dims: smallvec![],
        start_indices_batching_dims: smallvec![],
        slice_sizes: slice_sizes.as_slice().into(),
        mode: IndexMode::Fill,
        from_end: false,
        fill: None,
    };
    let take = Tensor::from_slice(&[1u8, 0, 1], &[3, 1]).unwrap();
    let y = run(&gather([1, 3], 0, 0), &x, take.clone());
    assert_eq!(y.to_vec::<i16>(), [3, 4, 5, 0, 1, 2, 3, 4, 5]);
    let t = x.transpose(&[1, 0]).unwrap();
    let y = run(&gather([1, 2], 0, 0), &t, take.clone());
    assert_eq!(y.to_vec::<i16>(), [1, 4, 0, 3, 1, 4]);
    // Columns: the window axis comes first in the result.
    let mut columns = gather([2, 1], 1, 1);
    columns.offset_dims = smallvec![0];
    assert_eq!(run(&columns, &x, take).to_vec::<i16>(), [1, 0, 1, 4, 3, 4]);
}

#[test]
fn batched_elements() {
    let x = Tensor::from_slice(&[0u32, 1, 2, 3, 4, 5], &[2, 3]).unwrap();
    let gather = Gather {
        offset_dims: smallvec![],
        collapsed_slice_dims: smallvec![1],
        start_index_map: smallvec![1],
        operand_batching_dims: smallvec![0],
        start_indices_batching_dims: smallvec![0],
        slice_sizes: smallvec![1, 1],
        mode: IndexMode::Fill,
        from_end: false,
        fill: None,
    };
    let indices = Tensor::from_slice(&[2i64, 0, 5, 1], &[2, 2, 1]).unwrap();
    assert_eq!(run(&gather, &x, indices).to_vec::<u32>(), [2, 0, u32::MAX, 4]);
}

/// Gathers whole rows, whole columns and single elements of a matrix, and compares each with
/// reading element by element.
fn many<T: Element + PartialEq + std::fmt::Debug>(value: impl Fn(usize) -> T, fill: T) {
    let (height, width, count) = (61, 37, 3000);
    let values: Vec<T> = (0..height * width).map(value).collect();
    let x = Tensor::from_slice(&values, &[height, width]).unwrap();
    let views = [x.clone(), x.transpose(&[1, 0]).unwrap(), x.reverse(&[0, 1]).unwrap()];
    let at: Vec<i64> = (0..count as i64).map(|i| i * 7919 % 71 - 5).collect();
    let narrow: Vec<i32> = at.iter().map(|&at| at as i32).collect();
    let short: Vec<i8> = at.iter().map(|&at| at as i8).collect();
    let indices = [
        Tensor::from_slice(&at, &[count, 1]).unwrap(),
        Tensor::from_slice(&narrow, &[count, 1]).unwrap(),
        Tensor::from_slice(&short, &[count, 1]).unwrap(),
    ];
    let mut bytes = [0; 16];
    bytes[..size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&fill));
    for (x, indices) in views.iter().flat_map(|x| indices.iter().map(move |i| (x, i))) {
        let (rows, columns) = (x.shape()[0], x.shape()[1]);
        let dense = x.to_vec::<T>();
        for (axis, leading, mode) in [
            (0, true, IndexMode::Clip),
            (0, true, IndexMode::Fill),
            (0, false, IndexMode::Fill),
            (1, true, IndexMode::Fill),
            (1, false, IndexMode::Clip),
        ] {
            let size = x.shape()[axis];
            let window = rows * columns / size;
            let gather = Gather {
                offset_dims: smallvec![if leading { 1 } else { 0 }],
                collapsed_slice_dims: smallvec![axis],
                start_index_map: smallvec![axis],
                operand_batching_dims: smallvec![],
                start_indices_batching_dims: smallvec![],
                slice_sizes: if axis == 0 { smallvec![1, window] } else { smallvec![window, 1] },
                mode,
                from_end: false,
                fill: Some(bytes),
            };
            let y = on_any_number_of_threads(|| run(&gather, x, indices.clone()).to_vec::<T>());
            for (i, &got) in y.iter().enumerate() {
                let (n, w) =
                    if leading { (i / window, i % window) } else { (i % count, i / count) };
                let place = at[n].clamp(0, size as i64 - 1);
                let from = match axis {
                    0 => place as usize * columns + w,
                    _ => w * columns + place as usize,
                };
                let inside = mode == IndexMode::Clip || place == at[n];
                assert_eq!(got, if inside { dense[from] } else { fill }, "{axis} {leading} {i}");
            }
        }
    }
}

#[test]
fn windows_of_every_width_agree_with_a_plain_loop() {
    many(|i| i as u8, 200);
    many(|i| i as i16, -3);
    many(|i| i as f32, -1.0);
    many(|i| i as u64, u64::MAX);
    many(|i| num_complex::Complex::new(i as f64, 0.5), num_complex::Complex::new(-1.0, 0.0));
}

#[test]
fn many_elements_agree_with_a_plain_loop() {
    let table: Vec<f32> = (0..1000).map(|v| v as f32).collect();
    let x = Tensor::from_slice(&table, &[1000]).unwrap();
    let at: Vec<i32> = (0..50_000).map(|i| i * 7919 % 1100 - 50).collect();
    let indices = Tensor::from_slice(&at, &[at.len(), 1]).unwrap();
    for mode in [IndexMode::Clip, IndexMode::Fill] {
        let gather = Gather {
            offset_dims: smallvec![],
            collapsed_slice_dims: smallvec![0],
            slice_sizes: smallvec![1],
            fill: Some([0; 16]),
            ..rows(mode)
        };
        for x in [x.clone(), x.reverse(&[0]).unwrap()] {
            let table = x.to_vec::<f32>();
            let y = on_any_number_of_threads(|| run(&gather, &x, indices.clone()).to_vec::<f32>());
            for (&at, y) in at.iter().zip(y) {
                let clamped = at.clamp(0, 999);
                let inside = mode == IndexMode::Clip || at == clamped;
                assert_eq!(y, if inside { table[clamped as usize] } else { 0.0 });
            }
        }
    }
}

#[test]
fn negative_indices_count_from_the_end() {
    let (height, width, count) = (40, 900, 1300);
    let values: Vec<i32> = (0..height * width).collect();
    let x = Tensor::from_slice(&values, &[height as usize, width as usize]).unwrap();
    let at: Vec<i32> = (0..height * count).map(|i| i * 7919 % 2000 - 1000).collect();
    let wide: Vec<i64> = at.iter().map(|&at| i64::from(at)).collect();
    let shape = [height as usize, count as usize, 1];
    let indices =
        [Tensor::from_slice(&at, &shape).unwrap(), Tensor::from_slice(&wide, &shape).unwrap()];
    let modes = [IndexMode::Clip, IndexMode::Fill];
    for (mode, indices) in modes.iter().flat_map(|&m| indices.iter().map(move |i| (m, i))) {
        // An element of each row, along with the rows of the indices.
        let along = Gather {
            offset_dims: smallvec![],
            collapsed_slice_dims: smallvec![1],
            start_index_map: smallvec![1],
            operand_batching_dims: smallvec![0],
            start_indices_batching_dims: smallvec![0],
            slice_sizes: smallvec![1, 1],
            from_end: true,
            fill: Some([0; 16]),
            mode,
        };
        let y = on_any_number_of_threads(|| run(&along, &x, indices.clone()).to_vec::<i32>());
        for (n, (&at, y)) in at.iter().zip(y).enumerate() {
            let counted = if at < 0 { at + width } else { at };
            let clamped = counted.clamp(0, width - 1);
            let inside = mode == IndexMode::Clip || counted == clamped;
            let expected = n as i32 / count * width + clamped;
            assert_eq!(y, if inside { expected } else { 0 }, "{mode:?} {n} {at}");
        }
    }
    // Two components, each from the end of its own axis.
    let pairs = Tensor::from_slice(&[-1i32, -2, 0, -901, -40, 3], &[3, 2]).unwrap();
    let pairs_of = Gather {
        offset_dims: smallvec![],
        collapsed_slice_dims: smallvec![0, 1],
        start_index_map: smallvec![0, 1],
        slice_sizes: smallvec![1, 1],
        from_end: true,
        fill: Some([0; 16]),
        ..rows(IndexMode::Fill)
    };
    assert_eq!(run(&pairs_of, &x, pairs).to_vec::<i32>(), [40 * 900 - 2, 0, 3]);
}

#[test]
fn nothing_to_gather_from() {
    let x = Tensor::zeros(DType::F32, &[0]).unwrap();
    let gather = Gather { slice_sizes: smallvec![1], ..rows(IndexMode::Fill) };
    let y = run(&gather, &x, Tensor::from_slice(&[0i32], &[1, 1]).unwrap());
    assert!(y.item::<f32>().unwrap().is_nan());
    let y = run(&gather, &x, Tensor::zeros(DType::I32, &[0, 1]).unwrap());
    assert_eq!(y.shape(), [0, 1]);
}
