"""Cells that a spreadsheet shows as they are."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def no_formula(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would take for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
