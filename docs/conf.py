"""Sphinx builds these pages offline: `sphinx-build -W docs docs/_build`."""

from __future__ import annotations

from typing import Any

project = "backproof"
author = "The backproof authors"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "Is the gradient that I derived by hand right?"}
autodoc_member_order = "bysource"
myst_heading_anchors = 3


def setup(app: Any) -> None:
    """Show docstrings as they are written: their formulas and tables are laid out as text."""

    def as_text(*about: Any) -> None:
        lines = about[-1]
        lines[:] = ["::", "", *(f"    {line}" for line in lines)] if any(lines) else []

    app.connect("autodoc-process-docstring", as_text)
