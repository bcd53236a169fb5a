"""The command with a stubbed account behind it."""

import pytest

from scripts.operate import shared_options
from scripts.operate.command import main
from tests.scripts.operate.stubbed import Account, Run


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    for name, value in (("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x"), ("COLUMNS", "100")):
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    account = Account()
    monkeypatch.setattr(shared_options, "Place", account.place)
    return account


@pytest.fixture
def run(account: Account, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command; gives its exit status, stdout and stderr."""

    def command(*arguments: str) -> tuple[int, str, str]:
        status = main(list(arguments))
        said = capsys.readouterr()
        return status, said.out, said.err

    return command
