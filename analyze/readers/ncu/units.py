"""Numbers and units as Nsight Compute prints them, as plain numbers in base units.

By default each value is scaled to a unit that reads well, so one metric comes in Mbyte for one kernel
and in Gbyte for the next; and digits are grouped by the locale, '1,234.5' here and '1.234,5' there.
"""

import math
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from functools import cache

# ncu's prefixes are decimal: 5.12 Kbyte/block is 5120 bytes
_PREFIX = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_SCALED = re.compile(r"^([KMGTP])([a-z].*)$")
# names of times, long ones from versions before 2023, in nanoseconds
_NANOSECONDS = (
    (1.0, ("ns", "nsecond", "nsec")),
    (1e3, ("us", "usecond", "usec")),
    (1e6, ("ms", "msecond", "msec")),
    (1e9, ("s", "second", "sec")),
)
_TIME = {name: factor for factor, names in _NANOSECONDS for name in names}
_COMMA_GROUPS = re.compile(r"^-?\d{1,3}(,\d{3})+(\.\d+)?$")
# numbers that can be read in one way only
_COMMA_IS_DECIMAL = re.compile(
    r"^-?(\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}|\d+,(\d{1,2}|\d{4,}))$"
)
_POINT_IS_DECIMAL = re.compile(
    r"^-?(\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,}|\d+\.(\d{1,2}|\d{4,}))$"
)
# digits may also be grouped by blanks, wide, narrow or unbreakable, and by apostrophes
_BLANKS = str.maketrans("", "", " '\u00a0\u202f\u2019")


@cache
def base_unit(unit: str) -> tuple[float, str]:
    """Factor and unit: ('Gbyte/s') -> (1e9, 'byte/s'), ('usecond') -> (1e3, 'ns').

    Times become ns, rates are per second, cycles per second hz; another unit stays as it is.
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
    """Whether a file's numbers are written '1.234,5': those that can be read in one way decide."""
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
