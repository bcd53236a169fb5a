"""The emulator's patch keeps what its CloudFormation drops, and nothing else."""

from scripts.local_aws.account.patched_ministack import keeping

DURABLE = {"ExecutionTimeout": 3600, "RetentionPeriodInDays": 1}
DEAD_LETTERS = {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:q"}


def created(properties):
    functions = {}

    def create(logical_id, given, stack):
        functions[f"{stack}-{logical_id}"] = {"config": {"Handler": given["Handler"]}}
        return f"{stack}-{logical_id}", {"Arn": "arn"}

    answer = keeping(create, functions)("Function", properties, "stack")
    return answer, functions["stack-Function"]["config"]


def test_durable_and_dead_letter_configuration_are_kept_as_the_template_says():
    answer, config = created(
        {"Handler": "h.f", "DurableConfig": DURABLE, "DeadLetterConfig": DEAD_LETTERS, "Description": "dropped"}
    )
    assert answer == ("stack-Function", {"Arn": "arn"})
    assert config == {"Handler": "h.f", "DurableConfig": DURABLE, "DeadLetterConfig": DEAD_LETTERS}


def test_the_emulators_own_durable_engine_is_not_switched_on():
    _, config = created({"Handler": "h.f", "DurableConfig": DURABLE})
    assert "Enabled" not in config["DurableConfig"]


def test_a_function_without_either_stays_as_the_emulator_made_it():
    assert created({"Handler": "h.f"})[1] == {"Handler": "h.f"}
