"""Every public function has a row that compares it with JAX's: this one finds those that lack one.

A row here is a path and a call over a module, which is JAX or stands for it. The rows of the
other files count too. What a function refuses is tried on all of them alike, by a call that no
function of arrays takes.
"""

import collections
import importlib
import inspect
import pathlib
import types

import numpy as np
import pytest

import pullback
from rows import check, compare, converted, find, row

jax = pytest.importorskip("jax")

MODULES = (
    "numpy numpy.fft numpy.linalg lax lax.linalg random nn nn.initializers ops scipy.special scipy.linalg scipy.signal "
    "scipy.stats scipy.stats.norm tree tree_util"
).split()
for name in MODULES:
    importlib.import_module(f"jax.{name}")
    importlib.import_module(f"pullback.{name}")

A = np.linspace(-1.7, 2.3, 12, dtype=np.float32).reshape(3, 4)
B = np.linspace(0.3, 1.9, 4, dtype=np.float32)
P = np.abs(A) + np.float32(0.1)
U = np.linspace(-0.9, 0.9, 12, dtype=np.float32).reshape(3, 4)
I = np.arange(-5, 7, dtype=np.int32).reshape(3, 4)
N = np.array([0, 3, 1, 5], dtype=np.int32)
T = np.array([True, False, True, True])
C = (A + 1j * A[::-1]).astype(np.complex64)
F = np.array([1.0, np.nan, 2.0, -0.5, np.inf, -np.inf], dtype=np.float32)
R = np.array([2.0, -1.0, 0.5, 2.0], dtype=np.float32)
S = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]], dtype=np.float32)
TREE = {"b": (1, 2.5), "a": [3, None]}


def rows(paths, *args, **kwargs):
    return [row(path, *args, **kwargs) for path in paths.split()]


def numpy(names, *args, **kwargs):
    return rows(" ".join(f"numpy.{name}" for name in names.split()), *args, **kwargs)


def nn(names, *args, **kwargs):
    return rows(" ".join(f"nn.{name}" for name in names.split()), *args, **kwargs)


def special(names, *args, **kwargs):
    return rows(" ".join(f"scipy.special.{name}" for name in names.split()), *args, **kwargs)


