"""Exports: what each format answers, when it may take the place of float32, and what is written."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from ai_edge_litert.interpreter import Interpreter
from pydantic import ValidationError

from canting.bundle.classifier import Classifier
from canting.bundle.engine import Engine
from canting.config.exports import EXPORT_FORMATS, FLOAT32
from canting.config.sections import Export, SelectBest
from canting.config.tables import EXPORTS
from canting.core import files
from canting.core.errors import CantingError
from canting.core.silence import silence
from canting.evaluation.export import answers, convert, exports, measure, quantize, record
from canting.evaluation.export.answers import ExportedAnswers
from canting.evaluation.export.compare import Served, predictions, table
from canting.evaluation.export.convert import ExportSource
from canting.evaluation.export.exports import Winner
from canting.evaluation.export.run import runner
from canting.evaluation.select_best.compose import compose
from canting.models.export import export
from canting.models.features.compute import Pictures
from canting.models.train import tail
from tests.conftest import slow
from tests.test_ensemble import Made, both, settings
from tests.test_select_best import scenario

__all__ = ["both"]

LABELS = ["a", "b", "c"]
SELECT = SelectBest(metric="macro_f1", alpha=0.05)
COUNT, FOLDS = 90, 5
FOLDS_TABLE = pd.DataFrame(
    {
        "path": [f"{number}.png" for number in range(COUNT)],
        "label": np.asarray(LABELS)[np.arange(COUNT) % 3],
        "fold": np.arange(COUNT) // 3 % FOLDS,
    }
)


def answered(logits: np.ndarray) -> list[ExportedAnswers]:
    """Return logits, `(COUNT, 3)`, as answers of the folds; the feature is the picture's number."""
    rows = [np.flatnonzero(FOLDS_TABLE["fold"] == fold) for fold in range(FOLDS)]
    pooled = np.eye(COUNT, dtype=np.float32)
    return [ExportedAnswers(one, logits[one].astype(np.float32), pooled[one]) for one in rows]


def compared(served: Served | None = None, **logits: np.ndarray) -> pd.DataFrame:
    """Return the table of formats, whose names have `_` for `-`, from their logits."""
    said = {name.replace("_", "-"): answered(values) for name, values in logits.items()}
    each = {name: predictions(name, told, FOLDS_TABLE, LABELS) for name, told in said.items()}
    return table(said, each, served or Served(1.0, None, []), SELECT, 15)


def right(*wrong: int) -> np.ndarray:
    """Return logits that are right but for some pictures."""
    logits = 4 * np.eye(3)[np.arange(COUNT) % 3]
    logits[list(wrong)] = np.roll(logits[list(wrong)], 1, axis=1)
    return logits


def test_a_format_that_answers_alike_has_no_fault() -> None:
    near = right(0, 1) + np.random.default_rng(0).normal(0, 0.01, (COUNT, 3))
    found = compared(litert=right(0, 1), litert_int8=near).set_index("format")
    assert found["fault"].tolist() == ["", ""]
    assert found["agreement"].tolist() == [1.0, 1.0]
    first, second = found["largest_change"].tolist()
    assert first == 0
    assert 0 < second < 0.01


def test_a_format_that_collapses_is_worse_and_one_of_the_same_numbers_may_not_differ() -> None:
    collapsed, shifted = np.tile([2.0, 1.0, 0.0], (COUNT, 1)), right(0, 1) + np.eye(3)[0] / 100
    found = compared(litert=right(0, 1), litert_int8=collapsed, onnx=shifted)
    faults = dict(zip(found["format"], found["fault"], strict=True))
    assert "macro F1 is -0.8" in faults["litert-int8"]
    assert "it holds the same numbers" in faults["onnx"]
    assert found["p_holm"].tolist()[1] < 0.001
    assert faults["litert"] == ""


def test_a_better_format_has_no_fault_and_a_little_worse_in_every_fold_has_one() -> None:
    wrong = [*range(0, 90, 15)]
    assert compared(litert=right(*wrong), litert_fp16=right())["fault"].tolist() == ["", ""]
    steadily = [*wrong, *range(1, 16, 3), *range(2, 17, 3)]
    assert compared(litert=right(), litert_fp16=right(*steadily))["fault"].tolist()[1] != ""


def test_a_format_is_refused_as_often_as_its_features_are_unlike() -> None:
    near, far = np.eye(COUNT, dtype=np.float32), -np.eye(COUNT, dtype=np.float32)
    told = {"method": "", "threshold": 0.5, "false_refusal": 0.0, "wanted": 0.05, "pictures": 1}
    halves = [near if fold % 2 else far for fold in range(FOLDS)]
    served = Served(1.0, told, halves)  # type: ignore[arg-type]
    assert compared(served, litert=right())["refused"].tolist() == [pytest.approx(0.6)]


