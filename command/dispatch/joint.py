"""Several alarms at once: who goes where, so that the last to arrive arrives as early as can be.

Pure: a matrix of travel times goes in, a plan comes out. Rows are alerts in order of urgency, columns are officers;
times are whole milliseconds, `NEVER` where an officer cannot or may not go.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

NEVER = np.iinfo(np.int64).max
"""The time of a trip that does not take place."""

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pick:
    """One officer (column) sent to one alert (row), who needs so many milliseconds."""

    row: int
    column: int
    ms: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Picks in the order of rows, the quicker first within a row."""

    picks: tuple[Pick, ...]

    @property
    def worst_ms(self) -> int | None:
        """When the last arrives; None when nobody is sent."""
        return max((pick.ms for pick in self.picks), default=None)

    @property
    def sum_ms(self) -> int:
        return sum(pick.ms for pick in self.picks)

    def sent(self, rows: int) -> list[int]:
        """How many officers each row gets."""
        counts = [0] * rows
        for pick in self.picks:
            counts[pick.row] += 1
        return counts


def joint_plan(times: Times, *, per_row: int = 1) -> Plan:
    """Send `per_row` different officers to every row, nobody to two, in the best way there is.

    Best is, in this order: as many rows as possible get their first officer, and where not all can, the upper rows
    do; the same for the second officer of each, and so on; then the earliest last arrival; then the least sum.
    Exact, and always the same for the same matrix.
    """
    slots = _slots(len(times), per_row)
    columns = _worth_looking_at(times, len(slots))
    small = times[:, columns]
    served = _served(small, slots)
    if not served:
        return Plan(())
    rows = small[served]
    at, chosen = _earliest_worst_then_least_sum(rows)
    return _plan(Pick(served[i], int(columns[j]), int(rows[i, j])) for i, j in zip(at, chosen, strict=True))


def greedy_plan(times: Times, *, per_row: int = 1) -> Plan:
    """What one gets by hand: row after row, each takes the quickest officer who is still free (ties: the left one).

    With several officers a row, every row takes its first before any takes its second.
    """
    left = times.copy()
    picks = []
    for row in _slots(len(times), per_row):
        if not left.shape[1]:
            break
        column = int(left[row].argmin())
        if left[row, column] < NEVER:
            picks.append(Pick(row, column, int(times[row, column])))
            left[:, column] = NEVER
    return _plan(picks)


def _plan(picks: Iterable[Pick]) -> Plan:
    return Plan(tuple(sorted(picks, key=lambda pick: (pick.row, pick.ms, pick.column))))


def _slots(rows: int, per_row: int) -> list[int]:
    """The rows to be served, the most urgent call first: everybody's first officer, then everybody's second…"""
    return [row for _ in range(per_row) for row in range(rows)]


def _worth_looking_at(times: Times, calls: int) -> npt.NDArray[np.int64]:
    """The columns that are among the quickest `calls` of some row; the others cannot make a plan better.

    Say a row takes somebody slower than its quickest `calls`. The other calls use up at most `calls - 1` of those, so
    one is idle: taking that one instead is no worse for anybody. So 50 alerts look at 2,500 officers at the most.
    """
    if times.shape[1] <= calls:
        return np.arange(times.shape[1])
    # Stable, so that equal times fall to the same officers every time.
    quickest = np.argsort(times, axis=1, kind="stable")[:, :calls]
    return np.unique(quickest)


def _served(times: Times, slots: Sequence[int]) -> list[int]:
    """Which calls can be answered: the most of them, the most urgent first.

    Sets of rows that can all be served form a matroid, so taking what still fits, in order of urgency, gives the
    largest set and the most urgent one at once: no later row is ever worth giving up an earlier one.
    """
    if _all_served(times[list(slots)]):
        return list(slots)
    kept: list[int] = []
    for row in slots:
        if _all_served(times[[*kept, row]]):
            kept.append(row)
    return kept


def _all_served(times: Times, *, by: int = NEVER - 1) -> bool:
    """Whether every row can have a column of its own, arriving not later than `by` (Hopcroft and Karp, 1973)."""
    if len(times) > times.shape[1]:
        return False
    match = maximum_bipartite_matching(csr_array(times <= by), perm_type="column")
    return bool((match >= 0).all())


def _earliest_worst_then_least_sum(times: Times) -> tuple[list[int], list[int]]:
    """Give every row a column, all rows being servable: earliest last arrival first, then the least sum.

    The last arrival is one of the times in the matrix: search them by halves for the earliest by which all can be
    served, forbid everything later, and let the assignment solver find the least sum of what remains.
    """
    # Nobody is served before the slowest of the rows' quickest.
    floor = int(times.min(axis=1).max())
    moments = np.unique(times[(times >= floor) & (times < NEVER)])
    low, high = 0, len(moments) - 1
    while low < high:
        middle = (low + high) // 2
        if _all_served(times, by=int(moments[middle])):
            high = middle
        else:
            low = middle + 1
    # Milliseconds of a day's drive are far below 2**53, so the solver's floating point stays exact.
    cost = np.where(times <= moments[low], times, np.inf).astype(np.float64)
    at, chosen = linear_sum_assignment(cost)
    return at.tolist(), chosen.tolist()
