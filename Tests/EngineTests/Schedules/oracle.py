"""Answers schedule questions the slow way, to check the engine against.

Shares nothing with the engine but the rules: the calendar is `datetime`'s, the zones are
`zoneinfo`'s, a day is tried by asking each field of it, and local times become instants one at a
time. Reads lines of `expression|zone|second|window`, writes `next next previous count`, each a
UTC second or `-`: the two occurrences after the second, the last one at or before it, and the
number of them in the window that follows, in seconds.
"""

import datetime as dt
import functools
import sys
import zoneinfo

FIRST_DAY = dt.date(1970, 1, 1).toordinal()
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split()
ALIASES = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}


def plain(field, low, high, names=()):
    """The values of a field of numbers, and whether it counts as a wildcard."""
    values, wild = set(), False
    for item in field.upper().split(","):
        for number, name in enumerate(names):
            item = item.replace(name, str(number + low))
        base, _, step = item.partition("/")
        step = int(step) if step else None
        if base in ("*", "?"):
            chosen, wild = list(range(low, high + 1)), True
        elif "-" in base:
            first, last = map(int, base.split("-"))
            if last < first:
                chosen = list(range(first, high + 1)) + list(range(low, last + 1))
                if names is WEEKDAYS and first == 7:
                    chosen = list(range(0, last + 1))
            else:
                chosen = list(range(first, last + 1))
        elif step:
            first = int(base) % 7 if names is WEEKDAYS else int(base)
            chosen, wild = list(range(first, high + 1)), True
        else:
            chosen = [int(base)]
        values.update(chosen[:: step or 1])
    if names is WEEKDAYS:
        values = {value % 7 for value in values}
    return values, wild or len(values) == high - low + 1


def month_length(date):
    after = date.replace(day=28) + dt.timedelta(days=4)
    return (after - dt.timedelta(days=after.day)).day


def weekday(date):
    return date.isoweekday() % 7


def nearest_workday(date, number):
    """The day Monday to Friday closest to `number` in the month of `date`, or None."""
    length = month_length(date)
    if number > length:
        return None
    days = [d for d in range(1, length + 1) if weekday(date.replace(day=d)) in range(1, 6)]
    # Of a Sunday's neighbours the Monday is nearer, of a Saturday's the Friday: no ties.
    return min(days, key=lambda d: abs(d - number))


def month_day_tests(field):
    tests, numbers = [], []
    for item in field.upper().split(","):
        if item == "L":
            tests.append(lambda d: d.day == month_length(d))
        elif item == "LW":
            tests.append(lambda d: d.day == nearest_workday(d, month_length(d)))
        elif item.startswith("L-"):
            tests.append(lambda d, n=int(item[2:]): d.day == month_length(d) - n)
        elif item.endswith("W"):
            tests.append(lambda d, n=int(item[:-1]): d.day == nearest_workday(d, n))
        else:
            numbers.append(item)
    if numbers:
        values, _ = plain(",".join(numbers), 1, 31)
        tests.append(lambda d: d.day in values)
    return tests


