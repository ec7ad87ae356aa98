"""Servers that some tests need, each private to the run: a temp folder, a Unix socket, no port."""