TYPES = (
    "bool_ int4 int8 int16 int32 int64 uint4 uint8 uint16 uint32 uint64 float16 float32 float64 "
    "bfloat16 float8_e4m3fn float8_e5m2 complex64 complex128 bool int_ uint float_ single "
    "double complex_ csingle cdouble"
)
ARRAYS = (
    numpy("amax amin around arccosh acosh atan arctan conjugate copy i0 isreal iscomplex isposinf "
            "isneginf logical_not modf frexp spacing nanargmax nanargmin nancumprod nancumsum "
            "nanmedian nanprod nanstd nanvar sort_complex unique flatnonzero array asarray "
            "atleast_1d atleast_3d empty_like diagflat argwhere nonzero", P)
    + numpy("asin asinh arcsin atanh acos matrix_transpose fliplr flipud", U)
    + numpy("nanargmax nanargmin nancumprod nancumsum nanmedian nanprod nanstd nanvar isposinf isneginf",
            F[:4])
    + numpy("bitwise_count bitwise_invert bitwise_not invert", I)
    + numpy("bitwise_left_shift bitwise_right_shift", I, N)
    + numpy("atan2 divmod float_power pow", P, B)
    + numpy("ldexp", A, N)
    + numpy("array_equiv broadcast_arrays", A, B)
    + numpy("array_split split", R, 2)
    + numpy("hsplit vsplit", S[:2, :2], 2)
    + numpy("dsplit", np.ones((2, 2, 4), np.float32), 2)
    + [
        row("numpy.astype", A, np.int32),
        row("numpy.bincount", np.abs(N)),
        row("numpy.bincount", N, R, length=8),
        row("numpy.broadcast_arrays", A, 1.5),
        row("numpy.column_stack", [B, R]),
        row("numpy.concat", [A, A[:1]], axis=0),
        row("numpy.concatenate", [A, I]),
        row("numpy.concatenate", [A, A], axis=1, grad=True),
        row("numpy.diag_indices", 3),
        row("numpy.digitize", R, np.sort(B)),
        row("numpy.dstack", [A, A]),
        row("numpy.einsum", "ij,j->i", A, B, grad=True),
        row("numpy.empty", (2, 3)),
        row("numpy.histogram", P, 4),
        row("numpy.histogram_bin_edges", P, 5),
        row("numpy.hstack", [B, R]),
        row("numpy.indices", (2, 3)),
        row("numpy.isin", N, np.array([1, 5], np.int32)),
        row("numpy.lexsort", (N, R)),
        row("numpy.matvec", A, B, grad=True),
        row("numpy.meshgrid", B, R),
        row("numpy.nanpercentile", F[:4], 30.0),
        row("numpy.nanquantile", F[:4], 0.3),
        row("numpy.percentile", A, 30.0, axis=1),
        row("numpy.quantile", A, 0.7, axis=0),
        row("numpy.permute_dims", A, (1, 0)),
        row("numpy.partition", R, 2),
        row("numpy.argpartition", np.array([3.0, 1.0, 2.0], np.float32), 1),
        row("numpy.rollaxis", np.ones((2, 3, 4), np.float32), 2),
        row("numpy.select", [T, ~T], [B, R], 7.0),
        row("numpy.stack", [B, R], axis=1, grad=True),
        row("numpy.top_k", R, 2),
        row("numpy.tri", 3, 4, 1),
        row("numpy.tril_indices", 3),
        row("numpy.triu_indices", 3, 1),
        row("numpy.unstack", A),
        row("numpy.vander", R, 3),
        row("numpy.vecdot", A, A, grad=True),
        row("numpy.vecmat", R[:3], A, grad=True),
        row("numpy.vstack", [B, R]),
        row("numpy.abs", np.array([0.0, -0.0, 1.0, -2.0], np.float32), grad=True),
        row("numpy.abs", np.array([0.0, 1 + 2j], np.complex64), grad=True),
        row("lax.linalg.eigh", S[:1, :1]),
        row("scipy.linalg.cho_factor", S, lower=True),
        row("scipy.stats.norm.isf", np.float32(0.5) * U + np.float32(0.5)),
        row("scipy.stats.norm.sf", A, 0.5, 2.0, grad=True),
        row("scipy.stats.norm.logsf", A, 0.5, 2.0, grad=True),
        row("lax.stop_gradient", A, grad=True),
        row("lax.optimization_barrier", A),
        row("lax.shape_as_value", (2, 3)),
    ]
    + nn("celu glu hard_sigmoid hard_silu hard_swish hard_tanh identity log_sigmoid logsumexp mish "
         "relu6 selu soft_sign sparse_plus sparse_sigmoid squareplus standardize swish tanh",
         A, grad=True, rtol=5e-5)
    + [row("nn.dot_product_attention", *[np.cos(np.arange(24, dtype=np.float32) + i).reshape(1, 3, 2, 4) for i in range(3)], grad=True)]
    + special("i0 i0e i1 i1e softmax log_softmax", A, grad=True, rtol=5e-5)
    + special("entr gamma gammasgn", P, rtol=5e-5)
    + special("beta betaln kl_div rel_entr xlog1py poch", P, np.float32(1.5) * P, rtol=1e-4)
    + [row("scipy.special.multigammaln", P + np.float32(2), 2), row("scipy.special.ndtri", (U + 1) / np.float32(2.1))]
)


def called(path, call):
    return pytest.param(path, call, id=path)


def key(m):
    return m.random.key(7)


def drawn(name, *args, **kwargs):
    def call(m):
        given = [converted(m, x) for x in args]
        return find(m, f"random.{name}")(key(m), *given, **kwargs)

    return called(f"random.{name}", call)


def initialized(name, *args, shape=(3, 4)):
    def call(m):
        made = getattr(m.nn.initializers, name)
        return (made(*args) if name not in ("ones", "zeros") else made)(key(m), shape)

    return called(f"nn.initializers.{name}", call)


def over_axis(name, *args):
    f = lambda m: lambda v: getattr(m.lax, name)(v, "i", *args)  # noqa: E731
    return called(f"lax.{name}", lambda m: m.vmap(f(m), axis_name="i")(m.numpy.asarray(S)))


