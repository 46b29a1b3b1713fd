"""A demo as a file: a picture, a page, or a marimo notebook."""

from __future__ import annotations

import io
from html import escape
from typing import Any

from backproof.demos import demo, title

SIZE = (9.0, 5.6)  # inches
STYLE: Any = {
    "svg.hashsalt": "backproof",  # the same picture is the same file
    "font.size": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
}
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif;
  color: #1a1a1a; background: #ffffff; }}
svg {{ max-width: 100%; height: auto; }}
</style>
<main>
<h1>{title}</h1>
<p>{about}</p>
<div role="img" aria-label="{lesson}">{picture}</div>
<p><strong>{lesson}</strong></p>
</main>
</html>
"""
NOTEBOOK = """import marimo

app = marimo.App(app_title="{title}")


@app.cell
def _():
    import inspect

    import marimo as mo
    from matplotlib.figure import Figure

    from backproof.demos import {name} as demo

    mo.md("# " + demo.__doc__)
    return Figure, demo, inspect, mo


@app.cell
def _(demo, inspect, mo):
    mo.md("```python\\n" + inspect.getsource(demo.measure) + "```")
    return


@app.cell
def _(demo):
    data = demo.measure()
    return (data,)


@app.cell
def _(Figure, data, demo):
    figure = Figure(figsize=(9, 5.6), layout="constrained")
    demo.draw(data, figure)
    figure
    return


@app.cell
def _(data, demo, mo):
    mo.md("**" + demo.lesson(data) + "**")
    return


if __name__ == "__main__":
    app.run()
"""


def picture(name: str, data: Any, kind: str) -> bytes:
    """Return a demo's picture as the bytes of an SVG or PNG file."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=SIZE)
        FigureCanvasAgg(figure)
        demo(name).draw(data, figure)
        figure.suptitle(title(name), fontsize=11)
        file = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(file, format=kind, dpi=110, metadata=metadata)
    return file.getvalue()


def page(name: str, data: Any) -> bytes:
    """Return a demo as a page of its own: the picture, and the lesson below it."""
    one = demo(name)
    svg = picture(name, data, "svg").decode()
    text = PAGE.format(
        title=escape(title(name)),
        about=escape(one.__doc__.partition("\n\n")[2].strip()),
        lesson=escape(one.lesson(data)),
        picture=svg[svg.index("<svg") :],
    )
    return text.encode()


def notebook(name: str) -> bytes:
    """Return a marimo notebook of a demo, which imports it: so the two never differ."""
    return NOTEBOOK.format(name=name, title=title(name)).encode()
