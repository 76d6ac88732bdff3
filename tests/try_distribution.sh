#!/bin/sh
# Install a distribution into an empty environment, away from its source, and use it as its readers do.
#
#   sh tests/try_distribution.sh python3 dist/chainrule-0.1.0-py3-none-any.whl
set -eu
python=$1
file=$(realpath "$2")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$python" -m venv "$place/venv"
cd "$place"
venv/bin/python -m pip --quiet --disable-pip-version-check install "$file"
venv/bin/python -m pip --disable-pip-version-check check
venv/bin/python -W error -m autograd "tanh(w*x + b)" w=-3 x=2 b=6.9 --svg graph.svg --html steps.html
grep -q "</svg>" graph.svg
grep -q "</html>" steps.html
venv/bin/python -W error -m nn digits
venv/bin/python -W error - <<'END'
import importlib.metadata
import pathlib

import autograd
import nn

assert "venv" in pathlib.Path(autograd.__file__).parts
told = importlib.metadata.metadata("chainrule")
assert told["License-Expression"] == "MIT AND CC-BY-4.0", told["License-Expression"]
assert told.get_all("License-File") == ["LICENSE", "nn/digits/NOTICE"], told.get_all("License-File")
assert all(pathlib.Path(package.__file__).with_name("py.typed").exists() for package in (autograd, nn))
x = autograd.Value(2.0, label="x")
assert autograd.jit(lambda x: x * x)(x).data == 4.0
assert "<svg" in autograd.draw(x * x).pipe("svg", encoding="utf-8")
END
echo "$(basename "$file"): installed and tried"
