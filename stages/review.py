"""List the labels that look wrong: the winner's doubts, conflicts of near-duplicates, outliers."""

from pathlib import Path

from canting.config.scenario import members_of
from canting.config.stage import BUILD, RESULTS, stage
from canting.core import files
from canting.data import manifest, relabel
from canting.evaluation.ensemble.averaging import of_winner
from canting.evaluation.evaluate import trained
from canting.evaluation.review import writing
from canting.evaluation.review.review import confirmed, review
from canting.models.features.drawn import opened
from canting.models.features.store import slug


def main() -> None:
    with stage("review") as params:
        name = files.read_json(RESULTS / "select_best" / "selection.json")["winner"]
        first = members_of(name)[0]
        winner = next(scenario for scenario in params.scenarios() if scenario.name == first)
        predictions = trained.read(BUILD / "train").predictions
        pictures = manifest.read(BUILD / "manifest.parquet")
        table = relabel.read(Path(params.fetch.relabel)) if params.fetch.relabel else {}
        found = review(
            pictures,
            of_winner(predictions, name),
            opened(BUILD / "features" / slug(*winner.trunk)).pooled,
            confirmed(pictures, table),
            params.review.pictures,
        )
        with files.replacing(RESULTS / "review") as folder:
            folder.mkdir()
            writing.write(found, params.review.pictures, BUILD / "raw", folder)
        told = found.metrics
        print(f"{told['doubtful']} of {told['pictures']} labels look wrong.")
        if len(found.table):
            print("`canting review` shows the most doubtful ones.")


if __name__ == "__main__":
    main()
