"""The specification of nn.data's csv, standardise, split and one_hot: data of one's own, and what is wrong with it."""

from __future__ import annotations

import copy
import csv
import itertools
import math
import pickle
import random
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nn
from autograd import Value
from nn import tables
from nn.data import Table, one_hot, split, standardise

FLOWERS = "width,height,species\n1.5,2,setosa\n2.5,3,virginica\n0.5,1e0,setosa\n"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Table]:
    """Write a text into a file, and read it as a table."""

    def reading(text: str | bytes, target: Any = -1, **options: Any) -> Table:
        path = tmp_path / "data.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return nn.data.csv(path, target, **options)

    return reading


Read = Callable[..., Table]


# --- Examples and targets -------------------------------------------------------------------------------


def test_a_table_is_examples_and_targets(read: Read) -> None:
    """X is a list of rows of floats, Y the classes as whole numbers; the names stand beside them."""
    table = read(FLOWERS, "species")
    X, Y = table
    assert X == table.X == [[1.5, 2.0], [2.5, 3.0], [0.5, 1.0]]
    assert Y == table.Y == [0, 1, 0]
    assert {type(x) for row in X for x in row} == {float}
    assert {type(y) for y in Y} == {int}
    assert (table.columns, table.classes) == (["width", "height"], ["setosa", "virginica"])
    assert repr(table) == "Table(3 rows of 2: width, height, classes setosa, virginica)"


def test_a_table_copies_and_pickles(read: Read) -> None:
    """With its names; and it is the pair that fit takes for validation."""
    table = read(FLOWERS)
    for other in (copy.copy(table), copy.deepcopy(table), pickle.loads(pickle.dumps(table))):
        assert other == table
        assert (other.columns, other.classes, other.X) == (table.columns, table.classes, table.X)
    assert isinstance(table, tuple)
    model = nn.MLP(2, [2], rng=random.Random(0))
    options: Any = {"loss": nn.cross_entropy, "optimizer": nn.SGD(), "progress": False}
    assert len(nn.fit(model, *table, validation=table, **options).validation_accuracy) == 1


@pytest.mark.parametrize(
    ("target", "X", "Y"),
    [
        ("species", [[1.5, 2.0], [2.5, 3.0], [0.5, 1.0]], [0, 1, 0]),
        (-1, [[1.5, 2.0], [2.5, 3.0], [0.5, 1.0]], [0, 1, 0]),
        (2, [[1.5, 2.0], [2.5, 3.0], [0.5, 1.0]], [0, 1, 0]),
        ("width", [[2.0, 1.0, 0.0], [3.0, 0.0, 1.0], [1.0, 1.0, 0.0]], [1.5, 2.5, 0.5]),
        (0, [[2.0, 1.0, 0.0], [3.0, 0.0, 1.0], [1.0, 1.0, 0.0]], [1.5, 2.5, 0.5]),
        (None, [[1.5, 2.0, 1.0, 0.0], [2.5, 3.0, 0.0, 1.0], [0.5, 1.0, 1.0, 0.0]], []),
    ],
)
def test_the_target_is_a_column(target: Any, X: Any, Y: Any, read: Read) -> None:
    """By its name or its number, first or last, text or number; None leaves all columns to the inputs."""
    assert read(FLOWERS, target) == (X, Y)


def test_inputs_are_chosen(read: Read) -> None:
    """Only some of the columns, in the order that is asked for, by name or number."""
    assert read(FLOWERS, "species", inputs=["height"]) == ([[2.0], [3.0], [1.0]], [0, 1, 0])
    table = read(FLOWERS, "species", inputs=[1, "width"])
    assert table.X == [[2.0, 1.5], [3.0, 2.5], [1.0, 0.5]]
    assert table.columns == ["height", "width"]


def test_text_among_the_inputs(read: Read) -> None:
    """Each word becomes an input of its own, in the order of the alphabet, where the column stood."""
    table = read("size,colour,weight,y\n1,red,5,0\n2,blue,6,1\n3,red,7,1\n", "y")
    assert table.columns == ["size", "colour=blue", "colour=red", "weight"]
    assert table.X == [[1.0, 0.0, 1.0, 5.0], [2.0, 1.0, 0.0, 6.0], [3.0, 0.0, 1.0, 7.0]]


