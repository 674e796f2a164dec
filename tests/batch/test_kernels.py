"""Kernels forked from the template: fresh, isolated, mortal; usable from any Jupyter application and from papermill."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from caqes_analysis.batch import Kernels, run_notebooks
from caqes_analysis.batch import template as templates
from caqes_analysis.batch.kernels import BatchKernelManager, WarmKernelManager, WarmKernelSpecManager
from caqes_analysis.batch.run import KERNELS_VARIABLE
from caqes_analysis.batch.template import Template, can_fork, shared_template
from tests.batch.notebooks import job, said, write_notebook

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system does not fork kernels")

STATE = """
import json, locale, os, random, sys
import matplotlib as mpl, numpy as np, pandas as pd
print(json.dumps({
    "globals": sorted(name for name in globals() if "polluted" in name),
    "builtins": hasattr(__builtins__, "polluted"),
    "pandas": hasattr(pd, "polluted") or pd.get_option("display.precision"),
    "rc": mpl.rcParams["font.size"],
    "cwd": os.getcwd(),
    "environment": os.environ.get("POLLUTED"),
    "locale": locale.setlocale(locale.LC_ALL),
    "path": sys.path,
    "argv": sys.argv[0].rpartition("/")[2],
    "recursion": sys.getrecursionlimit(),
    "open": len(os.listdir("/proc/self/fd")),
    "umask": os.umask(0o22),
}, sort_keys=True))
"""
POLLUTION = """
import builtins, locale, os, signal, sys, threading
import matplotlib as mpl, numpy as np, pandas as pd
polluted = builtins.polluted = pd.polluted = True
pd.set_option("display.precision", 1); mpl.rcParams["font.size"] = 99
os.environ["POLLUTED"] = "1"; os.chdir("/"); os.umask(0o77)
locale.setlocale(locale.LC_ALL, "C"); sys.path.insert(0, "/polluted"); sys.setrecursionlimit(4000)
np.random.seed(1); signal.signal(signal.SIGTERM, signal.SIG_IGN); sys.modules["numpy"] = None
threading.Thread(target=__import__("time").sleep, args=(600,), daemon=True).start()
kept_open = open(os.devnull)
"""


def kernel_pids(template_pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(template_pid).children()]


def wait_until_gone(pids: list[int], seconds: float = 5) -> list[int]:
    limit = time.monotonic() + seconds
    while (left := [pid for pid in pids if psutil.pid_exists(pid)]) and time.monotonic() < limit:
        time.sleep(0.02)
    return left


def test_a_notebook_that_pollutes_everything_does_not_affect_the_next(tmp_path: Path) -> None:
    tasks = [job(tmp_path, name, STATE, output=False) for name in ("before", "after")]
    tasks.insert(1, job(tmp_path, "pollutes", POLLUTION, output=False))
    result = run_notebooks(tasks, workers=1)
    assert result["error"].isna().all()
    before, after = (json.loads(said(tasks[n].executed)) for n in (0, 2))
    assert before == after
    assert before["environment"] is None
    assert before["globals"] == []


LEFT_OPEN = """
class Writer:
    def __init__(self, path):
        self.itself = self
        self.file = open(path, "w")
        self.file.write("kept")
