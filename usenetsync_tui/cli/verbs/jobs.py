"""`usenetsync jobs [JOB]`."""

from __future__ import annotations

import click

from usenetsync_tui.cli.deferred import loaded_from
from usenetsync_tui.cli.options import json_option


@click.command(name="jobs")
@click.argument("job", required=False, type=click.IntRange(1))
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    default=50,
    help="List the latest N jobs.  [default: 50]",
)
@click.option(
    "--all", "every", is_flag=True, help="List all jobs ever, newest last.  [default: the latest]"
)
@json_option
@loaded_from("jobs")
def list_jobs() -> None:
    """List the latest jobs, or how JOB ended and every problem it recorded."""
