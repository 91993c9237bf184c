"""Ask a running service all that a visitor would: readiness, pages, pictures, history.

usage: smoke.py ADDRESS BENTO         asks about the samples in the Bento's bundle and prints the
                                      answers, the id in the history last
       smoke.py ADDRESS kept ID...    asks for entries of the history and their pictures, as the
                                      operator, whose token is CANTING_TOKEN, and as a stranger
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

PATIENCE = 60
PAGES = ("/", "/classify", "/history", "/about", "/api/model", "/livez", "/metrics")


def main(address: str, what: str, *ids: str) -> None:
    """Fail with a clear line where an answer is not as it should be."""
    wait(f"{address}/readyz")
    if what == "kept":
        kept(address, ids)
    else:
        visit(address, Path(what))


def visit(address: str, bento: Path) -> None:
    """Ask for every page, and about every sample."""
    for page in PAGES:
        get(address + page)
    pictures = sorted((bento / "src" / "bundle" / "samples").rglob("*.jpg"))
    check(bool(pictures), f"{bento} holds no sample pictures")
    for picture in pictures:
        answer = classify(address, picture.read_bytes())
        total = sum(answer["probabilities"].values())
        check(abs(total - 1) < 1e-5, f"{picture.name}: probabilities sum to {total}")
        check(answer["history_saved"], f"{picture.name}: not saved in the history")
        told = (picture.name, answer["label"], round(answer["probability"], 4))
        print(*told, answer["history_id"])
    refused(address, b"<html>no picture</html>")


def kept(address: str, ids: tuple[str, ...]) -> None:
    """Check that the history has entries and their pictures."""
    check(bool(ids), "expected ids of entries")
    for one in ids:
        entry = json.loads(get(f"{address}/api/history/{one}"))
        check(entry["id"] == one and entry["has_picture"], f"{one}: {entry}")
        check(get(f"{address}/history/{one}/picture")[:2] == b"\xff\xd8", f"{one}: no JPEG")
        check(is_hidden(f"{address}/history/{one}"), f"{one}: a stranger sees it")


def is_hidden(address: str) -> bool:
    """Return whether a stranger finds nothing at an address."""
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE):  # noqa: S310
            return False
    except urllib.error.HTTPError as error:
        return error.code == 404


def wait(address: str) -> None:
    """Wait until an address answers 200."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            get(address)
        except (OSError, AssertionError):
            check(time.monotonic() < end, f"{address} is not ready after {PATIENCE} s")
            time.sleep(0.5)
        else:
            return


def get(address: str) -> bytes:
    """Return what an address answers."""
    request = urllib.request.Request(address, headers=operator())  # noqa: S310
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        content: bytes = answer.read()
    return content


def operator() -> dict[str, str]:
    """Return the header of the operator, where the environment has the token."""
    token = os.environ.get("CANTING_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def classify(address: str, content: bytes) -> dict[str, Any]:
    """Return the answer about one picture."""
    mark = uuid.uuid4().hex
    head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="p.jpg"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
    request = urllib.request.Request(f"{address}/api/classify", body)  # noqa: S310
    request.add_header("Content-Type", f"multipart/form-data; boundary={mark}")
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)["results"][0]
    return found


def refused(address: str, content: bytes) -> None:
    """Check that what is no picture gets a clear refusal."""
    try:
        answer = classify(address, content)
    except urllib.error.HTTPError as error:
        check(400 <= error.code < 500, f"no picture: {error.code}")
    else:
        check(bool(answer["error"]), f"no picture: {answer}")


def check(true: object, told: str) -> None:
    """End with a message where something is not true."""
    if not true:
        sys.exit(told)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), *sys.argv[2:])
