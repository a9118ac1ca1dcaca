//! The programs of the tutorials, in Rust: prints `name<TAB>figure` a line.
//!
//! `examples/tour/tour.py` has the same programs in Python, under the same names.

use std::f64::consts::{LN_2, PI};

use pullback::config::with_threefry_partitionable;
use pullback::numpy::linalg;
use pullback::prelude::*;
use pullback::scipy::stats::norm;
use pullback::{numpy as np, random};

fn show(name: &str, figure: impl Into<Array>) -> Result<()> {
    println!("{name}\t{}", figure.into().to_f64()?);
    Ok(())
}

fn first_derivatives() -> Result<()> {
    show("grad of 3x+1 at 4", grad(|x: Array| 3.0 * x + 1.0)(4.0))?;

    let polynomial = |x: Array| 3.0 * x.powi(2) + 4.0 * &x - 3.0;
    show("grad of 3x²+4x-3 at 3", grad(polynomial)(3.0))?;
    let dpolynomial = grad(polynomial);
    let mut x = Array::from(3.0);
    for _ in 0..200 {
        x -= dpolynomial(x.clone()) * 0.01;
    }
    show("second derivative of 3x²+4x-3", grad(grad(polynomial))(x.clone()))?;
    show("200 steps toward the minimum", x)
}

fn maximum_likelihood(layout: &str) -> Result<()> {
    let key = random::prng_key(&44.into())?;
    let data = random::normal(&key, [1000], None)? * 2.0 - 3.0;

    let negloglike = |mu: &Array, log_sigma: &Array, data: &Array| -> Result<Array> {
        Ok(-norm::logpdf(data, mu, &log_sigma.exp())?.sum())
    };

    let (mut mu, mut log_sigma) = (Array::from(-6.0), Array::from(LN_2));
    let value = negloglike(&mu, &log_sigma, &data)?;
    show(&format!("negative log likelihood, {layout}"), value)?;
    let gradient = grad(negloglike).argnums::<(At<0>, At<1>)>();
    let (dmu, dlog_sigma) = gradient(&mu, &log_sigma, &data);
    show(&format!("d/dmu, {layout}"), dmu)?;
    show(&format!("d/dlog sigma, {layout}"), dlog_sigma)?;
    for _ in 0..300 {
        let (dmu, dlog_sigma) = gradient(&mu, &log_sigma, &data);
        mu -= dmu * 0.0001;
        log_sigma -= dlog_sigma * 0.0001;
    }
    show(&format!("fitted mu, {layout}"), mu)?;
    show(&format!("fitted sigma, {layout}"), log_sigma.exp())
}

fn search_for_gold() -> Result<()> {
    let goldfield = |x: &Array, y: &Array| 2.0 * x.powi(2) - 4.0 * x * y + (y.powi(4) + 2.0);

    let gradient = grad(goldfield).argnums::<(At<0>, At<1>)>();
    let (dx, dy) = gradient(&3.0.into(), &4.0.into());
    show("goldfield d/dx at (3, 4)", dx)?;
    show("goldfield d/dy at (3, 4)", dy)?;
    // The published figure is reached from here; from (0.1, 0.1) the same steps lead to (1, 1).
    let (mut x, mut y) = (Array::from(0.1), Array::from(-0.1));
    for _ in 0..300 {
        let (dx, dy) = gradient(&x, &y);
        x -= dx * 0.01;
        y -= dy * 0.01;
    }
    show("goldfield minimum x", x)?;
    show("goldfield minimum y", y)?;
    let along_x = grad(|x: &Array| goldfield(x, &1.2.into()));
    let mut x = Array::from(0.1);
    for _ in 0..300 {
        x -= along_x(&x) * 0.01;
    }
    show("along x alone", x)
}

fn higher_orders() -> Result<()> {
    let tanh = |x: Array| x.tanh();
    show("tanh' at 2", grad(tanh)(2.0))?;
    show("tanh'' at 2", grad(grad(tanh))(2.0))?;
    show("tanh''' at 2", grad(grad(grad(tanh)))(2.0))?;

    let cubic = |x: Array| x.powi(3) + 2.0 * x.powi(2) - 3.0 * &x + 1.0;
    show("cubic' at 1", grad(cubic)(1.0))?;
    show("cubic'' at 1", grad(grad(cubic))(1.0))?;
    show("cubic''' at 1", grad(grad(grad(cubic)))(1.0))?;
    show("cubic'''' at 1", grad(grad(grad(grad(cubic))))(1.0))
}

