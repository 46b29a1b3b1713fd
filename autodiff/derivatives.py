"""JAX's gradient of a cost with respect to its arguments and everything marked on the way.

A value that went through `jax.ad_checkpoint.checkpoint_name(Z1, "Z1")` is marked: it keeps its
number, and its name shows in the program that JAX traces. Adding a perturbation that is zero at
each mark makes the marked value an argument too: the derivative with respect to the perturbation
is the derivative with respect to Z1.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import jax
import jax.extend.core as jex
import jax.numpy as jnp

Values = dict[str, jax.Array]

# Primitives that only call another program, and may be replaced by it; functions with derivative
# rules of their own must stay calls.
TRANSPARENT = ("jit", "remat2", "checkpoint")


def value_and_gradients(
    cost: Callable[[Values], jax.Array],
    arguments: Values,
    cut: Values | None = None,
    upstream: Values | None = None,
) -> tuple[jax.Array, Values, Values]:
    """Return (J, marked, gradients) of the scalar `cost` at `arguments`.

    `marked` holds every value that `cost` marked, by name. `gradients` holds dJ/dV under "dV" for
    every argument V and every mark V, each of the shape of V (S36). A mark set inside a loop, a
    branch, or a function with a derivative rule of its own is not seen. Raises ValueError when two
    marks, or a mark and an argument, share a name, TypeError for a mark on what is no float.

    `cut` takes the program apart at the marks that it names: from there on the program goes on
    with the values given here, while `marked` still holds what it computes itself, from the values
    before. No derivative crosses a cut by itself: `upstream` holds dJ/dV for marks V that are cut,
    and each line's derivative is derived from what it is given for the lines after it.

    >>> from jax.ad_checkpoint import checkpoint_name
    >>> def cost(arguments):
    ...     z = checkpoint_name(3 * arguments["x"], "z")
    ...     return z**2
    >>> J, marked, gradients = value_and_gradients(cost, {"x": jnp.float32(2)})
    >>> J.item(), marked["z"].item(), gradients["dz"].item(), gradients["dx"].item()
    (36.0, 6.0, 12.0, 36.0)
    """
    flat, structure = jax.tree.flatten(arguments)
    traced = jax.make_jaxpr(lambda *flat: cost(jax.tree.unflatten(structure, flat)))(*flat)
    cut, upstream = cut or {}, upstream or {}
    perturbed, shapes = _perturb_marks(traced, [*cut])
    for name in arguments.keys() & shapes.keys():
        raise ValueError(f"{name!r} is an argument, and marks a value: give the mark its own name.")

    def run(arguments: Values, perturbations: Values) -> tuple[jax.Array, Any]:
        added = map(perturbations.get, shapes)
        J, *values = perturbed(*jax.tree.leaves(arguments), *added, *cut.values())
        marked = dict(zip(shapes, values, strict=True))
        given = sum((jnp.sum(dV * marked[name]) for name, dV in upstream.items()), jnp.zeros(()))
        return J + given if upstream else J, (J, marked)

    zeros = {name: jnp.zeros(shape.shape, shape.dtype) for name, shape in shapes.items()}
    derive = jax.value_and_grad(run, argnums=(0, 1), has_aux=True)
    (_, (J, marked)), (of_arguments, of_marks) = derive(arguments, zeros)
    in_order = {name: marked[name] for name in shapes}
    return J, in_order, {f"d{name}": d for name, d in (of_arguments | of_marks).items()}


def network_gradients(
    cost: Callable[[Values, jax.Array], jax.Array],
    parameters: Values,
    X: jax.Array,
    omit: Collection[str],
) -> tuple[jax.Array, Values, Values]:
    """Return (J, cache, gradients) of `cost(parameters, X)` in the notes' convention.

    J is the mean of m losses, so its derivative carries 1/m. The notes keep that in dW and db,
    and write dZ, dA and dX per example: m times dJ/dZ. Gradients named in `omit` are left out.
    """
    arguments = to_jax({**parameters, "X": X})
    J, cache, gradients = value_and_gradients(
        lambda V: cost({name: V[name] for name in parameters}, V["X"]), arguments
    )
    m = X.shape[1]
    return (
        J,
        cache,
        {
            name: m * d if name[1] in "ZAX" else d
            for name, d in gradients.items()
            if name not in omit
        },
    )


def to_jax(tree: Any) -> Any:
    """Return the arrays in `tree` as JAX arrays of the same dtype.

    Raises TypeError where JAX would narrow float64 to float32.
    """
    for array in jax.tree.leaves(tree):
        if jax.dtypes.canonicalize_dtype(array.dtype) != array.dtype:
            raise TypeError(
                f"an array has dtype {array.dtype}, which JAX would turn into "
                f"{jax.dtypes.canonicalize_dtype(array.dtype)}: put the call into "
                "`with jax.enable_x64(True):`, or pass float32."
            )
    return jax.tree.map(jnp.asarray, tree)


def _perturb_marks(
    traced: jex.ClosedJaxpr, cut: Sequence[str]
) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Turn every `y = name(x)` into `y = x + perturbation`, or `y = given + perturbation` if cut.

    Returns the new program, (arguments, perturbations, given) → (J, every x), and the
    perturbations' shapes and dtypes by name.
    """
    program = traced.jaxpr
    perturbations, marked, equations = {}, [], []
    given: dict[str, Any] = {}
    consts = dict(zip(program.constvars, traced.consts, strict=True))
    inlined, results = _with_marks_inlined(program, {}, consts, set())
    for equation in inlined:
        if equation.primitive.name == "name":
            name, aval = equation.params["name"], equation.outvars[0].aval
            if not isinstance(name, str):
                raise TypeError(f"a value is marked {name!r}, a {type(name).__name__}: use text.")
            if name in perturbations:
                raise ValueError(f"two values are marked {name!r}: give each its own name.")
            if aval.dtype.kind != "f":
                raise TypeError(
                    f"{name!r} marks {aval.dtype}, which has no derivative: mark floats."
                )
            perturbations[name] = jex.Var(aval)
            (x,) = equation.invars
            marked.append(x)
            if name in cut:
                x = given[name] = jex.Var(aval)
            equation = equation.replace(
                primitive=jax.lax.add_p, invars=[x, perturbations[name]], params={}
            )
        equations.append(equation)
    perturbed = program.replace(
        constvars=list(consts),
        invars=[*program.invars, *perturbations.values(), *map(given.__getitem__, cut)],
        outvars=[*results, *marked],
        eqns=equations,
    )
    shapes = {name: variable.aval for name, variable in perturbations.items()}
    return jex.jaxpr_as_fun(jex.ClosedJaxpr(perturbed, list(consts.values()))), shapes


