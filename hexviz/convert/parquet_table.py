"""The op table as Parquet: typed columns, lists as lists, nothing escaped."""

from __future__ import annotations

from collections.abc import Iterator

from hexviz.convert.op_table import op_table
from hexviz.convert.options import Options
from hexviz.extras import require
from hexviz.model.graph import TaggedGraph

__all__ = ["to_parquet"]


def to_parquet(graph: TaggedGraph, options: Options) -> Iterator[bytes]:
    """The file, some rows at a time.

    Raises:
        ExtraError: if pyarrow is not installed.
    """
    require("parquet", "Writing Parquet", "pyarrow")
    return _chunks(graph, options)


def _chunks(graph: TaggedGraph, options: Options) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "int": pa.int64(),
        "float": pa.float64(),
    }
    table = op_table(graph, options)
    schema = pa.schema([(column.name, types[column.kind]) for column in table.columns])
    sink = _Sink()
    with pq.ParquetWriter(sink, schema) as writer:
        for rows in table.batches:
            columns = zip(*rows, strict=True)
            arrays = [
                pa.array(cells, kind) for cells, kind in zip(columns, schema.types, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            yield sink.taken()
    yield sink.taken()


class _Sink:
    """A file that is only ever appended to, of which what was written can be taken away."""

    closed = False

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def write(self, chunk: bytes) -> int:
        self._chunks.append(bytes(chunk))
        self._size += len(chunk)
        return len(chunk)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def taken(self) -> bytes:
        """What was written since the last time."""
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)
