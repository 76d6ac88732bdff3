"""The specification of autograd.showing.labels: labels that can be seen, names of nodes, labels after variables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

import autograd as ag
import nn
from autograd import Value, constant, name_from
from autograd.showing.labels import names, visible
from autograd.showing.stepping import steps

HOSTILE = json.loads((Path(__file__).parent / "hostile_labels.json").read_text(encoding="utf-8"))


# --- Labels that can be seen ------------------------------------------------------------------------------


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
def test_visible_labels_are_themselves(label: str) -> None:
    """A label stands as it is, but for characters that cannot be seen, which are as Python writes them."""
    shown = visible(label)
    assert shown.isprintable()
    seen = [c if c.isprintable() else ascii(c)[1:-1] for c in label]
    assert shown == "".join(seen)


@pytest.mark.parametrize(
    ("label", "shown"),
    [("two\nlines", r"two\nlines"), ("\u202ex\0", r"\u202ex\x00"), ("  x ", "x "), ("", ""), ("x" * 80, "x" * 80)],
)
def test_what_cannot_be_seen_is_spelled_out(label: str, shown: str) -> None:
    """Newlines, controls and overrides of direction are spelled out; spaces before a label go."""
    assert visible(label) == shown


@pytest.mark.parametrize("label", ["x" * 81, "x" * 20_000, "\n" * 20_000])
def test_long_labels_are_cut_visibly(label: str) -> None:
    """A label of more than 80 characters ends in an ellipsis after the 79th."""
    assert len(visible(label)) == 80
    assert visible(label).endswith("…")


# --- Names of nodes -----------------------------------------------------------------------------------------


def test_names_are_labels_numbers_and_v1_v2() -> None:
    """A node is called by its label, a constant by its number, any other v1, v2, ... in the order of evaluation."""
    x, w = Value(2.0, "x"), Value(-3.0, "w")
    y = (w * x + 6.9).tanh() * constant(3.14159265358979, "pi")
    assert list(names(y).values()) == ["w", "x", "v1", "6.9", "v2", "v3", "pi", "v4"]


def test_left_operands_are_named_before_right_ones() -> None:
    """In (a + b) * (c + d) the left sum is v1 and the right one v2."""
    a, b, c, d = (Value(1.0, label) for label in "abcd")
    left, right = a + b, c + d
    named = names(left * right)
    assert (named[left], named[right]) == ("v1", "v2")


def test_names_keep_clear_of_labels() -> None:
    """What is taken by a label is passed over, also by the numbers of equal labels."""
    first, second, third = Value(1.0, "x"), Value(2.0, "x"), Value(3.0, "x_2")
    step = first * second
    root = step + third + Value(4.0, "v1") + Value(5.0, "x")
    named = names(root)
    assert (named[first], named[second], named[third], named[step]) == ("x", "x_3", "x_2", "v2")
    assert len(set(named.values())) == len(named)


def test_a_shared_label_may_be_borne_by_many() -> None:
    """Ten thousand nodes of one label have ten thousand names."""
    root = ag.sum([Value(1.0, "w") for _ in range(10_000)])
    assert len(set(names(root).values())) == 10_001


def test_a_constant_is_called_by_its_number_all_the_same() -> None:
    """A label that is a number does not keep a constant from being called by that number."""
    assert list(names(Value(3.0, label="2") * 2.0).values())[:2] == ["2", "2"]


def test_constants_of_one_number_share_their_name() -> None:
    """Two numbers 2 are both 2, two constants pi both pi; but a variable pi is another thing."""
    pi = [constant(3.0, "pi"), constant(3.0, "pi"), Value(3.0, "pi")]
    named = names(2.0 * pi[0] + 2.0 * pi[1] + pi[2])
    assert sorted(named.values()) == ["2", "2", "pi", "pi", "pi_2", "v1", "v2", "v3", "v4"]


def test_names_of_a_deep_graph() -> None:
    """A chain of 100,000 nodes is named without recursion."""
    x = Value(1.0, "x")
    for _ in range(100_000):
        x = -x
    assert names(x)[x] == "v100000"


# --- Labels after variables -----------------------------------------------------------------------------------


def test_variables_name_their_values() -> None:
    """name_from(locals()) labels each Value after the variable that holds it, and returns nothing."""
    x = Value(2.0)
    w = [Value(1.0), Value(2.0)]
    W: Any = ([Value(1.0), 5.0], (Value(2.0),))
    y = w[0] * x
    assert cast(Any, name_from)(locals()) is None
    assert (x.label, y.label) == ("x", "y")
    assert [v.label for v in (*w, W[0][0], W[1][0])] == ["w[0]", "w[1]", "W[0][0]", "W[1][0]"]


def test_parameters_are_called_as_their_module_calls_them() -> None:
    """The parameters of a module, alone or in a list, have the module's name before their own."""
    model, layers = nn.MLP(2, [3, 1]), [nn.Neuron(2)]
    name_from({"model": model, "layers": layers})
    assert [p.label for p in model.parameters()] == [f"model.{name}" for name, _ in model.named_parameters()]
    assert model.layers[0].neurons[2].w[1].label == "model.layers.0.neurons.2.w[1]"
    assert layers[0].b.label == "layers[0].b"


def test_a_variable_names_what_only_a_module_has_named() -> None:
    """The label that a parameter has from its module gives way, in any order of the variables; a user's own stays."""
    model = nn.MLP(1, [1])
    model.layers[0].neurons[0].b.label = "bias"
    name_from({"part": model.layers[0], "model": model, "again": model})
    assert [p.label for p in model.parameters()] == ["model.layers.0.neurons.0.w[0]", "bias"]


def test_a_label_that_is_there_stays() -> None:
    """The first name stays: a label, or the first of several variables."""
    x, y = Value(1.0, "input"), Value(2.0)
    name_from({"x": x, "first": y, "second": y})
    assert (x.label, y.label) == ("input", "first")


def test_only_variables_lists_and_modules_are_looked_at() -> None:
    """Names with an underscore, dicts (a notebook keeps its outputs in one), classes and strings name nothing."""
    a, b = Value(1.0), Value(2.0)
    name_from({"_": a, "_1": [a], "Out": {3: b}, "MLP": nn.MLP, "text": "abc", "none": None, "ag": ag})
    assert (a.label, b.label) == ("", "")


def test_records_are_no_containers() -> None:
    """Named tuples that hold Values, such as the records of the backward pass, name nothing."""
    x = Value(3.0)
    y = (x * x).tanh()
    records = list(steps(y))
    name_from({"records": records})
    assert [node.label for record in records for node in (record.node, record.operand)] == [""] * 2 * len(records)
    name_from({"records": records, "x": x, "y": y})
    assert (x.label, y.label) == ("x", "y")


def test_containers_may_contain_themselves() -> None:
    """A list that contains itself is looked at once."""
    x = Value(1.0)
    cycle: list[object] = [x]
    cycle.append(cycle)
    name_from({"cycle": cycle})
    assert x.label == "cycle[0]"


@pytest.mark.parametrize("given", [Value(1.0), [Value(1.0)], None])
def test_name_from_wants_the_variables(given: object) -> None:
    """Anything but a mapping is refused by its type."""
    with pytest.raises(
        TypeError, match=f"expected the variables by name, as locals\\(\\) gives them, got {type(given).__name__}"
    ):
        name_from(given)  # type: ignore[arg-type]