@pytest.mark.parametrize(
    ("column", "options", "Y", "kinds"),
    [
        (["0", "1", "1"], {}, [0, 1, 1], []),
        (["-1", "+1", "1"], {}, [-1, 1, 1], []),
        (["0", "1", "1.0"], {}, [0.0, 1.0, 1.0], []),
        (["0.5", "1e3", ".25"], {}, [0.5, 1000.0, 0.25], []),
        (["3", "10", "3"], {"classes": True}, [0, 1, 0], ["3", "10"]),
        (["3", "3.0", "2.5"], {"classes": True}, [1, 1, 0], ["2.5", "3"]),
        (["b", "a", "C"], {}, [2, 1, 0], ["C", "a", "b"]),
        (["True", "False", "True"], {}, [1, 0, 1], ["False", "True"]),
        (["yes", "yes", "yes"], {}, [0, 0, 0], ["yes"]),
        (["a b", "  a b  ", "ä"], {}, [0, 0, 1], ["a b", "ä"]),
    ],
)
def test_targets(column: list[str], options: dict[str, Any], Y: list[Any], kinds: list[str], read: Read) -> None:
    """Whole numbers are ints, others floats; text is classes, and so are numbers where that is asked for."""
    table = read("x,y\n" + "".join([f"{i},{text}\n" for i, text in enumerate(column)]), **options)
    assert table.Y == Y
    assert [type(y) for y in table.Y] == [type(y) for y in Y]
    assert table.classes == kinds


# --- How files are written ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        FLOWERS.replace(",", ";"),
        FLOWERS.replace(",", "\t"),
        FLOWERS.replace("\n", "\r\n"),
        FLOWERS.replace(",", ", "),
        FLOWERS.replace("\n", "\n\n"),
        "\n" + FLOWERS + "\n\n \n",
        FLOWERS.removesuffix("\n"),
        FLOWERS.replace("setosa", '"setosa"').replace("1.5", '"1.5"'),
        "\ufeff" + FLOWERS,
        FLOWERS.encode("utf-16"),
        FLOWERS.replace(",", "|"),
        FLOWERS.replace(",", ";").replace(".", ","),
    ],
    ids=range(12),
)
def test_spellings_of_one_table(text: Any, read: Read) -> None:
    """Delimiters, quotes, ends of lines, blank lines, a mark of the encoding: the table is the same."""
    options = {7 + 2: {"encoding": "utf-16"}, 10: {"delimiter": "|"}, 11: {"decimal": ","}}
    number = 9 if isinstance(text, bytes) else 10 if "|" in text else 11 if "2,5;" in text else 0
    assert read(text, "species", **options.get(number, {})) == ([[1.5, 2.0], [2.5, 3.0], [0.5, 1.0]], [0, 1, 0])


def test_a_file_without_header(read: Read) -> None:
    """A first row with a number in it holds no names, unless told otherwise; the columns are x0, x1, ..."""
    table = read("1,2,a\n3,4,b\n")
    assert [*table] == [[[1.0, 2.0], [3.0, 4.0]], [0, 1]]
    assert table.columns == ["x0", "x1"]
    assert read("1,2\n3,4\n", header=True) == ([[3.0]], [4])
    assert read("a,b\nc,d\n", header=False) == ([[1.0, 0.0], [0.0, 1.0]], [0, 1])
    assert read("1,2\n3,4\n", "2").columns == ["1"]  # a name that is asked for must stand somewhere


def test_quoted_fields_hold_delimiters_and_lines(read: Read) -> None:
    """As in any CSV file; rows are counted as a spreadsheet counts them."""
    table = read('name,"a, b",y\n"one\ntwo",1,2\n"x ""y""",3,4\n')
    assert table.columns == ["name=one\ntwo", 'name=x "y"', "a, b"]
    with pytest.raises(ValueError, match=r"data\.csv, row 3: expected 2 fields as in row 1, got 1$"):
        read('a,b\n"one\ntwo",1\n3\n')