def scatter(name):
    def call(m):
        dims = m.lax.ScatterDimensionNumbers((), (0,), (0,))
        at = m.numpy.asarray([[1], [3]])
        return getattr(m.lax, name)(m.numpy.asarray(B), at, m.numpy.asarray([2.0, 5.0]), dims)

    return called(f"lax.{name}", call)


def typed(name):
    """The element types: what they are called, and what they make of a number."""
    return called(f"numpy.{name}", lambda m: (getattr(m.numpy, name)(1), str(m.numpy.dtype(getattr(m.numpy, name)))))


def custom(m):
    @m.custom_jvp
    def f(x):
        return m.numpy.sin(x)

    f.defjvps(lambda dx, y, x: 3.0 * dx)
    return m.value_and_grad(f)(1.0)


def custom_reverse(m):
    @m.custom_vjp
    def f(x):
        return m.numpy.sin(x)

    f.defvjp(lambda x: (m.numpy.sin(x), x), lambda x, ct: (x * ct * 3.0,))
    return m.value_and_grad(f)(2.0)


def with_gradient(m):
    f = m.custom_gradient(lambda x: (x**2, lambda ct: (ct * 5.0,)))
    return m.value_and_grad(f)(2.0)


def registered(m, how):
    class Pair:
        def __init__(self, x, y):
            self.x, self.y = x, y

        def tree_flatten(self):
            return (self.x,), self.y

        def tree_flatten_with_keys(self):
            return ((m.tree_util.GetAttrKey("x"), self.x),), self.y

        @classmethod
        def tree_unflatten(cls, y, x):
            return cls(*x, y)

    how(m.tree_util, Pair)
    pair = Pair(2.0, "y")
    doubled = m.tree.map(lambda x: 2 * x, pair)
    paths = [m.tree_util.keystr(path) for path, _ in m.tree.leaves_with_path({"p": pair})]
    return doubled.x, doubled.y, m.tree.leaves(pair), paths


def dataclass(m):
    @m.tree_util.register_dataclass
    @__import__("dataclasses").dataclass
    class Point:
        x: float
        y: float

    return m.tree.leaves(m.tree.map(lambda x: -x, Point(1.0, 2.0)))


def static(m):
    @m.tree_util.register_static
    class Mode:
        pass

    return m.tree.leaves((Mode(), 1))


def context(name, *values):
    def call(m):
        with getattr(m, name)(*values):
            return m.numpy.add(1, 2.5)

    return called(name, call)


def structure(m, tree=TREE):
    return m.tree.structure(tree)


