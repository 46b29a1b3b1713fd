"""The table of mistakes: how each is named, told and, by one function, planted and recognised.

A function of the table takes a line and yields, in a few words and as an array, what the line gives
if the mistake is made. Recognised is what equals the hand-derived numbers on unrelated problems.
Mistakes with a number of their own, a learning rate or a factor, read it off the hand-derived
numbers (line.hand) if there are any.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backproof.compare import input_mistakes, scale_mistakes, slope_mistakes, sum_mistakes
from backproof.compare.line import Line, Wrong


@dataclass(frozen=True)
class Mistake:
    """One row: `says` becomes a sentence about a line {q}, with the details that were found.

    `loss` is the loss whose right gradient the mistake may make of it.
    """

    name: str
    says: str
    wrong: Callable[[Line], Wrong]
    loss: str = ""

    @property
    def lesson(self) -> str:
        """One sentence for a learner."""
        return (self.wrong.__doc__ or "").partition("\n\n")[0].replace("\n    ", " ")


# In the order in which they are tried: of two that explain the same numbers, the first is told.
MISTAKES = [
    Mistake("zeros", "{q} is all zeros", sum_mistakes.zeros),
    Mistake(
        "no mean",
        "{q} is {0} times too large: the division by {0} is missing",
        scale_mistakes.mean_missing,
    ),
    Mistake("divided twice", "{q} is divided by {0} once too often", scale_mistakes.mean_twice),
    Mistake("wrong count", "{q} is divided by the wrong size: {0}", scale_mistakes.wrong_count),
    Mistake("sign", "{q} has the wrong sign", scale_mistakes.sign),
    Mistake("factor 2", "{q} is {0} what it should be", scale_mistakes.square_factor),
    Mistake("n − 1", "{q} is divided by {0}", scale_mistakes.one_less),
    Mistake(
        "no activation derivative",
        "the activation's derivative is missing: {q} is {0} as it is",
        slope_mistakes.slope_missing,
        "the loss whose dZ is a − y, which is the cross-entropy for a sigmoid",
    ),
    Mistake(
        "activation derivative twice",
        "the activation's derivative is multiplied twice in {q}",
        slope_mistakes.slope_twice,
    ),
    Mistake(
        "slope assigned",
        "in {q} the slope is assigned, not multiplied with {0}, where it is not 1",
        slope_mistakes.slope_assigned,
    ),
    Mistake(
        "mask of the upstream gradient",
        "{q} is masked by where {0} is positive",
        slope_mistakes.mask_of_upstream,
    ),
    Mistake(
        "updated parameter",
        "{q} is computed from an updated parameter: {0}",
        input_mistakes.updated_parameter,
    ),
    Mistake("wrong array", "{q} is computed with {0}", input_mistakes.other_value),
    Mistake(
        "diagonal only",
        "{q} is {0} times the Jacobian's diagonal; the other entries are missing",
        slope_mistakes.diagonal_only,
    ),
    Mistake("sum missing", "{q} lacks the term {0}", slope_mistakes.sum_missing),
    Mistake(
        "elementwise product",
        "{q} is the elementwise product {0}; a matrix product belongs there",
        input_mistakes.elementwise,
    ),
    Mistake(
        "wrong activation derivative",
        "{q} is multiplied with {0}, which is not the derivative here",
        slope_mistakes.slope_of_another,
    ),
    Mistake(
        "cancelled derivative",
        "{q} is multiplied with {0}, which has cancelled on paper",
        slope_mistakes.slope_added,
        "the squared error ½(a − y)²",
    ),
    Mistake(
        "wrong term",
        "{q} has {0}",
        input_mistakes.other_term,
        "the squared error of the logits ½(z − y)²",
    ),
    Mistake(
        "label squared", "{q} has −(y/a)·y in place of −y/a, with {0}", slope_mistakes.label_squared
    ),
    Mistake(
        "sign within",
        "{q} has the sign of the second term wrong: −(y/a + (1 − y)/(1 − a)), with {0}",
        slope_mistakes.label_sign,
    ),
    Mistake(
        "transpose",
        "a transpose is missing, or one too many, in {q}: of {0}",
        input_mistakes.transposed,
    ),
    Mistake(
        "penalty missing",
        "the penalty's term is missing in {q}",
        input_mistakes.decay_missing,
        "this loss without its penalty",
    ),
    Mistake(
        "penalty twice",
        "the penalty's term is in {q} twice",
        input_mistakes.decay_twice,
        "this loss with twice its penalty",
    ),
    Mistake("factor ignored", "{q} ignores {0}, as if it were 1", input_mistakes.factor_ignored),
    Mistake("term ignored", "{q} ignores {0}, as if it were 0", input_mistakes.term_ignored),
    Mistake(
        "upstream ignored",
        "{q} ignores {0}, as if it were all ones",
        input_mistakes.upstream_ignored,
    ),
    Mistake(
        "path missing", "{q} lacks the term that comes through {0}", input_mistakes.path_missing
    ),
    Mistake(
        "constant factor", "{q} is {0} times what it should be", scale_mistakes.constant_factor
    ),
    Mistake(
        "penalty added",
        "{q} has {0}: a penalty not in the loss, left out, or of another size",
        input_mistakes.decay_added,
        "this loss with another penalty",
    ),
    Mistake(
        "one step only",
        "{q} has the contribution of one step only: the {0}",
        sum_mistakes.one_step_only,
    ),
    Mistake(
        "= for +=",
        "{q} keeps only the last of several contributions of {0}: = where += belongs",
        sum_mistakes.assigned,
    ),
    Mistake(
        "steps backwards",
        "{q} goes through the steps {0} in the wrong direction",
        sum_mistakes.steps_backwards,
    ),
    Mistake(
        "mean's term missing",
        "{q} is off by one number {0}, as where a mean's term is missing or of another size",
        sum_mistakes.mean_term_missing,
    ),
    Mistake(
        "deviation's term missing",
        "{q} is off by a multiple of what is left without the mean {0}, as where a deviation's "
        "term is missing or of another size",
        sum_mistakes.deviation_term_missing,
    ),
    Mistake("other activation", "{q} is the {0}", slope_mistakes.other_activation),
    Mistake(
        "reordered", "{q} has the right entries at the wrong places: {0}", sum_mistakes.reordered
    ),
    Mistake("flipped", "{q} is computed with {0}", input_mistakes.flipped),
    Mistake(
        "summed too much", "{q} is {0}, an axis that should stay", sum_mistakes.summed_too_much
    ),
    Mistake("clipped", "{q} is clipped at {0}", scale_mistakes.clipped),
    Mistake("part zero", "some entries of {q} are 0, the others are right", sum_mistakes.part_zero),
    Mistake(
        "sign in part",
        "some entries of {q} have the wrong sign, the others are right",
        scale_mistakes.sign_in_part,
    ),
    Mistake(
        "float32 digits",
        "{q} went through float32: it has seven right digits",
        scale_mistakes.narrow_digits,
    ),
    Mistake("other quantity", "{q} is {0}", input_mistakes.other_quantity),
]
