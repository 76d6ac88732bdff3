"""The tool that tests the tests: which faults it makes, where it leaves a file alone, and what it calls found."""

from __future__ import annotations

import ast
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from source_mutants.__main__ import FILES
from source_mutants.choosing import Chooser, sample
from source_mutants.kinds import Mutant, mutants
from source_mutants.reaching import Reached
from source_mutants.report import Equivalent, entry, equivalents, place_of, reason

ROOT = Path(__file__).resolve().parents[1]
SOURCES = {file: (ROOT / file).read_text(encoding="utf-8") for file in FILES}


def changed(line: str, kind: str) -> list[str]:
    """What becomes of a line of a function, by each mutant of a kind."""
    source = f"def f(a, b, c):\n    {line}\n"
    return [each.applied(source).splitlines()[1].strip() for each in mutants("f.py", source) if each.kind == kind]


@pytest.mark.parametrize(
    ("kind", "line", "expected"),
    [
        ("comparison", "a < b", ["a <= b", "a >= b"]),
        ("comparison", "a < b < c", ["a <= b < c", "a >= b < c", "a < b <= c", "a < b >= c"]),
        ("comparison", "a == b", ["a != b"]),
        ("comparison", "a is not b", ["a is b"]),
        ("comparison", "a in b", ["a not in b"]),
        ("arithmetic", "a - (b - c)", ["a + (b - c)", "a - (b + c)"]),
        ("arithmetic", "a * b", ["a / b"]),
        ("arithmetic", "a ** b", ["a * b"]),
        ("arithmetic", "a += b", ["a -= b"]),
        ("constant", "a = 1", ["a = 2"]),
        ("constant", "a = 0.5", ["a = 1.5"]),
        ("constant", "a = True", ["a = False"]),
        ("condition", "return b if a else c", ["return b if not a else c"]),
        ("condition", "[x for x in a if b and c]", ["[x for x in a if not (b and c)]"]),
        ("boolean", "a and b and c", ["a or b or c"]),
        ("sign", "a * -b", ["a * b"]),
        ("sign", "a if not b else c", ["a if b else c"]),
        ("statement", "a(b)", ["pass"]),
        ("statement", "a.b = c", ["pass"]),
        ("statement", "a[b] = c", ["pass"]),
        ("statement", "a += b", ["pass"]),
        ("statement", "raise a", ["pass"]),
        ("return", "return a + b", ["return None"]),
        ("argument order", "a(b, c, 1)", ["a(c, b, 1)", "a(b, 1, c)"]),
        ("argument order", "a(b, 'c', 'd', *e)", ["a(b, 'd', 'c', *e)"]),
        ("keyword", "a(b, c=1, d=2)", ["a(b, d=2)", "a(b, c=1)"]),
        ("function", "min(a, b)", ["max(a, b)"]),
        ("key", "a['x'] == 'y'", ["a['xx'] == 'y'", "a['x'] == 'yx'"]),
    ],
)
def test_each_kind_of_fault(kind: str, line: str, expected: list[str]) -> None:
    """The text becomes the other one, with brackets only where they are needed, and nothing else changes."""
    assert changed(line, kind) == expected


def test_faults_in_blocks() -> None:
    """A loop that goes on instead of ending, an exception that is no longer caught."""
    source = "for x in y:\n    try:\n        break\n    except (A, B):\n        continue\n"
    applied = [each.applied(source) for each in mutants("f.py", source)]
    assert [text for text in applied if text.count("continue") == 2]
    assert [text for text in applied if text.count("break") == 2]
    assert [text.splitlines()[3].strip() for text in applied if "except (A, B)" not in text] == [
        "except (B,):",
        "except (A,):",
    ]


