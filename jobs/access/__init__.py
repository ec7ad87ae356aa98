"""Who may see and do what: tokens, and one policy that every path goes through."""
