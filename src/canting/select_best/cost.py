"""What a scenario costs whoever runs it."""

from collections.abc import Sequence
from functools import cache

from canting.backbones.cut import split
from canting.core.scenario import Scenario
from canting.select_best.rule import Cost


def costs(scenarios: Sequence[Scenario], size: tuple[int, int], classes: int) -> dict[str, Cost]:
    """Return parameters, trained parameters and epochs of each scenario, by its name."""
    return {
        scenario.name: (*_parameters(*scenario.trunk, size, classes), scenario.epochs)
        for scenario in scenarios
    }


@cache
def _parameters(
    backbone: str, fine_tune_from: str | None, size: tuple[int, int], classes: int
) -> tuple[int, int]:
    parts = split(backbone, fine_tune_from, size)
    frozen = parts.trunk.count_params() if parts.trunk is not None else 0
    tail = parts.tail.count_params() if parts.tail is not None else 0
    last = parts.tail if parts.tail is not None else parts.trunk
    assert last is not None
    channels = last.output.shape[-1]
    trained = tail + (channels + 1) * classes
    return frozen + trained, trained
