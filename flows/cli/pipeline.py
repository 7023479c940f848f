"""The pipeline of the account that a command works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flows.cli.console import Screen
from flows.cli.place import Need, Place, open_place
from flows.session.pipeline import Pipeline


@contextmanager
def open_pipeline(
    screen: Screen, *, aws: bool, need: Need = Need.WORK, mends: bool = False
) -> Iterator[tuple[Place, Pipeline]]:
    """The account, with the rights of the flows, and its pipeline.

    Args:
        need: how much of the account on the laptop must be up.
        aws: the account that the environment names, instead of the laptop's.
        mends: make the state of the laptop's account again where it is of no use.

    Raises:
        SettingsError, AwsError: as `open_place` does.
    """
    with open_place(screen, aws=aws, as_flow=True, need=need, mends=mends) as place:
        yield place, Pipeline(place.settings, place.lake)
