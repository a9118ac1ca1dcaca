//! Programs that are computed as wholes: which equations are taken together, and that machine code
//! gives the bits of the tile machine.

use std::sync::{Mutex, PoisonError};

use pullback_core::engine::native::{Mode, set_mode};
use pullback_core::jaxpr::{JaxprRef, parse};
use pullback_core::passes;
use pullback_core::primitives::control::jit::jit;
use pullback_core::primitives::rules::{convert_element_type, sin};
use pullback_core::{Array, Aval, Tensor};

/// The engine has one mode.
static MODE: Mutex<()> = Mutex::new(());

fn bytes(x: &Array) -> Vec<u8> {
    let tensor = x.tensor().expect("a concrete array");
    let mut bytes = vec![0; tensor.count() * tensor.dtype().size()];
    tensor.copy_to(&mut bytes);
    bytes
}

/// Waves of a type.
fn waves(aval: &Aval, seed: usize) -> Array {
    let count: usize = aval.shape.iter().product();
    let phases: Vec<f64> = (0..count).map(|n| (n * 7 + seed * 1000) as f64 * 0.37).collect();
    let x = sin(&Array::from_slice(&phases, &aval.shape).unwrap()).unwrap();
    convert_element_type(&x, aval.dtype).unwrap()
}

/// The names of the operations that are left of a program after the passes.
fn names(text: &str) -> Vec<String> {
    let program = passes::optimize(parse(text).unwrap()).unwrap();
    program.eqns.iter().map(|eqn| eqn.op.primitive().name().to_string()).collect()
}

/// Runs a program by tiles and by code, on inputs as they are and on such as lie otherwise.
fn agree(text: &str) {
    let _held = MODE.lock().unwrap_or_else(PoisonError::into_inner);
    let program: JaxprRef = parse(text).unwrap_or_else(|error| panic!("{error}: {text}")).into();
    let avals: Vec<Aval> = program.inputs.iter().map(|&var| program.aval(var).clone()).collect();
    let plain: Vec<Array> = avals.iter().enumerate().map(|(n, x)| waves(x, n)).collect();
    let turned = plain.iter().map(|x| Array::new(turned(x.tensor().unwrap()))).collect();
    for inputs in [plain.clone(), turned] {
        let operands: Vec<&Array> = inputs.iter().collect();
        let run = |mode| {
            set_mode(mode);
            let results = jit("f", &program, &operands).unwrap();
            results.iter().map(bytes).collect::<Vec<_>>()
        };
        let (tile, code) = (run(Mode::Tile), run(Mode::Native));
        set_mode(Mode::Auto);
        assert!(tile == code, "{text}");
    }
}

/// The same elements, the axes in memory in reverse order.
fn turned(x: &Tensor) -> Tensor {
    let order: Vec<usize> = (0..x.rank()).rev().collect();
    x.transpose(&order).unwrap().contiguous().unwrap().transpose(&order).unwrap()
}

const SLICES: &str = "{ lambda ; a:f32[40,3] b:f32[40,3]. let
    c:f32[40,1] = slice[limit_indices=(40, 1) start_indices=(0, 0) strides=None] a
    d:f32[40] = squeeze[dimensions=(1,)] c
    e:f32[40,1] = slice[limit_indices=(40, 3) start_indices=(0, 2) strides=None] b
    f:f32[40] = squeeze[dimensions=(1,)] e
    g:f32[40] = mul d f
    h:f32[40,1] = broadcast_in_dim[broadcast_dimensions=(0,)] g
    i:f32[40,3] = pad[padding_config=((0, 0, 0), (1, 1, 0))] h 0.5:f32[]
    j:f32[40,3] = mul i b
    k:f32[40] = reduce_sum[axes=(1,) out_sharding=None] j
  in (j, k) }";

const SOFTMAX: &str = "{ lambda ; a:f32[70,100]. let
    b:f32[70] = reduce_max[axes=(1,) out_sharding=None] a
    c:f32[70,1] = broadcast_in_dim[broadcast_dimensions=(0,)] b
    d:f32[70,100] = sub a c
    e:f32[70,100] = exp d
    f:f32[70] = reduce_sum[axes=(1,) out_sharding=None] e
    g:f32[70,1] = broadcast_in_dim[broadcast_dimensions=(0,)] f
    h:f32[70,100] = div e g
  in (h, f) }";

#[test]
fn slices_and_paddings_of_few_elements_are_one_operation() {
    assert_eq!(names(SLICES), ["entrywise"]);
    agree(SLICES);
}

#[test]
fn a_row_that_is_normalised_is_gone_over_once() {
    assert_eq!(names(SOFTMAX), ["entrywise"]);
    agree(SOFTMAX);
}

#[test]
fn one_reduction_alone_stays_as_it_is() {
    let text = "{ lambda ; a:f32[70,100]. let
        b:f32[70] = reduce_max[axes=(1,) out_sharding=None] a in (b,) }";
    assert_eq!(names(text), ["reduce_max"]);
}

