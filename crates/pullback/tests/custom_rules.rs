//! Functions with derivatives of the user's own, checkpoints and callbacks, under every
//! transformation.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pullback::checkpoint_policies::{self as policies, checkpoint_name};
use pullback::lax::{fori_loop, scan};
use pullback::prelude::*;
use pullback::{
    SymbolicZeros, VmapMethod, custom_gradient, custom_jvp_with_symbolic_zeros,
    custom_vjp_with_symbolic_zeros, debug, io_callback, pure_callback,
};

fn close(x: &Array, expected: &[f32]) {
    let x = x.to_vec::<f32>().unwrap();
    assert_eq!(x.len(), expected.len());
    for (x, y) in x.iter().zip(expected) {
        assert!((x - y).abs() <= 1e-4 * (1.0 + y.abs()), "{x} is not {y}");
    }
}

/// The product, whose derivative with respect to `x` is ten times what it should be.
fn product() -> impl Fn(&Array, &Array) -> Array {
    let f = custom_jvp(
        |x: &Array, y: &Array| x * y,
        |(x, y): &(Array, Array), (dx, dy): &(Array, Array)| (x * y, dx * y * 10.0 + x * dy),
    );
    move |x, y| f(x, y)
}

/// The same by a reverse rule.
fn reverse_product() -> impl Fn(&Array, &Array) -> Array {
    let f = custom_vjp(
        |x: &Array, y: &Array| x * y,
        |x: &Array, y: &Array| (x * y, (x.clone(), y.clone())),
        |(x, y): &(Array, Array), ct: &Array| (ct * y * 10.0, ct * x),
    );
    move |x, y| f(x, y)
}

fn rules_hold(f: impl Fn(&Array, &Array) -> Array) {
    let (x, y) = (Array::from(2.0), Array::from(3.0));
    let f = &f;
    assert_eq!(f(&x, &y), 6.0);
    let both = grad(f).argnums::<(At<0>, At<1>)>();
    let (dx, dy) = both(&x, &y);
    assert_eq!((dx.to_f64().unwrap(), dy.to_f64().unwrap()), (30.0, 2.0));
    close(&jit(grad(f))(&x, &y), &[30.0]);
    close(&grad(jit(f))(&x, &y), &[30.0]);
    let (_, dz) = jvp(f, &(x.clone(), y.clone()), &(1.0.into(), 0.0.into())).unwrap();
    close(&dz, &[30.0]);
    let rows = (Array::from([1.0, 2.0]), Array::from([3.0, 4.0]));
    close(&vmap(f)(&rows.0, &rows.1), &[3.0, 8.0]);
    close(&vmap(grad(f))(&rows.0, &rows.1), &[30.0, 40.0]);
    close(&grad(|x: &Array, y: &Array| vmap(f)(x, y).sum())(&rows.0, &rows.1), &[30.0, 40.0]);
    close(&jit(vmap(grad(jit(f)))).try_call(&rows).unwrap(), &[30.0, 40.0]);
    // In a loop: three times x, each with its tenfold derivative.
    let looped = |x: &Array, y: &Array| -> Result<Array> {
        let step = |s: &Array, _: &()| (s + f(x, y), ());
        Ok(scan(step, &Array::from(0.0), &(), Some(3), false)?.0)
    };
    close(&grad(looped)(&x, &y), &[90.0]);
    close(&grad(checkpoint(looped))(&x, &y), &[90.0]);
    let unknown = |x: &Array, n: &Array| -> Result<Array> {
        fori_loop(0, n, |_, s| s + f(x, &3.0.into()), &Array::from(0.0))
    };
    close(&jit(grad(unknown))(&x, &4.into()), &[120.0]);
    close(&vmap(grad(unknown))(&Array::from([2.0, 2.0]), &Array::from([1, 2])), &[30.0, 60.0]);
}

#[test]
fn a_forward_rule_holds_under_every_transformation() {
    rules_hold(product());
}

#[test]
fn a_reverse_rule_holds_under_every_transformation() {
    rules_hold(reverse_product());
}

