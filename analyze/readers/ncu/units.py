"""Convert numbers and units that Nsight Compute prints to plain numbers in base units.

By default ncu scales each value to a readable unit, so a metric is in Mbyte for one kernel and in Gbyte
for the next, and it groups digits by the locale, such as '1,234.5' or '1.234,5'.
"""

import math
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from functools import cache

# ncu's prefixes are decimal: 5.12 Kbyte/block is 5120 bytes
_PREFIX = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_SCALED = re.compile(r"^([KMGTP])([a-z].*)$")
# names of time units in nanoseconds; versions before 2023 used the long ones
_NANOSECONDS = (
    (1.0, ("ns", "nsecond", "nsec")),
    (1e3, ("us", "usecond", "usec")),
    (1e6, ("ms", "msecond", "msec")),
    (1e9, ("s", "second", "sec")),
)
_TIME = {name: factor for factor, names in _NANOSECONDS for name in names}
_COMMA_GROUPS = re.compile(r"^-?\d{1,3}(,\d{3})+(\.\d+)?$")
# numbers that can be read in only one way
_COMMA_IS_DECIMAL = re.compile(
    r"^-?(\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}|\d+,(\d{1,2}|\d{4,}))$"
)
_POINT_IS_DECIMAL = re.compile(
    r"^-?(\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,}|\d+\.(\d{1,2}|\d{4,}))$"
)
# digits may also be grouped by spaces (plain, no-break or narrow) and by apostrophes
_BLANKS = str.maketrans("", "", " '\u00a0\u202f\u2019")


@cache
def base_unit(unit: str) -> tuple[float, str]:
    """Factor and unit: ('Gbyte/s') -> (1e9, 'byte/s'), ('usecond') -> (1e3, 'ns').

    Times become ns, rates are per second, cycles per second hz; other units stay as they are.
    """
    top, _, bottom = unit.strip().partition("/")
    factor = 1.0
    if not bottom and top in _TIME:
        return _TIME[top], "ns"
    scaled = _SCALED.match(top)
    if scaled:
        factor, top = _PREFIX[scaled[1]], scaled[2]
    if bottom in _TIME:
        factor, bottom = factor * 1e9 / _TIME[bottom], "s"
    if top == "cycle" and bottom == "s":
        return factor, "hz"
    return factor, f"{top}/{bottom}" if bottom else top


def comma_is_decimal(values: Iterable[str]) -> bool:
    """Whether a file writes '1.234,5', judged by the numbers that can be read in only one way."""
    commas = points = 0
    for value in values:
        commas += bool(_COMMA_IS_DECIMAL.match(value))
        points += bool(_POINT_IS_DECIMAL.match(value))
    return commas > points


def number(text: str, factor: float = 1.0, *, decimal_comma: bool = False) -> float | None:
    """'1,234.5' times `factor`, multiplied as decimals; None for text, 'nan' and 'inf'."""
    text = text.translate(_BLANKS)
    if decimal_comma:
        text = text.replace(".", "").replace(",", ".")
    elif _COMMA_GROUPS.match(text):
        text = text.replace(",", "")
    try:
        value = float(Decimal(text) * Decimal(factor))
    except InvalidOperation:
        return None
    return value if math.isfinite(value) else None
