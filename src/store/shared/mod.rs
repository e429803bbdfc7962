//! A store that several machines share: a log of runs in PostgreSQL, and a copy of it on each machine.
//!
//! A row of the log is a whole run, in the bytes in which it waits beside a local store. Writing is one `INSERT`, so
//! that any number of machines write at once. Reading is a [`Store`] of this machine, its copy, into which the rows
//! that are new are folded in the order in which they came; everything is answered from there, by the same code as
//! without a shared store.
//!
//! - **A run is there once.** It has a name since it was judged; what is sent twice is taken once, and where a copy
//!   stands is written in the transaction that saves the rows before it.
//! - **Nothing is lost while the log is away.** A run is written into the outbox of this machine first, and removed
//!   from there when the log has it. Whoever reaches the log next sends what waits.
//! - **What is not known is not made up.** A copy that could not be brought up to date says so ([`Gap`]): what it has
//!   is not all, and nobody may judge as if it were.
//! - **A copy can be thrown away.** One that does not belong to the log (it was restored, or pruned by hand) is
//!   emptied and filled again. A run has the same number in every copy.
//!
//! Whatever is asked of the log has a deadline, stands in a short transaction (poolers), and waits for no lock longer.

mod address;
mod error;
mod model;

#[cfg(feature = "sql")]
mod carry;
#[cfg(feature = "sql")]
mod copy;
#[cfg(feature = "sql")]
mod link;
#[cfg(feature = "sql")]
mod log;
#[cfg(feature = "sql")]
mod machine;
#[cfg(feature = "sql")]
mod schema;
#[cfg(feature = "sql")]
mod send;

#[cfg(not(feature = "sql"))]
mod stub;

#[cfg(all(test, feature = "sql"))]
pub(super) mod tests;

pub use address::Address;
pub use error::SharedError;
#[cfg(feature = "sql")]
pub use machine::Shared;
pub use model::{Caught, Extent, Gap, Sent};
#[cfg(not(feature = "sql"))]
pub use stub::Shared;
