"""The legal steps of alerts and assignments, each in one table; the pages enable their buttons from the same."""

from dataclasses import dataclass

ALERT_STEPS: dict[str, tuple[str, ...]] = {
    "raised": ("acknowledge", "close"),
    "acknowledged": ("close",),
    "closed": (),
}


@dataclass(frozen=True, slots=True)
class Step:
    """From which states a step may be taken, where it leads, which time it sets, its event, and whose it is."""

    sources: tuple[str, ...]
    state: str
    time_column: str
    event: str
    by_officer: bool


# An officer may tap "arrived" without "departed": a forgotten tap must not hold up the scene.
STEPS: dict[str, Step] = {
    "accept": Step(("offered",), "accepted", "accepted_at", "assignment.accepted", by_officer=True),
    "decline": Step(("offered",), "declined", "declined_at", "assignment.declined", by_officer=True),
    "depart": Step(("accepted",), "departed", "departed_at", "assignment.departed", by_officer=True),
    "arrive": Step(("accepted", "departed"), "arrived", "arrived_at", "assignment.arrived", by_officer=True),
    "finish": Step(("arrived",), "finished", "finished_at", "assignment.finished", by_officer=True),
    "cancel": Step(
        ("offered", "accepted", "departed", "arrived"),
        "cancelled",
        "cancelled_at",
        "assignment.cancelled",
        by_officer=False,
    ),
}


def next_steps(state: str, *, officer: bool) -> list[str]:
    """What may be done with an assignment in this state, by its officer or by the desk."""
    return [name for name, step in STEPS.items() if state in step.sources and step.by_officer == officer]
