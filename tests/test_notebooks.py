"""The notebooks: each is made from its source, executed once from top to bottom, and reads like a chapter.

`make test` also executes them all (pytest --nbmake); here is what an execution does not show.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest

import autograd
import nn

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
NAMES = sorted({path.stem for path in FOLDER.iterdir() if path.suffix in {".py", ".ipynb"}})

LONGEST_DEFINITION = 15
"""Lines of the longest function that may stand in a cell."""

# What betrays the machine that executed a notebook: a path from the root (not the // of an address), a home folder on
# Windows, the place of an object in memory, the kernel's temporary files.
MACHINE = re.compile(
    r"(?<![\w.:/)}\]<>-])/(?:[\w.+-]+/)+[\w.+-]+|[A-Za-z]:\\Users\\|\bat 0x[0-9a-f]{6,}|ipykernel_\d|site-packages"
)

every_notebook = pytest.mark.parametrize("name", NAMES)


# --- Helpers --------------------------------------------------------------------------------------


def source(name: str) -> Any:
    """The notebook as its .py says it."""
    return jupytext.reads((FOLDER / f"{name}.py").read_text(encoding="utf-8"), fmt="py:percent")


def notebook(name: str) -> Any:
    """The notebook as committed, with its outputs."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def cells(document: Any, kind: str) -> list[Any]:
    """The cells of a notebook that are of one kind, ``code`` or ``markdown``."""
    return [cell for cell in document.cells if cell.cell_type == kind]


def texts(document: Any) -> list[str]:
    """Everything in a notebook that can be read: sources, printed text, and pictures that are text (SVG)."""
    found = [cell.source for cell in document.cells]
    for cell in cells(document, "code"):
        for output in cell.outputs:
            found += [output.get("text", ""), *output.get("traceback", [])]
            found += [str(data) for kind, data in output.get("data", {}).items() if kind != "image/png"]
    return found


def definitions(name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Every function and class that a source defines."""
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    kinds = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def broken_paragraphs(markdown: str) -> list[str]:
    """The paragraphs of a Markdown cell that run over several lines (lists, tables and formulas may)."""
    fences = re.compile(r"(\$\$|```).*?\1", re.DOTALL)
    blocks = [block.splitlines() for block in re.split(r"\n\s*\n", fences.sub("", markdown))]
    marked = re.compile(r"\s*([-*>|#]|\d+\.)\s?")
    return [lines[0] for lines in blocks if len(lines) > 1 and not all(marked.match(line) for line in lines)]


def sections(document: Any) -> dict[str, str]:
    """The code of each section (under a Markdown heading ``##``) that has any."""
    heading = ""
    found: dict[str, str] = defaultdict(str)
    for cell in document.cells:
        if cell.cell_type == "markdown":
            for line in re.findall(r"^## (.*)", cell.source, flags=re.MULTILINE):
                heading = line
        elif heading:
            found[heading] += cell.source + "\n"
    return dict(found)


# --- Source and notebook ---------------------------------------------------------------------------


def test_there_are_notebooks() -> None:
    """The folder is where the tests look for it, and not empty."""
    assert NAMES


def test_numbers_give_the_order_of_reading() -> None:
    """The notebooks are numbered 01, 02, 03, ... without a gap, and named in small letters."""
    assert [name for name in NAMES if not re.fullmatch(r"\d\d(_[a-z0-9]+)+", name)] == []
    assert [int(name[:2]) for name in NAMES] == list(range(1, len(NAMES) + 1))


@every_notebook
def test_notebook_is_made_from_its_source(name: str) -> None:
    """The .ipynb has exactly the cells that jupytext makes of the .py."""
    made = [(cell.cell_type, cell.source) for cell in notebook(name).cells]
    assert made == [(cell.cell_type, cell.source) for cell in source(name).cells]
    assert all(text.strip() for _, text in made), "a cell is empty"


@every_notebook
def test_source_is_in_the_percent_format(name: str) -> None:
    """Both files say that they are a pair, and which kernel runs them; the version of jupytext is not recorded."""
    header = (FOLDER / f"{name}.py").read_text(encoding="utf-8").split("# ---\n")[1]
    assert "formats: ipynb,py:percent" in header
    assert "jupytext_version" not in header
    for document in (source(name), notebook(name)):
        assert document.metadata.kernelspec.name == "python3"
        assert document.metadata.jupytext.formats == "ipynb,py:percent"


@every_notebook
def test_outputs_are_those_of_one_run(name: str) -> None:
    """Every code cell was executed once, in order, and there is something to see."""
    executed = cells(notebook(name), "code")
    assert [cell.execution_count for cell in executed] == list(range(1, len(executed) + 1))
    assert any(cell.outputs for cell in executed)


@every_notebook
def test_no_cell_fails_or_complains(name: str) -> None:
    """No output is an error, a warning or a progress bar."""
    for cell in cells(notebook(name), "code"):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.text


@every_notebook
def test_notebook_is_valid(name: str) -> None:
    """The .ipynb obeys the schema of its format."""
    nbformat.validate(notebook(name))


@every_notebook
def test_nothing_tells_of_the_machine(name: str) -> None:
    """No path from the root, no address in memory, no time of execution: two runs may differ in nothing."""
    document = notebook(name)
    found = [match.group() for text in texts(document) for match in MACHINE.finditer(text)]
    assert not found
    assert not any(str(place) in text for text in texts(document) for place in (ROOT, Path.home(), sys.prefix))
    assert not any("execution" in cell.metadata for cell in document.cells)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("saved to /home/ada/graph.svg", True),
        ('File "/usr/lib/python3/random.py", line 3', True),
        (r"C:\Users\ada", True),
        ("<matplotlib.lines.Line2D at 0x7f12ab34cd56>", True),
        ("lib/site-packages/numpy", True),
        ("https://www.w3.org/2000/svg", False),
        ("-//W3C//DTD SVG 1.1//EN", False),
        ("dx/dt and a/b/c, 1/2/3", False),
        (r"\frac{1}{2}/n/m", False),
        ("</text></g>", False),
    ],
)
def test_what_tells_of_a_machine_is_seen(text: str, told: bool) -> None:
    """The check sees paths and addresses, and lets links, fractions and markup pass."""
    assert bool(MACHINE.search(text)) is told


