"""Packaged tools that read: small modules behind one shape, none imported unless an agent really runs it."""
