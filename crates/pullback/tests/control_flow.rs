//! Control flow under every transformation, in any order and to some depth.

use pullback::lax::{self, associative_scan, cond, fori_loop, scan, switch, while_loop};
use pullback::prelude::*;

fn close(x: &Array, expected: &[f32]) {
    let x = x.to_vec::<f32>().unwrap();
    assert_eq!(x.len(), expected.len());
    for (x, y) in x.iter().zip(expected) {
        assert!((x - y).abs() <= 1e-4 * (1.0 + y.abs()), "{x} is not {y}");
    }
}

/// The smallest power of `x` that is at least a hundred.
fn power(x: &Array) -> Result<Array> {
    let state = (x.clone(), x.clone());
    Ok(while_loop(|(y, _)| y.lt(&100.0.into()), |(y, x)| (y * x, x.clone()), &state)?.0)
}

/// `x` to the power `n`, of which only the type may be known.
fn to_the(x: &Array, n: &Array) -> Result<Array> {
    Ok(fori_loop(0, n, |_, (y, x)| (y * x, x.clone()), &(Array::from(1.0), x.clone()))?.1 * 0.0
        + fori_loop(0, n, |_, y| y * x, &Array::from(1.0))?)
}

fn sums(x: &Array) -> Result<(Array, Array)> {
    scan(|s: &Array, x: &Array| (s + x * x, s * x), &Array::from(0.0), x, None, false)
}

#[test]
fn a_loop_of_unknown_length_is_reversed() {
    assert_eq!(power(&3.0.into()).unwrap(), 243.0);
    close(&grad(power)(&3.0.into()), &[405.0]);
    close(&grad(jit(power))(&3.0.into()), &[405.0]);
    close(&jit(grad(power))(&3.0.into()), &[405.0]);
    close(&grad(grad(power))(&3.0.into()), &[540.0]);
}

#[test]
fn entries_of_a_mapped_loop_end_at_different_times() {
    let x = Array::from([2.0, 3.0, 10.0, 200.0]);
    close(&vmap(power)(&x), &[128.0, 243.0, 100.0, 200.0]);
    close(&vmap(grad(power))(&x), &[448.0, 405.0, 20.0, 1.0]);
    close(&grad(|x: &Array| vmap(power)(x).sum())(&x), &[448.0, 405.0, 20.0, 1.0]);
    close(&jit(vmap(grad(jit(power))))(&x), &[448.0, 405.0, 20.0, 1.0]);
}

#[test]
fn traced_bounds_are_reversed() {
    let (x, n) = (Array::from(2.0), Array::from(10));
    close(&jit(to_the)(&x, &n), &[1024.0]);
    close(&grad(jit(to_the))(&x, &n), &[5120.0]);
    close(&jit(grad(to_the))(&x, &n), &[5120.0]);
    close(&jit(grad(grad(to_the)))(&x, &n), &[23040.0]);
    let powers = vmap(grad(to_the))(&Array::from([2.0, 3.0]), &Array::from([2, 3]));
    close(&powers, &[4.0, 27.0]);
}

#[test]
fn a_scan_is_differentiated_both_ways() {
    let x = Array::from([1.0, 2.0, 3.0]);
    let total = |x: &Array| -> Result<Array> { Ok(sums(x)?.1.sum()) };
    close(&grad(total)(&x), &[10.0, 13.0, 5.0]);
    close(&jacfwd(total)(&x), &[10.0, 13.0, 5.0]);
    check_grads(total, &(x.clone(),), 2, 2e-2).unwrap();
    check_grads(jit(total), &(x.clone(),), 2, 2e-2).unwrap();
    let backwards = |x: &Array| {
        scan(|s: &Array, x: &Array| (s * 0.5 + x, s.clone()), &Array::from(0.0), x, None, true)
    };
    let (end, ys) = backwards(&x).unwrap();
    close(&end, &[2.75]);
    close(&ys, &[3.5, 3.0, 0.0]);
    let rows = vmap(total)(&Array::from([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]]));
    close(&rows, &[17.0, 0.0]);
}

#[test]
fn a_loop_in_a_scan_in_a_branch_is_differentiated() {
    let f = |x: &Array, on: &Array| -> Result<Array> {
        let summed = |x: &Array| -> Result<Array> {
            let step = |s: &Array, x: &Array| -> Result<(Array, Array)> {
                let y = power(x)?;
                Ok((s + &y, y))
            };
            Ok(scan(step, &Array::from(0.0), x, None, false)?.0)
        };
        cond(on, summed, |x| x.sum(), x)
    };
    let x = Array::from([2.0, 3.0]);
    close(&grad(f)(&x, &true.into()), &[448.0, 405.0]);
    close(&grad(jit(f))(&x, &false.into()), &[1.0, 1.0]);
    let both = vmap(grad(f)).in_axes(&[None, Some(0)]);
    close(&both(&x, &Array::from([true, false])), &[448.0, 405.0, 1.0, 1.0]);
}

#[test]
fn branches_of_switch_keep_their_structure() {
    let f = |n: &Array, x: &Array| {
        switch(n, &[&|x: &Array| (x.clone(), x * 2.0), &|x: &Array| (x.square(), x.sin())], x)
    };
    let (a, b) = f(&1.into(), &3.0.into()).unwrap();
    assert_eq!(a, 9.0);
    close(&b, &[3f32.sin()]);
    let (a, _) = vmap(f).in_axes(&[Some(0), None])(&Array::from([-3, 0, 9]), &3.0.into());
    close(&a, &[3.0, 3.0, 9.0]);
}

