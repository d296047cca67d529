"""Start, find, stop and wipe the local cloud.

    python -m infra.local.cloud run        start, print the addresses, run until Ctrl-C; beside
                                           another `run`, update what runs there, and end
    python -m infra.local.cloud down       stop; --wipe deletes all data

All data is in ``.local/`` (or VENUECODE_HOME): the emulator's in ``state/`` and ``s3/``, logs in
``log/``, process ids in ``run/``. Ports: VENUECODE_PORT (4566), VENUECODE_SANDBOX_PORT (4567) and
VENUECODE_CLIENT_PORT (4568), on 127.0.0.1 only.
"""

import argparse
import contextlib
import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.cells import set_cell_size
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from infra.deploy import deploy
from infra.local.client import ApiError
from infra.local.guests import is_built, offer_client, show_client
from infra.local.language import words
from infra.local.place import CREDENTIALS, REGION, LocalCloud, LocalCloudError, Place, client_of
from infra.local.sandbox.platforms import Credentials
from infra.local.seed import is_seeded, seed
from infra.package import ROOT, BuildError, package
from infra.stacks import DeployError, Target, whole
from infra.tables import coloured

STACK = whole("local")
_ARTIFACTS = "venuecode-artifacts"
_PATIENCE_SECONDS = 30.0
_CREDENTIALS_FILE = "state/platforms.json"
_OUTPUTS = {
    "table": "TableName",
    "bucket": "BucketName",
    "lookups_url": "LookupsUrl",
    "lookups_dead_letters_url": "LookupsDeadLettersUrl",
    "settles_url": "SettlesUrl",
    "settles_dead_letters_url": "SettlesDeadLettersUrl",
    "renders_url": "RendersUrl",
    "renders_dead_letters_url": "RendersDeadLettersUrl",
    "stream_dead_letters_url": "StreamDeadLettersUrl",
    "api_function": "APIHandlerName",
    "counts_function": "CountsName",
    "lookups_function": "LookupsName",
    "reconciliations_function": "ReconciliationsName",
    "renders_function": "RendersName",
    "schedules_function": "SchedulesName",
    "settles_function": "SettlesName",
    "stream_function": "StreamName",
    "keys_secret": "KeysSecretId",
    "index_secret": "IndexSecretId",
    "partners_secret": "PartnersSecretId",
    "kms_key": "DataKeyArn",
}
_FOLDER = "VENUECODE_HOME"
_PROCESSES = ("website", "sandbox", "emulator")
"""In the order in which they are stopped."""
_Step = Callable[[str], None]
_STEPS = 6
_children: dict[int, subprocess.Popen[bytes]] = {}  # those that this process has started


def start(
    progress: _Step = lambda _: None, *, place: Place | None = None, seeded: bool = True
) -> LocalCloud:
    """Bring the local cloud up to the sources of this folder and return it.

    Reuses a running one, replaces what is dead or hangs, deploys if anything changed, and seeds an
    empty table if `seeded`. Calls `progress` with each step. Raises LocalCloudError.
    """
    place = place or Place.from_environment()
    with _locked(place), _sentences():
        return _bring_up(place, progress, seeded=seeded)


def _bring_up(place: Place, progress: _Step, *, seeded: bool) -> LocalCloud:
    progress(words("Starting the local cloud", "启动本地云"))
    for name in _PROCESSES:
        if _left_over(place, name):
            stop_process(place, name, patience=2.0)
    start_emulator(place)
    if not running(place, "sandbox"):
        _require_free(place.sandbox_port, "VENUECODE_SANDBOX_PORT")
    if not running(place, "website"):
        _require_free(place.client_port, "VENUECODE_CLIENT_PORT")
    progress(words("Packaging", "打包"))
    built = package(
        "local", out=place.home / "package", environment=_environment(place), step=_quiet
    )
    marker = place.home / "state/deployed.json"
    known = json.loads(marker.read_text()) if marker.exists() else {}
    progress(words("Deploying", "部署"))
    if known.get("digest") != built.digest:
        client = _clients(place)
        _make_bucket(client("s3"))
        target = Target(client, _ARTIFACTS, poll_seconds=0.1)
        outputs = deploy(built, target, stack=STACK)
        checkpoint(place)
        known = {"digest": built.digest, "outputs": outputs}
        marker.write_text(json.dumps(known))
    cloud = cloud_of(place, known["outputs"])
    progress(words("Starting the sandbox partners", "启动模拟的对接方"))
    hand_over_credentials(place, cloud)
    start_sandbox(place, cloud)
    start_website(place, cloud)
    progress(words("Seeding", "写入演示数据"))
    if seeded:
        _seed(cloud)
    (place.home / "run/wanted").touch()
    progress(words("Ready", "就绪"))
    return cloud


