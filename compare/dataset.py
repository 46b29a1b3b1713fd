"""Real data: scikit-learn's bundled sets and CSV files, as X (n_x, m) and Y (n_y, m).

Features, and the targets of a regression, are shifted to mean 0 and scaled to standard deviation
1 (a constant column becomes 0), so that one learning rate fits all.
"""

from __future__ import annotations

import csv
import math
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BUNDLED = ("breast-cancer", "diabetes", "digits")


class Dataset(NamedTuple):
    """X (n_x, m), Y (n_y, m), and whether Y holds classes (0/1) or real numbers.

    `name` is what the command line takes to load it again, as "digits" or "FILE.csv --label y".
    """

    name: str
    X: NDArray[np.float64]
    Y: NDArray[np.float64]
    is_classes: bool


def load(source: str, label: str | None = None) -> Dataset:
    """Load one of the BUNDLED sets by name, or the CSV file at the path `source`.

    breast-cancer: binary, 30 features, 569 examples; diabetes: regression, 10 features, 442
    examples; digits: ten outputs, 64 features, 1797 examples. A CSV file has a header line and
    numbers below it; `label` names the column that becomes Y. Labels that are all 0 or 1 are
    classes, others are real numbers.

    Raises ValueError naming the file and the line for a file that is empty, ragged or not
    numeric, or lacks the column; ImportError without scikit-learn; OSError as reading does.
    """
    if source in BUNDLED:
        if label is not None:
            raise ValueError(f"--label {label}: {source} has labels of its own; leave it out.")
        return _bundled(source)
    if label is None:
        raise ValueError(
            f"--data {source}: a CSV file needs --label COLUMN; or use {', '.join(BUNDLED)}."
        )
    header, rows = _read(Path(source))
    if label not in header:
        raise ValueError(
            f"{source}, line 1: no column {label!r}; choose --label from {', '.join(header)}."
        )
    columns = np.array(rows).T
    at = header.index(label)
    y = columns[at]
    name = f"{shlex.quote(source)} --label {shlex.quote(label)}"
    return _dataset(name, np.delete(columns, at, axis=0).T, y, bool(np.isin(y, (0, 1)).all()))


def _bundled(name: str) -> Dataset:
    try:
        from sklearn import datasets
    except ImportError:
        raise ImportError(
            f"--data {name} needs scikit-learn: pip install 'backproof[demos]'."
        ) from None
    loaders: dict[str, Any] = {
        "breast-cancer": datasets.load_breast_cancer,
        "diabetes": datasets.load_diabetes,
        "digits": datasets.load_digits,
    }
    features, target = loaders[name](return_X_y=True)
    if name == "digits":
        target = np.eye(10)[target.astype(int)]
    return _dataset(name, features, target, name != "diabetes")


def _dataset(name: str, features: Any, target: Any, is_classes: bool) -> Dataset:
    """Turn rows of examples into columns, and standardise."""
    Y = np.atleast_2d(np.asarray(target, np.float64).T)  # (n_y, m)
    X = _standardised(np.asarray(features, np.float64).T)  # (n_x, m)
    return Dataset(name, X, Y if is_classes else _standardised(Y), is_classes)


def _standardised(V: NDArray[np.float64]) -> NDArray[np.float64]:
    _, exponent = np.frexp(np.abs(V).max(axis=1, keepdims=True))
    V = np.ldexp(V, -exponent)  # exact; without it the squares of 1e300 would overflow
    centred = V - V.mean(axis=1, keepdims=True)
    deviation = centred.std(axis=1, keepdims=True)
    return np.divide(centred, deviation, out=np.zeros_like(V), where=deviation > 0)


def _read(path: Path) -> tuple[list[str], list[list[float]]]:
    """Read a header line and the rows of numbers below it; blank lines do not count."""
    rows = []
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file)
        filled = (cells for cells in lines if any(map(str.strip, cells)))
        try:
            header = [name.strip() for name in next(filled, [])]
            _check_header(path, header)
            for cells in filled:
                where = f"{path}, line {lines.line_num}"
                if len(cells) != len(header):
                    raise ValueError(
                        f"{where}: {len(cells)} cells, expected {len(header)} as in the header."
                    )
                rows.append([_number(where, *cell) for cell in zip(header, cells, strict=True)])
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(
                f"{path}, after line {lines.line_num}: not a CSV file in UTF-8 ({error})."
            ) from None
    if not rows:
        raise ValueError(f"{path}, line 2: no rows below the header; expected at least one.")
    return header, rows


def _check_header(path: Path, header: list[str]) -> None:
    if not any(header):
        raise ValueError(f"{path}, line 1: the file is empty; expected a header line.")
    if len(header) < 2:
        raise ValueError(
            f"{path}, line 1: one column; expected features and a label, separated by commas."
        )
    if len(set(header)) < len(header):
        raise ValueError(f"{path}, line 1: two columns have one name; rename one.")


def _number(where: str, column: str, cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{where}, column {column!r}: {cell!r} is not a finite number; mend it.")
    return number
