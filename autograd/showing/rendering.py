"""Rendering: Graphviz's language as a picture, for files, notebooks and terminals.

:func:`blank` is an empty drawing, to be filled by those of :mod:`.drawing`. Its interface is the ``graphviz``
package's; :class:`Renderable` replaces how that finds the program that does the layout: the system's ``dot`` if there
is one on PATH, else ``graphviz-pure``, which comes with this library wherever it has a wheel.
"""

from __future__ import annotations

import math
import os
import sys
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from .saving import save

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphviz import Digraph

FONT = "DejaVu Sans"
"""What boxes are measured in: no usual font without serifs is wider, so texts fit whichever font the reader has."""

SHOWN = "Arial, DejaVu Sans, sans-serif"
"""What browsers are asked for, in an SVG."""

WHEELS = {
    "linux": ("x86_64", "aarch64"),
    "darwin": ("x86_64", "arm64"),
    "win32": ("AMD64", "ARM64"),
}
"""Where pip finds graphviz-pure, as the markers in pyproject.toml say."""


class Renderable:
    """What a drawing does with itself; mixed into ``graphviz.Digraph``, which has the same methods for ``dot`` only."""

    source: str
    format: str
    engine: str
    filename: str
    directory: str
    text = ""

    def __repr__(self) -> str:
        return self.text or super().__repr__()

    def __str__(self) -> str:
        """As ``repr``: what a reader wants to see printed. Graphviz's language is ``source``."""
        return self.text or super().__str__()

    def pipe(self, format: str | None = None, *, engine: str | None = None, encoding: str | None = None) -> bytes | str:
        """The picture as bytes, or as text where an ``encoding`` is given.

        Raises ValueError for a format that Graphviz does not know; RuntimeError where there is no program to render it,
        or where that program does not write this format.
        """
        picture = rendered(self.source, format or self.format, engine or self.engine)
        return picture if encoding is None else picture.decode(encoding)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = True,
        format: str | None = None,
        *,
        outfile: str | os.PathLike[str] | None = None,
        engine: str | None = None,
    ) -> str:
        """Write the picture to a file and return its path.

        ``render("graph")`` writes ``graph.svg`` (or whatever ``format`` says), ``render("graph.pdf")`` a PDF; nothing
        else is left behind, unless ``cleanup=False`` asks for Graphviz's source in ``graph.gv``. ``outfile`` is another
        word for ``filename``; ``view=True`` opens the file. Missing directories are made. Raises as :meth:`pipe`.
        """
        import graphviz

        path = os.path.join(directory or self.directory, outfile or filename or self.filename)
        stem, dot, suffix = path.rpartition(".")
        if not dot or suffix not in ({format} if format else graphviz.FORMATS):
            stem, suffix = path, format or self.format
        picture = rendered(self.source, suffix, engine or self.engine)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if not cleanup:
            with open(f"{stem}.gv", "w", encoding="utf-8") as file:
                file.write(self.source)
        with open(f"{stem}.{suffix}", "wb") as file:
            file.write(picture)
        if view:
            graphviz.view(f"{stem}.{suffix}")
        return f"{stem}.{suffix}"

    def save(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        *,
        skip_existing: bool | None = False,
    ) -> str:
        """Write the drawing to a file and return its path; the end of the name says as what.

        ``save("graph.svg")`` writes a picture, and so do ``.png`` and ``.pdf``; ``save("graph.gv")`` and ``.dot`` write
        Graphviz's source, for which no program is needed; so does ``save()``, to ``graph.gv``. Missing directories are
        made. ``skip_existing`` leaves a file alone that is there.

        Raises ValueError for a name that ends otherwise, and RuntimeError, before a file is touched, where there is no
        program to render a picture.
        """
        path = os.path.join(directory or self.directory, filename or f"{self.filename}.gv")
        if skip_existing and os.path.exists(path):
            return path

        def made(format: str) -> str | bytes:
            written = self.source if format in ("gv", "dot") else rendered(self.source, format, self.engine)
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            return written

        makers = {"svg": made, "png": made, "pdf": made, "gv": made, "dot": made}
        return save(path, makers, "; render() writes Graphviz's other formats")

    def view(
        self, filename: str | os.PathLike[str] | None = None, directory: str | os.PathLike[str] | None = None
    ) -> str:
        """Write the picture to a file, open it with the program that the system has for it, and return its path."""
        return self.render(filename, directory, view=True)

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: object
    ) -> dict[str, bytes | str]:
        """What a notebook shows: the picture; where nothing can render it, the graph as text and the reason."""
        bundle: dict[str, bytes | str] = {"text/plain": repr(self)}
        try:
            if include is None or "image/svg+xml" in include:
                bundle["image/svg+xml"] = self.pipe("svg", encoding="utf-8")
            if include is not None and "image/png" in include:
                bundle["image/png"] = self.pipe("png")
        except RuntimeError as error:
            bundle["text/plain"] = f"{self!r}\n\n({error})"
        return {kind: shown for kind, shown in bundle.items() if kind not in (exclude or ())}


@cache
def drawing_class() -> type[Digraph]:
    """``graphviz.Digraph`` with the methods above; made at the first drawing, since the package is slow to import."""
    import graphviz

    return type("Drawing", (Renderable, graphviz.Digraph), {"__module__": __name__, "__doc__": Renderable.__doc__})


def blank(rankdir: str, format: str) -> Digraph:
    """A drawing without nodes yet; its ``text`` is what it prints itself as.

    Raises ValueError for another direction, and for a format that Graphviz does not know.
    """
    if rankdir not in {"LR", "TB"}:
        raise ValueError(f"expected the rankdir 'LR' (left to right) or 'TB' (top to bottom), got {rankdir!r}")
    expect_format(format)
    font = {"fontname": FONT}
    return drawing_class()(
        filename="graph", format=format, graph_attr={"rankdir": rankdir, **font}, node_attr=font, edge_attr=font
    )


