"""The five usual questions, each with the calls that answer it: prompts of the server, sections of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """One call of a tool, with its arguments by name, and what to read from the answer."""

    tool: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    reading: str = ""

    def as_call(self) -> str:
        """The call as a program writes it: query(name='gpu_time')."""
        return f"{self.tool}({', '.join(f'{k}={v!r}' for k, v in self.arguments.items())})"


@dataclass(frozen=True)
class Question:
    """A question with its arguments, in braces in the title and in the steps."""

    name: str
    title: str
    arguments: tuple[str, ...]
    steps: tuple[Step, ...]

    def text(self, **values: str) -> str:
        """The question and its numbered steps with the arguments filled in."""
        lines = [f"{i}. {s.as_call()}: {s.reading}" for i, s in enumerate(self.steps, start=1)]
        return "\n".join([self.title, *lines, HONEST]).format(**values)


FACTS = (
    "genscope knows where the time, the FLOPs and the memory of generative models go, from profiler traces. "
    "Times are integer nanoseconds (_ns), shares are 0..1 (_frac). Sums of durations count concurrent work "
    "twice; busy times don't. Predicted times are marked. NULL is unknown."
)
HONEST = (
    "Give times in ms and shares in %, and name the query and the trace of every number. Say what is "
    "unattributed or unclassified, and what a query refused. Don't guess what the trace doesn't say."
)


def _query(name: str, trace: str, reading: str) -> Step:
    return Step("query", {"name": name, "trace": trace}, reading)


def _compare(level: str, reading: str) -> Step:
    return Step("compare", {"first": "{first}", "second": "{second}", "level": level}, reading)


QUESTIONS = (
    Question(
        "where_does_time_go",
        "Where does the time of the trace {trace} go?",
        ("trace",),
        (
            _query("ledger", "{trace}", "how much of the time is attributed and classified."),
            _query("stage_time", "{trace}", "which component takes it."),
            _query(
                "operator_breakdown",
                "{trace}",
                "which category. In the partition 'core', attention is QK^T, softmax and AV only; in "
                "'module', its projections too.",
            ),
            _query("kernel_summary", "{trace}", "which kernels, the largest first."),
        ),
    ),
    Question(
        "why_is_it_slower",
        "Why is {second} slower or faster than {first}?",
        ("first", "second"),
        (
            _compare("category", "the total, and which categories changed."),
            _compare("component", "where in the pipeline."),
            _compare(
                "kernel",
                "the kernels of a category that changed. A count that rises from 0 is new work, such as "
                "casts that a faster kernel needs. What was saved and what was added come to the total.",
            ),
        ),
    ),
    Question(
        "what_limits_it",
        "What limits the trace {trace}, and what would make it faster?",
        ("trace",),
        (
            Step(
                "opportunities",
                {"trace": "{trace}"},
                "what each fix would save. Savings don't add up.",
            ),
            _query("performance_check", "{trace}", "six first questions about a run, answered."),
            _query("idle_time", "{trace}", "why the GPU was idle."),
            _query("expected_time", "{trace}", "which operators lose time: see lost_ns."),
        ),
    ),
    Question(
        "does_attention_pay",
        "What does the attention implementation of {second} save, compared with {first}?",
        ("first", "second"),
        (
            _query("attention_split", "{first}", "time of attention by kind, core and module."),
            _query("attention_split", "{second}", "the same with the other implementation."),
            _compare(
                "category",
                "what the rest costs. Amdahl's law bounds the gain: a share p that becomes s times as "
                "fast gives 1 / (1 - p + p / s).",
            ),
            Step(
                "sql",
                {
                    "statement": "SELECT trace_id, implementation, count(*) AS call_count, "
                    "sum(core_ns) AS core_ns FROM attention_call GROUP BY ALL"
                },
                "which kernels really ran.",
            ),
        ),
    ),
    Question(
        "can_i_trust_it",
        "Can the trace file {path} be trusted, and what can it answer?",
        ("path",),
        (
            Step(
                "doctor",
                {"path": "{path}"},
                "what is wrong, and the advice. If shares can't be trusted, say why and how to record "
                "it again.",
            ),
        ),
    ),
)
