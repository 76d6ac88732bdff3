"""The specification of autograd.showing.animation, as far as it is seen without a browser (test_browser.py)."""

from __future__ import annotations

import base64
import json
import math
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import autograd as ag
from autograd import Value, animate, functions, quiz, rules, steps
from autograd.__main__ import main
from autograd.readings.formulas import formula
from autograd.readings.scripting import script
from autograd.readings.symbols import short
from autograd.showing import drawing
from autograd.showing.animation import MOST_HIDDEN, SVG, Animation, numbers, script_text
from autograd.showing.labels import names, visible

HOSTILE: list[str] = json.loads((Path(__file__).parent / "hostile_labels.json").read_text(encoding="utf-8"))
MAKERS = pytest.mark.parametrize("make", [animate, quiz])


def neuron() -> Value:
    """The running example: y = tanh(w x + b)."""
    y = ag.tanh(Value(-3.0, label="w") * Value(2.0, label="x") + Value(6.9, label="b"))
    y.label = "y"
    return y


def layer(width: int) -> Value:
    """A graph of 2 * width + 1 nodes and more, each level as wide as the other."""
    return ag.sum([ag.tanh(Value(0.1 * i, label=f"x{i}")) for i in range(width)])


def data(animation: Animation) -> Any:
    """The data of a page."""
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', animation.html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


# --- What is in the page --------------------------------------------------------------------------------


def test_frames_follow_the_steps() -> None:
    """The backward frames have each step of steps() once, in its order, with the chain rule in symbols."""
    root = neuron()
    page = data(animate(root))
    listed = [step for frame in page["frames"] if frame["kind"] == "backward" for step in frame["steps"]]
    assert [(page["nodes"][i]["name"], position, "".join(chain)) for i, position, chain, _ in listed] == [
        (step.names[step.operand], step.position, str(step.equation()[1])) for step in steps(root)
    ]


def test_nodes_have_their_numbers() -> None:
    """What the page starts from is what Python computed, every bit: data and partials."""
    root = neuron()
    page = data(animate(root))
    found = {node["name"]: (node["data"], node["partials"]) for node in page["nodes"]}
    assert found == {name: (node.data, [*node.partials]) for node, name in names(root).items()}


def test_frames_go_forward_then_backward() -> None:
    """Start, every operation, the root's own gradient, every operation in reverse, the result."""
    kinds = [frame["kind"] for frame in data(animate(neuron()))["frames"]]
    assert kinds == ["start", *["forward"] * 3, "seed", *["backward"] * 3, "end"]


def test_grads_are_not_touched() -> None:
    """No grad is read or written."""
    root = neuron()
    fresh = animate(root).html
    for node in ag.trace(root)[0]:
        node.grad = 5.0
    assert animate(root).html == fresh
    assert {node.grad for node in ag.trace(root)[0]} == {5.0}


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan, 0.0, 5e-324, 1.7e308])
def test_numbers_at_the_ends(x: float) -> None:
    """inf, nan and the ends of the floats are shown; the data is JSON as the standard has it."""
    page = animate(Value(x, label="x") * Value(2.0, label="y"))
    assert data(page)["nodes"]
    text = re.search(r'<script id="data"[^>]*>(.*?)</script>', page.html, re.DOTALL)
    assert text is not None
    json.loads(text[1], parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_picture_has_the_final_gradients() -> None:
    """Where no script runs, the picture shows the end: data and gradients in each box."""
    texts = {
        group.get("id"): ["".join(text.itertext()).replace("\xa0", " ") for text in group.iter(f"{SVG}text")]
        for group in ET.fromstring(animate(neuron()).svg).iter(f"{SVG}g")  # noqa: S314 - made here
        if str(group.get("class")).startswith("node")
    }
    assert ["w", "data -3", "grad 0.9738"] in texts.values()
    assert ["tanh", "y", "data 0.7163", "grad 1"] in texts.values()


# --- What if --------------------------------------------------------------------------------------------


def test_rows_of_the_graph_are_in_the_page() -> None:
    """The page has the rows that its graph uses, in JavaScript, and no others."""
    page = animate(neuron()).html
    assert script([rules.MUL, rules.ADD, rules.TANH]) in page
    assert '"sin": ' not in page


def test_a_quiz_has_no_rows() -> None:
    """In a quiz no leaf can be changed, so there is nothing to compute with."""
    assert "const rows = null;" in quiz(neuron()).html


cube = ag.primitive(lambda out, x: (3.0 * x * x,))(lambda x: x * x * x)


def stale() -> Value:
    """A graph whose leaf was changed after the forward pass, as an optimizer does."""
    x = Value(2.0, label="x")
    y = x * 3.0
    x.data = 5.0
    return y


def beyond() -> Value:
    """A graph with a logarithm of zero."""
    with ag.ieee():
        return ag.log(Value(0.0, label="x"))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: cube(Value(2.0)) + 1.0, "v2 was computed by <lambda>, which is not an operation of the table."),
        (lambda: ag.jit(lambda x: x * x)(Value(2.0)), "v2 was computed by <lambda>, which is not an operation"),
        (stale, "v1 was computed before its operands got the values that they have now."),
        (beyond, "v1 is inf or nan where the table has no value, as ieee() allows."),
        (lambda: functions.constant(2.0) + functions.constant(3.0), "there is no leaf whose value could be changed."),
    ],
    ids=["primitive", "jit", "stale", "ieee", "constants"],
)
def test_why_there_is_no_what_if(make: Any, why: str) -> None:
    """Where the page could not compute what Python would, it says why, and has no rows."""
    page = animate(make())
    assert data(page)["obstacle"].startswith(why)
    assert "const rows = null;" in page.html


