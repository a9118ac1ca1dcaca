//! The transformations as a user writes them.

use pullback::prelude::*;

#[derive(Clone, Pytree)]
struct Params {
    w: Array,
    b: Array,
    #[pytree(fixed)]
    name: String,
}

fn vector(values: &[f32]) -> Array {
    Array::from_slice(values, &[values.len()]).unwrap()
}

#[test]
fn gradients_nest_and_take_numbers() {
    let f = |x: Array| 3.0 * x.powi(2) + 4.0 * &x - 3.0;
    assert_eq!(grad(f)(3.0).to_f64().unwrap(), 22.0);
    assert_eq!(grad(grad(f))(3.0).to_f64().unwrap(), 6.0);
    assert_eq!(grad(grad(grad(f)))(3.0).to_f64().unwrap(), 0.0);
}

#[test]
fn descent_reassigns_what_it_differentiates_at() {
    let df = grad(|x: &Array| x.square().sum());
    let mut x = vector(&[1.0, -2.0]);
    for _ in 0..50 {
        x = &x - 0.25 * df(&x);
    }
    assert!(x.to_vec::<f32>().unwrap().iter().all(|x| x.abs() < 1e-6));
}

#[test]
fn a_gradient_has_the_structure_of_its_argument() {
    let loss = |p: &Params, x: &Array, y: &Array| (x.dot(&p.w) + &p.b - y).square();
    let p = Params { w: vector(&[1.0, 2.0]), b: Array::from(0.5), name: "layer".into() };
    let x = vector(&[3.0, 4.0]);
    let (value, g): (Array, Params) = value_and_grad(loss)(&p, &x, &Array::from(1.5));
    assert_eq!(value.to_f64().unwrap(), 100.0);
    assert_eq!(g.w.to_vec::<f32>().unwrap(), [60.0, 80.0]);
    assert_eq!(g.b.to_f64().unwrap(), 20.0);
    assert_eq!(g.name, "layer");
}

#[test]
fn other_arguments_can_be_selected() {
    let f = |a: &Array, b: &Array| (a * b).sum();
    let (x, y) = (vector(&[1.0, 2.0]), vector(&[3.0, 4.0]));
    let (da, db) = grad(f).argnums::<(At<0>, At<1>)>()(&x, &y);
    assert_eq!(da.to_vec::<f32>().unwrap(), [3.0, 4.0]);
    assert_eq!(db.to_vec::<f32>().unwrap(), [1.0, 2.0]);
}

#[test]
fn transformations_compose() {
    let f = |x: &Array| x.powi(3).sum();
    let x = vector(&[1.0, 2.0]);
    let fast = jit(vmap(grad(f)));
    for _ in 0..2 {
        assert_eq!(fast(&x).to_vec::<f32>().unwrap(), [3.0, 12.0]);
    }
    assert_eq!(hessian(f)(&x).to_vec::<f32>().unwrap(), [6.0, 0.0, 0.0, 12.0]);
    let cube = |x: &Array| x.powi(3);
    assert_eq!(jacfwd(cube)(&x).to_vec::<f32>().unwrap(), [3.0, 0.0, 0.0, 12.0]);
    assert_eq!(jacrev(cube)(&x).to_vec::<f32>().unwrap(), [3.0, 0.0, 0.0, 12.0]);
}
