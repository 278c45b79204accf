//! Writes the book's page of limits from what the host keeps.

use actionbox_host::{Bound, HostLimits, Limits};

use super::page::check_generated;

const HEAD: &str = "\
# Limits

Every bound that the host keeps, with its default and its reason. `actionbox limits` shows the same; this page is written from the
code by a test.

## Of one call

Passing one ends that call with [`Limit`](errors.md#calls), and no other call notices. The host's are set by
`ActionHostBuilder::limits`, those of one grant by `GrantBuilder::limits`: see [Embed the host](embed.md#limits).

";

const OF_THE_HOST: &str = "
## Of a host

Over all calls; set by `ActionHostBuilder::host_limits`.

";

fn rows(bounds: &[Bound]) -> String {
    let row = |bound: &Bound| {
        let about = bound.about.replace('|', "\\|");
        format!("| `{}` | {} | {about} |\n", bound.name, bound.value)
    };
    let rows: String = bounds.iter().map(row).collect();
    format!("| limit | default | what and why |\n| --- | --- | --- |\n{rows}")
}

#[test]
fn the_page_of_limits_tells_all_that_the_host_keeps() {
    let (call, host) = (rows(&Limits::default().bounds()), rows(&HostLimits::default().bounds()));
    check_generated("docs/limits.md", &format!("{HEAD}{call}{OF_THE_HOST}{host}"));
}