def test_infinite_leaves_are_no_obstacle() -> None:
    """A leaf may be inf or nan: arithmetic goes on with it."""
    for x in (math.inf, -math.inf, math.nan):
        assert data(animate(Value(x) * 2.0 + 1.0))["obstacle"] == ""


def kind(text: str) -> str:
    """The kind of a number, as templates have it."""
    return "-" if text.startswith("-") else "e" if "e" in text else "+"


def filled(pieces: list[Any], texts: list[str]) -> str:
    """A template with its numbers, as the page fills it."""

    def piece(x: Any) -> str:
        if isinstance(x, list):
            return x[0] if kind(texts[x[1]]) in x[2] else ""
        return x if isinstance(x, str) else texts[x]

    return "".join(map(piece, pieces))


@pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)
def test_templates_are_formulas_with_gaps(rule: rules.Rule) -> None:
    """A template filled with numbers of any kind is the formula that explain() has for them."""
    rng = random.Random(rule.symbol)
    sizes = {"fixed": [len(rule.operand_names)], "sequence": [1, 3, 7], "pairs": [1, 2, 3, 6, 7, 14, 15]}[rule.layout]
    kinds = [0.0, -0.0, 2.0, -3.0, 0.25, -1.5, 1e-9, -2e-9, 1.5e20, math.inf, -math.inf, math.nan]
    for n in sizes:
        for _ in range(60):
            operands = [Value(rng.choice(kinds)) for _ in range(n)]
            operands[-1] = rng.choice(operands)
            node = drawing.twin(Value(1.0), rule, operands, 1.0, [1.0] * n)
            expected = formula(node, names(node), 4).text
            assert filled(numbers(node), [short(x.data, 4) for x in operands]) == expected


# --- The page as a file ---------------------------------------------------------------------------------


@MAKERS
def test_it_asks_for_nothing(make: Any) -> None:
    """The page names no address to load from, and forbids the browser to load any."""
    html = make(neuron()).html
    assert "default-src 'none'" in html
    addresses = set(re.findall(r"\w+://[^\"' ]+", html))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert re.findall(r'\b(?:src|href)="(?!data:)[^"]*"', html) == []
    assert not re.search(r"@import|url\(", html)


def test_size() -> None:
    """A page of 30 nodes has at most 150 KB."""
    root = layer(14)
    assert 29 <= len(ag.trace(root)[0]) <= 31
    assert len(animate(root).html.encode()) <= 150_000


@MAKERS
def test_same_bytes_in_every_run(make: Any) -> None:
    """The page depends on the graph alone, not on addresses in memory or on hashes."""
    code = f"""
import sys, hashlib, autograd as ag
y = ag.tanh(ag.Value(-3.0, label="w") * ag.Value(2.0, label="x") + ag.Value(6.9, label="b"))
y.label = "y"
print(hashlib.sha256((ag.{make.__name__}(y)._repr_html_()).encode()).hexdigest())
"""
    runs = [
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True)
        for seed in "12"
    ]
    assert runs[0].stdout == runs[1].stdout != b""


