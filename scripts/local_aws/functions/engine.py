"""The durable engine: AWS's own `dex-local-runner` server, on loopback, on a free port.

    python -m scripts.local_aws.functions.engine --port 0 --store FILE.sqlite

The same server as `dex-local-runner start-server`, started through its library, because the command can neither
report a free port nor shorten the five seconds that it waits before it invokes a crashed function again.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from aws_durable_execution_sdk_python_testing import threads
from aws_durable_execution_sdk_python_testing.child_dispatcher import FunctionConfig, FunctionConfigs
from aws_durable_execution_sdk_python_testing.executor import Executor
from aws_durable_execution_sdk_python_testing.runner import WebRunner, WebRunnerConfig
from aws_durable_execution_sdk_python_testing.stores.base import StoreType
from aws_durable_execution_sdk_python_testing.web.server import WebServiceConfig

from scripts.local_aws.functions.function_environment import DUMMY_CREDENTIALS, region_of
from scripts.local_aws.processes.loopback import HOST, port_refused

LONGEST_PAUSE_SECONDS = 7 * 86_400
RETENTION_DAYS = 14
UNTIL_TOLD = "http://127.0.0.1:9"  # the Lambda endpoint announces itself (PUT /lambda-endpoint)


@dataclass(frozen=True)
class EveryFunction(FunctionConfigs):
    """What a chained invoke may start: any durable function, since the endpoint serves one, under whatever name."""

    durable: FunctionConfig

    def lookup(self, function_name: str, qualifier: str | None) -> FunctionConfig | None:
        """The one configuration; none without a qualifier, which Lambda would refuse."""
        return None if qualifier is None or not function_name else self.durable


def main() -> None:
    """Serve until SIGTERM."""
    options = _options()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    region = region_of(os.environ)
    os.environ.update(DUMMY_CREDENTIALS)  # it signs its calls to the Lambda endpoint, which does not look
    Executor.RETRY_BACKOFF_SECONDS = options.crash_retry_seconds
    # its pool of invocations has no setting; left alone, it is the cores plus four: six on a small machine
    threads.default_max_workers = lambda: options.concurrent_invocations
    runner = WebRunner(_config(options, region))
    try:
        runner.start()
    except OSError as error:
        print(f"durable engine: {port_refused(options.port, error)}", file=sys.stderr)
        sys.exit(2)
    print(f"ready http://{HOST}:{_port(runner)}", flush=True)
    try:
        runner.serve_forever()
    except (KeyboardInterrupt, SystemExit):
        os._exit(0)  # its store is written through; its threads would wait for calls in flight


def _port(runner: WebRunner) -> int:
    server = runner._server  # noqa: SLF001  (the library offers no other way to learn the port)
    if server is None:
        raise RuntimeError("the durable engine did not start")
    return int(server.server_address[1])


def _config(options: argparse.Namespace, region: str) -> WebRunnerConfig:
    return WebRunnerConfig(
        web_service=WebServiceConfig(host=HOST, port=options.port, log_level=logging.WARNING),
        lambda_endpoint=UNTIL_TOLD,
        local_runner_region=region,
        store_type=StoreType.SQLITE if options.store else StoreType.MEMORY,
        store_path=str(options.store) if options.store else None,
        # the Lambda endpoint kills at the function's timeout, and holds a paused execution's invocation back;
        # the engine must not give up first and invoke twice
        invocation_timeout_seconds=LONGEST_PAUSE_SECONDS,
        skip_time=options.skip_time,
        function_configs=EveryFunction({}, FunctionConfig(True, options.execution_timeout_seconds, RETENTION_DAYS)),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="engine", description="AWS's durable local runner on loopback")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one (default)")
    parser.add_argument("--store", type=Path, help="SQLite file that survives a restart (default: memory)")
    parser.add_argument(
        "--crash-retry-seconds", type=float, default=1.0, help="wait before a crashed function is invoked again"
    )
    parser.add_argument(
        "--concurrent-invocations", type=int, default=32, help="function processes at once; more wait (default 32)"
    )
    parser.add_argument(
        "--execution-timeout-seconds", type=int, default=86_400,
        help="of executions that another one starts (default a day)",
    )  # fmt: skip
    parser.add_argument("--skip-time", action="store_true", help="durable waits and back-offs pass at once")
    return parser.parse_args()


if __name__ == "__main__":
    main()
