"""Open ``hf:MODEL_ID``: a transformers model from the Hugging Face hub, its cache, or a folder.

No pickle is ever loaded (safetensors only), and no code from the hub is run.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from pathlib import Path
from typing import Any

from hexviz.errors import SourceError
from hexviz.exporters.exporter_log import Log, captured
from hexviz.exporters.foreign_errors import first_line
from hexviz.exporters.inputs import make_inputs

__all__ = ["build_hub", "choose_experts", "open_hub"]

_PATIENCE = 4.0  # seconds in which a hub that can be reached at all answers


def open_hub(model_id: str, *, weights: bool) -> tuple[Any, tuple[Any, ...], dict[str, Any], str]:
    """A model by its hub id or from a folder with its ``config.json``, its arguments and name.

    Attention is the written-out kind, whose ops both exporters know, and the
    model keeps no cache of keys and values. Example inputs are made from the
    configuration.

    Raises:
        SourceError: if the configuration or the weights cannot be had, or the
            model cannot be built.
    """
    model, name = build_hub(model_id, weights=weights)
    with captured(Log()):
        args, kwargs = make_inputs(model)
    return model, args, kwargs, name


def build_hub(model_id: str, *, weights: bool) -> tuple[Any, str]:
    """The model of :func:`open_hub` alone, and its name.

    Raises:
        SourceError: as there.
    """
    if not model_id:
        raise SourceError("hf: needs a model id or a folder with config.json: hf:MODEL_ID.")
    transformers = importlib.import_module("transformers")
    folder = Path(model_id).expanduser()
    local = (folder / "config.json").is_file()
    where = str(folder) if local else model_id
    online = not local and _hub_answers()
    with captured(Log()):
        config = _config(transformers, model_id, where, online=online, weights=weights)
        model = _model(transformers, config, where, online=online or local, weights=weights)
        choose_experts(model)
    return model, folder.resolve().name if local else model_id


def _config(transformers: Any, model_id: str, where: str, *, online: bool, weights: bool) -> Any:
    try:
        config = transformers.AutoConfig.from_pretrained(
            where, trust_remote_code=False, local_files_only=not online
        )
    # transformers and the hub client raise errors of many kinds
    except Exception as error:
        if online or where != model_id:
            raise SourceError(f"hf:{model_id} cannot be opened: {first_line(error)}") from error
        instead = "use --no-weights with" if weights else "give"
        raise SourceError(
            f"The hub cannot be reached and {model_id} is not cached: go online, "
            f"or {instead} a folder that holds its config.json, as hf:PATH."
        ) from error
    if getattr(config, "use_cache", False):
        config.use_cache = False
    return config


def _model(transformers: Any, config: Any, where: str, *, online: bool, weights: bool) -> Any:
    options = {"attn_implementation": "eager", "trust_remote_code": False}
    try:
        if not weights:
            return transformers.AutoModel.from_config(config, **options)
        return transformers.AutoModel.from_pretrained(
            where, config=config, use_safetensors=True, local_files_only=not online, **options
        )
    # transformers and the hub client raise errors of many kinds
    except Exception as error:
        if not weights:
            raise SourceError(f"hf:{where} cannot be built: {first_line(error)}") from error
        if not online:
            raise SourceError(
                f"The hub cannot be reached and the weights of {where} are not cached: "
                "go online, or use --no-weights to build it from its configuration."
            ) from error
        raise SourceError(
            f"The weights of {where} cannot be loaded as safetensors: {first_line(error)} "
            "Use --no-weights to build it from its configuration."
        ) from error


def choose_experts(model: Any) -> None:
    """Let a mixture of experts compute by products of matrices that both exporters know.

    The usual way loops over the experts that the data chose, or calls an op
    that has no translation. Other models have no use for the setting and
    leave it.
    """
    choose = getattr(model, "set_experts_implementation", None)
    if choose is not None:
        choose("batched_mm")


def _hub_answers() -> bool:
    """Whether the hub gives any answer at all, asked once and without its client's retries.

    In a thread of its own, because a name lookup keeps to no timeout.
    """
    hub = importlib.import_module("huggingface_hub")
    if hub.constants.HF_HUB_OFFLINE:
        return False
    answers: list[object] = []

    def ask() -> None:
        # The clients of different versions share no class of errors; all of them mean no.
        with contextlib.suppress(Exception):
            session = hub.utils.get_session()
            answers.append(session.head(hub.constants.ENDPOINT, timeout=_PATIENCE))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return bool(answers)
