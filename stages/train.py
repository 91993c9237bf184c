"""Train every scenario on every fold of every draw."""

from canting.config.stage import BUILD, CACHE, stage
from canting.core import costs, files
from canting.models.train.fold import read_table
from canting.models.train.grid import train


def main() -> None:
    with stage("train") as params:
        tables = train(params, read_table(BUILD / "folds.csv"), BUILD / "features", CACHE)
        with files.replacing(BUILD / "train") as folder:
            folder.mkdir()
            tables.scenarios.to_csv(folder / "scenarios.csv", index=False)
            tables.predictions.to_parquet(folder / "predictions.parquet", index=False)
            tables.curves.to_csv(folder / "curves.csv", index=False)
            if len(tables.repeats):
                tables.repeats.to_parquet(folder / "repeats.parquet", index=False)
        seconds = {"train_seconds": round(float(tables.costs["seconds"].sum()), 3)}
        files.write_text(BUILD / costs.COSTS / "train.csv", tables.costs.to_csv(index=False))
        files.write_json(BUILD / costs.COSTS / "train.json", seconds)
        costs.note("train")


if __name__ == "__main__":
    main()
