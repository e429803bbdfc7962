//! What an auditor asks, answered from plain data: pure, without a clock, a store or a file.

pub mod coverage;
