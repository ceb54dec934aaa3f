"""Where stations should stand: places to choose from, demands put together, models, and what a choice is worth."""
