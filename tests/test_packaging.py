"""What the distribution says of itself, on which machines it can be installed, and what is in the wheel."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from packaging.licenses import canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

from autograd.showing import rendering

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
METADATA: dict[str, Any] = PROJECT["project"]
PYTHON = (3, 11)

# What is published of each dependency, by the names of its files: graphviz-pure 0.2.2, NumPy 2.4.6 (the last of Python
# 3.11), and the two that are Python alone. Of NumPy there is the source as well.
PUBLISHED = {
    "graphviz": ["graphviz-0.21-py3-none-any.whl"],
    "graphviz-pure": [
        f"graphviz_pure-0.2.2-py3-none-{platform}.whl"
        for platform in (
            "macosx_10_12_x86_64",
            "macosx_11_0_arm64",
            "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
            "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
            "win_amd64",
            "win_arm64",
        )
    ],
    "numpy": [
        f"numpy-2.4.6-cp311-cp311-{platform}.whl"
        for platform in (
            "macosx_10_9_x86_64",
            "macosx_11_0_arm64",
            "manylinux_2_27_aarch64.manylinux_2_28_aarch64",
            "manylinux_2_27_x86_64.manylinux_2_28_x86_64",
            "musllinux_1_2_aarch64",
            "musllinux_1_2_x86_64",
            "win32",
            "win_amd64",
            "win_arm64",
        )
    ],
    "tqdm": ["tqdm-4.67.1-py3-none-any.whl"],
}


def glibc(machine: str) -> list[str]:
    """The tags that pip takes on a Linux of today, such as Debian 12 (glibc 2.36)."""
    return [f"manylinux_2_{minor}_{machine}" for minor in range(36, 16, -1)]


def musl(machine: str) -> list[str]:
    """The same of Alpine Linux."""
    return [f"musllinux_1_{minor}_{machine}" for minor in (2, 1, 0)]


# sys.platform, platform.machine(), the tags that pip takes there, and whether graphviz-pure is required.
MACHINES = [
    ("linux", "x86_64", glibc("x86_64"), True),
    ("linux", "x86_64", musl("x86_64"), True),
    ("linux", "aarch64", glibc("aarch64"), True),
    ("linux", "aarch64", musl("aarch64"), True),
    ("linux", "i686", glibc("i686"), False),
    ("linux", "armv6l", ["linux_armv6l"], False),
    ("linux", "armv7l", glibc("armv7l"), False),
    ("linux", "ppc64le", glibc("ppc64le"), False),
    ("linux", "riscv64", glibc("riscv64"), False),
    ("linux", "s390x", glibc("s390x"), False),
    ("darwin", "x86_64", [*mac_platforms((13, 0), "x86_64")], True),
    ("darwin", "arm64", [*mac_platforms((14, 0), "arm64")], True),
    ("win32", "AMD64", ["win_amd64"], True),
    ("win32", "ARM64", ["win_arm64"], True),
    ("win32", "x86", ["win32"], False),
    ("emscripten", "wasm32", ["emscripten_4_0_9_wasm32"], False),
    ("android", "aarch64", ["android_24_arm64_v8a"], False),
    ("freebsd14", "amd64", ["freebsd_14_2_release_amd64"], False),
    ("cygwin", "x86_64", ["cygwin_3_5_4_x86_64"], False),
]

# Where NumPy has to be built from its source, or comes from elsewhere (Pyodide, Termux and FreeBSD have their own).
NUMPY_FROM_SOURCE = {
    *(("linux", machine) for machine in ("i686", "armv6l", "armv7l", "ppc64le", "riscv64", "s390x")),
    *(("emscripten", "wasm32"), ("android", "aarch64"), ("freebsd14", "amd64"), ("cygwin", "x86_64")),
}


def required(system: str, machine: str, extra: str = "") -> Iterator[str]:
    """The names of what is installed with the library on a machine."""
    there = {"sys_platform": system, "platform_machine": machine, "extra": extra}
    for text in METADATA["dependencies"]:
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate(there):
            yield wanted.name


def taken(name: str, platforms: list[str]) -> bool:
    """Whether pip takes one of the published wheels where it takes these platforms."""
    tags: set[Tag] = {*cpython_tags(PYTHON, platforms=platforms), *compatible_tags(PYTHON, "cp311", platforms)}
    return any(tags & parse_wheel_filename(wheel)[3] for wheel in PUBLISHED[name])


# --- Where it can be installed --------------------------------------------------------------------


@pytest.mark.parametrize(("system", "machine", "platforms", "renders"), MACHINES)
def test_what_is_required_can_be_installed(system: str, machine: str, platforms: list[str], renders: bool) -> None:
    """What is required on a machine has a wheel that fits, but NumPy on rare ones; graphviz-pure is if it has one."""
    names = [*required(system, machine)]
    assert sorted({"graphviz", "numpy", "tqdm", *(["graphviz-pure"] if renders else [])}) == sorted(names)
    without = {name for name in names if not taken(name, platforms)}
    assert without == ({"numpy"} if (system, machine) in NUMPY_FROM_SOURCE else set())
    assert taken("graphviz-pure", platforms) is renders


def test_the_renderer_knows_its_machines() -> None:
    """A machine for which graphviz-pure is required is told to install it, and no other."""
    told = {(system, machine) for system, machines in rendering.WHEELS.items() for machine in machines}
    assert told == {(system, machine) for system, machine, _, renders in MACHINES if renders}


def test_a_wheel_that_does_not_fit_is_seen() -> None:
    """The check itself: a 32-bit Python takes no wheel of a 64-bit one, and an old system none for a newer."""
    assert not taken("graphviz-pure", ["win32"])
    assert not taken("graphviz-pure", ["linux_armv7l"])
    assert not taken("graphviz-pure", [*mac_platforms((10, 11), "x86_64")])
    assert taken("tqdm", ["linux_armv7l"])


def test_readme_helps_a_python_of_32_bits() -> None:
    """No marker can tell a 32-bit Python on a 64-bit system: README has the line for pip."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    needed = " ".join(sorted(set(required("linux", "armv7l"))))
    assert f"-m pip install {needed}\n" in text
    assert "-m pip install --no-deps ." in text


