"""topic.py: what is published over the wire can be read back, once each."""

import json

import boto3

from scripts.local_aws.topic import Topic


def test_what_is_published_is_read_back_once(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with Topic() as topic:
        sns = boto3.client("sns", endpoint_url=topic.url, region_name="us-east-1")
        for number in range(12):
            sns.publish(TopicArn=topic.arn, Message=json.dumps({"number": number}))
        told = [*topic.new_messages(), *topic.new_messages()]
        assert sorted(message["number"] for message in told) == list(range(12))
        assert not topic.new_messages()
