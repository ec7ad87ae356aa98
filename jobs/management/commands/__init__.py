"""Thin commands: each calls one part and prints."""
