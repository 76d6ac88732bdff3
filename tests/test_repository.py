"""The house itself: its layout, its commands, which file may import which, and what the packages export."""

from __future__ import annotations

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Protocol, runtime_checkable

import pytest

ROOT = Path(__file__).resolve().parents[1]

LAYOUT = {
    *("pyproject.toml", "README.md", "autograd", "nn", "tests", "notebooks"),
    *("LICENSE", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "Makefile"),
    *(".ci", ".gitignore", ".pre-commit-config.yaml"),
}

# A file imports only what stands above it. `__init__` gathers everything but the command line.
ORDER = {
    "autograd": [
        "readings",
        "showing",
        "readings.letters",
        "showing.saving",
        "readings.trees",
        "readings.printing",
        "readings.latex",
        "readings.symbols",
        "readings.typesetting",
        "guards",
        "rules",
        "readings.specials",
        "readings.arrays",
        "collector",
        "handmade",
        "graph",
        "recorder",
        "entries",
        "modes",
        "operands",
        "value",
        "programs",
        "structures",
        "functions",
        "ufuncs",
        "sequences",
        "showing.labels",
        "nodes",
        "pullbacks",
        "differentiable",
        "tracing",
        "straightway",
        "transforms",
        "checking",
        "readings.formulas",
        "showing.stepping",
        "showing.folding",
        "showing.explanation",
        "showing.rendering",
        "showing.drawing",
        "showing.placing",
        "readings.scripting",
        "showing.animation",
        "showing.expressions",
        "compiler.comparing",
        "compiler.failing",
        "compiler.tracking",
        "compiler.conditions",
        "compiler.recording",
        "compiler.beside",
        "compiler.debugging",
        "compiler.scalars",
        "compiler.numbering",
        "compiler.likeness",
        "compiler.normalising",
        "compiler.repetitions",
        "compiler.loops",
        "compiler.arrays",
        "compiler.expressions",
        "compiler.blocks",
        "compiler.positions",
        "compiler.rolled",
        "compiler.roller",
        "compiler.sums",
        "compiler.rolling",
        "compiler.reading",
        "compiler.singles",
        "compiler.inline",
        "compiler.simplifying",
        "compiler.sharing",
        "compiler.lowering",
        "compiler.linearise",
        "compiler.reverse",
        "compiler.buffers",
        "compiler.kernels",
        "compiler.checks",
        "compiler.naming",
        "compiler.printers",
        "compiler.printers.expressions",
        "compiler.printers.singles",
        "compiler.printers.statements",
        "compiler.printers.loops",
        "compiler.printers.python",
        "compiler.printers.watching",
        "compiler.printers.functional",
        "compiler.targets.words",
        "compiler.targets.target",
        "compiler.targets.numpy",
        "compiler.targets.library",
        "compiler.targets.jax",
        "compiler.targets.torch",
        "compiler.targets.choosing",
        "compiler.targets",
        "compiler.formulas",
        "compiler.surroundings",
        "compiler.static",
        "compiler.whole",
        "compiler.again",
        "compiler.listing",
        "compiler.schedules",
        "compiler.keeping",
        "compiler.layouts",
        "compiler.colours",
        "compiler.behind",
        "compiler.forms",
        "compiler.paths",
        "compiler.sweeps",
        "compiler.stepwise",
        "compiler.straight",
        "compiler.kernelwise",
        "compiler.selfcheck",
        "compiler.calls",
        "compiler.means",
        "compiler.columns",
        "compiler.divided",
        "compiler.averages",
        "compiler.objective",
        "compiler.batches",
        "compiler.averaging",
        "compiler.holding",
        "compiler.road",
        "compiler.bare",
        "compiler.quickest",
        "compiler.roads",
        "compiler.derived",
        "compiler.pickling",
        "compiler.compiled",
        "compiler.jitting",
        "compiler",
        "__init__",
        "__main__",
    ],
    "nn": [
        "tables",
        "preparing",
        "data",
        "activations",
        "inputs",
        "modules",
        "architecture",
        "pictures",
        "losses",
        "optimizers",
        "examples",
        "descent",
        "measuring",
        "plots",
        "replacing",
        "storage",
        "training",
        "__init__",
        "__main__",
    ],
}