#[test]
fn weak_carries_take_the_type_that_the_body_gives() {
    let xs = Array::from([1.0, 2.0]);
    let (end, ()) =
        scan(|s: &Array, x: &Array| (s + x, ()), &Array::from(0), &xs, None, false).unwrap();
    assert_eq!((end.dtype(), end.to_f64().unwrap()), (DType::F32, 3.0));
    let strong = Array::scalar(1i32);
    let error = scan(|s: &Array, x: &Array| (s + x, ()), &strong, &xs, None, false).unwrap_err();
    assert!(error.to_string().starts_with("scan: the carry of the body function"), "{error}");
}

#[test]
fn structures_of_carries_and_branches_are_compared() {
    let longer = |x: &Vec<Array>| [&x[..], &[x[0].clone()]].concat();
    let error = fori_loop(0, 3, |_, x| longer(x), &vec![Array::from(1.0)]).unwrap_err();
    assert!(matches!(error, Error::Structure { .. }), "{error}");
    let x = vec![Array::from(1.0)];
    let error = cond(&true.into(), longer, |x: &Vec<Array>| x.clone(), &x).unwrap_err();
    assert!(error.to_string().starts_with("cond: "), "{error}");
    let error = switch(&0.into(), &[] as &[&dyn Fn(&Array) -> Array], &1.0.into()).unwrap_err();
    assert_eq!(error.to_string(), "switch: the sequence of branches is empty");
    let error = cond(&Array::from([1, 2]), Array::clone, Array::clone, &x[0]).unwrap_err();
    assert_eq!(error.to_string(), "cond: pred must be a scalar, got one of type int32[2]");
}

#[test]
fn maps_go_by_batches() {
    let xs = (Array::from([1.0, 2.0, 3.0, 4.0, 5.0]), Array::from([5, 4, 3, 2, 1]));
    let f = |(x, n): &(Array, Array)| (x.square(), n + 1);
    for batch in [None, Some(1), Some(2), Some(5), Some(7)] {
        let (squares, next) = lax::map(f, &xs, batch).unwrap();
        close(&squares, &[1.0, 4.0, 9.0, 16.0, 25.0]);
        assert_eq!(next, Array::from([6, 5, 4, 3, 2]));
        let df = grad(|x: &Array| -> Result<Array> {
            Ok(lax::map(|x: &Array| x.square(), x, batch)?.sum())
        });
        close(&df(&xs.0), &[2.0, 4.0, 6.0, 8.0, 10.0]);
    }
    assert!(lax::map(f, &xs, Some(0)).is_err());
    let uneven = (Array::from([1.0]), Array::from([1, 2]));
    assert!(lax::map(f, &uneven, None).is_err() && lax::map(f, &uneven, Some(2)).is_err());
}

#[test]
fn associative_scans_are_those_of_a_loop() {
    for count in 0..10 {
        let values: Vec<f32> = (0..count).map(|n| 0.5 + (n as f32).sin()).collect();
        let x = Array::from_slice(&values, &[count]).unwrap();
        let affine = |a: &(Array, Array), b: &(Array, Array)| (&a.0 * &b.0, &a.1 * &b.0 + &b.1);
        let (_, states) = associative_scan(affine, &(x.clone(), &x * 2.0), false, 0).unwrap();
        let mut state = 0.0;
        let expected: Vec<f32> = values
            .iter()
            .map(|x| {
                state = state * x + x * 2.0;
                state
            })
            .collect();
        close(&states, &expected);
        let sums = associative_scan(|a, b| a + b, &x, true, -1).unwrap();
        let mut rest = 0.0;
        let mut expected: Vec<f32> = values
            .iter()
            .rev()
            .map(|x| {
                rest += x;
                rest
            })
            .collect();
        expected.reverse();
        close(&sums, &expected);
    }
    let table = Array::from([[1, 2, 3], [4, 5, 6]]);
    let rows = associative_scan(|a, b| a + b, &table, false, 1).unwrap();
    assert_eq!(rows, Array::from([[1, 3, 6], [4, 9, 15]]));
    let error = associative_scan(|a, b| a + b, &table, false, 2).unwrap_err();
    assert!(error.to_string().contains("axis 2 is out of bounds"), "{error}");
    let products =
        |x: &Array| -> Result<Array> { Ok(associative_scan(|a, b| a * b, x, false, 0)?.sum()) };
    check_grads(products, &(Array::from([0.5, 1.5, 2.0]),), 2, 2e-2).unwrap();
}

#[test]
fn closed_over_arrays_are_differentiated() {
    let f = |w: &Array| -> Result<Array> {
        let xs = Array::from([1.0, 2.0, 3.0]);
        let (end, ()) = scan(
            |s: &Array, x: &Array| -> Result<(Array, ())> {
                let s = cond(&x.gt(&1.5.into()), |s| s * w, |s| s + w, s)?;
                Ok((s, ()))
            },
            &Array::from(1.0),
            &xs,
            None,
            false,
        )?;
        Ok(end)
    };
    // (1 + w) w w
    assert_eq!(f(&2.0.into()).unwrap(), 12.0);
    close(&grad(f)(&2.0.into()), &[16.0]);
    close(&jit(grad(jit(f)))(&2.0.into()), &[16.0]);
    close(&hessian(f)(&2.0.into()), &[14.0]);
    close(&vmap(grad(f))(&Array::from([1.0, 2.0])), &[5.0, 16.0]);
}
