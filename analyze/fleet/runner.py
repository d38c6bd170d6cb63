"""Run a function over many items: in this process, or on Dask; each result comes with its item as it is done.

An item may be a batch. If its task fails or its worker dies, each piece of it is tried alone.

This is all that the fleet knows of an engine, so that another one can take Dask's place.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any, Generic, TypeVar

from genscope.errors import UserError

Item = TypeVar("Item")
Result = TypeVar("Result")
# a task that ends its worker so often is not tried again
TRIES = 3
CONNECT_SECONDS = 10
_MORE_MEMORY = "give workers more, or load it on one machine"
_KILLED = (
    f"its worker ended {TRIES} times, most likely because it ran out of memory; {_MORE_MEMORY}"
)


class Done(Generic[Item, Result]):
    """An item with its result, or with the reason why there is none."""

    def __init__(self, item: Item, result: Result | None, why: str | None) -> None:
        self.item, self.result, self.why = item, result, why


def whole(item: Any) -> Sequence[Any]:
    """The pieces of an item that can't be split."""
    return [item]


Task = Callable[[Any], Any]
# the items of a batch, each as a batch of its own
Split = Callable[[Any], Sequence[Any]]


@dataclass(frozen=True)
class Runner:
    """Runs a task over items, `workers` at a time; tries the pieces that `split` gives of one that fails."""

    call: Callable[[Task, Sequence[Any], Split], Iterator[Done[Any, Any]]]
    workers: int = 1

    def __call__(
        self, task: Task, items: Sequence[Any], split: Split = whole
    ) -> Iterator[Done[Any, Any]]:
        """Each item, or piece of one, with what became of it, as it is done."""
        return self.call(task, items, split)


def _in_turn(task: Task, items: Sequence[Any], split: Split) -> Iterator[Done[Any, Any]]:
    for item in items:
        try:
            done = Done(item, task(item), None)
        except Exception as error:
            pieces = split(item)
            if len(pieces) > 1:
                yield from _in_turn(task, pieces, split)
                continue
            done = Done(item, None, _why(error))
        yield done


# one item after the other, in this process
in_turn = Runner(_in_turn)


@contextmanager
def runner(scheduler: str | None = None, workers: int | None = None) -> Iterator[Runner]:
    """The runner of a Dask scheduler at an address, of `workers` processes here, or `in_turn`.

    Raises UserError without the extra `cluster`, for both or no workers, or if the scheduler can't be
    reached.
    """
    if scheduler is not None and workers is not None:
        raise UserError("--scheduler and --workers exclude each other; leave one of them out")
    if workers is not None and workers < 1:
        raise UserError(f"--workers {workers} can't work; give at least 1, or leave it out")
    if scheduler is None and workers is None:
        yield in_turn
        return
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise UserError(
            "this needs the package distributed; run pip install 'genscope[cluster]'"
        ) from error
    settings = {
        # Dask would count a death against all that waits on the worker; we try again ourselves
        "distributed.scheduler.allowed-failures": 0,
        # else a worker that restarts at the wrong moment is never replaced, and we would wait for ever
        "distributed.deploy.lost-worker-timeout": "1 day",
        "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
    }
    with dask.config.set(settings):
        if scheduler is not None:
            with _connected(Client, scheduler) as client:
                yield _on(client)
            return
        with _without_interrupts():
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                # without a dashboard Dask still serves HTTP, and warns if its usual port is taken
                dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False},
                silence_logs="CRITICAL",
            )
        with cluster, Client(cluster) as client:
            yield _on(client)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """What is started in here never sees Ctrl-C, which a terminal sends to workers too: they would print it.

    A thread has the blocked signals of the thread that started it, and so has a process.
    """
    # which unblocks the signal in the thread that starts it
    resource_tracker.ensure_running()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _connected(client_of: Any, scheduler: str) -> Any:
    try:
        return client_of(scheduler, timeout=f"{CONNECT_SECONDS}s")
    except (OSError, ValueError) as error:
        raise UserError(f"{scheduler}: the scheduler can't be reached ({error})") from error


def _on(client: Any) -> Runner:
    def run(task: Task, items: Sequence[Any], split: Split) -> Iterator[Done[Any, Any]]:
        waiting = list(items)
        for attempt in range(1, TRIES + 1):
            again: list[Any] = []
            # a worker that dies takes its queue along: the last time each item is alone
            for group in [[item] for item in waiting] if attempt == TRIES else [waiting]:
                try:
                    for result in _round(client, task, group):
                        pieces = split(result.item) if result.why else ()
                        if attempt < TRIES and (result.why == _KILLED or len(pieces) > 1):
                            again += pieces
                        else:
                            yield result
                except _SchedulerLostError as error:
                    raise UserError(
                        "the scheduler went away; run the same command again, what is done is kept"
                    ) from error
            waiting = again

    # each thread of a worker runs a task
    return Runner(run, max(1, sum(client.nthreads().values())))


class _SchedulerLostError(Exception):
    """The scheduler has gone, and with it the tasks that weren't done."""


def _round(client: Any, task: Task, items: Sequence[Any]) -> Iterator[Done[Any, Any]]:
    """Run all items once."""
    from distributed import CancelledError, as_completed

    # a task is a pure function of its item, but a question may be asked twice
    futures = client.map(task, items, pure=False)
    item_of = {future.key: item for future, item in zip(futures, items, strict=True)}
    waiting = as_completed(futures, raise_errors=False)
    # a result is kept on its worker for as long as somebody holds its future
    del futures
    try:
        for future in waiting:
            if future.status not in ("finished", "error"):
                raise _SchedulerLostError
            item = item_of.pop(future.key)
            try:
                found = Done(item, future.result(), None)
            except (CancelledError, OSError):
                raise
            except Exception as error:
                # also of a finished task: its result can be lost with its worker
                found = Done(item, None, _why(error))
            yield found
    except (CancelledError, OSError, TimeoutError) as error:
        raise _SchedulerLostError from error
    if item_of:
        raise _SchedulerLostError


def _why(error: BaseException) -> str:
    if type(error).__name__ == "KilledWorker":
        return _KILLED
    if isinstance(error, MemoryError):
        return f"its worker ran out of memory; {_MORE_MEMORY}"
    text = " ".join(str(error).split()) or type(error).__name__
    return text if isinstance(error, UserError) else f"{type(error).__name__}: {text}"
