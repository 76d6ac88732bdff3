"""What works where something is not there: NumPy, tqdm, Graphviz, a program that renders; and what importing costs."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import sysconfig
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import autograd as ag
import nn
from autograd import Value
from autograd.showing import animation, placing, rendering

ROOT = Path(__file__).resolve().parents[1]

BLOCK = """
import sys, warnings

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
warnings.simplefilter("error")
"""

SETTING = """
import random
import autograd as ag, nn
from autograd import Value
x, w = Value(2.0, label="x"), Value(-3.0, label="w")
y = ag.tanh(w * x + 6.9)
y.label = "y"
y.backward()
rng = random.Random(0)
X, Y = nn.data.moons(40, noise=0.1, rng=rng)
T = [2.0 * k - 1.0 for k in Y]
random.seed(0)
model = nn.MLP(2, [4, 1], activation="tanh")
def fit(**how):
    return nn.fit(model, X, T, loss=nn.mse, optimizer=nn.Adam(lr=0.05), epochs=10, batch_size=10, **how)
"""


def without(absent: set[str], code: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new Python in which the modules ``absent`` cannot be imported, after the lines of SETTING."""
    text = BLOCK.format(absent=sorted(absent)) + SETTING + textwrap.dedent(code)
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, "-c", text], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )


def printed(done: subprocess.CompletedProcess[str]) -> str:
    """What it printed, if it ended well."""
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- Without NumPy --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("print(f'{y:.4f} {x.grad:.4f} {w.grad:.4f}')", r"0\.7163 -1\.4608 0\.9738\n"),
        ("print(ag.explain(y))", r"(?s).*dy/dw = 0\.9738\n.*"),
        ("print(*ag.steps(y), sep='\\n')", r"(?s).*tanh.*"),
        ("print(ag.draw(y).source)", r"(?s)digraph \{.*\}\n.*"),
        ("print(ag.animate(y), ag.quiz(y))", r"<Animation '.*': 9 frames> <Animation 'Quiz.*': \d+ frames>\n"),
        ("print(ag.grad(lambda a: a**3)(2.0))", r"12\.0\n"),
        ("print(ag.hessian(lambda v: v[0] * v[1])([2.0, 3.0]))", r"\[\[0\.0, 1\.0\], \[1\.0, 0\.0\]\]\n"),
        ("print(ag.jacobian(lambda v: [v[0] * v[1], v[0]])([2.0, 3.0]))", r"\[\[3\.0, 2\.0\], \[1\.0, 0\.0\]\]\n"),
        ("print(ag.hvp(lambda v: v[0] * v[1], [2.0, 3.0], [1.0, 0.0]))", r".*0\.0, 1\.0.*\n"),
        ("print(ag.gradcheck(ag.sigmoid, 0.5))", r"True\n"),
        ("print(ag.verify({'d': (lambda x: 2 * x, ag.grad(lambda x: x * x))}, at=(1.0,)))", r"d: holds.*\n"),
        ("print(ag.softmax([1.0, 2.0])[0], ag.matvec([[1.0, 2.0]], [x, w])[0].data)", r".*-4\.0\n"),
        ("with ag.ieee(): print(ag.log(Value(0.0)).data, (1.0 / Value(0.0)).data)", r"-inf inf\n"),
        ("print(ag.grad(ag.grad(ag.sqrt))(0.0))", r"-inf\n"),
        ("print(model([1.0, 2.0]).data, nn.accuracy(model, X, Y))", r"-?[\d.]+ [\d.]+\n"),
        ("print(nn.mean_loss(model, X, T, loss=nn.mse))", r"[\d.]+\n"),
        ("nn.save(model, 'm.json'); nn.load(model, 'm.json'); print(len(nn.data.digits()[0]))", r"1797\n"),
        ("print(nn.draw_network(model).source[:7])", r"digraph\n"),
    ],
)  # fmt: skip
def test_without_numpy(code: str, right: str, tmp_path: Path) -> None:
    """The engine, its derivatives, its pictures and pages, and networks work, and print what they print with NumPy."""
    out = printed(without({"numpy"}, code, tmp_path))
    assert re.fullmatch(right, out), out
    assert printed(without(set(), code, tmp_path)) == out


def test_fit_without_numpy(tmp_path: Path) -> None:
    """``fit`` computes scalar by scalar, by every optimizer: to the same numbers as with ``jit=False`` elsewhere."""
    code = """
        for optimizer in (nn.SGD(lr=0.1, momentum=0.9), nn.RMSProp(lr=0.01), nn.AdamW(lr=0.05)):
            nn.fit(model, X, T, loss=nn.mse, optimizer=optimizer, rng=random.Random(0), progress=False)
        print(fit(rng=random.Random(1), progress=False, validation=(X, Y)).loss[-1] < 0.8, model.parameters()[0].data)
        """
    alone = printed(without({"numpy"}, code, tmp_path))
    assert alone.startswith("True")
    assert alone == printed(without(set(), code.replace("progress=False", "progress=False, jit=False"), tmp_path))


