"""What a page says to the server to have a job done, by Dash's protocol."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient

from tests.waiting import until

ENDPOINT = "/_dash-update-component"


class Asked:
    """A job that a page asked for."""

    def __init__(self, client: FlaskClient, wanted: dict[str, Any]) -> None:
        self._client = client
        self._body = self.body(wanted)
        self.stages: list[str] = []
        started = client.post(ENDPOINT, json=self._body).get_json()
        self.handles = {"cacheKey": started["cacheKey"], "job": started["job"]}

    @staticmethod
    def body(wanted: dict[str, Any]) -> dict[str, Any]:
        """What the page sends."""
        return {
            "output": "part-made.data",
            "outputs": {"id": "part-made", "property": "data"},
            "inputs": [{"id": "part-wanted", "property": "data", "value": wanted}],
            "changedPropIds": ["part-wanted.data"],
            "state": [],
        }

    def look(self) -> dict[str, Any] | None:
        """The answer, if it is there."""
        return self.ask(self._client)

    def ask(self, client: FlaskClient) -> dict[str, Any] | None:
        """The same, of another server."""
        answer = client.post(f"{ENDPOINT}?{urlencode(self.handles)}", json=self._body)
        assert answer.status_code in (200, 204), answer.text
        if answer.status_code == 204:
            return {}
        found = answer.get_json()
        if "progress" in found:
            self.stages.append(found["progress"]["part-stage.children"])
        made: dict[str, Any] | None = found.get("response", {}).get("part-made", {}).get("data")
        return made

    def wait(self) -> dict[str, Any]:
        """The answer, when it is there."""
        found: list[dict[str, Any]] = []

        def answered() -> bool:
            answer = self.look()
            found.extend([] if answer is None else [answer])
            return bool(found)

        until(answered)
        return found[0]

    def cancel(self) -> None:
        """Stop it, as the button does."""
        body = {
            "output": "part-cancel.id",
            "outputs": {"id": "part-cancel", "property": "id"},
            "inputs": [{"id": "part-cancel", "property": "n_clicks", "value": 1}],
            "changedPropIds": ["part-cancel.n_clicks"],
            "state": [],
        }
        query = urlencode({"cancelJob": self.handles["job"]})
        assert self._client.post(f"{ENDPOINT}?{query}", json=body).status_code in (200, 204)


def wanting(key: str, task: str = "verify", part: str = "keep=net") -> dict[str, Any]:
    """What the page wants to be done with a part."""
    return {"task": task, "model": key, "part": part, "n": 1}