@pytest.mark.parametrize(
    "source",
    [
        '"""1 + 1 == 2"""',
        "import a.b",
        "from a import b",
        "def f(x: 'int | 3', *y: tuple[1]) -> list[1 + 1]: ...",
        "if TYPE_CHECKING:\n    x = 1 + 1",
        "@overload\ndef f(x=1): return 2",
        "class P(Protocol):\n    def f(self, x=1): return 2",
        "class P(Protocol[T]):\n    x = 1",
        "def f(x):\n    raise",
        "__all__ = a[1]",
        "__slots__ = (1,)",
        "x = f'{1 + 1}'",
        "def f(): return",
        "def f(): return None",
        "x: int",
    ],
)
def test_what_is_left_alone(source: str) -> None:
    """Texts for people and what only a type checker reads have no faults that tests should find."""
    assert [each for each in mutants("f.py", source) if each.kind != "statement"] == []


def test_letters_of_several_bytes() -> None:
    """Places are counted in characters, as the text is."""
    source = "x = 'αβγ' + f('δ', a < b)  # ε"
    assert [each.applied(source) for each in mutants("f.py", source) if each.kind == "comparison"] == [
        "x = 'αβγ' + f('δ', a <= b)  # ε",
        "x = 'αβγ' + f('δ', a >= b)  # ε",
    ]


@pytest.mark.parametrize("file", FILES)
def test_every_fault_is_a_program(file: str) -> None:
    """It can be compiled, means something else than the original, and its diff has what changed alone."""
    source = SOURCES[file]
    found = mutants(file, source)
    assert len(found) > 50
    original = ast.dump(ast.parse(source))
    for mutant in random.Random(0).sample(found, 8):
        text = mutant.applied(source)
        assert ast.dump(ast.parse(text)) != original, mutant
        assert text.startswith(source[: mutant.start])
        assert text.endswith(source[mutant.end :])
        removed = [line[2:] for line in mutant.diff(source).splitlines() if line.startswith("- ")]
        assert removed == source.splitlines()[mutant.first - 1 : mutant.last]


def test_places_are_named() -> None:
    """With the file, the line, and the function or class around it."""
    source = "x = 1\n\nclass A:\n    def f(self):\n        return 2\n"
    assert [each.place for each in mutants("a/b.py", source) if each.kind == "constant"] == [
        "a/b.py:1",
        "a/b.py:5, A.f",
    ]


# --- Samples and sessions ---------------------------------------------------------------------------------


def test_a_sample_is_even() -> None:
    """Each file has its share, each kind its turn; the same seed gives the same sample, another another."""
    found = [mutant for file, source in SOURCES.items() for mutant in mutants(file, source)]
    chosen = sample(found, 90, random.Random(1))
    assert len(set(chosen)) == 90
    assert set(Counter(mutant.file for mutant in chosen).values()) == {10}
    assert min(len({mutant.kind for mutant in chosen if mutant.file == file}) for file in FILES) >= 8
    assert chosen == sample(found, 90, random.Random(1))
    assert chosen != sample(found, 90, random.Random(2))
    assert set(sample(found, 10**6, random.Random(0))) == set(found)


def reached(name: str, seconds: float, *lines: int) -> Reached:
    """A test that runs these lines of a.py."""
    return Reached(name, seconds, {"p/a.py": frozenset(lines)})


def test_sessions_ask_near_and_quick_tests_first() -> None:
    """The file of the same name, then others, the slow ones, those that run other lines; none twice, none for long."""
    tests = [
        reached("tests/test_a.py::slow", 9.0, 1),
        reached("tests/test_a.py::quick", 0.1, 1),
        reached("tests/test_b.py::one", 0.2, 1),
        reached("tests/test_c.py::one", 0.1, 1),
        reached("tests/test_c.py::far", 0.1, 2),
        reached("tests/test_d.py::endless", 99.0, 1),
    ]
    mutant = Mutant("p/a.py", "return", "f", 1, 1, 0, 1, "a", "b")
    names = [[test.name for test in session] for session in Chooser(tests, 60.0).sessions(mutant)]
    assert names == [
        ["tests/test_a.py::quick"],
        ["tests/test_c.py::one", "tests/test_b.py::one"],
        ["tests/test_a.py::slow"],
        ["tests/test_c.py::far"],
    ]