def test_columns_without_a_name(read: Read) -> None:
    """Spreadsheets and other programs write an index without a name: it has a number."""
    assert read(",x,y\n0,1.5,2\n1,2.5,3\n").columns == ["column 0", "x"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)), min_size=1, max_size=5)
)
def test_what_python_writes_is_read(tmp_path: Path, rows: list[tuple[float, str]]) -> None:
    """Any floats come back bit by bit, and any words, as Python's own writer puts them into a file."""
    words = [
        f"w{''.join(c for c in word if c.isprintable() and not 0xD800 <= ord(c) < 0xE000)}".strip() for _, word in rows
    ]
    path = tmp_path / "any.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("x", "y"), *[(repr(x), word) for (x, _), word in zip(rows, words, strict=True)]])
    table = nn.data.csv(path, "y")
    assert [row[0].hex() for row in table.X] == [x.hex() for x, _ in rows]
    assert [table.classes[y] for y in table.Y] == words


# --- What is wrong with a file --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "complaint"),
    [
        ("a,b\n1,2\n3\n", {}, ", row 3: expected 2 fields as in row 1, got 1"),
        ("a,b\n1,2\n\n3,4,5\n", {}, ", row 4: expected 2 fields as in row 1, got 3"),
        ("1,2\n3,4,\n", {}, ", row 2: expected 2 fields as in row 1, got 3"),
        ("a,b\n1,\n3,4\n", {}, ", row 2: expected a value for 'b', got nothing; missing='skip' leaves such rows out"),
        ("a,b\n1,2\nNA,4\n", {}, ", row 3: expected a value for 'a', got 'NA'; missing='skip' leaves"),
        ("a,b\n1,2\n?,4\n", {}, ", row 3: expected a value for 'a', got '?'"),
        ("a,b\n1,2\nnan,4\n", {}, ", row 3: expected a value for 'a', got 'nan'"),
        ("a,b\n1,2\n4o,4\n", {}, ", row 3: expected a number in 'a', got '4o'"),
        ("a,b\n1,2\n1_000,4\n", {}, ", row 3: expected a number in 'a', got '1_000'"),
        ("a,b\nx,2\n1,4\n", {}, ", row 2: expected a number in 'a', got 'x'"),
        ("a,b\n1,2\n3,four\n", {}, ", row 3: expected a number in 'b', got 'four'"),
        ('a,b\n"1,5",2\n', {}, ", row 2: expected a number in 'a', got '1,5': decimal=',' reads it"),
        ("a;b\n1,5;2\n", {}, ", row 2: expected a number in 'a', got '1,5': decimal=',' reads it"),
        ("a;b\n1.5;2\n", {"decimal": ","}, ", row 2: expected a number in 'a', got '1.5': decimal='.' reads it"),
        ("a,b\n1,2\ninf,4\n", {}, ", row 3: expected a finite number in 'a', got 'inf'"),
        ("a,b\n1,2\n1e999,4\n", {}, ", row 3: expected a finite number in 'a', got '1e999'"),
        ("a,b\n1,1e999\n", {}, ", row 2: expected a finite number in 'b', got '1e999'"),
        ('a,b\n1,2\n"3,4\n', {}, ", row 3: expected a CSV file, got an error: unexpected end of data"),
        ('a,b\n1,2\n"3"x,4\n', {}, ", row 3: expected a CSV file, got an error: "),
        (f"a,b\n1,{'x' * 200_000}\n", {}, ", row 2: expected a CSV file, got an error: field larger than"),
        ("", {}, ": expected rows, got an empty file"),
        ("\n \n,\n", {}, ": expected rows, got an empty file"),
        ("a,b\n", {}, ": expected rows below the header, got none"),
        ("a,a\n1,2\n", {}, ": expected a name of its own for each column, got 'a' twice"),
        ("a,b\n1,NA\n", {"missing": "skip"}, ": expected rows in which no value is missing, got none"),
        (b"a,b\n\xe4,2\n", {}, ": expected text in utf-8, got an error: .*; say encoding='cp1252' for a file that"),
        ("a,b\n1,2\n", {"target": "c"}, r": expected a column \(a, b\), got 'c'"),
        (
            "species,b\n1,2\n",
            {"target": "speces"},
            r": expected a column \(species, b\), got 'speces': did you mean 'species'\?$",
        ),
        ("a,b\n1,2\n", {"target": 2}, ": expected a column from 0 to 1, got 2"),
        ("a,b\n1,2\n", {"target": -3}, ": expected a column from 0 to 1, got -3"),
        ("a,b\n1,2\n", {"inputs": ["b"]}, ": expected different columns as inputs, without the target, got \\['b'\\]"),
        ("a,b\n1,2\n", {"inputs": ["a", 0]}, ": expected different columns as inputs, without the target"),
        ("a,b\n1,2\n", {"inputs": []}, ": expected different columns as inputs, without the target, got \\[\\]"),
        ("a\n1\n", {"target": "a"}, ": expected different columns as inputs, without the target, got None"),
        (
            "a,b\n" + "".join([f"word{i},2\n" for i in range(21)]),
            {},
            ": expected at most 20 different words in the column 'a', got 21, such as 'word0': inputs=",
        ),
    ],
)
def test_what_is_wrong_is_named(text: Any, options: dict[str, Any], complaint: str, read: Read, tmp_path: Path) -> None:
    """The message has the path, the row as a spreadsheet counts it, the column, and the way out where there is one."""
    start = re.escape(str(tmp_path / "data.csv"))
    with pytest.raises(ValueError, match=f"^{start}{complaint}") as error:
        read(text, **options)
    assert len(str(error.value)) < len(start) + 250


