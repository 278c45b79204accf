//! A native client as most people write it: reqwest, with what it has by default but TLS.

use actionbox_contestant::{ACCOUNT, AsyncCall, Invitation, KEY, check, parameters, take_part};
use reqwest::{Client, Url, header};

fn main() -> anyhow::Result<()> {
    let url = Url::parse(&Invitation::from_arguments(0)?.url())?;
    take_part(async move || Ok(Reqwest { client: Client::new(), url }))
}

struct Reqwest {
    client: Client,
    url: Url,
}

impl AsyncCall for Reqwest {
    async fn call(&self) -> anyhow::Result<()> {
        let request = self
            .client
            .post(self.url.clone())
            .header("x-api-key", KEY)
            .header("linked_account_id", ACCOUNT)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(parameters().to_string());
        check(&request.send().await?.error_for_status()?.bytes().await?)
    }
}
