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

#[test]
fn a_second_result_is_handed_through() {
    let f = |x: &Array, n: &Array| (x.square().sum() * n, vec![x.sum(), n.clone()]);
    let (x, n) = (vector(&[1.0, 2.0]), Array::from(3.0));
    let (dx, aux) = grad(f)(&x, &n);
    assert_eq!(dx.to_vec::<f32>().unwrap(), [6.0, 12.0]);
    assert_eq!((aux[0].to_f64().unwrap(), aux[1].to_f64().unwrap()), (3.0, 3.0));
    let ((y, _), (dx, dn)) = value_and_grad(f).argnums::<(At<0>, At<1>)>()(&x, &n);
    assert_eq!((y.to_f64().unwrap(), dn.to_f64().unwrap()), (15.0, 5.0));
    assert_eq!(dx.to_vec::<f32>().unwrap(), [6.0, 12.0]);
    let (ddx, aux) = jit(vmap(grad(|x: &Array| (x.powi(3), x.clone()))))(&x);
    assert_eq!(ddx.to_vec::<f32>().unwrap(), [3.0, 12.0]);
    assert_eq!(aux, x);
}

#[test]
fn types_without_a_derivative_are_refused() {
    let message = |error: Error| error.to_string();
    let error = message(grad(|x: &Array| x * 1).try_call(&(1.into(),)).unwrap_err());
    assert!(error.starts_with("grad requires real- or complex-valued inputs"), "{error}");
    let error = message(grad(|x: &Array| x.clone()).try_call(&(vector(&[1.0]),)).unwrap_err());
    assert!(error.starts_with("grad: only defined for scalar-output functions"), "{error}");
    let holomorphic = grad(|x: &Array| x.clone()).holomorphic();
    let error = message(holomorphic.try_call(&(1.0.into(),)).unwrap_err());
    assert!(error.starts_with("grad with holomorphic=True requires inputs"), "{error}");
    let error = message(jacfwd(|x: &Array| x.clone()).try_call(&(1.into(),)).unwrap_err());
    assert!(error.starts_with("jacfwd requires real-valued inputs"), "{error}");
    let f = |x: &Array| x.clone();
    let error = message(jvp(f, &(1.0.into(),), &(vector(&[1.0]),)).unwrap_err());
    assert!(error.starts_with("jvp: primal and tangent must have one type"), "{error}");
    let (_, pullback) = vjp(f, &(Array::from(1.0),)).unwrap();
    assert!(pullback(&vector(&[1.0])).is_err());
}

#[test]
fn jacobians_are_over_trees() {
    let p = Params { w: vector(&[1.0, 2.0]), b: Array::from(0.5), name: "layer".into() };
    let f = |p: &Params, x: &Array| (&p.w * x + &p.b, vec![p.w.sum()]);
    let x = vector(&[3.0, 4.0]);
    for jacobian in [jacfwd(f)(&p, &x), jacrev(f)(&p, &x)] {
        let (y, sums) = jacobian;
        assert_eq!(y.w, Array::from([[3.0, 0.0], [0.0, 4.0]]));
        assert_eq!(y.b.to_vec::<f32>().unwrap(), [1.0, 1.0]);
        assert_eq!(y.name, "layer");
        assert_eq!(sums[0].w.to_vec::<f32>().unwrap(), [1.0, 1.0]);
        assert_eq!(sums[0].b, 0.0);
    }
    let ((_, by_w), _) = hessian(|p: &(Array, Array)| (&p.0 * p.1.square()).sum())(&(
        vector(&[1.0, 2.0]),
        vector(&[3.0, 4.0]),
    ));
    assert_eq!(by_w, Array::from([[6.0, 0.0], [0.0, 8.0]]));
    let rows = vmap(jacrev(|x: &Array| x.square()))(&Array::from([[1.0, 2.0], [3.0, 4.0]]));
    assert_eq!(rows.shape(), [2, 2, 2]);
    // Nothing to differentiate with respect to, and nothing to differentiate.
    assert!(jacfwd(|_: &Vec<Array>| Array::from(1.0))(&vec![]).is_empty());
    assert!(jacrev(|_: &Array| Vec::<Array>::new())(&1.0.into()).is_empty());
    let second = jacfwd(jacrev(|x: &Array| x.powi(3)))(&vector(&[1.0, 2.0]));
    assert_eq!(second.shape(), [2, 2, 2]);
    assert_eq!(second.sum(), 18.0);
}

#[test]
fn linear_functions_are_applied_and_transposed() {
    let f = |x: &Array, y: &Array| (x * y).sum();
    let (x, y) = (vector(&[1.0, 2.0]), vector(&[3.0, 4.0]));
    let (value, df) = linearize(f, &(x.clone(), y.clone())).unwrap();
    assert_eq!(value, 11.0);
    assert_eq!(df(&(vector(&[1.0, 0.0]), vector(&[0.0, 1.0]))).unwrap(), 5.0);
    // The derivative is a function of one tuple, which can be transformed.
    let basis = (Array::from([[1.0, 0.0], [0.0, 1.0]]), Array::from([[0.0, 0.0], [0.0, 0.0]]));
    let columns = vmap(|dx: &(Array, Array)| df(dx))(&basis);
    assert_eq!(columns, y);
    let transposed = linear_transpose(|x: &Array| x * &y, &(x.clone(),)).unwrap();
    assert_eq!(transposed(&x).unwrap().0.to_vec::<f32>().unwrap(), [3.0, 8.0]);
    let error = linear_transpose(|x: &Array| x * x, &(x.clone(),)).unwrap()(&x).unwrap_err();
    assert!(matches!(error, Error::NotLinear { .. }), "{error}");
}

