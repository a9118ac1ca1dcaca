//! Programs before and after each pass.

use expect_test::{Expect, expect};
use pullback_core::jaxpr::{check, parse};
use pullback_core::passes::{Pass, cse, dce, fold, fuse, index, inline, simplify};

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
