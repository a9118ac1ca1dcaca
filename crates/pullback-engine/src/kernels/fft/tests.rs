use super::*;
use crate::kernels::parts::tests::on_any_number_of_threads;

fn fft(kind: FftKind, lengths: &[usize], x: &Tensor) -> Tensor {
    Fft { kind, lengths: lengths.into() }.run(smallvec![x.clone()]).unwrap().remove(0)
}

/// Numbers in no order.
fn wave(count: usize) -> Vec<Complex<f64>> {
    let at = |n: usize| Complex::new((n as f64 * 1.7).sin(), (n as f64 * 0.9).cos());
    (0..count).map(at).collect()
}

fn close(x: &[Complex<f64>], y: &[Complex<f64>]) {
    assert_eq!(x.len(), y.len());
    for (x, y) in x.iter().zip(y) {
        assert!((x - y).norm() < 1e-9, "{x} and {y}");
    }
}

/// The transform by its definition.
fn slow(x: &[Complex<f64>]) -> Vec<Complex<f64>> {
    let n = x.len();
    let turn = |k: usize| -std::f64::consts::TAU * (k % n) as f64 / n as f64;
    let sum = |k: usize| {
        let terms = x.iter().enumerate().map(|(j, x)| x * Complex::from_polar(1.0, turn(j * k)));
        terms.sum()
    };
    (0..n).map(sum).collect()
}

#[test]
fn lines_of_every_length() {
    for n in [1, 2, 3, 7, 8, 30, 97, 128, 210] {
        let x = wave(n);
        let y = fft(FftKind::Forward, &[n], &Tensor::from_slice(&x, &[n]).unwrap());
        close(&y.to_vec(), &slow(&x));
        close(&fft(FftKind::Inverse, &[n], &y).to_vec(), &x);
        let real: Vec<f64> = x.iter().map(|x| x.re).collect();
        let y = fft(FftKind::RealForward, &[n], &Tensor::from_slice(&real, &[n]).unwrap());
        let full: Vec<Complex<f64>> = real.iter().map(|&x| x.into()).collect();
        close(&y.to_vec(), &slow(&full)[..n / 2 + 1]);
        let back = fft(FftKind::RealInverse, &[n], &y).to_vec::<f64>();
        close(&back.iter().map(|&x| x.into()).collect::<Vec<_>>(), &full);
    }
}

#[test]
fn several_axes_are_one_after_the_other() {
    let shape = [2, 5, 4, 37];
    let x = Tensor::from_slice(&wave(2 * 5 * 4 * 37), &shape).unwrap();
    let all = fft(FftKind::Forward, &shape[1..], &x);
    let last = fft(FftKind::Forward, &[37], &x);
    let middle = last.transpose(&[0, 1, 3, 2]).unwrap();
    let middle = fft(FftKind::Forward, &[4], &middle);
    let first = middle.transpose(&[0, 3, 2, 1]).unwrap();
    let first = fft(FftKind::Forward, &[5], &first);
    let y = first.transpose(&[0, 3, 1, 2]).unwrap();
    close(&all.to_vec(), &y.to_vec());
    close(&fft(FftKind::Inverse, &shape[1..], &all).to_vec(), &x.to_vec());
}

#[test]
fn real_halves_of_several_axes_invert() {
    let real: Vec<f64> = wave(3 * 40 * 6).iter().map(|x| x.re).collect();
    let x = Tensor::from_slice(&real, &[3, 40, 6]).unwrap();
    let y = fft(FftKind::RealForward, &[40, 6], &x);
    assert_eq!(y.shape(), [3, 40, 4]);
    let back = fft(FftKind::RealInverse, &[40, 6], &y).to_vec::<f64>();
    assert!(back.iter().zip(&real).all(|(x, y)| (x - y).abs() < 1e-12));
}

#[test]
fn nothing_transforms_to_nothing() {
    let x = Tensor::zeros(DType::C64, &[3, 0]).unwrap();
    assert_eq!(fft(FftKind::Forward, &[0], &x).shape(), [3, 0]);
    let x = Tensor::zeros(DType::F32, &[0]).unwrap();
    assert_eq!(fft(FftKind::RealForward, &[0], &x).to_vec::<Complex<f32>>().len(), 1);
    let x = Tensor::zeros(DType::C64, &[2, 1]).unwrap();
    assert_eq!(fft(FftKind::RealInverse, &[0], &x).shape(), [2, 0]);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let x = Tensor::from_slice(&wave(90 * 400), &[90, 400]).unwrap();
    on_any_number_of_threads(|| fft(FftKind::Forward, &[90, 400], &x).bytes().unwrap().to_vec());
}

