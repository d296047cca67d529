"""The command ``index-keys``: move the blind indexes to another root, after one has leaked.

docs/decisions/0224 and 0225 say how; docs/operations.md says when.
"""

import secrets
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime, timedelta

from rich.console import Console
from rich.progress import Progress

from chalicelib.bootstrap import Container
from chalicelib.core.clock import Clock
from chalicelib.core.crypto import Stage
from chalicelib.core.indexed_table import IndexedTable
from chalicelib.insight.store.index_move import IndexMove, Pass
from infra.ops import inputs
from infra.ops.deployment import Deployment
from infra.ops.rotate import CACHES_TURN_OVER, without
from infra.ops.secret import Secret

UNITS = 500
AT_ONCE = 8
"""So many items are moved side by side, within botocore's ten connections."""
_PASSES = 5
"""So many passes may find something that a request, which had read it before, has put back."""


def publish(pairs: dict[str, str], new_root: str, now: datetime) -> dict[str, str]:
    """Return the secret with one more root, under which every process looks, and writes nothing.

    Raises ValueError if a move is under way.
    """
    if "index_stage" in pairs:
        raise ValueError("a move is under way: go on with index-keys --move")
    number = str(1 + max(map(int, filter(str.isdecimal, pairs))))
    return {
        **pairs,
        number: new_root,
        "index_next": number,
        "index_stage": Stage.PUBLISHED,
        "index_since": now.isoformat(),
    }


def proceed(pairs: dict[str, str], now: datetime) -> dict[str, str]:
    """Return the secret at the next stage of the move."""
    stage = Stage(pairs["index_stage"])
    if stage is Stage.PUBLISHED:
        return {**pairs, "index_stage": Stage.MOVING, "index_since": now.isoformat()}
    if stage is Stage.MOVING:
        chain = {"index": f"{pairs['index']},{pairs['index_next']}"}
        later = {"index_stage": Stage.SETTLING, "index_since": now.isoformat()}
        return without(pairs, "index_next") | chain | later
    return without(pairs, "index_stage", "index_since")


def due(pairs: dict[str, str]) -> datetime:
    """Return when every process knows the stage of the move."""
    return datetime.fromisoformat(pairs["index_since"]) + CACHES_TURN_OVER


def sweep(
    move: IndexMove,
    stage: Stage,
    since: datetime,
    now: datetime,
    *,
    seen: Callable[[Pass], None],
    rest: Callable[[float], None],
) -> Pass:
    """Move what the whole table holds, or the rest of it after an interruption.

    `since` is when the stage began: a pass that is older belongs to an earlier move, whose operator
    was interrupted while another one ended it. `seen` is called after each page, `rest` with the
    units that it has cost. Raises Unavailable.
    """
    under_way = move.under_way()
    one = Pass(stage, now)
    if under_way and under_way.stage == stage and under_way.began >= since:
        one = under_way
    while True:
        one, units = move.step(one)
        seen(one)
        if one.after is None:
            move.end()
            return one
        move.keep(one)
        rest(units)


class _Command:
    """One run of the command."""

    def __init__(
        self, deployment: Deployment, console: Console, clock: Clock, pool: Executor
    ) -> None:
        self._pool = pool
        self.secret = Secret(deployment, "IndexSecretId")
        self._deployment = deployment
        self._console = console
        self._clock = clock

    @property
    def pairs(self) -> dict[str, str]:
        """The pairs of the index secret, as this run last read or wrote them."""
        return self.secret.pairs

    def show(self) -> None:
        """Print the roots, and what to do next."""
        index = " on ".join(self.pairs["index"].split(","))
        self._console.print(f"Blind indexes are made with root {index}.")
        if "index_stage" not in self.pairs:
            self._console.print("No move is under way.")
            return
        aim = self.pairs.get("index_next", self.pairs["index"].split(",")[-1])
        self._console.print(f"A move to root {aim} is at the stage {self.pairs['index_stage']}.")
        self._console.print(f"Go on with index-keys --move at {due(self.pairs):%Y-%m-%d %H:%M %Z}.")

    def move(self, container: Container, units: int, pause: Callable[[float], None]) -> int:
        """Go on with the move as far as it can go now. Return 1 if something could not be moved."""
        if "index_stage" not in self.pairs:
            raise SystemExit("Nothing was changed: no move is under way; index-keys --begin.")
        now = self._clock.now()
        if now < due(self.pairs):
            wait = -(-(due(self.pairs) - now) // timedelta(seconds=1))
            raise SystemExit(f"Nothing was changed: not every process knows it yet: wait {wait} s.")
        stage = Stage(self.pairs["index_stage"])
        if stage is not Stage.PUBLISHED:
            for _ in range(_PASSES):
                done = self._sweep(container, stage, lambda spent: pause(spent / units))
                if not done.left and (stage is Stage.MOVING or not done.moved):
                    break
            else:
                self._console.print(f"{done.left + done.moved} still change; run it again.")
                return 1
            if done.expires:
                last = datetime.fromtimestamp(done.until, now.tzinfo)
                self._console.print(f"{done.expires} expire by themselves until {last:%Y-%m-%d}.")
        # The passes may have taken hours: the stage begins now.
        self.secret.write(proceed(self.pairs, self._clock.now()))
        if "index_stage" in self.pairs:
            self.show()
        else:
            former = self.pairs["index"].split(",")[-2]
            self._console.print(f"Done. Nothing in the table is found by root {former} alone.")
        return 0

    def _sweep(self, container: Container, stage: Stage, rest: Callable[[float], None]) -> Pass:
        table = container.table
        if not isinstance(table, IndexedTable):
            raise SystemExit("This deployment has no index secret.")
        client = self._deployment.client("dynamodb")
        name = self._deployment.outputs["TableName"]
        pages = client.describe_table(TableName=name)["Table"]["TableSizeBytes"] // 2**20 + 1
        with Progress(console=self._console) as progress:
            task = progress.add_task(f"{stage}, by pages", total=pages)

            def seen(one: Pass) -> None:
                said = f"{stage}: {one.moved} moved, {one.left} left"
                progress.update(task, advance=1, description=said)

            move = IndexMove(table, container.index, self._pool.map)
            since = datetime.fromisoformat(self.pairs["index_since"])
            return sweep(move, stage, since, self._clock.now(), seen=seen, rest=rest)


HELP = "move the blind indexes to a new root"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--begin", action="store_true", help="publish a new root for them")
    either.add_argument("--move", action="store_true", help="go on, as far as it can go now")
    parser.add_argument(
        "--units",
        type=inputs.units,
        default=UNITS,
        help=f"read units a second that a pass may use; {UNITS} if left out",
    )


def destroys(given: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    return "changes the keys by which people are found" if given.move else ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    asked = {"begin": given.begin, "move": given.move}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return run(found, **asked, units=given.units, console=console, pool=pool)


def run(
    deployment: Deployment,
    *,
    begin: bool,
    move: bool,
    units: int,
    console: Console,
    pool: Executor,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Show how far a move is, begin one, or go on with it; `pool` moves items side by side."""
    container = deployment.container()
    one = _Command(deployment, console, container.clock, pool)
    if move:
        return one.move(container, units, pause)
    if begin:
        try:
            one.secret.write(publish(one.pairs, secrets.token_urlsafe(48), container.clock.now()))
        except ValueError as error:
            raise SystemExit(f"Nothing was changed: {error}.") from None
    one.show()
    return 0
