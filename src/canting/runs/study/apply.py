"""The recommended setting, shown and written into `params.yaml`."""

from pathlib import Path

from canting.config.records import RecommendationRecord
from canting.config.stage import BUILD
from canting.core import files
from canting.core.costs import COSTS, known
from canting.core.errors import CantingError
from canting.runs.study import changes
from canting.runs.study.yaml_text import merged

FOUND = BUILD / "tune" / "recommendation.json"


def recommendation() -> str:
    """Return the ledger, the recommendation and its setting."""
    lines = [f"  {key}: {value}" for key, value in _found()["setting"].items()]
    timed = BUILD / COSTS / "tune" / "ledger.md"
    there = timed.is_file() and known("tune", Path())
    ledger = (timed if there else FOUND.with_name("ledger.md")).read_text(encoding="utf-8")
    return "\n".join([ledger, "Its setting, searched for on all pictures:", *lines])


def apply(params: Path) -> str:
    """Write the recommended setting into a parameter file, its comments kept; say what it sets."""
    found, before = _found(), params.read_text(encoding="utf-8")
    after = merged(before, found["setting"])
    changes.check(after, params)
    files.write_text(params, after)
    lines = [f"  {key}: {value}" for key, value in found["setting"].items()]
    return "\n".join([f"{found['method']} found, and `{params}` now has:", *lines])


def _found() -> RecommendationRecord:
    if not FOUND.is_file():
        raise CantingError(
            f"`{FOUND}`: expected what the tune stage recommends. Received: none. Choose "
            "`tune.method` and run `dvc repro tune`."
        )
    content: RecommendationRecord = files.read_json(FOUND)
    return content
