"""Array files of which any number of private, changeable views can be had.

A view is a mapping that copies a page of memory when, and only when, it is written to: a few closed roads on a
province cost some hundred kilobytes instead of a copy of everything, and nobody else's view changes.
"""

import mmap
import os
import tempfile
import weakref
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt


class ArrayFile:
    """A one-dimensional `.npy` file, kept open: views can be had even after its folder has been removed."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the header; raise `ValueError` if it is no such file."""
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError("not a numpy array file of version 1.0")
        shape, _, self._dtype = np.lib.format.read_array_header_1_0(file)
        if len(shape) != 1 or self._dtype.hasobject:
            raise ValueError("not a flat array of numbers")
        self._count, self._offset = shape[0], file.tell()
        self._handle = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._handle)

    @classmethod
    def holding(cls, array: npt.NDArray[Any]) -> Self:
        """Put an array into a nameless temporary file, which goes with its last view."""
        with tempfile.TemporaryFile() as file:
            np.save(file, array, allow_pickle=False)
            file.flush()
            file.seek(0)
            return cls(file)

    def view(self) -> npt.NDArray[Any]:
        """Return the file's content as an array that may be changed without changing the file."""
        whole = mmap.mmap(self._handle, 0, access=mmap.ACCESS_COPY)
        if not self._count:
            return np.empty(0, self._dtype)
        return np.frombuffer(whole, self._dtype, self._count, self._offset)
