"""Check the pictures, find near-duplicates, write the manifest."""

from canting.config.stage import BUILD, RESULTS, stage
from canting.core.text import printable


def main() -> None:
    with stage("validate") as params:
        from canting.data import validate

        counts = validate.run(BUILD / "raw", BUILD, RESULTS / "validate", params.validate_)
        for path, words in list(counts.warned.items())[:10]:
            print(f"validate: {printable(path)} is read with a warning: {words}")
        unknown = (
            f"{counts.unknown} pictures of no class, to be refused, " if counts.unknown else ""
        )
        print(
            f"validate: {counts.pictures} pictures, {counts.classes} classes, {unknown}"
            f"{counts.groups} groups, {counts.quarantined} quarantined, "
            f"{len(counts.warned)} with a warning"
        )


if __name__ == "__main__":
    main()
