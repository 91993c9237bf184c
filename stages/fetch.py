"""Bring the pictures of `fetch.source` to `build/raw`, with the list of their digests."""

from canting.config.stage import BUILD, stage
from canting.data.fetch.fetch import fetch


def main() -> None:
    with stage("fetch") as params:
        fetched = fetch(params.fetch, BUILD / "raw", BUILD / "digests.csv")
        count, labels = sum(fetched.pictures.values()), len(fetched.pictures)
        print(f"fetch: {count} pictures, {labels} labels, digest {fetched.digest}")


if __name__ == "__main__":
    main()
