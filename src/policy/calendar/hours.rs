//! Hours of a week: `Mon-Fri 08:00-18:00`, `Sat 09:00-17:00`, `Mon-Sun 22:00-06:00`.

use jiff::civil::{Date, DateTime};

/// Days as they are written, Monday first.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Minutes of a day.
const DAY: i32 = 24 * 60;

/// Days of the week with a begin and an end.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Range {
    /// On which days it begins, Monday first.
    days: [bool; 7],
    /// Minutes after midnight, included.
    from: i32,
    /// Minutes after midnight, excluded; not above `from` if it ends on the next day.
    to: i32,
}

/// The hours of a week, by the clock on the wall.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hours {
    ranges: Vec<Range>,
}

/// What is wrong with a text, and in which piece of it.
#[derive(PartialEq, Eq, Debug)]
pub(in crate::policy) struct Fault {
    /// Which of the texts.
    pub(in crate::policy) index: usize,
    /// The piece of the text that is wrong.
    pub(in crate::policy) piece: String,
    /// One sentence.
    pub(in crate::policy) message: String,
    /// What to do.
    pub(in crate::policy) help: String,
    /// The other text, if two contradict each other.
    pub(in crate::policy) other: Option<usize>,
}

impl Fault {
    fn new(piece: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { index: 0, piece: piece.to_owned(), message: message.into(), help: help.into(), other: None }
    }
}

impl Hours {
    /// Reads ranges, one in each text. Ranges that overlap are an error: of `Mon-Fri 08:00-18:00` with
    /// `Fri 08:00-15:00` nobody can say whether Friday is meant to be shorter.
    pub(in crate::policy) fn parse(texts: &[&str]) -> Result<Self, Fault> {
        let mut ranges = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            ranges.push(range(text).map_err(|fault| Fault { index, ..fault })?);
        }
        match overlap(&ranges) {
            Some((first, second)) => {
                let words = |index: usize| texts.get(index).copied().unwrap_or("").trim();
                let message = format!("`{}` and `{}` overlap", words(first), words(second));
                let fault = Fault::new("", message, "let each hour of the week stand in one range only");
                Err(Fault { index: second, other: (first != second).then_some(first), ..fault })
            }
            None => Ok(Self { ranges }),
        }
    }

    /// The days on which the ranges began that hold this time: today, or yesterday for those over midnight.
    pub(super) fn begun(&self, local: DateTime) -> impl Iterator<Item = Date> {
        let today = local.date();
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        // The first day of all time has no yesterday on which something could have begun.
        let yesterday = today.yesterday().ok();
        self.ranges.iter().filter_map(move |range| {
            if range.on(today) && range.from <= minute && (minute < range.to || range.over_midnight()) {
                return Some(today);
            }
            let still = range.over_midnight() && minute < range.to;
            yesterday.filter(|yesterday| still && range.on(*yesterday))
        })
    }
}

impl Range {
    fn over_midnight(&self) -> bool {
        self.to <= self.from
    }

    fn on(&self, day: Date) -> bool {
        let index = usize::try_from(day.weekday().to_monday_zero_offset()).ok();
        index.and_then(|index| self.days.get(index)).is_some_and(|on| *on)
    }

    /// Begin and end in minutes of the week; what reaches into the next week is cut in two.
    fn in_week(&self) -> Vec<(i32, i32)> {
        let length = if self.over_midnight() { self.to + DAY - self.from } else { self.to - self.from };
        let mut found = Vec::new();
        for (begin, _) in (0..).step_by(24 * 60).zip(self.days).filter(|(_, on)| *on) {
            let (from, to) = (begin + self.from, begin + self.from + length);
            found.push((from, to.min(7 * DAY)));
            if to > 7 * DAY {
                found.push((0, to - 7 * DAY));
            }
        }
        found
    }
}

/// The first two ranges that share a minute, the same one twice if it overlaps itself.
fn overlap(ranges: &[Range]) -> Option<(usize, usize)> {
    let mut all: Vec<(i32, i32, usize)> = Vec::new();
    for (index, range) in ranges.iter().enumerate() {
        all.extend(range.in_week().into_iter().map(|(from, to)| (from, to, index)));
    }
    all.sort_unstable();
    let pairs = all.iter().zip(all.iter().skip(1));
    pairs.filter(|(a, b)| b.0 < a.1).map(|(a, b)| (a.2.min(b.2), a.2.max(b.2))).next()
}

fn range(text: &str) -> Result<Range, Fault> {
    let text = text.trim();
    let Some((days, times)) = text.split_once(char::is_whitespace) else {
        let help = "write for example `Mon-Fri 08:00-18:00`, or `Mon-Sun 00:00-24:00` for always";
        return Err(Fault::new(text, format!("`{text}` is not days with a begin and an end"), help));
    };
    let days = self::days(days)?;
    let (from, to) = self::times(times.trim())?;
    Ok(Range { days, from, to })
}

fn days(text: &str) -> Result<[bool; 7], Fault> {
    let mut found = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first, text)?, day(last, text)?);
        if first == last && part.contains('-') {
            return Err(Fault::new(part, format!("`{part}` is one day"), "write the day alone"));
        }
        // From Saturday to Monday is over the end of the week.
        for step in 0..=(last + 7 - first) % 7 {
            let Some(on) = found.get_mut((first + step) % 7) else { continue };
            if std::mem::replace(on, true) {
                let message = format!("`{text}` names a day twice");
                return Err(Fault::new(text, message, "name each day once"));
            }
        }
    }
    Ok(found)
}

fn day(word: &str, all: &str) -> Result<usize, Fault> {
    DAYS.iter().position(|day| *day == word).ok_or_else(|| {
        let near = DAYS.iter().find(|day| {
            let head = word.get(..3).unwrap_or(word);
            head.eq_ignore_ascii_case(day)
        });
        let help = match near {
            Some(day) => format!("write `{day}`"),
            None => format!("days are {}; several are `Mon-Fri` or `Mon,Wed`", DAYS.join(", ")),
        };
        let piece = if word.is_empty() { all } else { word };
        Fault::new(piece, format!("`{word}` is not a day of the week"), help)
    })
}

fn times(text: &str) -> Result<(i32, i32), Fault> {
    let Some((from, to)) = text.split_once('-') else {
        let message = format!("`{text}` is not a begin and an end");
        return Err(Fault::new(text, message, "write for example `08:00-18:00`, one range in each text"));
    };
    let (begin, end) = (time(from.trim())?, time(to.trim())?);
    if begin == DAY {
        return Err(Fault::new(
            from.trim(),
            "a range cannot begin at `24:00`",
            "write `00:00` of the next day",
        ));
    }
    if begin == end {
        let help = "the whole day is `00:00-24:00`";
        return Err(Fault::new(text, format!("`{text}` begins when it ends"), help));
    }
    // To midnight and over midnight to midnight are the same.
    Ok(if end == 0 { (begin, DAY) } else { (begin, end) })
}

/// Minutes after midnight.
fn time(text: &str) -> Result<i32, Fault> {
    let wrong = || {
        let message = format!("`{text}` is not a time of day");
        Fault::new(text, message, "times have 24 hours, as `08:00`; only an end may be `24:00`")
    };
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let hour = two_digits(hour).filter(|hour| *hour <= 24).ok_or_else(wrong)?;
    let minute = two_digits(minute).filter(|minute| *minute < 60).ok_or_else(wrong)?;
    Some(hour * 60 + minute).filter(|minutes| *minutes <= DAY).ok_or_else(wrong)
}

fn two_digits(text: &str) -> Option<i32> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
