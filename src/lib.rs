//! `passmuster`: the checker that never passes what is broken.
//!
//! A run is a pipeline, and each arrow gives a new type: a later pass cannot see an earlier form.
//!
//! - **Read.** [`source`] keeps texts and places in them, and reads YAML into a tree in which every node knows
//!   its place. [`diag`] is what we say about input that is wrong: a code, a sentence, places, what to do.
//! - **Resolve.** [`policy`] declares what a file may hold, and decodes it into a model that cannot be illegal;
//!   [`rule`] types expressions against the facts that probes declare, so what cannot be typed cannot be loaded;
//!   [`lint`] finds what loads and is wrong nevertheless. [`fact`] holds what all of them speak of: values,
//!   types with units, schemas, the causes of what could not be read, and the declarations of all probes.
//! - **Plan.** [`plan`] binds policies to targets: parameters through their layers, and the requests to make.
//! - **Recall.** [`store`] remembers runs; what a judgement needs of the past is handed in as data.
//! - **Observe.** [`observe`] asks: concurrency, deadlines, cancellation, live or from a recording. The bodies in
//!   [`probe`] are the only code that touches the observed world. [`secret`] keeps secrets out of everything
//!   that is said.
//! - **Judge.** [`judge`] turns facts into findings; it is synchronous and pure, and cannot tell a live row from
//!   a recorded one.
//! - **Audit.** [`audit`] answers what an auditor asks, from what was declared and judged.
//! - **Report.** [`verdict`] is the frozen model of a run, and [`report`] draws it in every format.
//!
//! [`evidence`] puts recordings, findings and policies into a directory that can be checked by somebody who was not there.
//!
//! [`cli`] wires these together, and alone prints, reads the environment and exits.

pub mod audit;
pub mod cli;
pub mod diag;
pub mod evidence;
pub mod fact;
pub mod impact;
pub mod judge;
pub mod layout;
pub mod lint;
pub mod observe;
pub mod plan;
pub mod policy;
pub mod probe;
pub mod report;
pub mod rule;
pub mod secret;
pub mod source;
pub mod store;
pub mod verdict;

#[cfg(test)]
#[path = "../tests/support/faults.rs"]
pub(crate) mod faults;

#[cfg(test)]
#[path = "../tests/support/http.rs"]
pub(crate) mod http;

#[cfg(test)]
#[path = "../tests/support/tls.rs"]
pub(crate) mod tls;
