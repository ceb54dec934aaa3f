"""What enforcement has done: inspections, findings, penalty cases, training, and the figures counted from them."""
