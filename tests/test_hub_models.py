"""A bundle onto the Hub and back, by the Hub's own client and over HTTP; and what goes wrong."""

import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from canting.bundle import signature
from canting.bundle.classifier import Classifier
from canting.cli.main import main
from canting.core.errors import CantingError
from canting.core.files import read_json
from canting.runs.hub.pull import pull
from canting.runs.hub.push import Pushed, push
from tests.hub_server import FIRST, LARGE, NAME, QUICK, READER, WRITER, Hub, serving
from tests.service_fixtures import bundle

__all__ = ["bundle"]

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
"""Of the Hub's own client, when it uploads."""

SOURCE = f"hf:{NAME}"
FIGURE = b"figure" * 1000
PARTS = ("arrays.npz", "card.json", "model.tflite")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub without a repository, and a token that may make one."""
    with serving(None, tmp_path, "model") as server:
        monkeypatch.setenv("HF_TOKEN", WRITER)
        yield server


@pytest.fixture
def mine(bundle: Path, tmp_path: Path) -> Path:
    """A bundle with samples, and what is none of a bundle."""
    folder = tmp_path / "best"
    shutil.copytree(bundle, folder)
    (folder / "samples/kawung").mkdir(parents=True)
    Image.new("RGB", (90, 90), "red").save(folder / "samples/kawung/1.jpg")
    (folder / "notes.txt").write_text("mine alone")
    (folder / "samples/notes.jpg").write_text("too high")
    return folder


@pytest.fixture
def cards(mine: Path, tmp_path: Path) -> Path:
    """The cards of a run, as far as a push reads them."""
    folder = tmp_path / "cards"
    (folder / "figures").mkdir(parents=True)
    digest = hashlib.sha256((mine / "model.tflite").read_bytes()).hexdigest()
    link = "license: other\nlicense_name: mixed\nlicense_link: model_card.html"
    text = f"---\n{link}\n---\n\n# Model card\n\nmodel `{digest[:12]}`\n\n![a](figures/a.png)\n"
    (folder / "model_card.md").write_text(text)
    (folder / "model_card.html").write_text("<p>licences")
    for name in ("a.png", "of_the_data.png"):
        (folder / "figures" / name).write_bytes(FIGURE)
    return folder


def pushed(mine: Path, cards: Path, source: str = SOURCE) -> Pushed:
    return push(source, mine, cards, patience=QUICK)


def refused(*words: str, **how: Any) -> str:
    """Check that a push is refused with one message that holds the words."""
    with pytest.raises(CantingError) as caught:
        push(how.pop("source", SOURCE), how["mine"], how["cards"], patience=QUICK)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "\n" not in message
    assert WRITER not in message
    return message


def test_the_repository_holds_the_bundle_and_its_card_and_nothing_else(
    hub: Hub, mine: Path, cards: Path
) -> None:
    told = pushed(mine, cards)
    assert told == Pushed(
        f"{hub.address}/{NAME}", hub.branches["main"], True, ("notes.txt", "samples/notes.jpg")
    )
    held = dict(hub.head)
    assert held.pop(".gitattributes")
    assert held.pop("README.md") == (cards / "model_card.md").read_bytes()
    assert held.pop("model_card.html") == (cards / "model_card.html").read_bytes()
    assert held.pop("figures/a.png") == FIGURE
    assert sorted(held) == [*PARTS, "samples/kawung/1.jpg"]
    assert all((mine / name).read_bytes() == content for name, content in held.items())
    assert hub.messages == [f"Model {Classifier.load(mine).digest[:12]}"]
    large = [content for content in held.values() if len(content) >= LARGE]
    assert {hashlib.sha256(one).hexdigest() for one in large} < hub.objects.keys()


@pytest.mark.parametrize("private", [True, False])
def test_a_repository_is_made_as_asked(hub: Hub, mine: Path, cards: Path, private: bool) -> None:
    push(SOURCE, mine, cards, private=private, patience=QUICK)
    (asked,) = hub.created
    assert (asked["organization"], asked["name"]) == ("owner", "batik")
    assert hub.private == private


def test_nothing_private_is_pushed_where_everybody_sees_it(
    hub: Hub, mine: Path, cards: Path
) -> None:
    pushed(mine, cards)
    with pytest.raises(CantingError, match="everybody sees"):
        push(SOURCE, mine, cards, private=True, patience=QUICK)
    hub.private = True
    assert not push(SOURCE, mine, cards, private=True, patience=QUICK).is_new


def test_the_same_bundle_makes_no_new_commit(hub: Hub, mine: Path, cards: Path) -> None:
    first = pushed(mine, cards)
    assert pushed(mine, cards) == first._replace(is_new=False)
    assert len(hub.messages) == len(hub.created) == 1


def test_a_later_bundle_leaves_nothing_of_the_earlier_one(
    hub: Hub, mine: Path, cards: Path
) -> None:
    first = pushed(mine, cards)
    (mine / "samples/kawung/1.jpg").rename(mine / "samples/kawung/2.jpg")
    (cards / "figures/a.png").unlink()
    second = pushed(mine, cards)
    assert second.commit != first.commit
    assert len(hub.messages) == 2
    assert {"samples/kawung/1.jpg", "figures/a.png"} <= hub.commits[first.commit].keys()
    assert sorted(hub.head) == [
        *(".gitattributes", "README.md", *PARTS, "model_card.html", "samples/kawung/2.jpg")
    ]


@pytest.mark.parametrize("suffix", ["tflite", "npz", "json"])
def test_a_bundle_that_does_not_load_is_not_sent(
    hub: Hub, mine: Path, cards: Path, suffix: str
) -> None:
    (path,) = mine.glob(f"*.{suffix}")
    path.write_bytes(path.read_bytes()[:-20])
    refused(f"{path}", mine=mine, cards=cards)
    assert not hub.requests


def test_a_card_that_is_missing_or_another_models_is_not_sent(
    hub: Hub, mine: Path, cards: Path
) -> None:
    path = cards / "model_card.md"
    path.write_text(path.read_text().replace("model `", "model `0"))
    path.write_text("model `000000000000`")
    refused(f"`{path}`", "another model's", "dvc repro cards", "--cards", mine=mine, cards=cards)
    path.unlink()
    refused(f"`{path}`", "no file", "dvc repro cards", mine=mine, cards=cards)
    assert not hub.requests


@pytest.mark.parametrize("source", ["owner/batik", "hf:batik", f"{SOURCE}@main", "hf:a/b/c", "hf:"])
def test_a_malformed_repository_is_named(hub: Hub, mine: Path, cards: Path, source: str) -> None:
    refused("hf:owner/name", source, source=source, mine=mine, cards=cards)
    assert not hub.requests


def test_a_repository_with_anything_else_is_left_alone(hub: Hub, mine: Path, cards: Path) -> None:
    held = {".gitattributes": b"", "README.md": b"#", "model.safetensors": bytes(2000)}
    hub.commits[FIRST], hub.branches["main"] = held, FIRST
    refused(f"`{SOURCE}`", "`model.safetensors`", "Name another", mine=mine, cards=cards)
    assert hub.branches["main"] == FIRST
    del held["model.safetensors"]
    assert pushed(mine, cards).is_new


@pytest.mark.parametrize(("token", "status"), [("", 401), (READER, 403), ("hf_wrong", 403)])
def test_without_the_right_to_write_the_token_is_asked_for(
    hub: Hub, mine: Path, cards: Path, token: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    said = refused(
        f"`{SOURCE}`",
        f"({status})",
        "may write",
        "HF_TOKEN",
        "hf auth login",
        mine=mine,
        cards=cards,
    )
    assert not token or token not in said
    assert not hub.commits


@pytest.mark.parametrize(
    ("faults", "commit_faults"),
    [([(503, {}), (429, {"Retry-After": "0"})], []), ([], [(500, {}), "cut"])],
)
def test_faults_that_pass_are_tried_again(
    hub: Hub, mine: Path, cards: Path, faults: list[Any], commit_faults: list[Any]
) -> None:
    hub.faults, hub.commit_faults = faults, commit_faults
    assert pushed(mine, cards).is_new
    assert len(hub.messages) == len(hub.created) == 1


def test_an_upload_that_breaks_is_tried_again(hub: Hub, mine: Path, cards: Path) -> None:
    hub.upload_faults = ["cut"]
    assert pushed(mine, cards).is_new
    assert all((mine / name).read_bytes() == hub.head[name] for name in PARTS)


def test_an_upload_that_is_refused_is_named(hub: Hub, mine: Path, cards: Path) -> None:
    hub.upload_faults = [(403, {})] * 9
    refused(f"`{SOURCE}`", "(403)", mine=mine, cards=cards)
    assert not hub.messages


def test_a_commit_whose_answer_is_lost_is_not_made_twice(hub: Hub, mine: Path, cards: Path) -> None:
    hub.commit_faults = ["lost"]
    assert pushed(mine, cards).commit == hub.branches["main"]
    assert len(hub.messages) == 1


@pytest.mark.parametrize("fault", [(502, {}), "cut"])
def test_tries_of_a_push_are_bounded(hub: Hub, mine: Path, cards: Path, fault: Any) -> None:
    hub.commit_faults = [fault] * 99
    refused(f"`{SOURCE}`", "gave up after 3 tries", mine=mine, cards=cards)
    assert not hub.messages


def test_what_another_has_pushed_meanwhile_is_not_overwritten(
    hub: Hub, mine: Path, cards: Path
) -> None:
    hub.commit_faults = [(412, {"X-Error-Message": "A commit has happened since."})]
    refused(f"`{SOURCE}`", "(412)", "changed meanwhile", mine=mine, cards=cards)
    assert not hub.messages


def test_a_push_says_that_it_is_offline(
    hub: Hub, mine: Path, cards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    refused(f"`{SOURCE}`", "HF_HUB_OFFLINE", mine=mine, cards=cards)
    assert not hub.requests


@pytest.fixture
def published(hub: Hub, mine: Path, cards: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A Hub with the bundle, which anybody may read."""
    pushed(mine, cards)
    monkeypatch.delenv("HF_TOKEN")
    hub.requests.clear()
    return hub


