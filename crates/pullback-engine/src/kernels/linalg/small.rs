//! The Cholesky decomposition of many small matrices, one in each lane of vectors.

use super::panel::{Element, fuses};
use crate::kernels::common::arch;

/// Matrices of no more rows are decomposed so.
pub(super) const SMALL: usize = 16;
/// Matrices that are decomposed at a time.
const LANES: usize = 16;

/// The lower factors of matrices of `n` rows, or NaN.
pub(super) fn cholesky<R: Element>(n: usize, a: &[R], l: &mut [R], nan: R) {
    if a.is_empty() {
        return;
    }
    match fuses() {
        true => arch().dispatch(Cholesky::<R, true> { n, a, l, nan }),
        false => arch().dispatch(Cholesky::<R, false> { n, a, l, nan }),
    }
}

struct Cholesky<'a, R, const FUSED: bool> {
    n: usize,
    a: &'a [R],
    l: &'a mut [R],
    nan: R,
}

impl<R: Element, const FUSED: bool> pulp::NullaryFnOnce for Cholesky<'_, R, FUSED> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Cholesky { n, a, l, nan } = self;
        let area = n * n;
        let mut work = [[[R::ONE; LANES]; SMALL]; SMALL];
        for (a, l) in a.chunks(LANES * area).zip(l.chunks_mut(LANES * area)) {
            for (lane, a) in a.chunks_exact(area).enumerate() {
                for i in 0..n {
                    for j in 0..i + 1 {
                        work[i][j][lane] = a[i * n + j];
                    }
                }
            }
            let done = factor::<R, FUSED>(&mut work, n);
            for (lane, l) in l.chunks_exact_mut(area).enumerate() {
                for i in 0..n {
                    let row = &mut l[i * n..(i + 1) * n];
                    row[i + 1..].fill(R::ZERO);
                    for j in 0..i + 1 {
                        row[j] = if done[lane] { work[i][j][lane] } else { nan };
                    }
                }
            }
        }
    }
}

/// Replaces the lower triangle of each lane by its factor; which have one.
#[inline(always)]
fn factor<R: Element, const FUSED: bool>(
    work: &mut [[[R; LANES]; SMALL]; SMALL],
    n: usize,
) -> [bool; LANES] {
    let mut done = [true; LANES];
    for i in 0..n {
        for j in 0..i {
            // Whatever is not finite leaves its row with a pivot that is neither.
            let mut x = work[i][j];
            for k in 0..j {
                for lane in 0..LANES {
                    let factor = R::ZERO.minus(work[i][k][lane]);
                    x[lane] = x[lane].add_product::<FUSED>(factor, work[j][k][lane]);
                }
            }
            for lane in 0..LANES {
                work[i][j][lane] = x[lane].over(work[j][j][lane]);
            }
        }
        let mut x = work[i][i];
        for k in 0..i {
            for lane in 0..LANES {
                let y = work[i][k][lane];
                x[lane] = x[lane].add_product::<FUSED>(R::ZERO.minus(y), y);
            }
        }
        for lane in 0..LANES {
            done[lane] &= x[lane].is_number() & (x[lane] > R::ZERO);
            work[i][i][lane] = x[lane].root();
        }
    }
    done
}