plain = open(word + ".plain", "w")
plain.write("kept")
circular = Writer(word + ".circular")
"""


def test_files_that_a_notebook_leaves_open_are_flushed_as_its_kernel_ends(tmp_path: Path) -> None:
    left = tmp_path / "left"
    result = run_notebooks([job(tmp_path, "leaves", LEFT_OPEN, output=False, word=str(left))])
    assert result["error"].isna().all()
    assert [left.with_suffix(end).read_text() for end in (".plain", ".circular")] == ["kept", "kept"]


@pytest.mark.slow
def test_a_forked_kernel_starts_in_the_state_of_an_ordinary_one(tmp_path: Path) -> None:
    states = []
    for kernels in ("warm", "ordinary"):
        task = job(tmp_path, "state", STATE, output=False)
        run_notebooks([task], kernels=kernels)
        states.append({k: v for k, v in json.loads(said(task.executed)).items() if k not in {"argv", "open"}})
    assert states[0] == states[1]


CAPS = """
import json, os, threading
import numpy as np, pyarrow as pa
before = len(os.listdir("/proc/self/task"))
square = np.ones((600, 600)); square = square @ square
pa.array(range(100_000)).to_pandas()
print(json.dumps({
    "blas": len(os.listdir("/proc/self/task")) - before,
    "arrow": pa.cpu_count(),
    "variables": sorted(name for name in os.environ if name.endswith("_NUM_THREADS") and os.environ[name] == "1"),
}))
"""


@pytest.mark.parametrize("kernels", ["warm", pytest.param("ordinary", marks=pytest.mark.slow)])
def test_the_threads_of_libraries_are_capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernels: Kernels) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "7")  # whatever the user has asked for his own work
    task = job(tmp_path, "caps", CAPS, output=False)
    assert run_notebooks([task], kernels=kernels)["error"].tolist() == [None]
    capped = ["MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"]
    assert json.loads(said(task.executed)) == {"blas": 0, "arrow": 1, "variables": capped}


def test_generators_differ_between_notebooks(tmp_path: Path) -> None:
    draw = "import random, uuid, numpy as np; print(np.random.rand(), random.random(), uuid.uuid4())"
    tasks = [job(tmp_path, f"draw-{n}", draw, output=False) for n in range(3)]
    run_notebooks(tasks)
    drawn = [word for task in tasks for word in said(task.executed).split()]
    assert len(set(drawn)) == len(drawn) == 9


def test_the_template_has_one_thread(tmp_path: Path) -> None:
    run_notebooks([job(tmp_path, "one", "1", output=False)])
    template = shared_template()
    assert template.left_out == []
    assert psutil.Process(template.pid).num_threads() == 1


@pytest.mark.slow
def test_the_stack_of_the_report_is_imported_whole_by_the_template() -> None:
    template = Template()
    try:
        kernel = template.fork(["-f", "none"], env={}, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        kernel.kill()
        kernel.close()
        assert template.left_out == []
    finally:
        template.close()


@pytest.mark.slow
def test_forked_kernels_share_no_open_file(tmp_path: Path) -> None:
    """A file that the template holds open has one reading place for all its kernels: each would move the others'."""
    source = (
        "import os, stat\n"
        "held = [f'/proc/self/fd/{number}' for number in os.listdir('/proc/self/fd')]\n"
        "held = [fd for fd in held if os.path.exists(fd)]\n"
        "files = {os.readlink(fd) for fd in held if stat.S_ISREG(os.stat(fd).st_mode)}\n"
        "print(sorted(path for path in files if not path.endswith(('(deleted)', '/written'))))"
    )
    task = job(tmp_path, "one", source, output=False)
    assert run_notebooks([task])["error"].isna().all()
    assert said(task.executed).strip() == "[]"


def test_a_module_that_starts_a_thread_is_left_to_the_notebooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "busy_module.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    template = Template(["numpy", "busy_module", "absent_module"])
    try:
        kernel = template.fork(["-f", "none"], env={}, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        kernel.kill()
        kernel.close()
        assert template.left_out == ["busy_module"]
        assert template.modules == ["numpy", "absent_module"]
        assert psutil.Process(template.pid).num_threads() == 1
    finally:
        template.close()


@pytest.mark.slow
def test_a_template_is_started_again_when_what_it_imported_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "edited_module.py"
    module.write_text("value = 1\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    values = []
    for text in ("value = 1\n", "value = 22\n"):
        module.write_text(text)
        spec = WarmKernelSpecManager(modules=["edited_module"])
        manager = KernelManager(kernel_name="python3", kernel_spec_manager=spec)
        values.append(ask(manager, "import edited_module; print(edited_module.value)"))
    assert values == ["1", "22"]


def ask(manager: KernelManager, code: str) -> str:
    """Start a kernel through the public interface of jupyter_client, run some code, shut it down; return its prints."""
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    printed: list[str] = []
    try:
        client.wait_for_ready(timeout=60)
        client.execute_interactive(code, timeout=30, output_hook=lambda m: printed.append(m["content"].get("text", "")))
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    return "".join(printed).strip()


def test_a_kernel_specification_may_name_the_provisioner(tmp_path: Path) -> None:
    folder = tmp_path / "kernels" / "warm"
    folder.mkdir(parents=True)
    specification = {
        "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "warm",
        "language": "python",
        "env": {"FROM_SPEC": "yes"},
        "metadata": {"kernel_provisioner": {"provisioner_name": "caqes-warm", "config": {"modules": ["numpy"]}}},
    }
    (folder / "kernel.json").write_text(json.dumps(specification))
    finder = KernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")])
    manager = KernelManager(kernel_name="warm", kernel_spec_manager=finder)
    parent, variable = ask(manager, "import os; print(os.getppid(), os.environ['FROM_SPEC'])").split()
    assert int(parent) == shared_template(["numpy"]).pid
    assert variable == "yes"


def test_an_interrupted_kernel_lives_on() -> None:
    manager = KernelManager(kernel_name="python3", kernel_spec_manager=WarmKernelSpecManager())
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        # Without « stop_on_error », which would abort what is asked while the error is being told.
        request = client.execute("print('on'); import time; time.sleep(60)", stop_on_error=False)
        while client.get_iopub_msg(timeout=30)["content"].get("text") != "on\n":
            pass
        manager.interrupt_kernel()
        reply = client.get_shell_msg(timeout=10)
        assert (reply["parent_header"]["msg_id"], reply["content"]["ename"]) == (request, "KeyboardInterrupt")
        assert client.execute("1 + 1", reply=True, timeout=10)["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


@pytest.mark.parametrize("manager", [WarmKernelManager, BatchKernelManager])
def test_the_sockets_of_a_kernel_are_private_files_that_go_with_it(manager: type[BatchKernelManager]) -> None:
    made = manager(kernel_name="python3")
    folder = Path(made.connection_file).parent
    assert made.transport == "ipc"
    assert folder.stat().st_mode & 0o077 == 0
    asyncio.run(made.cleanup_resources())
    assert not folder.exists()


def test_memory_is_given_back_and_no_process_stays(tmp_path: Path) -> None:
    hungry = "import subprocess\nhoard = bytearray(200_000_000)\nsubprocess.Popen(['sleep', '614'])\nprint(len(hoard))"
    run_notebooks([job(tmp_path, "first", "1", output=False)])
    template = psutil.Process(shared_template().pid)
    before = template.memory_info().rss
    result = run_notebooks([job(tmp_path, f"hungry-{n}", hungry, output=False) for n in range(4)])
    assert result["error"].isna().all()
    assert template.children(recursive=True) == []
    assert template.memory_info().rss < before + 20_000_000
    assert not any(process.info["cmdline"] == ["sleep", "614"] for process in psutil.process_iter(["cmdline"]))


PARENT = """
import os, sys, time
from pathlib import Path
from caqes_analysis.batch import run_notebooks
from caqes_analysis.batch.template import shared_template
from tests.batch.notebooks import job
folder = Path(sys.argv[1])
stay = '''
import os, time, pathlib, subprocess
subprocess.Popen(['sleep', '600'])
pathlib.Path(place).write_text(str(os.getpid()))
time.sleep(600)
'''
print(shared_template().pid, flush=True)
run_notebooks([job(folder, name, stay) for name in ("a", "b")], workers=2)
"""


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["parent", "template"])
def test_no_kernel_survives_a_kill(tmp_path: Path, repository: Path, victim: str) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(repository), os.environ.get("PYTHONPATH", "")])}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, env=env, text=True
    ) as parent:
        assert parent.stdout is not None
        template = int(parent.stdout.readline())
        limit = time.monotonic() + 60
        while len(list(tmp_path.glob("?.txt"))) < 2 and time.monotonic() < limit:
            time.sleep(0.05)
        kernels = kernel_pids(template)
        assert len(kernels) == 2
        os.kill(parent.pid if victim == "parent" else template, signal.SIGKILL)
        try:
            assert wait_until_gone([template, *kernels]) == []
            assert (parent.wait(timeout=20) == 0) == (victim == "template")
        finally:
            parent.kill()


