"""Showing: drawings, pages, derivations, and what a command line or a notebook prints."""
