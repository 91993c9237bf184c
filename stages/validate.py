"""Check the pictures, find near-duplicates, write the manifest."""

from canting.config.stage import BUILD, RESULTS, stage


def main() -> None:
    with stage("validate") as params:
        from canting.data import validate

        counts = validate.run(BUILD / "raw", BUILD, RESULTS / "validate", params.validate_)
        print(
            f"validate: {counts.pictures} pictures, {counts.classes} classes, "
            f"{counts.groups} groups, {counts.quarantined} quarantined"
        )


if __name__ == "__main__":
    main()
