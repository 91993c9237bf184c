"""Write the model card and the data card, each as a page and as Markdown."""

from pathlib import Path

from canting.cards.write import write
from canting.config.stage import BUILD, RESULTS, stage
from canting.report.provenance import provenance
from canting.report.run import load

with stage("cards") as params:
    write(load(params, RESULTS, BUILD), provenance(Path()), BUILD / "cards")
    print(f"cards: {BUILD / 'cards' / 'model_card.html'}, {BUILD / 'cards' / 'data_card.html'}")
