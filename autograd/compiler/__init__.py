"""The compiler: scalars rolled up into the matrix equations of the textbooks.

recording makes a program of a function, rolling makes arrays of its scalars, emission writes them as source. paths
keeps what was recorded, calls and batches run it, and compiled is what the user holds.
"""

from .compiled import jit

__all__ = ["jit"]
