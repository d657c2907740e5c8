"""A sample of the simulations, and the proof that the oracle behind them sees what is broken."""

import subprocess

import pytest

from product import RELEASE


def simulate(*arguments: str, within: float = 240) -> subprocess.CompletedProcess[str]:
    return subprocess.run([RELEASE / "tompion-simulate", *arguments], capture_output=True, text=True,
                          timeout=within)


def test_a_sample_of_seeds_breaks_no_invariant():
    done = simulate("--seeds", "150")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "150 seeds" in done.stdout and "0 failed" in done.stdout, done.stdout


@pytest.mark.parametrize("seed", [4074, 5028, 5131, 7106])
def test_a_seed_that_once_found_something_is_clean(seed):
    """A slot whose time came unseen, twice; a clock set back behind a start, or under a stopped server."""
    done = simulate("--seed", str(seed), "--hash")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_broken_twin_is_caught_within_200_seeds():
    done = simulate("--twins")
    assert done.returncode == 0, done.stdout + done.stderr
    caught = {line.split(":")[0] for line in done.stdout.splitlines() if ": seed " in line}
    assert {"fence-ignored", "watermark-ignored", "sent-before-commit"} <= caught, done.stdout
    assert len(caught) == 17, caught


def test_a_seed_replays_exactly():
    hashes = {simulate("--seed", "7", "--hash").stdout for _ in range(2)}
    assert len(hashes) == 1 and hashes != {""}, hashes
    assert simulate("--seed", "8", "--hash").stdout not in hashes


def test_a_wrong_option_is_named():
    done = simulate("--sedes", "3")
    assert done.returncode == 2 and "--sedes" in done.stderr
