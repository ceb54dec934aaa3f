"""Officers: duty, positions, who is where and free."""
