"""Check `params.yaml` as a whole, and describe it for editors."""

from canting.config.params import Params
from canting.config.stage import BUILD, stage
from canting.core import files


def main() -> None:
    with stage("check"):
        files.write_json(BUILD / "params.schema.json", Params.model_json_schema())


if __name__ == "__main__":
    main()
