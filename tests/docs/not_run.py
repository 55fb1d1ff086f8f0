"""Commands in README and docs that no test runs, each by how it begins, and why.

Whatever can be run is: take a line out of here before you add one.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["NOT_RUN"]

NOT_RUN: Mapping[str, str] = MappingProxyType(
    {
        "pip install": "would change what the tests run on; tests/wheel/ installs elsewhere",
        "uvx ": "needs uv, and a wheel; tests/wheel/ installs one by pip",
        "uv tool": "needs uv, and would install for whoever runs the tests",
        "pipx ": "needs pipx, and would install for whoever runs the tests",
        "docker ": "needs a Docker daemon",
        "hexviz export hf:": "downloads from Hugging Face",
        "hexviz bench": "measures for minutes; tests/bench/ runs it on less",
        "hexviz worker": "needs a Redis; tests/app/jobs/ has one",
        "hexviz view --jobs": "needs a Redis; tests/app/jobs/ has one",
        "python -m pytest": "is what runs this",
        "hexviz view --host 0.0.0.0": "listens to all machines, in a folder of theirs",
        "HEXVIZ_TOKEN=… hexviz view": "listens behind a proxy of theirs",
    }
)
