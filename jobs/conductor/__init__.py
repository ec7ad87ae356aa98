"""Talking to a conductor: messages, client, and the seed's service. Knows no Django."""
