//! The description of the API says what there is, and nothing else.

use http::{Method, StatusCode};
use serde_json::Value;

use crate::harness::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_that_is_described_is_there() {
    let setup = Setup::new("openapi").await;
    let described = crate::client::Client::new(&format!("http://{}", setup.service.address()));
    let described = described.get("/openapi.json").await;
    assert_eq!(described.status, StatusCode::OK, "it is no secret");
    let described = described.json();
    assert_eq!(described["openapi"], "3.1.0");
    let paths = described["paths"].as_object().expect("paths");
    let mut count = 0;
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let example = path.replace("{version}", "1").replace(['{', '}'], "x");
            // Nobody without a key is told more than that; an endpoint that is not there says that.
            let answered = setup.client_with("no-key", "acme").send(method.clone(), &example, "{}").await;
            assert_eq!(answered.status, StatusCode::UNAUTHORIZED, "{method} {path}: {answered:?}");
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
            for (status, response) in operation["responses"].as_object().expect("responses") {
                let says = response.get("description").or(response.get("$ref"));
                assert!(says.is_some_and(|says| says != ""), "{method} {path}: {status} has no words");
            }
            count += 1;
        }
    }
    assert!(count >= 18, "{count} endpoints");
    // What is referred to is there.
    check_references(&described, &described);
    let effect = &described["components"]["schemas"]["EffectName"]["enum"];
    assert_eq!(effect, &serde_json::json!(["read", "write", "destructive", "raw"]));
}

fn check_references(part: &Value, whole: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let pointer = reference.strip_prefix('#').expect("within the document");
                assert!(whole.pointer(pointer).is_some(), "{reference} is nowhere");
            }
            members.values().for_each(|member| check_references(member, whole));
        }
        Value::Array(items) => items.iter().for_each(|item| check_references(item, whole)),
        _ => {}
    }
}