def test_who_found_many_is_asked_earlier() -> None:
    """Of the files that have another name, those whose tests have found most come first."""
    tests = [reached(f"tests/test_{name}.py::one", 3.0, 1) for name in "bcdefg"]
    mutant = Mutant("p/a.py", "return", "f", 1, 1, 0, 1, "a", "b")
    chooser = Chooser(tests, 60.0)
    assert next(iter(chooser.sessions(mutant)))[0].name == "tests/test_b.py::one"
    chooser.killed("tests/test_f.py::one[1]")
    assert next(iter(chooser.sessions(mutant)))[0].name == "tests/test_f.py::one"


def test_a_line_that_no_test_runs_is_held_against_all_files_that_run_the_file() -> None:
    """Such as a constant, which is only read when the file is imported: a test of it runs no line of the file."""
    tests = [
        reached("tests/test_b.py::one", 0.1, 7),
        Reached("tests/test_b.py::two", 0.2, {}),
        Reached("tests/test_c.py::one", 0.1, {"p/other.py": frozenset([3])}),
    ]
    mutant = Mutant("p/a.py", "constant", "", 3, 3, 0, 1, "1", "2")
    found = [test.name for session in Chooser(tests, 60.0).sessions(mutant) for test in session]
    assert found == ["tests/test_b.py::one", "tests/test_b.py::two"]


# --- The list of those that are no faults -----------------------------------------------------------------


def test_the_list_of_equivalents_is_true_to_the_source() -> None:
    """Each entry fits a mutant of today's source, is there once, and says why."""
    listed = equivalents()
    found = {file: mutants(file, (ROOT / file).read_text(encoding="utf-8")) for file in {each.file for each in listed}}
    stale = [
        each
        for each in listed
        if not any(each.fits(mutant, (ROOT / each.file).read_text(encoding="utf-8")) for mutant in found[each.file])
    ]
    assert stale == []
    assert len({each[:-1] for each in listed}) == len(listed)
    assert all(len(each.reason) > 20 for each in listed)


def test_an_equivalent_is_known_by_its_line() -> None:
    """The same change of the same text in another line, or later in that line, is another mutant."""
    source = "def f(x):\n    y = x + 1; z = x + 1\n    return y + z + (x + 1)\n"
    known = [Equivalent("f.py", "f", "y = x + 1; z = x + 1", 4, "x + 1", "x - 1", "none")]
    assert [reason(m, source, known) for m in mutants("f.py", source) if m.new == "x - 1"] == ["none", None, None]
    assert {place_of(m, source)[0] for m in mutants("f.py", source)} == {known[0].line, "return y + z + (x + 1)"}


def test_an_entry_can_be_pasted_into_the_list(tmp_path: Path) -> None:
    """What is printed for a survivor is read as the entry of that mutant, whatever its text."""
    source = 'def f(x):\n    return g(x, \'it\\\'s\', """\n    \\\\ two""", k=1)\n'
    found = mutants("f.py", source)
    path = tmp_path / "equivalent.toml"
    path.write_text("\n".join([entry(mutant, source) for mutant in found]), encoding="utf-8")
    listed = equivalents(path)
    assert len(listed) == len(found) > 3
    assert all(each.fits(mutant, source) for each, mutant in zip(listed, found, strict=True))


# --- All of it ------------------------------------------------------------------------------------------------

