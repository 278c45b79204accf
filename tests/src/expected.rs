//! What a host sends, byte for byte, written apart from the host on purpose.

use std::fmt::Write as _;

/// Who a request is for, and with what.
#[derive(Debug, Clone)]
pub enum Bearer<'a> {
    /// The API key and the account.
    Key {
        /// The key.
        key: &'a str,
        /// The linked account.
        account: &'a str,
    },
    /// A session token.
    Token(&'a str),
}

/// Returns all bytes of a listing or a description.
pub fn get(target: &str, host: impl std::fmt::Display, bearer: &Bearer<'_>) -> Vec<u8> {
    let mut head = head("GET", target, bearer);
    let _ = write!(head, "host: {host}\r\n\r\n");
    head.into_bytes()
}

/// Returns all bytes of an execute.
pub fn post(target: &str, host: impl std::fmt::Display, bearer: &Bearer<'_>, body: &[u8]) -> Vec<u8> {
    let mut head = head("POST", target, bearer);
    let _ = write!(head, "host: {host}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn head(method: &str, target: &str, bearer: &Bearer<'_>) -> String {
    let mut head = format!(
        "{method} {target} HTTP/1.1\r\naccept: application/json\r\naccept-encoding: identity\r\n\
         user-agent: actionbox/{}\r\n",
        env!("CARGO_PKG_VERSION"),
    );
    if method == "POST" {
        head += "content-type: application/json\r\n";
    }
    // Writing to a string does not fail.
    let _ = match bearer {
        Bearer::Key { key, account } => {
            write!(head, "x-api-key: {key}\r\nlinked_account_id: {account}\r\n")
        }
        Bearer::Token(token) => write!(head, "authorization: Bearer {token}\r\n"),
    };
    head
}
