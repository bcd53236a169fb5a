"""Histories of executions without their texts, replayed against today's code."""