sine = lambda m: m.numpy.sin  # noqa: E731
CALLS = [
    *map(typed, TYPES.split()),
    called("numpy.ndarray", lambda m: isinstance(m.numpy.ones(2), m.numpy.ndarray)),
    # Functions of functions.
    called("lax.cond", lambda m: m.lax.cond(True, sine(m), m.numpy.cos, 1.0)),
    called("lax.switch", lambda m: m.lax.switch(2, [sine(m), m.numpy.cos], 1.0)),
    called("lax.fori_loop", lambda m: m.lax.fori_loop(0, 3, lambda i, x: x * 2 + i, 1)),
    called("lax.while_loop", lambda m: m.lax.while_loop(lambda x: x < 9, lambda x: x * 2, 1)),
    called("lax.scan", lambda m: m.lax.scan(lambda c, x: (c + x, c * x), 0.5, m.numpy.asarray(B))),
    called("lax.map", lambda m: m.lax.map(lambda x: x * 2, m.numpy.asarray(A))),
    called("lax.associative_scan", lambda m: m.lax.associative_scan(m.numpy.add, m.numpy.asarray(A), axis=1)),
    called("lax.broadcast_shapes", lambda m: m.lax.broadcast_shapes((2, 1), (3,))),
    called("lax.dtype", lambda m: str(m.lax.dtype(2.5))),
    called("lax.with_sharding_constraint", lambda m: m.lax.with_sharding_constraint(m.numpy.asarray(B), m.devices()[0]) if m is pullback else m.numpy.asarray(B)),
    called("lax.Precision", lambda m: [m.lax.Precision.HIGHEST.name, len(m.lax.Precision)]),
    called("lax.RoundingMethod", lambda m: m.lax.round(m.numpy.asarray(A), m.lax.RoundingMethod.TO_NEAREST_EVEN)),
    called("lax.GatherScatterMode", lambda m: [str(m.lax.GatherScatterMode.from_any("clip")), str(m.lax.GatherScatterMode.FILL_OR_DROP)]),
    called("lax.GatherDimensionNumbers", lambda m: str(m.lax.GatherDimensionNumbers((0,), (1,), (1,)))),
    called("lax.ScatterDimensionNumbers", lambda m: str(m.lax.ScatterDimensionNumbers((0,), (1,), (1,)))),
    called("lax.gather", lambda m: m.lax.gather(
        m.numpy.asarray(A), m.numpy.asarray([[2], [0]]), m.lax.GatherDimensionNumbers((1,), (0,), (0,)), (1, 4))),
    *map(scatter, "scatter scatter_add scatter_max scatter_min scatter_mul scatter_sub".split()),
    *[over_axis(name) for name in "psum pmax pmin pmean all_gather".split()],
    over_axis("psum_scatter"), over_axis("all_to_all", 0, 0), over_axis("pswapaxes", 0),
    over_axis("ppermute", [(0, 1), (1, 2), (2, 0)]), over_axis("pshuffle", [2, 0, 1]),
    *[called(f"lax.{name}", lambda m, name=name: m.vmap(lambda v: v * getattr(m.lax, name)("i"), axis_name="i")(m.numpy.asarray(S)))
      for name in ("axis_index", "axis_size")],
    # Random numbers.
    called("random.key", lambda m: m.random.key_data(m.random.key(3))),
    called("random.PRNGKey", lambda m: m.random.PRNGKey(3)),
    called("random.key_data", lambda m: m.random.key_data(key(m))),
    called("random.key_impl", lambda m: str(m.random.key_impl(key(m)))),
    called("random.wrap_key_data", lambda m: m.random.uniform(m.random.wrap_key_data(m.random.PRNGKey(3)))),
    called("random.clone", lambda m: m.random.key_data(m.random.clone(key(m)))),
    called("random.split", lambda m: m.random.key_data(m.random.split(key(m), 3))),
    called("random.fold_in", lambda m: m.random.key_data(m.random.fold_in(key(m), 3))),
    *[drawn(name, shape=(5,)) for name in (
        "bits uniform normal cauchy exponential gumbel laplace logistic lognormal maxwell rademacher "
        "bernoulli").split()],
    *[drawn(name, 2.0, shape=(5,)) for name in "chisquare gamma generalized_normal loggamma pareto poisson rayleigh t wald".split()],
    *[drawn(name, 2.0, 3.0, shape=(5,)) for name in "beta double_sided_maxwell f weibull_min".split()],
    drawn("binomial", 8.0, 0.4, shape=(5,)), drawn("geometric", 0.3, shape=(5,)),
    drawn("multinomial", 8.0, np.array([0.25, 0.75], np.float32)), drawn("dirichlet", P[0], shape=(2,)),
    drawn("multivariate_normal", B[:3], S), drawn("orthogonal", 3), drawn("ball", 3, shape=(2,)),
    drawn("randint", (5,), 0, 9), drawn("truncated_normal", -1.0, 2.0, (5,)),
    drawn("triangular", 0.0, 0.5, 1.0, (5,)), drawn("permutation", 7), drawn("categorical", A),
    drawn("choice", 9, (4,)),
    *[initialized(name) for name in (
        "normal uniform truncated_normal orthogonal ones zeros glorot_normal "
        "glorot_uniform he_normal he_uniform kaiming_normal kaiming_uniform lecun_normal "
        "lecun_uniform xavier_normal xavier_uniform").split()],
    initialized("constant", 2.5), initialized("variance_scaling", 2.0, "fan_avg", "uniform"),
    initialized("delta_orthogonal", shape=(3, 2, 4)),
    called("nn.initializers.Initializer", lambda m: isinstance(m.nn.initializers.ones, m.nn.initializers.Initializer)),
    # Trees.
    called("tree.all", lambda m: m.tree.all({"a": True, "b": 0})),
    called("tree.broadcast", lambda m: m.tree.broadcast(1, TREE)),
    called("tree.flatten", lambda m: (m.tree.flatten(TREE)[0], str(m.tree.flatten(TREE)[1]))),
    called("tree.flatten_with_path", lambda m: str(m.tree.flatten_with_path(TREE))),
    called("tree.leaves", lambda m: m.tree.leaves(TREE)),
    called("tree.leaves_with_path", lambda m: str(m.tree.leaves_with_path(TREE))),
    called("tree.map", lambda m: m.tree.map(lambda x, y: x + y, TREE, TREE)),
    called("tree.map_with_path", lambda m: m.tree.map_with_path(lambda p, x: (str(p), x), TREE)),
    called("tree.reduce", lambda m: m.tree.reduce(lambda x, y: x + y, TREE)),
    called("tree.structure", lambda m: str(structure(m))),
    called("tree.transpose", lambda m: m.tree.transpose(structure(m, (0, 0)), structure(m, [0, 0]), ([1, 2], [3, 4]))),
    called("tree.unflatten", lambda m: m.tree.unflatten(structure(m), [1, 2, 3])),
    *[called(f"tree_util.tree_{name}", lambda m, name=name: str(getattr(m.tree_util, f"tree_{name}")(TREE)))
      for name in "all flatten flatten_with_path leaves leaves_with_path structure".split()],
    called("tree_util.tree_map", lambda m: m.tree_util.tree_map(lambda x: x + 1, TREE)),
    called("tree_util.tree_map_with_path", lambda m: m.tree_util.tree_map_with_path(lambda p, x: str(p), TREE)),
    called("tree_util.tree_reduce", lambda m: m.tree_util.tree_reduce(lambda x, y: x * y, TREE, 2)),
    called("tree_util.tree_transpose", lambda m: m.tree_util.tree_transpose(structure(m, (0,)), structure(m, [0]), ([1],))),
    called("tree_util.tree_unflatten", lambda m: m.tree_util.tree_unflatten(structure(m), "xyz")),
    called("tree_util.treedef_children", lambda m: str(m.tree_util.treedef_children(structure(m)))),
    called("tree_util.treedef_is_leaf", lambda m: [m.tree_util.treedef_is_leaf(structure(m, t)) for t in (1, TREE)]),
    called("tree_util.treedef_tuple", lambda m: str(m.tree_util.treedef_tuple([structure(m)]))),
    called("tree_util.all_leaves", lambda m: [m.tree_util.all_leaves(t) for t in ([1, 2], [1, (2,)])]),
    called("tree_util.keystr", lambda m: [m.tree_util.keystr(p) for p, _ in m.tree.leaves_with_path(TREE)]),
    called("tree_util.PyTreeDef", lambda m: isinstance(structure(m), m.tree_util.PyTreeDef)),
    *[called(f"tree_util.{name}", lambda m, name=name, value=value: [str(getattr(m.tree_util, name)(value)), repr(getattr(m.tree_util, name)(value)), getattr(m.tree_util, name)(value) == getattr(m.tree_util, name)(value)])
      for name, value in dict(DictKey="k", GetAttrKey="k", SequenceKey=1, FlattenedIndexKey=1).items()],
    called("tree_util.Partial", lambda m: (m.tree_util.Partial(pow, 2)(3), m.tree.leaves(m.tree_util.Partial(pow, 2)))),
    called("tree_util.register_pytree_node", lambda m: registered(m, lambda t, c: t.register_pytree_node(c, c.tree_flatten, c.tree_unflatten))),
    called("tree_util.register_pytree_node_class", lambda m: registered(m, lambda t, c: t.register_pytree_node_class(c))),
    called("tree_util.register_pytree_with_keys", lambda m: registered(m, lambda t, c: t.register_pytree_with_keys(c, c.tree_flatten_with_keys, c.tree_unflatten))),
    called("tree_util.register_pytree_with_keys_class", lambda m: registered(m, lambda t, c: t.register_pytree_with_keys_class(c))),
    called("tree_util.register_dataclass", dataclass),
    called("tree_util.register_static", static),
    # Transformations, and what is beside them.
    called("Array", lambda m: [isinstance(x, m.Array) for x in (m.numpy.ones(2), np.ones(2), 1.0)]),
    called("ShapeDtypeStruct", lambda m: [str(m.ShapeDtypeStruct((2,), "float32")), m.ShapeDtypeStruct((2,), "int8") == m.ShapeDtypeStruct((2,), np.int8)]),
    called("block_until_ready", lambda m: m.block_until_ready([m.numpy.asarray(B)])),
    called("checkpoint", lambda m: m.grad(m.checkpoint(m.numpy.sin))(1.0)),
    called("clear_caches", lambda m: m.clear_caches()),
    called("closure_convert", lambda m: m.grad(lambda x: m.closure_convert(lambda y: x * y, 2.0)[0](2.0, *m.closure_convert(lambda y: x * y, 2.0)[1]))(3.0)),
    called("custom_gradient", with_gradient),
    called("custom_jvp", custom),
    called("custom_vjp", custom_reverse),
    called("default_backend", lambda m: m.default_backend()),
    *[called(name, lambda m, name=name: getattr(m, name)()) for name in "device_count local_device_count process_count process_index".split()],
    *[called(name, lambda m, name=name: [d.platform for d in getattr(m, name)()]) for name in "devices local_devices".split()],
    called("device_get", lambda m: m.device_get({"a": m.numpy.asarray(B)})["a"]),
    called("device_put", lambda m: m.device_put({"a": B})["a"]),
    called("ensure_compile_time_eval", lambda m: m.jit(lambda: compile_time(m))()),
    called("eval_shape", lambda m: str(m.eval_shape(lambda x: (x.sum(), x), m.numpy.asarray(A)))),
    called("fwd_and_bwd", lambda m: halves(m)),
    *[called(name, lambda m, name=name: getattr(m, name)(lambda x: m.numpy.sin(x) * x[0])(m.numpy.asarray(B))) for name in "jacobian jacfwd jacrev hessian".split()],
    called("linear_transpose", lambda m: m.linear_transpose(lambda x: 3 * x, 1.0)(2.0)),
    called("linearize", lambda m: (lambda y, f: (y, f(2.0)))(*m.linearize(m.numpy.sin, 1.0))),
    called("live_arrays", lambda m: isinstance(m.live_arrays(), list)),
    called("make_array_from_callback", lambda m: made_from_callback(m)),
    called("make_jaxpr", lambda m: str(m.make_jaxpr(m.numpy.sin)(1.0))),
    called("named_call", lambda m: m.named_call(m.numpy.sin, name="f")(1.0)),
    called("named_scope", lambda m: scoped(m)),
    called("pmap", lambda m: m.pmap(m.numpy.sin)(m.numpy.asarray(B[:1]))),
    called("value_and_grad", lambda m: m.value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 3.0)),
    *[context(name, True) for name in "debug_nans debug_infs disable_jit enable_checks enable_x64 log_compiles check_tracer_leaks enable_custom_prng threefry_partitionable".split()],
    context("checking_leaks"), context("default_device", None), context("default_matmul_precision", "float32"),
    context("default_prng_impl", "threefry2x32"), context("no_tracing", False),
    context("numpy_dtype_promotion", "standard"), context("numpy_rank_promotion", "allow"),
    context("transfer_guard", "allow"),
]


