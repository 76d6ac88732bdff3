"""The specification of nn.data: the bundled digits, moons, and files in MNIST's format."""

from __future__ import annotations

import gzip
import hashlib
import inspect
import math
import random
import struct
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest

from nn.data import digits, enlarge, idx, moons

# ---------------------------------------------------------------------------------------------------- digits


def test_digits_are_1797_rows_of_64_greys_with_a_label_each() -> None:
    """There are 1,797 images of 64 floats in [0, 1], and as many int labels."""
    images, labels = digits()
    assert len(images) == len(labels) == 1797
    assert {len(image) for image in images} == {64}
    assert {type(grey) for image in images for grey in image} == {float}
    assert {grey for image in images for grey in image} == {grey / 16 for grey in range(17)}
    assert {type(label) for label in labels} == {int}


def test_each_digit_occurs_as_often_as_its_source_says() -> None:
    """The UCI page of the test set gives these counts for the classes 0 to 9."""
    _, labels = digits()
    counts = [labels.count(digit) for digit in range(10)]
    assert counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_first_image_is_the_known_zero() -> None:
    """The first image, a 0, begins with the row 0 0 5 13 9 1 0 0 of sixteenths."""
    images, labels = digits()
    assert labels[0] == 0
    assert images[0][:8] == [grey / 16 for grey in (0, 0, 5, 13, 9, 1, 0, 0)]


def test_digits_are_scikit_learns_to_the_last_pixel() -> None:
    """Written as comma-separated integers, the digits have the checksum of scikit-learn's digits.csv."""
    images, labels = digits()
    lines = [[*(int(16 * grey) for grey in image), label] for image, label in zip(images, labels, strict=True)]
    text = "".join(",".join(map(str, line)) + "\n" for line in lines)
    expected = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"
    assert hashlib.sha256(text.encode()).hexdigest() == expected


def test_digits_belong_to_the_caller() -> None:
    """A caller who changes the lists does not change what the next call returns."""
    images, labels = digits()
    images[0][0], labels[0] = 7.0, 7
    assert digits()[0][0][0] == 0.0
    assert digits()[1][0] == 0


# --------------------------------------------------------------------------------------------------- enlarge


def test_enlarge_agrees_with_pytorch() -> None:
    """The example in PyTorch's documentation of Upsample(scale_factor=2, mode="bilinear") comes out."""
    assert enlarge([1.0, 2.0, 3.0, 4.0], size=4) == [
        *(1.00, 1.25, 1.75, 2.00),
        *(1.50, 1.75, 2.25, 2.50),
        *(2.50, 2.75, 3.25, 3.50),
        *(3.00, 3.25, 3.75, 4.00),
    ]


def test_enlarge_makes_an_image_for_the_textbook_network() -> None:
    """Without a size, an 8 x 8 digit becomes 784 floats in [0, 1]."""
    for image in digits()[0][:100]:
        large = enlarge(image)
        assert len(large) == 784
        assert min(image) <= min(large) <= max(large) <= max(image)


@pytest.mark.parametrize("size", [8, 9, 28])
def test_enlarge_leaves_a_plain_colour_alone(size: int) -> None:
    """An image of one colour stays exactly that colour."""
    assert enlarge([0.3] * 64, size) == [0.3] * size**2


def test_enlarge_to_the_same_size_changes_nothing() -> None:
    """At its own size an image comes back as it was, in a new list."""
    image = digits()[0][0]
    same = enlarge(image, size=8)
    assert same == image
    assert same is not image


def test_enlarge_has_no_preferred_direction() -> None:
    """Transposing or reversing the image does the same to the result."""
    image, size = digits()[0][3], 28
    large = enlarge(image, size)
    transposed = enlarge([image[8 * column + row] for row in range(8) for column in range(8)], size)
    assert transposed == pytest.approx([large[size * j + i] for i in range(size) for j in range(size)])
    assert enlarge(image[::-1], size) == pytest.approx(large[::-1])


def test_enlarge_takes_a_single_pixel() -> None:
    """An image of one pixel has no neighbour to blend with and fills the square, in floats."""
    assert enlarge([0.5], size=2) == [0.5] * 4
    assert [type(grey) for grey in enlarge([1], size=2)] == [float] * 4


@pytest.mark.parametrize("pixels", [0, 63])
def test_enlarge_refuses_what_is_not_square(pixels: int) -> None:
    """An empty image and one whose length is no square are refused."""
    with pytest.raises(ValueError, match=f"a square image of at least one pixel, got {pixels} pixels"):
        enlarge([0.0] * pixels)


