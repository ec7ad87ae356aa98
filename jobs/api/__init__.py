"""The REST API: thin. It reads the request, calls one use case, and answers."""
