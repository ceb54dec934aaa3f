"""Location models as mixed-integer programmes, solved by HiGHS: MCLP, LSCP and p-median, exact when time suffices.

    mclp      max  sum w_i y_i           y_i <= sum of x_j that reach i in time
    lscp      min  sum x_j               for every i that any place reaches in time: one of them is open
    p-median  min  sum w_i t_ij z_ij     every i is served by one open place

`x_j` opens a place. Places that are open already cost nothing; some may be given up (`moves`) to stand elsewhere. With
a `capacity` every model assigns demands (z_ij) and no new place serves more weight than that; a demand is then one of
many put together, so it may be divided. A demand that no place reaches is served at `never` in the p-median.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from planning.demands import Floats, Longs

Objective = Literal["mclp", "lscp", "p-median"]
_FEASIBLE = 2  # highspy.SolutionStatus.kSolutionStatusFeasible, as HighsInfo gives it

Heard = Callable[[float | None, float], bool]
"""Told the gap proven so far (None: none yet) and the seconds gone; answers whether to go on."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`minutes` from place (column) to demand (row), infinite for never. `standing` tells places that exist.

    `new` places are to be opened (lscp: at most); `moves` (not lscp) of the standing ones may be given up for others.
    """

    minutes: Floats
    weight: Floats
    standing: npt.NDArray[np.bool_]
    objective: Objective
    within: float
    new: int
    moves: int = 0
    capacity: float | None = None
    never: float = 0.0  # minutes that the p-median counts for a demand that is not reached


@dataclass(frozen=True, slots=True)
class Choice:
    """`open`: columns in use. `value` and `bound` are of the objective; `gap` (bound - value) / value, 0 if exact."""

    status: Literal["optimal", "time_limit", "infeasible"]
    open: Longs
    value: float | None
    bound: float | None
    gap: float | None


def solve(problem: Problem, *, time_limit_s: float, heard: Heard = lambda _gap, _seconds: True) -> Choice:
    """Solve as far as the time allows; the best choice found so far is returned with the gap proven for it."""
    model = _Model(problem)
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    solver.setOptionValue("time_limit", float(time_limit_s))
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("mip_abs_gap", 1e-9)
    solver.passModel(model.as_highs())
    stopped = False

    def look(event: Any) -> None:
        nonlocal stopped
        gap = float(event.data_out.mip_gap)
        if not heard(gap if np.isfinite(gap) else None, float(event.data_out.running_time)):
            stopped = True
            event.data_in.user_interrupt = True

    solver.cbMipInterrupt.subscribe(look)
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Choice("infeasible", np.empty(0, np.int64), None, None, None)
    exact = status == highspy.HighsModelStatus.kOptimal
    # HiGHS is given no start: with one, 1.16 tells a wrong objective of small covering problems. Ours is compared.
    found = [np.array(solver.getSolution().col_value)] if info.primal_solution_status == _FEASIBLE else []
    if not exact and (greedy := model.greedy()) is not None:
        found.append(greedy)
    if not found:
        return Choice("time_limit", np.empty(0, np.int64), None, None, None)
    best = (max if problem.objective == "mclp" else min)(found, key=model.value_of)
    value = model.value_of(best)
    bound = value if exact else float(info.mip_dual_bound)
    return Choice(
        status="optimal" if exact else "time_limit",
        open=np.flatnonzero(best[: model.places] > 0.5).astype(np.int64),
        value=value,
        bound=bound if np.isfinite(bound) else None,
        gap=_gap(value, bound),
    )


def _gap(value: float, bound: float) -> float | None:
    if not np.isfinite(bound):
        return None
    if value == bound:
        return 0.0
    return abs(bound - value) / abs(value) if value else None


class _Model:
    """Columns: the places x, then coverage y (mclp) or assignments z, one for each useful pair of demand and place."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.demands, self.places = problem.minutes.shape
        self.assigning = problem.objective == "p-median" or problem.capacity is not None
        self.in_time = problem.minutes <= problem.within
        useful = np.isfinite(problem.minutes) if problem.objective == "p-median" else self.in_time
        if problem.objective == "p-median" and not problem.moves:
            # Nobody is served from farther than where help stands already.
            nearest = np.where(problem.standing, problem.minutes, np.inf).min(axis=1, initial=np.inf)
            if problem.capacity is None:
                best = np.where(
                    problem.standing, problem.minutes == nearest[:, None], problem.minutes < nearest[:, None]
                )
                useful &= best
        self.row, self.column = np.nonzero(useful)
        self.pairs = len(self.row)
        self.columns = self.places + (self.pairs if self.assigning else 0)
        self.unserved = 0
        if problem.objective == "mclp" and not self.assigning:
            self.columns += self.demands
        elif problem.objective == "p-median":
            self.unserved = self.demands  # one column each: served by nobody, at `never`
            self.columns += self.demands

    def value_of(self, values: Floats) -> float:
        """The objective of a solution."""
        return float(self._costs() @ values)

    def as_highs(self) -> Any:
        cost, upper = self._costs(), np.ones(self.columns)
        integer = np.zeros(self.columns, bool)
        integer[: self.places] = True
        lower = np.zeros(self.columns)
        if not self.problem.moves:
            lower[: self.places][self.problem.standing] = 1.0
        matrix, low, high = self._rows()
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = self.columns, matrix.shape[0]
        program.col_cost_, program.col_lower_, program.col_upper_ = cost, lower, upper
        program.row_lower_, program.row_upper_ = low, high
        by_row = matrix.tocsr()
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = by_row.indptr.astype(np.int32)
        program.a_matrix_.index_ = by_row.indices.astype(np.int32)
        program.a_matrix_.value_ = by_row.data.astype(np.float64)
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        program.integrality_ = [kinds[int(whole)] for whole in integer]
        maximised = self.problem.objective == "mclp"
        program.sense_ = highspy.ObjSense.kMaximize if maximised else highspy.ObjSense.kMinimize
        return program

    def greedy(self) -> Floats | None:
        """A solution by opening one place after the other; None with a capacity, where that is not enough."""
        problem, chosen = self.problem, self.problem.standing.copy()
        if problem.capacity is not None:
            return None
        budget = problem.new if problem.objective != "lscp" else int((~problem.standing).sum())
        for _ in range(budget):
            gains = self._gains(chosen)
            best = int(np.argmax(gains))
            if gains[best] <= 0:
                if problem.objective == "lscp" or not (~chosen).any():
                    break
                best = int(np.flatnonzero(~chosen)[0])  # the budget is to be spent exactly
            chosen[best] = True
        if problem.objective == "lscp" and (chosen & ~problem.standing).sum() > problem.new:
            return None
        return self._filled(chosen)

    def _gains(self, chosen: npt.NDArray[np.bool_]) -> Floats:
        problem = self.problem
        if problem.objective == "p-median":
            now = np.minimum(problem.minutes[:, chosen].min(axis=1, initial=problem.never), problem.never)
            saved = np.maximum(now[:, None] - np.where(np.isfinite(problem.minutes), problem.minutes, np.inf), 0.0)
            gains: Floats = problem.weight @ saved
        else:
            open_ones = ~self.in_time[:, chosen].any(axis=1)
            counted = problem.weight * open_ones if problem.objective == "mclp" else open_ones.astype(np.float64)
            gains = counted @ self.in_time
        return np.where(chosen, -1.0, gains)

    def _filled(self, chosen: npt.NDArray[np.bool_]) -> Floats:
        values = np.zeros(self.columns)
        values[: self.places] = chosen
        problem = self.problem
        if problem.objective == "mclp":
            values[self.places :] = self.in_time[:, chosen].any(axis=1)
        elif problem.objective == "p-median":
            minutes = np.where(chosen[self.column], problem.minutes[self.row, self.column], np.inf)
            order = np.lexsort((minutes, self.row))
            first = np.unique(self.row[order], return_index=True)[1]
            served = order[first]
            served = served[minutes[served] < problem.never]
            values[self.places + served] = 1.0
            alone = np.ones(self.demands, bool)
            alone[self.row[served]] = False
            values[self.places + self.pairs :] = alone
        return values

    def _costs(self) -> Floats:
        problem, cost = self.problem, np.zeros(self.columns)
        if problem.objective == "lscp":
            cost[: self.places][~problem.standing] = 1.0
        elif problem.objective == "p-median":
            minutes = problem.minutes[self.row, self.column]
            cost[self.places : self.places + self.pairs] = problem.weight[self.row] * minutes
            cost[self.places + self.pairs :] = problem.weight * problem.never
        elif self.assigning:
            cost[self.places :] = problem.weight[self.row]
        else:
            cost[self.places :] = problem.weight
        return cost

    def _rows(self) -> tuple[Any, Floats, Floats]:
        problem, inf = self.problem, highspy.kHighsInf
        blocks: list[tuple[Any, Floats, Floats]] = []

        def add(matrix: Any, low: float | Floats, high: float | Floats) -> None:
            count = matrix.shape[0]
            blocks.append((matrix, np.broadcast_to(low, count).copy(), np.broadcast_to(high, count).copy()))

        choosing = np.where(problem.standing, 0.0, 1.0)
        old = int(problem.standing.sum())
        if problem.objective == "lscp":
            add(self._over_places(choosing), 0.0, float(problem.new))
        else:
            # As many new ones as asked, and one more for each that is given up.
            add(self._over_places(np.ones(self.places)), float(old + problem.new), float(old + problem.new))
        if problem.moves:
            add(self._over_places(1.0 - choosing), float(max(old - problem.moves, 0)), float(old))
        if self.assigning:
            pair = np.arange(self.pairs)
            serve = sp.csr_array((np.ones(self.pairs), (self.row, self.places + pair)), (self.demands, self.columns))
            if problem.objective == "p-median":
                alone = sp.csr_array(
                    (
                        np.ones(self.demands),
                        (np.arange(self.demands), self.places + self.pairs + np.arange(self.demands)),
                    ),
                    (self.demands, self.columns),
                )
                add(serve + alone, 1.0, 1.0)
            elif problem.objective == "lscp":
                add(serve[self._coverable()], 1.0, 1.0)
            else:
                add(serve, 0.0, 1.0)
            ones = np.ones(self.pairs)
            opened = sp.csr_array((ones, (pair, self.places + pair)), (self.pairs, self.columns)) - sp.csr_array(
                (ones, (pair, self.column)), (self.pairs, self.columns)
            )
            add(opened, -inf, 0.0)
            if problem.capacity is not None:
                load = sp.csr_array(
                    (problem.weight[self.row], (self.column, self.places + pair)), (self.places, self.columns)
                )
                room = sp.csr_array(
                    (np.full(self.places, problem.capacity), (np.arange(self.places), np.arange(self.places))),
                    (self.places, self.columns),
                )
                add((load - room)[~problem.standing], -inf, 0.0)
        else:
            reach = sp.csr_array((np.ones(self.pairs), (self.row, self.column)), (self.demands, self.columns))
            if problem.objective == "lscp":
                add(reach[self._coverable()], 1.0, inf)
            else:
                counted = sp.csr_array(
                    (np.ones(self.demands), (np.arange(self.demands), self.places + np.arange(self.demands))),
                    (self.demands, self.columns),
                )
                add(counted - reach, -inf, 0.0)
        matrices, lows, highs = zip(*blocks, strict=True)
        return sp.vstack(matrices, format="csr"), np.concatenate(lows), np.concatenate(highs)

    def _over_places(self, coefficients: Floats) -> Any:
        row = np.zeros((1, self.columns))
        row[0, : self.places] = coefficients
        return sp.csr_array(row)

    def _coverable(self) -> npt.NDArray[np.intp]:
        """Demands that some place reaches in time: the others cannot be asked of anybody."""
        return np.flatnonzero(self.in_time.any(axis=1))
