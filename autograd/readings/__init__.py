"""Readings of the table: what its rows mean over arrays, as formulas in text and LaTeX, and in JavaScript."""
