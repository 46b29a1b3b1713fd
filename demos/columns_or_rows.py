"""Examples as columns or as rows: where every transpose moves.

The notes put examples in columns, most libraries in rows: the same numbers, transposed (S8).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.manual import shallow
from backproof.manual.initializers import initialize

EQUATIONS = (
    ("Z1", "W1 X + b1", "X W1 + b1"),
    ("A1", "tanh(Z1)", "tanh(Z1)"),
    ("Z2", "W2 A1 + b2", "A1 W2 + b2"),
    ("dZ2", "A2 − Y", "A2 − Y"),
    ("dW2", "dZ2 A1ᵀ / m", "A1ᵀ dZ2 / m"),
    ("db2", "Σ dZ2 / m along axis 1", "Σ dZ2 / m along axis 0"),
    ("dZ1", "(W2ᵀ dZ2) ∗ (1 − A1²)", "(dZ2 W2ᵀ) ∗ (1 − A1²)"),
    ("dW1", "dZ1 Xᵀ / m", "Xᵀ dZ1 / m"),
    ("db1", "Σ dZ1 / m along axis 1", "Σ dZ1 / m along axis 0"),
)


def in_rows(p: dict[str, Any], X: Any, Y: Any) -> dict[str, Any]:
    """The pass with an example in each row: W is (n_before, n), b (1, n)."""
    m = X.shape[0]
    Z1 = X @ p["W1"] + p["b1"]  # (m, n_1)
    A1 = np.tanh(Z1)  # (m, n_1)
    Z2 = A1 @ p["W2"] + p["b2"]  # (m, n_y)
    dZ2 = 1 / (1 + np.exp(-Z2)) - Y  # (m, n_y)
    dZ1 = (dZ2 @ p["W2"].T) * (1 - A1**2)  # (m, n_1)
    return {
        "Z1": Z1,
        "A1": A1,
        "Z2": Z2,
        "dZ2": dZ2,
        "dZ1": dZ1,
        "dW2": A1.T @ dZ2 / m,
        "db2": dZ2.sum(axis=0, keepdims=True) / m,
        "dW1": X.T @ dZ1 / m,
        "db1": dZ1.sum(axis=0, keepdims=True) / m,
    }


def measure() -> dict[str, Any]:
    """Return both conventions' equations, shapes, and how far apart their numbers are."""
    random = np.random.default_rng(0)
    parameters = initialize("xavier", (3, 4, 2), seed=0)
    X, Y = random.standard_normal((3, 6)), random.random((2, 6))
    _, cache, d = shallow.gradients(parameters, X, Y)
    columns = {**cache, **d}
    rows = in_rows({name: V.T for name, V in parameters.items()}, X.T, Y.T)
    return {
        "lines": [
            {
                "name": name,
                "columns": of_columns,
                "rows": of_rows,
                "columns shape": columns[name].shape,
                "rows shape": rows[name].shape,
                "apart": float(np.abs(columns[name] - rows[name].T).max()),
            }
            for name, of_columns, of_rows in EQUATIONS
        ]
    }


def lesson(data: dict[str, Any]) -> str:
    """The same numbers, transposed."""
    moved = sum(line["columns"] != line["rows"] for line in data["lines"])
    apart = max(line["apart"] for line in data["lines"])
    return (
        f"Examples in rows are the transposed numbers of examples in columns (to {apart:.0e}): "
        f"{moved} of {len(data['lines'])} equations are written otherwise, and say the same."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """A table of equations."""
    axis = figure.subplots()
    axis.axis("off")
    cells = [
        [
            line["name"],
            line["columns"],
            str(line["columns shape"]),
            line["rows"],
            str(line["rows shape"]),
        ]
        for line in data["lines"]
    ]
    heads = ["", "examples in columns", "shape", "examples in rows", "shape"]
    table = axis.table(
        cells, colLabels=heads, loc="center", cellLoc="left", colWidths=(0.07, 0.32, 0.1, 0.32, 0.1)
    )
    table.auto_set_font_size(False)
    table.set_fontsize(9)
    table.scale(1, 1.7)
    for (row, column), cell in table.get_celld().items():
        cell.set_edgecolor("#cccccc")
        if row and column in (1, 3) and cells[row - 1][1] != cells[row - 1][3]:
            cell.set_facecolor("#dbeaf6")
