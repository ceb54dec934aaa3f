"""What can be wrong with a reported position."""


class FixError(ValueError):
    """A report cannot be used as a position: `field` says where, `why` says what is wrong there.

    `item` is the place in a batch, counted from 0; None where there is only one report.
    """

    def __init__(self, field: str, why: str, *, item: int | None = None) -> None:
        self.field, self.why, self.item = field, why, item
        where = field if item is None else f"[{item}].{field}" if field else f"[{item}]"
        super().__init__(f"{where}: {why}")