# Names that Python already has: attributes of autograd, but a star import must not replace the built-in ones.
BUILTINS = {"abs", "max", "min", "pow", "round", "sum"}

# Modules that are themselves exported: autograd.rules.TABLE and nn.data.digits() are the public spellings.
EXPORTED_MODULES = {"autograd": {"rules"}, "nn": {"data"}}

# Dear to import, so imported where they are used.
LAZY = {
    "autograd": {"numpy", "graphviz", "tqdm", "dataclasses", "importlib.resources"},
    "nn": {"numpy", "graphviz", "tqdm", "safetensors"},
}

# Hosts from which packages are downloaded. (Put together by the pattern, so that this file names none.)
REGISTRY = re.compile(
    rb"\b(?:pypi|pythonhosted|npmjs|debian|ubuntu|anaconda|crates|golang|rubygems)"
    rb"\.(?:org|com|io|net)\b",
    re.IGNORECASE,
)

PACKAGES = sorted(ORDER)
COMPILER = sorted((ROOT / "autograd" / "compiler").rglob("*.py"))
NN = sorted((ROOT / "nn").rglob("*.py"))


# --- Helpers --------------------------------------------------------------------------------------


def read(name: str) -> str:
    """The text of a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def tracked() -> list[str]:
    """Paths that git tracks; skips the test outside a checkout (a source distribution has none)."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout")
    listing = subprocess.run([git, "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True)
    return [os.fsdecode(path) for path in listing.stdout.split(b"\0") if path]


def files(package: str) -> dict[str, Path]:
    """The package's files by their name in `ORDER`: `value`, `compiler.rolling`, `compiler`, `__init__`."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT / package).with_suffix("").parts
        if len(parts) > 1 and parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(parts)] = path
    return found


def load(package: str) -> ModuleType:
    """The package itself; skips the test while it does not exist."""
    if not (ROOT / package / "__init__.py").exists():
        pytest.skip(f"{package}/__init__.py is not written yet")
    return importlib.import_module(package)


def imports(tree: ast.AST, location: str) -> Iterator[tuple[str, str | None, int]]:
    """Each import of a file as (module, name or None, line), inside functions and under TYPE_CHECKING too.

    `location` is the dotted package in which the file lies; relative imports are resolved against it. A
    constant handed to `import_module` counts as well: it would otherwise be the way around the order.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None, node.lineno
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                base = location.split(".")
                base = base[: len(base) - node.level + 1]
                module = ".".join([*base, *module.split(".")] if module else base)
            for alias in node.names:
                yield module, alias.name, node.lineno
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function, name = ast.unparse(node.func).split(".")[-1], node.args[0].value
            if function in {"import_module", "__import__"} and isinstance(name, str):
                yield (location + name if name.startswith(".") else name), None, node.lineno


def upward(package: str, name: str, source: str) -> list[str]:
    """The imports in `source`, the text of `package`'s file `name`, that do not stand above it in `ORDER`."""
    order = ORDER[package]
    parent = "compiler" if name == "compiler" else name.rpartition(".")[0]
    location = f"{package}.{parent}" if parent else package
    wrong = []
    for module, imported, line in imports(ast.parse(source), location):
        if module.split(".")[0] != package:
            continue
        target = module[len(package) + 1 :]
        inner = f"{target}.{imported}" if target else imported
        if inner in order:  # `from autograd import rules`: a module, and not a name of __init__
            target = inner
        target = target or "__init__"
        if target not in order[: order.index(name)]:
            wrong.append(f"{package}/{name}, line {line}: imports {target}")
    return wrong


def private_uses(source: str, public: set[str]) -> list[str]:
    """What `source`, the text of a file of nn, takes from autograd beside its public names."""
    tree = ast.parse(source)
    wrong = []
    for module, imported, line in imports(tree, "nn"):
        if module.split(".")[0] == "autograd" and (
            module != "autograd" or (imported is not None and imported not in public)
        ):
            wrong.append(f"line {line}: {module}{'' if imported is None else '.' + imported}")
    aliases = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "autograd"
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or ast.unparse(node.value) not in aliases:
            continue
        if node.attr not in public and not node.attr.startswith("__"):
            wrong.append(f"line {node.lineno}: autograd.{node.attr}")
    return wrong


# --- Commands and files ---------------------------------------------------------------------------


def test_ci_runs_the_contributors_own_commands() -> None:
    """Continuous integration runs `make lint`, and `make test` within `make coverage`, and is executable."""
    lines = [line.split("#")[0].strip() for line in read(".ci/run").splitlines()]
    assert "make lint" in lines
    assert "make coverage" in lines
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize(
    "target",
    [
        *("help", "demo", "test", "coverage", "test-all", "test-oldest", "test-backends", "fuzz", "mutants", "lint"),
        *("bench", "bench-peers", "notebooks", "javascript", "dist", "clean"),
    ],
)
def test_makefile_target(target: str) -> None:
    """Each command that the documents name is a target of the Makefile, explained by `make help`."""
    assert re.search(rf"^{target}:.*## \S", read("Makefile"), flags=re.MULTILINE)


def test_an_absent_interpreter_is_named(tmp_path: Path) -> None:
    """`make test-all` looks for every interpreter before it begins, and says which one is missing."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("no make")
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / f"python{here}").symlink_to(sys.executable)
    command = [make, "--no-print-directory", "--file", str(ROOT / "Makefile"), "test-all"]
    command += [f"PYTHONS={here} 3.99", "VENV=unused"]
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "MAKEFLAGS": ""}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "test-all: expected an interpreter python3.99 on PATH, got none" in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / f"unused-{here}").exists()


def test_lint_is_ruff_and_strict_mypy() -> None:
    """`make lint` checks with ruff, checks the format, and checks the types strictly."""
    recipe = read("Makefile").split("\nlint:")[1].split("\n\n")[0]
    assert "ruff check" in recipe
    assert "ruff format --check" in recipe
    assert "mypy --strict autograd nn tests" in recipe


def test_coverage_is_that_of_the_whole_suite() -> None:
    """`make coverage` is `make test`, measured in every process, and fails below a floor."""
    recipe = read("Makefile").split("\ncoverage:")[1].split("\n\n")[0]
    assert re.search(r'\$\(MAKE\) .*test MEASURE="-m coverage run"', recipe)
    assert re.search(r"^\t\$\(PY\) \$\(MEASURE\) -m pytest", read("Makefile"), flags=re.MULTILINE)
    settings = read("pyproject.toml").split("[tool.coverage.run]")[1].split("[tool.mypy]")[0]
    assert 'source = ["autograd", "nn"]' in settings
    assert 'patch = ["subprocess", "_exit"]' in settings
    assert float(re.search(r"^fail_under = (\S+)", settings, flags=re.MULTILINE)[1]) >= 98.0  # type: ignore[index]


def test_licence_of_the_code_is_mit() -> None:
    """LICENSE is the MIT licence; what pyproject.toml says of it and of the digits, test_packaging looks at."""
    text = read("LICENSE")
    assert text.startswith("MIT License\n\nCopyright (c) 2026 The chainrule authors\n")
    assert "Permission is hereby granted, free of charge, to any person" in text


def test_packages_are_typed() -> None:
    """Both packages tell type checkers that they carry their own types."""
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").exists()


def test_top_level_holds_nothing_else() -> None:
    """The top level holds only what a reader must learn."""
    unexpected = {path.split("/")[0] for path in tracked()} - LAYOUT
    assert not unexpected, f"expected only {sorted(LAYOUT)} at the top level, got also {sorted(unexpected)}"


def test_no_file_names_a_registry() -> None:
    """No file records from which host packages are downloaded: that is the business of each machine."""
    paths = [path for path in tracked() if (ROOT / path).is_file()]  # not what was just deleted
    found = {path: REGISTRY.findall((ROOT / path).read_bytes()) for path in paths}
    assert not {path: hosts for path, hosts in found.items() if hosts}


def test_registries_are_recognised() -> None:
    """The check sees a host in an address, and lets the name of a registry in a sentence pass."""
    # Put together here, since no file may hold one.
    address = "https://files.python" + "hosted" + ".org/packages"
    assert REGISTRY.search(address.encode())
    assert not REGISTRY.search(b"PyPI has another package of that name; on Debian and Ubuntu: python3-venv")


@pytest.mark.parametrize("name", ["Pipfile.lock", "package-lock.json", "pdm.lock", "poetry.lock", "uv.lock"])
def test_lock_files_are_ignored(name: str) -> None:
    """Lock files, which record the addresses of registries, are ignored by git."""
    assert name in read(".gitignore").splitlines()


# --- Which file may import which ------------------------------------------------------------------


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_has_its_place(package: str) -> None:
    """A new file must be put into the order before it may exist."""
    unplaced = files(package).keys() - set(ORDER[package])
    assert not unplaced, f"put these files of {package} into ORDER: {sorted(unplaced)}"


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_downward(package: str) -> None:
    """A file imports only files that stand above it, wherever in the file the import stands."""
    wrong = []
    for name, path in files(package).items():
        if name in ORDER[package]:
            wrong += upward(package, name, path.read_text(encoding="utf-8"))
    assert not wrong


@pytest.mark.parametrize(
    ("name", "source", "imported"),
    [
        ("value", "from autograd.showing.drawing import draw", "showing.drawing"),
        ("value", "from .showing import drawing", "showing.drawing"),
        ("value", "from . import rules", None),
        ("value", "from .rules import MUL", None),
        ("value", "import autograd.showing.drawing", "showing.drawing"),
        ("value", "from autograd import Value", "__init__"),
        ("value", "def f():\n    from .showing.drawing import draw", "showing.drawing"),
        ("value", "if TYPE_CHECKING:\n    from .showing.drawing import draw", "showing.drawing"),
        ("value", "import_module('autograd.showing.drawing')", "showing.drawing"),
        ("value", "importlib.import_module('.showing.drawing', 'autograd')", "showing.drawing"),
        ("value", "from .value import Value", "value"),
        ("value", "from .secret import spell", "secret"),
        ("compiler.rolling", "from .recording import record", None),
        ("compiler.rolling", "from ..value import Value", None),
        ("compiler.rolling", "from . import lowering", "compiler.lowering"),
        ("compiler.rolling", "from autograd.compiler.lowering import lower", "compiler.lowering"),
        ("compiler", "from .compiled import jit", None),
        ("__init__", "from .compiler import jit", None),
        ("__init__", "from .__main__ import main", "__main__"),
        ("__main__", "from autograd import Value, draw", None),
    ],
)
def test_the_order_is_enforced(name: str, source: str, imported: str | None) -> None:
    """The check sees an upward import in each way of writing it, and lets the downward ones pass."""
    line = source.count("\n") + 1
    expected = [] if imported is None else [f"autograd/{name}, line {line}: imports {imported}"]
    assert upward("autograd", name, source) == expected


def test_nn_uses_only_public_names() -> None:
    """What nn needs of autograd, every user can import."""
    paths = files("nn")
    if not any("autograd" in path.read_text(encoding="utf-8") for path in paths.values()):
        pytest.skip("nn does not use autograd yet")
    public = set(load("autograd").__all__) | BUILTINS
    wrong = {name: private_uses(path.read_text(encoding="utf-8"), public) for name, path in paths.items()}
    assert not {name: uses for name, uses in wrong.items() if uses}


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("from autograd import Value, sum", True),
        ("import autograd as ag\nag.Value(ag.sum([1.0]))\nag.__file__", True),
        ("from autograd.value import Value", False),
        ("import autograd.value", False),
        ("from autograd import rules", False),
        ("import autograd as ag\nag.value.Value", False),
    ],
)
def test_private_uses_are_seen(source: str, allowed: bool) -> None:
    """The check sees a private name in each way of reaching it, and lets public ones pass."""
    assert (not private_uses(source, {"Value", "sum"})) is allowed


def inside_uses(source: str, public: set[str], inside: set[str]) -> list[str]:
    """What `source`, the text of a benchmark, takes from the inside of the packages.

    A name that is not exported, an attribute with a leading underscore, one of those in `inside`, whatever it is of.
    """
    wrong = private_uses(source, public)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            dunder = node.attr.startswith("__") and node.attr.endswith("__")
            if (node.attr.startswith("_") and not dunder) or node.attr in inside:
                wrong.append(f"line {node.lineno}: .{node.attr}")
    for module, imported, line in imports(ast.parse(source), "benchmarks"):
        if module.startswith("nn.") or (module == "nn" and imported is not None and imported.startswith("_")):
            wrong.append(f"line {line}: {module}.{imported}")
    return wrong


def inside_of_jitted() -> set[str]:
    """The attributes of a jitted function that are none of a user's."""
    jitted = load("autograd").jit(abs)
    documented = {"arrays", "batch", "kernel", "map", "mean", "name", "program", "source"}
    return {name for name in dir(jitted) if not name.startswith("_")} - documented


def test_benchmarks_measure_what_a_user_gets() -> None:
    """The benchmarks call public functions: no private name, nothing from the inside of the compiler."""
    public, inside = set(load("autograd").__all__) | BUILTINS, inside_of_jitted()
    paths = sorted((ROOT / "tests" / "benchmarks").glob("*.py"))
    assert paths
    wrong = {path.name: inside_uses(path.read_text(encoding="utf-8"), public, inside) for path in paths}
    assert not {name: uses for name, uses in wrong.items() if uses}


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("from autograd import jit\njit(f).mean(X)\njit(f).kernel(x).value(x)\nf.__name__", True),
        ("from nn import MLP\nimport nn\nnn.data.moons(10)", True),
        ("from autograd.compiler.batches import Batch", False),
        ("import autograd.compiler", False),
        ("from nn.training import fit", False),
        ("v._number", False),
        ("fast.families", False),
        ("fast.roads.of(x)", False),
    ],
)
def test_what_is_inside_is_seen(source: str, allowed: bool) -> None:
    """The check sees each way in, and lets the public functions pass."""
    assert (not inside_uses(source, {"jit"}, inside_of_jitted())) is allowed


