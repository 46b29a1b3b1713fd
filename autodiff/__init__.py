"""The autodiff wing: the same networks in JAX, forward passes and costs only.

Not one derivative is written here: JAX derives every gradient, those of the intermediates too.
Names, shapes, signatures and keys are those of the hand-derived wing.

Forward passes, costs and gradients can be traced: put them under `jax.jit` (names and flags are
static) or `jax.vmap`.
JAX turns float64 into float32 unless 64-bit types are on; the functions refuse to do so
silently. Use `with jax.enable_x64(True):` around the call.
"""

from backproof.autodiff import activations as activations
from backproof.autodiff import deep as deep
from backproof.autodiff import derivatives as derivatives
from backproof.autodiff import descent as descent
from backproof.autodiff import initializers as initializers
from backproof.autodiff import logistic as logistic
from backproof.autodiff import losses as losses
from backproof.autodiff import shallow as shallow
