"""Readings of the table: what its rows mean over arrays, as symbols, as typeset formulas, and in JavaScript."""
