//! A small, honest part of SOQL: `SELECT fields FROM Object [WHERE field = 'value'] [LIMIT n]`.
//!
//! Everything else is refused as malformed rather than half understood.

use std::iter::Peekable;
use std::vec::IntoIter;

/// A query that was understood whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) fields: Vec<String>,
    pub(super) object: String,
    pub(super) filter: Option<(String, String)>,
    pub(super) limit: Option<usize>,
}

/// Why a query was not understood, in Salesforce's tone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct QueryError(pub(super) String);

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

type Tokens = Peekable<IntoIter<Token>>;

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, QueryError> {
        let mut tokens = tokenise(text)?.into_iter().peekable();
        expect_keyword(&mut tokens, "SELECT")?;
        let mut fields = vec![expect_word(&mut tokens)?];
        while tokens.next_if_eq(&Token::Sign(',')).is_some() {
            fields.push(expect_word(&mut tokens)?);
        }
        expect_keyword(&mut tokens, "FROM")?;
        let object = expect_word(&mut tokens)?;
        let filter = if take_keyword(&mut tokens, "WHERE") { Some(condition(&mut tokens)?) } else { None };
        let limit = if take_keyword(&mut tokens, "LIMIT") {
            let word = expect_word(&mut tokens)?;
            Some(word.parse().map_err(|_| unexpected(Some(&Token::Word(word))))?)
        } else {
            None
        };
        match tokens.next() {
            None => Ok(Self { fields, object, filter, limit }),
            rest => Err(unexpected(rest.as_ref())),
        }
    }
}

fn condition(tokens: &mut Tokens) -> Result<(String, String), QueryError> {
    let field = expect_word(tokens)?;
    match (tokens.next(), tokens.next()) {
        (Some(Token::Sign('=')), Some(Token::Text(value))) => Ok((field, value)),
        (Some(Token::Sign('=')), other) | (other, _) => Err(unexpected(other.as_ref())),
    }
}

fn expect_keyword(tokens: &mut Tokens, keyword: &str) -> Result<(), QueryError> {
    if take_keyword(tokens, keyword) { Ok(()) } else { Err(unexpected(tokens.peek())) }
}

fn take_keyword(tokens: &mut Tokens, keyword: &str) -> bool {
    tokens.next_if(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword))).is_some()
}

fn expect_word(tokens: &mut Tokens) -> Result<String, QueryError> {
    match tokens.next() {
        Some(Token::Word(word)) => Ok(word),
        other => Err(unexpected(other.as_ref())),
    }
}

fn unexpected(token: Option<&Token>) -> QueryError {
    QueryError(match token {
        None => "unexpected token: '<EOF>'".to_owned(),
        Some(Token::Word(text) | Token::Text(text)) => format!("unexpected token: '{text}'"),
        Some(Token::Sign(sign)) => format!("unexpected token: '{sign}'"),
    })
}

fn tokenise(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        match next {
            _ if next.is_whitespace() => {}
            '\'' => {
                let mut value = String::new();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some('\\') => value.extend(chars.next()),
                        Some(other) => value.push(other),
                        None => return Err(QueryError("unterminated string literal".to_owned())),
                    }
                }
                tokens.push(Token::Text(value));
            }
            _ if is_word(next) => {
                let mut word = String::from(next);
                while let Some(more) = chars.next_if(|more| is_word(*more)) {
                    word.push(more);
                }
                tokens.push(Token::Word(word));
            }
            sign => tokens.push(Token::Sign(sign)),
        }
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_form_is_understood() {
        let query = Query::parse(r"select Id, Name from Account where Name = 'O\'Hara' limit 5").unwrap();
        assert_eq!(query.fields, ["Id", "Name"]);
        assert_eq!(query.object, "Account");
        assert_eq!(query.filter, Some(("Name".into(), "O'Hara".into())));
        assert_eq!(query.limit, Some(5));
    }

    #[test]
    fn anything_else_is_malformed() {
        for text in [
            "",
            "SELECT",
            "SELECT FROM Account",
            "SELECT Id Account",
            "SELECT Id FROM",
            "SELECT * FROM Account",
            "SELECT COUNT() FROM Account",
            "SELECT Id FROM Account WHERE",
            "SELECT Id FROM Account WHERE Name",
            "SELECT Id FROM Account WHERE Name = ",
            "SELECT Id FROM Account WHERE Name = Acme",
            "SELECT Id FROM Account WHERE Name LIKE 'A%'",
            "SELECT Id FROM Account WHERE Name = 'open",
            "SELECT Id FROM Account LIMIT many",
            "SELECT Id FROM Account LIMIT -1",
            "SELECT Id FROM Account ORDER BY Name",
            "DELETE FROM Account",
        ] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }
}
