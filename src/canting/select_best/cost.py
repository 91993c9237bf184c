"""What a scenario costs whoever runs it."""

from collections.abc import Sequence

from canting.config.params import Params
from canting.config.scenario import Scenario
from canting.models.backbones.cut import split
from canting.models.train import tail
from canting.select_best.rule import Cost


def costs(scenarios: Sequence[Scenario], params: Params, classes: int) -> dict[str, Cost]:
    """Return parameters, trained parameters and epochs of each scenario, by its name."""
    levels, hidden = params.features.levels, params.train.hidden
    settings = (params.image_size, classes, levels, hidden)
    first = {scenario.trunk: scenario for scenario in reversed(scenarios)}
    counted = {trunk: _parameters(one, *settings) for trunk, one in first.items()}
    return {one.name: (*counted[one.trunk], one.epochs) for one in scenarios}


def _parameters(
    scenario: Scenario, size: tuple[int, int], classes: int, levels: int, hidden: int | None
) -> tuple[int, int]:
    trunk = split(*scenario.trunk, size, levels).trunk
    frozen = trunk.count_params() if trunk is not None else 0
    shape = trunk.output.shape[1:] if trunk is not None else (*size, 3)
    trained = tail.build(scenario, size, shape, classes, hidden).count_params()
    return frozen + trained, trained
