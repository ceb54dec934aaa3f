"""The processes of a running OneMap, started and watched by `./onemap serve`: `python -m command.processes.NAME`.

Each is a module of its own, so that it loads only its own part. When a media hub was killed, everybody in a call waits
for its successor, and loading all that the pages need takes longer than the rest of its start.
"""
