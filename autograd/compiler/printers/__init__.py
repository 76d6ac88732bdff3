"""Printers: a program as text, a method for each kind of node; what stands in parentheses follows from the tree."""