def test_rows_with_missing_values_may_be_left_out(read: Read) -> None:
    """Only where a value is missing in a column that is used."""
    text = "a,b,c,y\n1,2,,0\n3,NA,5,1\n6,7,8,n/a\n9,10,11,1\n"
    assert read(text, "y", missing="skip") == ([[9.0, 10.0, 11.0]], [1])
    assert read(text, "y", missing="skip", inputs=["a"]) == ([[1.0], [3.0], [9.0]], [0, 1, 1])
    assert read(text, None, inputs=["a"]).X == [[1.0], [3.0], [6.0], [9.0]]


def test_settings_of_csv(read: Read) -> None:
    """Other settings than there are, and a file that is not there."""
    for options in ({"missing": "mean"}, {"decimal": ";"}):
        with pytest.raises(ValueError, match="^csv: expected missing='error' or 'skip', and decimal='.' or ','"):
            read(FLOWERS, **options)
    with pytest.raises(FileNotFoundError):
        nn.data.csv("no such file.csv", "y")


# --- Standardise ----------------------------------------------------------------------------------------


def test_columns_of_size_one() -> None:
    """Each has the mean 0 and the deviation 1 afterwards; the rows that were given stay as they are."""
    rng = random.Random(0)
    X = [[rng.gauss(5, 3), rng.gauss(-1e6, 1e-3), rng.random()] for _ in range(50)]
    before = copy.deepcopy(X)
    for column in zip(*standardise(X), strict=True):
        assert statistics.fmean(column) == pytest.approx(0.0, abs=1e-6)
        assert statistics.pstdev(column) == pytest.approx(1.0, rel=1e-6)
    assert before == X


def test_others_are_scaled_alike() -> None:
    """What a network is used on is scaled as what it was trained on."""
    X, other = [[0.0, 10.0], [2.0, 30.0]], [[1.0, 20.0], [4.0, 0.0]]
    assert standardise(other, like=X) == [[0.0, 0.0], [3.0, -2.0]]
    assert standardise(X, like=X) == standardise(X) == [[-1.0, -1.0], [1.0, 1.0]]


@pytest.mark.parametrize("x", [0.1, -1 / 3, 1e300, 0.0, 7])
def test_a_column_of_equal_numbers(x: float) -> None:
    """It becomes 0, whatever rounding does to its mean."""
    assert standardise([[x, 1.0], [x, 3.0], [x, 2.0]]) == [
        [0.0, pytest.approx(-(1.5**0.5))],
        [0.0, pytest.approx(1.5**0.5)],
        [0.0, 0.0],
    ]


