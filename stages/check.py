"""Check `params.yaml` as a whole, and describe it for editors."""

from canting.core import files
from canting.core.params import Params
from canting.core.stage import BUILD, stage

with stage("check"):
    files.write_json(BUILD / "params.schema.json", Params.model_json_schema())