@pytest.mark.parametrize("size", [7, 0, -1])
def test_enlarge_does_not_shrink(size: int) -> None:
    """A size below the side of the image is refused, as pixels would be skipped."""
    with pytest.raises(ValueError, match=f"expected a size of at least 8, the side of the image, got {size}"):
        enlarge([0.0] * 64, size)


# ----------------------------------------------------------------------------------------------------- moons


@pytest.mark.parametrize("n", [1, 2, 3, 100, 101])
def test_noiseless_points_lie_on_their_half_circles(n: int) -> None:
    """Label 0 is the upper half of the unit circle, label 1 the lower half of one around (1, 1/2)."""
    X, Y = moons(n)
    assert len(X) == len(Y) == n
    for (x1, x2), label in zip(X, Y, strict=True):
        assert label in (0, 1)
        if label == 0:
            assert math.hypot(x1, x2) == pytest.approx(1.0)
            assert x2 >= 0.0
        else:
            assert math.hypot(x1 - 1.0, x2 - 0.5) == pytest.approx(1.0)
            assert x2 <= 0.5


@pytest.mark.parametrize("n", [1, 2, 3, 100, 101])
def test_half_of_the_points_are_outer_and_the_rest_inner(n: int) -> None:
    """Label 0 has n // 2 points; an odd point goes to label 1."""
    _, Y = moons(n)
    assert Y.count(0) == n // 2
    assert Y.count(1) == n - n // 2


def test_points_are_evenly_spaced_from_end_to_end() -> None:
    """Five points on a moon stand at angles 0, 45, 90, 135 and 180 degrees."""
    X, Y = moons(10, rng=random.Random(0))
    s = math.sqrt(0.5)
    outer = [(1.0, 0.0), (s, s), (0.0, 1.0), (-s, s), (-1.0, 0.0)]
    inner = [(1 - x1, 0.5 - x2) for x1, x2 in outer]
    for moon, expected in enumerate([outer, inner]):
        points = sorted(point for point, label in zip(X, Y, strict=True) if label == moon)
        assert points == [pytest.approx(point, abs=1e-15) for point in sorted(expected)]


def test_points_are_shuffled() -> None:
    """The labels do not come in one block each."""
    _, Y = moons(100, rng=random.Random(0))
    assert sorted(Y) != Y != sorted(Y, reverse=True)


def test_equal_seeds_give_equal_moons() -> None:
    """The generator alone decides: equal seeds agree, other seeds differ."""
    assert moons(50, 0.1, random.Random(1)) == moons(50, 0.1, random.Random(1))
    assert moons(50, 0.1, random.Random(1)) != moons(50, 0.1, random.Random(2))


def test_noise_scales_the_same_displacements() -> None:
    """From equal seeds, twice the noise moves each point twice as far in the same direction."""
    still, near, far = (moons(50, noise, random.Random(3))[0] for noise in (0.0, 0.1, 0.2))
    for a, b, c in zip(still, near, far, strict=True):
        assert [2 * (v - u) for u, v in zip(a, b, strict=True)] == pytest.approx(
            [w - u for u, w in zip(a, c, strict=True)]
        )


def test_noise_is_the_standard_deviation_of_each_coordinate() -> None:
    """Over 20,000 coordinates, the displacements have mean 0 and standard deviation `noise`."""
    still, noisy = (moons(10_000, noise, random.Random(4))[0] for noise in (0.0, 0.25))
    moves = [v - u for a, b in zip(still, noisy, strict=True) for u, v in zip(a, b, strict=True)]
    assert sum(moves) / len(moves) == pytest.approx(0.0, abs=0.01)
    assert math.sqrt(sum(move**2 for move in moves) / len(moves)) == pytest.approx(0.25, rel=0.02)


def test_moons_leave_the_global_generator_alone() -> None:
    """Without a generator the points still differ from call to call, and `random` does not advance."""
    state = random.getstate()
    assert moons(50, noise=0.1) != moons(50, noise=0.1)
    assert random.getstate() == state


@pytest.mark.parametrize("n", [0, -3])
def test_moons_need_a_point(n: int) -> None:
    """Fewer than one point is refused."""
    with pytest.raises(ValueError, match=f"expected n of at least 1, got {n}"):
        moons(n)


@pytest.mark.parametrize("noise", [-0.1, math.nan, math.inf])
def test_moons_need_a_finite_positive_noise(noise: float) -> None:
    """Negative, infinite and undefined noise is refused."""
    with pytest.raises(ValueError, match=f"expected a finite noise of at least 0, got {noise}"):
        moons(10, noise)


# ------------------------------------------------------------------------------------------------------- idx

IMAGES = (0x08, [2, 2, 3], bytes([0, 51, 102, 153, 204, 255, 255, 0, 0, 0, 0, 1]))
LABELS = (0x08, [5], bytes([7, 2, 1, 0, 9]))


