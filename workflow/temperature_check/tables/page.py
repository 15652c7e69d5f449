"""Texts as pages of HTML, which need nothing from elsewhere."""

from __future__ import annotations

import html
from pathlib import Path

from markdown_it import MarkdownIt

from temperature_check.base.files import write_text

STYLE = """
body { font: 15px/1.5 sans-serif; margin: 1em; max-width: 70em; color: #222; overflow-wrap: break-word }
.wide { overflow-x: auto; overflow-wrap: normal }
table { border-collapse: collapse; font-size: 13px }
th, td { border-bottom: 1px solid #ccc; padding: 0.3em 0.6em; text-align: left; vertical-align: top; min-width: 4em }
pre { overflow-x: auto; font-size: 13px }
"""


def write_page(source: Path, path: Path) -> None:
    """Write a page that shows a file: formatted if it is Markdown, as it is if it is anything else."""
    text = source.read_text(encoding="utf-8")
    body = _formatted(text) if source.suffix == ".md" else f"<pre>{html.escape(text)}</pre>"
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    write_text(
        path, f"<!doctype html>\n<html><head>{head}<style>{STYLE}</style></head>\n<body>\n{body}</body></html>\n"
    )


def _formatted(text: str) -> str:
    """Wide tables scroll by themselves, so that the text beside them fits a narrow window."""
    found = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return found.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
