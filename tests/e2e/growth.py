"""Whether a figure of a process grows without bound, told from what it was in the course of time."""

import itertools
import statistics

WARM_UP = 0.25  # of the time: caches fill, pools get as large as the load makes them
WINDOWS = 6  # of what is judged


def floors(samples):
    """[(middle, lowest value)] of each window behind the warm-up. Load comes and goes; what has leaked stays when it goes."""
    begun, ended = samples[0][0], samples[-1][0]
    first = begun + (ended - begun) * WARM_UP
    width = (ended - first) / WINDOWS
    found = []
    for i in range(WINDOWS):
        since = first + i * width
        values = [value for when, value in samples if since <= when <= since + width]
        if values:
            found.append((since + width / 2, min(values)))
    return found


def growth(samples):
    """How much more it is at the end than behind the warm-up, by the trend (Theil and Sen's: the median of the slopes of all
    pairs, of which no few can spoil it). `samples`: [(when, value)], in the order of time, over some time."""
    low = floors(samples)
    slopes = [(b - a) / (then - now) for (now, a), (then, b) in itertools.combinations(low, 2)]
    return statistics.median(slopes) * (low[-1][0] - low[0][0]) * WINDOWS / (WINDOWS - 1)
