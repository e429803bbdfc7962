//! Refuses SQL of a policy that does more than read.
//!
//! The role is the real barrier and a read-only transaction the second; neither stops a function that ends
//! other sessions, drops a slot or resets counters. So the text is read as tokens (comments, strings, quoted
//! names and dollar quotes are what the server takes them for) and whatever is known to change something is
//! refused by name, before anything is sent. Pure, so that a policy is refused when it is loaded.

use super::SqlDialect;
use super::tokens::{Token, tokens};

/// Why this text is refused, as a sentence without a period; `None` if it only reads, as far as a text can tell.
pub fn refuse_sql(sql: &str, dialect: SqlDialect) -> Option<String> {
    match tokens(sql, dialect) {
        Err(why) => Some(why),
        Ok(tokens) => refuse_statement(&tokens)
            .or_else(|| refuse_parentheses(&tokens))
            .or_else(|| refuse_words(&tokens, dialect))
            .or_else(|| refuse_calls(&tokens, dialect)),
    }
}

/// Functions that a query calls in a schema that is not the server's own: `app.cleanup`. What they do stands nowhere
/// in the query. Empty also for a text that cannot be read, which is refused.
pub fn foreign_calls(sql: &str, dialect: SqlDialect) -> Vec<String> {
    const OWN: &[&str] = &["pg_catalog", "information_schema", "sys", "performance_schema", "mysql"];
    let tokens = tokens(sql, dialect).unwrap_or_default();
    let mut found = Vec::new();
    for four in tokens.windows(4) {
        let [schema, Token::Sign('.'), called, Token::Sign('(')] = four else { continue };
        if let (Some(schema), Some(called)) = (schema.name(), called.name())
            && !OWN.contains(&schema)
        {
            found.push(format!("{schema}.{called}"));
        }
    }
    found
}

/// Two or three words in a row that change or lock something, wherever they stand.
const PHRASES: &[(&[&str], &str)] = &[
    (&["insert", "into"], "`INSERT` writes"),
    (&["replace", "into"], "`REPLACE` writes"),
    (&["merge", "into"], "`MERGE` writes"),
    (&["delete", "from"], "`DELETE` deletes"),
    (&["for", "update"], "`FOR UPDATE` locks rows"),
    (&["for", "share"], "`FOR SHARE` locks rows"),
    (&["for", "no", "key"], "`FOR NO KEY UPDATE` locks rows"),
    (&["for", "key", "share"], "`FOR KEY SHARE` locks rows"),
    (&["lock", "in", "share"], "`LOCK IN SHARE MODE` locks rows"),
    (&["next", "value", "for"], "`NEXT VALUE FOR` changes a sequence"),
    (&["into"], "`INTO` writes its result somewhere"),
];

fn refuse_statement(tokens: &[Token]) -> Option<String> {
    let Some(first) = tokens.iter().find(|token| **token != Token::Sign('(')) else {
        return Some("the query is empty".to_owned());
    };
    let begins = "a query begins with SELECT, WITH, VALUES or TABLE";
    match first {
        Token::Word(word) if matches!(word.as_str(), "select" | "with" | "values" | "table") => {}
        Token::Word(word) => return Some(format!("{begins}; `{}` is not a question", word.to_uppercase())),
        Token::Sign(';') => return Some("the query is empty".to_owned()),
        _ => return Some(begins.to_owned()),
    }
    let end = tokens.iter().position(|token| *token == Token::Sign(';'))?;
    let more = tokens.iter().skip(end).any(|token| *token != Token::Sign(';'));
    more.then(|| "it holds more than one statement; only one can be asked".to_owned())
}

/// The statement is put into parentheses of ours, which it must not close.
fn refuse_parentheses(tokens: &[Token]) -> Option<String> {
    let mut open = 0_u32;
    for token in tokens {
        match token {
            Token::Sign('(') => open += 1,
            Token::Sign(')') => match open.checked_sub(1) {
                Some(left) => open = left,
                None => return Some("a `)` closes what was not opened".to_owned()),
            },
            _ => {}
        }
    }
    (open > 0).then(|| "a `(` is not closed".to_owned())
}

