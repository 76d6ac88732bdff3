"""Data of your own: a table in a CSV file as examples and targets.

    X, Y = nn.data.csv("flowers.csv", target="species")

What a file has where a number should be is an error that names the row, as a spreadsheet counts it: from 1, with the
header.
"""

from __future__ import annotations

import csv as reading
import math
import os
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import autograd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

    Column = str | int
    Rows = list[list[float]]

MISSING = frozenset(["", "?", "na", "n/a", "nan", "null"])
"""What stands for a value that is not there, in capitals or not."""

MOST_KINDS = 20
"""How many different texts a column of inputs may hold: each becomes an input of its own."""


class Table(tuple[list[list[float]], list[Any]]):  # noqa: SLOT001 - it has names beside the pair
    """What :func:`csv` has read: examples and targets, ``X, Y = table``, and what they are.

    Attributes
    ----------
    X: the rows of numbers.
    Y: their targets: floats; ints where all are whole numbers, or where they are classes.
    columns: what each number of a row is: the name of its column, ``sex=female`` for the 1 of a column of text.
    classes: the names of the classes 0, 1, ...; empty where the targets are numbers.
    """

    X: Rows
    Y: list[Any]
    columns: list[str]
    classes: list[str]

    def __new__(
        cls, X: Rows, Y: list[int] | list[float], columns: Iterable[str] = (), classes: Iterable[str] = ()
    ) -> Self:
        """The pair, with names."""
        table = super().__new__(cls, (X, Y))
        table.X, table.Y, table.columns, table.classes = X, Y, list(columns), list(classes)
        return table

    def __getnewargs__(self) -> tuple[object, ...]:
        """What a copy is made from."""
        return (*self, self.columns, self.classes)

    def __repr__(self) -> str:
        kinds = f", classes {', '.join(self.classes)}" if self.classes else ""
        return f"Table({len(self.X)} rows of {len(self.columns)}: {', '.join(self.columns)}{kinds:.200})"


class Record(NamedTuple):
    """A row of a file: its number, from 1, and its fields."""

    number: int
    fields: list[str]


def csv(
    path: str | os.PathLike[str],
    target: Column | None,
    *,
    inputs: Sequence[Column] | None = None,
    classes: bool | None = None,
    missing: str = "error",
    header: bool | None = None,
    delimiter: str | None = None,
    decimal: str = ".",
    encoding: str = "utf-8-sig",
) -> Table:
    """The rows of a CSV file as examples X and targets Y.

        table = nn.data.csv("flowers.csv", target="species")
        X, Y = table            # lists; table.classes[Y[0]] is the species of the first flower

    A column of text as target is numbered, its classes in the order of the alphabet. A column of text among the inputs
    becomes an input for each of its words, which is 1 where the word stands and else 0.

    Parameters
    ----------
    target: the column to predict, by its name or its number from 0 (-1 is the last); None for none: Y is then empty.
    inputs: the columns to predict from, in this order; all others unless told otherwise.
    classes: True numbers the classes of a target that is written in numbers too, such as 1, 2, 3.
    missing: "error", or "skip" to leave out rows in which a value is missing: nothing, ?, NA, N/A, NaN or null.
    header: whether the first row holds names; unless told otherwise, if no number stands in it.
    delimiter: between the fields; a tab, a semicolon or a comma, the first of these that the first row has.
    decimal: "." or ",".
    encoding: of the file; UTF-8 unless told otherwise.

    Raises ValueError, with the path and the row, for rows of different lengths, missing values, text among numbers,
    numbers that are not finite, more than 20 words in a column of inputs, a damaged file, one without rows, and for
    columns that there are not; FileNotFoundError where there is no file.
    """
    name = os.fspath(path)
    if missing not in ("error", "skip") or decimal not in (".", ","):
        got = f"{missing!r} and {decimal!r}"
        raise ValueError(f"csv: expected missing='error' or 'skip', and decimal='.' or ',', got {got}")
    records = list(records_of(name, delimiter, encoding))
    titles, records = titled(name, records, target, header)
    aim = None if target is None else place(name, titles, target)
    chosen = [place(name, titles, x) for x in (range(len(titles)) if inputs is None else inputs)]
    chosen = [at for at in chosen if at != aim] if inputs is None else chosen
    if aim in chosen or len(set(chosen)) < len(chosen) or not chosen:
        raise ValueError(f"{name}: expected different columns as inputs, without the target, got {inputs!r:.80}")
    wanted = [*chosen, *([] if aim is None else [aim])]
    records = whole_rows(name, titles, records, wanted, missing)
    X: Rows = [[] for _ in records]
    columns: list[str] = []
    for at in chosen:
        read = Reading(name, titles[at], decimal, [(record.number, record.fields[at]) for record in records])
        for title, column in read.as_inputs():
            columns.append(title)
            for row, number in zip(X, column, strict=True):
                row.append(number)
    if aim is None:
        return Table(X, [], columns)
    read = Reading(name, titles[aim], decimal, [(record.number, record.fields[aim]) for record in records])
    Y, kinds = read.as_targets(numbered=classes)
    return Table(X, Y, columns, kinds)


