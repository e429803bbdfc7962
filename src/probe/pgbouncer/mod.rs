//! Probes of PgBouncer: its console, which speaks PostgreSQL's protocol and knows a few commands of its own.

mod console;
mod line;
mod pools;
#[cfg(test)]
mod tests;

pub(super) use pools::Pools;
