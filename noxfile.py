"""The project's chores: ``nox`` runs what a change must pass, ``nox -l`` lists the rest."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from pathlib import Path

import nox
from nox.command import CommandFailed

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "imports", "docs", "tests", "interop"]

BENCHMARKS = (
    *("flows", "flows_latency", "calls_alive", "parse", "explain_numbers", "udp", "cold_start"),
    *("serve_lines", "http_events"),
)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and format."""
    session.install("ruff>=0.5")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict, over everything that is shipped, seen from Linux and from Windows."""
    session.install("-e", ".[dev]")
    session.run("mypy")
    session.run("mypy", "--platform", "win32")


@nox.session
def imports(session: nox.Session) -> None:
    """import-linter: the one-way street."""
    session.install("-e", ".[dev]")
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation as a site, in build/docs; a broken link or reference is an error."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-q", "-n", "-W", "--keep-going", "docs", "build/docs")


@nox.session
def tests(session: nox.Session) -> None:
    """Unit and property tests, with coverage of lines and branches."""
    session.install("-e", ".[dev]")
    coverage = ("--cov", "--cov-report=term:skip-covered", "--cov-fail-under=95")
    session.run("pytest", "-m", "not interop", "-n", "auto", *coverage, *session.posargs)


@nox.session
def interop(session: nox.Session) -> None:
    """Calls against Kamailio, baresip and sipp; SIPTAPI_INTEROP=required makes skips failures."""
    session.install("-e", ".[dev]")
    # Three at a time: most of it is waiting. A file stays together for what its tests share, and
    # in its place: the browser comes last.
    at_once = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")
    session.run("pytest", "-m", "interop", *at_once, *session.posargs, env=dict(os.environ))


@nox.session
def tsp(session: nox.Session) -> None:
    """The TAPI service provider, for every Windows: in build/tsp, or where the argument says."""
    _build_provider(session, session.posargs[0] if session.posargs else "build/tsp")


def _build_provider(session: nox.Session, folder: str) -> None:
    session.install("ziglang>=0.13", "pefile>=2023.2.7")
    session.run("python", "frontends/tsp/build.py", folder)
    session.run("python", "frontends/tsp/exports.py", folder)


@nox.session
def webextension(session: nox.Session) -> None:
    """The browser extension in one file: in build/, or where the argument says."""
    out = session.posargs or ("build/siptapi-webextension.zip",)
    session.run("python", "frontends/webextension/build.py", *out)


@nox.session
def soak(session: nox.Session) -> None:
    """Half an hour of load, 2000 calls in each bad weather, property tests 25 times as long."""
    session.install("-e", ".[dev]")
    long = {"SIPTAPI_SOAK_SECONDS": "1800", "SIPTAPI_LOSSY_CALLS": "2000"}
    load = ("load", "lossy_network", "cut_connections", "process_faults", "network_faults")
    files = [f"tests/interop/test_{name}.py" for name in load]
    session.run("pytest", "-s", *files, env=os.environ | long)
    properties = ("-m", "not interop", "-n", "auto", "--hypothesis-profile=soak")
    session.run("pytest", *properties, *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzzing guided by coverage: 20,000 inputs for each parser, or ``nox -s fuzz -- 1000000``."""
    session.install("-e", ".[dev]")
    inputs = session.posargs[0] if session.posargs else "20000"
    found = Path(session.create_tmp())
    for harness in sorted(Path("fuzz").glob("fuzz_*.py")):
        name = harness.stem
        (found / name).mkdir(exist_ok=True)
        corpora = (str(found / name), f"fuzz/corpora/{name}")
        prefix = f"-artifact_prefix={found}/{name}-"
        session.run("python", "fuzz/drive.py", name, f"-runs={inputs}", prefix, *corpora)


@nox.session
def lock(session: nox.Session) -> None:
    """Write requirements.lock anew: what a release is tried and shipped with, by hash."""
    session.install("uv")
    how = ("--universal", "--generate-hashes", "--python-version", "3.11", "--no-emit-index-url")
    said = ("--custom-compile-command", "nox -s lock", "--quiet")
    session.run("uv", "pip", "compile", *how, *said, "pyproject.toml", "-o", "requirements.lock")