def records_of(path: str, delimiter: str | None, encoding: str) -> Iterable[Record]:
    """The rows of a file that are not blank."""
    number = 0
    try:
        with open(path, newline="", encoding=encoding) as file:
            first = next((line for line in file if line.strip()), "")
            file.seek(0)
            between = delimiter or next((mark for mark in "\t;," if mark in first), ",")
            for number, fields in enumerate(
                reading.reader(file, delimiter=between, skipinitialspace=True, strict=True), start=1
            ):
                stripped = [field.strip() for field in fields]
                if any(stripped):
                    yield Record(number, stripped)
    except reading.Error as error:
        raise ValueError(f"{path}, row {number + 1}: expected a CSV file, got an error: {error}") from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: expected text in {encoding.removesuffix('-sig')}, got an error: {error}; say encoding='cp1252' "
            "for a file that an older spreadsheet wrote"
        ) from None


def titled(
    path: str, records: list[Record], target: Column | None, header: bool | None
) -> tuple[list[str], list[Record]]:
    """The names of the columns, and the rows below them."""
    if not records:
        raise ValueError(f"{path}: expected rows, got an empty file")
    first = records[0].fields
    if header is None:
        header = isinstance(target, str) or not any([is_number(field, ".") or is_number(field, ",") for field in first])
    for record in records:
        if len(record.fields) != len(first):
            expected = f"{len(first)} fields as in row {records[0].number}"
            raise ValueError(f"{path}, row {record.number}: expected {expected}, got {len(record.fields)}")
    below = records[1:] if header else records
    if not below:
        raise ValueError(f"{path}: expected rows below the header, got none")
    titles = [(title or f"column {i}") if header else f"x{i}" for i, title in enumerate(first)]
    twice = next((title for title, times in Counter(titles).items() if times > 1), None)
    if twice is not None:
        raise ValueError(f"{path}: expected a name of its own for each column, got {twice!r:.60} twice")
    return titles, below


def place(path: str, titles: Sequence[str], column: Column) -> int:
    """The number of a column."""
    if isinstance(column, str):
        if column not in titles:
            meant = autograd.rules.did_you_mean(column, titles, {})
            raise ValueError(f"{path}: expected a column ({', '.join(titles):.200}), got {column!r:.60}{meant}")
        return titles.index(column)
    if not -len(titles) <= column < len(titles):
        raise ValueError(f"{path}: expected a column from 0 to {len(titles) - 1}, got {column}")
    return column % len(titles)


def whole_rows(
    path: str, titles: Sequence[str], records: Sequence[Record], wanted: Sequence[int], missing: str
) -> list[Record]:
    """The rows in which no wanted value is missing. ValueError for one in which one is, or if none are left."""
    whole = []
    for record in records:
        gap = next((at for at in wanted if record.fields[at].lower() in MISSING), None)
        if gap is None:
            whole.append(record)
        elif missing == "error":
            got = repr(record.fields[gap]) if record.fields[gap] else "nothing"
            raise ValueError(
                f"{path}, row {record.number}: expected a value for {titles[gap]!r:.60}, got {got}; missing='skip' "
                "leaves such rows out"
            )
    if not whole:
        raise ValueError(f"{path}: expected rows in which no value is missing, got none")
    return whole


