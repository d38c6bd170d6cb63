"""Who writes labels: every module's forward, while a model runs, and the attention switch around each call.

A trace says which operators ran, but not for which part of the model: only the running model knows that. Each labelled forward
keeps a stack of what is running, and the attention switch takes a call's site and kind from it.
"""

from __future__ import annotations

import contextlib
import fnmatch
import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from genscope.capture.attention.kernels import AttentionCall
from genscope.capture.label import grammar
from genscope.capture.label.sinks import Sink

# arguments in which diffusers' and transformers' modules take the other sequence that they attend to
_TEXT_ARGUMENTS = ("encoder_hidden_states", "key_value_states")
_TEMPORAL_NAMES = ("temp_attentions", "transformer_in", "temporal", "motion_modules")


class _Frame(NamedTuple):
    """A running module and its arguments."""

    name: str
    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Labels:
    """What is running now, written to a sink as it changes. Modules are labelled inside `attached()` only."""

    def __init__(
        self,
        sink: Sink,
        components: Mapping[str, nn.Module],
        kinds: Mapping[str, str] | None = None,
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.attention_calls: Counter[str] = Counter()
        self.phases: Counter[str] = Counter()
        self.steps: set[int] = set()
        self._sink = sink
        self._components = components
        self._kinds = dict(kinds or {})
        self._component: list[tuple[str, bool]] = []
        self._frames: list[_Frame] = []

    def reset_counts(self) -> None:
        """Set all counts to zero: what ran so far was warm-up."""
        self.calls.clear()
        self.attention_calls.clear()
        self.phases.clear()
        self.steps.clear()

    @contextlib.contextmanager
    def component(self, name: str) -> Iterator[None]:
        """Everything inside belongs to this component; a component doesn't open a second range inside its own."""
        self._enter_component(name)
        try:
            yield
        finally:
            self._leave_component()

    def _enter_component(self, name: str) -> None:
        opened = self._current() != name
        if opened:
            self.calls[name] += 1
            self._sink.enter(grammar.component(name))
        self._component.append((name, opened))

    def _leave_component(self) -> None:
        if self._component.pop()[1]:
            self._sink.leave()

    def _current(self) -> str:
        return self._component[-1][0] if self._component else ""

    @contextlib.contextmanager
    def step(self, index: int) -> Iterator[None]:
        """Everything inside belongs to this step of the request, counted from 0."""
        self.steps.add(index)
        self._sink.enter(grammar.step(index))
        try:
            yield
        finally:
            self._sink.leave()

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """All that the host asks for inside belongs to this phase, backward work of other modules too."""
        self.phases[name] += 1
        self._sink.enter(grammar.phase(name))
        try:
            yield
        finally:
            self._sink.leave()

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Every module of every component writes its range when it runs. Afterwards the modules are as they were."""
        with contextlib.ExitStack() as stack:
            for root, names in _roots(self._components):
                for qualified, module in root.named_modules():
                    forward = self._labelled(module, qualified=qualified, components=names)
                    _replace(stack, module, method="forward", replacement=forward)
            yield

    def _labelled(
        self, module: nn.Module, *, qualified: str, components: tuple[str, ...]
    ) -> Callable[..., Any]:
        """The module's forward inside its range. Hooks would do the same at several times the cost."""
        suffix = f".{qualified}" if qualified else ""
        names = {component: component + suffix for component in components}
        labels = {c: grammar.module(name, type(module).__name__) for c, name in names.items()}
        original, sink, frames, is_root = module.forward, self._sink, self._frames, not qualified

        @functools.wraps(original)
        def forward(*args: Any, **kwargs: Any) -> Any:
            current = self._current()
            component = current if current in names else components[0]
            if is_root:
                self._enter_component(component)
            sink.enter(labels[component])
            frames.append(_Frame(names[component], module, args, kwargs))
            try:
                return original(*args, **kwargs)
            finally:
                frames.pop()
                sink.leave()
                if is_root:
                    self._leave_component()

        return forward

    @contextlib.contextmanager
    def attention(self, call: AttentionCall) -> Iterator[None]:
        """The core of one attention call."""
        frame = self._frames[-1] if self._frames else None
        own, text_len = _lengths(frame.args, frame.kwargs) if frame else (None, None)
        fields = call.fields(own)
        self.attention_calls[call.implementation] += 1
        site = frame.name if frame else "unknown"
        kind = self._kind(frame, call, text_len)
        self._sink.enter(grammar.attention(kind, site, fields))
        try:
            yield
        finally:
            self._sink.leave()

    def _kind(self, frame: _Frame | None, call: AttentionCall, text_len: int | None) -> str:
        """The kind of one call: the model's own word for the site, else what the site's name and lengths say."""
        if frame is None:
            return "causal" if call.causal else "self" if call.query_len == call.kv_len else "cross"
        for pattern, kind in self._kinds.items():
            if fnmatch.fnmatchcase(frame.name, pattern):
                return kind
        if text_len != call.kv_len and any(part in frame.name for part in _TEMPORAL_NAMES):
            return "temporal"
        if text_len is not None:
            return _kind_with_text(call, text_len)
        remembers = _remembers(frame, call)
        follows = remembers and (call.masked or call.query_len == 1)
        if follows or call.causal or getattr(frame.module, "is_causal", False):
            return "causal"
        return "self" if remembers or call.query_len == call.kv_len else "cross"


def _remembers(frame: _Frame, call: AttentionCall) -> bool:
    """Whether the keys are the module's own sequence and what it remembers, as with a KV cache: no argument is another sequence."""
    given = [x for x in (*frame.args, *frame.kwargs.values()) if isinstance(x, torch.Tensor)]
    sequences = [tensor for tensor in given if 2 <= tensor.ndim <= 3]
    if call.kv_len <= call.query_len or not sequences:
        return False
    others = {call.kv_len, call.kv_len - call.query_len}
    return call.query_len == sequences[0].shape[-2] and not any(
        others.intersection(tensor.shape[:-1]) for tensor in sequences[1:]
    )


def _kind_with_text(call: AttentionCall, text_len: int) -> str:
    """Keys are the text alone (cross), image and text (self+text), or both sequences attend to both (joint)."""
    if call.kv_len == call.query_len + text_len:
        return "self+text"
    if call.kv_len == call.query_len and call.kv_len > text_len:
        return "joint"
    return "cross"


def _lengths(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int | None, int | None]:
    """Lengths of a module's own sequence and of the text it attends to; None where it has none."""
    hidden = args[0] if args else kwargs.get("hidden_states")
    own = hidden.shape[1] if isinstance(hidden, torch.Tensor) and hidden.ndim == 3 else None
    for argument in _TEXT_ARGUMENTS:
        text = kwargs.get(argument)
        if isinstance(text, torch.Tensor) and text.ndim == 3:
            return own, text.shape[1]
    return own, None


def _roots(components: Mapping[str, nn.Module]) -> list[tuple[nn.Module, tuple[str, ...]]]:
    """Each module once, with every component it serves: prefill and decode share a model."""
    found: dict[int, tuple[nn.Module, tuple[str, ...]]] = {}
    for name, module in components.items():
        known = found.get(id(module), (module, ()))[1]
        found[id(module)] = (module, (*known, name))
    return list(found.values())


@contextlib.contextmanager
def methods_labelled(
    labels: Labels, owners: Mapping[str, Any], methods: tuple[str, ...]
) -> Iterator[None]:
    """Entries other than forward (`vae.decode`, `generate`, `scheduler.step`) open their component's range too."""
    with contextlib.ExitStack() as stack:
        for name, owner in owners.items():
            for method in methods:
                if callable(getattr(owner, method, None)):
                    _wrap(
                        stack,
                        owner,
                        method=method,
                        around=functools.partial(labels.component, name),
                    )
        yield


def _wrap(
    stack: contextlib.ExitStack, owner: Any, *, method: str, around: Callable[[], Any]
) -> None:
    original = getattr(owner, method)

    @functools.wraps(original)
    def labelled(*args: Any, **kwargs: Any) -> Any:
        with around():
            return original(*args, **kwargs)

    _replace(stack, owner, method=method, replacement=labelled)


def _replace(
    stack: contextlib.ExitStack, owner: Any, *, method: str, replacement: Callable[..., Any]
) -> None:
    """Put a method on one object until the stack is closed."""
    had_own, previous = method in vars(owner), vars(owner).get(method)
    object.__setattr__(owner, method, replacement)

    def restore() -> None:
        if had_own:
            object.__setattr__(owner, method, previous)
        else:
            object.__delattr__(owner, method)

    stack.callback(restore)
