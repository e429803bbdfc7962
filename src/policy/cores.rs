//! Many items on all cores.

/// Fewer items are not worth a thread.
const FEW: usize = 256;

/// Does the same with each part of many items, the parts at the same time; the results are in order. Of few items
/// there is one part.
pub fn in_parts<T: Sync, R: Send>(items: &[T], one: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let cores =
        if items.len() < FEW { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    if cores == 1 {
        return vec![one(items)];
    }
    let one = &one;
    std::thread::scope(|scope| {
        let parts = items.chunks(items.len().div_ceil(cores));
        let threads: Vec<_> = parts.map(|part| scope.spawn(move || one(part))).collect();
        let done = |thread: std::thread::ScopedJoinHandle<'_, R>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(done).collect()
    })
}

/// The same with each item.
pub fn on_all_cores<T: Sync, R: Send>(items: &[T], one: impl Fn(&T) -> R + Sync) -> Vec<R> {
    joined(in_parts(items, |part| {
        // With room for all, so that the first part takes in the others.
        let mut done = Vec::with_capacity(items.len());
        done.extend(part.iter().map(&one));
        done
    }))
}

/// The lists one after the other, in the place of the first: most of the time of copying large items is that of touching
/// memory anew.
fn joined<T>(parts: Vec<Vec<T>>) -> Vec<T> {
    let append = |mut all: Vec<T>, mut part| {
        all.append(&mut part);
        all
    };
    parts.into_iter().reduce(append).unwrap_or_default()
}

/// The same with each of a few items of which each takes long: each core takes the next when it is done.
pub fn one_by_one<T: Sync, R: Send>(items: &[T], one: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(items.len());
    // A thread that died did so at one of the items, which does it here again.
    at_once(items, cores, &one).unwrap_or_else(|| items.iter().map(one).collect())
}

/// Files fewer than this are read by one thread.
const FILES: usize = 64;

/// The same with each of many items of unlike cost: each core takes the next few when it is done. `None` if a
/// thread died.
pub(super) fn by_turns<T: Sync, R: Send>(items: &[T], one: impl Fn(&T) -> R + Sync) -> Option<Vec<R>> {
    let cores =
        if items.len() < FILES { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    if cores == 1 {
        return Some(items.iter().map(one).collect());
    }
    let chunks: Vec<&[T]> = items.chunks(items.len().div_ceil(cores * 8)).collect();
    let done = at_once(&chunks, cores, |chunk| chunk.iter().map(&one).collect::<Vec<_>>())?;
    Some(joined(done))
}

/// Does the same with every item, on so many cores, and gives the results in the order of the items. `None` if a
/// thread died.
pub(super) fn at_once<T: Sync, R: Send>(
    items: &[T],
    cores: usize,
    one: impl Fn(&T) -> R + Sync,
) -> Option<Vec<R>> {
    let queue = std::sync::Mutex::new(items.iter().enumerate());
    let worker = || {
        let mut done = Vec::new();
        loop {
            let next = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
            let Some((index, item)) = next else { return done };
            done.push((index, one(item)));
        }
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        // This thread works as well, or it would only wait.
        let others: Vec<_> = (1..cores).map(|_| scope.spawn(worker)).collect();
        let mut done = worker();
        for other in others {
            done.extend(other.join().ok()?);
        }
        Some(done)
    })?;
    done.sort_by_key(|(index, _)| *index);
    Some(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for count in [0, 1, FEW - 1, FEW, 1000] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(
                on_all_cores(&items, |item| item * 2),
                items.iter().map(|item| item * 2).collect::<Vec<_>>()
            );
            assert_eq!(one_by_one(&items, |item| item * 2), on_all_cores(&items, |item| item * 2));
            let parts = in_parts(&items, <[usize]>::to_vec);
            assert_eq!(parts.concat(), items);
        }
    }
}