def untouched(folder: Path, *words: str, source: str = SOURCE) -> str:
    """Check that a pull is refused with one message that holds the words, and changes nothing."""

    def found() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    before = found()
    with pytest.raises(CantingError) as caught:
        pull(source, folder, QUICK)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "\n" not in message
    assert found() == before
    assert not list(folder.parent.glob("*.hub.json"))
    return message


def test_a_pulled_bundle_is_the_one_that_was_pushed(
    published: Hub, mine: Path, tmp_path: Path
) -> None:
    commit = published.branches["main"]
    told = pull(SOURCE, tmp_path / "theirs", QUICK)
    assert (told.folder, told.commit) == (tmp_path / "theirs", commit)
    there = {p.relative_to(told.folder).as_posix() for p in told.folder.rglob("*") if p.is_file()}
    assert there == {*PARTS, "samples/kawung/1.jpg"}
    assert all((told.folder / name).read_bytes() == (mine / name).read_bytes() for name in there)
    assert read_json(told.origin) == {
        "source": SOURCE,
        "commit": commit,
        "address": f"{published.address}/{NAME}/tree/{commit}",
    }
    assert told.origin == tmp_path / "theirs.hub.json"
    assert not list(tmp_path.glob(".theirs*"))
    assert not published.asked("README.md")