# --- A chapter ---------------------------------------------------------------------------------------


@every_notebook
def test_it_reads_like_a_chapter(name: str) -> None:
    """A notebook begins with its number, a title and a question, and ends with what to try next."""
    first, *rest = [cell.source for cell in cells(source(name), "markdown")]
    headings = re.findall(r"^## (.*)", "\n".join(rest), flags=re.MULTILINE)
    assert first.startswith(f"# {int(name[:2])}. ")
    assert "**Question.**" in first
    assert "?" in first
    assert headings[-1] == "What to try next"


@every_notebook
def test_every_idea_is_followed_by_a_check(name: str) -> None:
    """Every section that computes something asserts what it shows."""
    check = re.compile(r"^\s*assert ", re.MULTILINE)
    assert [heading for heading, code in sections(source(name)).items() if not check.search(code)] == []


@every_notebook
def test_a_paragraph_is_one_line(name: str) -> None:
    """In Markdown cells a paragraph is one line, so that a changed word is a changed line and no more."""
    broken = [line for cell in cells(source(name), "markdown") for line in broken_paragraphs(cell.source)]
    assert not broken


@pytest.mark.parametrize(
    ("markdown", "broken"),
    [
        ("One line.\n\nAnother one.", []),
        ("# Title\n\n- first\n- second\n\n1. one\n2. two", []),
        ("| a | b |\n|:--|:--|\n| 1 | 2 |", []),
        ("$$\na = b\n+ c\n$$\n\nText.", []),
        ("```\nx = 1\ny = 2\n```", []),
        ("A sentence that\nruns on.", ["A sentence that"]),
        ("- an item that\n  runs on", ["- an item that"]),
    ],
)
def test_broken_paragraphs_are_seen(markdown: str, broken: list[str]) -> None:
    """The check sees a paragraph of two lines, and lets lists, tables, formulas and code pass."""
    assert broken_paragraphs(markdown) == broken


@every_notebook
def test_no_reusable_code_in_a_cell(name: str) -> None:
    """A cell defines nothing but the small functions that a chapter is about: no class, nothing long."""
    found = definitions(name)
    assert [node.name for node in found if isinstance(node, ast.ClassDef)] == []
    lengths = {node.name: (node.end_lineno or node.lineno) - node.lineno + 1 for node in found}
    assert {function: lines for function, lines in lengths.items() if lines > LONGEST_DEFINITION} == {}


@every_notebook
def test_no_cell_defines_what_the_library_has(name: str) -> None:
    """No cell defines a function under the name of an exported one."""
    assert {node.name for node in definitions(name)} & {*autograd.__all__, *nn.__all__} == set()


def test_no_function_stands_in_two_notebooks() -> None:
    """What two chapters define in the same words belongs in the library."""
    places: dict[str, list[str]] = defaultdict(list)
    for name in NAMES:
        for node in definitions(name):
            places[ast.dump(node)].append(f"{name}: {node.name}")
    assert [found for found in places.values() if len(found) > 1] == []


@every_notebook
@pytest.mark.parametrize("command", ["check", "format --check"])
def test_source_is_ruff_clean(name: str, command: str) -> None:
    """The sources pass the linter and are formatted, like the rest of the code."""
    ruff = [sys.executable, "-m", "ruff", *command.split(), "--no-cache", str(FOLDER / f"{name}.py")]
    result = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
