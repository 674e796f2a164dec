from __future__ import annotations

import pytest

from caqes_analysis.errors import Problem, SourceError
from caqes_analysis.sources.problems import LISTED_NB, ProblemLog, shown


def test_a_log_without_problem_lets_the_file_pass():
    log = ProblemLog("a.csv")
    log.raise_if_any()
    assert not log


def test_problems_are_raised_together_by_line_with_the_file():
    log = ProblemLog("a.csv")
    log.add(Problem("B", "b.", "r.", line=9))
    log.extend([Problem("A", "a.", "r.", line=2, value="x" * 200), Problem("C", "c.", "r.")])
    with pytest.raises(SourceError) as refusal:
        log.raise_if_any()
    problems = refusal.value.problems
    assert [(one.file, one.line, one.code) for one in problems] == [
        ("a.csv", None, "C"),
        ("a.csv", 2, "A"),
        ("a.csv", 9, "B"),
    ]
    assert len(problems[1].value or "") == 80


def test_beyond_the_listed_ones_problems_of_a_kind_are_counted():
    log = ProblemLog("a.csv")
    for line in range(1, LISTED_NB + 11):
        log.add(Problem("A", "a.", "r.", line=line, column="mois"))
    log.add(Problem("A", "a.", "r.", line=3, column="autre"))
    problems = log.problems()
    assert len(problems) == LISTED_NB + 2
    assert (problems[-1].line, problems[-1].count) == (LISTED_NB + 1, 10)


def test_values_are_shown_without_control_or_direction_characters():
    assert shown("a\x00b\u202ec\n") == "a\ufffdb\ufffdc\ufffd"
    assert shown(b"\xe9t\xe9") == "été"
