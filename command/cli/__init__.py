"""The commands behind `./onemap`."""
