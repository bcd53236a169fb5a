"""The page on which a person answers a review: a small function of its own, on the runtime's boto3."""
