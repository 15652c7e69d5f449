"""Text in Markdown and in LaTeX, so that it is read as it was typed."""

from __future__ import annotations

import re
import unicodedata

MARKDOWN = re.compile(r"[\\`*_{}\[\]<>#~|$^!]|&(?=[#\w])")
"""Characters that begin something in a Markdown table. Others mean nothing inside of a line."""
LATEX = {
    **{character: f"\\{character}" for character in "{}&%$#_"},
    **{character: f"{{{character}}}" for character in "[]*"},  # after the \\ of the line above they are its arguments
    **{'"': r"{\ttfamily\char34}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}", "\\": r"\textbackslash{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "^": r"\textasciicircum{}"},
    **{"~": r"\textasciitilde{}", "–": r"\textendash{}", "—": r"\textemdash{}", "…": r"\dots{}", "−": "$-$"},
    **{"‖": r"$\|$", "×": r"$\times$", "·": r"$\cdot$", "±": r"$\pm$", "°": r"$^\circ$", "²": "$^2$", "³": "$^3$"},
    **{"≤": r"$\leq$", "≥": r"$\geq$", "≈": r"$\approx$", "≠": r"$\neq$", "∞": r"$\infty$", "√": r"$\surd$"},
    **{"→": r"$\to$", "←": r"$\leftarrow$", "∇": r"$\nabla$", "∂": r"$\partial$", "∑": r"$\sum$", "∈": r"$\in$"},
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo")),  # Greek letters that look like Latin ones
    **{"ς": r"$\varsigma$", "µ": r"$\mu$"},
    **{subscript: f"$_{number}$" for number, subscript in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}
GREEK = {
    letter: unicodedata.name(letter).split()[-1].replace("LAMDA", "LAMBDA").capitalize()
    for letter in "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"
}
"""Names of Greek letters, as their commands spell capitals."""
TILDE = "\N{COMBINING TILDE}"


def markdown(text: str) -> str:
    """The text as Markdown that shows it."""
    return MARKDOWN.sub(r"\\\g<0>", text)


def restructured(text: str) -> str:
    """The text as reStructuredText that shows it.

    >>> restructured("*a* | b_")
    '\\\\*a\\\\* \\\\| b\\\\_'
    """
    return re.sub(r"[\\*`|_<>:]", r"\\\g<0>", text)


def latex(text: str) -> str:
    """The text as LaTeX that shows it, also with pdfTeX, whose fonts have Latin letters only."""
    characters = re.findall(f".{TILDE}?", unicodedata.normalize("NFC", text), re.DOTALL)
    return re.sub("-(?=-)", "-{}", "".join(map(_latex, characters)))


def _latex(character: str) -> str:
    """A character of a title, and perhaps a tilde above it, as in η̃."""
    letter, tilde = character[0], len(character) > 1
    if letter not in GREEK:
        return f"\\~{{{letter}}}" if tilde else LATEX.get(letter, letter)
    command = "\\" + (GREEK[letter].lower() if letter.islower() else GREEK[letter])
    return f"$\\tilde{{{command}}}$" if tilde else f"${command}$"
