//! Small charts of numbers over time, drawn with blocks, or with ASCII where the terminal is not UTF-8.
//!
//! Pure: what is drawn depends on the arguments alone. A gap is a gap: where there is no sample for longer than two and
//! a half times the usual step, nothing is drawn, and where it was asked and could not be read stands `?`.

/// From lowest to highest.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const PLAIN: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// What a column of a chart shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Column {
    /// The highest number of its time.
    Number(f64),
    /// The source had no value.
    Null,
    /// It was asked, and could not be read.
    Unread,
    /// Nothing is known.
    Gap,
}

/// Numbers in order of time; `None` is null.
pub(super) struct Points<'a> {
    pub(super) samples: &'a [(i64, Option<f64>)],
    /// When it could not be read.
    pub(super) unread: &'a [i64],
}

impl Points<'_> {
    fn times(&self) -> Vec<i64> {
        let mut times: Vec<i64> =
            self.samples.iter().map(|(at, _)| *at).chain(self.unread.iter().copied()).collect();
        times.sort_unstable();
        times
    }

    /// From the first time to the last, in at most so many columns: fewer if there were fewer steps.
    pub(super) fn columns(&self, most: usize) -> Vec<Column> {
        let times = self.times();
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return Vec::new() };
        let step = usual_step(&times);
        let span = last.saturating_sub(*first).max(1);
        let steps = usize::try_from(span / step.max(1)).unwrap_or(usize::MAX);
        let count = if first == last { 1 } else { steps.saturating_add(1).clamp(1, most.max(1)) };
        let place = |at: i64| {
            let share =
                i128::from(at.saturating_sub(*first)) * i128::try_from(count).unwrap_or(1) / i128::from(span);
            usize::try_from(share).unwrap_or(0).min(count - 1)
        };
        let mut columns = vec![Column::Gap; count];
        for at in self.unread {
            if let Some(column) = columns.get_mut(place(*at)) {
                *column = Column::Unread;
            }
        }
        for (at, value) in self.samples {
            if let Some(column) = columns.get_mut(place(*at)) {
                *column = match (*column, value) {
                    (Column::Number(known), Some(value)) => Column::Number(known.max(*value)),
                    (_, Some(value)) => Column::Number(*value),
                    (Column::Number(known), None) => Column::Number(known),
                    (_, None) => Column::Null,
                };
            }
        }
        // Two samples that are no farther apart than usual have no gap between them, wherever the columns fall.
        for (from, to) in times.iter().zip(times.iter().skip(1)) {
            if to.saturating_sub(*from) <= step.saturating_mul(5) / 2 {
                let shown = columns.get(place(*from)).copied().unwrap_or(Column::Gap);
                let between = columns.iter_mut().take(place(*to)).skip(place(*from) + 1);
                between.filter(|column| **column == Column::Gap).for_each(|column| *column = shown);
            }
        }
        columns
    }
}

/// The median of the steps from time to time.
fn usual_step(times: &[i64]) -> i64 {
    let mut steps: Vec<i64> = times
        .iter()
        .zip(times.iter().skip(1))
        .map(|(from, to)| to.saturating_sub(*from))
        .filter(|step| *step > 0)
        .collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).copied().unwrap_or(1)
}

/// Lowest and highest of the columns.
fn range(columns: &[Column]) -> Option<(f64, f64)> {
    let numbers = columns.iter().filter_map(|column| match column {
        Column::Number(number) => Some((*number, *number)),
        _ => None,
    });
    numbers.reduce(|(low, high), (number, _)| (low.min(number), high.max(number)))
}

/// How far up a number lies, in eighths of a row: 1 to `rows * 8`. If all are the same, half-way.
fn height(number: f64, (low, high): (f64, f64), rows: usize) -> usize {
    let most = rows * 8;
    let share = (number - low) / (high - low);
    if !share.is_finite() {
        return most / 2;
    }
    // Counted instead of cast: as many steps as lie at or below the share.
    let step = |index: usize| crate::fact::int_to_float(i64::try_from(index).unwrap_or(i64::MAX));
    (1..most).filter(|index| step(*index) <= share * step(most - 1)).count() + 1
}

fn level(eighths: usize, unicode: bool) -> char {
    let levels = if unicode { &BLOCKS } else { &PLAIN };
    eighths.checked_sub(1).and_then(|index| levels.get(index.min(7))).copied().unwrap_or(' ')
}

