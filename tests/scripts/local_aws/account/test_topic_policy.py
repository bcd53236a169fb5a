"""An alarm of the emulated account publishes only where the topic's policy lets it."""

from scripts.local_aws.account.topic_policy import obeying

OPEN, CLOSED = "arn:aws:sns:us-east-1:000000000000:open", "arn:aws:sns:us-east-1:000000000000:closed"


def test_a_topic_that_refuses_hears_nothing_and_the_alarm_itself_stays_as_it_is():
    told = []
    alarm = {"AlarmName": "Failed", "AlarmActions": [OPEN, CLOSED], "OKActions": [CLOSED]}
    dispatch = obeying(lambda one, *states: told.append((one, states)), lambda topic, _: topic == OPEN)
    dispatch(alarm, "OK", "ALARM", "threshold crossed")
    ((published, states),) = told
    assert (published["AlarmActions"], published["OKActions"]) == ([OPEN], [])
    assert states == ("OK", "ALARM", "threshold crossed")
    assert alarm["AlarmActions"] == [OPEN, CLOSED]