class Reading:
    """A column that is being read: its texts, with the numbers of their rows."""

    def __init__(self, path: str, title: str, decimal: str, texts: Sequence[tuple[int, str]]) -> None:
        self.path, self.title, self.decimal = path, title, decimal
        self.texts = [text for _, text in texts]
        self.rows = [row for row, _ in texts]

    def where(self, i: int) -> str:
        """Where the i-th text stands, as a message begins."""
        return f"{self.path}, row {self.rows[i]}"

    def as_inputs(self) -> Iterable[tuple[str, list[float]]]:
        """The column as columns of numbers, with their names."""
        if not self.is_text():
            return [(self.title, self.numbers())]
        kinds = sorted(set(self.texts))
        if len(kinds) > MOST_KINDS:
            raise ValueError(
                f"{self.path}: expected at most {MOST_KINDS} different words in the column {self.title!r:.60}, got "
                f"{len(kinds)}, such as {self.texts[0]!r:.60}: inputs=[...] says which columns to use"
            )
        return [(f"{self.title}={kind}", [float(text == kind) for text in self.texts]) for kind in kinds]

    def as_targets(self, *, numbered: bool | None) -> tuple[list[int] | list[float], list[str]]:
        """The column as targets, and the names of the classes if it is classes."""
        if self.is_text():
            return numbering(self.texts, sorted(set(self.texts)))
        if numbered:
            kinds = self.numbers()
            return numbering(list(map(spelled, kinds)), [spelled(x) for x in sorted(set(kinds))])
        numbers = self.numbers()
        whole = all([is_digits(unsigned(text)) for text in self.texts])
        return [int(text) for text in self.texts] if whole else [*numbers], []

    def is_text(self) -> bool:
        """Whether no entry is a number. ValueError for some that are and some that are not."""
        kinds = [is_number(text, self.decimal) for text in self.texts]
        if all(kinds):
            return False
        at = kinds.index(False)
        text, other = self.texts[at], "," if self.decimal == "." else "."
        if any(kinds) or is_number(text, other):
            advice = f": decimal={other!r} reads it" if is_number(text, other) else ""
            if is_grouped(text):  # thousands, more likely
                advice = ": write thousands without a sign between them"
            raise ValueError(f"{self.where(at)}: expected a number in {self.title!r:.60}, got {text!r:.60}{advice}")
        return True

    def numbers(self) -> list[float]:
        """The numbers; ValueError for one that is not finite."""
        numbers = [float(text.replace(self.decimal, ".")) for text in self.texts]
        for i, number in enumerate(numbers):
            if not math.isfinite(number):
                got = self.texts[i]
                raise ValueError(f"{self.where(i)}: expected a finite number in {self.title!r:.60}, got {got!r:.60}")
        return numbers


def numbering(texts: Sequence[str], kinds: list[str]) -> tuple[list[int], list[str]]:
    """The class of each text, and the names of the classes."""
    number = {kind: k for k, kind in enumerate(kinds)}
    return [number[text] for text in texts], kinds


def spelled(number: float) -> str:
    """A number as the name of a class."""
    return str(int(number)) if number.is_integer() else repr(number)


def is_number(text: str, decimal: str) -> bool:
    """Whether a text is a number with this decimal sign, ``-1.5e3`` say, or the word inf."""
    written = unsigned(text).lower()
    digits, e, exponent = written.partition("e")
    before, _, after = digits.partition(decimal)
    in_digits = is_digits(before + after) and (not e or is_digits(unsigned(exponent)))
    return in_digits or written in ("inf", "infinity")


def is_grouped(text: str) -> bool:
    """Whether a text is a number whose thousands are apart, ``1,234,567`` or ``1.234``."""
    first, *others = unsigned(text).replace(",", ".").split(".")
    return is_digits(first + "".join(others)) and 1 <= len(first) <= 3 and {*map(len, others)} == {3}


def unsigned(text: str) -> str:
    """A text without the sign that it may begin with."""
    return text[1:] if text.startswith(("+", "-")) else text


def is_digits(text: str) -> bool:
    """Whether a text is one digit or more, from 0 to 9, and nothing else."""
    return text.isascii() and text.isdigit()
