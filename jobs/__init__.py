"""Podium's one Django app: what it knows of conductors and jobs, and what people did to them."""