def compile_time(m):
    with m.ensure_compile_time_eval():
        return m.numpy.asarray([3.0 if m.numpy.add(1, 2) > 2 else 4.0])


def halves(m):
    forward, backward = m.fwd_and_bwd(lambda x, y: x * y, argnums=(0, 1))
    y, pull = forward(2.0, 3.0)
    return y, backward(pull, 1.0)


def made_from_callback(m):
    where = m.sharding.SingleDeviceSharding(m.devices()[0]) if m is jax else None
    return m.make_array_from_callback((4,), where, lambda index: B[index])


def scoped(m):
    with m.named_scope("part"):
        return m.numpy.sin(1.0)


def same(ours, theirs):
    """Trees of arrays, numbers and words are equal."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        ours, theirs = list(ours.values()), list(theirs.values())
    if isinstance(theirs, (list, tuple)):
        assert type(ours) is type(theirs) and len(ours) == len(theirs)
        for mine, other in zip(ours, theirs):
            same(mine, other)
    elif hasattr(theirs, "dtype"):
        compare(ours, theirs, 1e-4, 1e-5)
    else:
        assert ours == theirs


@pytest.mark.parametrize("path, args, kwargs, grad, rtol, atol", ARRAYS)
def test_agrees_with_jax(path, args, kwargs, grad, rtol, atol):
    check(path, args, kwargs, grad, rtol, atol)


@pytest.mark.parametrize("path, call", CALLS)
def test_calls_agree_with_jax(path, call):
    same(call(pullback), call(jax))


def public():
    """The paths of all public callables."""
    for module in ["", *MODULES]:
        found = find(pullback, module) if module else pullback
        for name in dir(found):
            value = getattr(found, name, None)
            if name.startswith("_") or not callable(value) or isinstance(value, types.ModuleType):
                continue
            yield f"{module}.{name}" if module else name


def rows_by_path():
    """The paths named by a row of any test beside this one."""
    paths = collections.Counter()
    for file in pathlib.Path(__file__).parent.glob("test_*.py"):
        module = importlib.import_module(file.stem)
        for value in vars(module).values():
            for mark in getattr(value, "pytestmark", []):
                if mark.name == "parametrize":
                    for entry in mark.args[1]:
                        values = getattr(entry, "values", entry)
                        first = values[0] if isinstance(values, (list, tuple)) and values else values
                        if isinstance(first, str):
                            paths[first] += 1
    return paths


# An annotation, which nobody calls.
ANNOTATIONS = {"tree_util.KeyPath"}
# JAX has no such name, or its own version fails.
OURS = {
    "num_threads": lambda: pullback.num_threads() == pullback.runtime.num_threads(),
    "set_num_threads": lambda: pullback.set_num_threads(pullback.num_threads()) is None,
    "numpy.half": lambda: pullback.numpy.half is pullback.numpy.float16,
    "scipy.special.psi": lambda: pullback.scipy.special.psi(2.5) == pullback.scipy.special.digamma(2.5),
    "lax.pbroadcast": lambda: list(
        pullback.vmap(lambda x: pullback.lax.pbroadcast(x, "i", 1), axis_name="i")(B)
    ) == [B[1]] * 4,
}


@pytest.mark.parametrize("path, holds", OURS.items())
def test_names_of_our_own(path, holds):
    assert holds()



def test_every_function_has_a_row():
    paths = rows_by_path()
    assert sorted(path for path in public() if path not in paths and path not in ANNOTATIONS) == []


KINDS = (
    TypeError, ValueError, IndexError, NotImplementedError, OverflowError, AttributeError, NameError
)
# We look at the function when it is called.
LATER = {"hessian", "jacfwd", "jacobian", "jacrev"}
# We refuse what JAX takes until it is used, or for another of several reasons.
OTHERWISE = {
    "checkpoint": TypeError,
    "remat": TypeError,
    "numpy.bool": TypeError,
    "numpy.bool_": TypeError,
    "numpy.fill_diagonal": TypeError,
    "numpy.put": TypeError,
    "lax.all_gather": TypeError,
    "lax.dot": TypeError,
    "lax.select_n": TypeError,
    "scipy.signal.convolve2d": TypeError,
    "scipy.signal.correlate2d": TypeError,
    "tree_util.register_static": TypeError,
}


@pytest.mark.parametrize("path", sorted(set(public()) - ANNOTATIONS - LATER - set(OURS)))
def test_refuses_what_is_no_array(path):
    """An object that is no array: both refuse it with an exception of one kind, or both take it."""

    def outcome(module):
        function = find(module, path)
        required = [object()]
        try:
            parameters = inspect.signature(function).parameters.values()
            kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            missing = inspect.Parameter.empty
            needed = [p for p in parameters if p.kind in kinds and p.default is missing]
            required = [object() for _ in needed] or required
        except (TypeError, ValueError):
            pass
        return function, required

    theirs, objects = outcome(jax)
    try:
        theirs(*objects)
    except KINDS as error:
        kind = next(kind for kind in KINDS if isinstance(error, kind))
        if kind is AttributeError:
            # Where JAX stumbles over an attribute, the argument has the wrong type.
            kind = (AttributeError, TypeError)
        kind = OTHERWISE.get(path, kind)
    else:
        if path not in OTHERWISE:
            find(pullback, path)(*objects)
            return
        kind = OTHERWISE[path]
    with pytest.raises(kind):
        find(pullback, path)(*objects)
