"""The README's examples run, and print what it says they print."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

import nn
from autograd.__main__ import main

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(python|sh)\n([^`]*)```\n+```text\n([^`]*)```", TEXT)


@pytest.mark.parametrize(("kind", "code", "printed"), EXAMPLES, ids=[code.splitlines()[0] for _, code, _ in EXAMPLES])
def test_an_example_prints_what_stands_below_it(
    kind: str, code: str, printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each block of code that is followed by a block of output prints exactly that, in a folder of its own."""
    if "savefig" in code:
        pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        if kind == "python":
            exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - the project's own text
        else:
            python, m, module, *arguments = shlex.split(code)
            assert (python, m, module) == ("python", "-m", "autograd")
            assert main(arguments) == 0
    assert out.getvalue() == printed


def test_own_data_in_20_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The section holds what its title says, and its files are a table, two pictures and a model."""
    plt = pytest.importorskip("matplotlib.pyplot")
    (code,) = [code for _, code, _ in EXAMPLES if "nn.data.csv" in code]
    lines = [line for line in code.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 20
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - the project's own text
    plt.close("all")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boundary.png", "loss.png", "points.csv", "points.json"]
    assert type(nn.load("points.json")) is nn.MLP


def test_every_python_block_is_tested() -> None:
    """No block of Python stands in the README without its output."""
    assert len(re.findall(r"```python\n", TEXT)) == sum(kind == "python" for kind, _, _ in EXAMPLES) >= 3


def test_links_lead_somewhere() -> None:
    """Each relative link of the README is a file or folder of the project."""
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
