"""Data to learn from: real handwritten digits, two moons, files in MNIST's format, and tables of your own.

Every function answers with plain lists: an example is one flat row of numbers, a label one number of a second
list. That is the form which ``MLP`` and ``fit`` take. NumPy is not needed. Those for tables of your own stand in
:mod:`nn.tables` and :mod:`nn.preparing`.

| function    | gives                                                                     |
|-------------|---------------------------------------------------------------------------|
| ``digits``  | 1,797 images of 8 x 8 pixels with their labels, bundled in ``nn/digits/`` |
| ``enlarge`` | such an image at 28 x 28 pixels, for the textbooks' 784-30-10 network     |
| ``moons``   | points in the plane on two half circles that no straight line can part    |
| ``idx``     | the images or the labels of an IDX file, the format of MNIST              |
| ``csv``     | the rows of a CSV file as examples and targets, classes numbered          |
| ``standardise`` | inputs of size 1: each column less its mean, over its deviation       |
| ``split``   | the examples in two: to train on, and to test on                          |
| ``one_hot`` | for each label a row with a 1 at its class                                |
"""

from __future__ import annotations

import gzip
import math
import os
import random
import struct
import zlib
from collections.abc import Iterator, Sequence
from io import BufferedIOBase
from typing import cast

from .preparing import one_hot, split, standardise
from .tables import Table, csv

__all__ = ["Table", "csv", "digits", "enlarge", "idx", "moons", "one_hot", "split", "standardise"]


def digits() -> tuple[list[list[float]], list[int]]:
    """1,797 real handwritten digits of 8 x 8 pixels: ``images`` (1797 rows of 64) and ``labels`` (1797 of 0..9).

    A pixel counts the inked points g of a 4 x 4 block of the scanned bitmap, 0 <= g <= 16, and comes as
    g / 16: 0.0 is paper, 1.0 is ink, and every grey is exact. A row lists its image line by line from the
    top. Each call returns new lists, so that the caller may change them.

    The examples stand writer by writer, about 130 from each. So a split in this order tests a model on hands
    that it has never seen; a shuffled split tests it on known hands and reads several percent better (0.93
    and 0.97 for logistic regression: scikit-learn MOOC, "Non i.i.d. data").

    Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, test set, https://doi.org/10.24432/C50P49 (CC BY 4.0; see ``nn/digits/NOTICE``).

    >>> images, labels = digits()
    >>> labels[:3]
    [0, 1, 2]
    >>> for line in range(8):
    ...     print("".join(".:*#@"[round(4 * grey)] for grey in images[0][8 * line : 8 * line + 8]))
    ..:#*...
    ..#@*@:.
    .:@..#*.
    .:#..**.
    .:*..**.
    .:#..#*.
    ..@:*#..
    ..*#*...
    """
    folder = os.path.join(os.path.dirname(__file__), "digits")
    _, _, images = _read(os.path.join(folder, "images-idx3-ubyte.gz"))
    _, _, labels = _read(os.path.join(folder, "labels-idx1-ubyte.gz"))
    return [[grey / 16 for grey in image] for image in images], [int(label) for (label,) in labels]


