//! wasmtime and wasmtime-wasi-http as their documentation has them: default features and settings, the
//! default `send_request`, which opens a connection a request, and a fresh instance a call. It runs the
//! same component that Actionbox runs.
//!
//! The credential is put onto whatever request the plugin makes, and the request sent to the upstream: no
//! grant, no limits, no audit, no screening of the answer.

use actionbox_contestant::{ACCOUNT, ACTION, APP, AsyncCall, Invitation, KEY, parameters, take_part};
use anyhow::{Context as _, ensure};
use http::{HeaderValue, Request, Response, Uri, uri::Authority};
use wasmtime::{
    Engine, Store,
    component::{Component, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "plugin",
        exports: { default: async },
        require_store_data_send: true,
        with: {
            "wasi:http": wasmtime_wasi_http::p2::bindings::http,
            "wasi:io": wasmtime_wasi::p2::bindings::io,
            "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        },
    });
}

use bindings::{PluginPre, actionbox::plugin::types::Outcome};

fn main() -> anyhow::Result<()> {
    let invitation = Invitation::from_arguments(0)?;
    take_part(async move || Stock::new(&invitation))
}

struct Stock {
    plugin: PluginPre<State>,
    upstream: Authority,
    parameters: String,
}

impl Stock {
    fn new(invitation: &Invitation) -> anyhow::Result<Self> {
        let engine = Engine::default();
        let component = Component::new(&engine, invitation.read_plugin()?)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        let plugin = PluginPre::new(linker.instantiate_pre(&component)?)?;
        let upstream = invitation.upstream.parse::<Uri>()?;
        let upstream = upstream.authority().context("the upstream has no authority")?.clone();
        Ok(Self { plugin, upstream, parameters: parameters().to_string() })
    }
}

impl AsyncCall for Stock {
    async fn call(&self) -> anyhow::Result<()> {
        let state = State {
            wasi: WasiCtx::builder().build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            hooks: Hooks { upstream: self.upstream.clone() },
        };
        let mut store = Store::new(self.plugin.engine(), state);
        let plugin = self.plugin.instantiate_async(&mut store).await?;
        let actions = plugin.actionbox_plugin_actions();
        let outcome = actions.call_execute_action(&mut store, APP, ACTION, &self.parameters).await?;
        ensure!(matches!(outcome, Ok(Outcome::Succeeded(_))), "the call did not succeed: {outcome:?}");
        Ok(())
    }
}

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

type SendFuture<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

struct Hooks {
    upstream: Authority,
}

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: SendFuture<()>,
    ) -> SendFuture<(Response<WasiBody>, SendFuture<()>)> {
        let upstream = Uri::builder()
            .scheme("http")
            .authority(self.upstream.clone())
            .path_and_query(request.uri().path_and_query().map_or("/", |path| path.as_str()))
            .build();
        Box::new(async move {
            *request.uri_mut() = upstream.map_err(|_| Error::HttpRequestUriInvalid)?;
            let headers = request.headers_mut();
            headers.insert("x-api-key", HeaderValue::from_static(KEY));
            headers.insert("linked_account_id", HeaderValue::from_static(ACCOUNT));
            let (response, io) = wasmtime_wasi_http::default_send_request(request, options).await?;
            let io: SendFuture<()> = Box::new(io);
            Ok((response.map(http_body_util::BodyExt::boxed_unsync), io))
        })
    }
}
