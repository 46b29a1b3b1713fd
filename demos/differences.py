"""Finite differences, complex step, autodiff: the error of a derivative against the step.

One derivative of the shallow network's cost; the truth is autodiff's program in longdouble.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.compare.builtin import Network

STEPS = tuple(10.0**-k for k in range(1, 17))
SMALL = 1e-30


def measure() -> dict[str, Any]:
    """Return the relative error of dJ/dW1[0, 0] by each way, for every step."""
    pair = Network("shallow", "shallow", ("tanh",)).pair()
    example = pair.example("n_x=3,n_1=4,n_y=1,m=8,seed=5")
    program, arguments = pair.reference.program, pair.arguments(example)
    wide = program.signature.nested(
        {n: np.asarray(V, np.longdouble) for n, V in program.signature.flat(arguments).items()}
    )
    truth = program(**wide)[2]["dW1"][0, 0]

    def cost(step: Any) -> Any:
        W1 = arguments["parameters"]["W1"].astype(np.result_type(step, np.float64))
        W1[0, 0] += step
        return program.forward(
            **{**arguments, "parameters": {**arguments["parameters"], "W1": W1}}
        )[0]

    def error(value: Any) -> float:
        return float(max(abs((value - truth) / truth), 1e-17))

    return {
        "steps": list(STEPS),
        "forward": [error((cost(h) - cost(0.0)) / h) for h in STEPS],
        "central": [error((cost(h) - cost(-h)) / (2 * h)) for h in STEPS],
        "complex step": [error(np.imag(cost(1j * h)) / h) for h in STEPS],
        "autodiff": error(program(**arguments)[2]["dW1"][0, 0]),
        "by hand": error(pair.hand(**arguments)["dW1"][0, 0]),
        "tiny complex step": error(np.imag(cost(1j * SMALL)) / SMALL),
    }


def lesson(data: dict[str, Any]) -> str:
    """Differences run out of digits."""
    forward, central = min(data["forward"]), min(data["central"])
    return (
        f"Differences run out of digits: at its best step the forward one is right to "
        f"{forward:.0e}, the central one to {central:.0e}; complex step at 1e-30 to "
        f"{data['tiny complex step']:.0e}, as the hand ({data['by hand']:.0e}) and autodiff "
        f"({data['autodiff']:.0e}) are."
    )


def draw(data: dict[str, Any], figure: Any) -> None:
    """Errors against steps, both logarithmic."""
    axis = figure.subplots()
    for name, colour in (
        ("forward", "#D55E00"),
        ("central", "#E69F00"),
        ("complex step", "#0072B2"),
    ):
        axis.loglog(data["steps"], data[name], "o-", color=colour, ms=4, label=name)
    axis.axhline(data["autodiff"], color="#009E73", lw=1, label="autodiff")
    axis.set(xlabel="step h", ylabel="relative error of dJ/dW1[0, 0]")
    axis.legend(frameon=False)
