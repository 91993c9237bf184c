"""How much each hyperparameter decides."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from canting.plots.figure import INDIGO, look, words


def importance(found: Mapping[str, float], metric: str) -> Figure:
    """Draw the importance of each key for the score, the most important on top."""
    pairs = sorted(found.items(), key=lambda pair: -pair[1])
    with look():
        figure = Figure(figsize=(7.5, 1.3 + 0.36 * len(pairs)), layout="constrained")
        title = f"Importance for a good inner {words(metric)} (PED-ANOVA)"
        figure.suptitle(title, x=0.01, ha="left", fontsize=12)
        axes = figure.subplots()
        shares = [share for _, share in pairs]
        bars = axes.barh(range(len(pairs)), shares, color=INDIGO, height=0.6)
        axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=4, fontsize=9)
        axes.set_yticks(range(len(pairs)), [words(key) for key, _ in pairs])
        axes.set_ylim(len(pairs) - 0.4, -0.6)
        axes.set_xlim(0, 1.1 * max([*shares, 0.01]))
        axes.set_xlabel("share")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_formatter("{x:.0%}")
    return figure
