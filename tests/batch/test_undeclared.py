"""A notebook that writes beside what it declares is told of, and never taken from the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from caqes_analysis.batch import Cache, Job, Kernels, begin_run, load_run, run_notebooks
from caqes_analysis.batch.template import can_fork
from caqes_analysis.batch.undeclared import undeclared_files
from caqes_analysis.command_line.reports import print_undeclared
from caqes_analysis.written_files import Written
from tests.batch.notebooks import job

GOOD = "from pathlib import Path; Path(place).write_text(word)\n"
KERNELS = [
    pytest.param("warm", marks=pytest.mark.skipif(not can_fork(), reason="this system does not fork kernels")),
    pytest.param("ordinary", marks=pytest.mark.slow),
]
# What stands in the folder of the notebook, and what the system is told to forget.
STRAYS = {
    "writes": GOOD + "open('stray.csv', 'w').write('x')",
    "appends": GOOD + "Path('kept.csv').open('a').write('x')",
    "renames": GOOD + "Path('draft').touch(); Path('draft').rename('renamed.csv')",
    "removes": GOOD + "Path('lost.csv').unlink()",
    "parquet": GOOD + "import pyarrow as pa, pyarrow.parquet as pq; pq.write_table(pa.table({'a': [1]}), 'c.parquet')",
}
TOLD = {
    "writes": "stray.csv",
    "appends": "kept.csv",
    "renames": "renamed.csv",
    "removes": "lost.csv (supprimé)",
    "parquet": "c.parquet",
}
FINE = {
    "plain": GOOD,
    "drafts": GOOD + "draft = Path(place + '.draft'); draft.write_text(word); draft.replace(place)",
    "store": GOOD
    + "import pyarrow as pa, pyarrow.parquet as pq; pq.write_table(pa.table({}), 'd'); Path('d').replace(place)",
    "temporary": GOOD
    + "import tempfile; tempfile.NamedTemporaryFile().write(b'x'); Path('t').touch(); Path('t').unlink()",
    "figure": GOOD + "import matplotlib.pyplot as plt; figure = plt.plot([1, 2])",
    "reads": GOOD + "Path(place).read_text(); open(place, 'rb').read()",
}


@pytest.mark.parametrize("kernels", KERNELS)
def test_strays_are_told_and_nothing_else(tmp_path: Path, kernels: Kernels) -> None:
    for name in ("kept.csv", "lost.csv"):
        (tmp_path / name).touch()
    manifest, cache = begin_run(tmp_path / "build", root=tmp_path), Cache(tmp_path / "build" / "cache")
    jobs = [job(tmp_path, name, source) for name, source in {**FINE, **STRAYS}.items()]
    told = run_notebooks(jobs, workers=1, kernels=kernels, cache=cache, manifest=manifest).set_index("job")
    assert told["error"].isna().all()
    expected = {name: [str(tmp_path / file)] for name, file in TOLD.items()} | {name: [] for name in FINE}
    assert told["undeclared"].to_dict() == expected
    lines = load_run(tmp_path / "build", manifest.run_id).events("undeclared")
    assert {line["job"]: line["files"] for line in lines} == {name: expected[name] for name in TOLD}

    again = run_notebooks([jobs[0], jobs[len(FINE)]], kernels=kernels, cache=cache).set_index("job")
    assert again["status"].to_dict() == {"plain": "reused", "writes": "done"}


def test_what_several_may_have_written_is_told_of_each(tmp_path: Path) -> None:
    write = "import time, pyarrow as pa, pyarrow.parquet as pq\ntime.sleep({})\npq.write_table(pa.table({{}}), {!r})"
    sources = {"one": "import time; time.sleep(2)", "other": write.format(0.8, "stray.parquet") + "; time.sleep(0.8)"}
    told = run_notebooks([job(tmp_path, n, s, output=False) for n, s in sources.items()], workers=2).set_index("job")
    doubt = f"{tmp_path / 'stray.parquet'} (lui ou un autre des 2 carnets exécutés alors)"
    assert told["undeclared"].to_dict() == {"one": [doubt], "other": [doubt]}


def test_caches_and_temporary_files_are_nobodys_but_in_the_folders_of_the_job(tmp_path: Path) -> None:
    own = Job("a", tmp_path / "notebooks" / "a.ipynb", tmp_path / "executed" / "a.ipynb", outputs=(tmp_path / "a.txt",))
    nobodys = [
        Path.home() / ".cache" / "matplotlib" / "fonts.json",
        Path("/dev/null"),
        tmp_path.parent / "elsewhere" / "x",
        tmp_path / "notebooks" / "__pycache__" / "a.pyc",
    ]
    assert undeclared_files(own, Written(frozenset({*nobodys, tmp_path / "a.txt"}))) == ()
    strays = [tmp_path / "notebooks" / "b.csv", tmp_path / "b.txt", Path("/srv/share/b.csv")]
    assert undeclared_files(own, Written(frozenset(strays))) == tuple(sorted(map(str, strays)))


def test_the_command_names_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run_notebooks([job(tmp_path, n, s, output=False) for n, s in (("a", "1"), ("b", "open('x.csv', 'w')"))])
    named = told.assign(title=["CH A", "CH B"], notebook="etablissement.ipynb")
    print_undeclared(named)
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("1 carnet écrit ailleurs")
    assert "1. CH B (b), carnet etablissement.ipynb" in said
    assert "CH A" not in said
    print_undeclared(named[:1])
    assert capsys.readouterr().err == ""
