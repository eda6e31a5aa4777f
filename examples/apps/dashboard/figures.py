"""What the dashboard shows: NumPy computes it, from a year of measurements of a small power station that are made here.

The computing is done in a thread, where NumPy gives the GIL away, so that the loop goes on serving; an answer is kept for those who ask
for the same.
"""

import asyncio

import numpy
import twinloop

MINUTES = 365 * 24 * 60
RANGES = {"day": 24 * 60, "week": 7 * 24 * 60, "month": 30 * 24 * 60, "year": MINUTES}


def measure():
    """Kilowatts for each minute of a year: the sun, the seasons, and clouds."""
    random = numpy.random.default_rng(15)
    minutes = numpy.arange(MINUTES)
    day = numpy.sin((minutes / 1440 - 0.25) * 2 * numpy.pi)
    season = 1 + 0.5 * numpy.sin((minutes / MINUTES - 0.22) * 2 * numpy.pi)
    clouds = numpy.repeat(random.beta(5, 2, MINUTES // 30), 30)
    return (40 * numpy.clip(day, 0, None) * season * clouds).astype("float32")


class Dashboard:
    def __init__(self):
        self.pool = twinloop.pool(1, kind="thread")
        self.power = None
        self.known = {}
        self.lock = asyncio.Lock()

    async def figures(self, name, smooth):
        """The figures of the last day, week, month or year, smoothed over some minutes; ``None`` for another range."""
        if name not in RANGES:
            return None
        smooth = min(max(int(smooth), 1), 1440)
        async with self.lock:
            if (name, smooth) not in self.known:
                if self.power is None:
                    self.power = await self.pool.run(measure)
                if len(self.known) >= 100:
                    self.known.clear()
                self.known[name, smooth] = await self.pool.run(compute, self.power[-RANGES[name] :], smooth)
            return self.known[name, smooth]


def compute(power, smooth):
    # A running mean by a sum that runs: as long as the minutes are many, however many are smoothed over.
    sums = numpy.cumsum(numpy.concatenate([numpy.zeros(1), power], dtype="float64"))
    mean = (sums[smooth:] - sums[:-smooth]) / smooth
    # As many points as a screen has columns, each the greatest of its minutes.
    edges = numpy.linspace(0, len(mean), 601).astype(int)[:-1]
    hours = power[: len(power) // 60 * 60].reshape(-1, 60).mean(axis=1)
    return {
        # JavaScript has this as a Float64Array over the same memory.
        "line": numpy.maximum.reduceat(mean, edges),
        "energy_kwh": float(power.sum() / 60),
        "most_kw": float(power.max()),
        "percentiles": {f"{each} %": float(numpy.percentile(power, each)) for each in (50, 90, 99)},
        "by_hour": [float(hours[hour::24].mean()) for hour in range(24)],
        "minutes": len(power),
    }


dashboard = None


async def figures(name, smooth):
    global dashboard
    dashboard = dashboard or Dashboard()
    return await dashboard.figures(name, smooth)
