"""Whether a candidate becomes the champion."""

from typing import Literal, NamedTuple

from canting.comparing.comparison import compare
from canting.comparing.words import verdict
from canting.registry.candidate import Candidate
from canting.registry.log import Entry, Test


class Decision(NamedTuple):
    """What happens to a candidate, and why; `obstacle` is why the test could not be made."""

    action: Literal["first", "better", "challenger"]
    why: str
    test: Test | None = None
    obstacle: str = ""


def decide(champion: Entry | None, candidate: Candidate) -> Decision:
    """Decide by the corrected resampled t-test on the folds that both were scored on.

    A difference within noise leaves the champion: only a better model takes its place.
    """
    if champion is None:
        return Decision("first", "the first model of the log")
    found = compare(f"champion {champion.to[:12]}", champion.record(), candidate.record)
    if found.obstacle:
        return Decision("challenger", verdict(found), obstacle=found.obstacle)
    score = found.score
    test = Test.model_validate(
        {name: getattr(score, name) for name in ("difference", "low", "high", "p_value")}
    )
    return Decision("better" if found.better else "challenger", verdict(found), test)
