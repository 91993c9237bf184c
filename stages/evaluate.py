"""Score the out-of-fold predictions, and show where they are wrong."""

import pandas as pd

from canting.core import files
from canting.core.stage import BUILD, RESULTS, stage
from canting.evaluate import scores, tables
from canting.plots.confusion import confusion
from canting.plots.contact_sheet import misclassified
from canting.plots.curves import learning_curves
from canting.plots.figure import save

with stage("evaluate") as params:
    trained = BUILD / "train"
    predictions = tables.predicted(pd.read_parquet(trained / "predictions.parquet"))
    curves = pd.read_csv(trained / "curves.csv")
    names = pd.read_csv(trained / "scenarios.csv", keep_default_na=False)
    ranking = tables.scenario_scores(names, predictions, curves)
    leader = ranking.iloc[0]["scenario"]
    ours = predictions[predictions["scenario"] == leader]
    our_curves = curves[curves["scenario"] == leader]
    labels, title = scores.labels_of(predictions), leader.replace("-", " · ")
    counts = scores.confusion(ours["label"], ours["predicted"], labels)
    with files.replacing(RESULTS / "evaluate") as folder:
        folder.mkdir()
        files.write_json(folder / "metrics.json", tables.metrics(ranking, names))
        ranking.to_csv(folder / "scenarios.csv", index=False)
        tables.fold_scores(predictions).to_csv(folder / "folds.csv", index=False)
        scores.per_class(counts, labels).to_csv(folder / "classes.csv", index=False)
        ours[["label", "predicted"]].to_csv(folder / "confusion.csv", index=False)
        tables.mean_curves(our_curves).to_csv(folder / "curves.csv", index=False)
        save(confusion(counts, labels, title), folder / "confusion.png")
        save(learning_curves(our_curves, title), folder / "learning_curves.png")
        sheet = misclassified(ours, BUILD / "raw", params.evaluate.misclassified, title)
        save(sheet, folder / "misclassified.png")
