//! Work on many rows, done by all cores.

/// Fewer than so many are done at once: a thread costs more than it saves.
const MANY: usize = 32_768;

/// Cores beyond that wait for memory only.
const CORES: usize = 8;

/// Does work on equal parts of some things, each with the position of its first; what it gives is in their order.
pub(super) fn in_parts<T: Sync, R: Send>(all: &[T], work: impl Fn(usize, &[T]) -> R + Sync) -> Vec<R> {
    let cores =
        if all.len() < MANY { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    if cores == 1 {
        return vec![work(0, all)];
    }
    let size = all.len().div_ceil(cores.min(CORES));
    let work = &work;
    std::thread::scope(|scope| {
        let mut parts = (0..).step_by(size).zip(all.chunks(size));
        // The first part is done here.
        let first = parts.next();
        let threads: Vec<_> = parts.map(|(from, part)| scope.spawn(move || work(from, part))).collect();
        let first = first.map(|(from, part)| work(from, part));
        let rest = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        first.into_iter().chain(rest).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_complete_and_in_order() {
        for count in [0, 1, MANY - 1, MANY, MANY * 2 + 1] {
            let all: Vec<usize> = (0..count).collect();
            let parts = in_parts(&all, |from, part| {
                assert!(part.first().is_none_or(|first| *first == from));
                part.to_vec()
            });
            assert_eq!(parts.concat(), all, "{count}");
        }
    }
}
