"""Simple-HHEA (Jiang et al. 2024): align the entities of two knowledge graphs; an epoch trains 20,624 weights on the whole graph.

Every tenth epoch the published code ranks all entities on the host, in NumPy, while the GPU has nothing to do. `gpu-eval` ranks
them on the device: the rank of a match is the number of entities that are nearer, so nothing is sorted.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

NAME, WALK, TIME, TAUS = 64, 64, 32, 352
NEAREST = 10
ASSUMPTIONS = (
    "ICEWS-WIKI: 26,943 entities and 5,058 anchors, of which 70 % are ranked: the published sizes; the split is assumed",
    "names, walks and times are features that were computed before",
    "the host ranks in one NumPy process, where the published code has sixteen",
)


class Aligner(nn.Module):
    """Features of entities to one embedding each."""

    def __init__(self, entities: int) -> None:
        super().__init__()
        self.register_buffer("names", torch.randn(entities, NAME))
        self.register_buffer("walks", torch.randn(entities, WALK))
        self.register_buffer("times", torch.rand(entities, TAUS))
        self.slope, self.slopes = (
            nn.Parameter(torch.zeros(1, 1)),
            nn.Parameter(torch.zeros(1, TIME - 1)),
        )
        self.shift, self.shifts = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(TIME - 1))
        self.clock = nn.Linear(TIME, TIME)
        self.time = nn.Sequential(nn.Linear(TIME, TIME), nn.Linear(TIME, 8))
        self.walk = nn.Sequential(nn.Linear(WALK, WALK), nn.Linear(WALK, 8))
        self.name = nn.Sequential(nn.Linear(NAME, NAME), nn.Linear(NAME, NAME))
        self.out = nn.Linear(NAME + 16, NAME)
        self.drop = nn.Dropout(0.3)

    def forward(self) -> torch.Tensor:
        """[entities, 64]."""
        like = self.slopes
        tau = torch.arange(TAUS, device=like.device).to(like.dtype)[:, None]
        waves = torch.cos(tau @ self.slopes + self.shifts)
        clock = self.clock(torch.cat([waves, tau @ self.slope + self.shift], 1))
        when = self.time(self.drop(self.times @ clock / TAUS))
        parts = (self.name(self.drop(self.names)), when, self.walk(self.drop(self.walks)))
        out: torch.Tensor = self.out(torch.cat(parts, 1))
        return out


def _margin(found: torch.Tensor) -> torch.Tensor:
    """L1 margin loss of pairs and of either side replaced; [pairs, 4, size]."""
    left, right, other_left, other_right = found.unbind(1)
    near = (left - right).abs().sum(-1)
    far = ((left - other_right).abs().sum(-1), (other_left - right).abs().sum(-1))
    return sum(functional.relu(1 + near - each).mean() for each in far)  # type: ignore[return-value]


def ranks(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """How many entities are nearer to each left one than its match, by similarity corrected for hubs (CSLS)."""
    near = functional.normalize(left, dim=1) @ functional.normalize(right, dim=1).T
    rows = near.topk(NEAREST, 1)[0].mean(1)
    columns = near.topk(NEAREST, 0)[0].mean(0)
    score = 2 * near - rows[:, None] - columns
    return (score > score.diagonal()[:, None]).sum(1)


def ranks_on_host(left: torch.Tensor, right: torch.Tensor) -> None:
    """The same in NumPy, with a full sort of every row."""
    import numpy as np

    a, b = (x.float().numpy() for x in (left, right))
    a, b = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in (a, b))
    near = a @ b.T
    rows = np.sort(near, 1)[:, -NEAREST:].mean(1)
    columns = np.sort(near, 0)[-NEAREST:].mean(0)
    order = np.argsort(columns[None] + rows[:, None] - 2 * near, 1)
    np.argmax(order == np.arange(len(a))[:, None], 1)


def build(settings: Settings) -> Workload:
    """Ten epochs and one evaluation; 20,624 weights at any size."""
    entities, ranked = (200, 40) if settings.tiny else (26_943, 3_540)
    model = Aligner(entities).train()
    pairs = torch.randint(entities, (entities, 4))
    epochs = settings.knob("epochs")
    optimizer = torch.optim.Adam(
        model.parameters(), 0.01, weight_decay=1e-3, foreach=settings.device != "cpu"
    )

    def train(labels: Labels) -> torch.Tensor:
        with labels.phase("train"):
            found = model()
            with labels.component("loss"):
                loss = _margin(found[pairs])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            with labels.component("optimizer"):
                optimizer.step()
            with labels.component("loss"):
                loss.item()
        return loss

    def evaluate(labels: Labels) -> None:
        with labels.phase("evaluate"), torch.no_grad():
            found = model()
            with labels.component("evaluation"):
                left, right = found[:ranked], found[ranked : 2 * ranked]
                if settings.variant == "gpu-eval":
                    ranks(left, right).cpu()
                else:
                    ranks_on_host(left.cpu(), right.cpu())

    def request(labels: Labels) -> torch.Tensor:
        for _ in range(epochs):
            loss = train(labels)
        evaluate(labels)
        return loss

    # products of one forward pass over the graph
    each = NAME * NAME * 2 + WALK * WALK + WALK * 8 + TIME * TIME + TIME * 8 + (NAME + 16) * NAME
    linear, times = 2 * entities * each, 2 * entities * TAUS * TIME
    clock = 2 * TAUS * (TIME * TIME + TIME)
    # features need no gradient: the first layer of each has one for its weight only, the times' product for the clock
    entry = 2 * entities * (NAME * NAME + WALK * WALK)
    # the two products with the steps of time have gradients for their slopes
    trained = 3 * linear - entry + 2 * times + 3 * clock - 2 * TAUS * TIME
    ranking = 2 * ranked * ranked * NAME * (settings.variant == "gpu-eval")
    return Workload(
        components={"aligner": model},
        request=request,
        calls_full={},
        steps_full=1,
        assumptions=ASSUMPTIONS,
        trains=True,
        unit="epochs",
        samples=epochs,
        expected=(
            Expectation("flops", epochs * trained + linear + times + clock + ranking),
            Expectation("parameters_trained", 20_624, "code"),
            Expectation("host_syncs", epochs + (1 if ranking else 2), "code"),
        ),
    )