@pytest.mark.usefixtures("hub")
def test_a_signature_goes_with_the_bundle_that_it_signs(
    mine: Path, cards: Path, tmp_path: Path
) -> None:
    from tests.test_classifier_signature import keys, sign  # skips where nothing can sign

    for path in (mine / "notes.txt", mine / "samples/notes.jpg"):
        path.unlink()
    private, public = keys(tmp_path, "ours")
    sign(mine, private)
    assert pushed(mine, cards).left_out == ()
    folder = pull(SOURCE, tmp_path / "theirs", QUICK).folder
    signature.check(folder, str(public))


def test_a_revision_is_taken_and_replaces_the_bundle_that_was_there(
    published: Hub, mine: Path, cards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = published.branches["main"]
    (mine / "samples/kawung/1.jpg").unlink()
    monkeypatch.setenv("HF_TOKEN", WRITER)
    later = pushed(mine, cards).commit
    published.branches["v1"] = first
    folder = tmp_path / "theirs"
    for revision, commit, samples in ((later, later, 0), ("v1", first, 1), (first, first, 1)):
        told = pull(f"{SOURCE}@{revision}", folder, QUICK)
        assert told.commit == commit == read_json(told.origin)["commit"]
        assert len(Classifier.load(folder).samples) == samples


def test_a_damaged_download_is_tried_again_and_then_refused(published: Hub, tmp_path: Path) -> None:
    published.file_faults = ["flip", "cut", (503, {})]
    folder = pull(SOURCE, tmp_path / "theirs", QUICK).folder
    assert Classifier.load(folder).labels
    published.file_faults = ["flip"] * 99
    (tmp_path / "theirs.hub.json").unlink()
    untouched(folder, "arrived damaged", "gave up after 3 tries")


def test_a_bundle_that_does_not_load_replaces_nothing(
    published: Hub, tmp_path: Path, mine: Path
) -> None:
    files = {**published.head, "arrays.npz": b"damaged" * 200}
    broken = published.commit(files)
    folder = tmp_path / "theirs"
    said = untouched(folder, f"`{SOURCE}` at {broken}", "`arrays.npz` is damaged", "@revision")
    assert str(tmp_path) not in said
    assert not folder.exists()
    untouched(mine, "`arrays.npz` is damaged")
    assert not list(tmp_path.glob(".*.pull"))


@pytest.mark.parametrize(
    "name", ["model.keras", "old/weights.H5", "model.pkl", "pytorch_model.bin", "handler.py"]
)
def test_what_can_hold_code_is_refused_and_not_downloaded(
    published: Hub, tmp_path: Path, name: str
) -> None:
    published.commit({**published.head, name: b"code" * 1000})
    untouched(tmp_path / "theirs", f"`{name}`", "can hold code")
    assert not published.asked("/resolve/")


def test_a_keras_model_under_the_name_of_a_bundles_is_refused(
    published: Hub, tmp_path: Path
) -> None:
    published.commit({**published.head, "model.tflite": b"PK\x03\x04" + bytes(3000)})
    untouched(tmp_path / "theirs", "`model.tflite`", "Keras")


def test_a_repository_without_a_bundle_is_told(published: Hub, tmp_path: Path) -> None:
    published.commit({"README.md": b"#", "card.json": b"{}"})
    untouched(tmp_path / "theirs", "without arrays.npz, model.tflite")


def test_a_path_that_leaves_the_folder_is_refused(published: Hub, tmp_path: Path) -> None:
    published.commit({**published.head, "samples/../evil.jpg": b"x"})
    untouched(tmp_path / "theirs", "leaves its folder")
    assert not list(tmp_path.rglob("evil.jpg"))


def test_a_folder_that_is_no_bundle_is_not_replaced(
    published: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("words")
    untouched(tmp_path / "mine", f"`{tmp_path}/mine`", "other files")
    untouched(tmp_path / "mine/thesis.txt", "a file")
    assert not published.requests
    (tmp_path / "mine/thesis.txt").unlink()
    monkeypatch.chdir(tmp_path / "mine")
    for here in (Path(), Path(".."), tmp_path / "mine"):
        untouched(here, f"`{here}`", "the folder that you are in")
    monkeypatch.chdir(tmp_path)
    assert pull(SOURCE, tmp_path / "mine", QUICK).folder == tmp_path / "mine"


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "RepoNotFound", ["none of this name", "private", "HF_TOKEN"]),
        (401, "", ["valid token", "hf auth login"]),
        (403, "GatedRepo", ["consent"]),
        (404, "RepoNotFound", ["none of this name", "huggingface.co/owner/name"]),
        (404, "RevisionNotFound", ["no such revision"]),
        (502, "", ["gave up after 3 tries", "answered 502"]),
    ],
)
def test_a_pull_that_is_refused_says_what_to_do(
    published: Hub, tmp_path: Path, status: int, code: str, words: list[str]
) -> None:
    published.faults = [(status, {"X-Error-Code": code} if code else {})] * 9
    untouched(tmp_path / "theirs", f"`{SOURCE}`", str(status), *words)


