"""What a row holds: its key, its vector, which write it is of, and a checksum that ties these together."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from google.protobuf.wrappers_pb2 import BytesValue
from numpy.typing import NDArray
from pymilvus.grpc_gen import schema_pb2

from harness.history import DAMAGED

KEY_FIELD, VECTOR_FIELD, VERSION_FIELD, CHECKSUM_FIELD = "pk", "vector", "version", "checksum"
FIELDS = (KEY_FIELD, VERSION_FIELD, CHECKSUM_FIELD, VECTOR_FIELD)

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def checksums(keys: Ints, versions: Ints, vectors: Floats) -> Ints:
    """Return the CRC-32 over each row's key, version and vector (little endian); shapes (n,), (n,), (n, dim)."""
    heads = np.stack([keys, versions], axis=1).astype("<i8")
    bodies = np.ascontiguousarray(vectors, dtype="<f4")
    summed = (zlib.crc32(body, zlib.crc32(head)) for head, body in zip(heads, bodies, strict=True))
    return np.fromiter(summed, np.int64, len(keys))


def write_fields(keys: Ints, versions: Ints, vectors: Floats) -> list[Any]:
    """Return rows as the fields of an insert or upsert; shapes (n,), (n,), (n, dim)."""
    data_type = schema_pb2.DataType
    scalars = {KEY_FIELD: keys, VERSION_FIELD: versions, CHECKSUM_FIELD: checksums(keys, versions, vectors)}
    fields = [
        schema_pb2.FieldData(
            type=data_type.Int64,
            field_name=name,
            scalars=schema_pb2.ScalarField(long_data=schema_pb2.LongArray(data=values.tolist())),
        )
        for name, values in scalars.items()
    ]
    vector = schema_pb2.VectorField(dim=vectors.shape[1], float_vector=_packed(vectors))
    return [*fields, schema_pb2.FieldData(type=data_type.FloatVector, field_name=VECTOR_FIELD, vectors=vector)]


def read_fields(fields: Iterable[Any]) -> tuple[Ints, Ints]:
    """Return the keys and versions of rows that were read with all FIELDS; DAMAGED where a checksum does not fit.

    A field that is missing, or of another length, damages every row.
    """
    found = {field.field_name: field for field in fields}
    keys, versions, sums = (_scalars(found, name) for name in (KEY_FIELD, VERSION_FIELD, CHECKSUM_FIELD))
    vectors = _vectors(found, len(keys))
    if not len(keys) == len(versions) == len(sums) == len(vectors):
        return keys, np.full(len(keys), DAMAGED, np.int64)
    return keys, np.where(checksums(keys, versions, vectors) == sums, versions, DAMAGED)


def _scalars(found: dict[str, Any], name: str) -> Ints:
    return np.array(found[name].scalars.long_data.data if name in found else (), np.int64)


def _vectors(found: dict[str, Any], rows: int) -> Floats:
    """Return shape (rows, dim), or no row where it does not come out even."""
    field = found.get(VECTOR_FIELD)
    packed = field.vectors.float_vector.SerializeToString() if field else b""
    values = np.frombuffer(BytesValue.FromString(packed).value, "<f4")
    even = rows and len(values) and not len(values) % rows
    return values.reshape(rows, -1) if even else np.zeros((0, 0), np.float32)


def floats(vector: Floats) -> bytes:
    """Return float32 values as they are on the wire."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def _packed(vectors: Floats) -> Any:
    """A FloatArray straight from memory: packed floats are on the wire what a BytesValue is, 100 times cheaper."""
    return schema_pb2.FloatArray.FromString(BytesValue(value=floats(vectors)).SerializeToString())
