"""Recording as evidence: what a participant sends, as it came, in segments whose hashes are chained."""
