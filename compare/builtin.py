"""The pairs that ship with the package: every network × activation × loss."""

from __future__ import annotations

from backproof.compare.pair import Pair
from backproof.manual.activations import ACTIVATIONS

OUTPUTS = [("sigmoid", "cross_entropy"), ("sigmoid", "naive_cross_entropy")] + [
    (output, "half_squared_error") for output in ACTIVATIONS
]
DEEP: list[tuple[str, ...]] = [
    (),
    ("relu",),
    ("tanh", "leaky_relu"),
    ("sigmoid", "identity", "relu"),
]
SLOPES = (0.01, 0.2, 1.5, -0.5)


def _pairs() -> list[Pair]:
    pairs = [
        Pair(f"{network}-{loss}", network, (), "sigmoid", loss)
        for network in ("logistic", "logistic_loop")
        for loss in ("cross_entropy", "naive_cross_entropy")
    ]
    for hidden in ACTIVATIONS:
        for output, loss in OUTPUTS:
            slopes = SLOPES if "leaky_relu" in (hidden, output) else SLOPES[:1]
            name = f"shallow-{hidden}-{output}-{loss}"
            pairs.append(Pair(name, "shallow", (hidden,), output, loss, slopes))
    # Every depth with the first output, the other outputs with one depth each.
    deep = [(layers, OUTPUTS[0]) for layers in DEEP]
    deep += [(DEEP[i % len(DEEP)], output) for i, output in enumerate(OUTPUTS) if i > 0]
    for layers, (output, loss) in deep:
        slopes = SLOPES if "leaky_relu" in (*layers, output) else SLOPES[:1]
        name = f"deep-{len(layers) + 1}-{output}-{loss}"
        pairs.append(Pair(name, "deep", layers, output, loss, slopes))
    return pairs


PAIRS = {pair.name: pair for pair in _pairs()}
