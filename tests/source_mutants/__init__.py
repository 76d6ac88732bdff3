"""Tests of the tests: faults put into the source of the packages, one at a time, which the tests have to notice.

``kinds`` finds what can be changed in a file, ``reaching`` which tests run a line, ``trying`` runs them in a copy of
the project, ``report`` holds the outcome against the list of those known to be equivalent. ``make mutants`` runs it.

(The mutants of ``tests/mutants.py`` are other ones: programs that jit recorded, changed for its self-check to find.)

Why no ready tool: mutmut calls each function through a switch that it writes around it, and the rows of the table are
read by their ``__code__``; cosmic-ray changes files where they stand; neither chooses tests by what they run.
"""
