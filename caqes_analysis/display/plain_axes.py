"""Axes without the ticks of matplotlib, half of what axes cost: :mod:`caqes_analysis.display.axes` writes their own."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis

__all__ = ["PlainAxes"]


class _Unticked:
    """An axis without ticks, which matplotlib otherwise makes as soon as it sets their clipping, four for each axes."""

    majorTicks: Any = property(lambda _: [], lambda *_: None, lambda _: None)  # noqa: N815 (name of matplotlib)
    minorTicks: Any = majorTicks  # noqa: N815


class _XAxis(_Unticked, XAxis):
    pass


class _YAxis(_Unticked, YAxis):
    pass


class PlainAxes(Axes):
    """Cartesian axes that draw no ticks."""

    def _init_axis(self) -> None:
        self.xaxis: XAxis = _XAxis(self, clear=False)
        self.yaxis: YAxis = _YAxis(self, clear=False)
        for side, axis in (("bottom", self.xaxis), ("top", self.xaxis), ("left", self.yaxis), ("right", self.yaxis)):
            axis.set_visible(False)
            self.spines[side].register_axis(axis)