#[test]
fn rules_are_over_trees() {
    #[derive(Clone, Pytree)]
    struct Params {
        w: Array,
        b: Array,
    }
    let f = custom_vjp(
        |p: &Params, x: &Array| vec![&p.w * x, p.b.clone()],
        |p: &Params, x: &Array| (vec![&p.w * x, p.b.clone()], (p.clone(), x.clone())),
        |(p, x): &(Params, Array), ct: &Vec<Array>| {
            (Params { w: &ct[0] * x, b: &ct[1] * 7.0 }, &ct[0] * &p.w)
        },
    );
    let loss = |p: &Params, x: &Array| {
        let y = f(p, x);
        &y[0] * 2.0 + &y[1]
    };
    let p = Params { w: 3.0.into(), b: 5.0.into() };
    let (dp, dx) = grad(loss).argnums::<(At<0>, At<1>)>()(&p, &4.0.into());
    assert_eq!((dp.w.to_f64().unwrap(), dp.b.to_f64().unwrap()), (8.0, 7.0));
    assert_eq!(dx, 6.0);
}

#[test]
fn what_a_rule_gives_is_checked() {
    let wrong = custom_jvp(
        |x: &Array| x.clone(),
        |(x,): &(Array,), _: &(Array,)| (x.clone(), Array::from([1.0, 2.0])),
    );
    let error = grad(wrong).try_call(&(1.0.into(),)).unwrap_err();
    assert!(error.to_string().contains("a tangent of type float32[]"), "{error}");
    let wrong = custom_vjp(
        |x: &Vec<Array>| x[0].clone(),
        |x: &Vec<Array>| (x[0].clone(), ()),
        |_: &(), ct: &Array| (vec![ct.clone(), ct.clone()],),
    );
    let error = grad(wrong).try_call(&(vec![1.0.into()],)).unwrap_err();
    assert!(matches!(error, Error::Structure { .. }), "{error}");
}

#[test]
fn zeros_are_seen_by_rules_that_ask_for_them() {
    static PERTURBED: Mutex<Vec<bool>> = Mutex::new(vec![]);
    let f = custom_vjp_with_symbolic_zeros(
        |x: &Array, y: &Array| (x * y, x.clone()),
        |(x, y): &(Array, Array), perturbed: &[bool]| {
            *PERTURBED.lock().unwrap() = perturbed.to_vec();
            Ok(((x * y, x.clone()), y.clone()))
        },
        |y: &Array, ct: &SymbolicZeros<(Array, Array)>| {
            // The second result is not used.
            assert!(ct.leaves()[1].is_none());
            Ok(vec![ct.leaves()[0].as_ref().map(|ct| ct * y), None])
        },
    );
    let first = |x: &Array, y: &Array| f(x, y).0;
    assert_eq!(grad(first)(&2.0.into(), &3.0.into()), 3.0);
    assert_eq!(*PERTURBED.lock().unwrap(), [true, false]);
    let forward = custom_jvp_with_symbolic_zeros(
        |x: &Array| (x.clone(), x.clone()),
        |(x,): &(Array,), dx: &SymbolicZeros<(Array,)>| -> Result<_> {
            let y = (x.clone(), x.clone());
            let tangents = vec![dx.leaves()[0].clone(), None];
            Ok((y.clone(), SymbolicZeros::new(&y, tangents)?))
        },
    );
    let sum = |x: &Array| {
        let (a, b) = forward(x);
        a + b
    };
    assert_eq!(grad(sum)(&1.0.into()), 1.0);
}

#[test]
fn a_custom_gradient_may_close_over_what_is_traced() {
    let f = custom_gradient(|(x, y): &(Array, Array)| {
        let (x, y) = (x.clone(), y.clone());
        Ok((&x * &y, move |ct: &Array| Ok((ct * &y * 10.0, ct * &x))))
    });
    let f = move |x: &Array, y: &Array| f(x, y);
    rules_hold(f);
}

