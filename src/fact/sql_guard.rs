//! Refuses SQL of a policy that does more than read.
//!
//! The role is the real barrier and a read-only transaction the second; neither stops a function that ends
//! other sessions, drops a slot or resets counters. So the text is read as tokens (comments, strings, quoted
//! names and dollar quotes are what the server takes them for) and whatever is known to change something is
//! refused by name, before anything is sent. Pure, so that a policy is refused when it is loaded.

use std::iter::Peekable;
use std::str::Chars;

use super::sql_calls::{MYSQL_CALLS, POSTGRES_CALLS, SQLITE_CALLS};

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlDialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
}

impl SqlDialect {
    /// The dialect that the argument `sql` of a probe is written in.
    pub fn of_probe(probe: &str) -> Option<Self> {
        match probe {
            "postgres.query" => Some(Self::Postgres),
            "mysql.query" => Some(Self::Mysql),
            "sqlite.query" => Some(Self::Sqlite),
            _ => None,
        }
    }

    fn calls(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Postgres => POSTGRES_CALLS,
            Self::Mysql => MYSQL_CALLS,
            Self::Sqlite => SQLITE_CALLS,
        }
    }
}

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

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A word, in lower case.
    Word(String),
    /// A quoted name. PostgreSQL compares it as it is; others do not care about case, so it is lowered too.
    Quoted(String),
    /// A string, a number or a parameter.
    Literal,
    /// A string of PostgreSQL in which a backslash escapes. A string that follows continues it.
    Escaped,
    /// Any other character.
    Sign(char),
}

impl Token {
    fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Quoted(name) => Some(name),
            _ => None,
        }
    }
}

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

fn tokens(sql: &str, dialect: SqlDialect) -> Result<Vec<Token>, String> {
    if sql.contains('\0') {
        return Err("the query holds a NUL character".to_owned());
    }
    let mut reader = Reader { rest: sql.chars().peekable(), dialect, found: Vec::new() };
    while let Some(next) = reader.rest.next() {
        reader.token(next)?;
    }
    Ok(reader.found)
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    dialect: SqlDialect,
    found: Vec<Token>,
}

impl Reader<'_> {
    fn token(&mut self, next: char) -> Result<(), String> {
        let mysql = self.dialect == SqlDialect::Mysql;
        match next {
            '-' if self.begins_line_comment() => self.line(),
            '#' if mysql => self.line(),
            '/' if self.rest.peek() == Some(&'*') => return self.comment(),
            '\'' => return self.string(mysql || self.found.last() == Some(&Token::Escaped)),
            '"' if mysql => {
                // A string, or a name if the server's mode says so: refused as either.
                let name = self.quoted('"', true)?;
                self.found.push(Token::Quoted(name.to_lowercase()));
            }
            '"' | '`' if next == '"' || self.dialect != SqlDialect::Postgres => {
                let name = self.quoted(next, false)?;
                let exact = self.dialect == SqlDialect::Postgres;
                self.found.push(Token::Quoted(if exact { name } else { name.to_lowercase() }));
            }
            '[' if self.dialect == SqlDialect::Sqlite => {
                let name = self.quoted(']', false)?;
                self.found.push(Token::Quoted(name.to_lowercase()));
            }
            '$' if self.dialect == SqlDialect::Postgres => return self.dollar(),
            // Other white space is part of a name, for the servers as well.
            c if c.is_ascii_whitespace() => {}
            c if c.is_ascii_digit() => self.number(),
            c if is_word(c) => return self.word(c),
            c => self.found.push(Token::Sign(c)),
        }
        Ok(())
    }

    /// `--`; MySQL wants white space behind it, otherwise it is minus minus.
    fn begins_line_comment(&self) -> bool {
        let mut ahead = self.rest.clone();
        ahead.next() == Some('-')
            && (self.dialect != SqlDialect::Mysql || ahead.next().is_none_or(char::is_whitespace))
    }

    fn line(&mut self) {
        for next in self.rest.by_ref() {
            // PostgreSQL ends it at a carriage return too.
            if next == '\n' || (next == '\r' && self.dialect == SqlDialect::Postgres) {
                break;
            }
        }
    }

    fn comment(&mut self) -> Result<(), String> {
        self.rest.next();
        let mut ahead = self.rest.clone();
        let runs = match ahead.next() {
            Some('!') => true,
            Some('M' | 'm') => ahead.next() == Some('!'),
            _ => false,
        };
        if self.dialect == SqlDialect::Mysql && runs {
            return Err("a comment `/*! … */` is executed by the server; write it without".to_owned());
        }
        let mut depth = 1_u32;
        while depth > 0 {
            match self.rest.next() {
                None => return Err("a comment that begins with `/*` does not end".to_owned()),
                Some('*') if self.rest.next_if_eq(&'/').is_some() => depth -= 1,
                Some('/') if self.dialect == SqlDialect::Postgres && self.rest.next_if_eq(&'*').is_some() => {
                    depth += 1;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn string(&mut self, escapes: bool) -> Result<(), String> {
        self.quoted('\'', escapes)?;
        self.found.push(if escapes { Token::Escaped } else { Token::Literal });
        Ok(())
    }

    /// What stands up to the closing sign, which is written twice to stand for itself.
    fn quoted(&mut self, close: char, escapes: bool) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.rest.next() {
                None => return Err(format!("a quote does not end; `{close}` is missing")),
                Some('\\') if escapes => text.extend(self.rest.next()),
                Some(c) if c == close => {
                    if close == ']' || self.rest.next_if_eq(&close).is_none() {
                        return Ok(text);
                    }
                    text.push(close);
                }
                Some(c) => text.push(c),
            }
        }
    }

    /// `$tag$ … $tag$`, or a parameter.
    fn dollar(&mut self) -> Result<(), String> {
        let ahead = self.rest.clone();
        let mut tag = String::new();
        for next in ahead {
            match next {
                '$' => return self.dollar_quoted(&format!("${tag}$")),
                c if is_word(c) && !(tag.is_empty() && c.is_ascii_digit()) => tag.push(c),
                _ => break,
            }
        }
        self.number();
        Ok(())
    }

    fn dollar_quoted(&mut self, tag: &str) -> Result<(), String> {
        for _ in 1..tag.chars().count() {
            self.rest.next();
        }
        let mut text = String::new();
        while !text.ends_with(tag) {
            let Some(next) = self.rest.next() else {
                return Err(format!("a quote that begins with `{tag}` does not end"));
            };
            text.push(next);
        }
        self.found.push(Token::Literal);
        Ok(())
    }

    fn number(&mut self) {
        // Letters behind it begin a word: `1e'…'` is a number and an escaped string for older servers.
        while self.rest.next_if(char::is_ascii_digit).is_some() {}
        self.found.push(Token::Literal);
    }

    fn word(&mut self, first: char) -> Result<(), String> {
        let mut word = String::from(first);
        while let Some(next) = self.rest.next_if(|c| is_word(*c) || *c == '$') {
            word.push(next);
        }
        let word = word.to_lowercase();
        if self.dialect == SqlDialect::Postgres && word == "e" && self.rest.next_if_eq(&'\'').is_some() {
            return self.string(true);
        }
        let unicode = self.dialect == SqlDialect::Postgres && word == "u";
        if unicode && self.rest.clone().take(2).eq(['&', '"']) {
            return Err("a name written with `U&\"…\"` can hide what is called; write it plainly".to_owned());
        }
        self.found.push(Token::Word(word));
        Ok(())
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || !c.is_ascii()
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
