"""Build what `make deploy` and the local cloud upload.

`chalice package` makes one zip for all functions and a template, into which it merges
``infra/resources.yaml``. This module adds what Chalice does not do:

- choose wheels for the Lambda runtime and never compile here; fail on a tag that its glibc cannot
  load (Chalice would ship it silently);
- precompile everything, which halves a cold start, and with the methods of dataclasses written out
  (`infra.dataclass_methods`); the same sources give the same bytes;
- ship only the called services of botocore's 16 MB, without their documentation, and beside its
  bundle of certificates one of Amazon's;
- put typst and the fonts into a layer of their own.

    build/<stage>/template.json  deployment.zip  layer-render.zip
"""

import argparse
import ast
import compileall
import dataclasses
import gzip
import hashlib
import json
import os
import platform
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from chalice.config import Config
from rich.console import Console
from rich.table import Table

from chalicelib.core import messages
from chalicelib.venues.landing import verification_files
from infra import dataclass_methods, late_imports, roots
from infra.dashboard import put_dashboard

ROOT = Path(__file__).absolute().parents[1]
STAGES = ("local", "dev", "prod")
LIMIT_MB = 20.0
STRETCH_MB = 12.0

# Installed with a package and never read by what the code calls.
_TRIMMED = (
    "bin",
    "cffi",  # cryptography needs its compiled half only
    "dateutil/zoneinfo",
    "phonenumbers/carrierdata",
    "phonenumbers/geodata",
    "phonenumbers/tzdata",
    "pycparser",
    "pydantic/v1",
    "stdnum/*.dat",
    "*.dist-info/RECORD",
)
# Of these folders only what is called ships.
KEPT = {
    "botocore/data": ("dynamodb", "kms", "s3", "secretsmanager", "sqs", "sts"),
    "stdnum": ("cn", "iso7064"),
}
# botocore has two descriptions of endpoints. For these they say the same, and it follows the rules
# of one in Python at each call; without them it reads the other when a client is made.
WITHOUT_RULES = ("dynamodb", "kms", "secretsmanager")
# A cold start imports most dataclasses of these.
_WRITTEN_OUT = ("annotated_types", "pydantic", "chalicelib")
# What `make foundation` writes into a stage of .chalice/config.json, a function each.
FOUNDATION_KEYS = (
    "manage_iam_role",
    "iam_role_arn",
    "layers",
    "reserved_concurrency",
    "subnet_ids",
    "security_group_ids",
    "environment_variables",
)


def _allowed() -> dict[str, set[str]]:
    """Return the operations that the functions' roles allow, by service.

    S3 names its actions otherwise, and needs none trimmed: a scan does not call it.
    """
    actions: set[str] = set()
    for path in (ROOT / ".chalice").glob("policy-*.json"):
        for statement in json.loads(path.read_text())["Statement"]:
            action = statement["Action"]
            actions |= {action} if isinstance(action, str) else set(action)
    found = {
        service: {one.partition(":")[2] for one in actions if one.startswith(f"{service}:")}
        for service in ("dynamodb", "kms", "secretsmanager", "sqs")
    }
    # What a transaction or a batch does is allowed by the actions of its parts.
    found["dynamodb"] |= {"TransactWriteItems", "BatchGetItem"}
    found["sqs"] |= {"SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"}
    return found


ALLOWED = _allowed()
_Step = Callable[[str], None]


class BuildError(Exception):
    """The build failed; the message says why and what to do."""


@dataclasses.dataclass(frozen=True)
class Wheel:
    """An installed distribution and the tag of its wheel."""

    name: str
    version: str
    tag: str


@dataclasses.dataclass(frozen=True)
class Package:
    """A finished build: the files to upload, and `digest`, which changes with any of them."""

    stage: str
    runtime: str
    template: Path
    code: Path
    layer: Path
    wheels: tuple[Wheel, ...]
    digest: str


