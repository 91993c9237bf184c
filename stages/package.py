"""Build the Bento: the bundle and its cards with all that serving needs, and nothing else."""

from pathlib import Path

from canting.config.stage import BUILD, stage
from canting.core.mark import MARK, mark
from canting.serving.package import bento


def main() -> None:
    with stage("package"):
        print(bento.build(Path(), BUILD / "best", BUILD / "cards", BUILD / "bento"))
        mark(BUILD / "bento", [BUILD / "best", BUILD / "cards" / MARK], {})


if __name__ == "__main__":
    main()
