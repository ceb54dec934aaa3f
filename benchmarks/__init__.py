"""Benchmarks against named peers, run by hand: `./onemap bench NAME`."""
