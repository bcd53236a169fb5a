"""Passages of an Amazon Bedrock knowledge base."""
