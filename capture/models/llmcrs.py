"""LLMCRS (Feng et al. 2023): one turn of a dialogue that recommends: a language model is asked three times, and an expert once.

Prompts are far longer than answers, yet at batch 1 decoding takes most of the turn, since each token reads all weights. `prefix`
keeps the keys and values of what the three prompts have in common, which the others compute three times. `rlpf` trains on a turn's
reward: most of its step is the turn, not the training.
"""

from __future__ import annotations

import torch
from torch import nn

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.parts.language_model import LanguageModel, Shape, call_flops, trained_flops
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

ASSUMPTIONS = (
    "LLaMA-7B; prompts of 512 tokens, the paper's longest, of which 384 are shared; answers of --set answer tokens",
    "RLPF trains matrices of rank 8 next to each layer's projections on one turn; the paper leaves open which weights learn",
    "the expert scores 33,834 items, as many as TG-ReDial has, by their embeddings",
)
STAGES = ("detect", "match", "respond")
RANK, RATE, DECAY = 8, 5e-5, 0.01
TINY = Shape(64, 2, 2, 96, 100)
PAPER = Shape(4096, 32, 32, 11_008, 32_000)


class Reinforcement:
    """REINFORCE with a moving average as baseline: how much of a reference a turn's words hold, which the host counts."""

    def __init__(self, settings: Settings, model: LanguageModel, answer: int) -> None:
        self.model, self.answer, self.baseline = model.requires_grad_(False), answer, 0.0
        weights = [p for part in model.factors() for p in part.requires_grad_(True).parameters()]
        self.wanted = set(range(answer))
        self.optimizer = torch.optim.Adam(
            weights, RATE, weight_decay=DECAY, foreach=settings.device != "cpu"
        )

    def step(self, labels: Labels, prompt: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
        """Score all words of a turn, then make the last answer as likely as it was better than before."""
        with labels.phase("reward"), labels.component("reward"):
            rows = said.cpu().tolist()
            found = [len(self.wanted & set(row)) / self.answer for row in rows]
            reward = sum(found) / len(found)
            gain, self.baseline = reward - self.baseline, 0.9 * self.baseline + 0.1 * reward
        with labels.phase("train"):
            with labels.component("training"):
                whole = torch.cat([prompt, said[:, -self.answer :]], 1)
                loss = gain * self.model.likelihood(whole, self.answer).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            with labels.component("optimizer"):
                self.optimizer.step()
                self.optimizer.zero_grad()
        return loss


def build(settings: Settings) -> Workload:
    """A model of 6.74 billion parameters; tiny has 2 layers of width 64."""
    shape = TINY if settings.tiny else PAPER
    prompt, shared, items = (16, 12, 50) if settings.tiny else (512, 384, 33_834)
    answer, batch, trains = settings.knob("answer"), settings.batch, settings.variant == "rlpf"
    model = LanguageModel(shape, RANK if trains else 0)
    expert = nn.Linear(64, items, bias=False).requires_grad_(False)
    size = (batch, shape.heads, prompt + answer, shape.size // shape.heads)
    memory = [(torch.zeros(size), torch.zeros(size)) for _ in range(shape.layers)]
    ids, taste = torch.randint(shape.words, (batch, prompt)), torch.randn(batch, 64)
    kept = shared if settings.variant == "prefix" else 0
    learner = Reinforcement(settings, model, answer) if trains else None

    def turn(labels: Labels) -> torch.Tensor:
        said = []
        for number, stage in enumerate(STAGES):
            start = kept if number else 0
            with labels.phase(f"{stage}.prefill"), labels.component("prefill"):
                word = model(ids[:, start:], memory, start)
            said.append(word)
            with labels.phase(f"{stage}.decode"):
                for place in range(prompt, prompt + answer - 1):
                    with labels.component("decode"):
                        word = model(word, memory, place)
                    said.append(word)
            if stage == "match":
                with labels.phase("expert"):
                    said.append(expert(taste).topk(1)[1])
        return torch.cat(said, 1)

    def request(labels: Labels) -> torch.Tensor:
        with torch.no_grad():
            said = turn(labels)
        return learner.step(labels, ids, said) if learner else said

    added = 2 * shape.layers * 4 * shape.size * RANK if trains else 0
    tokens = prompt + answer - 1
    prefill = call_flops(shape, prompt, 0) + 2 * call_flops(shape, prompt - kept, kept)
    decode = sum(call_flops(shape, 1, place) + added for place in range(prompt, tokens))
    again = 2 if settings.attention in ("baseline", "math") else 2.5
    trained = trained_flops(shape, (tokens, answer), RANK, again)
    return Workload(
        components={"prefill": model, "decode": model, "expert": expert},
        request=request,
        calls_full={},
        steps_full=1,
        prompt_tokens=prompt,
        assumptions=ASSUMPTIONS,
        trains=trains,
        touches_host=trains,
        unit="turn",
        samples=batch,
        expected=(
            Expectation("flops", batch * (prefill + 3 * prompt * added), "assumed", "prefill"),
            Expectation("flops", batch * 3 * decode, "assumed", "decode"),
            Expectation("flops", batch * 2 * 64 * items, "assumed", "expert"),
            Expectation("attention_calls", (3 * answer + trains) * shape.layers, "code"),
            *((Expectation("flops", batch * trained, "assumed", "training"),) if trains else ()),
            *((Expectation("host_syncs", 1, "code"),) if trains else ()),
        ),
    )