/// What stands where there is no number.
fn mark(column: Column) -> char {
    match column {
        Column::Null => '-',
        Column::Unread => '?',
        Column::Number(_) | Column::Gap => ' ',
    }
}

/// One line.
pub(super) fn line(columns: &[Column], unicode: bool) -> String {
    let range = range(columns);
    let char = |column: &Column| match (column, range) {
        (Column::Number(number), Some(range)) => level(height(*number, range, 1), unicode),
        (column, _) => mark(*column),
    };
    columns.iter().map(char).collect()
}

/// Several lines, the highest first; without a number there is none.
pub(super) fn lines(columns: &[Column], rows: usize, unicode: bool) -> Vec<String> {
    let Some(range) = range(columns) else { return Vec::new() };
    let row = |row: usize| {
        let char = |column: &Column| match column {
            Column::Number(number) => {
                let inside = height(*number, range, rows).saturating_sub(row * 8).min(8);
                // Below its top a bar is full, in ASCII too.
                level(inside, unicode)
            }
            column if row == 0 => mark(*column),
            _ => ' ',
        };
        columns.iter().map(char).collect::<String>()
    };
    (0..rows).rev().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(samples: &[(i64, Option<f64>)], unread: &[i64], most: usize) -> Vec<Column> {
        Points { samples, unread }.columns(most)
    }

    fn of(numbers: &[f64]) -> Vec<(i64, Option<f64>)> {
        (0..).zip(numbers).map(|(at, number)| (at * 60, Some(*number))).collect()
    }

    #[test]
    fn numbers_rise_from_the_lowest_block_to_the_highest() {
        let columns = points(&of(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), &[], 80);
        assert_eq!(line(&columns, true), "▁▂▃▄▅▆▇█");
        assert_eq!(line(&columns, false), "_.:-=+*#");
        assert_eq!(line(&points(&of(&[5.0, 5.0]), &[], 80), true), "▄▄", "what does not move is half-way");
        assert_eq!(line(&points(&of(&[-3.0]), &[], 80), true), "▄");
        assert!(line(&points(&[], &[], 80), true).is_empty());
    }

    #[test]
    fn a_gap_is_seen_and_what_could_not_be_read_too() {
        let mut samples = of(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        samples.drain(2..5);
        assert_eq!(line(&points(&samples, &[], 80), true), "▁▂   ▆▇█");
        assert_eq!(
            line(&points(&samples, &[120, 180], 80), true),
            "▁▂?? ▆▇█".replace("?? ", "???"),
            "one step late is no gap"
        );
        samples.insert(2, (120, None));
        assert_eq!(line(&points(&samples, &[], 80), true), "▁▂-  ▆▇█");
    }

    #[test]
    fn samples_that_come_a_little_late_leave_no_gap() {
        let samples: Vec<(i64, Option<f64>)> = (0..200).map(|n| (n * 300 + n % 7 * 20, Some(1.0))).collect();
        for most in [10, 50, 79, 150, 200, 300] {
            let columns = points(&samples, &[], most);
            assert!(!columns.contains(&Column::Gap), "{most}: {}", line(&columns, true));
            assert!(columns.len() <= most);
        }
    }

    #[test]
    fn a_narrow_chart_shows_the_highest_of_each_column() {
        let mut numbers = vec![1.0; 1000];
        numbers[501] = 9.0;
        let drawn = line(&points(&of(&numbers), &[], 10), true);
        assert_eq!(drawn, "▁▁▁▁▁█▁▁▁▁");
    }

    #[test]
    fn several_rows_stand_on_each_other() {
        let columns = points(&of(&[0.0, 1.0, 2.0, 3.0]), &[240], 80);
        assert_eq!(lines(&columns, 2, true), ["  ▃█ ", "▁▆██?"]);
        assert_eq!(lines(&columns, 2, false), ["  :# ", "_+##?"]);
        assert!(lines(&points(&[(1, None)], &[], 9), 2, true).is_empty());
    }

    #[test]
    fn times_at_the_ends_of_the_world_are_drawn() {
        let columns =
            points(&[(i64::MIN, Some(1.0)), (0, Some(f64::MAX)), (i64::MAX, Some(f64::MIN))], &[], 5);
        assert_eq!(columns.len(), 2);
    }
}
