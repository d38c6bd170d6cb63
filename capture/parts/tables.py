"""Embeddings of users and items, and the loss that ranks what a user liked above another item."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class Tables(nn.Module):
    """Embeddings of users and items, and what some variants add."""

    def __init__(self, users: int, items: int, size: int, features: int) -> None:
        super().__init__()
        self.users = nn.Parameter(torch.randn(users, size) * 0.1)
        self.items = nn.Parameter(torch.randn(items, size) * 0.1)
        if features:
            self.project = nn.Linear(features, size, bias=False)

    def rows(self, batch: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """Embeddings of a batch's users, liked and other items."""
        user, liked, other = batch
        return self.users[user], self.items[liked], self.items[other]


def ranking(user: torch.Tensor, liked: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The loss of Bayesian personalized ranking."""
    return functional.softplus((user * other).sum(-1) - (user * liked).sum(-1)).mean()
