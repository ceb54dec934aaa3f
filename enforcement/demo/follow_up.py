"""What follows from the demonstration's findings by today: put right, filed, decided.

Each step is taken on the day that the record's own number draws for it, so that a demonstration that is started
again after a week takes those of the week, and nothing is written down before its day.
"""

from datetime import date
from typing import Any, Final

import psycopg

# A number from 0 to 1023 drawn from a row's id; `salt` keeps the draws apart.
_CHANCE: Final = "(hashint8extended({id}, {salt}) & 1023)"
_IN_CHINA: Final = "(at AT TIME ZONE 'Asia/Shanghai')::date"

# By kind: of 1024 findings this many lead to a case; the least and the most that it may cost, in yuan.
_CASES: Final = """
(VALUES ('exceedance', 520, 100000, 1000000), ('no_permit', 640, 200000, 1000000), ('evasion', 900, 100000, 1000000),
        ('monitoring', 260, 20000, 200000), ('hazardous_waste', 300, 100000, 1000000), ('dust', 180, 10000, 100000),
        ('ledger', 90, 5000, 50000)) AS rule (kind, chance, least, most)
"""


def _chance(salt: int, row_id: str = "id") -> str:
    return _CHANCE.format(id=row_id, salt=salt)


def _workday(day: str) -> str:
    """Saturday and Sunday become the Monday after."""
    return f"({day} + CASE extract(isodow FROM {day}) WHEN 6 THEN 2 WHEN 7 THEN 1 ELSE 0 END)"


_RECTIFIED_ON = _workday(f"({_IN_CHINA} + 4 + ({_chance(1)} %% 40)::int)")
_RECTIFY = f"""
UPDATE finding SET rectified_on = {_RECTIFIED_ON}
WHERE demo AND rectified_on IS NULL AND {_chance(2)} < 950 AND {_RECTIFIED_ON} <= %(today)s
"""

# Filed within 15 days of the finding, decided within 90 days of the filing.
_FILED_ON = _workday(f"({_IN_CHINA} + 1 + ({_chance(3)} %% 12)::int)")
_FILE = f"""
INSERT INTO penalty_case (finding_id, enterprise_id, kind, filed_on, geom, region, demo)
SELECT id, enterprise_id, kind, {_FILED_ON}, geom, region, true
FROM finding f JOIN {_CASES} USING (kind)
WHERE demo AND {_chance(4)} < rule.chance AND {_FILED_ON} <= %(today)s
  AND NOT EXISTS (SELECT FROM penalty_case c WHERE c.finding_id = f.id)
ORDER BY f.at, f.id
"""

_DECIDED_ON = _workday(f"(filed_on + 20 + ({_chance(5)} %% 66)::int)")
_SEVERITY = f"(({_chance(6)} / 1024.0) ^ 2)"  # most fines lie near the least
_DECIDE = f"""
UPDATE penalty_case c SET
    decided_on = {_DECIDED_ON},
    fine_yuan = (round((rule.least + (rule.most - rule.least) * {_SEVERITY}) / 1000) * 1000)::bigint,
    measures = array_remove(ARRAY[
        CASE WHEN {_chance(7)} < 40 THEN 'seizure' END,
        CASE WHEN {_chance(8)} < 50 THEN 'restriction' END,
        CASE WHEN c.kind IN ('evasion', 'hazardous_waste') AND {_chance(9)} < 110 THEN 'detention' END,
        CASE WHEN c.kind IN ('evasion', 'hazardous_waste') AND {_chance(10)} < 50 THEN 'crime' END
    ], NULL)
FROM {_CASES}
WHERE rule.kind = c.kind AND c.demo AND c.decided_on IS NULL AND {_DECIDED_ON} <= %(today)s
"""


def follow_up(cursor: psycopg.Cursor[Any], today: date) -> None:
    """Take every step of the demonstration's findings and cases that is due by `today`."""
    for step in (_RECTIFY, _FILE, _DECIDE):
        cursor.execute(step.encode(), {"today": today})
