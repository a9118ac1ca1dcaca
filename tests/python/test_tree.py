"""Pytrees."""

import collections
import dataclasses

import pytest

from pullback import tree, tree_util as tu

Point = collections.namedtuple("Point", "x y")


@tu.register_pytree_node_class
class Pair:
    def __init__(self, a, b, tag):
        self.a, self.b, self.tag = a, b, tag

    def tree_flatten(self):
        return (self.a, self.b), self.tag

    @classmethod
    def tree_unflatten(cls, tag, children):
        return cls(*children, tag)


@tu.register_dataclass
@dataclasses.dataclass
class Layer:
    w: object
    b: object
    name: str = dataclasses.field(default="", metadata={"static": True})


@pytest.mark.parametrize(
    "value, text",
    [
        (1, "PyTreeDef(*)"),
        (None, "PyTreeDef(None)"),
        ((1,), "PyTreeDef((*,))"),
        ({"b": (1, [2, None]), "a": 0}, "PyTreeDef({'a': *, 'b': (*, [*, None])})"),
        (Point(1, 2), "PyTreeDef(CustomNode(namedtuple[Point], [*, *]))"),
        (collections.OrderedDict(a=1), "PyTreeDef(CustomNode(OrderedDict[('a',)], [*]))"),
        (
            collections.defaultdict(int, a=1),
            "PyTreeDef(CustomNode(defaultdict[(<class 'int'>, ('a',))], [*]))",
        ),
        (Pair(1, 2, "t"), "PyTreeDef(CustomNode(Pair[t], [*, *]))"),
    ],
)
def test_text_and_round_trip(value, text):
    leaves, structure = tree.flatten(value)
    assert str(structure) == text
    again = tree.unflatten(structure, leaves)
    assert tree.structure(again) == structure and tree.leaves(again) == leaves
    assert type(again) is type(value)
    assert hash(tree.structure(again)) == hash(structure)


def test_map():
    assert tree.map(lambda a, b: a + b, {"x": 1, "y": (2,)}, {"x": 10, "y": (20,)}) == {
        "x": 11,
        "y": (22,),
    }
    assert tree.map(lambda x: -x, Layer(1, 2, "n")) == Layer(-1, -2, "n")
    assert tree.map(lambda x: x, [None, 1]) == [None, 1]
    assert tree.map(sum, [[1, 2], [3]], is_leaf=lambda x: all(isinstance(i, int) for i in x)) == [3, 3]
    assert tree.reduce(lambda a, b: a + b, [1, (2, 3)]) == 6
    assert tree.reduce(lambda a, b: a + b, [], 5) == 5
    assert tree.all([True, (1,)]) and not tree.all([True, [0]])


def test_transpose():
    outer, inner = tree.structure([0, 0]), tree.structure({"a": 0})
    assert tree.transpose(outer, inner, [{"a": 1}, {"a": 2}]) == {"a": [1, 2]}
    assert tree.transpose(outer, None, [{"a": 1}, {"a": 2}]) == {"a": [1, 2]}


def test_paths():
    found, _ = tree.flatten_with_path({"a": 1, "b": (2, Pair(3, 4, "t")), "p": Point(5, 6)})
    assert [tu.keystr(path) for path, _ in found] == [
        "['a']",
        "['b'][0]",
        "['b'][1][<flat index 0>]",
        "['b'][1][<flat index 1>]",
        "['p'].x",
        "['p'].y",
    ]
    assert found[0][0] == (tu.DictKey("a"),)
    assert repr(found[1][0]) == "(DictKey(key='b'), SequenceKey(idx=0))"
    assert tu.keystr(found[1][0], simple=True, separator="/") == "b/0"
    assert tree.map_with_path(lambda p, x: (tu.keystr(p), x), [7]) == [("[0]", 7)]


def test_mismatches():
    with pytest.raises(ValueError):
        tree.map(lambda a, b: a, (1, 2), (1, 2, 3))
    with pytest.raises(ValueError):
        tree.map(lambda a, b: a, {"a": 1}, {"b": 1})
    with pytest.raises(ValueError):
        tree.unflatten(tree.structure((1, 2)), [1])
    with pytest.raises(ValueError):
        tree.flatten({1: 0, "a": 1})
    with pytest.raises(ValueError):
        tu.register_pytree_node(Pair, None, None)


def test_partial_is_a_tree():
    add = tu.Partial(lambda a, b: a + b, 1)
    doubled = tree.map(lambda x: 2 * x, add)
    assert doubled(3) == 5
