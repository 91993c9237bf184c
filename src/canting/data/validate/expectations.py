"""Run Great Expectations; the only module that imports it."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.checkpoint import UpdateDataDocsAction
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from canting.config.records import Observed
from canting.data.validate.check import Check, CheckOutcome

ROW_NAME = {"pictures": "path", "classes": "label"}
"""The column that names a row of each table in the results."""


def check(
    context: Any, tables: Mapping[str, pd.DataFrame], checks: Sequence[Check], run: str = "run"
) -> list[CheckOutcome]:
    """Return the outcome of every check; pages about it are named `run`."""
    return [
        outcome
        for name, table in tables.items()
        for outcome in _outcomes(context, name, table, [c for c in checks if c.table == name], run)
    ]


def open_context(docs: Path | None = None) -> Any:
    """Return a context that keeps everything in memory but the Data Docs, written to `docs`."""
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        data_docs_sites={} if docs is None else {"docs": _site(docs)},
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _site(docs: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(docs.resolve()),
        },
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
    }


def _outcomes(
    context: Any, name: str, table: pd.DataFrame, checks: Sequence[Check], run: str
) -> Iterator[CheckOutcome]:
    asset = context.data_sources.add_or_update_pandas(name).add_dataframe_asset(name)
    expectations = [_expectation(check) for check in checks]
    suite = context.suites.add_or_update(gx.ExpectationSuite(name=name, expectations=expectations))
    definition = context.validation_definitions.add_or_update(
        gx.ValidationDefinition(
            name=name, data=asset.add_batch_definition_whole_dataframe("all"), suite=suite
        )
    )
    sites = list(context.get_site_names())
    checkpoint = gx.Checkpoint(
        name=name,
        validation_definitions=[definition],
        actions=[UpdateDataDocsAction(name="docs", site_names=sites)] if sites else [],
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": [ROW_NAME[name]],
        },
    )
    found = context.checkpoints.add_or_update(checkpoint).run(
        batch_parameters={"dataframe": table}, run_id=RunIdentifier(run_name=run)
    )
    (result,) = found.run_results.values()
    by_id = {one.expectation_config.meta["id"]: one for one in result.results}
    return (_outcome(check, by_id[check.id].to_json_dict()) for check in checks)


def _expectation(check: Check) -> Any:
    return getattr(gx.expectations, check.type)(
        **check.arguments,
        meta={"id": check.id, "name": check.name, "key": check.key},
        description=f"{check.name}: {check.expected}",
        notes=f"To fix: {check.remedy}.",
    )


def _outcome(check: Check, result: dict[str, Any]) -> CheckOutcome:
    found = result["result"]
    if not found:
        raise RuntimeError(f"Great Expectations could not check {check.id!r}: {result}")
    name, column = ROW_NAME[check.table], check.arguments.get("column")
    rows = found.get("unexpected_index_list") or []
    return CheckOutcome(
        check=check,
        success=result["success"],
        observed=_observed(found),
        unexpected=found.get("unexpected_count"),
        rows=tuple((row[name], row[column]) for row in rows),
    )


def _observed(found: dict[str, Any]) -> Observed:
    if "element_count" in found:
        share = found.get("unexpected_percent_total", found["unexpected_percent"])
        return {"rows": found["element_count"], "unexpected_percent": share}
    if "partial_missing_list" in found:
        return {
            "unexpected": found["partial_unexpected_list"],
            "missing": found["partial_missing_list"],
        }
    return {"rows": found["observed_value"]}
