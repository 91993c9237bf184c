"""Bring the pictures of `fetch.source` to `build/raw`, with the list of their digests."""

from canting.config.stage import BUILD, stage
from canting.data.fetch.fetch import fetch, told


def main() -> None:
    with stage("fetch") as params:
        fetched = fetch(params.fetch, BUILD / "raw", BUILD / "digests.csv")
        for line in told(fetched):
            print(f"fetch: {line}")


if __name__ == "__main__":
    main()