def _with_marks_inlined(
    program: Any, known: dict[Any, Any], consts: dict[Any, Any], marked: set[Any]
) -> tuple[list[Any], list[Any]]:
    """Return the equations of a program, in place of each call those of the called if it marks.

    `known` maps its variables to those of the program around it; `consts`, the constants by
    variable, gets those of the called. `marked` gets (id(variable), name): a value marked twice
    by one name is marked once. Returns the results' variables too.
    """
    equations = []

    def read(atom: Any) -> Any:
        return atom if isinstance(atom, jex.Literal) else known.get(atom, atom)

    for equation in program.eqns:
        operands = [read(atom) for atom in equation.invars]
        called = _called(equation)
        mark = equation.params["name"] if equation.primitive.name == "name" else None
        if mark is not None and (id(operands[0]), mark) in marked:
            known[equation.outvars[0]] = operands[0]
            continue
        if called is None or not _marks(called):
            results = [jex.Var(variable.aval) for variable in equation.outvars]
            equations.append(equation.replace(invars=operands, outvars=results))
            marked |= {(id(variable), mark) for variable in results if mark is not None}
        else:
            consts |= zip(called.jaxpr.constvars, called.consts, strict=True)
            within = dict(zip(called.jaxpr.invars, operands, strict=True))
            some, results = _with_marks_inlined(called.jaxpr, within, consts, marked)
            equations += some
        known |= zip(equation.outvars, results, strict=True)
    return equations, [read(atom) for atom in program.outvars]


def _marks(called: jex.ClosedJaxpr) -> bool:
    """Whether a value is marked in a program, or in one that it calls."""
    for equation in called.jaxpr.eqns:
        inner = _called(equation)
        if equation.primitive.name == "name" or (inner is not None and _marks(inner)):
            return True
    return False


def _called(equation: Any) -> jex.ClosedJaxpr | None:
    """Return the program that an equation only calls, or None."""
    if equation.primitive.name not in TRANSPARENT:
        return None
    called = equation.params["jaxpr"]
    return called if isinstance(called, jex.ClosedJaxpr) else jex.ClosedJaxpr(called, ())
