"""The console: one page on loopback that shows executions and acts on them."""