def package(
    stage: str,
    *,
    root: Path = ROOT,
    out: Path | None = None,
    environment: Mapping[str, str] | None = None,
    step: _Step = lambda _: None,
) -> Package:
    """Build `stage` into `out` (``build/<stage>``), unless it is there and no source has changed.

    `environment` overrides variables of ``.chalice/config.json``; calls `step` with each step.
    Raises BuildError. The stage `local` gets wheels for this interpreter, others for Lambda.
    """
    out = out or root / "build" / stage
    runtime = _runtime()
    source = _digest_of_sources(root, stage, environment or {}, runtime)
    manifest = out / "manifest.json"  # the last to be written
    if manifest.exists():
        known = json.loads(manifest.read_text())
        there = _from_manifest(out, stage, runtime, known)
        if known["source"] == source and there.code.exists() and there.layer.exists():
            return there
    out.mkdir(parents=True, exist_ok=True)
    manifest.unlink(missing_ok=True)

    step("Installing the runtime's wheels")
    found = libraries(stage, root=root)

    with tempfile.TemporaryDirectory(prefix="venuecode-build-") as scratch:
        step("Packaging with Chalice")
        project = stage_project(root, Path(scratch) / "project", stage, environment or {})
        (project / "vendor").symlink_to(found.vendor)
        merged = _chalice_package(root, project, Path(scratch) / "out", stage)
        step("Compiling and zipping")
        with zipfile.ZipFile(Path(scratch) / "out/deployment.zip") as made:
            made.extractall(Path(scratch) / "code")
        _compile(Path(scratch) / "code", "/var/task", sources=True)
        _zip({"": Path(scratch) / "code"}, out / "deployment.zip")
        shutil.copyfile(found.layer, out / "layer-render.zip")
    # Written as JSON: CloudFormation takes no YAML aliases.
    (out / "template.json").write_text(json.dumps(merged, indent=1, ensure_ascii=False))

    built = {
        "source": source,
        "digest": _digest(
            (out / name).read_bytes()
            for name in ("template.json", "deployment.zip", "layer-render.zip")
        ),
        "wheels": [dataclasses.astuple(wheel) for wheel in found.wheels],
    }
    manifest.write_text(json.dumps(built))
    return _from_manifest(out, stage, runtime, built)


@dataclasses.dataclass(frozen=True)
class Libraries:
    """What others wrote, built for the runtime: a folder of packages, and the layer's zip."""

    vendor: Path
    layer: Path
    wheels: tuple[Wheel, ...]


def libraries(stage: str, *, root: Path = ROOT) -> Libraries:
    """Install, trim and compile what the functions and the layer import, unless it is there.

    Raises BuildError.
    """
    runtime = _runtime()
    vendor, wheels = _vendor(root, root / "infra/requirements.txt", stage, runtime)
    render, render_wheels = _vendor(
        root, root / "infra/layers/render/requirements.txt", stage, runtime
    )
    wheels = tuple(sorted({*wheels, *render_wheels}, key=lambda wheel: wheel.name.lower()))
    if stage != "local":
        check_tags(wheels, runtime)
    return Libraries(vendor, _render_layer(root, render), wheels)


def template(stage: str, *, root: Path = ROOT) -> dict[str, Any]:
    """Return the template of `stage` without building what it deploys. Raises BuildError."""
    with tempfile.TemporaryDirectory(prefix="venuecode-build-") as scratch:
        project = stage_project(root, Path(scratch) / "project", stage, {})
        return _chalice_package(root, project, Path(scratch) / "out", stage)


def _runtime() -> str:
    """Return Lambda's name of this Python. Raises BuildError if there is none."""
    runtime: str = Config().lambda_python_version
    if runtime != f"python{sys.version_info.major}.{sys.version_info.minor}":
        raise BuildError(f"Lambda has no runtime for this Python; build with {runtime}.")
    return runtime


def put_gateway_texts(template: dict[str, Any]) -> None:
    """Put the catalogue's texts into what the gateway answers by itself.

    The gateway cannot read Accept-Language: `detail` is in the default language, `messages` in all.
    In ``infra/resources.yaml`` the key of the text stands in their place, as `text`.
    """
    api = template["Resources"]["RestAPI"]["Properties"]
    for kind, response in api["GatewayResponses"].items():
        bodies = response["ResponseTemplates"].items()
        texts = {media_type: _with_texts(json.loads(body)) for media_type, body in bodies}
        # A new object: some kinds share theirs by a YAML alias.
        api["GatewayResponses"][kind] = response | {"ResponseTemplates": texts}


def _with_texts(problem: dict[str, Any]) -> str:
    key = problem.pop("text")
    texts = {language: messages.text(key, language) for language in messages.LANGUAGES}
    problem |= {"detail": texts[messages.DEFAULT], "messages": texts}
    return json.dumps(problem, ensure_ascii=False)


def _from_manifest(out: Path, stage: str, runtime: str, manifest: Mapping[str, Any]) -> Package:
    return Package(
        stage=stage,
        runtime=runtime,
        template=out / "template.json",
        code=out / "deployment.zip",
        layer=out / "layer-render.zip",
        wheels=tuple(Wheel(*wheel) for wheel in manifest["wheels"]),
        digest=manifest["digest"],
    )


