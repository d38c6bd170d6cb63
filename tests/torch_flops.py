"""What torch's own counter saw, under the names that a trace gives operators."""

from torch.utils.flop_counter import FlopCounterMode


def by_operator(counter: FlopCounterMode) -> dict[str, int]:
    """FLOPs of each operator that has any, such as 'aten::mm'."""
    counts = counter.get_flop_counts()["Global"]
    return {str(op).replace(".", "::"): flops for op, flops in counts.items() if flops}
