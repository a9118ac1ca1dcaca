//! The transformations as a user writes them.

use pullback::config::{threefry_partitionable, with_threefry_partitionable};
use pullback::numpy::floor;
use pullback::prelude::*;
use pullback::random::{key, key_data, normal, prng_key, split, split_into};

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

#[test]
fn derivatives_are_checked_to_any_order() {
    let x = Array::from([0.3, 1.2]);
    let f = |x: &Array, n: &Array| (x.sin() * x * n).sum();
    check_grads(f, &(x.clone(), Array::from(2)), 2, 1e-2).unwrap();
    // Rounded down, its derivative is zero, which the differences are not at a jump.
    let jump = |x: &Array| floor(x);
    let error = check_grads(jump, &(Array::from(1.0),), 1, 1e-2).unwrap_err();
    assert!(error.to_string().starts_with("check_grads: the derivative differs"), "{error}");
}

#[test]
fn both_layouts_of_random_bits_can_be_selected() {
    let draw = || normal(&key(&0.into())?, [2], None);
    let new = draw().unwrap();
    let old = with_threefry_partitionable(false, draw).unwrap();
    assert!(threefry_partitionable());
    assert_ne!(new.to_vec::<f32>().unwrap(), old.to_vec::<f32>().unwrap());
    let caught = std::panic::catch_unwind(|| with_threefry_partitionable(false, || panic!()));
    assert!(caught.is_err() && threefry_partitionable());
}

#[test]
fn a_key_is_split_into_as_many_as_are_bound() {
    for key in [key(&7.into()).unwrap(), prng_key(&7.into()).unwrap()] {
        let [a, b, c] = split_into(&key).unwrap();
        let all = split(&key, 3).unwrap();
        for (at, key) in [a, b, c].iter().enumerate() {
            assert_eq!(key.aval(), all.at(&[Index::from(at as i64)]).aval());
            let [x, y] = [key, &all.at(&[Index::from(at as i64)])].map(|k| key_data(k).unwrap());
            assert_eq!(x.to_vec::<u32>().unwrap(), y.to_vec::<u32>().unwrap());
        }
    }
}

#[test]
fn arrays_are_written_out() {
    let x = Array::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_eq!((x.shape(), x.dtype(), x.is_weak()), (&[2, 3][..], DType::F32, false));
    assert_eq!((x / 2.0).sum_axis(0).to_vec::<f32>().unwrap(), [2.5, 3.5, 4.5]);
    assert_eq!(Array::from([true, false]).dtype(), DType::Bool);
    assert_eq!(Array::from([1, 2]).dtype(), DType::I32);
}