def test_the_smallest_without_a_fault_that_a_bundle_may_hold_is_chosen() -> None:
    def of(**bytes_: int) -> pd.DataFrame:
        names = [name.replace("_", "-") for name in bytes_]
        return pd.DataFrame({"format": names, "bytes": bytes_.values(), "fault": ""})

    sized = of(litert=100, litert_fp16=50, litert_int8=30, onnx=10)
    assert exports.chosen(sized, "smallest") == "litert-int8"
    assert exports.chosen(sized, "float32") == FLOAT32
    faulty = sized.assign(fault=["", "", "worse", ""])
    assert exports.chosen(faulty, "smallest") == "litert-fp16"
    assert exports.chosen(of(litert=100, litert_fp16=120), "smallest") == FLOAT32
    line = record.words(faulty.assign(agreement=0.5))[1]
    assert line.endswith("30% of float32), 50.00% of the labels as by it; not written: worse.")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"formats": ["tflite"]}, "one of litert, litert-fp16"),
        ({"choose": "smallest"}, "`formats` with litert-fp16 or litert-int8"),
        ({"choose": "smallest", "formats": ["onnx"]}, "to choose the smallest of"),
        ({"choose": "best"}, "one of float32, smallest"),
        ({"calibration": 0}, "greater than or equal to 1"),
    ],
)
def test_wrong_keys_are_told(keys: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Export.model_validate(keys)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> ExportSource:
    """A small network of 32 pixels with weights at random, and pictures to calibrate with."""
    keras.utils.set_random_seed(3)
    one, size, how = scenario(backbone="small_cnn"), (32, 32), settings().train
    plain = how.model_copy(update={"hidden": None})
    model = compose(one, size, tail.build(one, size, (*size, 3), 3, plain))
    path = tmp_path_factory.mktemp("small") / "model.tflite"
    export(model, path)
    pictures = np.random.default_rng(1).integers(0, 256, (20, *size, 3), dtype=np.uint8)
    return ExportSource(path.read_bytes(), lambda: model, lambda: list(pictures))


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("litert-fp16", 0.01), ("litert-int8", 0.2), ("onnx", 1e-4), *slow(("keras", 1e-4))],
)
def test_every_format_answers_as_litert_does(
    small: ExportSource, tmp_path: Path, name: str, tolerance: float
) -> None:
    first, path = Engine(small.content), tmp_path / EXPORT_FORMATS[name].file
    convert.write(name, small, path)
    answer = runner(name, path)
    for picture in list(small.pictures())[:5]:
        wanted, found = first.answer(picture), answer(picture)
        assert found.keys() == wanted.keys()
        for key, values in wanted.items():
            assert found[key].shape == values.shape
            assert found[key].dtype == np.float32
            span = max(1.0, float(np.abs(values).max()))
            np.testing.assert_allclose(found[key], values, atol=tolerance * span)


def test_integers_go_all_the_way_and_are_the_same_twice(small: ExportSource) -> None:
    once, twice = (quantize.int8(small.content, small.pictures()) for _ in range(2))
    assert once == twice
    assert len(once) < 0.5 * len(small.content)
    with silence():
        interpreter = Interpreter(model_content=once)
    details = {one["index"]: one for one in interpreter.get_tensor_details()}
    operators = interpreter._get_ops_details()
    names = [one["op_name"] for one in operators if one["op_name"] != "DELEGATE"]
    assert names[0] == "QUANTIZE"
    assert names[-3:] == ["DEQUANTIZE"] * names.count("DEQUANTIZE")
    for one in operators:
        kinds = {np.dtype(details[place]["dtype"]).name for place in one["outputs"] if place >= 0}
        if one["op_name"] not in ("DEQUANTIZE", "DELEGATE"):
            assert kinds == {"int8"}, one["op_name"]