def test_arrays_and_values_are_rows_too() -> None:
    """Rows may be tuples or arrays, of numbers of any type, or of Values."""
    expected = standardise([[1.0, 2.0], [3.0, 5.0]])
    for X in (np.array([[1, 2], [3, 5]]), [(1, np.float32(2)), (3, 5)], [[Value(1.0), 2], [Value(3.0), 5]]):
        assert standardise(X) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("X", "like", "complaint"),
    [
        ([], None, "standardise: expected rows of numbers, got none"),
        ([[1.0, 2.0], [1.0]], None, "standardise: expected 2 numbers in each row, got 1 in row 1"),
        ([[1.0], [math.nan]], None, "standardise: expected finite numbers, got [nan] as row 1"),
        ([[math.inf]], None, "standardise: expected finite numbers, got [inf] as row 0"),
        ([1.0, 2.0], None, "standardise: expected rows of numbers, [[1.0, 2.0], ...], got 1.0 as row 0"),
        (["ab", "cd"], None, "standardise: expected rows of numbers, [[1.0, 2.0], ...], got 'ab' as row 0"),
        ([[1.0]], [], "standardise: like: expected rows of numbers, got none"),
        ([[1.0]], [[1.0, 2.0]], "standardise: expected 1 columns in like, got 2"),
    ],
)
def test_what_cannot_be_scaled(X: Any, like: Any, complaint: str) -> None:
    """No rows, ragged ones and what is not finite are named by row."""
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}$"):
        standardise(X, like)


# --- Split ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "share", "kept"), [(10, 0.2, 2), (10, 0.25, 2), (3, 0.01, 1), (3, 0.99, 2), (2, 0.5, 1)])
def test_two_parts(n: int, share: float, kept: int) -> None:
    """Each example is in one of them, with its target; both have one at least."""
    X, Y = [[float(i)] for i in range(n)], list(range(n))
    (X1, Y1), (X2, Y2) = split(X, Y, share, random.Random(0))
    assert len(X2) == len(Y2) == kept
    assert sorted(Y1 + Y2) == Y
    assert [x[0] for x in X1] == Y1
    assert [x[0] for x in X2] == Y2
    assert all(any(x is row for row in X) for x in X1 + X2)


def test_the_order_is_random_and_repeatable() -> None:
    """From equal seeds the same parts; Python's global random numbers do not move."""
    X, Y = [[float(i)] for i in range(50)], list(range(50))
    random.seed(3)
    state = random.getstate()
    one, same, other = (split(X, Y, rng=random.Random(seed)) for seed in (0, 0, 1))
    assert one == same != other
    assert one[0][1] != sorted(one[0][1])
    assert split(X, Y) != split(X, Y)
    assert random.getstate() == state


def test_arrays_stay_arrays() -> None:
    """A matrix of examples is split into matrices."""
    X: Any = np.arange(20.0).reshape(10, 2)
    Y: Any = np.arange(10)
    (X1, Y1), (X2, Y2) = split(X, Y, rng=random.Random(0))
    assert (X1.shape, X2.shape, Y1.shape, Y2.shape) == ((8, 2), (2, 2), (8,), (2,))
    assert np.array_equal(X1[:, 0], 2.0 * Y1)
    assert np.array_equal(X2[:, 0], 2.0 * Y2)


@pytest.mark.parametrize(
    ("X", "Y", "share", "complaint"),
    [
        ([1], [1], 0.5, "split: expected as many targets as examples, and two at least, got 1 and 1"),
        ([1, 2], [1], 0.5, "split: expected as many targets as examples, and two at least, got 2 and 1"),
        ([1, 2], [1, 2], 0.0, "split: expected a share between 0 and 1, got 0.0"),
        ([1, 2], [1, 2], 1.0, "split: expected a share between 0 and 1, got 1.0"),
        ([1, 2], [1, 2], math.nan, "split: expected a share between 0 and 1, got nan"),
        ([1, 2], [1, 2], 20, "split: expected a share between 0 and 1, got 20"),
    ],
)
def test_what_cannot_be_split(X: Any, Y: Any, share: float, complaint: str) -> None:
    """Too few examples, and a share that is none."""
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}$"):
        split(X, Y, share)


