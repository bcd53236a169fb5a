"""What commands know of the agents of a folder."""

from scripts.console.declared_agents import STAND_IN, stand_ins


def test_the_model_of_this_machine_stands_in_for_endpoints_and_for_nothing_else(tmp_path):
    entry = '[[agents]]\nname = "{}"\ninputs = ["query"]\nmodel = "{}"\nmax_tokens = 9\n'
    models = {"one": "us.anthropic.claude-sonnet-4-6", "two": "sagemaker/house", "three": "openai/house"}
    table = '[models."openai/house"]\nbase_url = "https://models.example.com/v1"\n'
    (tmp_path / "agents.toml").write_text("".join(entry.format(*one) for one in models.items()) + table)
    assert stand_ins(tmp_path) == {"two": STAND_IN, "three": STAND_IN}
    assert stand_ins() == {}
