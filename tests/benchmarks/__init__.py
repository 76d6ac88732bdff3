"""Measurements of time: `make bench` runs them."""
