"""What Podium knows of conductors, jobs, sheets and scores: the read model."""
