"""Check `params.yaml`, describe it for editors, and look whether a source has changed."""

from canting.config.params import Params
from canting.config.stage import BUILD, stage
from canting.core import files
from canting.data.fetch.state import state


def main() -> None:
    with stage("check") as params:
        files.write_json(BUILD / "params.schema.json", Params.model_json_schema())
        files.write_json(BUILD / "source.json", state(params.fetch))


if __name__ == "__main__":
    main()