def idx_bytes(kind: int, sizes: Sequence[int], data: bytes) -> bytes:
    """An IDX file as its specification describes it, with whatever data."""
    return struct.pack(f">4B{len(sizes)}I", 0, 0, kind, len(sizes), *sizes) + data


def write(folder: Path, content: bytes, name: str = "file.idx") -> Path:
    """A file of this content."""
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images.gz"])
@pytest.mark.parametrize("gzipped", [False, True])
def test_images_are_flat_rows_between_0_and_1(tmp_path: Path, name: str, gzipped: bool) -> None:
    """A byte b of an image comes as b / 255, gzipped or not, whatever the name of the file."""
    content = idx_bytes(*IMAGES)
    path = write(tmp_path, gzip.compress(content) if gzipped else content, name)
    assert idx(path) == [[0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [1.0, 0.0, 0.0, 0.0, 0.0, 1 / 255]]


@pytest.mark.parametrize("gzipped", [False, True])
def test_labels_are_ints(tmp_path: Path, gzipped: bool) -> None:
    """Bytes of one dimension are labels: a list of ints."""
    content = idx_bytes(*LABELS)
    labels = idx(write(tmp_path, gzip.compress(content) if gzipped else content))
    assert labels == [7, 2, 1, 0, 9]
    assert {type(label) for label in labels} == {int}


def test_a_path_may_be_text(tmp_path: Path) -> None:
    """`idx` takes a str as well as a Path."""
    assert idx(str(write(tmp_path, idx_bytes(*LABELS)))) == [7, 2, 1, 0, 9]


@pytest.mark.parametrize(
    ("kind", "letter", "numbers"),
    [
        pytest.param(0x08, "B", [0, 1, 128, 255], id="uint8"),
        pytest.param(0x09, "b", [0, 1, -128, 127], id="int8"),
        pytest.param(0x0B, "h", [0, 1, -(2**15), 2**15 - 1], id="int16"),
        pytest.param(0x0C, "i", [0, 1, -(2**31), 2**31 - 1], id="int32"),
        pytest.param(0x0D, "f", [0.0, 1.0, -0.5, 2.0**100], id="float32"),
        pytest.param(0x0E, "d", [0.0, 0.1, -1e300, math.inf], id="float64"),
    ],
)
def test_other_numbers_come_as_stored(tmp_path: Path, kind: int, letter: str, numbers: list[float]) -> None:
    """Each type that IDX knows, most significant byte first, in one dimension or two, is not scaled."""
    data = struct.pack(f">4{letter}", *numbers)
    assert idx(write(tmp_path, idx_bytes(kind, [4], data))) == numbers
    rows = idx(write(tmp_path, idx_bytes(kind, [2, 2], data)))
    assert rows == [numbers[:2], numbers[2:]]
    assert isinstance(rows[0], list)
    assert {type(number) for number in rows[0]} == {type(numbers[0])}


@pytest.mark.parametrize(
    ("kind", "sizes"), [(0x08, [2, 2, 1, 2]), (0x09, [2, 2, 2]), (0x08, [2, 4]), (0x08, [2, 1, 1, 4, 1])]
)
def test_rows_are_flat_in_every_other_shape(tmp_path: Path, kind: int, sizes: list[int]) -> None:
    """The first dimension counts the rows, the others are laid end to end, and nothing is scaled."""
    assert idx(write(tmp_path, idx_bytes(kind, sizes, bytes(range(8))))) == [[0, 1, 2, 3], [4, 5, 6, 7]]


@pytest.mark.parametrize("sizes", [[0], [0, 28, 28], [0, 2**32 - 1, 2**32 - 1, 2**32 - 1]])
def test_no_examples_are_an_empty_list(tmp_path: Path, sizes: list[int]) -> None:
    """A file of no examples is whole, and empty."""
    assert idx(write(tmp_path, idx_bytes(0x08, sizes, b""))) == []


def test_the_bundled_digits_are_idx_files() -> None:
    """`idx` reads the files behind `digits` (as bytes / 255, though their black is 16)."""
    folder = Path(inspect.getfile(digits)).parent / "digits"
    images, labels = digits()
    assert idx(folder / "labels-idx1-ubyte.gz") == labels
    rows = idx(folder / "images-idx3-ubyte.gz")
    assert rows[0] == pytest.approx([grey * 16 / 255 for grey in images[0]])


START = r"the start of an IDX file \(00 00, one of 08 09 0b 0c 0d 0e, a number of dimensions\)"
ABSURD = "73786976260478468100 bytes of data for the sizes 4294967295 x 4294967295"
DAMAGES = [  # what is damaged; the file; what the message expects; what came
    ("empty", b"", START, "an empty file"),
    ("cut in the start", b"\0\0\x08", START, "00 00 08"),
    ("another format", b"\x89PNG\r\n\x1a\n", START, "89 50 4e 47"),
    ("unknown type", idx_bytes(0x0A, [1], b"\0"), START, "00 00 0a 01"),
    ("no dimension", idx_bytes(0x08, [], b"\0"), START, "00 00 08 00"),
    ("cut in the sizes", idx_bytes(*IMAGES)[:13], "12 bytes of sizes", "9"),
    ("no pixels", idx_bytes(0x08, [9, 28, 0], b""), "sizes of at least 1 after the first", "9 x 28 x 0"),
    ("cut in the data", idx_bytes(*IMAGES)[:-1], "12 bytes of data for the sizes 2 x 2 x 3", "(at most )?11"),
    ("bytes left over", idx_bytes(*IMAGES) + b"\0", "12 bytes of data for the sizes 2 x 2 x 3", "more"),
    ("numbers left over", idx_bytes(0x0E, [1], bytes(16)), "8 bytes of data for the sizes 1", "more"),
    ("absurd sizes", idx_bytes(0x0C, [2**32 - 1] * 2, b""), ABSURD, r"at most \d+"),
]


@pytest.mark.parametrize("gzipped", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("damage", DAMAGES, ids=[name for name, *_ in DAMAGES])
def test_damaged_files_are_refused(tmp_path: Path, damage: tuple[str, bytes, str, str], gzipped: bool) -> None:
    """A file that is not a whole IDX file is a ValueError with its path, what was expected, what came."""
    name, content, expected, got = damage
    path = write(tmp_path, gzip.compress(content) if gzipped else content, f"{name}.idx")
    with pytest.raises(ValueError, match=f"{name}.idx: expected {expected}, got {got}$") as caught:
        idx(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut short", gzip.compress(idx_bytes(*IMAGES), mtime=0)[:-9]),
        ("wrong checksum", gzip.compress(idx_bytes(*IMAGES), mtime=0)[:-8] + bytes(8)),
        ("other bytes after it", gzip.compress(idx_bytes(*IMAGES), mtime=0) + b"more"),
        ("no deflate stream", gzip.compress(idx_bytes(*IMAGES), mtime=0)[:10] + b"\xff" * 30),
        ("only the magic number", b"\x1f\x8b"),
    ],
)
def test_damaged_gzip_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """A gzip stream that breaks is a ValueError as well, and keeps the cause."""
    path = write(tmp_path, content, f"{name}.gz")
    with pytest.raises(ValueError, match=f"{name}.gz: expected a whole gzip stream, got a damaged") as caught:
        idx(path)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    "content", [idx_bytes(*IMAGES), gzip.compress(idx_bytes(*IMAGES), mtime=0)], ids=["plain", "gzipped"]
)
def test_every_cut_is_noticed(tmp_path: Path, content: bytes) -> None:
    """Wherever the file ends too early, it is refused."""
    for length in range(len(content)):
        with pytest.raises(ValueError, match=r"file\.idx: expected"):
            idx(write(tmp_path, content[:length]))


