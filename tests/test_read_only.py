"""An install that cannot be written, without a home folder: as in a container, or for another user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bvae.runs import Run
from tests.conftest import ROOT
from tests.test_clusters_python import reduced

NOBODY = 65_534
NAMESPACE = (
    'while [ "$1" != -- ]; do mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99; shift; done; shift; '
    'mount --bind "$1" "$1" && mount -o remount,rw,bind "$1" || exit 99; cd "$2"; shift 2; exec "$@"'
)


def can_mount() -> bool:
    """Whether parts of the file system can be made read-only, for one process and what it starts."""
    if os.getuid() or not shutil.which("unshare"):
        return False
    return not subprocess.run(["unshare", "-m", "sh", "-c", "mount --bind /tmp /tmp"], capture_output=True).returncode


def run_read_only(
    arguments: list[str], writable: Path, *others: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Python where its own code, ours and other folders cannot be written, but one can, and there is no home.

    Without the right to mount, it is a copy of our code whose permissions forbid it, and those of other folders stay.
    """
    environment = {"PATH": os.defpath, "HOME": "/proc/nohome", "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [sys.executable, *arguments]
    if can_mount():
        code = {str(ROOT), sys.prefix, sys.base_prefix, *others}
        folders = [folder for folder in sorted(code) if Path(folder).is_dir()]
        command = ["unshare", "-m", "sh", "-c", NAMESPACE, "sh", *folders, "--", str(writable), str(ROOT), *command]
        return subprocess.run(command, env=environment, capture_output=True, text=True)
    copy = writable.parent / "code"
    if not copy.exists():
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", "__pycache__", "runs", "tests"))
        for runs in ("assets/runs", "bvae/runs"):
            shutil.copytree(ROOT / runs, copy / runs)
    for folder, _, files in os.walk(copy):
        for name in files:
            os.chmod(os.path.join(folder, name), 0o444)
        os.chmod(folder, 0o555)
    identity: dict[str, int] = {} if os.getuid() else {"user": NOBODY, "group": NOBODY}
    if identity:
        for folder, _, files in os.walk(writable):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                os.chown(path, NOBODY, NOBODY)
        for parent in writable.parents[:3]:  # pytest's folders, which are their owner's alone
            os.chmod(parent, 0o755)
    return subprocess.run(command, env=environment, cwd=copy, capture_output=True, text=True, **identity)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def runs(trained_run: Run, tmp_path: Path) -> Path:
    """The one folder that can be written: two epochs of the bundled run, with 60 images and no film."""
    path = tmp_path / "runs"
    reduced(trained_run, path / "small", (0, 100), slice(60))
    return path


def test_a_film_is_worked_out_where_nothing_can_be_written_but_its_run(runs: Path, tmp_path: Path) -> None:
    """Not even a temporary folder: then numba keeps nothing of what it compiles, ours or that of umap-learn's modules.

    Importing those would take half a minute, so one of their kind stands for them.
    """
    kind = "import numba\n@numba.vectorize('float64(float64)', cache=True)\ndef double(x):\n    return 2 * x\n"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kind.py").write_text(kind)
    code = (
        "import sys; from bvae.film_worker import work; from bvae.runs import Run\n"
        "print(work(Run(sys.argv[1]), compare=False)['epochs'], 'umap' in sys.modules)\n"
        "sys.path.append(sys.argv[2]); import kind; print(kind.double(4.0))"
    )
    done = run_read_only(
        ["-c", code, str(runs / "small"), str(tmp_path / "elsewhere")],
        runs, "/tmp", "/var/tmp", "/dev/shm", str(Path.cwd()), str(ROOT.parent),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[0, 100] False", "8.0"]


def test_what_is_compiled_is_kept_in_a_temporary_folder_of_this_user_alone(runs: Path) -> None:
    code = "import bvae.compiled, numba, pathlib; print(numba.config.CACHE_DIR)"
    done = run_read_only(["-c", code], runs, TMPDIR=str(runs))
    assert done.stderr == ""
    place = Path(done.stdout.strip())
    assert place.parent == runs
    assert place.stat().st_mode & 0o777 == 0o700
    assert list(place.glob("*"))  # where numba tried that it can write
    place.chmod(0o777)  # what lies there may be anybody's, and numba runs what it reads
    done = run_read_only(["-c", code], runs, TMPDIR=str(runs))
    assert done.stderr == ""
    assert Path(done.stdout.strip()) != place


def test_the_clusters_page_shows_a_finished_film(runs: Path) -> None:
    code = (
        "import json; from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=180)\n"
        "app.session_state['asked_page'] = 'clusters'; app.session_state['clusters_quality'] = True; app.run()\n"
        "print(json.dumps([len(app.exception), len(app.error), len(app.table), app.markdown[-1].value]))"
    )
    done = run_read_only(["-c", code], runs)
    assert done.returncode == 0, done.stderr
    exceptions, errors, tables, _ = json.loads(done.stdout.splitlines()[-1])
    assert (exceptions, errors, tables) == (0, 0, 1)


def test_a_run_that_cannot_be_written_is_said_before_anything_is_worked_out(runs: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    shutil.move(runs / "small", locked / "small")
    for path in (locked / "small").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    (locked / "small").chmod(0o555)
    done = run_read_only(["-m", "bvae", "layout", str(locked / "small")], runs, str(locked))
    assert done.returncode == 1
    assert done.stdout == ""
    (said,) = done.stderr.splitlines()
    assert f"The film would be kept in {locked / 'small'}, which cannot be written" in said
    assert not (locked / "small" / "layout.json").exists()
