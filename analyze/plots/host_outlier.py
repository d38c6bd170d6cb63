"""Which hosts delay the rest of their job most, and by what."""

from typing import Any

from genscope.analyze.plots import theme
from genscope.analyze.plots.rank_outlier import delays

MOST_HOSTS = 10


def plot(frame: Any) -> Any:
    """Draw bars from host_outlier in ms: the largest delay of each of ten hosts, one panel per group."""
    late = frame[(frame["delay_ns"] > 0) & (frame["place"] <= MOST_HOSTS)]
    worst = late.sort_values(["place", "delay_ns"], ascending=[True, False])
    worst = worst.drop_duplicates(["job", "host"])
    return theme.panels([_panel(rows, job) for job, rows in worst.groupby("job", sort=True)])


def _panel(hosts: Any, job: str) -> Any:
    slow = hosts["is_slow"].map({True: "slow", False: "by chance"})
    labels = hosts["host"] + ", " + hosts["trace_count"].astype(str) + " traces, " + slow
    return delays(hosts.assign(label=labels), f"{job}: which hosts delay the rest, and by what")