def test_a_model_for_keras_loads_where_canting_is_not(small: ExportSource, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    convert.write("keras", small, path)
    code = (
        "import sys, keras; model = keras.saving.load_model(sys.argv[1], safe_mode=True); "
        "assert not [one for one in sys.modules if one.startswith('canting')]; "
        "print(sorted(model.output))"
    )
    command = [sys.executable, "-c", code, str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert told.stdout.strip() == "['logits', 'map', 'pooled']", told.stderr[-500:]


def test_a_package_that_is_missing_is_told_and_nothing_is_written(
    small: ExportSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convert, "find_spec", lambda _: None)
    with pytest.raises(
        CantingError, match=r"`onnx`: expected the package tf2onnx.*canting\[export"
    ):
        convert.write("onnx", small, tmp_path / "model.onnx")
    assert [*tmp_path.iterdir()] == []


def test_the_program_for_other_machines_runs_by_itself(small: ExportSource, tmp_path: Path) -> None:
    for name in (FLOAT32, "litert-int8"):
        convert.write(name, small, tmp_path / EXPORT_FORMATS[name].file)
    program = tmp_path / "measure.py"
    program.write_text(Path(measure.__file__).read_text())
    words = ["model.tflite", "model_int8.tflite", "--threads", "1", "--pictures", "3"]
    command = [sys.executable, "-P", str(program), *words, "--rounds", "1", "--out", "table.csv"]
    subprocess.run(command, cwd=tmp_path, check=True, env={"PATH": ""})
    found = pd.read_csv(tmp_path / "table.csv")
    assert found.columns.tolist() == measure.COLUMNS
    assert found["file"].tolist() == words[:2]
    assert (found[["ms", "pictures_per_second", "memory_mb", "megabytes"]] > 0).all(axis=None)
    told = subprocess.run(
        [*command[:3], "absent.tflite"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert told.returncode != 0
    assert "`absent.tflite` could not be measured" in told.stderr


def winner_of(made: Made, members: Sequence[int]) -> Winner:
    """Return members of two trained networks as a winner, with the bundle of both."""
    params = settings().model_copy(update={"export": Export(calibration=10)})
    features = params.features.model_copy(update={"test_views": 2})
    params = params.model_copy(update={"features": features})
    tasks = [made.tasks[place]._replace(params=params) for place in members]
    digests = [f"{number:064x}" for number in range(len(made.pictures))]
    card = files.read_json(made.folder / "card.json")
    return Winner(tasks, Pictures(made.pictures, digests), made.folder, card)


@pytest.mark.slow
def test_an_ensemble_is_compared_and_a_smaller_format_takes_its_place(
    both: Made, tmp_path: Path
) -> None:
    winner = winner_of(both, (0, 1))
    found = exports.compared(winner, ["litert-fp16", "litert-int8", "onnx"])
    assert found["format"].tolist() == [FLOAT32, "litert-fp16", "litert-int8", "onnx"]
    assert found["agreement"].min() > 0.9
    sized = exports.write_all(winner, found.assign(fault=["", "", "", "differs"]), tmp_path)
    assert sized[EXPORTS].notna().all(axis=None)
    written = {one.name for one in tmp_path.iterdir()}
    assert written == {"model_fp16.tflite", "model_int8.tflite"}
    for row in (1, 2):
        exports.write_bundle(winner, dict(sized.iloc[row]), tmp_path, tmp_path / "best")
        loaded = Classifier.load(tmp_path / "best")
        assert loaded.card.exported is not None
        assert loaded.card.exported.format == sized["format"][row]
        assert loaded.card.exported.agreement == sized["agreement"][row]
    before = [Classifier.load(both.folder).answer(one).probabilities for one in both.pictures[:6]]
    after = [loaded.answer(one).probabilities for one in both.pictures[:6]]
    changes = [
        abs(one[key] - other[key]) for one, other in zip(before, after, strict=True) for key in one
    ]
    assert 0 < max(changes) < 0.2


@pytest.mark.slow
def test_answers_are_kept_and_what_decides_on_them_makes_them_anew(
    both: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    winner = winner_of(both, (0,))
    exports.compared(winner, ["litert-fp16"])
    capsys.readouterr()
    exports.compared(winner, ["litert-fp16"])
    assert "export" not in capsys.readouterr().err
    kept = [*(both.tasks[0].cache / "export").glob("*.npz")]
    for path in kept:
        path.write_bytes(path.read_bytes()[:100])
    with pytest.warns(UserWarning, match="is damaged and is made again"):
        exports.compared(winner, ["litert-fp16"])


@pytest.mark.slow
def test_a_worse_format_is_refused_with_the_reason_and_nothing_is_written(
    both: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights of 16 bits, all of them lost."""
    monkeypatch.setattr(quantize, "float16", lambda content: collapsed(content))
    monkeypatch.setattr(answers, "code_key", lambda *_: "another")
    winner = winner_of(both, (0,))
    with pytest.raises(CantingError, match="Received: litert-fp16, but its macro F1 is -0"):
        exports.write_one(winner, "litert-fp16", tmp_path / "model.tflite")
    assert [*tmp_path.iterdir()] == []


def collapsed(content: bytes) -> bytes:
    """Return a LiteRT model whose constants are all 0."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(content)
    for tensor in model.subgraphs[0].tensors:
        held = model.buffers[tensor.buffer]
        if tensor.type == 0 and held.data is not None and len(held.data):
            held.data = np.zeros(len(held.data), np.uint8)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
