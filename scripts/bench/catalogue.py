"""Every benchmark, in the order they run: the cheap ones first."""

from scripts.bench import commands, documents, flows, fresh_process, operations, overhead, package, replay, yields
from scripts.bench.row import Benchmark

BENCHMARKS = (
    Benchmark("operations", operations.default_run),
    Benchmark("api-calls", operations.api_calls),
    Benchmark("engine", overhead.local_engine),
    Benchmark("handler", fresh_process.handler_rows),
    Benchmark("overhead", overhead.ten_turns),
    Benchmark("replay", replay.long_history),
    Benchmark("documents", documents.index_rows),
    Benchmark("package", package.package_rows),
    Benchmark("synth", commands.synth),
    Benchmark("local-run", commands.local_run),
    Benchmark("tool-packages", package.tool_rows, slow=True),
    Benchmark("flow-operations", flows.verbs, slow=True),
    Benchmark("flow-topics", flows.topics, slow=True),
    Benchmark("flow-overhead", flows.overhead, slow=True),
    Benchmark("turns", replay.many_turns, slow=True),
    Benchmark("yield", yields.sweep, slow=True),
    Benchmark("fast-tests", commands.fast_tests, slow=True),
)
