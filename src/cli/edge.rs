//! The environment: variables, terminal, clock, host name.

/// A variable, if it is set and not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Colour unless `NO_COLOR` says otherwise.
pub(super) fn wants_color() -> bool {
    variable("NO_COLOR").is_none() && variable("TERM").is_none_or(|term| term != "dumb")
}

/// Columns of the terminal.
pub(super) fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout())
        .or_else(|_| rustix::termios::tcgetwinsize(std::io::stderr()));
    let columns = variable("COLUMNS").and_then(|text| text.parse().ok());
    columns
        .or_else(|| size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0))
        .unwrap_or(100)
}

/// Does the terminal take UTF-8? As the C library decides it: the first of these that is set.
pub(super) fn is_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
    set.is_some_and(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Name of this host.
pub(super) fn host() -> String {
    let named = rustix::system::uname();
    match named.nodename().to_string_lossy().trim() {
        "" => "this host".to_owned(),
        name => name.to_owned(),
    }
}

/// A stopwatch for `--timings`.
pub(super) struct Watch(std::time::Instant);

impl Watch {
    pub(super) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Microseconds since the last call.
    pub(super) fn lap(&mut self) -> u64 {
        let now = std::time::Instant::now();
        let lap = now - self.0;
        self.0 = now;
        u64::try_from(lap.as_micros()).unwrap_or(u64::MAX)
    }
}