def expect_format(format: str) -> None:
    """Raise ValueError for a format that Graphviz does not know."""
    from graphviz import FORMATS

    if format not in FORMATS:
        raise ValueError(f"expected a format of Graphviz such as svg, png or pdf, got {format!r}")


def renderer() -> str:
    """The path of the system's ``dot``, or else of ``graphviz-pure``. Raises RuntimeError where there is neither."""
    import shutil

    found = (
        shutil.which("dot")
        or shutil.which("graphviz-pure", path=os.pathsep.join(folders_of_scripts()))
        or shutil.which("graphviz-pure")
    )
    if found is None:
        raise RuntimeError(
            f"no picture: expected `dot` on PATH or `graphviz-pure` beside this Python, got neither; {advice()}"
        )
    return found


def folders_of_scripts() -> list[str]:
    """Where pip puts programs: beside this Python, or among the user's own files where the system has such a place."""
    import sysconfig

    folders = [os.path.dirname(sys.executable)]
    for scheme in (sysconfig.get_default_scheme, lambda: sysconfig.get_preferred_scheme("user")):
        with suppress(KeyError, ValueError):  # in a browser there are no users
            folders.append(sysconfig.get_path("scripts", scheme()))
    return folders


def advice() -> str:
    """What to install on this machine for pictures, as a clause."""
    import platform

    if sys.platform == "emscripten":
        return "a browser's Python runs no programs: paste .source into a viewer of Graphviz's language"
    if platform.machine() in WHEELS.get(sys.platform, ()) and sys.maxsize > 2**32:
        return "to install the latter: python -m pip install graphviz-pure"
    return "to install the former: the package graphviz of your system (there is no graphviz-pure for this machine)"


def rendered(source: str, format: str, engine: str) -> bytes:
    """Graphviz's source as a picture in ``format``.

    Pixels are as fine as the picture's size allows: 192 to the inch, but not more than 40 million in all.

    ``graphviz-pure`` writes no PDF. There it is a page that holds the picture in pixels, up to 288 to the inch: as
    good in print, but without text to search or select, which the PDF of ``dot`` has. For pixels it brings its own
    fonts, with Latin, Greek, Cyrillic and Hebrew letters and the usual signs of mathematics; other characters are
    empty boxes in its PNG and PDF. Its SVG leaves the letters to the browser, which has them all.
    """
    expect_format(format)
    program = renderer()
    command = [program, f"-K{engine}"]
    pure = os.path.basename(program).startswith("graphviz-pure")
    paged = pure and format == "pdf"
    if not paged and format not in {"png", "jpg", "jpeg", "jpe", "gif", "bmp", "webp"}:
        picture = run([*command, f"-T{format}"], source)
        return picture.replace(f'font-family="{FONT}"'.encode(), f'font-family="{SHOWN}"'.encode())
    if pure:  # places first, by the wide font; then letters of one that it has
        source = run([*command, "-Tdot"], source).decode().replace(f'fontname="{FONT}"', 'fontname="Arial"')
        command = [program, "-Kneato", "-n2"]
    _, _, width, height, *_ = run([*command, "-Tplain"], source).split(maxsplit=4)
    inches = float(width) + 8 / 72, float(height) + 8 / 72  # with Graphviz's margin of 4 points on every side
    finest = min(math.sqrt(40e6 / (inches[0] * inches[1])), 32000 / max(inches))
    command.append(f"-Gdpi={min(288.0 if paged else 192.0, finest):.4f}")
    if paged:
        return page(run([*command, "-Tjpeg"], source), *inches)
    return run([*command, f"-T{format}"], source)


def run(command: list[str], source: str) -> bytes:
    """What the program answers to the source. Raises RuntimeError with its complaint where it fails."""
    import subprocess

    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would open a console
    try:
        done = subprocess.run(  # noqa: S603 - the program is Graphviz, the source is only its input
            command, input=source.encode(), capture_output=True, check=False, creationflags=hidden
        )
    except OSError as error:
        raise RuntimeError(f"no picture: {command[0]} does not run: {error}") from error
    if done.returncode:
        raise RuntimeError(f"no picture: {command[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def page(jpeg: bytes, width: float, height: float) -> bytes:
    """A PDF (ISO 32000) of one page, ``width`` x ``height`` inches, that shows the picture.

    A JPEG stands in a PDF as it is; only its size in pixels must be known, from its frame header (ISO 10918, B.2.2).
    """
    start = 2
    while jpeg[start + 1] not in {0xC0, 0xC1, 0xC2}:
        start += 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big")
    rows, columns = (int.from_bytes(jpeg[at : at + 2], "big") for at in (start + 5, start + 7))
    scale = 72 * min(1.0, 200 / max(width, height))  # a page is at most 200 inches long
    size = f"{scale * width:.3f}", f"{scale * height:.3f}"
    drawn = f"{size[0]} 0 0 {size[1]} 0 0 cm /Picture Do"
    image = f"/Width {columns} /Height {rows} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents 4 0 R "
        "/Resources << /XObject << /Picture 5 0 R >> >> >>".encode(),
        f"<< /Length {len(drawn)} >> stream\n{drawn}\nendstream".encode(),
        f"<< /Type /XObject /Subtype /Image {image} /Length {len(jpeg)} >> stream\n".encode() + jpeg + b"\nendstream",
    ]
    pdf, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(pdf))
        pdf += b"%d 0 obj %b\nendobj\n" % (number, content)
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    return (
        pdf
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
            f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(pdf)}\n%%EOF\n"
        ).encode()
    )
