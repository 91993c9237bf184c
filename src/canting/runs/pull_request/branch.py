"""Publish pictures on a branch: GitHub shows a picture in a comment only by its address.

The branch is one commit without a parent, so that what was replaced does not stay. Two jobs that
write at once notice each other and the later one starts again.
"""

import base64
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from canting.core.errors import CantingError

BRANCH = "pull-request-pictures"
ATTEMPTS = 8
PNG = b"\x89PNG\r\n\x1a\n"
WHO = {"GIT_AUTHOR_NAME": "canting", "GIT_AUTHOR_EMAIL": "canting@users.noreply.github.com"}


def publish(remote: str, number: int, pictures: Iterable[Path], token: str = "") -> dict[str, str]:
    """Put the pictures of a pull request in place of its former ones; return their paths by name.

    A path has the content's digest in it, so that no cache shows an old picture.
    """
    contents = {path.name: path.read_bytes() for path in pictures}
    contents = {name: content for name, content in contents.items() if content.startswith(PNG)}
    paths = {name: f"{number}/{_stem(name)}-{_digest(contents[name])}.png" for name in contents}
    if not contents:
        return {}
    with tempfile.TemporaryDirectory(prefix="canting-") as folder:
        git = _Git(Path(folder), token)
        git.run("init", "--quiet")
        for _ in range(ATTEMPTS):
            if _pushed(git, remote, number, {paths[name]: contents[name] for name in contents}):
                return {name: f"{BRANCH}/{path}" for name, path in paths.items()}
    raise CantingError(f"`{BRANCH}` could not be pushed in {ATTEMPTS} attempts. Run the job again.")


def _pushed(git: "_Git", remote: str, number: int, files: dict[str, bytes]) -> bool:
    old = git.tried("fetch", "--quiet", "--depth=1", remote, BRANCH) is not None
    before = git.run("rev-parse", "FETCH_HEAD") if old else ""
    git.run("read-tree", before or "--empty")
    git.run("rm", "-r", "--cached", "--quiet", "--ignore-unmatch", "--", f"{number}/")
    for path, content in files.items():
        blob = git.run("hash-object", "-w", "--stdin", content=content)
        git.run("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
    commit = git.run("commit-tree", git.run("write-tree"), "-m", "Pictures of pull requests")
    lease = f"--force-with-lease=refs/heads/{BRANCH}:{before}"
    return git.tried("push", "--quiet", lease, remote, f"{commit}:refs/heads/{BRANCH}") is not None


class _Git:
    """Git in a folder of its own; the token is in no command line and in no file."""

    def __init__(self, folder: Path, token: str) -> None:
        self._folder = folder
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        header = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraheader",
            "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {basic}",
        }
        who = {**WHO, **{name.replace("AUTHOR", "COMMITTER"): WHO[name] for name in WHO}}
        quiet = {"GIT_TERMINAL_PROMPT": "0"}
        self._environment = {**os.environ, **who, **quiet, **(header if token else {})}

    def run(self, *command: str, content: bytes | None = None) -> str:
        told = self.tried(*command, content=content)
        if told is None:
            raise CantingError(f"`git {command[0]}` failed while the pictures were published.")
        return told

    def tried(self, *command: str, content: bytes | None = None) -> str | None:
        told = subprocess.run(
            ["git", *command],
            cwd=self._folder,
            env=self._environment,
            input=content,
            capture_output=True,
            check=False,
        )
        return told.stdout.decode().strip() if told.returncode == 0 else None


def _stem(name: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in Path(name).stem)[:40]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
