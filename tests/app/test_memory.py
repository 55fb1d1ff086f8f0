"""Many models in a row: the server's memory stays within bounds, and each can be opened again."""

import json
import subprocess
import sys
from pathlib import Path

from hexviz.bench.synthetic import synthetic

MODELS = 30  # a third of them fill the budget
OPS = 500

SCRIPT = f"""
import json, sys
from pathlib import Path
import psutil
from hexviz.app.server import create_app
from hexviz.app.models.store import ModelStore
from hexviz.cache import Cache

folder = Path(sys.argv[1])
content = (folder / "m.onnx").read_bytes()
store = ModelStore(Cache(folder), budget=int(sys.argv[2]))
client = create_app(store).server.test_client()

def send(kind, value, at=None):
    event = {{"type": kind, "value": value}}
    return json.loads(client.post("/event", json={{"n": 1, "event": event, "at": at}}).data)

def look(key):
    answer = send("visit", "?model=" + key)
    assert "graph" in answer, answer
    at = answer["at"]
    for kind, value in (("toggle", "encoder.layer.3"), ("search", "MatMul"), ("colour", "origin"),
                        ("tab", "extract"), ("keep", "encoder.layer.3")):
        at = send(kind, value, at).get("at", at)
    return answer["parts"]["model-title"]

resident, keys = [], []
for at in range({MODELS}):
    key = store.add_upload(content + b"\\x1a\\x02" + b"%02d" % at, f"{{at}}.onnx")
    keys.append(key)
    look(key)
    resident.append(psutil.Process().memory_info().rss)
names = [look(key) for key in keys[::5]]
resident.append(psutil.Process().memory_info().rss)
print(json.dumps({{"resident": resident, "names": names, "open": len(store._open)}}))
"""


def test_many_models_stay_within_the_budget(tmp_path: Path) -> None:
    content = synthetic(OPS, "metadata")
    (tmp_path / "m.onnx").write_bytes(content)
    budget = 120_000_000
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(budget)],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["names"] == [f"{at}.onnx" for at in range(0, MODELS, 5)]
    assert 1 < told["open"] < 10
    resident = told["resident"]
    # It grows until the budget is used; from then on, what the allocator is left with.
    assert max(resident) - resident[0] < 1.5 * budget
    assert max(resident[MODELS // 2 :]) < 1.15 * max(resident[: MODELS // 2])
