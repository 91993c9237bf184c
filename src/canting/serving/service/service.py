"""The application as a BentoML service, which the container of a Bento runs."""

import ctypes
import signal
import sys
from typing import Any

import bentoml
from bentoml._internal.server.http.traffic import TimeoutMiddleware
from starlette.exceptions import HTTPException

from canting.serving.service import settings
from canting.serving.service.app import create_app
from canting.serving.service.guard import connections

_PR_SET_PDEATHSIG = 1
"""From `<linux/prctl.h>`."""


def end_with_parent() -> None:
    """Ask the kernel for a SIGTERM when the parent dies, even by `kill -9`; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _without_timer(self: Any, scope: Any, receive: Any, send: Any) -> None:
    await self.app(scope, receive, send)


# BentoML never cancels its timers: for `traffic.timeout` seconds each holds all that belonged to
# its request, 4.7 kB. The application has time-outs of its own.
setattr(TimeoutMiddleware, "__call__", _without_timer)  # noqa: B010
connections.prepare()
web = create_app(settings.from_environment())


@bentoml.asgi_app(web, path="/")
@bentoml.service(
    name="canting",
    workers=1,
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
        """Report to `/readyz` a code where no model is ready; the reason is in the log."""
        model = web.state.canting.model
        if model.classifier is None:
            raise HTTPException(503, model.code)
        return True
