"""Promises 2 and 5, tried at random: see `campaign`.

`--campaign-minutes N` sets how long it runs (default: 1 minute for both stores together),
`--campaign-seed N` sets the random seed.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from acceptance_command import Command
from campaign import Campaign
from inn import Inn
from news_home import configure, server_table


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("store", ["shards", "usenet"])
def test_campaign(
    usenetsync: Command,
    home: Path,
    tmp_path: Path,
    store: str,
    request: pytest.FixtureRequest,
    capfd: pytest.CaptureFixture[str],
) -> None:
    if store == "usenet" and (reason := Inn.available()):
        pytest.skip(reason)
    minutes = request.config.getoption("--campaign-minutes") / 2
    seed = request.config.getoption("--campaign-seed")
    with Inn() if store == "usenet" else nullcontext() as inn:
        if inn is not None:
            configure(home, server_table(inn, port=inn.reader_port, timeout=10))
        campaign = Campaign(usenetsync, tmp_path, seed, inn)
        try:
            campaign.run(60 * minutes)
        finally:
            reporter = request.config.pluginmanager.getplugin("terminalreporter")
            if reporter is not None:  # not in a run with several processes
                with capfd.disabled():
                    reporter.write_line(f"campaign in {store}: {campaign.report}")
