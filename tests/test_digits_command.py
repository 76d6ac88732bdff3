"""``python -m nn digits``: the textbook's classifier from the command line."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import nn
from nn.__main__ import main


def test_it_trains_reports_and_saves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One epoch reads, trains, prints a test accuracy well above chance, and writes a model that can be loaded."""
    path = tmp_path / "digits.json"
    assert main(["digits", "--epochs", "1", "--save", str(path)]) == 0
    printed = capsys.readouterr()
    found = re.search(r"^Test accuracy: (0\.\d{4}) \((\d+) of 297 ", printed.out, re.MULTILINE)
    assert found
    right = int(found[2])
    assert right > 150
    assert float(found[1]) == pytest.approx(right / 297, abs=5e-5)
    assert "100%" in printed.err
    model = nn.MLP(64, [30, 10], activation="sigmoid", output="sigmoid")
    nn.load(model, path)
    assert len(model.parameters()) == 2260


def test_the_textbook_classifier_learns(capsys: pytest.CaptureFixture[str]) -> None:
    """As the demo runs it, the network reads at least 93 of 100 digits that it was not trained on."""
    assert main(["digits"]) == 0
    found = re.search(r"^Test accuracy: (\d\.\d{4})", capsys.readouterr().out, re.MULTILINE)
    assert found
    assert float(found[1]) >= 0.93


def test_the_same_seed_gives_the_same_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Split, weights and order come from the seed."""
    runs = []
    for seed in ("3", "3", "4"):
        assert main(["digits", "--epochs", "0", "--seed", seed]) == 0
        runs.append(capsys.readouterr().out)
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["letters"],
        ["digits", "--epochs", "-1"],
        ["digits", "--epochs", "two"],
        ["digits", "--batch-size", "0"],
        ["digits", "--lr", "nan"],
        ["digits", "--lr", "-1"],
        ["digits", "--lr", "inf"],
    ],
    ids=" ".join,
)
def test_bad_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What makes no sense is refused in a few words, with status 2."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_found_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody trains for a minute to learn that the file cannot be written."""
    assert main(["digits", "--save", str(tmp_path / "missing" / "digits.json")]) == 2
    printed = capsys.readouterr()
    assert "expected a folder" in printed.err
    assert "Training" not in printed.out


@pytest.mark.parametrize("name", ["digits.pkl", "digits.npz", "digits"])
def test_a_format_that_is_none_is_found_before_training(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that promises another kind of file is refused at once."""
    assert main(["digits", "--save", str(tmp_path / name)]) == 2
    printed = capsys.readouterr()
    assert "expected a path that ends in .json or .safetensors" in printed.err
    assert "Training" not in printed.out


def test_a_missing_package_is_found_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where safetensors is not installed, a file of that kind is refused at once, with what to install."""
    monkeypatch.setitem(sys.modules, "safetensors", None)
    assert main(["digits", "--save", str(tmp_path / "digits.safetensors")]) == 2
    printed = capsys.readouterr()
    assert "pip install safetensors" in printed.err
    assert "Training" not in printed.out