def test_without_network_a_pull_says_so(
    published: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.shutdown()
    published.server_close()
    untouched(tmp_path / "theirs", "the connection to http://127.0.0.1", "Run again later")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    untouched(tmp_path / "theirs", "HF_HUB_OFFLINE")


def called(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["canting", *words])
    main()


def test_the_commands_push_pull_and_predict(
    hub: Hub,
    mine: Path,
    cards: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    called(monkeypatch, "push", SOURCE, "--bundle", str(mine), "--cards", str(cards))
    said, left = capsys.readouterr()
    commit = hub.branches["main"]
    assert said.splitlines() == [
        f"{hub.address}/{NAME}",
        f"revision {commit}",
        f"to get it: canting pull {SOURCE}@{commit}",
    ]
    assert "left out: notes.txt" in left
    assert WRITER not in said + left
    called(monkeypatch, "push", SOURCE, "--bundle", str(mine), "--cards", str(cards))
    assert "has the same bundle already" in capsys.readouterr().out
    called(monkeypatch, *f"pull {SOURCE}@{commit}".split())
    said = capsys.readouterr().out
    assert f"batik: {SOURCE}@{commit} at revision {commit} (batik.hub.json)" in said
    called(monkeypatch, "predict", "--bundle", "batik", str(mine / "samples/kawung/1.jpg"))
    assert ",kawung," in capsys.readouterr().out
