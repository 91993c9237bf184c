"""End a worker together with its supervisor, so that no port stays taken."""

import ctypes
import signal
import sys

import bentoml
from starlette.exceptions import HTTPException

from canting.serving.service import settings
from canting.serving.service.app import create_app

_PR_SET_PDEATHSIG = 1
"""From `<linux/prctl.h>`."""


def end_with_parent() -> None:
    """Ask the kernel for a SIGTERM when the parent dies, even by `kill -9`; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


web = create_app(settings.from_environment())


@bentoml.asgi_app(web, path="/")
@bentoml.service(
    name="canting",
    workers=1,
    traffic={"timeout": 600},
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
)
class Canting:
    """Pages, REST and history around one classifier."""

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    def end_with_the_supervisor(self) -> None:
        """Leave no worker behind."""
        end_with_parent()

    async def __is_ready__(self) -> bool:
        """Report to `/readyz` the reason where no model is ready."""
        model = web.state.canting.model
        if model.classifier is None:
            raise HTTPException(503, f"{model.code}: {model.problem}")
        return True