const ATTENTION: &str = "{ lambda ; a:f32[2,4,96,64] b:f32[2,4,96,64] c:f32[2,4,96,64]. let
    d:f32[2,4,96,96] = dot_general[
      dimension_numbers=(([3], [3]), ([0, 1], [0, 1]))
      preferred_element_type=float32
    ] a b
    e:f32[2,4,96,96] = div d 8.0:f32[]
    f:f32[2,4,96] = reduce_max[axes=(3,) out_sharding=None] e
    g:f32[2,4,96,1] = broadcast_in_dim[broadcast_dimensions=(0, 1, 2)] f
    h:f32[2,4,96,96] = sub e g
    i:f32[2,4,96,96] = exp h
    j:f32[2,4,96] = reduce_sum[axes=(3,) out_sharding=None] i
    k:f32[2,4,96,1] = broadcast_in_dim[broadcast_dimensions=(0, 1, 2)] j
    l:f32[2,4,96,96] = div i k
    m:f32[2,4,96,64] = dot_general[
      dimension_numbers=(([3], [2]), ([0, 1], [0, 1]))
      preferred_element_type=float32
    ] l c
  in (m, j) }";

const COLUMNS: &str = "{ lambda ; a:f32[600,1500] b:f32[600,1] c:f32[1500]. let
    d:f32[1500] = reduce_max[axes=(0,) out_sharding=None] a
    e:f32[1500] = mul d c
    f:f32[1,1500] = broadcast_in_dim[broadcast_dimensions=(1,)] e
    g:f32[600,1500] = sub a f
    h:f32[600,1500] = mul g b
    i:f32[1500] = reduce_sum[axes=(0,) out_sharding=None] h
    j:f32[1,1500] = reshape[dimensions=None new_sizes=(1, 1500) sharding=None] i
    k:f32[600,1500] = sub h j
    m:f32[1500] = reduce_min[axes=(0,) out_sharding=None] k
    l:f32[600] = reduce_sum[axes=(1,) out_sharding=None] k
  in (k, i, l, m) }";

/// What a program gives as one operation, as blocks and step by step, is the same but for roundings.
fn is_close_to_steps(text: &str) {
    let _held = MODE.lock().unwrap_or_else(PoisonError::into_inner);
    let program: JaxprRef = parse(text).unwrap().into();
    let avals: Vec<Aval> = program.inputs.iter().map(|&var| program.aval(var).clone()).collect();
    let inputs: Vec<Array> = avals.iter().enumerate().map(|(n, x)| waves(x, n)).collect();
    let operands: Vec<&Array> = inputs.iter().collect();
    let results = jit("f", &program, &operands).unwrap();
    let numbers = |x: &Array| x.tensor().unwrap().to_vec::<f32>();
    for (x, y) in results.iter().zip(program.eval(&operands).unwrap()) {
        let (x, y) = (numbers(x), numbers(&y));
        assert!(x.len() == y.len());
        for (x, y) in x.iter().zip(y) {
            assert!((x - y).abs() <= 1e-4 * y.abs().max(1.0), "{x} {y} in {text}");
        }
    }
}

#[test]
fn products_of_stacks_follow_each_other_block_by_block() {
    assert_eq!(names(ATTENTION), ["blocks"]);
    agree(ATTENTION);
    is_close_to_steps(ATTENTION);
    let few = ATTENTION.replace("[2,4,", "[1,2,");
    assert!(!names(&few).contains(&"blocks".to_string()));
}

#[test]
fn columns_are_normalised_block_by_block() {
    assert_eq!(names(COLUMNS), ["blocks", "reduce_sum"]);
    // Columns that are only reduced are left alone.
    let reduced = COLUMNS.replace("(k, i, l, m)", "(i, m)");
    assert!(!names(&reduced).contains(&"blocks".to_string()));
    agree(COLUMNS);
    is_close_to_steps(COLUMNS);
}

