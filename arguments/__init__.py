"""The door that both wings share: names, shapes and dtypes, and not one line of mathematics.

Every function looks, and raises when something is off: the message names the argument, what
came, what was expected and the next step. Nothing is converted and nothing is changed, so a
mistake here cannot bend a gradient. Arrays may be NumPy's or JAX's, traced ones included (their
shapes and dtypes are checked, their values cannot be).
"""

from backproof.arguments.arrays import check_array as check_array
from backproof.arguments.arrays import check_cache as check_cache
from backproof.arguments.arrays import check_gradients as check_gradients
from backproof.arguments.arrays import check_labels as check_labels
from backproof.arguments.arrays import check_logistic as check_logistic
from backproof.arguments.arrays import check_network as check_network
from backproof.arguments.names import FLOATS as FLOATS
from backproof.arguments.names import LOSSES as LOSSES
from backproof.arguments.names import check_activations as check_activations
from backproof.arguments.names import check_choice as check_choice
from backproof.arguments.names import check_initializer as check_initializer
from backproof.arguments.names import check_keys as check_keys
from backproof.arguments.names import check_loss as check_loss
from backproof.arguments.names import check_number as check_number
from backproof.arguments.names import check_whole as check_whole
