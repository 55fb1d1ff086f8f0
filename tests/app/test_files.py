"""Files that come in at the dialog, or are dropped on the page."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from hexviz.app.models.store import ModelStore
from hexviz.app.server import create_app
from hexviz.tagging.overrides_file import overrides_document
from tests.app.steps import call


@pytest.fixture
def key(store: ModelStore, net: bytes, tmp_path: Path) -> str:
    path = tmp_path / "net.onnx"
    path.write_bytes(net)
    return store.add_file(path)


def dropped(store: ModelStore, key: str, content: bytes) -> dict[str, Any]:
    """The answer to a file of numbers, or of overrides."""
    contents = "data:application/json;base64," + base64.b64encode(content).decode()
    client = create_app(store).server.test_client()
    answer = call(client, "numbers-read.data", numbers__contents=contents, model__data=key)
    found: dict[str, Any] = answer.get_json()["response"]
    return found


def test_numbers_are_read(store: ModelStore, key: str) -> None:
    answer = dropped(store, key, b'{"q": 2.5}')
    assert store.get(key).numbers.get(answer["numbers-read"]["data"])
    assert "uploaded" not in answer


def test_overrides_lead_to_the_corrected_model(store: ModelStore, key: str) -> None:
    corrected = store.edit(store.get(key), {"s": "enc.att", "y": "head"})
    document = json.dumps(overrides_document(corrected.graph)).encode()
    answer = dropped(store, key, document)
    assert answer["uploaded"]["data"] == corrected.key
    (notice,) = answer["notices"]["data"]
    assert notice["message"] == "2 ops are where the file says."


def test_overrides_of_another_model_are_one_line(store: ModelStore, key: str) -> None:
    document = overrides_document(store.get(key).graph)
    document["model"]["digest"] = "0" * 64
    answer = dropped(store, key, json.dumps(document).encode())
    (notice,) = answer["notices"]["data"]
    assert notice["title"] == "That did not work"
    assert "\n" not in notice["message"]
    assert "uploaded" not in answer


def test_the_dialog_lists_recent_files_as_buttons(store: ModelStore, key: str) -> None:
    client = create_app(store).server.test_client()
    answer = call(client, "recent.children", opener__opened=True).get_json()["response"]
    _, group = answer["recent"]["children"]
    (button,) = group["props"]["children"]
    name, about = (part["props"]["children"] for part in button["props"]["children"])
    assert name == "net.onnx"
    assert about.endswith("kB, just now")
    assert button["props"]["data-event"] == "visit"
    assert button["props"]["data-value"] == f"?model={key}"


def test_without_recent_files_there_is_no_list(store: ModelStore) -> None:
    client = create_app(store).server.test_client()
    answer = call(client, "recent.children", opener__opened=True).get_json()["response"]
    assert answer["recent"] == {"children": []}
