"""What we know and what arrives: enterprises, monitoring points, officers, stations, readings, positions."""
