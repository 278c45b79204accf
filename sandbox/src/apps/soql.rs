//! A small, honest part of SOQL:
//! `SELECT fields FROM Object [WHERE field = value [AND …]] [ORDER BY field [ASC|DESC], …] [LIMIT n]`.
//!
//! Everything else is refused as malformed rather than half understood.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::vec::IntoIter;

/// A query that was understood whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) fields: Vec<String>,
    pub(super) object: String,
    /// All of them hold.
    pub(super) conditions: Vec<Condition>,
    /// Fields, and whether the largest comes first.
    pub(super) order: Vec<(String, bool)>,
    pub(super) limit: Option<usize>,
}

/// A comparison of a field with a literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) field: String,
    pub(super) comparison: Comparison,
    pub(super) literal: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Tells whether a comparison holds, given how the field compares with the literal.
    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
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
        let mut conditions = Vec::new();
        if take_keyword(&mut tokens, "WHERE") {
            conditions.push(condition(&mut tokens)?);
            while take_keyword(&mut tokens, "AND") {
                conditions.push(condition(&mut tokens)?);
            }
        }
        let mut order = Vec::new();
        if take_keyword(&mut tokens, "ORDER") {
            expect_keyword(&mut tokens, "BY")?;
            order.push(ordering(&mut tokens)?);
            while tokens.next_if_eq(&Token::Sign(',')).is_some() {
                order.push(ordering(&mut tokens)?);
            }
        }
        let limit = if take_keyword(&mut tokens, "LIMIT") {
            let word = expect_word(&mut tokens)?;
            Some(word.parse().map_err(|_| unexpected(Some(&Token::Word(word))))?)
        } else {
            None
        };
        match tokens.next() {
            None => Ok(Self { fields, object, conditions, order, limit }),
            rest => Err(unexpected(rest.as_ref())),
        }
    }
}

fn condition(tokens: &mut Tokens) -> Result<Condition, QueryError> {
    let field = expect_word(tokens)?;
    let sign = tokens.next();
    let or_equal = |tokens: &mut Tokens| tokens.next_if_eq(&Token::Sign('=')).is_some();
    let comparison = match sign {
        Some(Token::Sign('=')) => Comparison::Equal,
        Some(Token::Sign('<')) if or_equal(tokens) => Comparison::LessOrEqual,
        Some(Token::Sign('<')) => Comparison::Less,
        Some(Token::Sign('>')) if or_equal(tokens) => Comparison::GreaterOrEqual,
        Some(Token::Sign('>')) => Comparison::Greater,
        other => return Err(unexpected(other.as_ref())),
    };
    match tokens.next() {
        Some(Token::Text(literal)) => Ok(Condition { field, comparison, literal }),
        // Dates and times stand without quotes.
        Some(Token::Word(literal)) if literal.starts_with(|c: char| c.is_ascii_digit()) => {
            Ok(Condition { field, comparison, literal })
        }
        other => Err(unexpected(other.as_ref())),
    }
}

fn ordering(tokens: &mut Tokens) -> Result<(String, bool), QueryError> {
    let field = expect_word(tokens)?;
    let descending = take_keyword(tokens, "DESC");
    if !descending {
        // The default may be said.
        take_keyword(tokens, "ASC");
    }
    Ok((field, descending))
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
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_form_is_understood() {
        let query = Query::parse(r"select Id, Name from Account where Name = 'O\'Hara' limit 5").unwrap();
        assert_eq!(query.fields, ["Id", "Name"]);
        assert_eq!(query.object, "Account");
        let name =
            Condition { field: "Name".into(), comparison: Comparison::Equal, literal: "O'Hara".into() };
        assert_eq!(query.conditions, [name]);
        assert_eq!(query.limit, Some(5));
    }

    #[test]
    fn conditions_and_an_order_are_understood() {
        let query = Query::parse(
            "SELECT Id FROM Contact WHERE LastModifiedDate >= 2026-01-01T09:00:00.000Z AND Id > '003' \
             ORDER BY LastModifiedDate, Id DESC LIMIT 2",
        )
        .unwrap();
        let conditions: Vec<_> =
            query.conditions.iter().map(|c| (c.field.as_str(), c.comparison, c.literal.as_str())).collect();
        assert_eq!(
            conditions,
            [
                ("LastModifiedDate", Comparison::GreaterOrEqual, "2026-01-01T09:00:00.000Z"),
                ("Id", Comparison::Greater, "003"),
            ]
        );
        assert_eq!(query.order, [("LastModifiedDate".into(), false), ("Id".into(), true)]);
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
            "SELECT Id FROM Account WHERE Name <> 'A'",
            "SELECT Id FROM Account WHERE Name = 'A' OR Name = 'B'",
            "SELECT Id FROM Account ORDER Name",
            "SELECT Id FROM Account ORDER BY",
            "SELECT Id FROM Account LIMIT 1 ORDER BY Name",
            "DELETE FROM Account",
        ] {
            assert!(Query::parse(text).is_err(), "{text}");
        }
    }
}
