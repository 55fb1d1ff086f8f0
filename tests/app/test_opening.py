import base64

import pytest

from hexviz.app import page
from hexviz.app.callbacks import opening
from hexviz.app.callbacks.opening import decode_upload
from hexviz.errors import ReadError


def test_an_upload_is_decoded() -> None:
    sent = "data:application/octet-stream;base64," + base64.b64encode(b"\x08\x0a").decode()
    assert decode_upload(sent) == b"\x08\x0a"


def test_a_garbled_upload_is_a_clear_line() -> None:
    with pytest.raises(ReadError, match="did not arrive whole"):
        decode_upload("data:;base64,%%%%")


def test_an_upload_that_is_too_large_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_UPLOAD", 1024**2)
    with pytest.raises(ReadError, match=r"over 1 MB: open it with `hexviz view FILE`"):
        decode_upload("data:;base64," + "A" * (2 * 1024**2))
    assert page.MAX_UPLOAD >= 100 * 1024**2