#[test]
fn checkpoints_compute_again_what_a_policy_does_not_keep() {
    let f = |w: &Array, x: &Array| -> Result<Array> {
        let hidden = checkpoint_name(&w.matmul(x).sin(), "hidden")?;
        Ok(hidden.sin().sum())
    };
    let (w, x) = (Array::from([[0.1, 0.2], [0.3, 0.4]]), Array::from([0.5, 0.6]));
    let expected = grad(f)(&w, &x);
    let expected = expected.to_vec::<f32>().unwrap();
    let all = [
        policies::everything_saveable(),
        policies::nothing_saveable(),
        policies::dots_saveable(),
        policies::dots_with_no_batch_dims_saveable(),
        policies::save_only_these_names(&["hidden"]),
        policies::save_any_names_but_these(&["hidden"]),
        policies::save_anything_except_these_names(&["hidden"]),
        policies::save_from_both_policies(
            policies::dots_saveable(),
            policies::save_only_these_names(&["hidden"]),
        ),
    ];
    for policy in all {
        let light = || checkpoint(f).policy(policy.clone());
        close(&grad(light())(&w, &x), &expected);
        close(&jit(grad(light()))(&w, &x), &expected);
        let rows = Array::from([[0.5, 0.6], [0.5, 0.6]]);
        let mapped = vmap(grad(light())).in_axes(&[None, Some(0)])(&w, &rows);
        close(&mapped, &[&expected[..], &expected[..]].concat());
        check_grads(light(), &(w.clone(), x.clone()), 2, 2e-2).unwrap();
    }
}

/// How many sines the derivative computes, the second computation of a checkpoint included.
fn sines(policy: Option<policies::Policy>) -> usize {
    let f = |x: &Array| -> Result<Array> { Ok(checkpoint_name(&x.sin(), "inner")?.sin().sin()) };
    let light = checkpoint(f);
    let light = match policy {
        Some(policy) => light.policy(policy),
        None => light,
    };
    let text = make_jaxpr(grad(light))(&1.0.into()).to_string();
    text.matches(" = sin ").count()
}

#[test]
fn kept_values_are_not_computed_again() {
    assert_eq!(sines(None), 5);
    assert_eq!(sines(Some(policies::everything_saveable())), 3);
    assert_eq!(sines(Some(policies::save_only_these_names(&["inner"]))), 4);
}

#[test]
fn host_functions_are_called_from_programs() {
    let doubled = |x: &Array| -> Result<Array> {
        let host = |x: &Array| -> Result<Array> {
            let values = x.to_vec::<f32>()?.iter().map(|x| x * 2.0).collect::<Vec<_>>();
            Array::from_slice(&values, x.shape())
        };
        pure_callback(host, x, x, VmapMethod::BroadcastAll)
    };
    let x = Array::from([1.0, 2.0]);
    close(&doubled(&x).unwrap(), &[2.0, 4.0]);
    close(&jit(doubled)(&x), &[2.0, 4.0]);
    close(&jit(vmap(doubled))(&x), &[2.0, 4.0]);
    let error = grad(doubled).try_call(&(1.0.into(),)).unwrap_err();
    assert!(error.to_string().contains("pure_callback"), "{error}");
    let wrong =
        |x: &Array| pure_callback(|_: &Array| Array::from([1.0, 2.0, 3.0]), x, x, VmapMethod::None);
    let error = jit(wrong).try_call(&(x.clone(),)).unwrap_err();
    assert!(error.to_string().starts_with("pure_callback"), "{error}");
    let failing = |x: &Array| -> Result<Array> {
        let host = |_: &Array| -> Result<Array> { Err(Error::value_error("host", "it is broken")) };
        io_callback(host, x, x)
    };
    let error = jit(failing).try_call(&(x,)).unwrap_err();
    assert_eq!(error.to_string(), "host: it is broken");
}

#[test]
fn programs_show_what_they_compute_while_they_run() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let f = |x: &Array| -> Result<Array> {
        debug::callback(
            |_: &Array| -> Result<()> {
                CALLS.fetch_add(1, Ordering::Relaxed);
                Ok(())
            },
            x,
        )?;
        Ok(x.square())
    };
    let calls = |f: &dyn Fn()| {
        CALLS.store(0, Ordering::Relaxed);
        f();
        CALLS.load(Ordering::Relaxed)
    };
    let fast = jit(grad(f));
    assert_eq!(calls(&|| drop(fast(&3.0.into()))), 1);
    assert_eq!(calls(&|| drop(fast(&4.0.into()))), 1);
    assert_eq!(calls(&|| drop(vmap(f)(&Array::from([1.0, 2.0, 3.0])))), 3);
    let error = debug::print("{} and {}", &Array::from(1.0)).unwrap_err();
    assert!(error.to_string().contains("2 places, but there are 1"), "{error}");
    assert!(debug::print("{x}", &Array::from(1.0)).is_err());
    debug::print("{{}} is {}", &Array::from(1.0)).unwrap();
}
