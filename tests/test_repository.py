"""The house itself: its layout, its commands, which file may import which, and what the packages export."""

from __future__ import annotations

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

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
        "structures",
        "functions",
        "ufuncs",
        "sequences",
        "showing.labels",
        "nodes",
        "pullbacks",
        "tracing",
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
        "compiler.scalars",
        "compiler.likeness",
        "compiler.normalising",
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
        "compiler.lowering",
        "compiler.linearise",
        "compiler.reverse",
        "compiler.buffers",
        "compiler.kernels",
        "compiler.checks",
        "compiler.naming",
        "compiler.printers",
        "compiler.printers.expressions",
        "compiler.printers.statements",
        "compiler.printers.loops",
        "compiler.printers.python",
        "compiler.printers.functional",
        "compiler.targets.words",
        "compiler.targets.target",
        "compiler.targets.numpy",
        "compiler.targets.library",
        "compiler.targets.jax",
        "compiler.targets.torch",
        "compiler.targets.choosing",
        "compiler.targets",
        "compiler.listing",
        "compiler.surroundings",
        "compiler.static",
        "compiler.whole",
        "compiler.schedules",
        "compiler.keeping",
        "compiler.paths",
        "compiler.sweeps",
        "compiler.stepwise",
        "compiler.selfcheck",
        "compiler.calls",
        "compiler.straight",
        "compiler.means",
        "compiler.columns",
        "compiler.divided",
        "compiler.averages",
        "compiler.objective",
        "compiler.batches",
        "compiler.pickling",
        "compiler.compiled",
        "compiler",
        "__init__",
        "__main__",
    ],
    "nn": [
        "tables",
        "preparing",
        "data",
        "activations",
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
        *("bench", "notebooks", "javascript", "dist", "clean"),
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
        ("compiler.rolling", "from autograd.compiler.lowering import Lowering", "compiler.lowering"),
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


def test_autograd_does_not_know_nn() -> None:
    """The engine does not depend on what is built on it."""
    for name, path in files("autograd").items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert "nn" not in {module.split(".")[0] for module, _, _ in imports(tree, "autograd")}, name


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


COMPILER = sorted((ROOT / "autograd" / "compiler").rglob("*.py"))


@pytest.mark.parametrize("path", COMPILER, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_of_the_compiler_is_read_on_a_few_screens(path: Path) -> None:
    """No file has more than 400 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", COMPILER, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_pattern_looks_at_programs(path: Path) -> None:
    """Text is made by printers from trees and read back by nobody: only labels are looked at, to find names in them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [module for module, _, _ in imports(tree, "autograd.compiler") if module == "re"]
    assert not found or path.name == "naming.py"
