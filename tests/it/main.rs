//! One binary for all integration tests, so that they are linked once.

mod yaml_suite;
