"""Data in sentences and labels: numbers as people write them, text that no renderer interprets."""

import html

_PLOTLY = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;", "%{": "&#37;{"}
_MARKDOWN = "\\`*_{}[]()#+-.!|<>~$:"


def for_plotly(text: object) -> str:
    """``text`` for a Plotly label, which interprets some HTML, MathJax and ``%{...}``."""
    out = str(text)
    for mark, escaped in _PLOTLY.items():
        out = out.replace(mark, escaped)
    return out


def for_markdown(text: object) -> str:
    """``text`` for Streamlit's Markdown, shown letter by letter."""
    return "".join(f"\\{mark}" if mark in _MARKDOWN else mark for mark in str(text))


def for_html(text: object) -> str:
    """``text`` for HTML."""
    return html.escape(str(text))


def count(n: int, noun: str, plural: str | None = None) -> str:
    """``1 animal``, ``2 animals``, ``12,345 animals``."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
