"""`derive`: anyone's loss, differentiated by JAX once for all shapes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import jax

from backproof.autodiff.derivatives import value_and_gradients
from backproof.autodiff.program import DerivedProgram
from backproof.autodiff.result import CUT, UPSTREAM
from backproof.autodiff.signature import Signature


class NoScalar(ValueError):
    """A loss that returns something else than one float."""


def derive(
    loss: Callable[..., jax.Array],
    shapes: Mapping[str, Any] | None = None,
    wrt: Sequence[str] | str | None = None,
    constraints: Sequence[str] = (),
) -> DerivedProgram:
    """Differentiate `loss`, a scalar function in JAX of arguments with these shapes.

    `shapes` maps arguments to text in JAX's symbolic grammar, "k, n" or "int[m]", and may nest as
    the arguments do; arguments that are annotated as jaxtyping does, `Float[Array, "k n"]`, need
    none. `wrt` names the arguments to differentiate, or single arrays within them; all floats
    unless given. `constraints` such as "n >= 2" hold for the sizes. Values that the loss marks
    with `jax.ad_checkpoint.checkpoint_name` are returned, and so are their gradients.

    Raises TypeError for a function that JAX cannot trace and for an integer in `wrt`, ValueError
    for shapes that do not parse or do not fit the function and for a loss that is no scalar.

    >>> import jax.numpy as jnp, numpy as np
    >>> def loss(W, X):
    ...     return jnp.mean(jnp.tanh(W @ X) ** 2)
    >>> program = derive(loss, {"W": "k, n", "X": "n, m"}, wrt="W")
    >>> J, values, gradients = program(W=np.ones((2, 3)), X=np.zeros((3, 5)))
    >>> gradients["dW"].shape
    (2, 3)
    """
    signature = Signature(declared_shapes(loss, shapes), constraints)
    for name in {CUT, UPSTREAM} & signature.shapes.keys():
        raise ValueError(f"{name!r} is a word of the program: give the argument another name.")
    names = chosen(signature, wrt)

    def gradients(**arguments: Any) -> Any:
        given, upstream = arguments.pop(CUT, {}), arguments.pop(UPSTREAM, {})
        values = signature.flat(arguments)

        def cost(some: dict[str, jax.Array]) -> jax.Array:
            J = loss(**signature.nested(values | some))
            if getattr(J, "shape", None) != () or J.dtype.kind != "f":
                raise NoScalar(
                    f"the loss returns {_described(J)}: expected one float; sum it, or take the "
                    "mean."
                )
            return J

        return value_and_gradients(cost, {name: values[name] for name in names}, given, upstream)

    return DerivedProgram(gradients, signature)


def declared_shapes(
    loss: Callable[..., Any], shapes: Mapping[str, Any] | None, also: Collection[str] = ()
) -> dict[str, Any]:
    """Return the shape of every argument: as given, else as annotated; and of those in `also`."""
    if not callable(loss):
        raise TypeError(f"loss={loss!r} is a {type(loss).__name__}: expected a function.")
    if not isinstance(shapes, (Mapping, type(None))):
        raise TypeError(f"shapes={shapes!r}: expected a dict such as {{'W': 'k, n'}}.")
    parameters = inspect.signature(loss).parameters
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            raise TypeError(
                f"the loss takes {name!r} by position: derive takes its arguments by name; wrap it "
                "in a function that does."
            )
    known = {
        name: _annotated(annotation)
        for name, annotation in inspect.get_annotations(loss, eval_str=True).items()
        if name in parameters and hasattr(annotation, "dim_str")
    }
    known |= shapes or {}
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    for name in known:
        if name not in parameters and name not in also and not takes_any:
            raise ValueError(
                f"shapes: the loss has no argument {name!r}; it takes {', '.join(parameters)}."
            )
    for name, parameter in parameters.items():
        needed = parameter.default is parameter.empty and parameter.kind != parameter.VAR_KEYWORD
        if name not in known and needed:
            raise ValueError(
                f"shapes: there is none for the argument {name!r}; "
                f"pass shapes={{{name!r}: 'n, m', …}}, or annotate it as jaxtyping does."
            )
    return {name: known[name] for name in parameters if name in known} | known


def _annotated(annotation: Any) -> str:
    """Return what jaxtyping's `Float[Array, "n m"]` says as a shape: "n, m"."""
    dtypes = {str(dtype).rstrip("0123456789") for dtype in annotation.dtypes}
    kind = "bool" if "bool" in dtypes else "int" if dtypes <= {"int", "uint"} else "float"
    return f"{kind}[{', '.join(annotation.dim_str.split())}]"


def chosen(signature: Signature, wrt: Sequence[str] | str | None) -> list[str]:
    """Return the names of the arrays to differentiate."""
    floats = [leaf.name for leaf in signature.leaves if leaf.kind == "float"]
    if wrt is None:
        return floats
    if not isinstance(wrt, (str, Sequence)):
        raise TypeError(f"wrt={wrt!r}: expected names, some of {', '.join(floats)}.")
    found: list[str] = []
    for name in [wrt] if isinstance(wrt, str) else wrt:
        leaves = [leaf for leaf in signature.leaves if name in (leaf.name, leaf.path[0])]
        if not leaves:
            known = ", ".join(dict.fromkeys([*signature.shapes, *floats]))
            raise ValueError(f"wrt: there is no argument {name!r}; expected some of {known}.")
        for leaf in leaves:
            if leaf.kind != "float":
                raise TypeError(
                    f"wrt: {leaf.place} holds {leaf.kind}s, which have no derivative; "
                    f"expected some of {', '.join(floats)}."
                )
        found += [leaf.name for leaf in leaves]
    return list(dict.fromkeys(found))


def _described(J: Any) -> str:
    if hasattr(J, "shape"):
        return f"an array of shape {J.shape} and dtype {J.dtype}"
    return f"a {type(J).__name__}"