/// What the logistic regression fits: a gradient with respect to it is another of its kind.
#[derive(Clone, Pytree)]
struct Params {
    w: Array,
    b: Array,
}

fn logistic_regression(layout: &str) -> Result<()> {
    let inputs = Array::from([
        [0.52, 1.12, 0.77],
        [0.88, -1.08, 0.15],
        [0.52, 0.06, -1.30],
        [0.74, -2.49, 1.39],
    ]);
    let targets = Array::from([true, true, false, true]);

    let predict = |w: &Array, b: &Array| 0.5 * (((inputs.dot(w) + b) / 2.0).tanh() + 1.0);
    let loss = |w: &Array, b: &Array| {
        let preds = predict(w, b);
        let label_probs = &preds * &targets + (1.0 - &preds) * (1 - &targets);
        -label_probs.ln().sum()
    };

    let [key, w_key, b_key] = random::split_into(&random::key(&0.into())?)?;
    let w = random::normal(&w_key, [3], None)?;
    let b = random::normal(&b_key, (), None)?;
    let (value, (dw, db)) = value_and_grad(loss).argnums::<(At<0>, At<1>)>()(&w, &b);
    for at in 0..3 {
        show(&format!("logistic W gradient {at}, {layout}"), dw.at(&[at.into()]))?;
    }
    show(&format!("logistic b gradient, {layout}"), &db)?;
    show(&format!("logistic loss, {layout}"), value)?;
    let tree = grad(|params: &Params| loss(&params.w, &params.b));
    let tree = tree(&Params { w: w.clone(), b: b.clone() });
    assert!(close(&tree.w, &dw)? && close(&tree.b, &db)?);
    if layout == "old layout" {
        let eps = 1e-4;
        let difference = (loss(&w, &(&b + eps / 2.0)) - loss(&w, &(&b - eps / 2.0))) / eps;
        show("b gradient by differences, old layout", difference)?;
        let [_, subkey] = random::split_into(&key)?;
        let vec = random::normal(&subkey, w.shape(), None)?;
        let unitvec = &vec / vec.dot(&vec).sqrt();
        let step = eps / 2.0 * &unitvec;
        let difference = (loss(&(&w + &step), &b) - loss(&(&w - &step), &b)) / eps;
        show("W gradient along a direction by differences, old layout", difference)?;
        show("W gradient along a direction, old layout", grad(loss)(&w, &b).dot(&unitvec))
    } else {
        check_grads(loss, &(w, b), 2, 1e-2)?;
        show("check_grads of the logistic loss, order 2", 1.0)
    }
}

fn close(x: &Array, y: &Array) -> Result<bool> {
    np::allclose(x, y, &1e-3.into(), &1e-8.into(), false)?.to_bool()
}

fn linear_regression() -> Result<()> {
    let key = random::prng_key(&1.into())?;
    let x = random::normal(&key, [100, 10], None)?;
    let true_w = random::normal(&key, [10], None)?;
    let y = x.dot(&true_w) + 0.1 * random::normal(&key, [100], None)?;

    let squared_error = |w: &Array| (x.dot(w) - &y).square().mean();

    let descent = grad(squared_error);
    let mut w = np::zeros([10], None)?;
    for _ in 0..100 {
        w = &w - 0.1 * descent(&w);
    }
    let by_pinv = linalg::pinv(&x, None, false, None)?.dot(&y);
    let by_inverse = linalg::inv(&x.t().dot(&x))?.dot(&x.t()).dot(&y);
    assert!(close(&by_pinv, &by_inverse)?);
    let error = ((w - &by_pinv) / &by_pinv).abs().max();
    show("regression against pinv, largest relative error", error)
}

fn trigonometry() -> Result<()> {
    let x = np::linspace(-2.0 * PI, 2.0 * PI, 1000)?;
    let second = vmap(grad(grad(|x: &Array| x.sin())));
    show("sin'' + sin, largest", (second(&x) + x.sin()).abs().max())?;
    let second = vmap(grad(grad(|x: &Array| x.cos())));
    show("cos'' + cos, largest", (second(&x) + x.cos()).abs().max())
}

fn main() -> Result<()> {
    first_derivatives()?;
    search_for_gold()?;
    higher_orders()?;
    linear_regression()?;
    trigonometry()?;
    for (layout, partitionable) in [("old layout", false), ("new layout", true)] {
        with_threefry_partitionable(partitionable, || {
            maximum_likelihood(layout)?;
            logistic_regression(layout)
        })?;
    }
    Ok(())
}
