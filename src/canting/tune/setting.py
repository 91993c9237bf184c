"""What a setting means to the code that trains."""

from canting.config.params import Params
from canting.config.scenario import Scenario
from canting.config.sections import Train
from canting.config.tune import Setting


def base(params: Params, optimizer: str) -> Scenario:
    """Return the scenario that a search starts from: the first value of each key."""
    first = params.scenarios()[0]
    return first.model_copy(update={"optimizer": optimizer, "epochs": params.tune.epochs})


def plain(settings: Train) -> Train:
    """Return settings of `train` as trials use them: every trial trains for the same epochs.

    Neither stops a trial early, nor are its weights averaged.
    """
    return settings.model_copy(update={"early_stopping": None, "weight_average": None})


def apply(setting: Setting, scenario: Scenario, settings: Train) -> tuple[Scenario, Train]:
    """Return scenario and settings with the values of a setting."""
    ours = {key: value for key, value in setting.items() if key in Scenario.model_fields}
    others = {key: value for key, value in setting.items() if key not in ours}
    return scenario.model_copy(update=ours), settings.model_copy(update=others)


def changes(setting: Setting) -> dict[str, object]:
    """Return a setting by the keys of `params.yaml`."""
    return {
        key if key in Scenario.model_fields else f"train.{key}": value
        for key, value in setting.items()
    }
