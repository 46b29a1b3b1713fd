"""The hand-derived wing: every gradient here was derived on paper and is written in NumPy.

Shapes follow the notes (S8): X is (n_x, m), W1 is (n_1, n_x), b1 is (n_1, 1), Z1 and A1 are
(n_1, m); columns are examples, rows are units. dZ and dA are per example, dW and db belong to
the cost J, the mean over the m examples: that is where 1/m goes.
"""

from backproof.manual import activations as activations
from backproof.manual import deep as deep
from backproof.manual import descent as descent
from backproof.manual import initializers as initializers
from backproof.manual import logistic as logistic
from backproof.manual import losses as losses
from backproof.manual import planar as planar
from backproof.manual import shallow as shallow
