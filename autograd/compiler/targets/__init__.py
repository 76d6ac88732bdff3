"""Targets: what a program runs on, a file each."""
