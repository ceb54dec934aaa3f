"""Machine code for the few loops that numpy cannot express."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile at the first call, without the interpreter lock, and keep the result beside the code if that is possible.

    A read-only installation without a writable cache folder (`NUMBA_CACHE_DIR`) compiles once per process instead.
    """
    try:
        kept: Function = njit(function, cache=True, nogil=True)
    except RuntimeError:  # numba found no folder it may write its cache to
        kept = njit(function, nogil=True)
    return kept
