use actionbox_host::{ActionHost, ApiKey, Grant, Upstream};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plugin = ActionHost::builder().build()?.load_file("plugin.wasm").await?;

    let key = ApiKey::new(std::env::var("REFOLD_API_KEY")?, "customer@example.com")?;
    let grant = Grant::builder("acme").upstream(Upstream::refold(), key).allow_reads("hubspot").build()?;

    let outcome = plugin.execute_action(&grant, "hubspot", "get_contact", &json!({ "limit": "1" })).await?;
    println!("{}", outcome.into_result()?.data);
    Ok(())
}