def enlarge(image: Sequence[float], size: int = 28) -> list[float]:
    """Stretch a square image to ``size`` x ``size`` pixels by bilinear interpolation.

    ``image`` is a flat row of side * side numbers, line by line; the result is a flat row of size * size.
    Pixels are squares, and a colour belongs to the centre of its square. So the centre of new pixel k lies at

        p = (k + 1/2) side / size - 1/2,   moved into [0, side - 1] at the border

    between the old pixels a = floor(p) and b = a + 1, and its value is v_a + (p - a) (v_b - v_a): first
    along each row, then along each column. This is the rule of Pillow and OpenCV, and of PyTorch's
    ``Upsample`` with ``align_corners=False``. Values stay between the smallest and the largest of the image.

    Raises ValueError where the image is empty or not square, or where ``size`` is smaller than its side:
    interpolation would skip pixels.

    >>> enlarge([0.0, 1.0,
    ...          0.0, 1.0], size=4)[:4]
    [0.0, 0.25, 0.75, 1.0]
    """
    side = math.isqrt(len(image))
    if side == 0 or side * side != len(image):
        raise ValueError(f"expected a square image of at least one pixel, got {len(image)} pixels")
    if size < side:
        raise ValueError(f"expected a size of at least {side}, the side of the image, got {size}")
    last = side - 1
    centres = [min(max(((2 * k + 1) * side - size) / (2 * size), 0.0), float(last)) for k in range(size)]
    places = [(int(p), min(int(p) + 1, last), p - int(p)) for p in centres]

    def stretch(line: Sequence[float]) -> list[float]:
        return [line[a] + share * (line[b] - line[a]) for a, b, share in places]

    rows = [stretch(image[start : start + side]) for start in range(0, len(image), side)]
    columns = [stretch(column) for column in zip(*rows, strict=True)]
    return [value for row in zip(*columns, strict=True) for value in row]