#[test]
fn many_lines_at_once_agree_with_each_by_itself() {
    for n in [2, 4, 6, 10, 12, 15, 45, 50, 100, 128, 360, 500] {
        for count in [4, 5, 8, 9, 23] {
            let x = wave(count * n);
            let all = Tensor::from_slice(&x, &[count, n]).unwrap();
            let forward = fft(FftKind::Forward, &[n], &all);
            let real: Vec<f64> = x.iter().map(|x| x.re).collect();
            let reals = Tensor::from_slice(&real, &[count, n]).unwrap();
            let halves = fft(FftKind::RealForward, &[n], &reals);
            for line in [0, 1, count - 1] {
                let own = &x[line * n..][..n];
                close(&forward.to_vec()[line * n..][..n], &slow(own));
                let full: Vec<Complex<f64>> = own.iter().map(|x| x.re.into()).collect();
                close(
                    &halves.to_vec()[line * (n / 2 + 1)..][..n / 2 + 1],
                    &slow(&full)[..n / 2 + 1],
                );
            }
            close(&fft(FftKind::Inverse, &[n], &forward).to_vec(), &x);
            let back = fft(FftKind::RealInverse, &[n], &halves).to_vec::<f64>();
            assert!(back.iter().zip(&real).all(|(x, y)| (x - y).abs() < 1e-12));
            // The same lines along another axis, with a last one that a transform leaves as it is.
            let columns = all.transpose(&[1, 0]).unwrap().contiguous().unwrap();
            let pairs = columns.reshape(&[1, n, count]).unwrap();
            let y = fft(FftKind::Forward, &[n, count], &pairs);
            let rows = fft(FftKind::Forward, &[count], &pairs).reshape(&[n, count]).unwrap();
            let rows = rows.transpose(&[1, 0]).unwrap();
            let expected = fft(FftKind::Forward, &[n], &rows).transpose(&[1, 0]).unwrap();
            close(&y.to_vec(), &expected.to_vec());
        }
    }
}

#[test]
fn what_stands_for_no_wave_is_read_as_real() {
    let halves: Vec<Complex<f32>> =
        (0..20 * 9).map(|i| Complex::new((i as f32).sin(), (i as f32).cos())).collect();
    let x = Tensor::from_slice(&halves, &[20, 9]).unwrap();
    let together = fft(FftKind::RealInverse, &[16], &x).to_vec::<f32>();
    for line in 0..20 {
        let own = Tensor::from_slice(&halves[line * 9..][..9], &[9]).unwrap();
        let alone = fft(FftKind::RealInverse, &[16], &own).to_vec::<f32>();
        let close = |(x, y): (&f32, &f32)| (x - y).abs() < 1e-5;
        assert!(together[line * 16..][..16].iter().zip(&alone).all(close));
    }
}

#[test]
fn lines_of_two_passes() {
    // Passes of one step and of three, each of a number that is a factor of some length.
    for n in [72, 75, 80, 96, 128, 243, 250, 1000, 1024, 1458, 1875, 2048, 2250, 4000, 4096] {
        for count in [9, 16] {
            let x = wave(count * n);
            let all = Tensor::from_slice(&x, &[count, n]).unwrap();
            let y = fft(FftKind::Forward, &[n], &all);
            let last = &x[(count - 1) * n..];
            // One wave of it, since all by definition take long.
            for k in [0, 1, n / 3, n - 1] {
                let turn = |j: usize| -std::f64::consts::TAU * (j * k % n) as f64 / n as f64;
                let sum: Complex<f64> = last
                    .iter()
                    .enumerate()
                    .map(|(j, x)| x * Complex::from_polar(1.0, turn(j)))
                    .sum();
                close(&y.to_vec()[(count - 1) * n + k..][..1], &[sum]);
            }
            close(&fft(FftKind::Inverse, &[n], &y).to_vec(), &x);
            let columns = all.transpose(&[1, 0]).unwrap().contiguous().unwrap();
            let columns = columns.reshape(&[1, n, count]).unwrap();
            let rows = fft(FftKind::Forward, &[count], &columns).reshape(&[n, count]).unwrap();
            let rows = rows.transpose(&[1, 0]).unwrap();
            let expected = fft(FftKind::Forward, &[n], &rows).transpose(&[1, 0]).unwrap();
            close(&fft(FftKind::Forward, &[n, count], &columns).to_vec(), &expected.to_vec());
        }
    }
}

#[test]
fn single_precision_is_close_to_double() {
    for (rows, columns) in [(1000, 48), (37, 100), (5, 128), (1, 16), (96, 1), (20, 1)] {
        let x = wave(rows * columns);
        let narrow: Vec<Complex<f32>> =
            x.iter().map(|x| Complex::new(x.re as f32, x.im as f32)).collect();
        let shape = [rows, columns];
        let (x, narrow) =
            (Tensor::from_slice(&x, &shape).unwrap(), Tensor::from_slice(&narrow, &shape).unwrap());
        for kind in [FftKind::Forward, FftKind::Inverse] {
            let exact = fft(kind, &shape, &x).to_vec::<Complex<f64>>();
            let single = fft(kind, &shape, &narrow).to_vec::<Complex<f32>>();
            let size: f64 = exact.iter().map(|x| x.norm_sqr()).sum::<f64>().sqrt();
            for (x, y) in exact.iter().zip(&single) {
                let difference = x - Complex::new(f64::from(y.re), f64::from(y.im));
                assert!(difference.norm() < 1e-6 * size, "{rows} {columns}");
            }
            // The input is still what it was, and gives the same in place.
            let own = Fft { kind, lengths: Shape::from_slice(&shape) };
            let moved = own.run(smallvec![
                Tensor::from_slice(&narrow.to_vec::<Complex<f32>>(), &shape).unwrap()
            ]);
            assert_eq!(moved.unwrap()[0].to_vec::<Complex<f32>>(), single);
        }
    }
}