def _render_layer(root: Path, packages: Path) -> Path:
    """Return the layer's zip, cached by content: it is large and seldom changes."""
    fonts = root / "infra/layers/render/fonts"
    files = sorted(path for path in fonts.rglob("*") if path.is_file())
    key = _digest([packages.name.encode(), *(path.read_bytes() for path in files)])[:16]
    path = root / f"build/vendor/layer-{key}.zip"
    if not path.exists():
        _zip({"python": packages, "fonts": fonts}, path)
    return path


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def _digest_of_sources(root: Path, stage: str, environment: Mapping[str, str], runtime: str) -> str:
    files = [root / "app.py", root / "infra/requirements.txt", root / "infra/resources.yaml"]
    files += root.glob(".chalice/*.json")
    files += [path for path in (root / "infra/layers").rglob("*") if path.is_file()]
    files += _application(root)
    files += [Path(__file__), root / "infra/dashboard.py"]
    files += [Path(one.__file__ or "") for one in (dataclass_methods, late_imports, roots)]
    named = (f"{path.relative_to(root)}".encode() + path.read_bytes() for path in sorted(files))
    settings = json.dumps([stage, dict(environment), runtime, platform.platform()], sort_keys=True)
    return _digest([settings.encode(), *named])


def _application(root: Path) -> Iterable[Path]:
    return (
        path
        for path in (root / "chalicelib").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def _glibc(runtime: str) -> int:
    """Return the minor version of glibc 2: Amazon Linux 2 up to Python 3.11, then 2023."""
    return 26 if int(runtime.rpartition(".")[2]) <= 11 else 34


def _vendor(
    root: Path, requirements: Path, stage: str, runtime: str
) -> tuple[Path, tuple[Wheel, ...]]:
    """Install, trim and compile `requirements` into a folder cached by content."""
    options = [] if stage == "local" else _lambda_options(runtime)
    key = _digest(
        [
            requirements.read_bytes(),
            Path(__file__).read_bytes(),
            Path(roots.__file__).read_bytes(),
            Path(dataclass_methods.__file__).read_bytes(),
            Path(late_imports.__file__).read_bytes(),
            repr((options, sys.version)).encode(),
            repr([(service, sorted(names)) for service, names in ALLOWED.items()]).encode(),
        ]
    )[:16]
    folder = root / "build/vendor" / key
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            target = Path(scratch) / "packages"
            command = [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps"),
                *("--disable-pip-version-check", "--root-user-action=ignore"),
                *("--only-binary=:all:", "--require-hashes", "--target", str(target)),
                *(*options, "-r", str(requirements)),
            ]
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            if ran.returncode:
                raise BuildError(f"pip cannot install {requirements.name}:\n{ran.stderr.strip()}")
            _trim(target)
            _compile(target, "/var/task", sources=False)
            target.rename(folder)
    return folder, _wheels(folder)


def _lambda_options(runtime: str) -> list[str]:
    tags = [f"manylinux_2_{minor}_x86_64" for minor in range(_glibc(runtime), 4, -1)]
    tags += [f"manylinux{year}_x86_64" for year in (2014, 2010, 1)]
    options = ["--implementation", "cp", "--python-version", runtime.removeprefix("python")]
    return [*options, *(f"--platform={tag}" for tag in tags)]


def _trim(packages: Path) -> None:
    unread = [path for pattern in _TRIMMED for path in packages.glob(pattern)]
    for folder, kept in KEPT.items():
        unread += [path for path in (packages / folder).glob("*/") if path.name not in kept]
    for path in unread:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    slim(packages / "botocore/data")
    roots.put(packages)
    late_imports.put(packages)
    schema = packages / "pydantic_core/core_schema.py"
    if schema.exists():  # the layer has none
        schema.write_text(without_typed_dicts(schema.read_text()))


def without_typed_dicts(source: str) -> str:
    """Return a module whose TypedDicts are `dict`, which at run time they are.

    Pydantic describes its schemas by 72 of them. Only a type checker reads their fields, and to
    make them costs a cold start as much as six clients of AWS.
    """
    tree = ast.parse(source)
    typed = {"TypedDict"}
    for place, node in enumerate(tree.body):
        if not isinstance(node, ast.ClassDef):
            continue
        if typed.isdisjoint(base.id for base in node.bases if isinstance(base, ast.Name)):
            continue
        typed.add(node.name)
        alias = ast.Assign([ast.Name(node.name, ast.Store())], ast.Name("dict", ast.Load()))
        tree.body[place] = ast.fix_missing_locations(ast.copy_location(alias, node))
    return ast.unparse(tree)


def slim(data: Path) -> None:
    """Keep of botocore only what a cold start must parse: a tenth."""
    if not data.exists():  # the layer has none
        return
    for path in data.glob("*/*/service-2.json.gz"):
        with gzip.open(path) as file:
            model = _without_documentation(json.load(file))
        keep_operations(model, ALLOWED.get(path.parts[-3], set()))
        path.with_suffix("").write_text(json.dumps(model, separators=(",", ":")))
        path.unlink()
    for path in data.glob("*/*/examples-1.json"):
        path.unlink()
    for service in WITHOUT_RULES:
        for path in data.glob(f"{service}/*/endpoint-rule-set-1.json*"):
            path.unlink()
    endpoints = json.loads((data / "endpoints.json").read_text())
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {
            name: services[name] for name in KEPT["botocore/data"] if name in services
        }
    (data / "endpoints.json").write_text(json.dumps(endpoints, separators=(",", ":")))


def keep_operations(model: dict[str, Any], allowed: set[str]) -> None:
    """Drop from a service's model the operations that no role may call, with their shapes.

    Clients are built from what is left. A service without a row in `ALLOWED` keeps all of them.
    """
    if not allowed:
        return
    operations, shapes = model["operations"], model["shapes"]
    for name in operations.keys() - allowed:
        del operations[name]
    waiting, reached = [operations], set[str]()
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            name = part.get("shape")
            if isinstance(name, str) and name not in reached:
                reached.add(name)
                waiting.append(shapes[name])
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    model["shapes"] = {name: shape for name, shape in shapes.items() if name in reached}


def _without_documentation(model: Any) -> Any:
    if isinstance(model, dict):
        return {
            # Empty, not removed: botocore asks for some. A shape's member may have the same name.
            key: ""
            if key == "documentation" and isinstance(value, str)
            else _without_documentation(value)
            for key, value in model.items()
        }
    return [*map(_without_documentation, model)] if isinstance(model, list) else model


def _wheels(packages: Path) -> tuple[Wheel, ...]:
    found = []
    for path in packages.glob("*.dist-info/WHEEL"):
        name, _, version = path.parent.name.removesuffix(".dist-info").rpartition("-")
        tags = re.findall(r"^Tag: (\S+)$", path.read_text(), re.MULTILINE)
        found += [Wheel(name, version, tag) for tag in tags[-1:]]
    return tuple(found)


def check_tags(wheels: Iterable[Wheel], runtime: str) -> None:
    """Raise BuildError for a wheel that Lambda's `runtime` (x86_64) cannot load."""
    for wheel in wheels:
        system = wheel.tag.rpartition("-")[2]
        version = re.fullmatch(r"manylinux_2_(\d+)_x86_64", system)
        old = re.fullmatch(r"manylinux(1|2010|2014)_x86_64", system)
        if system != "any" and not old and not (version and int(version[1]) <= _glibc(runtime)):
            raise BuildError(
                f"{wheel.name} {wheel.version} is built for {system}, which {runtime} on Lambda "
                f"(glibc 2.{_glibc(runtime)}) cannot load: pin a version that has such a wheel."
            )


def stage_project(root: Path, project: Path, stage: str, environment: Mapping[str, str]) -> Path:
    """Make a Chalice project that holds only what ships, without ``vendor/``.

    What `make foundation` wrote into the stage is left out: here the template says it.
    """
    (project / ".chalice").mkdir(parents=True)
    shutil.copy2(root / "app.py", project)
    shutil.copytree(
        root / "chalicelib",
        project / "chalicelib",
        ignore=shutil.ignore_patterns("__pycache__", "*.po"),
    )
    for policy in (root / ".chalice").glob("policy-*.json"):
        shutil.copy2(policy, project / ".chalice")
    config = json.loads((root / ".chalice/config.json").read_text())
    settings = config["stages"][stage]
    settings["environment_variables"].update(environment)
    try:
        verification_files(settings["environment_variables"].get("VC_CODE_FILES", ""))
    except ValueError as error:
        raise BuildError(f"{error}.") from None
    for function in settings.get("lambda_functions", {}).values():
        for key in FOUNDATION_KEYS:
            function.pop(key, None)
    (project / ".chalice/config.json").write_text(json.dumps(config))
    (project / "requirements.txt").touch()  # all of it is in vendor/, precompiled
    return project


def _chalice_package(root: Path, project: Path, out: Path, stage: str) -> dict[str, Any]:
    """Have Chalice package `project` into `out`; return the template, completed."""
    command = [
        *(sys.executable, "-c", "from chalice.cli import main; main()", "package"),
        *("--pkg-format", "cloudformation", "--template-format", "yaml", "--stage", stage),
        *("--merge-template", str(root / "infra/resources.yaml"), str(out)),
    ]
    # Chalice wants a region although the template names none.
    settings = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        command, cwd=project, env=settings, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise BuildError(f"chalice package failed:\n{(ran.stdout + ran.stderr).strip()}")
    made: dict[str, Any] = yaml.safe_load((out / "sam.yaml").read_text())
    made["Parameters"]["Stage"]["Default"] = stage
    put_gateway_texts(made)
    put_dashboard(made)
    return made


def _compile(folder: Path, deployed_at: str, *, sources: bool) -> None:
    """Compile all modules so that Lambda neither compiles nor checks their age.

    Without `sources` the compiled modules replace them, which makes the package smaller.
    """
    compiled = compileall.compile_dir(
        folder,
        quiet=1,
        legacy=not sources,
        stripdir=str(folder),
        prependdir=deployed_at,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not compiled:
        raise BuildError(f"Some modules in {folder} cannot be compiled.")
    modules = (path for name in _WRITTEN_OUT for path in (folder / name).rglob("*.py"))
    dataclass_methods.compile_again(modules, beside=not sources)
    if not sources:
        for path in folder.rglob("*.py"):
            path.unlink()


def _zip(folders: Mapping[str, Path], path: Path) -> None:
    """Zip `folders` under their names; the same content gives the same bytes."""
    fresh = path.with_suffix(".new")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
        for prefix, folder in folders.items():
            for source in sorted(folder.rglob("*")):
                if source.is_file():
                    name = str(Path(prefix) / source.relative_to(folder))
                    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                    entry.external_attr = (0o100755 if source.suffix == ".so" else 0o100644) << 16
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, source.read_bytes())
    fresh.replace(path)


def lint(built: Package) -> str:
    """Return cfn-lint's findings on the template; empty if it is clean."""
    linter = Path(sys.executable).with_name("cfn-lint")
    command = [str(linter), "--include-checks", "W", "--", str(built.template)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return (ran.stdout + ran.stderr).strip() if ran.returncode else ""


def report(built: Package, console: Console) -> None:
    """Print the sizes and the wheels' tags."""
    wheels = Table("package", "version", "wheel tag", title=f"Wheels for {built.runtime}")
    for wheel in built.wheels:
        wheels.add_row(wheel.name, wheel.version, wheel.tag)
    console.print(wheels)
    sizes = Table("file", "zipped", "unzipped", title=f"Package for {built.stage}")
    for path in (built.code, built.layer):
        with zipfile.ZipFile(path) as archive:
            unzipped = sum(entry.file_size for entry in archive.infolist())
        sizes.add_row(str(path.relative_to(ROOT)), _mb(path.stat().st_size), _mb(unzipped))
    sizes.add_row(
        str(built.template.relative_to(ROOT)), "", f"{built.template.stat().st_size / 1e3:.0f} kB"
    )
    console.print(sizes)


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def main() -> int:
    """Build a stage, print its sizes, and check it."""
    parser = argparse.ArgumentParser(description="Build what is deployed.")
    parser.add_argument("stage", choices=STAGES)
    stage = parser.parse_args().stage
    console = Console()
    try:
        with console.status("Packaging") as status:
            built = package(stage, step=status.update)
            report(built, console)
            status.update("Checking the template with cfn-lint")
            findings = lint(built)
    except BuildError as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        return 1
    size = built.code.stat().st_size / 1e6
    if findings:
        console.print(findings, markup=False)
        console.print("[red]cfn-lint has findings in the template.[/red]")
        return 1
    if size > LIMIT_MB:
        console.print(
            f"[red]deployment.zip weighs {size:.1f} MB; {LIMIT_MB:.0f} are allowed.[/red]"
        )
        return 1
    console.print(
        f"cfn-lint: clean. deployment.zip: {size:.1f} MB "
        f"(at most {LIMIT_MB:.0f}, the goal is {STRETCH_MB:.0f})."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