# --- One-hot --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "classes", "rows"),
    [
        ([0, 2], None, [[1, 0, 0], [0, 0, 1]]),
        ([0, 1], 3, [[1, 0, 0], [0, 1, 0]]),
        ([True, False], None, [[0, 1], [1, 0]]),
        ([np.True_, np.False_], None, [[0, 1], [1, 0]]),
        (np.array([1, 0]), None, [[0, 1], [1, 0]]),
        (np.array([True, True]), 2, [[0, 1], [0, 1]]),
        (["b", "a", "b"], None, [[0, 1], [1, 0], [0, 1]]),
        (["b", "a"], ["b", "c", "a"], [[1, 0, 0], [0, 0, 1]]),
        ([-1, 1], [-1, 1], [[1, 0], [0, 1]]),
        ([], 3, []),
    ],
)
def test_one_hot(labels: Any, classes: Any, rows: Any) -> None:
    """A row of floats for each label, with a single 1."""
    found = one_hot(labels, classes)
    assert found == rows
    assert {type(x) for row in found for x in row} <= {float}


@pytest.mark.parametrize(
    ("labels", "classes", "error", "complaint"),
    [
        ([0, 3], 3, ValueError, "one_hot: expected one of 0, 1, 2, got 3 at place 1"),
        ([-1], None, ValueError, "one_hot: expected one of , got -1 at place 0"),
        (["d"], ["a", "b"], ValueError, "one_hot: expected one of a, b, got 'd' at place 0"),
        ([0, 0.5], None, TypeError, "one_hot: expected whole numbers or names as labels, got 0.5 at place 1"),
        ([None], None, TypeError, "one_hot: expected whole numbers or names as labels, got None at place 0"),
        ([0, "a"], None, TypeError, "one_hot: expected names or numbers as labels, got both"),
    ],
)
def test_what_is_no_label(labels: Any, classes: Any, error: type[Exception], complaint: str) -> None:
    """It is named with its place."""
    with pytest.raises(error, match=f"^{re.escape(complaint)}$"):
        one_hot(labels, classes)


@pytest.mark.parametrize("decimal", [".", ","])
def test_what_a_number_is(decimal: str) -> None:
    """As a pattern says it: of every text of up to five signs that occur in numbers, and of the words for infinity."""
    written = re.escape(decimal)
    pattern = rf"[+-]?((\d+({written}\d*)?|{written}\d+)(e[+-]?\d+)?|inf(inity)?)"
    texts = ["".join(each) for n in range(6) for each in itertools.product("07.,+-eE²٣", repeat=n)]
    texts += [
        sign + word for sign in ("", "+", "-", "--") for word in ("inf", "INF", "Infinity", "infin", "nan", "1inf")
    ]
    for text in texts:
        assert tables.is_number(text, decimal) == bool(re.fullmatch(pattern, text, re.IGNORECASE | re.ASCII)), text


def test_what_thousands_are() -> None:
    """As a pattern says it: one to three digits, and groups of three behind them."""
    numbers = ["", "1", "12", "123", "1234"]
    texts = [sign + mark.join(each) for sign in ("", "-", "+", "+-") for mark in (".", ",", ".,", " ")
             for n in range(1, 4) for each in itertools.product(numbers, repeat=n)]  # fmt: skip
    for text in texts:
        assert tables.is_grouped(text) == bool(re.fullmatch(r"[+-]?\d{1,3}([.,]\d{3})+", text)), text


def test_thousands_are_not_taken_for_decimals(tmp_path: Path) -> None:
    """1,000 in quotes is a thousand, and not 1.0: the message does not advise to read it so."""
    file = tmp_path / "sales.csv"
    file.write_text('a,y\n"1,000",2\n7,3\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"got '1,000': write thousands without a sign between them"):
        nn.data.csv(file, target="y")