def moons(n: int, noise: float = 0.0, rng: random.Random | None = None) -> tuple[list[list[float]], list[int]]:
    """Two interleaving half circles: ``X`` (n points [x1, x2]) and ``Y`` (n labels 0 or 1), in random order.

    With m points on a moon and t_i = pi i / (m - 1) for i = 0, ..., m - 1, the moons are

        label 0, outer, m = n // 2:      (cos t, sin t)
        label 1, inner, m = n - n // 2:  (1 - cos t, 1/2 - sin t)

    Then each coordinate gets an independent normal deviate of mean 0 and standard deviation ``noise``.

    All randomness comes from ``rng``, by ``shuffle`` and ``gauss``; without one, from a new ``random.Random()``. The
    draws do not depend on ``noise``: from equal seeds the same points move the same way, only farther for more
    noise. Raises ValueError for n < 1 and for a noise that is negative, infinite or NaN.

    Source: the geometry of ``make_moons`` in scikit-learn.

    >>> X, Y = moons(100, noise=0.1, rng=random.Random(0))
    >>> len(X), len(X[0]), Y.count(0), Y.count(1)
    (100, 2, 50, 50)
    """
    if n < 1:
        raise ValueError(f"expected n of at least 1, got {n}")
    if not 0.0 <= noise < math.inf:
        raise ValueError(f"expected a finite noise of at least 0, got {noise}")
    if rng is None:
        rng = random.Random()
    outer = [(math.cos(t), math.sin(t), 0) for t in _half_turn(n // 2)]
    inner = [(1 - math.cos(t), 0.5 - math.sin(t), 1) for t in _half_turn(n - n // 2)]
    points = outer + inner
    rng.shuffle(points)
    X = [[x1 + rng.gauss(0.0, noise), x2 + rng.gauss(0.0, noise)] for x1, x2, _ in points]
    return X, [label for _, _, label in points]


def _half_turn(m: int) -> list[float]:
    """``m`` angles at equal distances from 0 to pi, both included; a single one is 0."""
    return [math.pi * i / max(m - 1, 1) for i in range(m)]


def idx(path: str | os.PathLike[str]) -> list[int] | list[float] | list[list[int]] | list[list[float]]:
    """The numbers of an IDX file, the format of MNIST and its successors, gzipped or not.

    Whether a file is gzipped is seen in its content, not in its name. The first dimension counts the
    examples, and each example comes as one flat row, line by line:

    | the file holds                    | ``idx`` returns                                      |
    |-----------------------------------|------------------------------------------------------|
    | n x h x w unsigned bytes (images) | n rows of h w floats in [0, 1], each byte / 255      |
    | one dimension (labels)            | n numbers, as stored                                 |
    | anything else, n x h x w x ...    | n rows of h w ... numbers, as stored                 |

    "As stored" is an int where the file holds integers (8 to 32 bits), a float where it holds floats (32 or
    64 bits).

        images = nn.data.idx("train-images-idx3-ubyte.gz")     # 60000 rows of 784 floats
        labels = nn.data.idx("train-labels-idx1-ubyte.gz")     # 60000 ints

    Raises ValueError, with the path, for a file that is damaged or no IDX file: other bytes at its start, a
    header or data cut short, bytes left over, a size of 0 after the first, a broken gzip stream. The sizes
    are held against the length of the file before anything is allocated for them, so a header that promises
    terabytes is refused at once. Raises FileNotFoundError where there is no file.

    Source: Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits, "File formats".
    """
    kind, sizes, rows = _read(path)
    if len(sizes) == 1:
        return [number for (number,) in rows]
    if kind == "B" and len(sizes) == 3:
        greys = [byte / 255 for byte in range(256)]  # shared: MNIST's 47 million pixels take 0.4 GB, not 1.5
        return [[greys[byte] for byte in row] for row in cast("Iterator[tuple[int, ...]]", rows)]
    return [list(row) for row in rows]


# The third byte of an IDX file names the type of its numbers; here, as ``struct`` writes that type.
_KINDS = {0x08: "B", 0x09: "b", 0x0B: "h", 0x0C: "i", 0x0D: "f", 0x0E: "d"}

# The most that one byte can unfold to: deflate spends 2 bits or more on a copy of 258 bytes (RFC 1951).
_MOST_PER_GZIPPED_BYTE = 258 * 8 // 2

_Contents = tuple[str, list[int], Iterator[tuple[float, ...]]]


def _read(path: str | os.PathLike[str]) -> _Contents:
    """Type (a letter of ``struct``), sizes, and the rows as stored, of a file that may be gzipped."""
    name = os.fspath(path)
    with open(path, "rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
        length = file.seek(0, os.SEEK_END)
        file.seek(0)
        if not gzipped:
            return _parse(file, name, most=length)
        try:
            with gzip.GzipFile(fileobj=file) as unzipped:
                return _parse(unzipped, name, most=length * _MOST_PER_GZIPPED_BYTE)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise _damaged(name, "a whole gzip stream", f"a damaged one ({error})") from error


def _parse(stream: BufferedIOBase, name: str, most: int) -> _Contents:
    """What ``_read`` returns, from a stream that cannot hold more than ``most`` bytes.

    The layout, big-endian throughout: 00 00, type, number of dimensions; 4 bytes for each size; the numbers.
    """
    magic = _take(stream, 4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _KINDS or magic[3] == 0:
        types = bytes(_KINDS).hex(" ")
        expected = f"the start of an IDX file (00 00, one of {types}, a number of dimensions)"
        raise _damaged(name, expected, magic.hex(" ") or "an empty file")
    kind, dimensions = _KINDS[magic[2]], magic[3]

    header = _take(stream, 4 * dimensions)
    if len(header) < 4 * dimensions:
        raise _damaged(name, f"{4 * dimensions} bytes of sizes", f"{len(header)}")
    sizes = list(struct.unpack(f">{dimensions}I", header))
    shape = " x ".join(map(str, sizes))
    if 0 in sizes[1:]:
        raise _damaged(name, "sizes of at least 1 after the first", shape)

    count = math.prod(sizes) * struct.calcsize(f">{kind}")
    room = most - 4 - len(header)
    expected = f"{count} bytes of data for the sizes {shape}"
    if count > room:
        raise _damaged(name, expected, f"at most {room}")
    data = _take(stream, count + 1)
    if len(data) != count:
        raise _damaged(name, expected, f"{len(data)}" if len(data) < count else "more")
    rows = struct.iter_unpack(f">{math.prod(sizes[1:])}{kind}", data) if data else iter(())
    return kind, sizes, rows


def _take(stream: BufferedIOBase, count: int) -> bytearray:
    """The next ``count`` bytes or all that are left, in pieces: ``read(count)`` may allocate ``count`` up front."""
    taken = bytearray()
    while chunk := stream.read(min(count - len(taken), 1 << 20)):
        taken += chunk
    return taken


def _damaged(name: str, expected: str, got: str) -> ValueError:
    return ValueError(f"{name}: expected {expected}, got {got}")