fn refuse_words(tokens: &[Token], dialect: SqlDialect) -> Option<String> {
    for start in 0..tokens.len() {
        let rest = tokens.get(start..).unwrap_or_default();
        let after_dot = start > 0 && tokens.get(start - 1) == Some(&Token::Sign('.'));
        if after_dot {
            continue;
        }
        let found = PHRASES.iter().find(|(words, _)| begins_with(rest, words));
        if let Some((_, why)) = found {
            return Some(format!("{why}; a query may only read (quote the name if it is a column)"));
        }
        let opened = start > 0 && matches!(tokens.get(start - 1), Some(Token::Sign('(' | ')')));
        if opened && begins_with(rest, &["update"]) && rest.get(1).and_then(Token::name).is_some() {
            return Some("`UPDATE` writes; a query may only read".to_owned());
        }
    }
    let hidden = dialect == SqlDialect::Mysql && tokens.windows(2).any(sets_variable);
    hidden.then(|| "`:=` changes a variable; a query may only read".to_owned())
}

fn sets_variable(pair: &[Token]) -> bool {
    pair == [Token::Sign(':'), Token::Sign('=')]
}

fn begins_with(tokens: &[Token], words: &[&str]) -> bool {
    tokens.len() >= words.len() && tokens.iter().zip(words).all(|(token, word)| token.word() == Some(word))
}