#[test]
fn stages_of_a_compiled_function_can_be_looked_at() {
    let f = jit(|p: &Params, x: &Array| (&p.w * x).sum() + &p.b);
    let p = Params { w: vector(&[1.0, 2.0]), b: Array::from(0.5), name: "layer".into() };
    let x = vector(&[3.0, 4.0]);
    let shape = f.eval_shape(&(p.clone(), x.clone())).unwrap();
    assert_eq!((shape.rank(), shape.dtype()), (0, DType::F32));
    let lowered = f.lower(&(p.clone(), x.clone())).unwrap();
    assert!(lowered.as_text().starts_with("{ lambda ; a:f32[2] b:f32[] c:f32[2]. let"));
    let compiled = lowered.compile().unwrap();
    assert!(compiled.as_text().contains("return"));
    assert_eq!(compiled.call(&(p.clone(), x.clone())).unwrap(), 11.5);
    let error = compiled.call(&(p.clone(), vector(&[1.0]))).unwrap_err();
    assert!(error.to_string().contains("compiled with float32[2] and called with float32[1]"));
    let other = Params { name: "other".into(), ..p.clone() };
    assert!(matches!(compiled.call(&(other, x.clone())), Err(Error::Structure { .. })));
    // Under a transformation, a compiled program is an operation as any other.
    let df = grad(|x: &Array| compiled.call(&(p.clone(), x.clone())));
    assert_eq!(df(&x), p.w);
}

#[test]
fn arguments_that_are_given_up_lend_their_memory() {
    let step = jit(|x: &Array| x * 2.0 + 1.0);
    let x = Array::from_slice(&[1.0f32; 4096], &[4096]).unwrap();
    let kept = x.clone();
    let y = step.call_donated((x,)).unwrap();
    assert_eq!(y.to_vec::<f32>().unwrap(), [3.0; 4096]);
    // What something else refers to is not written to.
    assert_eq!(kept.to_vec::<f32>().unwrap(), [1.0; 4096]);
    let mapped = vmap(|x: &Array| step.call_donated((x.clone(),)))(&kept);
    assert_eq!(mapped.to_vec::<f32>().unwrap(), [3.0; 4096]);
}

#[test]
fn recording_can_be_looked_through() {
    let program = make_jaxpr(|x: &Array| named_scope("scope", || x.sin()))(&Array::from(1.0));
    assert!(program.to_string().contains("name=scope"), "{program}");
    let under = jit(|x: &Array| -> Result<Array> {
        let known = ensure_compile_time_eval(|| (Array::from(2.0) * 3.0).to_f64())?;
        Ok(x * known)
    });
    assert_eq!(under(&Array::from(2.0)), 12.0);
    let branching =
        jit(|x: &Array| -> Result<Array> { Ok(if x.to_f64()? > 0.0 { x.clone() } else { -x }) });
    assert!(branching.try_call(&(Array::from(-2.0),)).is_err());
    assert_eq!(disable_jit(|| branching(&Array::from(-2.0))), 2.0);
    let y = eval_shape(|x: &Array| vec![x.clone(), x.sum()], &(vector(&[1.0, 2.0]),)).unwrap();
    assert_eq!((y[0].shape(), y[1].rank()), (&[2][..], 0));
    assert!(y[1].to_f64().is_err());
}

#[test]
fn axes_that_are_not_there_are_refused() {
    let rows = Array::from([[1.0, 2.0], [3.0, 4.0]]);
    let sums = || vmap(|row: &Array| row.sum());
    let error = sums().out_axis(1).try_call(&(rows.clone(),)).unwrap_err();
    assert!(error.to_string().contains("axis 1 of a result with 0 axes"), "{error}");
    let error = sums().in_axes(&[Some(2)]).try_call(&(rows.clone(),)).unwrap_err();
    assert!(error.to_string().contains("has no axis 2"), "{error}");
    let pairs = vmap(|x: &Array, y: &Array| x + y);
    let error = pairs.try_call(&(rows, vector(&[1.0]))).unwrap_err();
    assert!(error.to_string().contains("mapped: 2 and 1"), "{error}");
}

#[test]
fn functions_of_cores_are_vectorised() {
    let products =
        pullback::vectorize(|a: &Array, b: &Array| (a.dot(b), a * b)).signature("(n),(n)->(),(n)");
    let table = Array::from([[1.0, 2.0], [3.0, 4.0]]);
    let (sums, all) = products(&table, &vector(&[10.0, 1.0]));
    assert_eq!(sums, Array::from([12.0, 34.0]));
    assert_eq!(all, Array::from([[10.0, 2.0], [30.0, 4.0]]));
    let error = products.try_call(&(table.clone(), vector(&[1.0]))).unwrap_err();
    assert!(error.to_string().contains("core dimension 'n': 1 vs 2"), "{error}");
    let wrong = pullback::vectorize(|a: &Array| a.clone()).signature("(n)->()");
    let error = wrong.try_call(&(table.clone(),)).unwrap_err();
    assert!(error.to_string().contains("output shape (2,)"), "{error}");
    let df = grad(|x: &Array| pullback::vectorize(|x: &Array| x.square())(x).sum());
    assert_eq!(df(&table), Array::from([[2.0, 4.0], [6.0, 8.0]]));
}
