"""Check `params.yaml` as a whole, and describe it for editors."""

from canting import files
from canting.params import Params
from canting.stage import BUILD, stage

with stage("check"):
    files.write_json(BUILD / "params.schema.json", Params.model_json_schema())
