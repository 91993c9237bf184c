"""The usual way to serve a Keras model: Flask, `model.predict`, a folder of uploads, a table.

The other side of `benchmarks/service.py`, which runs it: `keras BUNDLE MODEL` writes the model of a
bundle as Keras's own file, `serve MODEL CARD PORT` serves it.
"""

import json
import sqlite3
import sys
import uuid
from pathlib import Path
from typing import Any


def write_keras(bundle: Path, path: Path) -> None:
    """Write the model of a bundle, whose trunk is frozen, as a `.keras` file."""
    import keras
    import numpy as np

    from canting.config.scenario import Scenario
    from canting.evaluation.select_best.compose import compose

    card = json.loads((bundle / "card.json").read_text())
    with np.load(bundle / "arrays.npz") as arrays:
        kernel, bias = arrays["kernel"], arrays["bias"]
    scenario, params = card["scenario"], card["params"]
    more = (scenario["fine_tune_from"], params["train"]["hidden"])
    if any(key is not None for key in more) or params["features"]["levels"] != 1:
        sys.exit("the model of this bundle is more than a linear classifier on a frozen trunk")
    pooled = keras.Input(kernel.shape[:1])
    trained = keras.Model(pooled, keras.layers.Dense(kernel.shape[1], name="logits")(pooled))
    trained.set_weights([kernel, bias])
    whole = compose(Scenario(**scenario), tuple(card["image_size"]), trained)
    keras.Model(whole.input, whole.output["logits"]).save(path)


def serve(model_path: Path, card_path: Path, port: int) -> None:
    """Serve `/predict` as tutorials do."""
    import keras
    import numpy as np
    from flask import Flask, jsonify, request

    model = keras.models.load_model(model_path)
    card = json.loads(card_path.read_text())
    uploads = Path("uploads")
    uploads.mkdir()
    with sqlite3.connect("history.db") as database:
        database.execute(
            "CREATE TABLE history (path TEXT, label TEXT, probability REAL, time TEXT)"
        )
    app = Flask(__name__)

    @app.post("/predict")
    def predict() -> Any:
        path = uploads / f"{uuid.uuid4().hex}.jpg"
        request.files["files"].save(path)
        picture = keras.utils.load_img(path, target_size=card["image_size"])
        batch = np.expand_dims(keras.utils.img_to_array(picture), 0)
        chances = keras.ops.softmax(model.predict(batch, verbose=0)[0])
        place = int(np.argmax(chances))
        row = (str(path), card["labels"][place], float(chances[place]))
        with sqlite3.connect("history.db", timeout=30) as database:
            database.execute("INSERT INTO history VALUES (?, ?, ?, datetime('now'))", row)
        return jsonify({"label": row[1], "probability": row[2]})

    app.run(port=port, threaded=True)


def main() -> None:
    """Run what is named."""
    if sys.argv[1] == "keras":
        write_keras(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        serve(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))


if __name__ == "__main__":
    main()