def test_autograd_does_not_know_nn() -> None:
    """The engine does not depend on what is built on it."""
    for name, path in files("autograd").items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert "nn" not in {module.split(".")[0] for module, _, _ in imports(tree, "autograd")}, name


# --- What an upper floor tells a lower one --------------------------------------------------------
#
# An import is not the only way up: a context variable holds what an upper floor has put there, and with Any in its type
# the lower floor may ask of it whatever it likes. So its type says what may be asked, in classes and protocols of its
# own floor; tests/test_typing.py shows that the type checker holds both sides to it.


def names_in(annotation: ast.AST) -> Iterator[str]:
    """The names in an annotation, also in those of its parts that are text."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from names_in(ast.parse(node.value, mode="eval"))
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def is_variable(node: ast.AST) -> bool:
    """Whether an expression is ContextVar, by itself or of a module."""
    return getattr(node, "id", getattr(node, "attr", "")) == "ContextVar"


def untyped_variables(source: str) -> list[str]:
    """The lines of a file in which a context variable is made or handed over of which nobody knows what it holds."""
    tree = ast.parse(source)
    wrong = []
    typed: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call):
            typed.add(node.value.func)
        if isinstance(node, ast.Subscript) and is_variable(node.value):
            typed.add(node.value)
            wrong += [f"line {node.lineno}: {name}" for name in names_in(node.slice) if name in {"Any", "object"}]
    uses = [x for x in ast.walk(tree) if isinstance(x, (ast.Name, ast.Attribute)) and is_variable(x)]
    return wrong + [f"line {x.lineno}: untyped" for x in uses if x not in typed]


@pytest.mark.parametrize("package", PACKAGES)
def test_it_is_known_what_a_context_variable_holds(package: str) -> None:
    """Its type says so, and names no Any."""
    wrong = {name: untyped_variables(path.read_text(encoding="utf-8")) for name, path in files(package).items()}
    assert not {name: lines for name, lines in wrong.items() if lines}


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("x: ContextVar[int | None] = ContextVar('x', default=None)", True),
        ("x: ContextVar['Watcher | None'] = ContextVar('x', default=None)", True),
        ("def f(x: ContextVar[Entries | None]) -> None: ...", True),
        ("x: ContextVar[Any] = ContextVar('x', default=None)", False),
        ("x: ContextVar[typing.Any | None] = ContextVar('x', default=None)", False),
        ("x: ContextVar['list[Any]'] = ContextVar('x')", False),
        ("x: ContextVar[object] = ContextVar('x')", False),
        ("x: contextvars.ContextVar[Any] = contextvars.ContextVar('x')", False),
        ("x = ContextVar('x', default=None)", False),
        ("def f(x: ContextVar) -> None: ...", False),
        ("def f(x: ContextVar[Any]) -> None: ...", False),
        ("Variable = ContextVar[Any]", False),
    ],
)
def test_untyped_variables_are_seen(source: str, known: bool) -> None:
    """The check sees an untyped one in each way of writing it, and lets the typed ones pass."""
    assert (not untyped_variables(source)) is known


def variables(package: str) -> Iterator[tuple[str, ContextVar[object], set[type]]]:
    """Each context variable of a package: its file, itself, and the classes of the package that its type names."""
    for name, path in files(package).items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parent = name.rpartition(".")[0]
        origins = {x: module for module, x, _ in imports(tree, f"{package}.{parent}" if parent else package)}
        for node in tree.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call) and is_variable(node.value.func):
                here = f"{package}.{name}"
                module = importlib.import_module(here)
                found = [
                    getattr(importlib.import_module(origins.get(held, here)), held, None)
                    for held in names_in(node.annotation)
                    if origins.get(held, package).startswith(package)
                ]
                yield name, getattr(module, ast.unparse(node.target)), {x for x in found if isinstance(x, type)}


def test_what_stands_above_is_held_by_a_protocol_below() -> None:
    """No context variable's type names a class of a higher floor; what is an instance of one has a protocol's members.

    Looked at while a function is recorded, alone and within modes.
    """
    autograd = load("autograd")
    order = ORDER["autograd"]
    above: set[str] = set()

    def floor(kind: type) -> int:
        return order.index(kind.__module__.removeprefix("autograd."))

    def looked_at(x: float) -> float:
        for name, variable, classes in variables("autograd"):
            assert all([floor(kind) <= order.index(name) for kind in classes]), name
            held: object = variable.get(None)
            if type(held).__module__.startswith("autograd"):
                protocols = {kind for kind in classes if Protocol in kind.__bases__}
                high = floor(type(held)) > order.index(name)
                fitting = [runtime_checkable(kind) for kind in protocols] if high else [*classes - protocols]
                assert any([isinstance(held, kind) for kind in fitting]), name
                above.update({f"{name}: {type(held).__name__}"} if high else ())
        return x * x

    autograd.jit(looked_at)(3.0)
    with autograd.detect_anomaly(), autograd.no_grad():
        autograd.jit(looked_at)(3.0)
    assert above == {"recorder: Recording", "modes: Recording"}


# --- What nn asks and gives -----------------------------------------------------------------------

ANY = {
    ("modules", "Module.__call__"): 2,  # each module takes what it takes; its result is a Value or a list of them
    ("modules", "Layer.__call__"): 1,  # the same result
    ("modules", "MLP.__call__"): 1,  # the same result
    ("optimizers", "State"): 1,  # an optimizer of the user's may keep whatever it likes: numbers, arrays, lists
    ("optimizers", "Optimizer.update"): 2,  # the same, in and out
    ("optimizers", "SGD.update"): 2,
    ("optimizers", "RMSProp.update"): 2,
    ("optimizers", "Adam.update"): 2,
    ("optimizers", "AdamW.update"): 2,
    ("plots", "decision_boundary"): 1,  # by matplotlib's own types `axes.figure.savefig(...)` would be an error
    ("tables", "Table"): 2,  # whether targets are whole numbers, which `table.classes[y]` needs, only the file tells
    ("training", "History.plot"): 1,  # as decision_boundary
}
"""Where nn says Any, how often, and why nothing better can be said."""

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def anys(source: str) -> Counter[str]:
    """How often a file says Any, by the function, class or variable that it is said of."""
    found: Counter[str] = Counter()

    def look(node: ast.AST, place: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue  # a docstring
            inner = place
            if isinstance(child, DEFINITIONS):
                inner = f"{place}.{child.name}" if place else child.name
            elif isinstance(child, ast.Assign) and not place:
                inner = ast.unparse(child.targets[0])
            text = child.value if isinstance(child, ast.Constant) and isinstance(child.value, str) else ""
            is_any = getattr(child, "id", getattr(child, "attr", "")) == "Any"
            found[inner] += is_any + len(re.findall(r"\bAny\b", text))
            look(child, inner)

    look(ast.parse(source), "")
    return +found


def test_nn_says_what_it_takes_and_gives() -> None:
    """Any stands in nn where nothing better can be said, and nowhere else."""
    found = {name: anys(path.read_text(encoding="utf-8")) for name, path in files("nn").items()}
    assert {(name, place): n for name, places in found.items() for place, n in places.items()} == ANY


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(x: Any) -> list[Any]:\n    'Any number.'\n    y: Any = x", {"f": 3}),
        ("class C:\n    x: typing.Any\n    def f(self, y: 'dict[str, Any]') -> None: ...", {"C": 1, "C.f": 1}),
        ("x = cast('Any', 3)\nfrom typing import Any\ny: int = 3  # Any", {"x": 1}),
        ("if TYPE_CHECKING:\n    Floats = np.ndarray[Any, np.dtype[np.float64]]", {"Floats": 1}),
    ],
)
def test_anys_are_seen(source: str, expected: dict[str, int]) -> None:
    """The check sees Any in each way of writing it, and leaves prose alone."""
    assert anys(source) == expected


def recognised_by_words(source: str) -> list[str]:
    """Where a file asks what the text of an exception is."""
    wrong = []
    for handler in ast.walk(ast.parse(source)):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None:
            continue
        texts = {f"str({handler.name})", f"repr({handler.name})", f"{handler.name}.args[0]"}
        for node in ast.walk(handler):
            asked: list[ast.AST] = []
            if isinstance(node, (ast.Compare, ast.Match)):
                asked = [*ast.walk(node)]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                of_patterns = ast.unparse(node.func.value) == "re"
                asked = [*ast.walk(node if of_patterns else node.func.value)]
            for part in asked:
                spelled = isinstance(part, ast.JoinedStr) and handler.name in names_in(part)
                if spelled or (isinstance(part, ast.expr) and ast.unparse(part) in texts):
                    wrong.append(f"line {handler.lineno}: {ast.unparse(node)}")
    return wrong


@pytest.mark.parametrize("path", NN, ids=lambda path: str(path.relative_to(ROOT)))
def test_nn_knows_errors_by_their_class(path: Path) -> None:
    """What an exception says is for people: it may be worded in another way without anything else being changed."""
    assert not recognised_by_words(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("if str(error).startswith('jit: '): raise", True),
        ("if 'more than' in str(error): raise", True),
        ("if error.args[0] == 'jit': raise", True),
        ("if f'{error}'.endswith('jit'): raise", True),
        ("if re.match('jit', str(error)): raise", True),
        ("raise ValueError(f'{name}: {error}') from error", False),
        ("if len(error.args) == 1 and error.name == name: raise", False),
        ("print(shown(str(error)))", False),
    ],
)
def test_words_are_seen(body: str, seen: bool) -> None:
    """The check sees it in each way of asking, and lets pass what only hands the text on."""
    assert bool(recognised_by_words(f"try:\n    f()\nexcept RuntimeError as error:\n    {body}")) is seen


# --- What the packages export ---------------------------------------------------------------------


@pytest.mark.parametrize("package", PACKAGES)
def test_exported_names(package: str) -> None:
    """`__all__` is sorted, without duplicates, and each name in it exists."""
    module = load(package)
    assert list(module.__all__) == sorted(set(module.__all__))
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_names_that_python_already_has() -> None:
    """sum, abs, max, min, pow and round are attributes of autograd that a star import leaves alone."""
    autograd = load("autograd")
    assert [name for name in sorted(BUILTINS) if not callable(getattr(autograd, name, None))] == []
    assert not BUILTINS & set(autograd.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_bears_the_name_of_a_function(package: str) -> None:
    """`from autograd import draw` must mean the function always, never a module that was imported since."""
    exported = set(load(package).__all__) | BUILTINS
    modules = {name.split(".")[-1] for name in files(package)}
    assert exported & modules <= EXPORTED_MODULES[package]


@pytest.mark.parametrize("package", PACKAGES)
def test_import_is_lean(package: str) -> None:
    """Importing a package loads nothing that only some of its functions need."""
    load(package)
    code = f"import sys; before = set(sys.modules); import {package}; print(*(set(sys.modules) - before))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    loaded = set(result.stdout.split())
    assert package in loaded
    assert not loaded & LAZY[package]


@pytest.mark.parametrize(
    ("mixed", "statement", "message"),
    [
        ("autograd/numpy/__init__.py", "import autograd", "files of two packages"),
        ("autograd/__init__.py", "import nn", "is another one"),
        ("-autograd/__init__.py", "import nn", "or what that left of this one"),
    ],
    ids=["installed over each other", "the other one found first", "the other one removed"],
)
def test_two_packages_of_one_import_name_are_told_apart(
    mixed: str, statement: str, message: str, tmp_path: Path
) -> None:
    """HIPS autograd has the import name of this one: mixed, they say so instead of failing somewhere else."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / mixed.removeprefix("-")
    path.parent.mkdir(exist_ok=True)
    path.write_text("", encoding="utf-8")
    if mixed.startswith("-"):
        path.unlink()
    without_site = [sys.executable, "-S", "-c", statement]  # what is installed must not stand in
    done = subprocess.run(without_site, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.search(rf"ImportError: .*{message}.*", done.stderr)


# --- The compiler ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", COMPILER, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_of_the_compiler_is_read_on_a_few_screens(path: Path) -> None:
    """No file has more than 400 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


STAGES = {"check", "as_lines"}
"""What each stage has of its own."""

TWICE = {"Batch", "Block", "Box", "Call", "Node", "Number", "Objective", "finite"}
"""Public protocols and what fulfils them; and names that showing, readings and the compiler each have for their own."""


def test_a_name_has_one_meaning() -> None:
    """No two classes of a floor of autograd have one name, nor two functions of its compiler.

    The trees of formulas are a floor of their own: their `Sum` is what a formula says, the compiler's is one of arrays.
    """
    found: dict[str, set[str]] = {}
    for name, path in files("autograd").items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if name in {"readings.printing", "readings.trees", "showing.animation"}:
                continue
            if isinstance(node, ast.ClassDef) or (isinstance(node, ast.FunctionDef) and name.startswith("compiler")):
                found.setdefault(node.name, set()).add(name)
    assert {name: where for name, where in found.items() if len(where) > 1 and name not in STAGES | TWICE} == {}


@pytest.mark.parametrize("path", COMPILER, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_function_of_the_compiler_is_read_on_one_screen(path: Path) -> None:
    """None has more than 40 lines; what a public docstring says is not counted."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    public = {f.name: len((ast.get_docstring(f) or "").splitlines()) for f in functions if f.name == "jit"}
    long = [f.name for f in functions if (f.end_lineno or 0) - f.lineno - public.get(f.name, 0) >= 40]
    assert not long


@pytest.mark.parametrize("path", [*COMPILER, *NN], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_pattern_looks_at_programs(path: Path) -> None:
    """Text is made by printers from trees and read back by nobody: only labels are looked at, to find names in them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [module for module, _, _ in imports(tree, ".".join(path.relative_to(ROOT).parent.parts)) if module == "re"]
    assert not found or path.name == "naming.py"
