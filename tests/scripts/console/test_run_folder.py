"""Folders of runs, and which of them stay."""

from scripts.console.run_folder import new_run_folder


def test_the_last_five_runs_stay(tmp_path):
    for second in range(7):
        (tmp_path / f"run-20260101-00000{second}").mkdir()
    new = new_run_folder(tmp_path)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [f"run-20260101-00000{second}" for second in (3, 4, 5, 6)] + [new.name]


def test_a_run_that_still_runs_stays_however_old(tmp_path):
    first = [new_run_folder(tmp_path) for _ in range(7)]  # all of them owned by this process
    assert all(folder.is_dir() for folder in first)
    assert len(set(first)) == 7


def test_other_files_stay(tmp_path):
    (tmp_path / "environment.lock").touch()
    for _ in range(7):
        new_run_folder(tmp_path)
    assert (tmp_path / "environment.lock").exists()
