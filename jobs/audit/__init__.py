"""The audit log: insert-only records in a hash chain, and the projection that lists read."""
