//! Policies about logical replication, between two servers.

use std::net::TcpListener;
use std::time::Duration;

use super::Recipe;
use crate::policies_postgres::{Server, end};
use crate::trial::{carry_out, found, none};

/// How each is made to fail.
pub(super) const RECIPES: &[Recipe] = &[
    (
        "postgres-subscriptions",
        "a subscription is disabled; a lock on its table holds up its worker; its publisher is stopped, or accepts connections \
         and never answers",
    ),
    ("postgres-subscription-errors", "a row that the publisher sends is there already"),
];

/// A publisher of two tables, and a subscriber with a subscription to each.
fn pair() -> (Server, Server) {
    let publisher = Server::new("wal_level = logical\nwal_sender_timeout = 2s");
    let subscriber = Server::new("wal_retrieve_retry_interval = 500ms");
    let from = format!("host=127.0.0.1 port={} user=postgres dbname=postgres", publisher.port());
    for (table, publication, subscription) in
        [("orders", "feed", "\"From Shop\""), ("prices", "tariff", "from_office")]
    {
        publisher.sql(&format!("CREATE TABLE {table} (id int PRIMARY KEY)"));
        publisher.sql(&format!("INSERT INTO {table} VALUES (1)"));
        publisher.sql(&format!("CREATE PUBLICATION {publication} FOR TABLE {table}"));
        subscriber.sql(&format!("CREATE TABLE {table} (id int PRIMARY KEY)"));
        subscriber.sql(&format!(
            "CREATE SUBSCRIPTION {subscription} CONNECTION '{from}' PUBLICATION {publication} \
             WITH (slot_name = '{table}')"
        ));
    }
    (publisher, subscriber)
}

#[test]
fn a_subscription_that_stands_still_goes_on() {
    let (publisher, subscriber) = pair();
    let id = "postgres-subscriptions";
    let trial = subscriber.trial(id).set("silent_after: 4s");
    trial.soon(&found(&[], 2));
    let subject = "\"From Shop\"";
    subscriber.sql("ALTER SUBSCRIPTION \"From Shop\" DISABLE");
    let run = trial.soon(&found(&[(subject, "fail")], 1));
    assert!(run.finding(id)["message"].as_str().unwrap().contains("is disabled"));
    // do: nobody disabled it on purpose
    carry_out(&trial.steps(&run, subject), |text| subscriber.sql(text), none);
    trial.soon(&found(&[], 2));
    // Its worker waits for somebody else's lock, and hears nothing meanwhile.
    let blocker = subscriber.session("postgres", "BEGIN; LOCK TABLE orders;");
    publisher.sql("INSERT INTO orders VALUES (2)");
    let run = trial.soon(&found(&[(subject, "fail")], 1));
    assert!(run.finding(id)["message"].as_str().unwrap().contains("has not heard"), "{}", run.stdout);
    carry_out(&trial.steps(&run, subject), |text| subscriber.sql(text), none);
    // do: end what blocks the worker
    end(blocker);
    trial.soon(&found(&[], 2));
    publisher.control(&["stop", "-m", "fast"]);
    let both = [(subject, "fail"), ("from_office", "fail")];
    let run = trial.soon(&found(&both, 0));
    carry_out(&trial.steps(&run, subject), |text| subscriber.sql(text), none);
    // do: look whether the publisher is reachable
    publisher.start();
    trial.soon(&found(&[], 2));
}

#[test]
fn a_publisher_that_accepts_and_never_answers_is_told() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let subscriber = Server::new("wal_retrieve_retry_interval = 500ms");
    // Its worker is started again and again, and is young each time.
    let from = format!(
        "host=127.0.0.1 port={} user=postgres dbname=postgres connect_timeout=2",
        silent.local_addr().unwrap().port()
    );
    subscriber.sql(&format!(
        "CREATE SUBSCRIPTION from_shop CONNECTION '{from}' PUBLICATION feed \
         WITH (connect = false, slot_name = 'orders')"
    ));
    let id = "postgres-subscriptions";
    let trial = subscriber.trial(id);
    subscriber.sql("ALTER SUBSCRIPTION from_shop ENABLE");
    let silence = "has heard nothing from its publisher";
    let mut said = String::new();
    for _ in 0..60 {
        let run = trial.finds(&[("from_shop", "fail")], 0);
        run.finding(id)["message"].as_str().unwrap().clone_into(&mut said);
        if said.contains(silence) {
            break;
        }
        // It does not run just now.
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(said.contains(silence), "{said}");
}

#[test]
fn a_change_that_cannot_be_applied_is_let_through() {
    let (publisher, subscriber) = pair();
    let trial = subscriber.trial("postgres-subscription-errors");
    trial.soon(&found(&[], 2));
    // Only what comes after the first copy is a change.
    while subscriber_rows(&subscriber, "orders") != "1" {
        std::thread::sleep(Duration::from_millis(100));
    }
    subscriber.sql("INSERT INTO orders VALUES (7)");
    publisher.sql("INSERT INTO orders VALUES (7)");
    let subject = "\"From Shop\"";
    let run = trial.soon(&found(&[(subject, "fail")], 1));
    // do: remove the row that is in the way
    subscriber.sql("DELETE FROM orders WHERE id = 7");
    carry_out(&trial.steps(&run, subject), |text| subscriber.sql(text), none);
    trial.soon(&found(&[], 2));
    while subscriber_rows(&subscriber, "orders") != "2" {
        std::thread::sleep(Duration::from_millis(100));
    }
    trial.finds(&[], 2);
}

fn subscriber_rows(server: &Server, table: &str) -> String {
    let count = format!("SELECT count(*) FROM {table}");
    crate::trial::done(server.psql("postgres").args(["-c", &count])).trim().to_owned()
}