def stop(*, place: Place | None = None) -> bool:
    """Stop the local cloud so that its state is saved; return False if none was running."""
    place = place or Place.from_environment()
    with _locked(place):
        (place.home / "run/wanted").unlink(missing_ok=True)
        stopped = [stop_process(place, name) for name in _PROCESSES]
    for child in _children.values():
        child.poll()  # also reaps children that another process killed
    return any(stopped)


def wipe(*, place: Place | None = None) -> None:
    """Stop the local cloud and delete all its data."""
    place = place or Place.from_environment()
    stop(place=place)
    for name in ("state", "s3", "tmp", "log", "run"):
        shutil.rmtree(place.home / name, ignore_errors=True)


def _quiet(_: str) -> None:
    return None


def _environment(place: Place) -> dict[str, str]:
    """Return the settings of the stage `local` that depend on this machine."""
    return {
        "VC_PROVIDERS_URL": place.sandbox_url,
        "VC_SMS_URL": place.sandbox_url,
        "VC_CHECKS_URL": place.sandbox_url,
        "VC_HOUSEHOLDS_URL": place.sandbox_url,
        "VC_WECHAT_URL": place.sandbox_url,
        "VC_ALIPAY_URL": place.sandbox_url,
        # The emulator unpacks layers into a folder of their own, not into /opt.
        "VC_FONTS": str(ROOT / "infra/layers/render/fonts"),
    }


def _clients(place: Place) -> Callable[[str], Any]:
    return lambda service: client_of(place.endpoint_url, service)


def cloud_of(place: Place, outputs: Mapping[str, str]) -> LocalCloud:
    """Return the addresses of a deployment at `place`, from its stacks' outputs."""
    return LocalCloud(
        base_url=f"{place.endpoint_url}/restapis/{outputs['RestAPIId']}/api/_user_request_",
        sandbox_url=place.sandbox_url,
        endpoint_url=place.endpoint_url,
        host_url=place.host_url,
        outputs={name: outputs[key] for name, key in _OUTPUTS.items()},
        log_dir=place.home / "log",
    )


def _make_bucket(s3: Any) -> None:
    try:
        s3.head_bucket(Bucket=_ARTIFACTS)
    except ClientError:
        s3.create_bucket(Bucket=_ARTIFACTS)


def _seed(cloud: LocalCloud) -> None:
    try:
        if not is_seeded(cloud):
            seed(cloud)
    except ApiError as error:
        raise LocalCloudError(
            words(
                f"The application refused the demo data ({error}); {cloud.log_dir} may say why.",
                f"应用拒绝了演示数据（{error}），原因请看 {cloud.log_dir}。",
            )
        ) from error


