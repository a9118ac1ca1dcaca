//! Programs before and after each pass.

use expect_test::{Expect, expect};
use pullback_core::jaxpr::{check, parse};
use pullback_core::passes::{
    Pass, cse, dce, fold, fuse, index, inline, outer, pads, powers, simplify, views,
};

fn check_pass(pass: Pass, before: &str, after: Expect) {
    let program = parse(before).expect("the program before is well formed");
    check(&program).expect("the program before is valid");
    let result = (pass.run)(program);
    check(&result).expect("the program after is valid");
    after.assert_eq(&result.to_string());
}

#[test]
fn a_product_by_one_disappears() {
    check_pass(
        simplify::PASS,
        "{ lambda ; a:f32[3]. let b:f32[3] = mul a 1.0:f32[] in (b,) }",
        expect!["{ lambda ; a:f32[3]. let  in (a,) }"],
    );
}

#[test]
fn a_scalar_times_an_array_of_ones_stays() {
    check_pass(
        simplify::PASS,
        "{ lambda ; a:f32[] b:f32[3]. let c:f32[] = mul a 1.0:f32[]; d:f32[3] = mul b c in (d,) }",
        expect!["{ lambda ; a:f32[] b:f32[3]. let c:f32[3] = mul b a in (c,) }"],
    );
}

