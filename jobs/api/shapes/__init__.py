"""What goes in and comes out, as documented in `/api/openapi.json`.

`null` always means "not reported" or "does not apply": never a zero that nobody measured.
"""
