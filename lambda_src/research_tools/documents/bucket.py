"""Documents below a prefix of an S3 bucket; the index of one version of them is built once in a function's /tmp."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from research_tools.documents.index import MOST_DOCUMENTS, index_file
from research_tools.documents.texts import MOST_BYTES, READERS
from research_tools.reading import NotRead, NotUsable

SIDE_BY_SIDE = 16


def index_of_bucket(bucket: str, prefix: str) -> Path:
    """The index of the documents below a prefix.

    Raises:
        NotUsable: the bucket cannot be read, or holds no document there, or too many.
    """
    import boto3
    from botocore.config import Config

    retries = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=5, read_timeout=30)
    client = boto3.client("s3", config=retries)
    try:
        objects = [one for one in _listed(client, bucket, prefix) if _is_document(one["Key"][len(prefix) :])]
    except Exception as error:
        raise NotUsable(f"bucket {bucket} cannot be listed ({type(error).__name__})") from error
    if not 1 <= len(objects) <= MOST_DOCUMENTS:
        kinds = ", ".join(READERS)
        where = f"s3://{bucket}/{prefix}"
        raise NotUsable(f"{where} must hold 1 to {MOST_DOCUMENTS:,} documents ({kinds}), got {len(objects):,}")
    version = [f"{bucket}/{prefix}", *(f"{one['Key']} {one['ETag']} {one['Size']}" for one in objects)]
    return index_file(version, _documents(client, bucket, prefix, objects))


def _listed(client: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def _is_document(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in READERS


def _documents(
    client: Any, bucket: str, prefix: str, objects: list[dict[str, Any]]
) -> Iterator[tuple[str, bytes | NotRead]]:
    def data(one: dict[str, Any]) -> tuple[str, bytes | NotRead]:
        path = one["Key"][len(prefix) :]
        if one["Size"] > MOST_BYTES:
            return path, NotRead(f"{path} has {one['Size']:,} bytes; a document may have at most {MOST_BYTES:,}")
        body: bytes = client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
        return path, body

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for begin in range(0, len(objects), SIDE_BY_SIDE):  # no more in memory than are read side by side
            yield from pool.map(data, objects[begin : begin + SIDE_BY_SIDE])
