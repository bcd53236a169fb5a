"""What the tools of the scenario `sources` lead to: endpoints on loopback, a database, a server over stdio."""
