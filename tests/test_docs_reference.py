"""The pages that are made from the code, on small types and documents."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from canting.config.params import Params
from canting.config.section import Count, Listed, Many, Share, known
from docs.reference import commands, hook, kinds, parameters, rest, settings
from docs.reference.table import table
from tests.conftest import ROOT


class Settings(BaseModel):
    """Settings of a small service."""

    places: Annotated[int, Field(ge=1)] = 4
    """How many
    at once."""
    token: SecretStr | None = None
    quick: bool = True
    """Whether it is."""
    made: Count = Field(default_factory=lambda: 3)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (bool, "true or false"),
        (Share, "number, at least 0, at most 1"),
        (Annotated[float, Field(gt=0, lt=1)] | None, "number, above 0, below 1; or empty"),
        (Many[Count], "whole number, at least 1; or a list"),
        (Listed[str], "list; each text"),
        (Annotated[int, Field(lt=2**32)], "whole number, below 4,294,967,296"),
        (Literal["a", 2], "one of `a`, `2`"),
        (Many[Annotated[str, known(("x", "y"))]], "one of `x`, `y`; or a list"),
        (tuple[int, int], "list of 2: whole number, whole number"),
        (dict[str, str], "mapping of text to text"),
        (Path, "path"),
    ],
)
def test_a_type_in_words(kind: object, words: str) -> None:
    assert kinds.words(kind) == words


def test_every_key_has_a_meaning_or_a_name_that_says_it() -> None:
    """A new key of `params.yaml` without a comment is found here."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    told = parameters.comments(text)
    plain = {"learning_rate", "enabled"}
    bare = [
        ".".join(path)
        for path, words in told.items()
        if not words and path[-1] not in plain and "space" not in path
    ]
    sections = {
        key
        for key, field in Params.model_fields.items()
        if hasattr(field.annotation, "model_fields")
    }
    names = {Params.model_fields[key].alias or key for key in sections}
    assert [key for key in bare if key not in names] == []


def test_comments_are_told_by_path() -> None:
    text = "a: 1   # one\nb:\n  c: x # in b\n  d:\n    e: [1]   # deep\n# none\nf: 2\n"
    found = parameters.comments(text)
    assert found == {
        ("a",): "one",
        ("b",): "",
        ("b", "c"): "in b",
        ("b", "d"): "",
        ("b", "d", "e"): "deep",
        ("f",): "",
    }


def test_values_are_those_of_the_file() -> None:
    text = parameters.page(ROOT / "params.yaml")
    assert "| `max_conflicts` | `0.0` | number, at least 0, at most 1 |" in text
    assert "| `horizontal_flip` | `true` | true or false |" in text
    assert "| `space.learning_rate` | `{low: 0.0001, high: 0.1, steps: 4}` |" in text


def test_settings_from_type_and_source() -> None:
    text = settings.page(Settings, "SMALL_")
    assert "| `SMALL_PLACES` | `4` | whole number, at least 1 | How many at once. |" in text
    assert "| `SMALL_TOKEN` | none | text; or empty |  |" in text
    assert "| `SMALL_QUICK` | `true` | true or false | Whether it is. |" in text
    assert "| `SMALL_MADE` | by the machine |" in text


def test_help_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    narrow = commands.page()
    monkeypatch.setenv("COLUMNS", "200")
    assert commands.page() == narrow
    assert "## canting study\n\n```text\nusage: canting study" in narrow


DOCUMENT = {
    "paths": {
        "/things/{id}": {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "post": {
                "summary": "Change one",
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                    }
                },
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                        }
                    },
                    "204": {"description": "Gone"},
                },
            },
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "description": "A thing.",
                "properties": {
                    "name": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "a|b"},
                    "parts": {"type": "array", "items": {"enum": ["x", "y"]}},
                    "when": {"type": "string", "format": "date-time"},
                },
            }
        }
    },
}


def test_rest_from_a_document() -> None:
    text = rest.page(DOCUMENT)
    assert "## POST /things/{id}\n\nChange one." in text
    assert "| `id` | path | text |  |" in text
    assert "Takes `application/json`: [Thing](#thing)." in text
    assert "| 200 OK | [Thing](#thing) |\n| 204 No Content | none |" in text
    assert "| `name` | text or null | a\\|b |" in text
    assert "| `parts` | list of one of `x`, `y` |  |" in text
    assert "| `when` | time |  |" in text


def test_a_version_without_the_service_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(hook, "import_module", missing)
    assert hook.PARTS["rest"](ROOT) == hook.PARTS["settings"](ROOT) == hook.MISSING
    monkeypatch.setattr(
        hook, "_service", lambda _: (_ for _ in ()).throw(ModuleNotFoundError(name="x"))
    )
    with pytest.raises(ModuleNotFoundError):
        hook.PARTS["rest"](ROOT)


def test_a_cell_ends_no_row() -> None:
    assert table(("a",), [("x\ny | z",)]).splitlines()[-1] == "| x y \\| z |"
