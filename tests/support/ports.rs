//! Free ports for servers that are told their port.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// The kernel gives ports from 32768 on to whoever connects, so that one of those, free when it is looked at, is taken a second later.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static TURN: AtomicU16 = AtomicU16::new(0);

/// A port that is free and that no connection and no other caller in this process gets.
pub(crate) fn free_port() -> u16 {
    let start = std::process::id() % u32::from(COUNT);
    for _ in 0..COUNT {
        let turn = u32::from(TURN.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + u16::try_from((start + turn) % u32::from(COUNT)).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("all ports from {FIRST} on are taken");
}