def test_every_flipped_bit_of_a_gzipped_file_is_noticed(tmp_path: Path) -> None:
    """A flipped bit is refused, or it is one without meaning (a time, padding): never other numbers."""
    content = gzip.compress(idx_bytes(*IMAGES), mtime=0)
    whole = idx(write(tmp_path, content))
    for bit in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path = write(tmp_path, bytes(flipped))
        try:
            outcome: object = idx(path)
        except ValueError as error:
            outcome = str(error)
        assert outcome == whole or str(outcome).startswith(f"{path}: expected")


@pytest.mark.parametrize(
    "sizes", [[2**32 - 1] * 3, [2**32 - 1, 1, 1], [10_000, 100, 100], [1]], ids=lambda sizes: f"{sizes[0]}"
)
@pytest.mark.parametrize("gzipped", [False, True], ids=["plain", "gzipped"])
def test_a_wrong_promise_costs_no_memory(tmp_path: Path, sizes: list[int], gzipped: bool) -> None:
    """Sizes far above what the file can hold, or data far beyond the sizes, are refused within 4 MB."""
    content = idx_bytes(0x08, sizes, bytes(50_000_000) if sizes == [1] else bytes(1000))
    path = write(tmp_path, gzip.compress(content) if gzipped else content)
    del content
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"bytes of data for the sizes .*, got (at most|more)"):
            idx(path)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    """No file is FileNotFoundError, as for `open`."""
    with pytest.raises(FileNotFoundError, match=r"nothing\.idx"):
        idx(tmp_path / "nothing.idx")