@pytest.mark.parametrize("code", ["ag.jit(lambda x: x * x)", "fit(jit=True, progress=False)", "model.predict(X)"])
def test_what_needs_numpy_says_so(code: str, tmp_path: Path) -> None:
    """Where arrays are asked for, the message says what to install."""
    done = without({"numpy"}, code, tmp_path)
    assert done.returncode == 1
    told = r"ImportError: jit: it computes with NumPy, which is not installed: python -m pip install numpy\n"
    assert re.search(told, done.stderr), done.stderr


# --- Without tqdm ---------------------------------------------------------------------------------


def test_fit_without_tqdm(tmp_path: Path) -> None:
    """Without tqdm there is no bar, and the training is the same."""
    code = "history = fit(rng=random.Random(1)); print(history.loss)"
    alone, usual = without({"tqdm"}, code, tmp_path), without(set(), code, tmp_path)
    assert alone.stderr == ""
    assert "epoch 10/10" in usual.stderr
    assert printed(alone) == printed(usual)


# --- Without a renderer ---------------------------------------------------------------------------


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any program to render."""
    monkeypatch.setattr(rendering, "folders_of_scripts", lambda: [str(tmp_path)])
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("bare")
def test_draw_without_a_renderer(capsys: pytest.CaptureFixture[str]) -> None:
    """A drawing is then Graphviz's language and, in a terminal, text; a notebook shows the text and what to install."""
    x = Value(2.0, label="x")
    picture = ag.draw(x * x)
    assert picture.source.startswith("digraph {")
    print(picture)  # noqa: T201 - as a reader does
    assert capsys.readouterr().out == "x             data 2  grad -\nv1 = *(x, x)  data 4  grad -\n"
    assert "pip install graphviz-pure" in picture._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize(
    ("system", "machine", "bits", "advice"),
    [
        ("linux", "x86_64", 64, r"to install the latter: python -m pip install graphviz-pure$"),
        ("win32", "AMD64", 64, r"to install the latter: python -m pip install graphviz-pure$"),
        ("win32", "AMD64", 32, r"to install the former: the package graphviz of your system"),
        ("linux", "aarch64", 32, r"to install the former: the package graphviz of your system"),
        ("linux", "riscv64", 64, r"to install the former: the package graphviz of your system"),
        ("freebsd14", "amd64", 64, r"to install the former: the package graphviz of your system"),
        ("emscripten", "wasm32", 32, r"a browser's Python runs no programs: paste \.source into a viewer"),
    ],
)
def test_what_to_install(system: str, machine: str, bits: int, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be rendered says what would help on this machine: pip, the system's package, or a viewer."""
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr(sys, "maxsize", 2 ** (bits - 1) - 1)
    assert re.match(advice, rendering.advice())


@pytest.mark.usefixtures("bare")
def test_the_error_says_what_to_install() -> None:
    """Where nothing can render, asking for a picture is an error that ends with the advice."""
    with pytest.raises(RuntimeError, match=r"^no picture: expected `dot` .* got neither; ") as caught:
        ag.draw(Value(1.0)).pipe("svg")
    assert str(caught.value).endswith(rendering.advice())


def test_a_system_without_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser's Python has no place for a user's own programs, which is no error."""
    found = rendering.folders_of_scripts()
    usual = sysconfig.get_preferred_scheme

    def preferred(key: str) -> str:
        if key == "user":
            raise ValueError("'user' returned 'posix_user', which is not a valid scheme on this platform")
        return usual(key)  # type: ignore[arg-type]

    monkeypatch.setattr(sysconfig, "get_preferred_scheme", preferred)
    assert len(found) == 3
    assert rendering.folders_of_scripts() == found[:2]


# --- Pages without a renderer ---------------------------------------------------------------------


def grown(seed: int, count: int) -> Value:
    """A graph of about ``count`` nodes, made at random: some used once, some often, some from afar."""
    rng = random.Random(seed)
    nodes = [Value(rng.uniform(-1.0, 1.0), label=f"x[{i}]") for i in range(4)]
    for _ in range(count):
        a, b = rng.choice(nodes[-6:]), rng.choice(nodes)
        nodes.append(rng.choice([a + b, a * b, ag.tanh(a), a * 0.5, ag.maximum(a, b)]))
    return ag.sum(nodes[-3:])


def shapes(svg: str) -> dict[str, tuple[float, float, float, float]]:
    """Of each box its left, top, right and bottom."""
    found = {}
    for group in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}g"):  # noqa: S314 - made here
        outline = group.find("{http://www.w3.org/2000/svg}polygon")
        if str(group.get("class")).startswith("node") and outline is not None:
            x, y = zip(*[map(float, pair.split(",")) for pair in outline.get("points", "").split()], strict=True)
            found[str(group.get("id"))] = (min(x), min(y), max(x), max(y))
    return found


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(("seed", "count"), [(0, 1), (1, 10), (2, 40), (3, 150)])
def test_boxes_are_placed(seed: int, count: int) -> None:
    """Without Graphviz no two boxes of a page overlap, all lie in the picture, and operands stand left of results."""
    root = grown(seed, count)
    page = ag.animate(root)
    stage = animation.Stage(root, 500, "animate")
    boxes = shapes(page.svg)
    assert len(boxes) == len(stage.nodes)
    _, _, width, height = map(float, str(ET.fromstring(page.svg).get("viewBox")).split())  # noqa: S314 - made here
    corners = [*boxes.values()]
    assert all(0 <= left < right <= width and 0 <= top < bottom <= height for left, top, right, bottom in corners)
    for i, (left, top, right, bottom) in enumerate(corners):
        for other_left, other_top, other_right, other_bottom in corners[:i]:
            assert right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top
    for node, i in stage.place.items():
        for operand in node._prev:
            assert boxes[f"n{stage.place[operand]}"][2] < boxes[f"n{i}"][0]


@pytest.mark.usefixtures("bare")
def test_arrows_pass_between_boxes() -> None:
    """An arrow over several columns begins and ends at its boxes, and where it is level no box is in its way."""
    root = grown(4, 60)
    page = ag.animate(root)
    boxes = shapes(page.svg)
    stage = animation.Stage(root, 500, "animate")
    drawn = {}
    for group in ET.fromstring(page.svg).iter("{http://www.w3.org/2000/svg}g"):  # noqa: S314 - made here
        path = group.find("{http://www.w3.org/2000/svg}path")
        if path is not None:
            drawn[str(group.get("id"))] = [
                [*map(float, p)] for p in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path.get("d", ""))
            ]
    assert len(drawn) == len(stage.edge)
    for (node, position), i in stage.edge.items():
        start, end = boxes[f"n{stage.place[node._prev[position]]}"], boxes[f"n{stage.place[node]}"]
        points = drawn[f"e{i}"]
        assert points[-1][0] == pytest.approx(end[0] - 7.0, abs=0.02)
        assert end[1] <= points[-1][1] <= end[3]
        if points[0][0] == pytest.approx(start[2], abs=0.02):  # and not at a copy
            assert start[1] <= points[0][1] <= start[3]
        for (x0, y0), (x1, y1) in pairwise(points):
            if y0 == y1:
                hit = [
                    name
                    for name, (left, top, right, bottom) in boxes.items()
                    if top < y0 < bottom and max(x0, left) < min(x1, right) - 0.02
                ]
                assert not hit, f"e{i} runs through {hit}"


@pytest.mark.usefixtures("bare")
def test_the_same_page_with_and_without_a_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only places differ: the same boxes, texts, arrows and classes, whoever places them."""
    root = ag.sum([nn.Neuron(2)([1.0, Value(-2.0, label="x")]) for _ in range(3)]) * 3.0

    def content(svg: str) -> list[Any]:
        groups = [g for g in ET.fromstring(svg).iter() if g.get("id") and g.get("class") != "graph"]  # noqa: S314
        return sorted(
            (g.get("id"), g.get("class"), ["".join(t.itertext()) for t in g if "text" in t.tag]) for g in groups
        )

    placed = content(ag.animate(root).svg)
    monkeypatch.undo()
    assert placed == content(ag.animate(root).svg)
    assert len(placed) > 10


def test_nearest_places() -> None:
    """Places in order and apart that are nearest to the wishes: no other ones that were tried are nearer."""
    rng = random.Random(0)
    for _ in range(200):
        wishes = [rng.uniform(0.0, 10.0) for _ in range(4)]
        apart = [rng.uniform(0.0, 3.0) for _ in range(3)]
        best = placing.settled(wishes, apart)
        assert all(b - a >= d - 1e-9 for a, b, d in zip(best, best[1:], apart, strict=False))
        cost = sum((x - w) ** 2 for x, w in zip(best, wishes, strict=True))
        for _ in range(50):
            other = [x + rng.uniform(-0.5, 0.5) for x in best]
            if all(b - a >= d for a, b, d in zip(other, other[1:], apart, strict=False)):
                assert sum((x - w) ** 2 for x, w in zip(other, wishes, strict=True)) >= cost - 1e-9


# --- What importing costs -------------------------------------------------------------------------


def test_what_is_dear_comes_at_its_first_use() -> None:
    """The compiler and the pictures are attributes of the package, in ``dir`` too, but not loaded with it."""
    code = """
        import sys
        before = set(sys.modules)
        import autograd
        heavy = {"autograd.compiler", "inspect", "random", "ast"}
        heavy |= {"autograd.showing.drawing", "autograd.showing.animation"}
        assert not heavy & (set(sys.modules) - before), heavy & set(sys.modules)
        assert {"jit", "draw", "animate", "quiz", "explain", "trace", "draw_dot"} <= set(dir(autograd))
        assert not hasattr(autograd, "tahn")
        from autograd import jit, draw
        assert autograd.jit is jit and autograd.draw is draw
        from autograd import *
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
