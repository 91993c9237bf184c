"""Write the model card and the data card, each as a page and as Markdown."""

from pathlib import Path

from canting.config.stage import BUILD, RESULTS, stage
from canting.documents.cards.write import write
from canting.documents.provenance import provenance
from canting.documents.run import load

with stage("cards") as params:
    write(load(params, RESULTS, BUILD), provenance(Path()), BUILD / "cards")
    print(f"cards: {BUILD / 'cards' / 'model_card.html'}, {BUILD / 'cards' / 'data_card.html'}")