@pytest.mark.slow
def test_no_ordinary_kernel_survives_a_kill(tmp_path: Path, repository: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(repository), os.environ.get("PYTHONPATH", "")])}
    env[KERNELS_VARIABLE] = "ordinary"
    program = PARENT.replace("print(shared_template().pid, flush=True)", "")
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], env=env) as parent:
        limit = time.monotonic() + 120
        while len(pids := [int(path.read_text() or 0) for path in tmp_path.glob("?.txt")]) < 2 or not all(pids):
            assert time.monotonic() < limit
            time.sleep(0.05)
        parent.send_signal(signal.SIGKILL)
        parent.wait(timeout=20)
    assert wait_until_gone(pids, 20) == []


@pytest.mark.slow
def test_papermill_takes_the_engine_by_its_name(tmp_path: Path) -> None:
    source = write_notebook(tmp_path / "in.ipynb", "import os; print(os.getppid(), word)")
    command = [sys.executable, "-m", "papermill", "--engine", "caqes", "-p", "word", "bonjour", "--no-progress-bar"]
    done = subprocess.run(
        [*command, str(source), str(tmp_path / "out.ipynb")], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    parent, word = said(tmp_path / "out.ipynb").split()
    assert word == "bonjour"
    assert not psutil.pid_exists(int(parent))
    assert nbformat.read(tmp_path / "out.ipynb", as_version=4).metadata.papermill.exception is None


@pytest.mark.slow
def test_where_nothing_forks_the_provisioner_starts_an_ordinary_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caqes_analysis.batch.kernels.can_fork", lambda: False)
    manager = KernelManager(kernel_name="python3", kernel_spec_manager=WarmKernelSpecManager())
    assert int(ask(manager, "import os; print(os.getppid())")) == os.getpid()


@pytest.mark.slow
def test_a_template_that_has_gone_is_replaced(tmp_path: Path) -> None:
    run_notebooks([job(tmp_path, "one", "1", output=False)])
    first = shared_template().pid
    os.kill(first, signal.SIGKILL)
    wait_until_gone([first], 1)
    assert run_notebooks([job(tmp_path, "two", "1", output=False)])["status"].tolist() == ["done"]
    assert shared_template().pid != first


@pytest.mark.slow
def test_kernels_in_flight_outlast_the_retirement_of_their_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def stale(self: Template) -> bool:
        seen.append(self.pid)
        return False

    monkeypatch.setattr(Template, "usable", property(stale))
    tasks = [job(tmp_path, f"n-{n}", "import time; time.sleep(1)", output=False) for n in range(3)]
    result = run_notebooks(tasks, workers=3)
    assert result["error"].isna().all()
    assert seen
    templates.close_shared_templates()
    assert wait_until_gone(seen) == []
