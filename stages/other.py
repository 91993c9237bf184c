"""Bring the collections that nothing is trained on, without what the training shows too."""

from canting.config.stage import BUILD, RESULTS, stage
from canting.core import files


def main() -> None:
    with stage("other") as params:
        from canting.evaluation.other import pictures

        with (
            files.replacing(BUILD / "other") as folder,
            files.replacing(RESULTS / "other") as results,
        ):
            for one in (folder, results):
                one.mkdir()
            found = pictures.bring(params.evaluate.other, BUILD, params.image_size, folder)
            found.left_out.to_csv(results / "left_out.csv", index=False, lineterminator="\n")
        for line in found.words:
            print(f"other: {line}")


if __name__ == "__main__":
    main()
