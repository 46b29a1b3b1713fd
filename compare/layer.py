"""A layer, which returns arrays, as a loss: Σ dY ∗ Y with random upstream gradients dY."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.ad_checkpoint import checkpoint_name

from backproof.autodiff.program import UNTRACEABLE, untraceable
from backproof.autodiff.signature import Signature
from backproof.autodiff.sizes import shape_in_words


def as_loss(layer: Callable[..., Any], upstream: Sequence[str]) -> Callable[..., Any]:
    """Return Σ dY ∗ Y of what a layer returns, each Y marked."""

    def loss(**arguments: Any) -> Any:
        given = {name: arguments.pop(name) for name in upstream}
        J = jnp.zeros(())
        for name, Y in _by_upstream(layer(**arguments), upstream).items():
            shapes = [f"({shape_in_words(array.shape)})" for array in (given[name], Y)]
            if shapes[0] != shapes[1]:
                raise ValueError(
                    f"shapes: {name} is {shapes[0]}, what the layer returns is {shapes[1]}: "
                    f"expected the same; leave {name} out of shapes, or correct it."
                )
            J += jnp.sum(given[name] * checkpoint_name(Y, name.removeprefix("d")))
        return J

    return loss


def check_upstream(
    layer: Callable[..., Any], shapes: Mapping[str, Any], upstream: Sequence[str]
) -> None:
    """Raise ValueError for the name of an upstream gradient that means something else."""
    for name in upstream:
        if name in inspect.signature(layer).parameters:
            raise ValueError(
                f"upstream={name!r}: the layer takes an argument of that name; name the gradient "
                "of what it returns, which it does not take."
            )
        if name.removeprefix("d") in shapes:
            raise ValueError(
                f"upstream={name!r}: {name.removeprefix('d')} is an argument of the layer; name "
                "the gradient of what it returns, such as 'dY'."
            )


def _by_upstream(outputs: Any, upstream: Sequence[str]) -> dict[str, Any]:
    """Return what a layer returns, by the names of the upstream gradients."""
    found = jax.tree.leaves(outputs)
    if len(found) != len(upstream):
        arrays = "1 array" if len(found) == 1 else f"{len(found)} arrays"
        raise ValueError(
            f"upstream={', '.join(upstream)}: the layer returns {arrays}; name the upstream "
            "gradient of each, in order."
        )
    for name, Y in zip(upstream, found, strict=True):
        if getattr(Y, "dtype", np.dtype(float)).kind != "f":
            raise TypeError(
                f"upstream={name!r}: the layer returns {Y.dtype} there, which has no derivative; "
                "return floats."
            )
    return dict(zip(upstream, found, strict=True))


def output_shapes(
    layer: Callable[..., Any],
    shapes: dict[str, Any],
    constraints: Sequence[str],
    upstream: Sequence[str],
) -> dict[str, str]:
    """Return the shape of every output that is not declared, as text, by its upstream's name."""
    missing = [name for name in upstream if name not in shapes]
    if not missing:
        return {}
    signature = Signature({k: v for k, v in shapes.items() if k not in upstream}, constraints)
    specs = zip((leaf.name for leaf in signature.leaves), signature.specs(), strict=True)
    arguments = signature.nested(dict(specs))
    try:
        with jax.enable_x64(True):
            outputs = jax.eval_shape(layer, **arguments)
    except UNTRACEABLE as error:
        raise untraceable(error) from error
    except Exception as error:
        raise ValueError(
            f"the shape of {', '.join(missing)} cannot be told for all sizes: the layer raises "
            f"{type(error).__name__}: {str(error).partition(chr(10))[0]}; correct it, or, if it "
            f"runs at given sizes only, add {', '.join(missing)} to shapes."
        ) from error
    shaped = _by_upstream(outputs, upstream)
    return {name: shape_in_words(output.shape) for name, output in shaped.items()}


def upstream_names(upstream: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of the derivatives that a layer is given; they start with d."""
    if not isinstance(upstream, (str, tuple, list)):
        raise TypeError(
            f"upstream={upstream!r} is a {type(upstream).__name__}: pass a name such as 'dY', or a "
            "tuple of them."
        )
    names = (upstream,) if isinstance(upstream, str) and upstream else tuple(upstream)
    for name in names:
        if not isinstance(name, str) or not name.startswith("d") or len(name) < 2:
            raise ValueError(f"upstream={name!r}: expected the name of a gradient, such as 'dY'.")
        if names.count(name) > 1:
            raise ValueError(
                f"upstream={names!r}: {name!r} is there twice; give each output's gradient a name "
                "of its own."
            )
    return names
