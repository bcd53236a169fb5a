"""Models that are not called through Bedrock, one folder a kind; agent_workflow/model_tables.py says which there are.

A folder ships, with the packages that it needs, only where a model of the kind is used, and is imported only when one
is called. So these modules may import Strands and botocore when they are loaded.
"""