/// Entries of a few elements of all types, with sums over entries, products, and operands that
/// are the same for several entries.
#[test]
fn lanes_agree_with_tiles() {
    for dtype in ["f32", "f64", "i32", "u32", "i64", "u64"] {
        for (rows, columns, width) in [(5, 7, 2), (1, 20, 3), (30, 17, 1), (3, 600, 5), (2, 9, 16)]
        {
            let text = "{ lambda ; a:T[#N,1,#W] b:T[1,#M,#W] c:T[#N,#M,#W] d:T[]. let
                    e:T[#N,#M,#W] = mul a b
                    f:T[#N,#M,#W] = add e c
                    g:T[#N,#M] = reduce_sum[axes=(2,) out_sharding=None] f
                    h:T[#N,#M,1] = broadcast_in_dim[broadcast_dimensions=(0, 1)] g
                    i:T[#N,#M,#W] = max f h
                    j:T[#N,#M,#W] = mul i d
                    k:T[#N,#M] = dot_general[dimension_numbers=(([2], [2]), ([0, 1], [0, 1])) \
                        preferred_element_type=T] i c
                    l:T[#N,#W] = reduce_sum[axes=(1,) out_sharding=None] i
                    m:T[#N,#M,#W] = rev[dimensions=(2,)] j
                    n:T[#N,#M,#X] = concatenate[dimension=2] m h
                    o:bool[#N,#M,#X] = gt n #0:T[]
                    p:T[#N,#M,#X] = mul n n
                    q:T[#N,#M,#X] = select_n o n p
                  in (q, k, l) }";
            let long = dtype.replace('f', "float").replace('i', "int").replace("uint", "int");
            let long = if dtype.starts_with('u') { dtype.replace('u', "uint") } else { long };
            let text = text
                .replace("type=T", &format!("type={long}"))
                .replace("#0", if dtype.starts_with('f') { "0.0" } else { "0" })
                .replace("T[", &format!("{dtype}["))
                .replace("#N", &rows.to_string())
                .replace("#M", &columns.to_string())
                .replace("#X", &(width + 1).to_string())
                .replace("#W", &width.to_string());
            agree(&text);
        }
    }
}

/// Rows of all lengths, with numbers that belong to a row or to all, and rows that belong to all.
#[test]
fn rows_agree_with_tiles() {
    for dtype in ["f32", "f64"] {
        for (count, length) in [(300, 17), (40, 128), (9, 513), (5, 1000), (3, 1025), (2, 5000)] {
            let text = "{ lambda ; a:T[R,L] b:T[1,L] c:T[R,1] d:T[]. let
                e:T[R,L] = mul a b
                f:T[R,L] = add e c
                g:T[R] = reduce_sum[axes=(1,) out_sharding=None] f
                h:T[R] = reduce_max[axes=(1,) out_sharding=None] a
                i:T[R] = sub g h
                j:bool[R] = gt i 0.0:T[]
                k:T[R] = select_n j i h
                l:T[R,L] = broadcast_in_dim[broadcast_dimensions=(0,)] k
                m:T[R,L] = sub f l
                n:T[R,L] = tanh m
                o:bool[R,L] = gt n a
                p:T[R,L] = select_n o n e
                q:T[R] = reduce_prod[axes=(1,) out_sharding=None] n
                r:T[R] = reduce_sum[axes=(1,) out_sharding=None] p
                s:T[R,1] = broadcast_in_dim[broadcast_dimensions=(0,)] r
                t:T[R,L] = div p s
                u:T[R,L] = sin t
              in (u, q, j, n) }"
                .replace('T', dtype)
                .replace('R', &count.to_string())
                .replace('L', &length.to_string());
            agree(&text);
        }
    }
}

#[test]
fn types_that_code_has_none_for_are_left_alone() {
    let text = SOFTMAX.replace("f32", "bf16");
    assert!(names(&text).len() > 1);
}

const PADDED: &str = "{ lambda ; a:f32[3000] b:f32[2999] c:f32[]. let
    d:f32[2999] = mul b b
    e:f32[3000] = pad[padding_config=((1, 0, 0),)] d 0.5:f32[]
    f:f32[3000] = pad[padding_config=((0, 1, 0),)] d c
    g:f32[3000] = add e f
    h:f32[3000] = mul g a
    i:f32[1500] = slice[limit_indices=(1500,) start_indices=(0,) strides=None] b
    j:f32[3000] = pad[padding_config=((700, 800, 0),)] i 1.0:f32[]
    k:f32[3000] = sin j
  in (h, k) }";

#[test]
fn what_is_padded_is_not_written_first() {
    assert_eq!(names(PADDED), ["slice", "mul", "fused"]);
    agree(PADDED);
    agree(&PADDED.replace("f32", "f64"));
}

#[test]
fn rows_are_padded_before_and_after() {
    agree(
        "{ lambda ; a:f32[1,30,7] b:f32[1,40,7] c:f32[1,1,7]. let
            d:f32[1,40,7] = pad[padding_config=((0, 0, 0), (4, 6, 0), (0, 0, 0))] a 2.0:f32[]
            e:f32[1,40,7] = mul d b
            f:f32[1,40,7] = pad[padding_config=((0, 0, 0), (0, 39, 0), (0, 0, 0))] c 1.0:f32[]
            g:f32[1,40,7] = add e f
            h:f32[1,40,7] = mul g c
          in (h, d) }",
    );
}

#[test]
fn long_loops_are_done_in_pieces() {
    for reverse in ["False", "True"] {
        agree(
            &"{ lambda ; a:f32[2] b:f32[40000] c:f32[40000,3]. let
                d:f32[2] e:f32[40000,2] = scan[
                  ft_in=((), (None,), (None, None))
                  ft_out=((None,), (RightsOnly(Right(None)),))
                  jaxpr={ lambda ; f:f32[2] g:f32[] h:f32[3]. let
                      i:f32[1] = slice[limit_indices=(2,) start_indices=(1,) strides=None] h
                      j:f32[2] = mul f g
                      k:f32[2] = add j i
                      l:f32[2] = tanh k
                    in (l, k) }
                  length=40000
                  reverse=REVERSE
                  unroll=1
                ] a b c
              in (d, e) }"
                .replace("REVERSE", reverse),
        );
    }
}