def test_save(tmp_path: Path) -> None:
    """save() writes the page, in UTF-8, and an error of the file system is an error."""
    page = animate(neuron())
    for name in ("steps.html", "steps.HTM"):
        assert page.save(tmp_path / name) == str(tmp_path / name)
        assert (tmp_path / name).read_bytes() == page.html.encode()
    for name in ("steps.svg", "steps", "steps.html.txt"):
        with pytest.raises(ValueError, match=r"^save: expected a name that ends in \.html or \.htm, got .*; draw\(y\)"):
            page.save(tmp_path / name)
    assert len([*tmp_path.iterdir()]) == 2
    with pytest.raises(OSError, match="No such file"):
        page.save(str(tmp_path / "no" / "steps.html"))


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--html writes the page into a file, and everything is printed as ever."""
    assert main(["w*x", "w=2", "x=3", "--html", str(tmp_path / "steps.html")]) == 0
    assert capsys.readouterr().out.startswith("w*x = 6\n")
    w, x = Value(2.0, label="w"), Value(3.0, label="x")
    assert (tmp_path / "steps.html").read_text(encoding="utf-8") == animate(w * x).html


# --- Labels are data ------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [*HOSTILE, "x" * 20_000, "line\u2028separator", "lone \ud800 surrogate"])
def test_labels_are_data(label: str) -> None:
    """A label arrives in the data as it is shown, and adds no element to the page."""
    page, plain = (animate(Value(2.0, label=text) * 3.0) for text in (label, "x"))
    assert visible(label) in {node["name"] for node in data(page)["nodes"]}
    tags = r"<[/!?a-zA-Z][^>\s]*"
    assert re.findall(tags, page.html) == re.findall(tags, plain.html)
    assert re.findall(tags, page._repr_html_()) == re.findall(tags, plain._repr_html_())


def test_script_text() -> None:
    """JSON in a script element has no sign by which that element could end, nor a separator of lines."""
    text = '</script><!-- ]]> &lt; \u2028 \u2029 " \\ é'
    assert json.loads(script_text(text)) == text
    assert not set(script_text(text)) & set("<>&\u2028\u2029")


# --- Notebooks ------------------------------------------------------------------------------------------


def test_notebook_bundle() -> None:
    """A notebook gets HTML and text, or what it asks for."""
    page = animate(neuron())
    assert page._repr_mimebundle_() == {"text/plain": repr(page), "text/html": page._repr_html_()}
    assert set(page._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert set(page._repr_mimebundle_(exclude=["text/plain"])) == {"text/html"}


def test_notebook_html_begins_with_a_picture() -> None:
    """Where a notebook strips scripts, an image with the SVG in it remains; the script holds the whole page."""
    page = animate(neuron())
    image, _, script = page._repr_html_().partition("\n<script>")
    found = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', image)
    assert found is not None
    assert base64.b64decode(found[1]).decode() == page.svg
    assert script_text(page.html) in script


# --- Quiz -----------------------------------------------------------------------------------------------


def test_quiz_hides_by_seed() -> None:
    """The seed, and nothing else, says which gradients are hidden: half of them, never the root's."""
    chosen = {seed: data(quiz(neuron(), seed))["hidden"] for seed in range(12)}
    assert chosen[3] == data(quiz(neuron(), 3))["hidden"]
    assert len({tuple(hidden) for hidden in chosen.values()}) > 3
    assert {len(hidden) for hidden in chosen.values()} == {3}
    names = [node["name"] for node in data(quiz(neuron()))["nodes"]]
    assert names.index("y") not in {i for hidden in chosen.values() for i in hidden}


def test_quiz_picture_keeps_the_secret() -> None:
    """In the picture of a quiz, hidden gradients are question marks."""
    page = quiz(neuron(), 1)
    assert page.svg.count("?</text>") == len(data(page)["hidden"]) == 3


def test_quiz_asks_in_the_order_of_backward() -> None:
    """Hidden gradients are asked for from the root down, at most 8 of them."""
    hidden = data(quiz(layer(20), 5))["hidden"]
    assert hidden == sorted(hidden, reverse=True)
    assert len(hidden) == MOST_HIDDEN


# --- Errors ---------------------------------------------------------------------------------------------


@MAKERS
def test_expects_a_value(make: Any) -> None:
    """What is not a Value is refused by name."""
    with pytest.raises(TypeError, match=f"expected a Value to {make.__name__}, got float"):
        make(1.0)


@MAKERS
def test_too_many_nodes(make: Any) -> None:
    """A graph that nobody could follow is refused, with the way round it."""
    root = layer(5)
    many = len(ag.trace(root)[0])
    with pytest.raises(ValueError, match=f"at most 4 nodes, got {many}: nobody could follow it"):
        make(root, max_nodes=4)
    assert make(root, max_nodes=many).frames > many


def test_quiz_needs_a_question() -> None:
    """A leaf alone, or constants only, leave nothing to ask; the seed is an int."""
    with pytest.raises(ValueError, match="at least one variable below its root, got none"):
        quiz(Value(1.0))
    with pytest.raises(TypeError, match="expected an int as the seed, got str"):
        quiz(neuron(), "1")  # type: ignore[arg-type]
