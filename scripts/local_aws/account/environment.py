"""The environments of the processes: the emulated account's dummy credentials, never the caller's."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

ACCOUNT = "000000000000"
REGION = "us-east-1"
LOOPBACK = "127.0.0.1,localhost"

# A caller's choices for AWS, the CDK or Python could send a call to a real account or into another assembly.
FORGOTTEN = ("AWS_", "CDK_", "PYTHON")


def isolate(environ: MutableMapping[str, str]) -> None:
    """Replace the caller's AWS settings by the emulated account's: nothing started from here can reach a real one."""
    for name in [name for name in environ if name.startswith(FORGOTTEN)]:
        del environ[name]
    around = ",".join(filter(None, [environ.get("no_proxy") or environ.get("NO_PROXY"), LOOPBACK]))
    environ.update(
        {
            "AWS_ACCESS_KEY_ID": ACCOUNT,  # the emulator reads the account off the key's id
            "AWS_SECRET_ACCESS_KEY": "local",  # not a secret: nothing on loopback checks it
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
            "NO_PROXY": around,
            "no_proxy": around,
        }
    )


def synth_environment(outdir: Path, scratch: Path, context: str) -> dict[str, str]:
    """For `python app.py`.

    Args:
        outdir: folder of the assembly.
        scratch: where the package is built; the assembly keeps the finished one, the cache of those for AWS stays as
            it is.
        context: JSON of the context values that the CLI would pass with -c.
    """
    return {
        **os.environ,
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": context,
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_VALIDATION": "false",  # the gate validates; here it would cost ten seconds
        "DURABLE_AGENT_PIPELINE_CACHE": str(scratch),
    }


def cli_environment(emulator_url: str, home: Path) -> dict[str, str]:
    """For the CDK's command line.

    Args:
        emulator_url: the emulated account.
        home: for its caches; it remembers the account of an access key there.
    """
    return {
        **os.environ,
        "AWS_ENDPOINT_URL": emulator_url,
        "AWS_ENDPOINT_URL_S3": emulator_url,  # without it, assets are uploaded to a host name of the bucket's own
        "CDK_HOME": str(home),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "NODE_NO_WARNINGS": "1",
    }


def emulator_environment(
    environ: Mapping[str, str], *, folder: Path, engine_url: str, bedrock_url: str
) -> dict[str, str]:
    """For the emulator, whose functions inherit it: almost empty, because many plain names are settings to it.

    Args:
        environ: this process's environment.
        folder: for its temporary files, the unpacked functions among them.
        engine_url: the durable engine, which takes the functions' checkpoints.
        bedrock_url: the Bedrock endpoint.
    """
    kept = {name: value for name, value in environ.items() if name in ("PATH", "HOME", "LANG")}
    return kept | {
        "TMPDIR": str(folder),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_LAMBDA": engine_url,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock_url,
        "MODEL_READ_TIMEOUT_SECONDS": "800",  # a small model on a busy laptop reads for minutes before its first token
    }
