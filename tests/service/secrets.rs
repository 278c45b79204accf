//! No secret is on the disk, in an answer, or in the audit.

use std::os::unix::fs::PermissionsExt as _;

use actionbox_host::SecretString;
use actionbox_service::{Keyring, SealError, StartError};
use actionbox_tests::canary::Finder;
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::json;
use sqlx::Row as _;

use crate::harness::{Setup, try_start};

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_holds_none() {
    let setup = Setup::new("disk").await;
    let client = setup.client("acme").header("idempotency-key", "k");
    assert_eq!(
        client.execute("hubspot", "create_contact", &json!({ "email": "a@example.com" })).await.status,
        StatusCode::OK
    );
    let admin = setup.administrator();
    // A body that is wrong behind the secret is not told with it.
    let wrong = json!({ "kind": "api_key", "key": setup.upstream_key, "account": 7 });
    let refused = admin.put("/v1/tenants/acme/credentials/refold", &wrong).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");

    let secrets = [
        &*setup.upstream_key,
        setup.caller.key.expose_secret(),
        setup.admin.key.expose_secret(),
        setup.master.expose_secret(),
    ];
    let finder = Finder::new(secrets);
    finder.assert_absent("the answer", &refused.text);
    for table in
        ["tenants", "caller_keys", "plugins", "credentials", "grants", "executions", "sends", "audit"]
    {
        // Of both databases alike: what is not text is cast, bytes to their hexadecimal digits.
        let all = format!("SELECT CAST(x AS TEXT) FROM (SELECT * FROM {table}) AS x");
        if !setup.folder.is_sqlite() {
            let mut connection = setup.folder.connect().await;
            let rows = sqlx::query(sqlx::AssertSqlSafe(all)).fetch_all(&mut connection).await.expect("rows");
            for row in rows {
                let row: String = row.get(0);
                finder.assert_absent(table, row);
            }
        }
    }
    if !setup.folder.is_sqlite() {
        return;
    }
    let mut found = 0;
    for file in std::fs::read_dir(&setup.folder.path).expect("a folder") {
        let path = file.expect("a file").path();
        let mode = path.metadata().expect("it is ours").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{} is for its owner alone", path.display());
        let bytes = std::fs::read(&path).expect("it is ours");
        found += bytes.len();
        finder.assert_absent(&path.display().to_string(), bytes);
    }
    assert!(found > 100_000, "the database is there, and its log: {found}");
    for path in ["/v1/audit?limit=1000", "/v1/executions", "/v1/tenants/acme/grants/hubspot"] {
        let answered = admin.get(path).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}");
        finder.assert_absent(path, &answered.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_opens_nothing_and_a_new_one_beside_the_old_does() {
    let Setup { service, folder, master, .. } = Setup::new("master").await;
    service.stop(std::time::Duration::from_secs(20)).await;
    let another = Keyring::generate().expect("random");
    let error = try_start(&folder, &another).await.err().expect("it does not start");
    assert!(matches!(error, StartError::Credential { error: SealError::AnotherKey, .. }), "{error}");
    let both: SecretString = format!("{}\n{}", another.expose_secret(), master.expose_secret()).into();
    try_start(&folder, &both).await.expect("it starts").stop(std::time::Duration::from_secs(20)).await;
    try_start(&folder, &another).await.expect("all is under the new key now");
}
