"""The closed list of activities: codes, labels and the words of files do not collide."""

from __future__ import annotations

import pytest

from caqes_analysis.activities import ACTIVITIES, DECLARED_PREFIX, activity_named
from caqes_analysis.errors import CaqesError


def test_codes_and_words_name_one_activity_each() -> None:
    words = [word for activity in ACTIVITIES for word in (activity.code, *activity.received_as)]
    assert len(set(words)) == len(words)
    assert all(activity_named(word.replace("_", " ").upper()).code for word in words)
    assert not any(activity.code.startswith(DECLARED_PREFIX) for activity in ACTIVITIES)


def test_an_unknown_activity_names_the_nearest() -> None:
    with pytest.raises(CaqesError) as caught:
        activity_named("consultation externe")
    (problem,) = caught.value.problems
    assert problem.code == "ACTIVITE_INCONNUE"
    assert "« consultations_externes »" in problem.remedy
