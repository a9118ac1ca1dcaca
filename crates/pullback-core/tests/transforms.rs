//! Transformations of functions, nested in each other.

use pullback_core::engine::plan::ScanLength;
use pullback_core::jaxpr::{JaxprRef, stage};
use pullback_core::primitives::control::{cond, jit, remat, scan, while_loop};
use pullback_core::primitives::rules::*;
use pullback_core::trace::{AxisData, Tangent, bind};
use pullback_core::transforms::{jvp, linearize, vmap};
use pullback_core::{Array, Aval, DType, Result};

type F<'a> = dyn Fn(&Array) -> Result<Array> + 'a;

fn grad(f: &F<'_>, x: &Array) -> Result<Array> {
    let (y, linear) = linearize(|x| Ok(vec![f(&x[0])?]), std::slice::from_ref(x), &[true])?;
    let ct = linear.transpose(&[Some(number(1.0, &y[0]))])?;
    ct[0].clone().map_or_else(|| zeros_like(x), Ok)
}

fn tangent(f: &F<'_>, x: &Array) -> Result<Array> {
    let dx = Tangent::Value(number(1.0, x));
    let (_, dy) = jvp(|x| Ok(vec![f(&x[0])?]), std::slice::from_ref(x), vec![dx])?;
    dy[0].instantiate()
}

fn map(f: &F<'_>, x: &Array) -> Result<Array> {
    let axis = AxisData { name: None, size: x.shape()[0] };
    let (y, at) = vmap(|x| Ok(vec![f(&x[0])?]), std::slice::from_ref(x), &[Some(0)], axis)?;
    assert_eq!(at, [Some(0)]);
    Ok(y[0].clone())
}

fn compiled(f: &F<'_>, x: &Array) -> Result<Array> {
    let staged = stage(&[x.aval()], |x| Ok(vec![f(&x[0])?]))?;
    let operands: Vec<&Array> = staged.captured.iter().chain([x]).collect();
    Ok(jit::jit("f", &staged.jaxpr.into(), &operands)?.remove(0))
}

fn value(x: &Array) -> f64 {
    x.to_f64().unwrap()
}

fn s(x: f64) -> Array {
    Array::scalar(x)
}

fn polynomial(x: &Array) -> Result<Array> {
    let c = |v| number(v, x);
    sub(&add(&mul(&c(3.0), &integer_pow(x, 2)?)?, &mul(&c(4.0), x)?)?, &c(3.0))
}

#[test]
fn grad_composes_to_any_depth() {
    let x = s(3.0);
    assert_eq!(value(&grad(&polynomial, &x).unwrap()), 22.0);
    let second = |x: &Array| grad(&polynomial, x);
    assert_eq!(value(&grad(&second, &x).unwrap()), 6.0);
    let third = |x: &Array| grad(&second, x);
    assert_eq!(value(&grad(&third, &x).unwrap()), 0.0);
    let tanh1 = |x: &Array| grad(&|x: &Array| tanh(x), x);
    let tanh2 = |x: &Array| grad(&tanh1, x);
    let y = value(&grad(&tanh2, &s(2.0)).unwrap());
    assert!((y - 0.25265406509806265).abs() < 1e-9, "{y}");
}

#[test]
fn every_order_of_nesting_agrees() {
    let f = |x: &Array| mul(&sin(x)?, &exp(x)?);
    let df = |x: &Array| grad(&f, x);
    let x = Array::from_slice(&[0.1, 0.5, 2.0], &[3]).unwrap();
    let expected: Vec<f64> =
        [0.1f64, 0.5, 2.0].iter().map(|&x| value(&tangent(&f, &s(x)).unwrap())).collect();
    let close = |y: Array| {
        for (a, b) in y.to_vec::<f64>().unwrap().iter().zip(&expected) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    };
    close(map(&df, &x).unwrap());
    close(map(&|x: &Array| tangent(&f, x), &x).unwrap());
    close(map(&|x: &Array| compiled(&df, x), &x).unwrap());
    close(compiled(&|x: &Array| map(&df, x), &x).unwrap());
    close(map(&|x: &Array| grad(&|x: &Array| compiled(&f, x), x), &x).unwrap());
    let total = |x: &Array| reduce_sum(&map(&f, x)?, &[0]);
    close(grad(&total, &x).unwrap());
    close(grad(&|x: &Array| compiled(&total, x), &x).unwrap());
    close(compiled(&|x: &Array| grad(&|x: &Array| compiled(&total, x), x), &x).unwrap());
}

