"""Dead work: operators of a dry run whose results nothing reads, found by the flow of data and not by the model.

What lasts is live: the values of tensors that still exist after the step (weights, an optimizer's state, buffers, what the step
returns), and what goes to the host. An operator is live if something live reads one of its results. Of a convolution's gradients
each counts by itself. Tensors are followed by their storage, so that views are the tensor that they show.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._pytree import tree_leaves

_OVERWRITES = frozenset({"aten::zero_", "aten::fill_", "aten::copy_"})


@dataclass(frozen=True)
class _Call:
    """One operator: its ids in the trace, the values it reads and makes, and whether a value goes to the host.

    `products` is the number of a convolution's gradients that are products, which come first: of the input and the weight.
    """

    ids: tuple[int, ...]
    reads: frozenset[int]
    makes: tuple[int, ...]
    crosses: bool = False
    products: int = 0


class DataFlow:
    """The values that operators read and make, in order."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._now: dict[int, int] = {}
        # a storage's memory is not used again while there is a reference, so its address is its name
        self._storages: dict[int, Any] = {}
        self._made = 0

    def crossed(self, args: Any) -> None:
        """A value went to the host."""
        self._calls.append(_Call((), self._values(args), (), crosses=True))

    def called(
        self,
        func: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        output: Any,
        ids: tuple[int, ...],
    ) -> None:
        """An operator ran; `ids` are its External ids in the trace, none if it does no work."""
        name: str = func._schema.name
        written = _written(func, args, kwargs)
        # memory that is only reserved holds nothing of what it is like
        reads = set() if "empty" in name else set(self._values((args, kwargs)))
        if not ids and not written:
            # a view in a storage of its own, as _unsafe_view has here, still shows what it was made from
            if made := self._new(args, kwargs, output):
                self._calls.append(_Call((), frozenset(reads), tuple(made)))
            return
        makes = []
        for tensor in written:
            old = self._now.get(_key(tensor))
            whole = tensor.numel() * tensor.element_size() == tensor.untyped_storage().nbytes()
            if name in _OVERWRITES and whole:
                reads.discard(-1 if old is None else old)
            makes.append(self._next(tensor))
        makes += self._new(args, kwargs, output)
        # the last argument says which gradients are asked for
        products = sum(args[10][:2]) if name == "aten::convolution_backward" else 0
        self._calls.append(_Call(ids, frozenset(reads), tuple(makes), products=products))

    def _new(self, args: Any, kwargs: Any, output: Any) -> list[int]:
        given = {_key(tensor) for tensor in _tensors((args, kwargs))}
        return [self._next(tensor) for tensor in _tensors(output) if _key(tensor) not in given]

    def _next(self, tensor: torch.Tensor) -> int:
        self._made += 1
        key = _key(tensor)
        self._now[key] = self._made
        if key not in self._storages:
            self._storages[key] = StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]
        return self._made

    def _values(self, given: Any) -> frozenset[int]:
        found = (self._now.get(_key(tensor)) for tensor in _tensors(given))
        return frozenset(value for value in found if value is not None)

    def dead(self) -> list[dict[str, float]]:
        """The operators whose results nothing reads, by External id, with the part of each that is dead, 0 to 1.

        Call it after the step, while what the step returned exists.
        """
        gc.collect()
        lasting = (key for key, storage in self._storages.items() if not storage.expired())
        live = {self._now[key] for key in lasting}
        found = []
        for call in reversed(self._calls):
            unread = [value for value in call.makes if value not in live]
            if unread == list(call.makes) and not call.crosses:
                found += [{"operator": number, "part": 1.0} for number in call.ids]
                continue
            if call.products:
                products = set(call.makes[: call.products])
                part = len(products.intersection(unread)) / len(products)
                found += [{"operator": number, "part": part} for number in call.ids if part]
            live |= call.reads
        return found[::-1]


def _tensors(given: Any) -> list[torch.Tensor]:
    # a sparse tensor has no storage of its own
    found = [x for x in tree_leaves(given) if isinstance(x, torch.Tensor) and x.is_meta]
    return [tensor for tensor in found if tensor.layout == torch.strided]


def _key(tensor: torch.Tensor) -> int:
    key: int = tensor.untyped_storage()._cdata
    return key


def _written(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
    """The tensors that an operator writes into."""
    found = []
    for position, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            value = args[position] if position < len(args) else kwargs.get(argument.name)
            found += _tensors(value)
    return found
