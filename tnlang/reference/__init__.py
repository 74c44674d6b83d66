"""The reference executor: what a program means, in NumPy."""

from tnlang.ir.slots import Slot, inputs_of, parameters_of
from tnlang.reference.execute import Result, execute
from tnlang.reference.initialise import deviation, initialise, random_inputs
from tnlang.reference.weights import WeightsMismatch, load_weights

__all__ = [
    "Result",
    "Slot",
    "WeightsMismatch",
    "deviation",
    "execute",
    "initialise",
    "inputs_of",
    "load_weights",
    "parameters_of",
    "random_inputs",
]
