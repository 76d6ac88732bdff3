"""The README's examples run, and print what it says they print."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from autograd.__main__ import main

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(python|sh)\n([^`]*)```\n+```text\n([^`]*)```", TEXT)


@pytest.mark.parametrize(("kind", "code", "printed"), EXAMPLES, ids=[code.splitlines()[0] for _, code, _ in EXAMPLES])
def test_an_example_prints_what_stands_below_it(kind: str, code: str, printed: str) -> None:
    """Each block of code that is followed by a block of output prints exactly that."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        if kind == "python":
            exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - the project's own text
        else:
            python, m, module, *arguments = shlex.split(code)
            assert (python, m, module) == ("python", "-m", "autograd")
            assert main(arguments) == 0
    assert out.getvalue() == printed


def test_every_python_block_is_tested() -> None:
    """No block of Python stands in the README without its output."""
    assert len(re.findall(r"```python\n", TEXT)) == sum(kind == "python" for kind, _, _ in EXAMPLES) >= 3


def test_links_lead_somewhere() -> None:
    """Each relative link of the README is a file or folder of the project."""
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
