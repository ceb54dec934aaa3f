"""HJ 212: what field loggers (数采仪) send us over TCP, in the dialects of 2005, 2017 and 2025.

`stream` cuts frames out of bytes, `frame` parses and prints one, `assembly` mends split ones, `readings` turns fields
into values, `replies` answers, `gateway` serves the loggers and `decode` explains a file of frames.
"""
