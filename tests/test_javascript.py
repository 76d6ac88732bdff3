"""What is tested in JavaScript, by node's own runner: tests/js, where node and its packages are there."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

HOME = Path(__file__).parent / "js"
NODE = shutil.which("node")
CI = os.environ.get("CI") == "true"


def packages() -> list[str]:
    """The folders of the dependencies that are Python alone, which run anywhere."""
    found = [importlib.util.find_spec(name) for name in ("graphviz", "tqdm")]
    return [str(Path(spec.origin).parent) for spec in found if spec is not None and spec.origin is not None]


def missing() -> str:
    """What the tests lack on this machine, and how to get it; nothing if they can run."""
    if NODE is None:
        return "no node: on Debian, apt-get install nodejs npm, then make javascript"
    return "" if (HOME / "node_modules").is_dir() else "no tests/js/node_modules: make javascript"


@pytest.mark.parametrize("file", sorted(path.name for path in HOME.glob("*.test.mjs")))
def test_in_node(file: str) -> None:
    """Each file of tests passes; without node or its packages it is left out, which CI does not allow."""
    lacking = missing()
    if lacking and not CI:
        pytest.skip(lacking)
    assert not lacking, f"CI=true: {lacking}"
    done = subprocess.run(
        [str(NODE), "--test", file],
        cwd=HOME,
        env={**os.environ, "PACKAGES": json.dumps(packages())},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# fail 0\n" in done.stdout or "ℹ fail 0\n" in done.stdout, done.stdout


def test_packages_are_exact() -> None:
    """package.json names exact versions, so that no lock file is needed."""
    told = json.loads((HOME / "package.json").read_text(encoding="utf-8"))
    versions = {**told.get("dependencies", {}), **told.get("devDependencies", {})}
    assert versions
    assert not {name: version for name, version in versions.items() if not version[0].isdigit()}
    assert told["private"] is True
