//! Tests of the probes about storage on a real server.
