//! A service in a process of its own, to be killed: `service DATABASE`, with the master key on stdin. Says on stdout
//! where it listens.

use std::io::Write as _;

use actionbox_host::{ActionHost, CompileCache, HostLimits};
use actionbox_service::{Config, Keyring, Service};

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, database, cache] = arguments.as_slice() else { panic!("usage: service DATABASE CACHE") };
    let mut key = String::new();
    std::io::stdin().read_line(&mut key).expect("a key");
    let limits = HostLimits { concurrent_calls: 32, account_rate: None, ..HostLimits::default() };
    let keyring = Keyring::parse(&key.into()).expect("a key");
    let host = ActionHost::builder().host_limits(limits).compile_cache(CompileCache::at(cache));
    let Ok(database) = database.parse();
    let mut config = Config::new(([127, 0, 0, 1], 0).into(), database, keyring, host);
    (config.calls, config.calls_per_tenant) = (64, 40);
    let service = Service::start(config).await.expect("it starts");
    println!("{}", service.address());
    std::io::stdout().flush().expect("somebody listens");
    std::future::pending::<()>().await;
}
