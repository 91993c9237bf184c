"""What Schemathesis cannot know: pictures, and the ids of entries that are there."""

import io
import os
from typing import Any

import schemathesis
from hypothesis import strategies
from PIL import Image
from schemathesis import Case, HookContext

IDS = os.environ["CANTING_TEST_IDS"].split()


def picture(kind: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (96, 80), "red").save(content, kind)
    return content.getvalue()


for kind in ("JPEG", "PNG", "WEBP", "GIF"):
    content = strategies.just(picture(kind))
    schemathesis.openapi.media_type(f"image/{kind.lower()}", content)


@schemathesis.hook
def before_call(_: HookContext, case: Case[Any], __: object) -> None:
    """Ask for an entry that is there, where one is made up that could be."""
    made_up = (case.path_parameters or {}).get("id") or ""
    if len(made_up) == 32 and IDS:
        case.path_parameters["id"] = IDS.pop() if case.method == "DELETE" else IDS[0]
