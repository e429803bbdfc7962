//! Time zones by the names of IANA.
//!
//! The data of the system are asked first, because they are renewed with it; a system without them (a small
//! container) is served by those that were built in. Which names exist is always what was built in, so that one
//! project file means the same everywhere: `localtime` and `posixrules` are no names.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::diag::{did_you_mean, nearest};

/// The zone of that name; the error says what to do.
pub(in crate::policy) fn find(name: &str) -> Result<TimeZone, String> {
    let bundled = TimeZoneDatabase::bundled();
    if !bundled.available().any(|known| known.as_str() == name) {
        return Err(help(name, &bundled));
    }
    jiff::tz::db().get(name).or_else(|_| bundled.get(name)).map_err(|error| error.to_string())
}

fn help(name: &str, known: &TimeZoneDatabase) -> String {
    let names: Vec<String> = known.available().map(|name| name.as_str().to_owned()).collect();
    // `Zurich` alone, or with the wrong continent.
    let same = |known: &&String| known.eq_ignore_ascii_case(name);
    let there = |known: &&String| known.contains('/') && city(known).eq_ignore_ascii_case(city(name));
    if let Some(zone) = names.iter().find(same).or_else(|| names.iter().find(there)) {
        return format!("did you mean `{zone}`?");
    }
    if let Some(help) = did_you_mean(name, names.iter().map(String::as_str)) {
        return help;
    }
    let cities = names.iter().filter(|name| name.contains('/')).map(|name| city(name));
    let near = nearest(city(name), cities);
    match near.and_then(|near| names.iter().find(|name| name.contains('/') && city(name) == near)) {
        Some(zone) => format!("did you mean `{zone}`?"),
        None => "zones have the names of IANA, such as `Europe/Zurich`, or `UTC`".to_owned(),
    }
}

fn city(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
