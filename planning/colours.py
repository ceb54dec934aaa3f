"""Colours of bands on maps and in reports: from near to far; readable in print and for the colour-blind."""

BANDS = ("#1a7a4c", "#5aab61", "#a6cf7a", "#e6dc7c", "#f6c667", "#ee9a4d", "#dd6b35", "#b8432f")
BEYOND = "#5c2a6e"
ORIGIN = "#123a72"


def colours(count: int) -> list[str]:
    """As many as there are bands, the ends of the scale always used."""
    if count == 1:
        return [BANDS[0]]
    return [BANDS[round(number * (len(BANDS) - 1) / (count - 1))] for number in range(count)]
