"""The live path: events stored and numbered, then sent to whoever may see them."""