def weekday_tests(field):
    tests, numbers = [], []
    week = dt.timedelta(days=7)
    for item in field.upper().split(","):
        if "#" in item:
            name, number = item.split("#")
            day = WEEKDAYS.index(name) if name in WEEKDAYS else int(name) % 7
            tests.append(
                lambda d, w=day, n=int(number): weekday(d) == w and (d.day + 6) // 7 == n)
        elif item.endswith("L"):
            name = item[:-1]
            day = WEEKDAYS.index(name) if name in WEEKDAYS else int(name) % 7
            tests.append(lambda d, w=day: weekday(d) == w and (d + week).month != d.month)
        else:
            numbers.append(item)
    if numbers:
        values, _ = plain(",".join(numbers), 0, 6, WEEKDAYS)
        tests.append(lambda d: weekday(d) in values)
    return tests


class Rule:
    def __init__(self, expression):
        fields = ALIASES.get(expression.lower(), expression).split()
        if len(fields) == 5:
            fields = ["0"] + fields
        self.seconds = sorted(plain(fields[0], 0, 59)[0])
        minutes, any_minute = plain(fields[1], 0, 59)
        hours, any_hour = plain(fields[2], 0, 23)
        self.minutes, self.hours = sorted(minutes), sorted(hours)
        self.months = plain(fields[4], 1, 12, MONTHS)[0]
        self.wild = any_minute or any_hour
        free = ("*", "?", "*/1")
        self.by_day = None if fields[3] in free else month_day_tests(fields[3])
        self.by_weekday = None if fields[5] in free else weekday_tests(fields[5])

    def has(self, date):
        if date.month not in self.months:
            return False
        tests = (self.by_day or []) + (self.by_weekday or [])
        return not tests or any(test(date) for test in tests)

    def times(self, early):
        hours = [h for h in self.hours if h >= early]
        return ((h, m, s) for h in hours for m in self.minutes for s in self.seconds)


@functools.lru_cache(None)
def zone_named(name):
    return zoneinfo.ZoneInfo(name)


def local(second, zone):
    return dt.datetime.fromtimestamp(second, zone)


def instant(reading):
    """The second at which `reading` is shown, or what its offset makes of it where it is not."""
    shown = (reading.toordinal() - FIRST_DAY) * 86400
    shown += reading.hour * 3600 + reading.minute * 60 + reading.second
    return shown - int(reading.utcoffset().total_seconds())


def is_shown(reading, second, zone):
    return local(second, zone).replace(tzinfo=None) == reading.replace(tzinfo=None)


def landing(low, high, reading, zone):
    """The first second of `low` … `high` whose local time is at or past `reading`."""
    while low < high:
        middle = (low + high) // 2
        if local(middle, zone).replace(tzinfo=None) >= reading:
            high = middle
        else:
            low = middle + 1
    return low


def occurrences(rule, date, zone, name, since=None):
    """The instants that the rule means by its times on one local day, in no order.

    On a day without a change of the clocks, the hours before the reading `since` are left out.
    """
    if not rule.has(date):
        return
    disturbed = is_disturbed(name, date.toordinal())
    early = since.hour if since and not disturbed and since.date() == date else 0
    for h, m, s in rule.times(early):
        reading = dt.datetime(date.year, date.month, date.day, h, m, s, tzinfo=zone)
        first = instant(reading)
        if not disturbed:
            yield first
            continue
        second = instant(reading.replace(fold=1))
        if is_shown(reading, first, zone):
            yield first
            if rule.wild and second != first and is_shown(reading, second, zone):
                yield second
        elif not rule.wild:
            low, high = sorted((first, second))
            yield landing(low, high, reading.replace(tzinfo=None), zone)


@functools.lru_cache(None)
def noon_offset(name, ordinal):
    """The offset when that day is half over in UTC."""
    return local((ordinal - FIRST_DAY) * 86400 + 43200, zone_named(name)).utcoffset()


@functools.lru_cache(None)
def is_disturbed(name, ordinal):
    """Whether the offset differs anywhere near that local day."""
    near = range(ordinal - 2, ordinal + 3)
    return len({noon_offset(name, day) for day in near}) > 1


def days(zone, name, start, step):
    """The local days from that of `start` on, in the direction of `step`.

    Begins two days early where clocks change, because local days overlap there.
    """
    date = local(start, zone).date()
    if is_disturbed(name, date.toordinal()):
        date -= dt.timedelta(days=2 * step)
    while True:
        yield date
        date += dt.timedelta(days=step)


def following(rule, zone, name, start, wanted):
    """The first `wanted` instants after `start`."""
    found, left = set(), 3
    since = local(start, zone).replace(tzinfo=None)
    for date in days(zone, name, start, 1):
        new = set()
        for second in occurrences(rule, date, zone, name, since):
            if second > start:
                new.add(second)
                # The times of a quiet day come in order, so few are needed.
                if len(new) >= wanted and not is_disturbed(name, date.toordinal()):
                    break
        found |= new
        if len(found) >= wanted:
            left -= 1
            if left == 0 or not is_disturbed(name, date.toordinal()):
                return sorted(found)[:wanted]


def preceding(rule, zone, name, start):
    """The last instant at or before `start`, or None before 1970."""
    found, left = None, 3
    for date in days(zone, name, start, -1):
        if date.year < 1969:
            return found
        for second in occurrences(rule, date, zone, name):
            if 0 <= second <= start and (found is None or second > found):
                found = second
        if found is not None:
            left -= 1
            if left == 0 or not is_disturbed(name, date.toordinal()):
                return found


def counted(rule, zone, name, start, window):
    """How many instants lie after `start` and up to `window` seconds later."""
    found = set()
    last = local(start + window, zone).date() + dt.timedelta(days=2)
    for date in days(zone, name, start, 1):
        if date > last:
            return len(found)
        instants = occurrences(rule, date, zone, name)
        found.update(second for second in instants if start < second <= start + window)


def main():
    for line in sys.stdin:
        expression, name, second, window = line.rstrip("\n").split("|")
        rule, zone, start = Rule(expression), zone_named(name), int(second)
        answer = following(rule, zone, name, start, 2)
        if int(window):
            answer.append(preceding(rule, zone, name, start))
            answer.append(counted(rule, zone, name, start, int(window)))
        print(" ".join("-" if value is None else str(value) for value in answer))


if __name__ == "__main__":
    main()
