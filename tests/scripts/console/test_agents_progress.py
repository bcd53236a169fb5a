"""The story of a run, told from the endpoints' events."""

from scripts.console.agents_progress import Progress


class Story:
    def __init__(self):
        self.notes: list[str] = []
        self.progress = Progress.of(["research", "analysis"], lambda _, sentence: self.notes.append(sentence))

    def event(self, at, event, **fields):
        self.progress.see_event({"at": at, "event": event, **fields})

    def operation(self, at, path, action, kind="STEP"):
        self.event(at, "operation", operation=path, action=action, type=kind)

    def call(self, at, event, tokens=0, agent="research", error=None):
        self.progress.see_call({"at": at, "event": event, "agent": agent, "output_tokens": tokens, "error": error})

    def research(self):
        self.event(1, "invocation_started", pid=10)
        self.operation(1, "research-agent", "START", "CONTEXT")
        self.operation(1, "research-agent/model-1", "START")
        self.call(2, "started")
        self.call(3, "token", 1)
        self.call(8, "finished", 100)
        self.operation(8, "research-agent/model-1", "SUCCEED")
        self.operation(9, "research-agent", "SUCCEED", "CONTEXT")


def test_an_agent_is_done_when_its_own_operation_is():
    story = Story()
    story.research()
    research = story.progress.agents["research"]
    assert (research.state, research.calls, research.total_tokens, research.seconds(0)) == ("done", 1, 100, 8)
    assert story.progress.agents["analysis"].state == "waiting"


def test_the_rate_counts_from_the_first_token():
    story = Story()
    story.research()
    assert story.progress.agents["research"].tokens_per_second == 20


def test_a_second_process_tells_which_agents_it_replays():
    story = Story()
    story.research()
    story.event(10, "killed", pid=10, operation="research-agent", moment="after", action="SUCCEED")
    story.event(10, "invocation_ended", pid=10, status="died")
    story.event(11, "invocation_started", pid=11)
    assert story.notes[-2:] == [
        "process 10 killed (SIGKILL) right after the checkpoint of research-agent",
        "process 11 (new) resumes the execution; research: replayed from checkpoints",
    ]
    assert story.progress.agents["research"].replayed


def test_a_tool_that_waits_says_so_once_whatever_steps_it_has():
    story = Story()
    story.operation(1, "research-agent", "START", "CONTEXT")
    story.operation(2, "research-agent/tool-1-ask_manager", "START", "CONTEXT")
    story.operation(2, "research-agent/tool-1-ask_manager/manager", "START", "CALLBACK")
    story.operation(3, "research-agent/tool-1-ask_manager/question", "START")
    story.operation(4, "research-agent/model-2", "START")
    assert story.notes == [
        "research: tool ask_manager",
        "research: tool ask_manager waits for an answer from outside",
        "research: model call 2",
    ]


def test_a_process_that_dies_unasked_is_told():
    story = Story()
    story.event(1, "invocation_started", pid=10)
    story.event(2, "invocation_ended", pid=10, status="died")
    assert story.notes[-1] == "process 10 died; the durable engine invokes the function again"


def test_a_suspension_is_told():
    story = Story()
    story.event(1, "invocation_started", pid=10)
    story.operation(2, "demo-checkpoint", "START", "WAIT")
    story.event(3, "invocation_ended", pid=10, status="PENDING")
    assert story.notes[-2] == "demo-checkpoint: waits for a timer"
    assert story.notes[-1].startswith("process 10 suspended")


def test_a_failing_model_is_told_with_its_error():
    story = Story()
    story.call(1, "failed", error="ThrottlingException")
    assert story.notes == ["research: the model's service answered ThrottlingException"]


def test_tokens_of_a_broken_call_do_not_count_into_the_next_one():
    story = Story()
    story.call(1, "started")
    story.call(2, "token", 40)
    story.call(3, "disconnected", 40)
    story.call(4, "started")
    assert story.progress.agents["research"].tokens == 0


def test_calls_of_an_agent_that_is_not_declared_are_ignored():
    story = Story()
    story.call(1, "finished", 5, agent="stranger")
    assert set(story.progress.agents) == {"research", "analysis"}


def test_it_is_finished_when_the_execution_is():
    story = Story()
    assert not story.progress.finished
    story.event(1, "execution_finished", status="FAILED")
    assert story.progress.finished


def test_a_batch_is_finished_when_its_own_execution_is():
    story = Story()
    story.progress.execution = "batch"
    story.event(1, "execution_finished", execution="one", status="FAILED", error_type="ModelAccessDenied")
    assert not story.progress.finished
    assert story.notes[-1] == "one of the batch has ended: failed with ModelAccessDenied"
    story.event(2, "execution_finished", execution="batch", status="SUCCEEDED")
    assert story.progress.finished
