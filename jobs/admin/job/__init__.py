"""The page of one run, a tab a module."""
