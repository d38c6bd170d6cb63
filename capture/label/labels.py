"""Which component, step, module and attention call is running: the label grammar, and the hooks that write it into a trace.

    component:<name>                        component:unet
    step:<index>                            step:0
    module:<component>.<name>|<Class>       module:unet.mid_block.attentions.0|Transformer2DModel
    attention:kind=..,site=..,query_len=..  around the core of one attention call: QK^T, softmax, AV

A trace says which operators ran, not for which part of the model: that is known only while the model runs. Every module's
forward keeps a stack of what is running; the attention switch asks it for the call's site and kind.
"""

from __future__ import annotations

import contextlib
import fnmatch
import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import torch
from torch import nn

from genscope.capture.attention.kernels import AttentionCall

KINDS = ("self", "cross", "self+text", "joint", "spatial", "temporal", "causal")

# Where a module is given the other sequence it attends to (diffusers; transformers).
_TEXT_ARGUMENTS = ("encoder_hidden_states", "key_value_states")
_TEMPORAL_NAMES = ("temp_attentions", "transformer_in", "temporal", "motion_modules")


class Sink(Protocol):
    """Where labels go: a profiler's ranges, NVTX, or the dry recorder. `leave` closes the innermost open range."""

    def enter(self, label: str) -> None: ...
    def leave(self) -> None: ...


class ProfilerSink:
    """Ranges of torch.profiler. Components and steps are also projected onto the GPU's timeline; the rest is cheaper."""

    def __init__(self) -> None:
        self._open: list[tuple[str, Any]] = []
        # a fast range can be entered again once it is left, which costs less than a new one
        self._left: dict[str, Any] = {}

    def enter(self, label: str) -> None:
        """Open a range: record_function for the few coarse ones, its fast form for modules and attention."""
        ranged = self._left.pop(label, None) or _range(label)
        ranged.__enter__()
        self._open.append((label, ranged))

    def leave(self) -> None:
        """Close the innermost range."""
        label, ranged = self._open.pop()
        ranged.__exit__(None, None, None)
        if not isinstance(ranged, torch.profiler.record_function):
            self._left[label] = ranged


def _range(label: str) -> Any:
    fast = getattr(torch._C._profiler, "_RecordFunctionFast", None)
    if label.startswith(("component:", "step:")) or fast is None:
        return torch.profiler.record_function(label)
    return fast(label)


class NvtxSink:
    """Ranges that Nsight Systems and Nsight Compute see."""

    def enter(self, label: str) -> None:
        """Open a range."""
        torch.cuda.nvtx.range_push(label)  # type: ignore[no-untyped-call]

    def leave(self) -> None:
        """Close the innermost range."""
        torch.cuda.nvtx.range_pop()  # type: ignore[no-untyped-call]


class NullSink:
    """No labels: for warm-up and for timing."""

    def enter(self, label: str) -> None: ...
    def leave(self) -> None: ...


class _Frame(NamedTuple):
    """One module that is running, and what it was called with."""

    name: str
    module: nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Labels:
    """What is running now, written to a sink as it changes. One is made per pass; hooks live inside `attached()`."""

    def __init__(
        self,
        sink: Sink,
        components: Mapping[str, nn.Module],
        kinds: Mapping[str, str] | None = None,
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.attention_calls: Counter[str] = Counter()
        self.steps: set[int] = set()
        self._sink = sink
        self._components = components
        self._kinds = dict(kinds or {})
        self._component: list[tuple[str, bool]] = []
        self._frames: list[_Frame] = []

    def forget(self) -> None:
        """Count from nothing again: what ran so far was warm-up."""
        self.calls.clear()
        self.attention_calls.clear()
        self.steps.clear()

    @contextlib.contextmanager
    def component(self, name: str) -> Iterator[None]:
        """Everything inside belongs to this component; inside itself it is not opened again."""
        self._enter_component(name)
        try:
            yield
        finally:
            self._leave_component()

    def _enter_component(self, name: str) -> None:
        opened = self._current() != name
        if opened:
            self.calls[name] += 1
            self._sink.enter(f"component:{name}")
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
        self._sink.enter(f"step:{index}")
        try:
            yield
        finally:
            self._sink.leave()

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Every module of every component writes its range when it runs; all as before afterwards."""
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
        labels = {c: f"module:{name}|{type(module).__name__}" for c, name in names.items()}
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
        text = ",".join(f"{key}={value}" for key, value in fields.items())
        self._sink.enter(f"attention:kind={kind},site={site},{text}")
        try:
            yield
        finally:
            self._sink.leave()

    def _kind(self, frame: _Frame | None, call: AttentionCall, text_len: int | None) -> str:
        """The kind of one call: the model's own word for the site, else what the site's lengths and names say."""
        if frame is None:
            return "causal" if call.causal else "self" if call.query_len == call.kv_len else "cross"
        for pattern, kind in self._kinds.items():
            if fnmatch.fnmatchcase(frame.name, pattern):
                return kind
        if any(part in frame.name for part in _TEMPORAL_NAMES):
            return "temporal"
        if text_len is not None:
            return _kind_with_text(call, text_len)
        if call.causal or getattr(frame.module, "is_causal", False):
            return "causal"
        return "self" if call.query_len == call.kv_len else "cross"


def _kind_with_text(call: AttentionCall, text_len: int) -> str:
    """Keys are the text alone, the text beside the image, or both sequences attend to both."""
    if call.kv_len == call.query_len + text_len:
        return "self+text"
    if call.kv_len == call.query_len and call.kv_len > text_len:
        return "joint"
    return "cross"


def _lengths(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int | None, int | None]:
    """Lengths of a module's own sequence and of the other one it is given; None where there is none."""
    hidden = args[0] if args else kwargs.get("hidden_states")
    own = hidden.shape[1] if isinstance(hidden, torch.Tensor) and hidden.ndim == 3 else None
    for argument in _TEXT_ARGUMENTS:
        text = kwargs.get(argument)
        if isinstance(text, torch.Tensor) and text.ndim == 3:
            return own, text.shape[1]
    return own, None


def _roots(components: Mapping[str, nn.Module]) -> list[tuple[nn.Module, tuple[str, ...]]]:
    """Each module once, with every component it serves: prefill and decode are one model."""
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