@contextlib.contextmanager
def _locked(place: Place) -> Iterator[None]:
    """Let one process at a time change the local cloud; others wait."""
    place.home.mkdir(parents=True, exist_ok=True)
    with (place.home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    """Turn the errors of the steps into LocalCloudError."""
    try:
        yield
    except (BuildError, DeployError) as error:
        raise LocalCloudError(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise LocalCloudError(
            words(
                f"The local cloud refused a call ({error}). Try again; if it stays so, "
                "`make down WIPE=1` begins anew.",
                f"本地云拒绝了调用（{error}）。请再试；如仍这样，用 `make down WIPE=1` 重新开始。",
            )
        ) from error


# --- Processes ------------------------------------------------------------------------------------


def start_emulator(place: Place) -> None:
    """Start the emulated AWS alone, unless it runs and answers. Raises LocalCloudError."""
    if running(place, "emulator"):
        if _answers(place, "emulator", place.port, within=5.0):
            return
        stop_process(place, "emulator", patience=2.0)  # it hangs; its journal has what counts
    _require_free(place.port, "VENUECODE_PORT")
    shutil.rmtree(place.home / "tmp", ignore_errors=True)
    for name in ("state", "s3", "tmp", "log", "run"):
        (place.home / name).mkdir(mode=0o700, exist_ok=True)
    settings = {
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(place.port),
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACKREGION": REGION,
        "PERSIST_STATE": "1",
        "S3_DATA_DIR": str(place.home / "s3"),
        "S3_PERSIST": "1",
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(place.home / "state"),
        "TMPDIR": str(place.home / "tmp"),
        "VENUECODE_LOGS": str(place.home / "log"),
        "VENUECODE_STACK": STACK,
    }
    _launch(place, "emulator", ["-m", "infra.local.emulator"], settings)
    _await(place, "emulator", place.port, words("The local cloud", "本地云"))


def hand_over_credentials(place: Place, cloud: LocalCloud) -> None:
    """Put the sandbox's credentials into the partners' secret, as an operator does on AWS."""
    credentials = Credentials.kept_in(place.home / _CREDENTIALS_FILE)
    manager, name = cloud.client("secretsmanager"), cloud.outputs["partners_secret"]
    known = json.loads(manager.get_secret_value(SecretId=name)["SecretString"])
    # The sandbox has one secret for all partners; callbacks need one under the partner's name.
    wanted = {**known, "identity_checks": known["default"], **credentials.for_the_application()}
    if wanted != known:
        manager.put_secret_value(SecretId=name, SecretString=json.dumps(wanted))


def start_sandbox(place: Place, cloud: LocalCloud) -> None:
    """Start the partners' sandbox, unless it runs, answers and posts callbacks to this API.

    Raises LocalCloudError.
    """
    callback = f"{cloud.base_url}/v1/identity-checks/callback"
    if _serves(place, "sandbox", place.sandbox_port, callback):
        return
    _require_free(place.sandbox_port, "VENUECODE_SANDBOX_PORT")
    secrets = cloud.client("secretsmanager")
    partners = secrets.get_secret_value(SecretId=cloud.outputs["partners_secret"])
    settings = {
        "SANDBOX_SECRET": json.loads(partners["SecretString"])["default"],
        "SANDBOX_CREDENTIALS": str(place.home / _CREDENTIALS_FILE),
        "SANDBOX_CALLBACK": callback,
    }
    command = ["-m", "infra.local.sandbox", "--port", str(place.sandbox_port)]
    _launch(place, "sandbox", command, settings)
    (place.home / "run/sandbox.for").write_text(callback)
    _await(place, "sandbox", place.sandbox_port, words("The sandbox partners", "模拟的对接方"))


def start_website(place: Place, cloud: LocalCloud) -> None:
    """Start the host of client and API, unless it runs, answers and leads to this API.

    Raises LocalCloudError.
    """
    if _serves(place, "website", place.client_port, cloud.base_url):
        return
    _require_free(place.client_port, "VENUECODE_CLIENT_PORT")
    where = ["--port", str(place.client_port), "--api", cloud.base_url]
    command = ["-m", "infra.local.website", *where, "--files", place.endpoint_url]
    _launch(place, "website", command, {})
    (place.home / "run/website.for").write_text(cloud.base_url)
    _await(place, "website", place.client_port, words("The client's host", "客户端的主机"))


def _await(place: Place, name: str, port: int, called: str) -> None:
    """Wait until a process that was launched answers, or stop it. Raises LocalCloudError."""
    if _answers(place, name, port, within=_PATIENCE_SECONDS):
        return
    stop_process(place, name)
    log = f"{place.home}/log/{name}.log"
    raise LocalCloudError(
        words(
            f"{called} did not start: the end of {log} says why.",
            f"{called}没有启动，原因请看 {log} 的末尾。",
        )
    )


def _serves(place: Place, name: str, port: int, target: str) -> bool:
    """Return whether a process runs, answers and was started for `target`; stop it if not."""
    if not running(place, name):
        return False
    started_for = place.home / f"run/{name}.for"
    if (
        started_for.exists()
        and started_for.read_text() == target
        and _answers(place, name, port, within=2.0)
    ):
        return True
    stop_process(place, name, patience=2.0)
    return False


def _launch(place: Place, name: str, command: list[str], settings: Mapping[str, str]) -> None:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    with (place.home / f"log/{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**inherited, **settings, _FOLDER: str(place.home)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us: we stop it, so that it saves its state
        )
    _children[process.pid] = process
    (place.home / f"run/{name}.pid").write_text(str(process.pid))


def running(place: Place, name: str) -> int | None:
    """Return our process's id if it is alive, not another process's with the same number."""
    try:
        pid = int((place.home / f"run/{name}.pid").read_text())
        if pid in _children:  # while it is being started it has no command line yet
            return pid if _children[pid].poll() is None else None
    except (OSError, ValueError):
        return None
    return pid if _runs(pid, name) else None


def _runs(pid: int, name: str) -> bool:
    """Return whether a process is alive and has the command of `name`."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return f"infra.local.{name}" in command and state != "Z"


def _left_over(place: Place, name: str) -> int | None:
    """Return our process's id if it runs although the folder, with its id, was deleted.

    It still holds its port. It is known by its command, and by the folder in its environment.
    """
    if running(place, name):
        return None
    mine = f"{_FOLDER}={place.home}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()  # only of one's own processes
        except OSError:
            continue
        ours = mine in environment.split(b"\0")
        if ours and f"infra.local.{name}".encode() in command.split(b"\0"):
            return int(folder.name)
    return None


def stop_process(place: Place, name: str, *, patience: float = _PATIENCE_SECONDS) -> bool:
    """Stop a process, gently for `patience` seconds; return False if it was not running.

    It is stopped, too, if the place's folder was deleted while it ran.
    """
    left_over = _left_over(place, name)
    pid = running(place, name) or left_over
    if pid is None:
        return False
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, _PATIENCE_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not running(place, name) and not (pid == left_over and _runs(pid, name)):
                (place.home / f"run/{name}.pid").unlink(missing_ok=True)
                return True
            time.sleep(0.05)
    raise LocalCloudError(
        words(
            f"Process {pid} ({name}) cannot be ended; end it by hand.",
            f"进程 {pid}（{name}）无法结束，请手动结束。",
        )
    )


def _answers(place: Place, name: str, port: int, *, within: float) -> bool:
    """Return whether a process says `within` seconds that it is well; give up if it ends."""
    path = "/_ministack/health" if name == "emulator" else "/healthz"
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=within)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            if not running(place, name):
                return False
            time.sleep(0.05)
        finally:
            connection.close()
    return False


def _require_free(port: int, variable: str) -> None:
    deadline = time.monotonic() + 2.0  # a killed process may hold its port for a moment
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                raise LocalCloudError(
                    words(
                        f"Port {port} is taken ({error.strerror}). Stop what listens there, "
                        f"or choose another port with {variable}.",
                        f"端口 {port} 已被占用。请停止占用它的程序，或用 {variable} 另选端口。",
                    )
                ) from error
        return


def checkpoint(place: Place) -> None:
    """Make the emulator save everything now, because the stack is not in its journal."""
    saved = place.home / "state/streams.json"
    before = saved.stat().st_mtime_ns if saved.exists() else 0
    pid = running(place, "emulator")
    if pid:
        os.kill(pid, signal.SIGUSR1)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if saved.exists() and saved.stat().st_mtime_ns != before:
            return
        time.sleep(0.02)
    raise LocalCloudError(
        words(
            f"The local cloud does not save: see {place.home}/log/emulator.log.",
            f"本地云无法保存，原因请看 {place.home}/log/emulator.log。",
        )
    )


# --- Command line ---------------------------------------------------------------------------------


def show_progress(console: Console, **options: Any) -> LocalCloud:
    """Run `start` with a progress bar on the console; `options` are its own."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<32}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as bar:
        task = bar.add_task("", total=_STEPS - 1, start=True)
        begun = False

        def step(description: str) -> None:
            nonlocal begun
            bar.update(task, description=description, advance=1 if begun else 0)
            begun = True

        return start(step, **options)


def print_addresses(cloud: LocalCloud, console: Console) -> None:
    """Print every address on a line of its own, to be copied."""
    addresses = {
        words("Client", "客户端"): _client_address(cloud),
        "API": cloud.base_url,
        words("API document", "接口文档"): f"{cloud.base_url}/v1/openapi.json",
        words("Sandbox partners", "模拟的对接方"): cloud.sandbox_url,
        words("SMS inbox", "短信收件箱"): f"{cloud.sandbox_url}/sandbox/inbox",
        "AWS (test / test)": cloud.endpoint_url,
        words("Table", "数据表"): cloud.outputs["table"],
        words("Bucket", "存储桶"): cloud.outputs["bucket"],
        words("Logs", "日志"): str(cloud.log_dir),
    }
    console.rule(words("The local cloud", "本地云"))
    for what, where in addresses.items():
        console.print(
            f"{set_cell_size(what, 18)} {where}", soft_wrap=True, highlight=False, markup=False
        )
    if is_built():
        show_client(cloud, console)
    console.rule()


def _client_address(cloud: LocalCloud) -> str:
    if is_built():
        return cloud.client_url
    return words(
        "not built: apt-get install nodejs npm, then `make client`",
        "尚未构建：请执行 apt-get install nodejs npm，再执行 `make client`",
    )


def _run(console: Console) -> None:
    """Start, and run until Ctrl-C or SIGTERM; restart processes that die."""
    place = Place.from_environment()
    with _keeping(place) as keeper:
        if keeper is None:
            _keep(place, console)
            return
        _show(show_progress(console, place=place), console)
        console.print(
            words(
                f"It is up to date. Process {keeper} keeps it running: Ctrl-C there, or "
                "`make down`, stops it.",
                f"已是最新，由进程 {keeper} 保持运行。在那里按 Ctrl-C，或 `make down`，即停止。",
            )
        )


def _show(cloud: LocalCloud, console: Console) -> None:
    if is_built():
        offer_client()
    print_addresses(cloud, console)


@contextlib.contextmanager
def _keeping(place: Place) -> Iterator[int | None]:
    """Become the keeper of a local cloud; yield None, or the process id of the present keeper.

    A keeper restarts what dies and stops the local cloud at its own end. There is one at a time,
    until it ends, however it ends.
    """
    place.home.mkdir(parents=True, exist_ok=True)
    with (place.home / "keeper").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            yield int(file.read() or 0)
            return
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield None


def _keep(place: Place, console: Console) -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    _show(show_progress(console, place=place), console)
    console.print(words("Ctrl-C stops it; its data stays.", "按 Ctrl-C 停止，数据保留。"))
    while not stopped.wait(2.0):
        with _locked(place), _sentences():
            if not (place.home / "run/wanted").exists():
                console.print(words("It was stopped from elsewhere.", "已从别处停止。"))
                return
            dead = [name for name in _PROCESSES if not running(place, name)]
            if dead:
                names = words(f"The {' and the '.join(dead)}", "、".join(dead))
                console.print(names + words(" ended; starting again.", " 已退出，重新启动。"))
                _bring_up(place, _quiet, seeded=True)
    with console.status(words("Saving and stopping", "保存并停止")):
        stop(place=place)


def main() -> int:
    """Carry out `run` or `down`; a failure is one sentence and exit status 1."""
    parser = argparse.ArgumentParser(description="Run the local cloud.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start, and stay until Ctrl-C")
    down = commands.add_parser("down", help="stop")
    down.add_argument("--wipe", action="store_true", help="and forget all data")
    arguments = parser.parse_args()
    console = Console()
    try:
        if arguments.command == "run":
            _run(console)
        elif arguments.wipe:
            wipe()
            console.print(words("Stopped; all data is gone.", "已停止，数据已删除。"))
        elif stop():
            console.print(words("Stopped; the data stays.", "已停止，数据保留。"))
        else:
            console.print(words("It was not running.", "本地云没有运行。"))
    except LocalCloudError as error:
        console.print(coloured(str(error), "red"))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
