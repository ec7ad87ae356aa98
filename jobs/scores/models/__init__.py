"""The whole score schema as pydantic models, a module for each part of it."""
