"""Documents that agents search and read, as the construct's keyword `documents`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from ..acknowledgements import accept_documents
from ..package.lambda_source import shipped_files
from .tool_choice import ToolChoice

SHIPPED_AS = "documents"
"""Folder beside agents.toml in the package."""


@dataclass(frozen=True, kw_only=True)
class Documents(ToolChoice):
    """Documents for `search_documents` and `read_document`: Markdown, text, HTML and PDF, docs/tools.md.

    Raises:
        ValueError: when a choice breaks a rule; the message says the rule and the value got.
    """

    folder: Path | str | None = None
    """Folder whose documents ship with the function. Default: none, `bucket` says where they are."""

    bucket: s3.IBucket | None = None
    """Bucket that holds them; the function may list and read below `prefix`, nothing else.
    Default: none, `folder` says where they are."""

    prefix: str = ""
    """Beginning of their keys in `bucket`, ending with "/". Default: every object."""

    address: str = ""
    """What their addresses in the list of sources begin with, such as a site's.
    Default: the path below the folder, or `s3://BUCKET/` and the key."""

    def __post_init__(self) -> None:
        if (self.folder is None) == (self.bucket is None):
            raise ValueError(f"documents must have either folder or bucket, got {'both' if self.folder else 'neither'}")
        if self.folder is not None and not Path(self.folder).is_dir():
            raise ValueError(f"folder of documents must be a folder, got {str(self.folder)!r}")
        if self.folder is not None and not any(True for _ in shipped_files(Path(self.folder))):
            raise ValueError(f"folder of documents must hold documents, got an empty one: {str(self.folder)!r}")
        if self.prefix and (self.bucket is None or not self.prefix.endswith("/")):
            raise ValueError(f'prefix of documents must come with bucket and end with "/", got {self.prefix!r}')

    @property
    def box(self) -> str:
        """Name of its row in the Lambda's toolboxes.py."""
        return "documents"

    def settings(self, stack: Stack) -> dict[str, Any]:
        """Where they are, as the function finds them."""
        del stack
        where = {"folder": SHIPPED_AS} if self.bucket is None else {"bucket": self.bucket.bucket_name}
        chosen = {"prefix": self.prefix, "address": self.address}
        return {**where, **{name: value for name, value in chosen.items() if value}}

    def statements(self, stack: Stack) -> list[iam.PolicyStatement]:
        """Listing and reading below the prefix; nothing for a folder."""
        del stack
        if self.bucket is None:
            return []
        below = {"StringLike": {"s3:prefix": f"{self.prefix}*"}} if self.prefix else None
        return [
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn], conditions=below),
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[self.bucket.arn_for_objects(f"{self.prefix}*")]),
        ]

    def accept(self, role: iam.IRole) -> None:
        """All objects below one prefix; and the key of an encrypted bucket."""
        if self.bucket is not None:
            accept_documents(role, self.bucket, self.prefix)
            if self.bucket.encryption_key:
                self.bucket.encryption_key.grant_decrypt(role)

    def files(self) -> Iterator[tuple[Path, str]]:
        """The documents themselves."""
        for inside, file in shipped_files(Path(self.folder)) if self.folder is not None else ():
            yield file, f"{SHIPPED_AS}/{inside}"
