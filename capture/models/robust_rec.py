"""Robust recommenders (after the survey of Zhang et al. 2023): a training step of each family, next to what it is built on.

`apr` perturbs matrix factorization (`bpr`), `amr` image features (`vbpr`), `sgl` a graph (`lightgcn`). APR's perturbation is as
large as the tables, so a step costs what the tables do, not the batch; `apr-rows` touches the batch's rows only. `tce` leaves out
the liked items with the largest losses, which it sorts on the host; `tce-device` sorts them where they are.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.nn import functional

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.parts.learning import learn
from genscope.capture.parts.tables import Tables, ranking
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

RATE, STRENGTH, LAYERS, TEMPERATURE = 0.05, 0.5, 3, 0.2
DROPPED = 0.2
# users, items, edges of the graph, size of an embedding, of an image's features
TINY = (300, 200, 900, 16, 32)
YELP = (25_677, 25_815, 0, 64, 0)
GRAPH = (31_668, 38_048, 1_561_406, 64, 0)
IMAGES = (55_187, 25_000, 0, 64, 4096)
ASSUMPTIONS = (
    "tables of Yelp (APR), Pinterest with 25,000 items (AMR) and Yelp2018 (SGL); users, items and edges are drawn evenly",
    "T-CE has the same tables and batch as APR and leaves out a fifth, as at the end of its schedule",
    "graph layers gather and add rows, as the product with a sparse matrix has no shapes to record; dropped edges are the last tenth",
)


def _directions(gradients: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    return [STRENGTH * functional.normalize(gradient, dim=1) for gradient in gradients]


class Trainer:
    """One step on one batch of (user, liked item, other item)."""

    def __init__(self, settings: Settings, tables: Tables, edges: int, features: int) -> None:
        self.tables = tables
        users, items = len(tables.users), len(tables.items)
        self.batch = tuple(
            torch.randint(count, (settings.batch,)) for count in (users, items, items)
        )
        self.source = torch.randint(users + items, (2 * edges,))
        self.target = torch.randint(users + items, (2 * edges,))
        self.weights = torch.rand(2 * edges)
        self.shown = torch.randn(items, features)
        self.shift = [torch.zeros_like(tables.users), torch.zeros_like(tables.items)]
        self.sums = [torch.zeros_like(tables.users), torch.zeros_like(tables.items)]
        # Adagrad makes its step counter at once, which belongs on the host
        with torch.device("cpu"):
            self.optimizer = torch.optim.Adagrad(
                tables.parameters(), RATE, foreach=settings.device != "cpu"
            )

    def bpr(self) -> torch.Tensor:
        """Matrix factorization."""
        return ranking(*self.tables.rows(self.batch))

    def apr(self) -> torch.Tensor:
        """Matrix factorization, and again with every row shifted to where the loss rises most."""
        tables = [self.tables.users, self.tables.items]
        found = torch.autograd.grad(self.bpr(), tables)
        for shift, direction in zip(self.shift, _directions(found), strict=True):
            shift.copy_(direction)
        (user, liked, other), rows = self.batch, self.tables.rows(self.batch)
        by = (self.shift[0][user], self.shift[1][liked], self.shift[1][other])
        return ranking(*rows) + ranking(*(x + d for x, d in zip(rows, by, strict=True)))

    def apr_rows(self) -> torch.Tensor:
        """The same for the rows of the batch only, which are updated by themselves."""
        rows = [row.detach().requires_grad_() for row in self.tables.rows(self.batch)]
        by = _directions(torch.autograd.grad(ranking(*rows), rows))
        loss = ranking(*rows) + ranking(*(x + d for x, d in zip(rows, by, strict=True)))
        gradients = torch.autograd.grad(loss, rows)
        places = zip((0, 1, 1), self.batch, gradients, strict=True)
        with torch.no_grad():
            for which, index, gradient in places:
                table, sums = (self.tables.users, self.tables.items)[which], self.sums[which]
                sums.index_add_(0, index, gradient * gradient)
                table.index_add_(0, index, -RATE * gradient / (sums[index].sqrt() + 1e-10))
        return loss

    def vbpr(self, by: tuple[torch.Tensor, ...] | None = None) -> torch.Tensor:
        """Matrix factorization with an item's image; `by` shifts the images of liked and other items."""
        user, *items = self.tables.rows(self.batch)
        shown = [self.shown[index] for index in self.batch[1:]]
        if by is not None:
            shown = [image + d for image, d in zip(shown, by, strict=True)]
        scores = (x + self.tables.project(i) for x, i in zip(items, shown, strict=True))
        return ranking(user, *scores)

    def amr(self) -> torch.Tensor:
        """The same, and again with images shifted to where the loss rises most."""
        images = self.shown[self.batch[1]]
        zeros = tuple(torch.zeros_like(images).requires_grad_() for _ in range(2))
        by = _directions(torch.autograd.grad(self.vbpr(zeros), zeros))
        return self.vbpr() + self.vbpr(tuple(by))

    def _propagated(self, edges: int) -> torch.Tensor:
        """Embeddings of users and items after the graph's layers, over the first `edges` directed edges."""
        source, target, weights = (x[:edges] for x in (self.source, self.target, self.weights))
        layer = mean = torch.cat([self.tables.users, self.tables.items])
        for _ in range(LAYERS):
            layer = torch.zeros_like(layer).index_add(0, target, layer[source] * weights[:, None])
            mean = mean + layer
        return mean / (LAYERS + 1)

    def lightgcn(self) -> torch.Tensor:
        """Ranking by embeddings that spread over the graph."""
        found, users = self._propagated(len(self.source)), len(self.tables.users)
        user, liked, other = self.batch
        return ranking(found[user], found[liked + users], found[other + users])

    def sgl(self) -> torch.Tensor:
        """The same, and two graphs with dropped edges must agree on who is who, among all users and items."""
        loss, kept, users = self.lightgcn(), len(self.source) * 9 // 10, len(self.tables.users)
        one, two = self._propagated(kept), self._propagated(kept)
        parts = ((one[:users], two[:users]), (one[users:], two[users:]))
        for index, (a, b) in zip(self.batch[:2], parts, strict=True):
            near = functional.normalize(a[index], dim=1) @ functional.normalize(b, dim=1).T
            loss = loss + 0.1 * functional.cross_entropy(near / TEMPERATURE, index)
        return loss

    def tce(self, *, on_host: bool = True) -> torch.Tensor:
        """Cross entropy of liked and other items, in order of how badly the liked ones fit, without the last."""
        rows = self.tables.rows(self.batch)
        scores = torch.cat([(rows[0] * items).sum(-1) for items in rows[1:]])
        likes = (torch.arange(len(scores), device=scores.device) < len(rows[0])).to(scores.dtype)
        losses = functional.softplus(scores) - scores * likes
        fits = losses.detach() * likes
        order = fits.cpu().argsort().to(fits.device) if on_host else fits.argsort()
        return losses[order[: round(len(order) * (1 - DROPPED))]].mean()

    def tce_device(self) -> torch.Tensor:
        """The same without a wait for the host."""
        return self.tce(on_host=False)

    def step(self, labels: Labels, variant: str) -> torch.Tensor:
        """Loss, backward pass and update; `apr-rows` does the latter two itself."""
        with labels.phase("loss"), labels.component("tables"):
            loss: torch.Tensor = getattr(self, variant.replace("-", "_"))()
        if variant == "apr-rows":
            return loss
        learn(labels, loss, self.optimizer)
        return loss


