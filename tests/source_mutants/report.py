"""What came of the mutants: killed, or equivalent as ``equivalent.toml`` says and why, or survivors to be closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from .kinds import Mutant

LIST = Path(__file__).with_name("equivalent.toml")


class Result(NamedTuple):
    """A mutant and what became of it: ``killed``, ``time-out``, ``survived`` or ``equivalent``."""

    mutant: Mutant
    word: str
    detail: str


class Equivalent(NamedTuple):
    """A change that no test can see, and the reason."""

    file: str
    function: str
    line: str
    """The line, or the first of the lines, before the change, without the blanks around it."""
    column: int
    """Where in it the change begins."""
    old: str
    new: str
    reason: str

    def fits(self, mutant: Mutant, source: str) -> bool:
        """Whether this is the change that the mutant makes."""
        names = (mutant.file, mutant.function, mutant.old, mutant.new)
        same = names == (self.file, self.function, self.old, self.new)
        return same and place_of(mutant, source) == (self.line, self.column)


def place_of(mutant: Mutant, source: str) -> tuple[str, int]:
    """The first line that a mutant changes, without the blanks around it, and the column in it."""
    begin = source.rfind("\n", 0, mutant.start) + 1
    line = source[begin:].split("\n", 1)[0]
    return line.strip(), mutant.start - begin - (len(line) - len(line.lstrip()))


def equivalents(path: Path = LIST) -> list[Equivalent]:
    """The list."""
    import tomllib

    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])
    return [Equivalent(**entry) for entry in entries]


def reason(mutant: Mutant, source: str, known: Iterable[Equivalent]) -> str | None:
    """Why nobody can tell a mutant from the original; None if nobody has said so."""
    return next((each.reason for each in known if each.fits(mutant, source)), None)


def entry(mutant: Mutant, source: str) -> str:
    """What would stand in the list for a mutant, its reason apart."""
    line, column = place_of(mutant, source)
    place = {"file": mutant.file, "function": mutant.function, "line": line}
    change = {"old": mutant.old, "new": mutant.new, "reason": ""}
    before, after = ([f"{name} = {quoted(text)}" for name, text in part.items()] for part in (place, change))
    return "\n".join(["[[equivalent]]", *before, f"column = {column}", *after])


def quoted(text: str) -> str:
    """A text as TOML."""
    if "'" not in text and "\n" not in text:
        return f"'{text}'" if '"' in text or "\\" in text else f'"{text}"'
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def table(results: Sequence[Result]) -> str:
    """How many of each file were killed."""
    words = ("killed", "time-out", "equivalent", "survived")
    files = sorted({result.mutant.file for result in results})
    counts = {file: Counter(r.word for r in results if r.mutant.file == file) for file in files}
    counts["together"] = Counter(r.word for r in results)
    lines = [" " * 26 + "".join([f"{word:>12}" for word in words]) + f"{'of the others':>16}"]
    for file, count in counts.items():
        others = sum(count.values()) - count["equivalent"]
        share = f"{(count['killed'] + count['time-out']) / others:.1%}" if others else "-"
        lines.append(f"{file:26}" + "".join([f"{count[word]:12}" for word in words]) + f"{share:>16}")
    return "\n".join(lines)
