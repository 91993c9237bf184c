"""One combination of the scenario keys."""

from canting.config.section import ParamsSection


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
    def name(self) -> str:
        """A name for files and tables that tells it from every other scenario."""
        start = f"@{self.fine_tune_from}" if self.fine_tune_from else ""
        return (
            f"{self.backbone}{start}-{self.optimizer}-dropout{self.dropout:g}"
            f"-lr{self.learning_rate:g}-batch{self.batch_size}-epochs{self.epochs}"
        )
