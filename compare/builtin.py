"""The pairs that ship with the package: every network × activation × loss."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from backproof import autodiff, manual
from backproof.arguments import check_activations, check_choice, check_loss
from backproof.compare.pair import Pair
from backproof.compare.values import Values, choice, labels, real
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
# The naive cross-entropy has no digits left where σ(z) rounds to 0 or 1.
MODERATE = real("unit", "integers", "tiny", "zeros", "one_hot")
SMALL = real("unit", "integers", "tiny", "zeros", "one_hot", scale=2.0**-4)
LABELS = labels("soft", "hard", "bool", "uint8")
REAL_LABELS = Values({"real": real().kinds["unit"], **LABELS.kinds}, usual=5)


@dataclass(frozen=True)
class Network:
    """A network that both wings have, with an activation for each hidden layer and a loss.

    kind: "logistic", "logistic_loop", "shallow" (one hidden layer) or "deep" (any number).
    Raises ValueError for activations and a loss that do not fit.
    """

    name: str
    kind: str
    hidden: tuple[str, ...] = ()
    output: str = "sigmoid"
    loss: str = "cross_entropy"

    def __post_init__(self) -> None:
        check_choice("network", self.kind, ("logistic", "logistic_loop", "shallow", "deep"))
        check_loss(self.loss, self.output)
        if self.is_logistic:
            check_choice("loss", self.loss, autodiff.logistic.UNIT_LOSSES)
        layers = {"logistic": 0, "logistic_loop": 0, "shallow": 1}.get(self.kind)
        if not isinstance(self.hidden, tuple) or layers not in (None, len(self.hidden)):
            many = "any number of" if layers is None else layers
            raise ValueError(
                f"hidden={self.hidden!r} does not fit {self.kind!r}: expected a tuple with {many} "
                "names; 'deep' takes any number."
            )
        check_activations((*self.hidden, self.output), ACTIVATIONS)

    @property
    def is_logistic(self) -> bool:
        """Whether the parameters are w and b, one unit without layers to number."""
        return self.kind.startswith("logistic")

    @property
    def has_slope(self) -> bool:
        """Whether leaky ReLU's slope is an argument."""
        return "leaky_relu" in (*self.hidden, self.output)

    @property
    def _room(self) -> str:
        return "logistic" if self.is_logistic else self.kind

    @property
    def _options(self) -> dict[str, Any]:
        """What `forward` and `gradients` of both wings take after (parameters, X[, Y])."""
        if self.kind == "shallow":
            return {"hidden": self.hidden[0], "output": self.output}
        return {"activations": (*self.hidden, self.output)} if self.kind == "deep" else {}

    def by_hand(self, parameters: Any, X: Any, Y: Any, slope: Any = None) -> dict[str, Any]:
        """Return all that the hand-derived wing computes, by name."""
        room = getattr(manual, self._room)
        gradients = room.gradients_loop if self.kind == "logistic_loop" else room.gradients
        options = self._options | ({} if slope is None else {"slope": float(slope)})
        J, cache, of_cost = gradients(parameters, X, Y, loss=self.loss, with_dX=True, **options)
        return {"J": J, **cache, **of_cost}

    def cost(self, parameters: Any, X: Any, Y: Any, slope: Any = None) -> Any:
        """Return J, in JAX."""
        room = getattr(autodiff, self._room)
        forward = room.forward_loop if self.kind == "logistic_loop" else room.forward
        options = self._options | ({} if slope is None else {"slope": slope})
        return room.cost(forward(parameters, X, **options), Y, self.loss)

    def pair(self, hand: Any = None) -> Pair:
        """Return the network as a pair; `hand` (parameters, X, Y[, slope]) instead of its own."""
        values = {"Y": REAL_LABELS if self.loss == "half_squared_error" else LABELS}
        if self.loss == "naive_cross_entropy":
            values |= {"parameters": SMALL, "X": MODERATE}
        shapes = network_shapes(len(self.hidden) + 1, is_logistic=self.is_logistic)
        if self.has_slope:
            shapes["slope"] = ""
            values["slope"] = choice(*SLOPES)
        return Pair(
            hand or self.by_hand,
            self.cost,
            shapes,
            values,
            wrt=("parameters", "X"),
            per_example="m",
            name=self.name,
        )


def network_shapes(layers: int, *, is_logistic: bool = False) -> dict[str, Any]:
    """Return the symbolic shapes of a network's parameters, X and Y."""
    if is_logistic:
        return {"parameters": {"w": "n_x, 1", "b": "1, 1"}, "X": "n_x, m", "Y": "1, m"}
    sizes = ["n_x", *(f"n_{l}" for l in range(1, layers)), "n_y"]
    parameters: dict[str, str] = {}
    for l, (before, n) in enumerate(pairwise(sizes), start=1):
        parameters |= {f"W{l}": f"{n}, {before}", f"b{l}": f"{n}, 1"}
    return {"parameters": parameters, "X": "n_x, m", "Y": "n_y, m"}


def _networks() -> list[Network]:
    networks = [
        Network(f"{kind}-{loss}", kind, loss=loss)
        for kind in ("logistic", "logistic_loop")
        for loss in ("cross_entropy", "naive_cross_entropy")
    ]
    for hidden in ACTIVATIONS:
        for output, loss in OUTPUTS:
            name = f"shallow-{hidden}-{output}-{loss}"
            networks.append(Network(name, "shallow", (hidden,), output, loss))
    # Every depth with the first output, the other outputs with one depth each.
    deep = [(layers, OUTPUTS[0]) for layers in DEEP]
    deep += [(DEEP[i % len(DEEP)], output) for i, output in enumerate(OUTPUTS) if i > 0]
    for layers, (output, loss) in deep:
        name = f"deep-{len(layers) + 1}-{output}-{loss}"
        networks.append(Network(name, "deep", layers, output, loss))
    return networks


NETWORKS = {network.name: network for network in _networks()}
PAIRS = {name: network.pair() for name, network in NETWORKS.items()}
