"""MLflow: the one module that imports it."""

import warnings
from pathlib import Path
from typing import Any

from canting.core.errors import CantingError
from canting.runs.tracking.run import RefusedError, TrackedRun

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.exceptions import MlflowException

DIGEST = "canting.digest"
"""The tag that a run is found by; it is looked up before anything is created."""

MODEL = "canting.model"
"""The tag of a model version: the SHA-256 of its model file."""

BUNDLE = "build/best"
"""Where the bundle lies among the artifacts of a study."""

POINTS, PARAMS = 1000, 100
"""The most metrics and parameters that MLflow takes in one call."""


class Server:
    """An experiment of a server, or of a store on this machine, and the model of the same name."""

    def __init__(self, uri: str, experiment: str) -> None:
        """Find the experiment, or create it."""
        self.client, self.name = MlflowClient(uri), experiment
        found = self.client.get_experiment_by_name(experiment)
        if found and found.lifecycle_stage == "deleted":
            raise CantingError(
                f"`track.experiment`: expected an experiment. Received: {experiment!r}, which is "
                f"deleted there. Run `mlflow experiments restore -x {found.experiment_id}`."
            )
        self.experiment = (
            found.experiment_id if found else self.client.create_experiment(experiment)
        )

    def send(self, run: TrackedRun, made: int) -> str:
        """Send a run with all below it, unless it is there; return its id.

        A run that a killed call left unfinished is completed: what is sent again is the same, times
        included (`made`, milliseconds since 1970), so that nothing stands there twice. Raises
        `RefusedError` where MLflow does not take what a run holds.
        """
        try:
            return self._send(run, made, None)
        except MlflowException as error:
            if error.error_code == "INVALID_PARAMETER_VALUE":
                raise RefusedError(f"MLflow rejected the run: {error}") from error
            raise

    def _send(self, run: TrackedRun, made: int, parent: str | None) -> str:
        found, whole = self._found(run.digest)
        if whole:
            return found
        id_ = found or self._create(run, made, parent)
        for child in run.children:
            self._send(child, made, id_)
        self._fill(id_, run, made)
        self.client.set_terminated(id_, "FAILED" if run.failure else "FINISHED", end_time=made)
        return id_

    def register(self, id_: str, run: TrackedRun) -> None:
        """Register the bundle of a study as a version of the model, unless it is one already."""
        model = run.tags[MODEL]
        if self.version(model) is None:
            self._ensure_model()
            tags = {MODEL: model, DIGEST: run.digest}
            description = run.tags["canting.winner"]
            self.client.create_model_version(
                self.name, f"runs:/{id_}/{BUNDLE}", id_, tags=tags, description=description
            )

    def version(self, model: str) -> str | None:
        """Return the number of the version that has a model file, or none."""
        found = self.client.search_model_versions(f"name = '{self.name}'")
        numbers = [str(one.version) for one in found if one.tags.get(MODEL) == model]
        return min(numbers, key=int) if numbers else None

    def align(self, aliases: dict[str, str | None]) -> None:
        """Let each alias stand at the version of its model file; none: at no version."""
        if not self.client.search_registered_models(f"name = '{self.name}'"):
            return
        there = self.client.get_registered_model(self.name).aliases
        for alias, model in aliases.items():
            version = self.version(model) if model else None
            if version and str(there.get(alias)) != version:
                self.client.set_registered_model_alias(self.name, alias, version)
            if version is None and alias in there:
                self.client.delete_registered_model_alias(self.name, alias)

    def run_of(self, version: str) -> str:
        """Return the id of the run that a version of the model comes from."""
        return str(self.client.get_model_version(self.name, version).run_id)

    def fetch(self, id_: str, paths: list[str], folder: Path) -> None:
        """Download some artifacts of a run to a folder; missing ones are skipped."""
        there = {one.path for path in paths for one in self._listed(id_, path)}
        for path in (path for path in paths if path in there):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            self.client.download_artifacts(id_, path, str((folder / path).parent))

    def _listed(self, id_: str, path: str) -> list[Any]:
        return list(
            self.client.list_artifacts(id_, str(Path(path).parent).removeprefix(".") or None)
        )

    def _found(self, digest: str) -> tuple[str, bool]:
        """Return the id of a run and whether it is whole; an empty id where there is none."""
        runs = self.client.search_runs([self.experiment], f"tags.`{DIGEST}` = '{digest}'")
        whole = [run for run in runs if run.info.status in ("FINISHED", "FAILED")]
        ids = [str(run.info.run_id) for run in (*whole, *runs)]
        return (ids[0] if ids else ""), bool(whole)

    def _create(self, run: TrackedRun, made: int, parent: str | None) -> str:
        tags = {DIGEST: run.digest} | ({"mlflow.parentRunId": parent} if parent else {})
        start = made - round(1000 * run.seconds)
        created = self.client.create_run(self.experiment, start, tags=tags, run_name=run.name)
        return str(created.info.run_id)

    def _fill(self, id_: str, run: TrackedRun, made: int) -> None:
        tags = {**run.tags, **({"canting.failure": run.failure} if run.failure else {})}
        metrics = [Metric(key, value, made, step) for key, value, step in run.points]
        params = [Param(key, value) for key, value in run.params.items()]
        self.client.log_batch(id_, tags=[RunTag(key, value) for key, value in tags.items()])
        for start in range(0, len(params), PARAMS):
            self.client.log_batch(id_, params=params[start : start + PARAMS])
        for start in range(0, len(metrics), POINTS):
            self.client.log_batch(id_, metrics=metrics[start : start + POINTS])
        for path in run.pictures:
            self.client.log_artifact(id_, str(path))
        if run.folder:
            self.client.log_artifacts(id_, str(run.folder))

    def _ensure_model(self) -> None:
        if not self.client.search_registered_models(f"name = '{self.name}'"):
            self.client.create_registered_model(self.name)
