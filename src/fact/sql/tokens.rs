//! SQL as tokens. Comments, strings, quoted names and dollar quotes are what the server takes them for, because
//! whatever is read otherwise here could hide what it does.

use std::iter::Peekable;
use std::str::Chars;

use super::SqlDialect;

/// A piece of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
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
    /// The word, if it is one.
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The name, if it can be one.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Quoted(name) => Some(name),
            _ => None,
        }
    }
}

/// The tokens of a text, or what makes it one that cannot be read.
pub(super) fn tokens(sql: &str, dialect: SqlDialect) -> Result<Vec<Token>, String> {
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