fn refuse_calls(tokens: &[Token], dialect: SqlDialect) -> Option<String> {
    for pair in tokens.windows(2) {
        let [called, Token::Sign('(')] = pair else { continue };
        let Some(name) = called.name() else { continue };
        let matches = |pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == pattern,
        };
        if let Some((_, why)) = dialect.calls().iter().find(|(pattern, _)| matches(pattern)) {
            return Some(format!("`{name}` {why}; a query may only read"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres(sql: &str) -> Option<String> {
        refuse_sql(sql, SqlDialect::Postgres)
    }

    #[test]
    fn queries_that_read_are_let_through() {
        for sql in [
            "select 1",
            "  SELECT path, size FROM uploads;",
            "with a as (select 1) select * from a -- done",
            "(select 1) union (select 2)",
            "values (1), (2)",
            "table pg_class",
            "select 'drop; delete from x; pg_terminate_backend(1)'",
            "select $$ insert into t $$, $a$ $$; $b$ $a$",
            "select E'it\\'s; delete from t'",
            "select /* nested /* delete from t */ ; */ 1",
            "select pg_stat_reset_at, set_config from t",
            "select substring(x for 3), t.into, \"into\" from t",
            "select max(last_update) from t where updated > now() - interval '1 day'",
            "select pg_sleep(1), pg_size_pretty(1)",
            "select \"PG_TERMINATE_BACKEND\"(1)",
            "select $1",
            "select 1;;",
            "select a[1], b -> 'c' from t",
        ] {
            assert_eq!(postgres(sql), None, "{sql}");
        }
    }

    #[test]
    fn what_changes_something_is_refused() {
        for (sql, says) in [
            ("", "empty"),
            ("-- nothing", "empty"),
            (";", "empty"),
            ("delete from t", "`DELETE` is not a question"),
            ("COPY t TO '/tmp/x'", "`COPY`"),
            ("lock table t", "`LOCK`"),
            ("do $$ begin end $$", "`DO`"),
            ("call p()", "`CALL`"),
            ("set x = 1", "`SET`"),
            ("notify x", "`NOTIFY`"),
            ("listen x", "`LISTEN`"),
            ("prepare transaction 'x'", "`PREPARE`"),
            ("explain analyze select 1", "`EXPLAIN`"),
            ("select 1; select 2", "more than one statement"),
            ("commit; create table t ()", "`COMMIT`"),
            ("select 1; commit; create table t ()", "more than one statement"),
            ("with d as (delete from t returning 1) select * from d", "`DELETE`"),
            ("with d as (update t set a = 1 returning 1) select * from d", "`UPDATE`"),
            ("with d as (insert into t values (1) returning 1) select * from d", "`INSERT`"),
            ("with a as (select 1) update t set a = 1", "`UPDATE`"),
            ("select * into x from t", "`INTO`"),
            ("select * from t for update", "`FOR UPDATE`"),
            ("select * from t for no key update", "`FOR NO KEY"),
            ("select pg_terminate_backend(1)", "ends other sessions"),
            ("select Pg_Terminate_Backend (1)", "ends other sessions"),
            ("select pg_catalog . pg_terminate_backend /* */ (1)", "ends other sessions"),
            ("select \"pg_terminate_backend\"(1)", "ends other sessions"),
            ("select U&\"pg\\005fterminate_backend\"(1)", "U&"),
            ("select pg_stat_reset_shared('bgwriter')", "resets counters"),
            ("select set_config('x', 'y', false)", "changes settings"),
            ("select * from dblink('', 'delete from t') as t(a int)", "another connection"),
            ("select lo_export(1, '/tmp/x')", "large objects"),
            ("select nextval('s')", "changes a sequence"),
            ("select pg_read_file('/etc/passwd')", "reads files"),
            ("select query_to_xml('select 1', true, true, '')", "runs a text"),
            ("select E'\\'', pg_reload_conf()", "reloads"),
            ("select '\\', pg_reload_conf()", "reloads"),
            ("select 'it', $$'$$, pg_reload_conf(), ''", "reloads"),
            ("select 1 --\n, pg_reload_conf()", "reloads"),
            ("select 1 -- \r, pg_reload_conf()", "reloads"),
            ("select E'a'\n'b\\'' , pg_reload_conf() , ''", "reloads"),
            ("select 1e'\\'' , pg_reload_conf() , ''", "reloads"),
            ("select \u{a0}$$, pg_reload_conf(), $$ $$", "reloads"),
            ("select 'open", "does not end"),
            ("select /* open", "does not end"),
            ("select $x$ open", "does not end"),
            ("select 1 as a) q, (select 2", "not opened"),
            ("select (1", "not closed"),
            ("select 1\0", "NUL"),
        ] {
            let why = postgres(sql).unwrap_or_else(|| panic!("let through: {sql}"));
            assert!(why.contains(says), "{sql}: {why}");
        }
    }

    #[test]
    fn other_dialects_have_their_own_quotes_and_names() {
        let mysql = |sql| refuse_sql(sql, SqlDialect::Mysql);
        assert_eq!(mysql("select `a`, \"b\", 'it\\'s ; x' from t # delete from t"), None);
        assert_eq!(mysql("select 1 --1"), None);
        for (sql, says) in [
            ("select 1 into outfile '/tmp/x'", "`INTO`"),
            ("select /*!50000 1 into outfile 'x' */", "is executed"),
            ("select /*M! 1 */", "is executed"),
            ("select get_lock('a', 1)", "takes a lock"),
            ("select `LOAD_FILE`('/etc/passwd')", "reads files"),
            ("select @a := 1", "`:=`"),
            ("select 1 from t lock in share mode", "locks rows"),
            ("kill 3", "`KILL`"),
            ("handler t open", "`HANDLER`"),
            ("select 1 --\tx\n; select 2", "more than one"),
            ("select 1 --1; select 2", "more than one"),
        ] {
            let why = mysql(sql).unwrap_or_else(|| panic!("let through: {sql}"));
            assert!(why.contains(says), "{sql}: {why}");
        }
        let sqlite = |sql| refuse_sql(sql, SqlDialect::Sqlite);
        assert_eq!(sqlite("select [a;b], `c`, '\\' from t"), None);
        assert!(sqlite("select load_extension('x')").unwrap().contains("loads a program"));
        assert!(sqlite("attach 'x' as y").unwrap().contains("`ATTACH`"));
        assert!(sqlite("pragma journal_mode = delete").unwrap().contains("`PRAGMA`"));
        assert!(sqlite("select 1 /* /* */; select 2 /* */").unwrap().contains("more than one"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_to_its_end(sql in ".*") {
            for dialect in [SqlDialect::Postgres, SqlDialect::Mysql, SqlDialect::Sqlite] {
                let _refused = refuse_sql(&sql, dialect);
            }
        }

        #[test]
        fn a_call_is_seen_whatever_stands_around_it(before in "('[^'\\\\]*'|/\\*[a-z ]*\\*/|\\$\\$[^$]*\\$\\$|[a-z]+| )*", gap in "( |/\\*x\\*/|--y\n)*") {
            let sql = format!("select {before}, pg_reload_conf{gap}()");
            proptest::prop_assert!(postgres(&sql).is_some());
        }
    }
}
