"""Letters and signs in LaTeX: whatever TeX would act upon is written as the sign that it is."""

from __future__ import annotations

LETTERS = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
GREEK = dict(zip(LETTERS.split(), "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", strict=True))
"""The letters for which LaTeX has a command."""

COMMANDS = {
    **{letter: rf"\{command} " for command, letter in GREEK.items()},
    **{sign: rf"\{sign}" for sign in "$%#&_{}"},
    **{sign: rf"\{accent}{{\ }}" for sign, accent in {"^": "hat", "~": "tilde", "`": "grave"}.items()},
    "\\": r"\backslash ",
    " ": r"\ ",
    "|": r"\vert ",
    "*": r"\ast ",
    "/": "{/}",
    ",": "{,}",
    ":": "{:}",
    ";": "{;}",
    "<": "{<}",
    ">": "{>}",
    "=": "{=}",
    "∂": r"\partial ",
    "…": r"\ldots ",
}
"""Signs that mean something to TeX, or that math would set in another way, as the commands that print them."""

PLAIN = "()[].!?+"


def word(text: str) -> str:
    r"""A word in LaTeX: a variable of one letter in italics, a Greek one by its command, a longer one upright."""
    if text in GREEK:
        return rf"\{text} "
    written = "".join([sign(c) for c in text])
    return written if len(text) == 1 or text.isdigit() else rf"\mathrm{{{written}}}"


def sign(c: str) -> str:
    r"""A single sign in LaTeX."""
    return COMMANDS.get(c) or (c if c in PLAIN or (c.isascii() and c.isalnum()) else rf"\text{{{c}}}")
