"""Write the model card and the data card, each as a page and as Markdown."""

from pathlib import Path

from canting.config.stage import BUILD, RESULTS, stage
from canting.core.mark import mark
from canting.documents.cards.write import write
from canting.documents.provenance import provenance
from canting.documents.run import MADE_OF, load


def main() -> None:
    with stage("cards") as params:
        write(load(params, RESULTS, BUILD), provenance(Path()), BUILD / "cards")
        mark(BUILD / "cards", MADE_OF, params.model_dump(mode="json", exclude={"track"}))
        print(f"cards: {BUILD / 'cards' / 'model_card.html'}, {BUILD / 'cards' / 'data_card.html'}")


if __name__ == "__main__":
    main()
