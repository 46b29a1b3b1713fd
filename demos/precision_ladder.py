"""The precision ladder: the error of a right formula falls with the unit roundoff.

float32, float64, longdouble; dW1 right, right by a poorer formula, tanh as a quotient of
exponentials, and off by one part in a million.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.compare.builtin import Network

DTYPES = (np.float32, np.float64, np.longdouble)


def measure() -> dict[str, Any]:
    """Return the error of dW1, relative to its largest entry, by each formula and precision."""
    pair = Network("shallow", "shallow", ("tanh",)).pair()
    program = pair.reference.program
    example = pair.example("n_x=3,n_1=4,n_y=2,m=7,seed=2")
    flat = program.signature.flat(pair.arguments(example))
    errors: dict[str, list[float]] = {"right": [], "poor": [], "wrong by 1e-6": []}
    truth = program(
        **program.signature.nested({n: V.astype(np.longdouble) for n, V in flat.items()})
    )
    for dtype in DTYPES:
        arguments = program.signature.nested({n: V.astype(dtype) for n, V in flat.items()})
        results = pair.hand(**arguments) if dtype != np.longdouble else _by_hand(**arguments)
        dW1 = results["dW1"]
        Z1 = results["Z1"]
        slope = 1 - ((np.exp(Z1) - np.exp(-Z1)) / (np.exp(Z1) + np.exp(-Z1))) ** 2
        m = arguments["X"].shape[1]
        poor = (results["dA1"] * slope) @ arguments["X"].T / m
        for name, value in (
            ("right", dW1),
            ("poor", poor),
            ("wrong by 1e-6", dW1 * dtype(1 + 1e-6)),
        ):
            apart = np.abs(value.astype(np.longdouble) - truth[2]["dW1"]).max()
            errors[name].append(float(apart / np.abs(truth[2]["dW1"]).max()))
    return {"eps": [float(np.finfo(dtype).eps) for dtype in DTYPES], "errors": errors}


def _by_hand(parameters: Any, X: Any, Y: Any) -> dict[str, Any]:
    """The pass by hand in longdouble, which `backproof.manual` does not take."""
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    dZ2 = 1 / (1 + np.exp(-(W2 @ A1 + b2))) - Y
    dA1 = W2.T @ dZ2
    return {"Z1": Z1, "dA1": dA1, "dW1": (dA1 * (1 - A1**2)) @ X.T / X.shape[1]}


def lesson(data: dict[str, Any]) -> str:
    """No tolerance is needed."""
    right, poor, wrong = data["errors"].values()
    return (
        f"The error of a right formula falls with the precision, from {right[0]:.0e} to "
        f"{right[1]:.0e}, and so does that of a poorer one, from {poor[0]:.0e} to {poor[1]:.0e}; "
        f"that of a wrong one stays: {wrong[0]:.1e}, {wrong[1]:.1e}. So right and wrong are told "
        "apart without a tolerance."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """Errors against the unit roundoff."""
    axis = figure.subplots()
    styles = {"right": "#0072B2", "poor": "#E69F00", "wrong by 1e-6": "#D55E00"}
    for name, colour in styles.items():
        floor = [max(error, 1e-22) for error in data["errors"][name]]
        axis.loglog(data["eps"], floor, "o-", color=colour, label=name)
    axis.loglog(data["eps"], data["eps"], ":", color="#6b6b6b", label="one eps")
    for eps, name in zip(data["eps"], ("float32", "float64", "longdouble"), strict=True):
        axis.annotate(name, (eps, eps), xytext=(6, -12), textcoords="offset points", fontsize=8)
    axis.set(xlabel="eps of the precision", ylabel="relative error of dW1")
    axis.legend(frameon=False)