/// x^n for n = 4 by a loop that runs until a counter has passed.
fn power_by_while(x: &Array) -> Result<Array> {
    let cond = stage(&[Aval::scalar(DType::I32), x.aval()], |x| {
        Ok(vec![lt(&x[0], &Array::scalar(4i32))?])
    })?;
    let body = stage(&[x.aval(), Aval::scalar(DType::I32), x.aval()], |x| {
        Ok(vec![add(&x[1], &Array::scalar(1i32))?, mul(&x[2], &x[0])?])
    })?;
    let op = while_loop::While {
        cond: cond.jaxpr.into(),
        body: body.jaxpr.into(),
        cond_consts: 0,
        body_consts: 1,
        record: 0,
    };
    Ok(bind(op, &[x, &Array::scalar(0i32), &number(1.0, x)])?.remove(1))
}

/// Doubles until the limit is passed: the number of iterations depends on the value.
fn doubling(x: &Array) -> Result<Array> {
    let cond = stage(&[x.aval()], |x| Ok(vec![lt(&x[0], &number(10.0, &x[0]))?]))?;
    let body = stage(&[x.aval()], |x| Ok(vec![mul(&x[0], &x[0])?]))?;
    let op = while_loop::While {
        cond: cond.jaxpr.into(),
        body: body.jaxpr.into(),
        cond_consts: 0,
        body_consts: 0,
        record: 0,
    };
    Ok(bind(op, &[x])?.remove(0))
}

#[test]
fn reverse_mode_through_while() {
    let f = |x: &Array| power_by_while(x);
    let x = s(1.5);
    assert_eq!(value(&f(&x).unwrap()), 1.5f64.powi(4));
    assert_eq!(value(&grad(&f, &x).unwrap()), 4.0 * 1.5f64.powi(3));
    assert_eq!(value(&tangent(&f, &x).unwrap()), 4.0 * 1.5f64.powi(3));
    let df = |x: &Array| grad(&f, x);
    assert_eq!(value(&grad(&df, &x).unwrap()), 12.0 * 1.5f64.powi(2));
    assert_eq!(value(&tangent(&df, &x).unwrap()), 12.0 * 1.5f64.powi(2));
    assert_eq!(value(&compiled(&df, &x).unwrap()), 4.0 * 1.5f64.powi(3));
}

#[test]
fn mapped_loops_end_each_at_its_time() {
    let f = |x: &Array| doubling(x);
    let df = |x: &Array| grad(&f, x);
    let x = Array::from_slice(&[1.5, 3.0, 12.0], &[3]).unwrap();
    let each: Vec<f64> = [1.5, 3.0, 12.0].iter().map(|&x| value(&df(&s(x)).unwrap())).collect();
    let slope = |y: Array| assert_eq!(y.to_vec::<f64>().unwrap(), each);
    slope(map(&df, &x).unwrap());
    slope(grad(&|x: &Array| reduce_sum(&map(&f, x)?, &[0]), &x).unwrap());
    slope(compiled(&|x: &Array| map(&df, x), &x).unwrap());
    slope(map(&|x: &Array| tangent(&f, x), &x).unwrap());
    let second: Vec<f64> =
        [1.5, 3.0, 12.0].iter().map(|&x| value(&grad(&df, &s(x)).unwrap())).collect();
    let ddf = |x: &Array| grad(&df, x);
    assert_eq!(map(&ddf, &x).unwrap().to_vec::<f64>().unwrap(), second);
}

fn scanned(x: &Array) -> Result<Array> {
    let entry = Aval::scalar(DType::F64);
    let body = stage(&[x.aval(), x.aval(), entry], |x| {
        let next = sin(&mul(&add(&x[1], &x[2])?, &x[0])?)?;
        Ok(vec![next.clone(), mul(&next, &x[2])?])
    })?;
    let op = scan::Scan {
        jaxpr: body.jaxpr.into(),
        consts: 1,
        carry: 1,
        length: ScanLength::Fixed(3),
        reverse: false,
    };
    let xs = Array::from_slice(&[0.3, 0.2, 0.7], &[3])?;
    let outputs = bind(op, &[x, x, &xs])?;
    add(&outputs[0], &reduce_sum(&outputs[1], &[0])?)
}

