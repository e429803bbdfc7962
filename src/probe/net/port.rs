//! `tcp.port`: does something accept connections?

use std::sync::Arc;

use super::endpoint::{NotOpen, Open, asked, dial, each};
use crate::fact::{Missing, RowBuilder, Value};
use crate::probe::{Answer, Ask, Context, Observing, Probe};

/// The body of `tcp.port`.
pub(in crate::probe) struct Port;

impl Probe for Port {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(look(ask, cx))
    }
}

async fn look(ask: &Ask<'_>, cx: &Context) -> Result<Answer, Missing> {
    let endpoints = asked(ask.request, &cx.target)?;
    let answers = each(cx, &endpoints, |endpoint, until| async move { dial(&endpoint, until).await }).await;
    let mut table = ask.table();
    for (endpoint, answer) in endpoints.iter().zip(answers) {
        fill(table.row().set("endpoint", Value::text(endpoint.to_string())), answer).push();
    }
    Ok(Answer::new(table.finish()))
}

fn fill(row: RowBuilder<'_>, answer: Result<Open, NotOpen>) -> RowBuilder<'_> {
    match answer {
        Ok(open) => row
            .set("open", Value::Bool(true))
            .set("address", Value::text(open.address.ip().to_string()))
            .set("connect_time", Value::duration(open.took)),
        Err(NotOpen::Refused(_)) => {
            row.set("open", Value::Bool(false)).set("address", Value::Null).set("connect_time", Value::Null)
        }
        Err(NotOpen::Unknown(why)) => row.missing_all(&["open", "address", "connect_time"], &Arc::new(why)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr, TcpListener};
    use std::time::Duration;

    use serde_json::json;
    use url::Url;

    use super::*;
    use crate::fact::Cause;
    use crate::faults::{Blackhole, Faults, Mode};
    use crate::probe::testing::{ask, cell, value};

    const SHORT: Duration = Duration::from_millis(500);

    fn one(endpoint: &str) -> Answer {
        ask("tcp.port", json!({ "endpoints": [endpoint] })).deadline(SHORT).run().unwrap()
    }

    fn cause(answer: &Answer, row: usize, name: &str) -> Cause {
        cell(answer, row, name).unwrap_err().cause
    }

    #[test]
    fn an_open_port_is_open() {
        let server = Faults::greeting("", Mode::HANG).unwrap();
        let answer = one(&server.addr().to_string());
        assert_eq!(value(&answer, 0, "endpoint"), Value::text(server.addr().to_string()));
        assert_eq!(value(&answer, 0, "open"), Value::Bool(true));
        assert_eq!(value(&answer, 0, "address"), Value::text("127.0.0.1"));
        assert!(value(&answer, 0, "connect_time").as_int().unwrap() > 0);
    }

    #[test]
    fn a_refusal_is_an_observation() {
        let answer = one(&Faults::refused().unwrap().to_string());
        assert_eq!(value(&answer, 0, "open"), Value::Bool(false));
        assert_eq!(value(&answer, 0, "connect_time"), Value::Null);
    }

    #[test]
    fn what_comes_after_the_connection_does_not_matter() {
        for mode in [Mode::HANG, Mode::EMPTY, Mode::RESET, Mode::Garbage] {
            let server = Faults::answering("", mode).unwrap();
            assert_eq!(value(&one(&server.addr().to_string()), 0, "open"), Value::Bool(true), "{mode:?}");
        }
        let server = Faults::greeting("", Mode::HANG).unwrap();
        server.set(Mode::Refuse);
        assert_eq!(value(&one(&server.addr().to_string()), 0, "open"), Value::Bool(false));
    }

    #[test]
    fn silence_is_unknown() {
        let hole = Blackhole::new().unwrap();
        let answer = one(&hole.addr().to_string());
        for fact in ["open", "address", "connect_time"] {
            assert_eq!(cause(&answer, 0, fact), Cause::Timeout, "{fact}");
        }
    }

    #[test]
    fn what_cannot_be_routed_is_unknown() {
        // The documentation prefix has no route where there is no IPv6, and is silent where there is.
        let answer = one("[100::1]:9");
        assert!(matches!(cause(&answer, 0, "open"), Cause::Unreachable | Cause::Timeout));
        // A broadcast address is refused by this machine itself, and never by a server.
        assert_ne!(cell(&one("255.255.255.255:9"), 0, "open"), Ok(Value::Bool(true)));
        assert!(cell(&one("255.255.255.255:9"), 0, "open").is_err());
    }

    #[test]
    fn a_name_that_does_not_resolve_is_unknown() {
        let answer = ask("tcp.port", json!({ "endpoints": ["no-such-host.invalid:80"] }))
            .deadline(Duration::from_secs(8))
            .run()
            .unwrap();
        let why = cell(&answer, 0, "open").unwrap_err();
        assert_eq!(why.cause, Cause::Unreachable);
        assert!(why.what.contains("`no-such-host.invalid` does not resolve"), "{}", why.what);
    }

    #[test]
    fn both_families_of_a_name_are_tried() {
        let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            // Only the other half can be shown on a machine without IPv6.
            let server = Faults::greeting("", Mode::HANG).unwrap();
            assert_eq!(value(&one(&format!("localhost:{}", server.port())), 0, "open"), Value::Bool(true));
            return;
        };
        let port = listener.local_addr().unwrap().port();
        let answer = one(&format!("[::1]:{port}"));
        assert_eq!(value(&answer, 0, "address"), Value::text(IpAddr::from(Ipv6Addr::LOCALHOST).to_string()));
    }

    #[test]
    fn dead_endpoints_hide_nobody() {
        let (server, hole) = (Faults::greeting("", Mode::HANG).unwrap(), Blackhole::new().unwrap());
        // More silent ones than are asked at once stand before the one that is open.
        let mut endpoints: Vec<String> =
            (2..=80).map(|n| format!("127.0.0.{n}:{}", hole.addr().port())).collect();
        endpoints.insert(0, hole.addr().to_string());
        endpoints.push(server.addr().to_string());
        let answer = ask("tcp.port", json!({ "endpoints": endpoints })).deadline(SHORT).run().unwrap();
        assert_eq!(cause(&answer, 0, "open"), Cause::Timeout);
        let last = answer.table.rows.len() - 1;
        assert_eq!(last, 80);
        assert_eq!(cause(&answer, 79, "open"), Cause::Timeout);
        assert_eq!(value(&answer, last, "open"), Value::Bool(true));
    }

    #[test]
    fn an_answer_beyond_the_budget_says_so() {
        let refused = Faults::refused().unwrap().port();
        let endpoints = [format!("127.0.0.1:{refused}"), format!("127.0.0.2:{refused}")];
        let answer = ask("tcp.port", json!({ "endpoints": endpoints })).max_rows(1).run().unwrap();
        assert_eq!((answer.table.rows.len(), answer.table.total), (1, 2));
        assert_eq!(answer.table.cut.unwrap().cause, Cause::Incomplete);
    }

    #[test]
    fn the_target_has_an_address_of_its_own() {
        let server = Faults::greeting("", Mode::HANG).unwrap();
        let url = Url::parse(&format!("postgres://me@127.0.0.1:{}/shop", server.port())).unwrap();
        let answer = ask("tcp.port", json!({})).target(|target| target.url = Some(url)).run().unwrap();
        assert_eq!(value(&answer, 0, "open"), Value::Bool(true));
        let answer = ask("tcp.port", json!({ "port": server.port() })).run().unwrap();
        assert_eq!(value(&answer, 0, "endpoint"), Value::text(format!("localhost:{}", server.port())));
    }

    #[test]
    fn a_question_without_an_endpoint_is_no_answer() {
        assert_eq!(ask("tcp.port", json!({})).run().unwrap_err().cause, Cause::Empty);
        let wrong = |args| ask("tcp.port", args).run().unwrap_err().cause;
        assert_eq!(wrong(json!({ "endpoints": ["localhost"] })), Cause::WrongType);
        assert_eq!(wrong(json!({ "host": "localhost", "port": 70000 })), Cause::WrongType);
    }
}