# --- What it says of itself -----------------------------------------------------------------------


def test_python_versions_agree() -> None:
    """The oldest Python is the same for pip, for the linter, in classifiers, in the Makefile and in the documents."""
    assert METADATA["requires-python"] == ">=3.11"
    assert PROJECT["tool"]["ruff"]["target-version"] == "py311"
    listed = re.findall(r"Python :: (3\.\d+)", "\n".join(METADATA["classifiers"]))
    assert listed == sorted(listed, key=lambda text: int(text[2:]))
    assert listed[0] == "3.11"
    assert "sys.version_info < (3, 11)" in (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in ("README.md", "CONTRIBUTING.md", "Makefile"):
        assert re.findall(r"Python (3\.\d+) or newer", (ROOT / name).read_text(encoding="utf-8"))[0] == "3.11", name


def test_the_licence_is_an_expression() -> None:
    """MIT for the code and CC BY 4.0 for the digits, in SPDX's own writing, with the text of each."""
    licence = METADATA["license"]
    assert licence == canonicalize_license_expression(licence) == "MIT AND CC-BY-4.0"
    assert METADATA["license-files"] == ["LICENSE", "nn/digits/NOTICE"]
    assert all((ROOT / name).is_file() for name in METADATA["license-files"])
    assert not [text for text in METADATA["classifiers"] if text.startswith("License ::")]  # PEP 639: not both


def test_development_needs_are_written_once() -> None:
    """The dependency group ``dev`` is the extra of that name."""
    assert PROJECT["dependency-groups"]["dev"] == ["chainrule[dev]"]
    assert METADATA["name"] == "chainrule"
    assert "dev" in METADATA["optional-dependencies"]


def test_every_dependency_has_a_lower_bound() -> None:
    """What `make test-oldest` installs: a bound below, and none above, for all that users install."""
    extras = METADATA["optional-dependencies"]
    for text in [*METADATA["dependencies"], *extras["plot"], *extras["safetensors"]]:
        assert [each.operator for each in Requirement(text).specifier] == [">="], text


def test_the_citation_is_of_this_version() -> None:
    """CITATION.cff names the title, version and licence that pyproject.toml has."""
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    fields = dict(re.findall(r"^(\w[\w-]*): (\S.*)$", text, flags=re.MULTILINE))
    assert (fields["cff-version"], fields["title"]) == ("1.2.0", "chainrule")
    assert fields["version"] == METADATA["version"]
    assert fields["license"] in METADATA["license"].split(" AND ")
    assert METADATA["authors"][0]["name"] in text
    assert METADATA["description"] in text


# --- The wheel ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel, as it is built from here."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Every file of both packages is there, data files too, and no test."""
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in ("autograd", "nn")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == ours
    assert {
        "autograd/py.typed",
        "nn/py.typed",
        "autograd/showing/animation.html",
        "nn/digits/images-idx3-ubyte.gz",
    } <= names


def test_the_wheel_tells_its_licences(wheel: zipfile.ZipFile) -> None:
    """Its metadata have the expression, and its licence files are in it."""
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    told: Message = email.message_from_bytes(wheel.read(name))
    assert told["License-Expression"] == "MIT AND CC-BY-4.0"
    assert told.get_all("License-File") == METADATA["license-files"]
    for path in METADATA["license-files"]:
        assert f"{name.removesuffix('METADATA')}licenses/{path}" in wheel.namelist()
    assert told["Requires-Python"] == ">=3.11"
