"""Check `params.yaml`, describe it for editors, look whether a source or network has changed."""

from canting.config.catalog import is_own
from canting.config.fetch import Fetch
from canting.config.own_network import source
from canting.config.params import Params
from canting.config.stage import BUILD, stage
from canting.core import files
from canting.data.fetch.state import state


def main() -> None:
    with stage("check") as params:
        files.write_json(BUILD / "params.schema.json", Params.model_json_schema())
        files.write_json(BUILD / "source.json", state(params.fetch))
        other = params.evaluate.other
        files.write_json(BUILD / "other.json", state(Fetch(source=other)) if other else {})
        own = {one: source(one) for one in params.backbone if is_own(one)}
        files.write_json(BUILD / "networks.json", own)


if __name__ == "__main__":
    main()
