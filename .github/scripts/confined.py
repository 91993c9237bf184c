"""Run in the container: nothing but port 3000 is open, and nothing can be written or compiled.

usage: confined.py FOLDER...; the folders that must not be writable
"""

import os
import shutil
import sys
from pathlib import Path

PORT = 3000
LISTENS = "0A"
"""State of a socket in `/proc/net/tcp`, from the kernel's `tcp_states.h`."""
LOOPBACK = ("0100007F", "0" * 24 + "01000000", "0" * 16 + "FFFF00000100007F")
"""127.0.0.1, ::1 and ::ffff:127.0.0.1, as the kernel writes them."""
TOOLS = ("cc", "gcc", "g++", "make", "git", "curl", "uv")


def main(folders: list[str]) -> None:
    """End with a line that says what is not confined."""
    if os.getuid() == 0:
        sys.exit("it runs as root")
    for folder in folders:
        unwritable(Path(folder) / "written")
    found = [tool for tool in TOOLS if shutil.which(tool)]
    if found:
        sys.exit(f"expected no compiler and no downloader. Received: {found}")
    if reachable() != {PORT}:
        sys.exit(f"expected {PORT} alone to be reachable. Received: {sorted(reachable())}")


def unwritable(path: Path) -> None:
    """Check that a file cannot be made."""
    try:
        path.touch()
    except OSError:
        return
    sys.exit(f"{path} could be written")


def reachable() -> set[int]:
    """Return the ports that listen on more than the loopback."""
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        if (table := Path("/proc/net") / name).is_file()
        for line in table.read_text().splitlines()[1:]
    ]
    ends = [row[1].split(":") for row in rows if row[3] == LISTENS]
    return {int(port, 16) for host, port in ends if host not in LOOPBACK}


if __name__ == "__main__":
    main(sys.argv[1:])