#[test]
fn a_repeated_constant_is_a_number() {
    check_pass(
        simplify::PASS,
        "{ lambda ; a:f32[3]. let b:f32[3] = broadcast_in_dim 2.0:f32[]; c:f32[3] = sub b a; \
         d:f32[3] = broadcast_in_dim 1.0:f32[]; e:f32[3] = mul d c in (e,) }",
        expect![[r#"
            { lambda ; a:f32[3]. let
                _:f32[3] = broadcast_in_dim 2.0:f32[]
                b:f32[3] = sub 2.0:f32[] a
                _:f32[3] = broadcast_in_dim 1.0:f32[]
              in (b,) }"#]],
    );
}

#[test]
fn operations_on_repeated_numbers_are_computed_once() {
    check_pass(
        simplify::PASS,
        "{ lambda ; a:f32[3]. let b:f32[3] = integer_pow[y=0] a; c:f32[3] = mul 3.0:f32[] b; \
         d:f32[3] = mul b a; e:f32[3] = add c d in (e,) }",
        expect![[r#"
            { lambda ; a:f32[3]. let
                _:f32[3] = broadcast_in_dim 1.0:f32[]
                _:f32[3] = broadcast_in_dim 3.0:f32[]
                b:f32[3] = add 3.0:f32[] a
              in (b,) }"#]],
    );
}

#[test]
fn a_quotient_by_a_power_of_two_is_a_product() {
    check_pass(
        simplify::PASS,
        "{ lambda ; a:f32[3]. let b:f32[3] = div a 8.0:f32[]; c:f32[3] = div b -0.25:f32[]; \
         d:f32[3] = div c 3.0:f32[] in (d,) }",
        expect![[r#"
            { lambda ; a:f32[3]. let
                b:f32[3] = mul a 0.125:f32[]
                c:f32[3] = mul b -4.0:f32[]
                d:f32[3] = div c 3.0:f32[]
              in (d,) }"#]],
    );
    // The reciprocal of this power is no normal number.
    check_pass(
        simplify::PASS,
        "{ lambda ; a:f32[3]. let b:f32[3] = div a 1.7014118346046923e38:f32[] in (b,) }",
        expect!["{ lambda ; a:f32[3]. let b:f32[3] = div a 1.7014118346046923e+38:f32[] in (b,) }"],
    );
}

#[test]
fn a_reduction_of_one_element_is_a_reshape() {
    check_pass(
        simplify::PASS,
        "{ lambda ; a:f32[3,1]. let b:f32[3] = reduce_sum[axes=(1,) out_sharding=None] a; \
         c:f32[3] = reduce_max[axes=(1,) out_sharding=None] a in (b, c) }",
        expect![[r#"
            { lambda ; a:f32[3,1]. let
                b:f32[3] = reshape[dimensions=None new_sizes=(3,) sharding=None] a
                c:f32[3] = reshape[dimensions=None new_sizes=(3,) sharding=None] a
              in (b, c) }"#]],
    );
}

#[test]
fn powers_are_products_and_roots() {
    check_pass(
        powers::PASS,
        "{ lambda ; a:f32[3]. let b:f32[3] = pow a 2.0:f32[]; c:f32[3] = pow b 1.5:f32[]; \
         d:f32[3] = pow c -0.5:f32[]; e:f32[3] = pow d 2.5:f32[] in (e,) }",
        expect![[r#"
            { lambda ; a:f32[3]. let
                b:f32[3] = integer_pow[y=2] a
                c:bool[3] = eq b -inf:f32[]
                d:f32[3] = neg b
                e:f32[3] = select_n c b d
                f:f32[3] = sqrt e
                g:f32[3] = mul e f
                h:bool[3] = eq g -inf:f32[]
                i:f32[3] = neg g
                j:f32[3] = select_n h g i
                k:f32[3] = sqrt j
                l:f32[3] = add k 0.0:f32[]
                m:f32[3] = div 1.0:f32[] l
                n:f32[3] = pow m 2.5:f32[]
              in (n,) }"#]],
    );
}

#[test]
fn adding_zero_stays_for_the_sake_of_minus_zero() {
    check_pass(
        simplify::PASS,
        "{ lambda ; a:f32[]. let b:f32[] = add a 0.0:f32[] in (b,) }",
        expect!["{ lambda ; a:f32[]. let b:f32[] = add a 0.0:f32[] in (b,) }"],
    );
}

#[test]
fn what_no_result_needs_is_dropped() {
    check_pass(
        dce::PASS,
        "{ lambda ; a:f32[]. let b:f32[] = sin a; c:f32[] = cos a in (c,) }",
        expect!["{ lambda ; a:f32[]. let b:f32[] = cos a in (b,) }"],
    );
}

#[test]
fn the_same_is_computed_once() {
    check_pass(
        cse::PASS,
        "{ lambda ; a:f32[]. let b:f32[] = sin a; c:f32[] = sin a; d:f32[] = mul b c in (d,) }",
        expect!["{ lambda ; a:f32[]. let b:f32[] = sin a; c:f32[] = mul b b in (c,) }"],
    );
}

#[test]
fn constants_are_computed_now() {
    check_pass(
        fold::PASS,
        "{ lambda ; a:f32[]. let b:f32[] = mul 2.0:f32[] 3.0:f32[]; c:f32[] = mul a b in (c,) }",
        expect!["{ lambda ; a:f32[]. let b:f32[] = mul a 6.0:f32[] in (b,) }"],
    );
}

#[test]
fn applied_programs_become_part_of_the_one_around() {
    check_pass(
        inline::PASS,
        "{ lambda ; a:f32[]. let
            b:f32[] c:f32[] = jit[name=f jaxpr={ lambda ; d:f32[]. let e:f32[] = sin d in (e, d) }] a
            g:f32[] = mul b c
          in (g,) }",
        expect!["{ lambda ; a:f32[]. let b:f32[] = sin a; c:f32[] = mul b a in (c,) }"],
    );
}

#[test]
fn elementwise_equations_of_one_shape_become_one() {
    check_pass(
        fuse::PASS,
        "{ lambda ; a:f32[3] b:f32[]. let
            c:f32[3] = mul a b
            d:f32[3] = sin c
            e:f32[] = reduce_sum[axes=(0,) out_sharding=None] d
            f:f32[3] = add d e
            g:f32[3] = exp c
          in (f, g) }",
        expect![[r#"
            { lambda ; a:f32[3] b:f32[]. let
                c:f32[3] d:f32[] e:f32[3] = fused[
                  jaxpr={ lambda ; f:f32[3] g:f32[]. let
                      h:f32[3] = mul f g
                      i:f32[3] = sin h
                      j:f32[] = reduce_sum[axes=(0,) out_sharding=None] i
                      k:f32[3] = exp h
                    in (i, j, k) }
                ] a b
                l:f32[3] = add c d
              in (l, e) }"#]],
    );
}

#[test]
fn a_view_of_an_input_stands_between_no_equations() {
    check_pass(
        fuse::PASS,
        "{ lambda ; a:f32[2,3] b:f32[3]. let c:f32[2,3] = sin a; \
         d:f32[2,3] = broadcast_in_dim[broadcast_dimensions=(1,)] b; e:f32[2,3] = mul c d in (e,) }",
        expect![[r#"
            { lambda ; a:f32[2,3] b:f32[3]. let
                c:f32[2,3] = broadcast_in_dim[broadcast_dimensions=(1,)] b
                d:f32[2,3] = fused[
                  jaxpr={ lambda ; e:f32[2,3] f:f32[2,3]. let
                      g:f32[2,3] = sin e
                      h:f32[2,3] = mul g f
                    in (h,) }
                ] a c
              in (d,) }"#]],
    );
}

#[test]
fn a_reduction_joins_what_it_reduces() {
    check_pass(
        fuse::PASS,
        "{ lambda ; a:f32[3,4]. let
            b:f32[3,4] = sin a
            c:f32[3] = reduce_sum[axes=(1,) out_sharding=None] b
            d:f32[4] = reduce_max[axes=(0,) out_sharding=None] b
            e:f32[3] = mul c 2.0:f32[]
          in (d, e) }",
        expect![[r#"
            { lambda ; a:f32[3,4]. let
                b:f32[3,4] c:f32[3] = fused[
                  jaxpr={ lambda ; d:f32[3,4]. let
                      e:f32[3,4] = sin d
                      f:f32[3] = reduce_sum[axes=(1,) out_sharding=None] e
                    in (e, f) }
                ] a
                g:f32[4] = reduce_max[axes=(0,) out_sharding=None] b
                h:f32[3] = mul c 2.0:f32[]
              in (g, h) }"#]],
    );
}

#[test]
fn a_gather_counts_negative_indices_itself() {
    let gather = |size: &str| {
        format!(
            "{{ lambda ; a:f32[10] b:i32[3]. let
                c:bool[3] = lt b 0:i32[]
                d:i32[3] = add b {size}:i32[]
                e:i32[3] = select_n c b d
                f:i32[3,1] = broadcast_in_dim[broadcast_dimensions=(0,)] e
                g:f32[3] = gather[
                  dimension_numbers=GatherDimensionNumbers(offset_dims=(), collapsed_slice_dims=(0,), start_index_map=(0,), operand_batching_dims=(), start_indices_batching_dims=())
                  fill_value=None
                  indices_are_sorted=False
                  mode=GatherScatterMode.CLIP
                  slice_sizes=(1,)
                  unique_indices=False
                ] a f
              in (g,) }}"
        )
    };
    let after = |size: &str| {
        let program = (index::PASS.run)(parse(&gather(size)).expect("a program"));
        check(&program).expect("the program after is valid");
        (dce::PASS.run)(program).to_string()
    };
    let counted = after("10");
    assert!(counted.contains("from_end=True") && !counted.contains("select_n"), "{counted}");
    assert!(counted.contains("= broadcast_in_dim[broadcast_dimensions=(0,)] b"), "{counted}");
    // What is added is not the size of the axis, and so this stays.
    assert!(after("9").contains("select_n"));
}

/// The program that is left when views are joined and what no result needs is dropped.
fn joined(before: &str, after: Expect) {
    fn run(jaxpr: pullback_core::jaxpr::Jaxpr) -> pullback_core::jaxpr::Jaxpr {
        (dce::PASS.run)((views::PASS.run)(jaxpr))
    }
    check_pass(Pass { name: "views", run }, before, after);
}

#[test]
fn a_transposed_product_is_formed_the_other_way_round() {
    joined(
        "{ lambda ; a:f32[5,2,3] b:f32[5,3,4]. let
            c:f32[5,2,4] = dot_general[dimension_numbers=(([2], [1]), ([0], [0]))] a b
            d:f32[5,4,2] = transpose[permutation=(0, 2, 1)] c
          in (d,) }",
        expect![[r#"
            { lambda ; a:f32[5,2,3] b:f32[5,3,4]. let
                c:f32[5,4,2] = dot_general[dimension_numbers=(([1], [2]), ([0], [0]))] b a
              in (c,) }"#]],
    );
    // Not where the product is needed as it is, nor of complex numbers.
    joined(
        "{ lambda ; a:f32[2,3] b:f32[3,4] e:c64[2,2]. let
            c:f32[2,4] = dot_general[dimension_numbers=(([1], [0]), ([], []))] a b
            d:f32[4,2] = transpose[permutation=(1, 0)] c
            f:c64[2,2] = dot_general[dimension_numbers=(([1], [0]), ([], []))] e e
            g:c64[2,2] = transpose[permutation=(1, 0)] f
          in (c, d, g) }",
        expect![[r#"
            { lambda ; a:f32[2,3] b:f32[3,4] c:c64[2,2]. let
                d:f32[2,4] = dot_general[dimension_numbers=(([1], [0]), ([], []))] a b
                e:f32[4,2] = transpose[permutation=(1, 0)] d
                f:c64[2,2] = dot_general[dimension_numbers=(([1], [0]), ([], []))] c c
                g:c64[2,2] = transpose[permutation=(1, 0)] f
              in (d, e, g) }"#]],
    );
}

#[test]
fn a_product_reads_what_was_transposed() {
    joined(
        "{ lambda ; a:f32[3,2] b:f32[4,3] c:f32[2,5,3]. let
            d:f32[2,3] = transpose[permutation=(1, 0)] a
            e:f32[3,4] = transpose[permutation=(1, 0)] b
            f:f32[2,4] = dot_general[dimension_numbers=(([1], [0]), ([], []))] d e
            g:f32[5,2,3] = transpose[permutation=(1, 0, 2)] c
            h:f32[5,2,2] = dot_general[dimension_numbers=(([2], [1]), ([], []))] g d
          in (f, h) }",
        expect![[r#"
            { lambda ; a:f32[3,2] b:f32[4,3] c:f32[2,5,3]. let
                d:f32[2,4] = dot_general[dimension_numbers=(([0], [1]), ([], []))] a b
                e:f32[5,2,3] = transpose[permutation=(1, 0, 2)] c
                f:f32[5,2,2] = dot_general[dimension_numbers=(([2], [0]), ([], []))] e a
              in (d, f) }"#]],
    );
}

#[test]
fn views_of_views_are_one() {
    joined(
        "{ lambda ; a:f32[3] b:f32[2,3,4] c:f32[1,3]. let
            d:f32[1,3] = broadcast_in_dim[broadcast_dimensions=(1,)] a
            e:f32[2,3] = broadcast_in_dim[broadcast_dimensions=(0, 1)] d
            f:f32[3,4,2] = transpose[permutation=(1, 2, 0)] b
            g:f32[2,3,4] = transpose[permutation=(2, 0, 1)] f
            h:f32[3] = reshape[dimensions=None new_sizes=(3,) sharding=None] c
            i:f32[3,1] = reshape[dimensions=None new_sizes=(3, 1) sharding=None] h
            j:f32[3,1] = reshape[dimensions=None new_sizes=(3, 1) sharding=None] a
            k:f32[3,4] = broadcast_in_dim[broadcast_dimensions=(0, 1)] j
          in (e, g, i, k) }",
        expect![[r#"
            { lambda ; a:f32[3] b:f32[2,3,4] c:f32[1,3]. let
                d:f32[2,3] = broadcast_in_dim[broadcast_dimensions=(1,)] a
                e:f32[3,1] = reshape[dimensions=None new_sizes=(3, 1) sharding=None] c
                f:f32[3,4] = broadcast_in_dim[broadcast_dimensions=(0,)] a
              in (d, b, e, f) }"#]],
    );
}

#[test]
fn a_sum_of_one_sum_is_that() {
    joined(
        "{ lambda ; a:f32[5,3] b:f32[1,3]. let
            c:f32[3] = reduce_sum[axes=(0,) out_sharding=None] a
            d:f32[1,3] = reshape[dimensions=None new_sizes=(1, 3) sharding=None] c
            e:f32[3] = reduce_sum[axes=(0,) out_sharding=None] d
            f:f32[3] = reduce_sum[axes=(0,) out_sharding=None] b
          in (e, f) }",
        expect![[r#"
            { lambda ; a:f32[5,3] b:f32[1,3]. let
                c:f32[3] = reduce_sum[axes=(0,) out_sharding=None] a
                d:f32[3] = reduce_sum[axes=(0,) out_sharding=None] b
              in (c, d) }"#]],
    );
}

#[test]
fn what_is_padded_alike_is_added_first() {
    check_pass(
        pads::PASS,
        "{ lambda ; a:f32[3] b:f32[3] c:f32[3]. let \
         d:f32[4] = pad[padding_config=((0, 1, 0),)] a 0.0:f32[]; \
         e:f32[4] = pad[padding_config=((0, 1, 0),)] b 0.0:f32[]; \
         f:f32[4] = add_any d e; \
         g:f32[4] = pad[padding_config=((1, 0, 0),)] c 0.0:f32[]; \
         h:f32[4] = add_any f g in (h,) }",
        expect![[r#"
            { lambda ; a:f32[3] b:f32[3] c:f32[3]. let
                _:f32[4] = pad[padding_config=((0, 1, 0),)] a 0.0:f32[]
                _:f32[4] = pad[padding_config=((0, 1, 0),)] b 0.0:f32[]
                d:f32[3] = add_any a b
                e:f32[4] = pad[padding_config=((0, 1, 0),)] d 0.0:f32[]
                f:f32[4] = pad[padding_config=((1, 0, 0),)] c 0.0:f32[]
                g:f32[4] = add_any e f
              in (g,) }"#]],
    );
}

#[test]
fn what_is_padded_with_other_numbers_or_read_again_is_padded_first() {
    for program in [
        "{ lambda ; a:f32[3] b:f32[3]. let c:f32[4] = pad[padding_config=((0, 1, 0),)] a 1.0:f32[]; \
         d:f32[4] = pad[padding_config=((0, 1, 0),)] b 1.0:f32[]; e:f32[4] = add c d in (e,) }",
        "{ lambda ; a:f32[3] b:f32[3]. let c:f32[4] = pad[padding_config=((0, 1, 0),)] a 0.0:f32[]; \
         d:f32[4] = pad[padding_config=((0, 1, 0),)] b 0.0:f32[]; e:f32[4] = add c d in (e, c) }",
        "{ lambda ; a:f32[3]. let c:f32[4] = pad[padding_config=((0, 1, 0),)] a 0.0:f32[]; \
         d:f32[4] = add c c in (d,) }",
    ] {
        let before = parse(program).unwrap();
        let after = (pads::PASS.run)(before.clone());
        assert_eq!(after.to_string(), before.to_string());
    }
}

#[test]
fn a_product_of_single_terms_is_a_multiplication() {
    check_pass(
        outer::PASS,
        "{ lambda ; a:f32[3,1] b:f32[4,1]. let c:f32[3,4] = dot_general[dimension_numbers=\
         (([1], [1]), ([], []))] a b in (c,) }",
        expect![[r#"
            { lambda ; a:f32[3,1] b:f32[4,1]. let
                c:f32[3] = reshape[dimensions=None new_sizes=(3,) sharding=None] a
                d:f32[3,4] = broadcast_in_dim[broadcast_dimensions=(0,)] c
                e:f32[4] = reshape[dimensions=None new_sizes=(4,) sharding=None] b
                f:f32[3,4] = broadcast_in_dim[broadcast_dimensions=(1,)] e
                g:f32[3,4] = mul d f
                h:f32[3,4] = add g 0.0:f32[]
              in (h,) }"#]],
    );
    check_pass(
        outer::PASS,
        "{ lambda ; a:i32[5,3] b:i32[5,1,4]. let c:i32[5,3,1,4] = dot_general[dimension_numbers=\
         (([], []), ([0], [0]))] a b in (c,) }",
        expect![[r#"
            { lambda ; a:i32[5,3] b:i32[5,1,4]. let
                c:i32[5,3] = reshape[dimensions=None new_sizes=(5, 3) sharding=None] a
                d:i32[5,3,1,4] = broadcast_in_dim[broadcast_dimensions=(0, 1)] c
                e:i32[5,1,4] = reshape[dimensions=None new_sizes=(5, 1, 4) sharding=None] b
                f:i32[5,3,1,4] = broadcast_in_dim[broadcast_dimensions=(0, 2, 3)] e
                g:i32[5,3,1,4] = mul d f
              in (g,) }"#]],
    );
}
