"""Provokes the cause of every alarm and follows the runbook."""
