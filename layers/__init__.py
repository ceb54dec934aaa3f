"""What a map can show: one catalogue entry a layer, as features, statistics and vector tiles."""
