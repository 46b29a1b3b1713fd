"""Sphinx builds these pages offline: `sphinx-build -W docs docs/_build`."""

from __future__ import annotations

from typing import Any

project = "backproof"
author = "The backproof authors"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Is the gradient that I derived by hand right?",
    "page_width": "1100px",
    "body_max_width": "860px",
    "show_powered_by": False,
}
html_show_copyright = False
autodoc_typehints = "none"  # docstrings say what is taken, in words
autodoc_member_order = "bysource"
highlight_language = "text"  # of docstrings; the pages name their own
myst_enable_extensions = ["colon_fence"]
html_static_path = ["_static"]  # alabaster reads custom.css there


def setup(app: Any) -> None:
    """Show docstrings as they are written: their formulas and tables are laid out as text."""

    def as_text(*about: Any) -> None:
        lines = about[-1]
        lines[:] = ["::", "", *(f"    {line}" for line in lines)] if any(lines) else []

    app.connect("autodoc-process-docstring", as_text)