#[test]
fn scan_in_both_modes_and_mapped() {
    let f = |x: &Array| scanned(x);
    let x = s(0.8);
    let reverse = value(&grad(&f, &x).unwrap());
    let forward = value(&tangent(&f, &x).unwrap());
    let h = 1e-6;
    let difference =
        (value(&f(&s(0.8 + h)).unwrap()) - value(&f(&s(0.8 - h)).unwrap())) / (2.0 * h);
    assert!((reverse - forward).abs() < 1e-12);
    assert!((reverse - difference).abs() < 1e-8);
    let df = |x: &Array| grad(&f, x);
    let second = value(&grad(&df, &x).unwrap());
    let other = value(&tangent(&df, &x).unwrap());
    assert!((second - other).abs() < 1e-12);
    let xs = Array::from_slice(&[0.8, -0.2], &[2]).unwrap();
    let mapped = map(&df, &xs).unwrap().to_vec::<f64>().unwrap();
    assert!((mapped[0] - reverse).abs() < 1e-12);
}

#[test]
fn cond_takes_one_branch_and_its_derivative() {
    let branch = |k: f64| -> JaxprRef {
        stage(&[Aval::scalar(DType::F64)], |x| Ok(vec![mul(&sin(&x[0])?, &number(k, &x[0]))?]))
            .unwrap()
            .jaxpr
            .into()
    };
    let branches = [branch(1.0), branch(5.0)];
    let f = |x: &Array| -> Result<Array> {
        let index = convert_element_type(&gt(x, &number(0.0, x))?, DType::I32)?;
        Ok(cond::cond(&index, &branches, &[x])?.remove(0))
    };
    let df = |x: &Array| grad(&f, x);
    assert!((value(&df(&s(0.5)).unwrap()) - 5.0 * 0.5f64.cos()).abs() < 1e-12);
    assert!((value(&df(&s(-0.5)).unwrap()) - 0.5f64.cos()).abs() < 1e-12);
    let xs = Array::from_slice(&[0.5, -0.5], &[2]).unwrap();
    let y = map(&df, &xs).unwrap().to_vec::<f64>().unwrap();
    assert!((y[0] - 5.0 * 0.5f64.cos()).abs() < 1e-12 && (y[1] - 0.5f64.cos()).abs() < 1e-12);
    assert!((value(&compiled(&df, &s(0.5)).unwrap()) - 5.0 * 0.5f64.cos()).abs() < 1e-12);
}

#[test]
fn remat_computes_again() {
    let inner = stage(&[Aval::scalar(DType::F64)], |x| Ok(vec![sin(&sin(&x[0])?)?])).unwrap();
    let jaxpr = JaxprRef::from(inner.jaxpr);
    let f = move |x: &Array| -> Result<Array> {
        let op = remat::Remat {
            jaxpr: jaxpr.clone(),
            policy: None,
            differentiated: false,
            prevent_cse: true,
        };
        Ok(bind(op, &[x])?.remove(0))
    };
    let df = |x: &Array| grad(&f, x);
    let expected = 0.7f64.cos() * 0.7f64.sin().cos();
    assert!((value(&df(&s(0.7)).unwrap()) - expected).abs() < 1e-12);
    let staged = stage(&[Aval::scalar(DType::F64)], |x| Ok(vec![df(&x[0])?])).unwrap();
    let text = staged.jaxpr.to_string();
    assert!(text.contains("remat2") && text.contains("differentiated=True"), "{text}");
    let ddf = |x: &Array| grad(&df, x);
    let h = 1e-6;
    let difference =
        (value(&df(&s(0.7 + h)).unwrap()) - value(&df(&s(0.7 - h)).unwrap())) / (2.0 * h);
    assert!((value(&ddf(&s(0.7)).unwrap()) - difference).abs() < 1e-7);
}

#[test]
fn the_text_is_that_of_jax() {
    let staged =
        stage(&[Aval::scalar(DType::F32).with_weak(true)], |x| Ok(vec![grad(&polynomial, &x[0])?]))
            .unwrap();
    assert_eq!(
        staged.jaxpr.to_string(),
        "{ lambda ; a:f32[]. let
    b:f32[] = integer_pow[y=2] a
    c:f32[] = mul 2.0:f32[] a
    d:f32[] = mul 3.0:f32[] b
    e:f32[] = mul 4.0:f32[] a
    f:f32[] = add d e
    _:f32[] = sub f 3.0:f32[]
    g:f32[] = mul 4.0:f32[] 1.0:f32[]
    h:f32[] = mul 3.0:f32[] 1.0:f32[]
    i:f32[] = mul h c
    j:f32[] = add_any g i
  in (j,) }"
    );
}
