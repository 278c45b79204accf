//! Extism: the plugin is compiled once and calls through Extism's own function for HTTP, which opens a
//! connection a request. Its calls block, so that each of those at once has a thread.
//!
//! The first argument says what becomes of an instance: `fresh` makes one for every call, `kept` has one
//! for every thread, which remembers whatever its calls left behind.

use actionbox_contestant::{ACCOUNT, BlockingCall, Invitation, KEY, parameters, take_part_blocking};
use anyhow::{Context as _, bail};
use extism::{CompiledPlugin, Manifest, Plugin, PluginBuilder, Wasm};

fn main() -> anyhow::Result<()> {
    let mode = std::env::args().nth(1);
    let kept = match mode.as_deref() {
        Some("fresh") => false,
        Some("kept") => true,
        other => bail!("fresh or kept, not {other:?}"),
    };
    let invitation = Invitation::from_arguments(1)?;
    let host = invitation.upstream.strip_prefix("http://").context("the upstream is no http:// URL")?;
    let (host, _) = host.rsplit_once(':').context("the upstream has no port")?;
    let manifest = Manifest::new([Wasm::data(invitation.read_plugin()?)])
        .with_allowed_host(host)
        .with_config_key("url", invitation.url())
        .with_config_key("key", KEY)
        .with_config_key("account", ACCOUNT);
    let compiled = CompiledPlugin::new(PluginBuilder::new(manifest))?;
    take_part_blocking(&Extism { compiled, kept, parameters: parameters().to_string() })
}

struct Extism {
    compiled: CompiledPlugin,
    kept: bool,
    parameters: String,
}

impl BlockingCall for Extism {
    type Caller = Option<Plugin>;

    fn caller(&self) -> anyhow::Result<Self::Caller> {
        self.kept.then(|| Plugin::new_from_compiled(&self.compiled)).transpose()
    }

    fn call(&self, kept: &mut Self::Caller) -> anyhow::Result<()> {
        let mut fresh = None;
        let plugin = match kept {
            Some(plugin) => plugin,
            None => fresh.insert(Plugin::new_from_compiled(&self.compiled)?),
        };
        let data: String = plugin.call("execute", self.parameters.as_str())?;
        data.starts_with('{').then_some(()).with_context(|| format!("no data: {data}"))
    }
}
