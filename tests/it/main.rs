//! One binary for all integration tests, so that they are linked once.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "all of this is tests, also what stands outside of a `#[test]` function"
)]

// As inside of the library, so that an example compiles as it stands in the documentation.
use passmuster::{fact, probe};

mod adding_a_probe;
mod attest;
mod audit;
mod audit_beneath;
mod audit_keys;
mod audit_runs;
mod audit_unknown;
mod bad_input;
mod calendars;
mod canary;
mod case_coverage;
mod case_formats;
mod case_generate;
mod case_input;
mod case_mutants;
mod case_update;
mod cel;
mod cli_commands;
mod contract;
mod controls;
mod diff_project_name;
mod docs_are_fresh;
mod evidence;
mod exit_codes;
mod explain_finding;
mod false_green;
mod fault_matrix;
#[path = "../support/faults.rs"]
mod faults;
mod fmt;
mod gate;
mod gate_scenarios;
mod half_typed;
mod harness;
mod house;
mod house_memory;
mod html_page;
#[path = "../support/http.rs"]
mod http;
mod keep_going;
mod layers;
mod lint_allowed;
mod lint_baseline;
mod lint_catalogue;
mod lint_fix;
mod lint_levels;
mod memory;
mod operators;
mod outlook;
mod overrides;
mod past_again;
mod pg;
mod policies_files;
mod policies_host;
mod policies_memory;
mod policies_mysql;
mod policies_net;
mod policies_postgres;
mod policies_relations;
mod policies_release;
mod policies_sqlite;
mod policy_diff;
mod policy_diff_hidden;
#[path = "../support/ports.rs"]
mod ports;
mod recordings;
mod related_targets;
mod relations;
mod release_data;
mod remedy;
mod repository;
mod review_again;
mod review_faults;
mod review_formats;
mod review_green;
mod review_readings;
mod review_scenario;
mod schema_agrees;
mod schemas;
mod several_types;
mod shared_store;
mod silent_green;
mod starttls;
#[path = "../support/tls.rs"]
mod tls;
mod trial;
mod yaml_suite;