def build(settings: Settings) -> Workload:
    """Two tables of 64 numbers a row; tiny has 16."""
    variant = settings.variant
    paper = {"sgl": GRAPH, "lightgcn": GRAPH, "amr": IMAGES, "vbpr": IMAGES}.get(variant, YELP)
    users, items, edges, size, features = TINY if settings.tiny else paper
    rows = dict(settings.knobs).get("rows")
    users, items = (rows, rows) if rows else (users, items)
    edges, features = (edges if paper is GRAPH else 0), (features if paper is IMAGES else 0)
    tables = Tables(users, items, size, features)
    trainer = Trainer(settings, tables, edges, features)
    # four products of images, or one of all users and items, forward and for both gradients
    images = 4 * 2 * settings.batch * features * size
    flops = {
        "vbpr": images,
        "amr": 3 * images,
        "sgl": 3 * 2 * settings.batch * (users + items) * size,
    }.get(variant, 0)
    return Workload(
        components={"tables": tables},
        request=lambda labels: trainer.step(labels, variant),
        calls_full={},
        steps_full=1,
        assumptions=ASSUMPTIONS,
        trains=True,
        unit="batch",
        samples=settings.batch,
        expected=(
            Expectation("flops", flops),
            Expectation("host_syncs", int(variant == "tce"), "code"),
        ),
    )
