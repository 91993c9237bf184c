"""Smaller LiteRT files from one of float32, by AI Edge Quantizer.

TensorFlow's converter gives an int8 model that is as close to float32, but needs the Keras model,
and twelve times as long, as it calibrates with unoptimised kernels.
"""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from canting.core.silence import silence
from canting.imaging.pictures import Pixels
from canting.models.export import INPUT

SIGNATURE = "serving_default"

THREADS = 1
"""Of the calibration: its ranges must not depend on how many cores a machine has."""


def float16(content: bytes) -> bytes:
    """Return a model with weights of 16 bits, which are made float32 again as it is loaded."""
    from ai_edge_quantizer import qtyping, recipe

    weights = qtyping.TensorQuantizationConfig(16, dtype=qtyping.TensorDataType.FLOAT)
    config = qtyping.OpQuantizationConfig(
        weight_tensor_config=weights,
        compute_precision=qtyping.ComputePrecision.FLOAT,
        explicit_dequantize=True,
    )
    every = qtyping.TFLOperationName.ALL_SUPPORTED
    manager = _recipes()
    manager.add_quantization_config(".*", every, config, recipe.AlgorithmName.FLOAT_CASTING)
    return _quantized(content, manager, None)


def int8(content: bytes, pictures: Iterable[Pixels]) -> bytes:
    """Return a model whose operators all take and give integers of 8 bits.

    Weights have a scale a channel, activations the range that they take over `pictures`, `(height,
    width, 3) uint8`. Input and outputs stay float32, made integers and back inside, so that it can
    take the place of the model that it comes from.
    """
    from ai_edge_quantizer import qtyping, recipe

    manager = _recipes()
    every, picture = qtyping.TFLOperationName.ALL_SUPPORTED, qtyping.TFLOperationName.INPUT
    manager.add_static_config(".*", every, activation_num_bits=8, weight_num_bits=8)
    manager.add_quantization_config(".*", picture, algorithm_key=recipe.AlgorithmName.NO_QUANTIZE)
    return _in_float32(_quantized(content, manager, _ranges(content, pictures, manager)))


def _recipes() -> Any:
    from ai_edge_quantizer.recipe_manager import RecipeManager

    return RecipeManager()


def _ranges(content: bytes, pictures: Iterable[Pixels], manager: Any) -> Any:
    """Return the least and the largest value of each tensor.

    The quantizer's own way is a moving average, which cuts off what is rare: on MobileNetV2 that
    changes probabilities twice as much. A picture's range is known.
    """
    from ai_edge_quantizer.calibrator import CalibrationMode, Calibrator
    from ai_edge_quantizer.utils.qsv_utils import min_max_update

    mode = CalibrationMode.CALIBRATION_PROFILER_BASED
    calibrator = Calibrator(content, THREADS, mode, min_max_update)
    asked = ({INPUT: picture[None].astype(np.float32)} for picture in pictures)
    with _quiet():
        calibrator.calibrate({SIGNATURE: list(asked)}, manager)
    ends = {"min": np.array([0.0]), "max": np.array([255.0])}
    return {**calibrator.get_model_qsvs(), INPUT: ends}


def _quantized(content: bytes, manager: Any, ranges: Any) -> bytes:
    from ai_edge_quantizer.quantizer import Quantizer

    quantizer = Quantizer(content, manager.get_quantization_recipe())
    with _quiet():
        found = quantizer.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    return bytes(found.quantized_model)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep progress, and warnings of what the quantizer itself asks of LiteRT, to itself."""
    with silence(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _in_float32(content: bytes) -> bytes:
    """Give every output of integers an operator that turns them into float32."""
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(content)
    graph, outputs = model.subgraphs[0], model.signatureDefs[0].outputs
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = 2
    model.operatorCodes.append(code)
    for named in outputs:
        held = graph.tensors[named.tensorIndex]
        if held.type == schema.TensorType.FLOAT32:
            continue
        tensor, operator = schema.TensorT(), schema.OperatorT()
        tensor.name, tensor.shape, tensor.shapeSignature = (
            named.name,
            held.shape,
            held.shapeSignature,
        )
        tensor.type, tensor.buffer = schema.TensorType.FLOAT32, 0
        operator.opcodeIndex = len(model.operatorCodes) - 1
        operator.inputs, operator.outputs = [named.tensorIndex], [len(graph.tensors)]
        graph.outputs = [
            len(graph.tensors) if place == named.tensorIndex else place for place in graph.outputs
        ]
        named.tensorIndex = len(graph.tensors)
        graph.tensors.append(tensor)
        graph.operators.append(operator)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
