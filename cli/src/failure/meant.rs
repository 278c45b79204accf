//! What a request that is no route may have been meant to be.

use actionbox_host::Route;
use http::{Method, Uri};

/// Says which request would be a route: the one that differs least, or which there are.
pub(crate) fn hint(authority: &str, method: &Method, uri: &Uri) -> String {
    match meant(authority, method, uri) {
        Some(route) => {
            format!("the route {route} is {} https://{authority}{}", route.method(), route.path())
        }
        None => format!(
            "a plugin reaches https://{authority}/api/v2/integration-schema/APP/actions[/ACTION[/execute]], and \
             nothing else"
        ),
    }
}

/// Mends what plugins get wrong: scheme, host, port, query, doubled and trailing slashes, the method.
fn meant(authority: &str, method: &Method, uri: &Uri) -> Option<Route> {
    let segments: Vec<_> = uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
    let mended: Uri = format!("https://{authority}/{}", segments.join("/")).parse().ok()?;
    [method, &Method::GET, &Method::POST]
        .into_iter()
        .find_map(|method| Route::parse(authority, method, &mended).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "the route list hubspot is GET https://u/api/v2/integration-schema/hubspot/actions";

    #[test]
    fn the_nearest_route_is_named() {
        let path = "/api/v2/integration-schema/hubspot/actions";
        let table = [
            ("GET", format!("http://u{path}"), LIST),
            ("GET", format!("https://example.com{path}"), LIST),
            ("GET", format!("https://u:443{path}"), LIST),
            ("GET", format!("https://u{path}/"), LIST),
            ("GET", format!("https://u/{path}"), LIST),
            ("GET", format!("https://u{path}?linked_account_id=x"), LIST),
            ("POST", format!("https://u{path}"), LIST),
            ("GET", path.to_owned(), LIST),
            (
                "GET",
                format!("https://u{path}/get_contact/execute"),
                "the route execute hubspot/get_contact is POST",
            ),
            ("GET", "https://api.hubapi.com/crm/v3/objects/contacts".to_owned(), "and nothing else"),
            ("GET", "https://u/api/v2/public/linked-account".to_owned(), "a plugin reaches https://u/api/"),
            ("CONNECT", "u:443".to_owned(), "and nothing else"),
        ];
        for (method, url, expected) in table {
            let (method, uri) = (method.parse().expect("a method"), url.parse().expect("a URL"));
            let hint = hint("u", &method, &uri);
            assert!(hint.contains(expected), "{method} {url}: {hint}");
        }
    }
}