@nox.session
def audit(session: nox.Session) -> None:
    """Known vulnerabilities of what requirements.lock has; it says so where nobody can tell."""
    session.install("pip-audit")
    asking = ("--disable-pip", "--progress-spinner", "off", "--timeout", "5", "-f", "json")
    output = session.run(
        *("pip-audit", *asking, "-r", "requirements.lock"), silent=True, success_codes=[0, 1]
    )
    reports = [line for line in str(output).splitlines() if line.startswith('{"dependencies"')]
    if not reports:
        session.warn(f"the data about vulnerabilities is out of reach: {str(output)[-300:]}")
        return
    audited = json.loads(reports[0])["dependencies"]
    unknown = [each["name"] for each in audited if "skip_reason" in each]
    if unknown:
        session.warn(f"nothing is known here of {len(unknown)} of {len(audited)}: {unknown}")
    found = [
        f"{each['name']} {each['version']}: {', '.join(flaw['id'] for flaw in each['vulns'])}"
        for each in audited
        if each.get("vulns")
    ]
    if found:
        session.error("known vulnerabilities: " + "; ".join(found))
    session.log(f"{len(audited) - len(unknown)} packages have no known vulnerability")


@nox.session
def release(session: nox.Session) -> None:
    """What is published, in dist: the wheel with its DLLs, the sdist, the extension, an SBOM, sums.

    docs/releasing.md says what comes before and after.
    """
    session.install("build>=1.2", "cyclonedx-bom>=5", "twine>=5")
    shutil.rmtree("dist", ignore_errors=True)
    _build_provider(session, "frontends/siptapi_frontends/tapi/built")
    session.run("python", "frontends/webextension/build.py", "dist/siptapi-webextension.zip")
    moment = session.run("git", "log", "-1", "--format=%ct", silent=True, external=True)
    both = ("--sdist", "--wheel")  # else the wheel is made from the sdist, which has no DLLs
    session.run(
        *("python", "-m", "build", *both, "--outdir", "dist"),
        env={"SOURCE_DATE_EPOCH": str(moment).strip()},
    )
    (wheel,) = Path("dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        providers = [name for name in archive.namelist() if name.endswith("/siptapi.tsp")]
    if len(providers) != 3:  # noqa: PLR2004  # x64, x86, ARM64
        session.error(f"of the provider, {wheel} has only {providers}")
    sbom = ("--pyproject", "pyproject.toml", "--output-reproducible", "--validate")
    session.run(
        *("cyclonedx-py", "requirements", *sbom, "requirements.lock"),
        *("-o", "dist/siptapi.cdx.json"),
    )
    bill = json.loads(Path("dist/siptapi.cdx.json").read_text(encoding="utf-8"))
    bill["metadata"]["component"]["version"] = wheel.name.split("-")[1]  # pyproject.toml has none
    Path("dist/siptapi.cdx.json").write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    session.run("twine", "check", "--strict", str(wheel), *map(str, Path("dist").glob("*.tar.gz")))
    sums = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
        for file in sorted(Path("dist").iterdir())
    ]
    Path("dist/SHA256SUMS").write_text("".join(sums), encoding="utf-8")


@nox.session
def mutation(session: nox.Session) -> None:
    """Mutants of the machine and of authentication: docs/mutation.md says which may live."""
    session.install("-e", ".[dev]")
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")


@nox.session
def bench(session: nox.Session) -> None:
    """Every benchmark, on an idle machine that has sipp: tables, and benchmarks/results.

    ``nox -s bench -- --quick`` only shows that they work; a name first runs that one alone:
    ``nox -s bench -- flows --rounds 9``.
    """
    session.install("-e", ".[bench]")
    arguments = session.posargs
    is_one = bool(arguments) and not arguments[0].startswith("-")
    failed = []
    for name in arguments[:1] if is_one else BENCHMARKS:
        try:
            session.run("python", f"benchmarks/{name}.py", *arguments[is_one:])
        except CommandFailed:
            failed.append(name)
    if failed:
        session.error(f"did not come to their end: {', '.join(failed)}")
