"""One combination of the scenario keys, and the name of several."""

from canting.config.catalog import file_name, trains_all
from canting.config.section import ParamsSection

AND = " + "
"""Between the names of the members in the name of an ensemble."""


def members_of(winner: str) -> list[str]:
    """Return the scenarios of an ensemble by its name; of a scenario's name, that one."""
    return winner.split(AND)


class Scenario(ParamsSection):
    """One combination of the scenario keys."""

    backbone: str
    fine_tune_from: str | None
    optimizer: str
    dropout: float
    learning_rate: float
    batch_size: int
    epochs: int

    @property
    def trunk(self) -> tuple[str, str | None]:
        """The backbone and the layer that its tail starts at."""
        return self.backbone, self.fine_tune_from

    @property
    def has_tail(self) -> bool:
        """Whether more than a classifier is trained."""
        return self.fine_tune_from is not None or trains_all(*self.trunk)

    @property
    def name(self) -> str:
        """A name for files and tables that tells it from every other scenario."""
        start = f"@{self.fine_tune_from}" if self.fine_tune_from else ""
        return (
            f"{file_name(self.backbone)}{start}-{self.optimizer}-dropout{self.dropout:g}"
            f"-lr{self.learning_rate:g}-batch{self.batch_size}-epochs{self.epochs}"
        )
