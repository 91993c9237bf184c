"""`params.yaml`: what is accepted, and the words for what is not."""

from pathlib import Path

import keras
import pytest
from ruamel.yaml import YAML

from canting.config.catalog import OPTIMIZERS
from canting.config.params import Params, load
from canting.core.errors import CantingError
from tests.conftest import ROOT, project_params


def edited(tmp_path: Path, **changes: object) -> Path:
    """Write the project's parameters with some keys changed (`a__b` is `a.b`)."""
    content = project_params()
    for key, value in changes.items():
        section, _, name = key.rpartition("__")
        (content[section] if section else content)[name] = value
    YAML().dump(content, tmp_path / "params.yaml")
    return tmp_path / "params.yaml"


def refused(tmp_path: Path, **changes: object) -> str:
    with pytest.raises(CantingError) as caught:
        load(edited(tmp_path, **changes))
    return str(caught.value)


def test_project_parameters_are_one_scenario() -> None:
    (scenario,) = load(ROOT / "params.yaml").scenarios()
    assert scenario.backbone == "efficientnet_lite0"


def test_lists_are_crossed_and_repeats_are_dropped(tmp_path: Path) -> None:
    path = edited(tmp_path, optimizer=["adam", "nadam", "adam"], dropout=[0, 0.5])
    scenarios = load(path).scenarios()
    assert [(one.optimizer, one.dropout) for one in scenarios] == [
        ("adam", 0),
        ("adam", 0.5),
        ("nadam", 0),
        ("nadam", 0.5),
    ]
    assert len({one.name for one in scenarios}) == 4


def test_each_backbone_may_have_a_cut_of_its_own(tmp_path: Path) -> None:
    cuts = {"mobilenet_v2": "Conv_1", "efficientnet_lite0": None}
    path = edited(tmp_path, backbone=["efficientnet_lite0", "mobilenet_v2"], fine_tune_from=cuts)
    params = load(path)
    assert params.trunks() == [("efficientnet_lite0", None), ("mobilenet_v2", "Conv_1")]
    assert [one.trunk for one in params.scenarios()] == params.trunks()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"fine_tune_from": {"mobilenet_v2": "Conv_1"}},
            [
                "`fine_tune_from`",
                "for each of ['efficientnet_lite0']",
                "{'mobilenet_v2': 'Conv_1'}",
            ],
        ),
        ({"fine_tune_from": {"efficientnet_lite0": 3}}, ["`fine_tune_from", "text", "3"]),
        (
            {"features__levels": 4, "fine_tune_from": ["head_conv"]},
            ["`features.levels`", "1 where a tail is trained", "4", "head_conv"],
        ),
        ({"features__levels": 0}, ["`features.levels`", "at least 1", "0"]),
        ({"train__hidden": 0}, ["`train.hidden`", "at least 1", "0"]),
        ({"optimizer": "nadm"}, ["`optimizer`", "adam, ", "'nadm'", "Did you mean 'nadam'"]),
        ({"backbone": ["resnet50", "resnet"]}, ["`backbone`", "efficientnet_lite0", "'resnet'"]),
        ({"dropout": 1.5}, ["`dropout`", "below 1", "1.5"]),
        ({"folds": 1}, ["`folds`", "at least 2", "Received: 1"]),
        ({"learning_rate": "1e-4"}, ["`learning_rate`", "a number", "'1e-4'", "without quotes"]),
        ({"learning_rate": float("nan")}, ["`learning_rate`", "finite", "nan"]),
        ({"epochs": True}, ["`epochs`", "whole number", "True"]),
        ({"optimizer": []}, ["`optimizer`", "at least one value"]),
        ({"image_size": [224]}, ["`image_size`", "height and width", "[224]"]),
        ({"image_size": [224, 8]}, ["`image_size`", "at least 32 pixels"]),
        ({"colour": 3}, ["`colour`", "no such key"]),
        ({"features__mixup": 1}, ["`features.mixup`", "no such key"]),
        ({"validate__on_bad": "stopp"}, ["`validate.on_bad`", "Did you mean 'stop'"]),
        ({"validate__max_brightness": 255.5}, ["`validate.max_brightness`", "at most 255"]),
        ({"validate__min_contrast": -1.0}, ["`validate.min_contrast`", "at least 0", "-1.0"]),
        ({"fetch": None}, ["`fetch`", "mapping", "None"]),
        ({"preprocess__hold_out": 0.9}, ["`preprocess.hold_out`", "at most 0.5", "0.9"]),
    ],
)
def test_a_wrong_value_is_named(
    tmp_path: Path, changes: dict[str, object], words: list[str]
) -> None:
    message = refused(tmp_path, **changes)
    assert all(word in message for word in words), message
    assert "Nothing was run" in message


def test_all_wrong_values_are_named_at_once(tmp_path: Path) -> None:
    message = refused(tmp_path, folds=1, dropout=-1, seed=None)
    assert all(f"`{key}`" in message for key in ("folds", "dropout", "seed"))


def test_numbers_are_read_as_dvc_reads_them(tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text().replace("1.0e-3", "1e-3")
    (tmp_path / "params.yaml").write_text(text)
    assert load(tmp_path / "params.yaml").learning_rate == (0.001,)


def test_a_missing_key_and_file_and_broken_yaml(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    with pytest.raises(CantingError, match="There is no"):
        load(path)
    path.write_text("folds: [")
    with pytest.raises(CantingError, match="is not YAML"):
        load(path)
    path.write_text("folds: 3")
    with pytest.raises(CantingError, match="`seed`: this key is missing"):
        load(path)


def test_every_optimizer_of_keras_can_be_named() -> None:
    wrappers = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"}
    shipped = {
        name.lower()
        for name, value in vars(keras.optimizers).items()
        if isinstance(value, type) and issubclass(value, keras.optimizers.Optimizer)
    }
    assert set(OPTIMIZERS) == shipped - {name.lower() for name in wrappers}


def test_the_schema_names_every_section() -> None:
    assert set(Params.model_json_schema()["properties"]) >= {"validate", "features", "optimizer"}
