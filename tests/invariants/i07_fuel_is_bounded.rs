//! Invariant 7: where the host counts fuel, a call that burns too much of it is ended.

use std::time::Duration;

use actionbox_host::{Error, Exceeded, Sent};
use actionbox_tests::{
    tricks::{self, SEND},
    world::World,
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn fuel_ends_a_call_that_time_would_not() {
    const FUEL: u64 = 50_000_000;
    let world = World::builder()
        .limits(|limits| limits.cpu_time = Duration::from_secs(20))
        .host_limits(|limits| limits.fuel = Some(FUEL))
        .start()
        .await;
    for _ in 0..2 {
        let error = world.play("spin", json!({})).await.expect_err("it spins for ever");
        let Error::Limit { exceeded: Exceeded::Fuel(FUEL), sent: Sent::No } = error else {
            panic!("{error:?}")
        };
        assert!(error.to_string().contains("fuel, 50000000"), "{error}");
        // The next call has a tank of its own.
        assert_eq!(world.play(SEND, tricks::read()).await.expect("a report")["status"], 200);
        world.neighbour_is_well().await;
    }
}