PROJECT = {
    "autograd/__init__.py": "",
    "autograd/clamp.py": """
LIMIT = 10

def clamp(x):
    if x > LIMIT:
        return LIMIT
    return x

def countdown(n):
    while n > 0:
        n -= 1
    return n
""",
    "tests/test_clamp.py": """
from autograd.clamp import clamp, countdown

def test_clamp():
    assert clamp(11) == 10

def test_below():
    assert clamp(3) == 3

def test_countdown():
    assert countdown(3) == 0
""",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with tests that leave a hole: nobody asks about the limit itself."""
    for name, text in PROJECT.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "project"


def run(*arguments: object, code: str = "") -> subprocess.CompletedProcess[str]:
    """The command, or other code beside it, in a process of its own: it forks, and loads no project."""
    command = [sys.executable, *(["-c", code] if code else ["-m", "source_mutants"]), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT / "tests", capture_output=True, text=True, check=False, timeout=300)


def test_survivors_are_named(project: Path) -> None:
    """The one hole is found, with its diff; what is found by the tests is not named; the files stay as they are."""
    done = run("autograd/clamp.py", "-n", 100, "--seed", 1, "--kind", "comparison", "--root", project)
    assert done.stderr == ""
    assert done.returncode == 1
    assert "survived   autograd/clamp.py:5, clamp: comparison (3 tests;" in done.stdout
    assert "-     if x > LIMIT:\n+     if x >= LIMIT:\n" in done.stdout
    assert "killed     autograd/clamp.py:5, clamp: comparison (tests/test_clamp.py::test_below;" in done.stdout
    assert done.stdout.count("survived ") == 2  # the table has a column of them
    for name, text in PROJECT.items():
        assert (project / name).read_text(encoding="utf-8") == text


def test_the_reached_lines_are_measured_once(project: Path) -> None:
    """And again when a test or the file has changed; then the hole can be closed."""
    ask = ("autograd/clamp.py", "-n", 100, "--kind", "comparison", "--root", project)
    assert "measuring tests/test_clamp.py" in run(*ask).stdout
    assert "measuring" not in run(*ask).stdout
    path = project / "tests" / "test_clamp.py"
    more = "\ndef test_limit():\n    assert clamp(10.0) is not 10 and type(clamp(10.0)) is float\n"
    path.write_text(PROJECT["tests/test_clamp.py"] + more, encoding="utf-8")
    done = run(*ask)
    assert "measuring tests/test_clamp.py" in done.stdout
    assert "killed     autograd/clamp.py:5, clamp: comparison (tests/test_clamp.py::test_limit;" in done.stdout


def test_what_does_not_end_is_ended(project: Path) -> None:
    """After so many seconds of the processor, with all that it has started; and what dies has an outcome too."""
    done = run(
        project,
        code="""
import os, sys, tempfile
from pathlib import Path
from source_mutants.trying import Workshop

def endless():
    while True:
        pass

with tempfile.TemporaryDirectory() as place:
    workshop = Workshop(Path(sys.argv[1]), Path(place))
    print(workshop.apart(endless, 0.0))
    print(workshop.apart(lambda: os._exit(3), 5.0))
    print(workshop.apart(lambda: 1 / 0, 5.0))
    print(workshop.apart(lambda: [os.getcwd() == place, sys.path[0] == place], 5.0))
    print(workshop.run(["tests/test_clamp.py::test_absent"], 5.0))
    with workshop.changed("autograd/clamp.py", "import nothing_of_that_name"):
        print(workshop.run(["tests/test_clamp.py::test_clamp"], 5.0))
    print(workshop.run(["tests/test_clamp.py::test_clamp"], 5.0))
""",
    )
    assert done.stderr == ""
    lines = [line.removeprefix("Outcome(word=").replace(" detail=", " ") for line in done.stdout.splitlines()]
    assert lines[0].startswith("'time-out'")
    assert lines[1] == "'died', 'exit 3')"
    assert lines[2] == "'died', 'exit 1')"
    assert lines[3] == "'passed', '[true, true]')"
    assert lines[4].startswith("'failed'")
    assert lines[5] == "'failed', 'tests/test_clamp.py')"
    assert lines[6].startswith("'passed'")
